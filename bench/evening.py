"""The evening of a deadline: two hundred people read, save, take in, download and subscribe on two workers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Flask

from bench import servers, worlds
from bench.measure import Measure, Size
from bench.people import FORM, Visitor, title_unlike_others
from interagency.db.base import db
from interagency.matrix.activities.models import Activity

ACTIVITIES = 1_000
HANDS = 16  # requests under way at once; each hand is a dozen people one after the other
PAUSE = 0.3  # seconds a hand waits between two requests: three acts a second for each, about fifty in all
READS = ("/", "/activities", "/activities?chapter=2", "/calendar", "/matrix", "/coverage", "/editions")
ICS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n"
    "DTSTART;VALUE=DATE:20270105\r\nSUMMARY:Uploaded\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
CAUSE = "two workers share two cores with the one who asks; downloads of whole workbooks stand before pages"


@dataclass
class Said:
    """What came of the evening."""

    times: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    saved: dict[int, str] = field(default_factory=dict)


def measures(size: Size) -> Iterable[Measure]:
    """No error, no lost save; the 99th percentile against that of the idle service."""
    for engine in ("sqlite", *(["postgresql"] if worlds.has_postgresql() else [])):
        with worlds.world(engine, ACTIVITIES, worlds.FEW_EVENTS) as (app, settings):
            feed = worlds.add_feed(app)
            with servers.gunicorn("interagency:create_app()", worlds.environment(settings)) as port:
                idle = _run(port, feed, hands=1, seconds=max(5, size.evening // 12), pause=0.0)
                busy = _run(port, feed, hands=HANDS, seconds=size.evening, pause=PAUSE)
            yield from _told(app, engine, idle, busy, size.evening)


def _run(port: int, feed: str, *, hands: int, seconds: int, pause: float) -> Said:
    first = Visitor(port)
    first.sign_in("coordinator@example.org")
    said, until = Said(), time.monotonic() + seconds
    threads = [
        threading.Thread(target=_hand, args=(Visitor(port, dict(first.cookies)), feed, hand, until, pause, said))
        for hand in range(hands)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def _hand(visitor: Visitor, feed: str, hand: int, until: float, pause: float, said: Said) -> None:
    chance, turn = Random(hand), 0  # noqa: S311
    own = range(1 + hand * 40, 41 + hand * 40)  # nobody else saves these
    while time.monotonic() < until:
        turn += 1
        kind = chance.choices(("read", "save", "feed", "download", "upload"), (60, 20, 14, 3, 3))[0]
        try:
            if kind == "read":
                _timed(said, visitor, chance.choice(READS))
            elif kind == "save":
                _save(said, visitor, chance.choice(own), title_unlike_others(hand, turn))
            elif kind == "feed":
                _timed(said, visitor, feed, {"Accept-Encoding": "gzip"})
            elif kind == "download":
                _timed(said, visitor, "/exports/matrix.xlsx?chapter=7")
            else:
                _upload(said, visitor, f"{hand}-{turn}@bench")
        except Exception as problem:
            said.errors.append(f"{kind}: {problem!r}")
        time.sleep(pause)


def _timed(said: Said, visitor: Visitor, path: str, headers: dict[str, str] | None = None) -> None:
    begun = time.perf_counter()
    visitor.get(path, headers)
    said.times.append(time.perf_counter() - begun)


def _save(said: Said, visitor: Visitor, number: int, title: str) -> None:
    form = [(name, title if name == "title" else value) for name, value in visitor.form(f"/activities/{number}/edit")]
    form.append(("verdict-rest", "distinct"))  # who works in the same place at the same time is something else
    begun = time.perf_counter()
    status, _text = visitor.ask("POST", f"/activities/{number}/edit", urlencode(form).encode(), FORM)
    said.times.append(time.perf_counter() - begun)
    if status != 302:
        raise RuntimeError(f"save answered {status}")
    said.saved[number] = title


def _upload(said: Said, visitor: Visitor, uid: str) -> None:
    line = "----bench"
    token = visitor.token("/imports/calendar")
    body = (
        f'--{line}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n--{line}\r\n'
        f'Content-Disposition: form-data; name="file"; filename="a.ics"\r\nContent-Type: text/calendar\r\n\r\n'
        f"{ICS.format(uid=uid)}\r\n--{line}--\r\n"
    ).encode()
    begun = time.perf_counter()
    status, _text = visitor.ask(
        "POST", "/imports/calendar", body, {"Content-Type": f"multipart/form-data; boundary={line}"}
    )
    said.times.append(time.perf_counter() - begun)
    if status != 302:
        raise RuntimeError(f"upload answered {status}")


def _told(app: Flask, engine: str, idle: Said, busy: Said, seconds: int) -> Iterable[Measure]:
    with app.app_context():
        titles = {row[0]: row[1] for row in db.session.execute(sa.select(Activity.id, Activity.title))}
        db.session.rollback()
    lost = sum(titles[number] != title for number, title in busy.saved.items())
    for line in sorted(set(busy.errors + idle.errors))[:5]:
        print(f"  {engine}: {line}")  # noqa: T201
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[engine]
    what = f"deadline evening of {seconds} s, {len(busy.times):,} requests, {len(busy.saved)} records saved, {name}"
    errors = len(busy.errors) + len(idle.errors)
    yield Measure(f"{what}: errors", "none (1 and the number)", [1.0 + errors], [1.0], 1, 1, "smaller")
    yield Measure(f"{what}: lost saves", "none (1 and the number)", [1.0 + lost], [1.0], 1, 1, "smaller")
    yield Measure(
        f"{what}: 99th percentile", "that of one person alone, the same acts", [_p99(busy.times)], [_p99(idle.times)],
        10, 5, "smaller", CAUSE,
    )  # fmt: skip


def _p99(times: list[float]) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] if ordered else float("inf")
