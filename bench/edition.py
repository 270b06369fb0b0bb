"""A closed edition's workbook, asked for again: through gunicorn, against the same bytes from nginx."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa
from flask import Flask

from bench import servers, worlds
from bench.measure import Measure, Size, interleave
from bench.people import Visitor
from interagency.db.base import db
from interagency.exports.matrix_workbook import keep_edition_workbook
from interagency.exports.models import EditionFile
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.opening import newest_cycle

CLOSED_AT = datetime(2100, 1, 1, 12, tzinfo=UTC)
CAUSE = "who asks is looked up, the download is noted on the disk before it is sent, and gunicorn sends through Python"


def measures(size: Size) -> Iterable[Measure]:
    """The kept workbook, asked for by somebody who is signed in."""
    with worlds.world("sqlite", size.exported, worlds.FEW_EVENTS) as (app, settings):
        month, body = _closed(app)
        root = settings.data_folder / "web"
        root.mkdir()
        (root / "matrix.xlsx").write_bytes(body)
        with (
            servers.gunicorn("interagency:create_app()", worlds.environment(settings)) as port,
            servers.nginx(settings.data_folder, root) as static,
        ):
            yield from _of(size, port, static, f"/editions/{month}/matrix.xlsx")


def _of(size: Size, port: int, static: int, page: str) -> Iterable[Measure]:
    visitor = Visitor(port)
    visitor.sign_in("coordinator@example.org")
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())}
    servers.seconds_of_get(port, page, 10, cookie)  # until both workers have it at hand, as after the first readers
    ours, limit = interleave(
        lambda: servers.seconds_of_get(port, page, 5, cookie),
        lambda: servers.seconds_of_get(static, "/matrix.xlsx", 5),
        size.rounds * 3,
    )
    yield Measure("closed edition's workbook, again", "nginx, static file", ours, limit, 4, 1.5, "smaller", CAUSE)


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
