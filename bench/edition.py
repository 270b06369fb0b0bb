"""A closed edition's workbook, asked for again: through gunicorn, against the same bytes from nginx."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import sqlalchemy as sa
from flask import Flask

from bench import servers, worlds
from bench.measure import Measure, Size, interleave
from bench.people import Visitor
from interagency.database import db
from interagency.exports.matrix import keep_edition_workbook
from interagency.exports.models import EditionFile
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.opening import newest_cycle

CLOSED_AT = datetime(2100, 1, 1, 12, tzinfo=UTC)
CAUSE = "who asks is looked up, the download is noted on the disk before it is sent, and gunicorn sends through Python"


def measures(size: Size) -> Iterable[Measure]:
    """The kept workbook whole, and the answer to who has it already."""
    with worlds.world("sqlite", size.exported, 0) as (app, settings):
        month, body = _closed(app)
        root = settings.data_folder / "web"
        root.mkdir()
        (root / "matrix.xlsx").write_bytes(body)
        with (
            servers.gunicorn("interagency:create_app()", worlds.environment(settings)) as port,
            servers.nginx(settings.data_folder, root) as static,
        ):
            yield from _of(size, port, static, f"/editions/{month}/matrix.xlsx", body)


def _of(size: Size, port: int, static: int, page: str, body: bytes) -> Iterable[Measure]:
    visitor = Visitor(port)
    visitor.sign_in("coordinator@example.org")
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())}
    tag, got = _tag(port, page, cookie)
    assert got == body
    plain_tag, _body = _tag(static, "/matrix.xlsx", {})
    ours, limit = interleave(
        lambda: servers.seconds_of_get(port, page, 5, cookie),
        lambda: servers.seconds_of_get(static, "/matrix.xlsx", 5),
        size.rounds * 3,
    )
    yield Measure("closed edition's workbook, again", "nginx, static file", ours, limit, 4, 1.5, "smaller", CAUSE)
    asked, plainly = cookie | {"If-None-Match": tag}, {"If-None-Match": plain_tag}
    ours, limit = interleave(
        lambda: _seconds_of_304(port, page, 20, asked),
        lambda: _seconds_of_304(static, "/matrix.xlsx", 20, plainly),
        size.rounds * 3,
    )
    what = "closed edition's workbook, 304 (no target set: that of the whole)"
    yield Measure(what, "nginx, 304 of a static file", ours, limit, 4, 1.5, "smaller", CAUSE)


def _closed(app: Flask) -> tuple[str, bytes]:
    """The month that was open, closed, and its kept workbook."""
    with app.app_context():
        cycle = newest_cycle(db.session)
        assert cycle is not None
        month = cycle.month
        zone = app.extensions["interagency_settings"].zone
        closed = close_cycle(db.session, month, at=CLOSED_AT, zone=zone, by=None)
        keep_edition_workbook(db.session, closed.edition.number)
        body: bytes = db.session.scalars(sa.select(EditionFile.contents)).one()
        db.session.rollback()
    return month, body


def _tag(port: int, path: str, headers: Mapping[str, str]) -> tuple[str, bytes]:
    connection = http.client.HTTPConnection(servers.HOST, port, timeout=120)
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.headers["ETag"], body


def _seconds_of_304(port: int, path: str, times: int, headers: Mapping[str, str]) -> float:
    """The median time of an answer that nothing changed."""
    connection = http.client.HTTPConnection(servers.HOST, port, timeout=120)
    taken = []
    for _time in range(times):
        begun = time.perf_counter()
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        answer.read()
        taken.append(time.perf_counter() - begun)
        assert answer.status == 304, answer.status
    connection.close()
    return sorted(taken)[len(taken) // 2]
