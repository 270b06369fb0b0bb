"""Many people saving at the same moment: who is refused, what is lost, how long a save takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Flask

from bench import servers, worlds
from bench.measure import Measure, Size
from bench.people import FORM, Visitor, at_once, title_unlike_others
from interagency.db.base import db
from interagency.matrix.activities.models import Activity

CAUSE = "a save reads and checks a form, writes a record, its links, its history and counts, and waits for the disk"


def measures(size: Size) -> Iterable[Measure]:
    """`size.people` save at once, each an activity of their own, on two workers."""
    for engine in ("sqlite", *(["postgresql"] if worlds.has_postgresql() else [])):
        with (
            worlds.world(engine, 2 * size.people, 0) as (app, settings),
            servers.gunicorn("interagency:create_app()", worlds.environment(settings)) as port,
            servers.gunicorn("bench.hello:app") as hello,
        ):
            yield from _of(size, app, engine, port, hello)


def _of(size: Size, app: Flask, engine: str, port: int, hello: int) -> Iterable[Measure]:
    first = Visitor(port)
    first.sign_in("coordinator@example.org")
    visitors = [Visitor(port, dict(first.cookies)) for _person in range(size.people)]
    _seconds, given = at_once([_form(visitor, number) for number, visitor in enumerate(visitors, 1)])
    forms = cast(list[list[tuple[str, str]]], given)
    strangers = [Visitor(hello) for _person in range(size.people)]
    refused, lost, ours, limit = 0, 0, [], []
    for turn in range(min(3, size.rounds)):
        bodies = [urlencode(_changed(form, turn, place)).encode() for place, form in enumerate(forms)]
        for visitor in (*visitors, *strangers):
            visitor.connect()  # what was open a while may have been closed
        seconds, given = at_once([_save(v, n, b) for n, (v, b) in enumerate(zip(visitors, bodies, strict=True), 1)])
        ours.append(seconds / size.people)
        refused += sum(status != 302 for status in given)
        saved = [place for place, status in enumerate(given) if status == 302]
        with app.app_context():
            titles = set(db.session.scalars(sa.select(Activity.title)))
            db.session.rollback()
        lost += sum(title_unlike_others(turn, place) not in titles for place in saved)
        seconds, _given = at_once([_hello(v, b) for v, b in zip(strangers, bodies, strict=True)])
        limit.append(seconds / size.people)
        forms = [_after_a_save(form) for form in forms]
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[engine]
    what = f"{size.people} people saving at once, {name}"
    yield Measure(f"{what}: refused", "none (1 and the number refused)", [1.0 + refused], [1.0], 1, 1, "smaller")
    yield Measure(f"{what}: lost", "none (1 and the number lost)", [1.0 + lost], [1.0], 1, 1, "smaller")
    yield Measure(f"{what}: time per save", "a Flask answer to the same form", ours, limit, 2.5, 1.5, "smaller", CAUSE)


def _changed(form: list[tuple[str, str]], turn: int, place: int) -> list[tuple[str, str]]:
    """The form with another title and description; the same work elsewhere is said to be another."""
    new = {"title": title_unlike_others(turn, place), "description": title_unlike_others(turn, -place)}
    return [*((name, new.get(name, value)) for name, value in form), ("verdict-rest", "distinct")]


def _after_a_save(form: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The form as it would come now: of the next version. A save that was refused is refused again, and counted."""
    return [(name, str(int(value) + 1) if name == "version" else value) for name, value in form]


def _form(visitor: Visitor, number: int) -> Callable[[], object]:
    return lambda: visitor.form(f"/activities/{number}/edit")


def _save(visitor: Visitor, number: int, body: bytes) -> Callable[[], int]:
    return lambda: visitor.ask("POST", f"/activities/{number}/edit", body, FORM)[0]


def _hello(visitor: Visitor, body: bytes) -> Callable[[], int]:
    return lambda: visitor.ask("POST", "/", body, FORM)[0]
