"""The workbook: from rows in memory, from the database, its memory, and a closed edition's asked for again."""

from __future__ import annotations

import io
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Flask
from openpyxl import Workbook
from python_calamine import CalamineWorkbook
from werkzeug.datastructures import MultiDict

from bench.fill import fill, make_app
from bench.measure import Measure, Size, interleave
from interagency.accounts.models import Person, Role
from interagency.database import Model, db
from interagency.exports.matrix import keep_edition_workbook, write_current_matrix
from interagency.exports.models import EditionFile
from interagency.exports.picture import Picture, live_picture
from interagency.exports.workbook import Origin, write_workbook
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.opening import open_cycle
from interagency.matrix.filters import Filters, read_filters
from interagency.settings import Settings

ZONE = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ORIGIN = Origin("The matrix", NOW.astimezone(ZONE), ZONE.key, "The bench", "November 2026", "none", [], "")
PASSWORD = "Sixteen-Turnips-Walk-Home"  # noqa: S105  (of a database that lives for minutes)
EVERYTHING = Filters()
Plain = list[tuple[str, list[list[Any]]]]


def measures(size: Size) -> Iterable[Measure]:
    """All measures of the workbook."""
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(Path(folder))
        with app.app_context():
            fill(db.session, size.activities)
            picture = picture_now()
            plain = cells_of(picture)
            ours, limit = interleave(
                lambda: write_workbook(io.BytesIO(), ORIGIN, picture), lambda: raw(plain), size.rounds
            )
            yield Measure("live workbook, rows in memory", "raw openpyxl write-only, plain cells", ours, limit, 1.0)
            settings: Settings = app.extensions["interagency_settings"]
            ours, limit = interleave(lambda: live(settings), lambda: from_core(plain), size.rounds)
            yield Measure("live workbook from the database", "Core rows into openpyxl write-only", ours, limit, 1.0)
        yield from edition_again(app, size)
    yield from memory(size)


def picture_now() -> Picture:
    """The matrix as it stands."""
    picture = live_picture(db.session, Filters(), mine=[], day=NOW.date())
    db.session.rollback()
    return picture


def cells_of(picture: Picture) -> Plain:
    """The cells of our workbook, all sheets, as plain values."""
    body = io.BytesIO()
    write_workbook(body, ORIGIN, picture)
    body.seek(0)
    with CalamineWorkbook.from_filelike(body) as book:
        return [
            (name, [[None if cell == "" else cell for cell in row] for row in book.get_sheet_by_name(name).to_python()])
            for name in book.sheet_names
        ]


def raw(plain: Plain) -> None:
    """The limit: openpyxl writes the same cells, unstyled, with lxml."""
    book = Workbook(write_only=True)
    for name, rows in plain:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(io.BytesIO())


def core_rows() -> int:
    """Every row that has to do with activities, as Core gives it."""
    tables = [table for name, table in Model.metadata.tables.items() if name.startswith(("activity", "figure"))]
    found = sum(len(db.session.connection().execute(sa.select(table)).all()) for table in tables)
    db.session.rollback()
    return found


def from_core(plain: Plain) -> None:
    """The limit: the rows read by Core, the cells written by openpyxl."""
    core_rows()
    raw(plain)


def live(settings: Settings, filters: Filters = EVERYTHING) -> None:
    """The live workbook as the page makes it, into a file."""
    with tempfile.TemporaryFile() as file:
        write_current_matrix(file, db.session, filters, mine=[], made_by="The bench", settings=settings, at=NOW)
    db.session.rollback()


# --- Memory ---


