"""The calendar feed: not changed, whole, after one event changed, and from nothing."""

from __future__ import annotations

import gzip
import http.client
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from bench import servers, worlds
from bench.measure import Measure, Size, interleave, timed
from interagency.calendar.events.models import Event
from interagency.calendar.events.queries import everything
from interagency.calendar.feeds.building import END, calendar_bytes
from interagency.calendar.feeds.event_cache import EventCache
from interagency.calendar.feeds.publishing import feed_events
from interagency.calendar.feeds.subscriptions import build_feed
from interagency.db.base import db
from interagency.matrix.activities.filters import Filters

GZIP = {"Accept-Encoding": "gzip"}
BY_READING = (
    "the records are read by the ORM, which the limit need not; a process that starts does it in the background"
)
FEW = 1_000  # activities beside the events
ON_POSTGRESQL = "the statement goes to another process, on the same cores, and through psycopg's Python"
BY_GUNICORN = "gunicorn's own answer in Python against nginx's sendfile; the smaller the feed the more it weighs"


def measures(size: Size) -> Iterable[Measure]:
    """304, whole GET, the feed after a change and from nothing."""
    with worlds.world("sqlite", FEW, size.events) as (app, settings):
        path = worlds.add_feed(app)
        with servers.gunicorn("interagency:create_app()", worlds.environment(settings)) as port:
            tag, body = _first(port, path)
            yield from _not_changed(size, port, path, tag)
            yield from _whole(size, port, path, body)
        yield from _built(size, app, "SQLite")
    if worlds.has_postgresql():
        with worlds.world("postgresql", FEW, size.events) as (app, settings):
            path = worlds.add_feed(app)
            with servers.gunicorn("interagency:create_app()", worlds.environment(settings)) as port:
                tag, _body = _first(port, path)
                yield from _not_changed(size, port, path, tag, "PostgreSQL")
            yield from _built(size, app, "PostgreSQL")


def _first(port: int, path: str) -> tuple[str, bytes]:
    """The tag and the bytes of the feed; asked twice, so that its use is noted."""
    connection = http.client.HTTPConnection(servers.HOST, port, timeout=120)
    for _time in range(2):
        connection.request("GET", path, headers=GZIP)
        response = connection.getresponse()
        body = response.read()
    connection.close()
    return str(response.headers["ETag"]), body


def _not_changed(size: Size, port: int, path: str, tag: str, engine: str = "SQLite") -> Iterable[Measure]:
    headers = GZIP | {"If-None-Match": tag}
    with servers.gunicorn("bench.hello:app") as hello:
        ours, limit = interleave(
            lambda: servers.requests_a_second(port, path, size.seconds, headers),
            lambda: servers.requests_a_second(hello, "/", size.seconds),
            2 * size.rounds,
        )
    name = f"304 of a feed of {size.events:,} events, requests a second, {engine}"
    cause = ON_POSTGRESQL if engine == "PostgreSQL" else ""
    yield Measure(name, "bare Flask on the same server", ours, limit, 0.8, 1.2, "larger", cause)


def _whole(size: Size, port: int, path: str, body: bytes) -> Iterable[Measure]:
    with tempfile.TemporaryDirectory(dir=worlds.KEPT) as folder:
        root = Path(folder) / "files"
        root.mkdir()
        Path(folder).chmod(0o755)
        plain = gzip.decompress(body)
        (root / "feed.ics").write_bytes(plain)
        (root / "feed.ics.gz").write_bytes(body)
        with servers.nginx(Path(folder), root) as static:
            ours, limit = interleave(
                lambda: servers.seconds_of_get(port, path, 40, GZIP),
                lambda: servers.seconds_of_get(static, "/feed.ics", 40, GZIP),
                4 * size.rounds,
            )
        yield Measure(
            f"whole GET of {size.events:,} events, gzip, one client", "nginx gzip_static of the same bytes",
            ours, limit, 3.5, 1.5, "smaller", BY_GUNICORN,
        )  # fmt: skip
        collection = Path(folder) / "radicale" / "collection-root" / "user" / "all"
        _as_collection(plain, collection)
        with servers.radicale(Path(folder) / "radicale") as peer:
            login = {"Authorization": "Basic dXNlcjo="}
            ours, limit = interleave(
                lambda: servers.seconds_of_get(port, path, 20, GZIP),
                lambda: servers.seconds_of_get(peer, "/user/all/", 1, login),
                min(3, size.rounds),
            )
        yield Measure("the same", "Radicale's GET of the same collection", ours, limit, 0.005, 0.0015, "smaller")


