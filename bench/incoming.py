"""A workbook that comes back: its preview, and how long a colleague waits while thousands of rows are taken in."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from lxml import html
from openpyxl import load_workbook

from bench import servers, worlds
from bench.measure import Measure, Size, interleave, timed
from bench.people import FORM, Visitor, title_unlike_others
from bench.workbook import ORIGIN, picture_now
from interagency.db.base import db
from interagency.exports.incoming import apply
from interagency.exports.incoming.compare import Rights
from interagency.exports.workbook import write_workbook
from interagency.matrix.activities.models import Activity


def measures(size: Size) -> Iterable[Measure]:
    """The preview, kept in the database, against openpyxl's quickest way of only reading the sheet."""
    with worlds.world("sqlite", size.exported, worlds.FEW_EVENTS) as (app, _settings), app.app_context():
        body, changed = changed_workbook(size.exported)
        ours, limit = interleave(
            lambda: timed(lambda: compared(body, changed)), lambda: timed(lambda: read(body)), size.rounds
        )
        yield Measure(
            f"import preview, {size.exported:,} rows, 1 % changed", "openpyxl read-only, the Matrix sheet",
            ours, limit, 1.0, 0.25, "smaller",
        )  # fmt: skip
    for engine, name in worlds.engines():
        for rows in (size.exported // 5, size.exported * 3 // 5):
            yield _waits(size, engine, name, rows)


def _waits(size: Size, engine: str, name: str, rows: int) -> Measure:
    """The longest of a colleague's saves, one after the other, from the confirmation of a file to its end."""
    with (
        worlds.world(engine, size.exported, worlds.FEW_EVENTS) as (app, settings),
        servers.gunicorn("interagency:create_app()", worlds.environment(settings)) as port,
    ):
        with app.app_context():
            standing = db.session.execute(sa.select(Activity.id, Activity.version).where(Activity.is_listed)).all()
            db.session.rollback()
        sender, colleague = Visitor(port), Visitor(port)
        sender.sign_in("coordinator@example.org")
        colleague.sign_in("coordinator@example.org")
        address = _sent(sender, [f"{number},{version},Taken in" for number, version in standing[:rows]])
        ended = threading.Event()
        longest: list[float] = []
        saving = threading.Thread(target=lambda: longest.append(_save_until(colleague, standing[-1].id, ended)))
        saving.start()
        _confirm(sender, address)
        ended.set()
        saving.join()
        with app.app_context():
            taken = sa.select(sa.func.count()).where(Activity.remarks == "Taken in")
            assert db.session.scalar(taken) == rows
            db.session.rollback()
    return Measure(
        f"longest save of a colleague while {rows:,} rows are taken in, {name}", "2 s", longest, [2.0], 1, 0.5,
        "smaller", "a save waits for the batch that is being written, and shares the processors with it",
    )  # fmt: skip


def _sent(sender: Visitor, lines: list[str]) -> str:
    """Send a file of these rows; the address of its preview."""
    edge, body = "b" * 30, "\r\n".join(["ID,Version,Remarks", *lines])
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{sender.token("/imports")}\r\n',
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="rows.csv"\r\n\r\n{body}\r\n--{edge}--\r\n',
    ]
    kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    status, text = sender.ask("POST", "/imports", "".join(parts).encode(), kind)
    found = re.search(rb'href="(/imports/\d+)"', text)
    assert status == 302 and found, status
    return found[1].decode()


def _confirm(sender: Visitor, address: str) -> None:
    """Take in what the page has ticked, and look until it is done."""
    page: Any = html.fromstring(sender.get(address).decode())
    values = [*page.xpath("//form[not(@action)]")[-1].form_values(), ("rest", "yes")]  # of all pages
    status, _text = sender.ask("POST", address, urlencode(values).encode(), FORM)
    assert status == 302, status
    while b"data-progress" in sender.get(address):
        time.sleep(1)


def _save_until(colleague: Visitor, number: int, ended: threading.Event) -> float:
    """Save a record of one's own over and over; the seconds of the longest save. Raises when one is refused."""
    address, longest, turn = f"/activities/{number}/edit", 0.0, 0
    while not ended.is_set():
        new = {"title": title_unlike_others(turn)}
        form = [(name, new.get(name, value)) for name, value in colleague.form(address)]
        body = urlencode([*form, ("verdict-rest", "distinct")]).encode()
        begun = time.perf_counter()
        status, _text = colleague.ask("POST", address, body, FORM)
        longest = max(longest, time.perf_counter() - begun)
        assert status == 302, status
        turn += 1
        time.sleep(0.2)
    return longest


def changed_workbook(most: int) -> tuple[bytes, int]:
    """The workbook as exported, of `most` activities, with every hundredth title changed; how many are."""
    picture = picture_now(most)
    picture.contents["event"] = []  # what is read is the Matrix sheet
    some = picture.contents["activities"][::100]
    for entry in some:
        entry["facts"]["title"] += " (changed)"
    target = io.BytesIO()
    write_workbook(target, ORIGIN, picture)
    return target.getvalue(), len(some)


def compared(body: bytes, number: int) -> None:
    """What the upload does, but for the last commit."""
    kept = apply.compared(db.session, body, "matrix.xlsx", Rights(None, ()))
    db.session.add(kept)
    db.session.flush()
    changed = [row for row in kept.preview["rows"] if row["outcome"] == "changed"]
    assert len(changed) == number, (len(changed), number)
    db.session.rollback()


def read(body: bytes) -> int:
    """The limit: every value of the one sheet."""
    book = load_workbook(io.BytesIO(body), read_only=True)
    return sum(1 for _row in book["Matrix"].iter_rows(values_only=True))