def memory(size: Size) -> Iterable[Measure]:
    """Peak memory of making it in a process of its own, beyond what the process took before."""
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(Path(folder))
        with app.app_context():
            fill(db.session, size.memory)
            db.session.close()
        command = [sys.executable, "-m", "bench.workbook", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    reading, writing, length = (float(text) for text in done.stdout.split())
    yield Measure("peak extra memory, rows in memory", "size of the file", [writing], [length], 1.0)
    yield Measure("peak extra memory from the database", "size of the file", [reading + writing], [length], 1.0)


def _peak(folder: Path) -> None:
    app = make_app(folder)
    with app.app_context(), tempfile.TemporaryFile() as file:
        settings: Settings = app.extensions["interagency_settings"]
        live(settings, read_filters(db.session, MultiDict([("q", "nothing-like-this")])))  # what the code itself takes
        marks = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
        picture = picture_now()
        marks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        write_workbook(file, ORIGIN, picture)
        marks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        print((marks[1] - marks[0]) * 1024, (marks[2] - marks[1]) * 1024, file.tell())  # noqa: T201


# --- A closed edition's workbook, asked for again ---


def edition_again(app: Flask, size: Size) -> Iterator[Measure]:
    """The kept workbook through gunicorn, against the same bytes from nginx; and the answer to who has them."""
    nginx = shutil.which("nginx")
    if nginx is None:
        return
    folder: Path = app.extensions["interagency_settings"].data_folder
    with app.app_context():
        body = _closed()
    (folder / "web").mkdir()
    (folder / "web" / "matrix.xlsx").write_bytes(body)
    with _served(folder, nginx) as (port, static):
        cookie = _sign_in(port)
        page = "/editions/2026-09/matrix.xlsx"
        _status, tag, got = _get(port, page, {"Cookie": cookie})
        assert got == body
        ours, limit = interleave(
            lambda: [_get(port, page, {"Cookie": cookie}) for _ in range(5)],
            lambda: [_get(static, "/matrix.xlsx", {}) for _ in range(5)],
            size.rounds * 3,
        )
        yield Measure("closed edition's workbook, again", "nginx, static file", ours, limit, 4.0)
        _status, static_tag, _body = _get(static, "/matrix.xlsx", {})
        asked = {"Cookie": cookie, "If-None-Match": tag}
        assert _get(port, page, asked)[0] == 304
        ours, limit = interleave(
            lambda: [_get(port, page, asked) for _ in range(20)],
            lambda: [_get(static, "/matrix.xlsx", {"If-None-Match": static_tag}) for _ in range(20)],
            size.rounds * 3,
        )
        yield Measure("closed edition's workbook, 304", "nginx, 304 of a static file", ours, limit, 4.0)


def _closed() -> bytes:
    month = "2026-09"
    open_cycle(db.session, month, at=datetime(2026, 9, 1, 12, tzinfo=UTC), zone=ZONE, by=None)
    db.session.commit()
    closed = close_cycle(db.session, month, at=datetime(2026, 10, 7, 12, tzinfo=UTC), zone=ZONE, by=None)
    keep_edition_workbook(db.session, closed.edition.number)
    person = Person(email="reader@example.org", name="Rui Reader", role=Role.READER, session_epoch=0)
    person.set_password(PASSWORD)
    db.session.add(person)
    db.session.commit()
    body: bytes = db.session.scalars(sa.select(EditionFile.contents)).one()
    db.session.close()
    return body


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def _served(folder: Path, nginx: str) -> Iterator[tuple[int, int]]:
    """The service and nginx beside it, on two ports of the loopback."""
    port, static = _free_port(), _free_port()
    config = folder / "nginx.conf"
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;\n"
        f"events {{}} http {{ access_log off; sendfile on;\n{temporary}"
        f"server {{ listen 127.0.0.1:{static}; root {folder}/web; }} }}\n"
    )
    folder.chmod(0o755)
    values = {"DATA_FOLDER": str(folder), "SECRET_KEY": "bench" * 10, "BASE_URL": f"http://127.0.0.1:{port}"}
    environment = os.environ | {f"INTERAGENCY_{name}": value for name, value in values.items()}
    serve = ["-m", "gunicorn", "-w", "1", "--threads", "4", "-b", f"127.0.0.1:{port}", "interagency:create_app()"]
    with (folder / "served.log").open("wb") as log:
        started = [
            subprocess.Popen([nginx, "-e", str(folder / "nginx.log"), "-c", str(config)], stdout=log, stderr=log),  # noqa: S603
            subprocess.Popen([sys.executable, *serve], env=environment, stdout=log, stderr=log),  # noqa: S603
        ]
        try:
            _wait(f"http://127.0.0.1:{port}/healthz")
            _wait(f"http://127.0.0.1:{static}/matrix.xlsx")
            yield port, static
        finally:
            for one in started:
                one.terminate()
                one.wait()


def _wait(address: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{address} does not answer")


def _sign_in(port: int) -> str:
    """The cookie of a reader who is signed in."""
    from http.cookiejar import CookieJar
    from urllib.parse import urlencode

    from lxml import html

    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"http://127.0.0.1:{port}/sign-in"
    page: Any = html.document_fromstring(opener.open(address).read())
    form = next(one for one in page.forms if "password" in one.fields)
    values = dict(form.form_values()) | {"email": "reader@example.org", "password": PASSWORD}
    request = urllib.request.Request(address, urlencode(values).encode(), {"Referer": address})
    opener.open(request).close()
    return "; ".join(f"{one.name}={one.value}" for one in jar)


def _get(port: int, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.getheader("ETag") or "", body


if __name__ == "__main__":
    _peak(Path(sys.argv[1]))