def _as_collection(plain: bytes, folder: Path) -> None:
    """The feed's events as files of a Radicale collection, each with its zone."""
    folder.mkdir(parents=True)
    (folder / ".Radicale.props").write_text(json.dumps({"tag": "VCALENDAR", "D:displayname": "All"}))
    beginning, *events = plain.removesuffix(END).split(b"BEGIN:VEVENT\r\n")
    zones = {}
    for zone in beginning.split(b"BEGIN:VTIMEZONE\r\n")[1:]:
        zones[zone.split(b"TZID:", 1)[1].split(b"\r\n", 1)[0]] = b"BEGIN:VTIMEZONE\r\n" + zone
    head = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\n"
    by_uid: dict[bytes, list[bytes]] = {}
    for event in events:
        uid = event.split(b"UID:", 1)[1].split(b"\r\n", 1)[0]
        by_uid.setdefault(uid, []).append(b"BEGIN:VEVENT\r\n" + event)
    for number, found in enumerate(by_uid.values()):
        whole = b"".join(found)
        used = b"".join(text for name, text in zones.items() if b"TZID=" + name in whole)
        (folder / f"{number}.ics").write_bytes(head + used + whole + END)


def _built(size: Size, app: Flask, engine: str) -> Iterable[Measure]:
    """The feed ready to send, compressed: after one event changed, and by a process that has nothing yet."""
    with app.app_context():
        records = list(db.session.scalars(sa.select(Event).where(Event.is_listed).options(*everything())))
        entries = feed_events(records, worlds.BASE)
        db.session.rollback()
        db.session.expunge_all()
        number = iter(range(10**6))

        def ready() -> None:
            assert build_feed(db.session, Filters(), [], "All", worlds.BASE, worlds.BASE, True).compressed

        def changed() -> float:
            event = db.session.scalars(sa.select(Event).where(Event.id == size.events // 2)).one()
            event.title = f"Changed {next(number)}"
            db.session.flush()
            db.session.expunge_all()
            taken = timed(ready)
            db.session.commit()
            return taken

        def cold() -> float:
            app.extensions["interagency_event_cache"] = EventCache()
            taken = timed(ready)
            db.session.rollback()
            db.session.expunge_all()
            return taken

        def by_icalendar() -> float:
            return timed(lambda: calendar_bytes("All", "x", entries))

        cold()
        for name, ours, reach, then, cause in (
            (f"after one event of {size.events:,} changed", changed, 0.05, 0.02, ""),
            (f"of {size.events:,} events, by a process that starts", cold, 1.2, 1.0, BY_READING),
        ):
            taken, limit = interleave(ours, by_icalendar, size.rounds)
            title = f"feed ready to send, compressed, {name}, {engine}"
            yield Measure(title, "icalendar building all", taken, limit, reach, then, "smaller", cause)


def seconds_of_unchanged(app: Flask, rounds: int) -> float:
    """Seconds of a 304 in process, by the least of `rounds` of two hundred."""
    path = worlds.add_feed(app)
    client = app.test_client()
    client.get(path)
    tag = client.get(path).headers["ETag"]
    address, _mark, query = path.partition("?")
    environ = {"PATH_INFO": address, "QUERY_STRING": query, "REQUEST_METHOD": "GET", "HTTP_IF_NONE_MATCH": tag}
    answers: list[str] = []

    def ask() -> None:
        for _time in range(200):
            app.wsgi_app(dict(environ), lambda status, _headers: answers.append(status) or (lambda _data: None))  # type: ignore[arg-type, func-returns-value]

    least = min(timed(ask) for _round in range(rounds)) / 200
    assert set(answers) == {"304 NOT MODIFIED"}, set(answers)
    return least
