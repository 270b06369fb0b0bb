"""A small program that keeps a copy of the matrix in step, by `updated_since` alone, over a year of changes."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.accounts.models import Person, Scope, TokenKind
from interagency.accounts.tokens import make_token
from interagency.db.base import db, now
from interagency.matrix.activities import record
from interagency.matrix.activities.models import Activity, Status
from interagency.matrix.activities.record import draft_of, save_activity
from interagency.matrix.overlaps.merging import merge
from tests.api.conftest import Program

Add = Callable[..., int]


class Copy:
    """What another program keeps: every activity under its filter, by number."""

    def __init__(self, program: Program, query: str = "") -> None:
        self.program, self.query = program, query
        self.rows: dict[int, dict[str, Any]] = {}
        self.since = ""

    def follow(self) -> int:
        """Take over what was saved since the last time; how many pages that took."""
        path = f"/activities?limit=7&{self.query}" + (f"&updated_since={self.since}" if self.since else "")
        pages, following = 0, ""
        while path:
            page = self.program.get(path).json
            assert page is not None, path
            for item in page["items"]:
                self.rows.pop(item["id"], None)
                if not item.get("gone"):
                    self.rows[item["id"]] = item
            following = following or page["next_updated_since"]
            path = (page["next"] or "").removeprefix("http://localhost/api/v1")
            pages += 1
        self.since = following.replace("+", "%2B")
        return pages

    def whole(self) -> dict[int, dict[str, Any]]:
        """The same, read anew from the beginning."""
        fresh = Copy(self.program, self.query)
        fresh.follow()
        return fresh.rows


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_copy_stays_in_step_over_a_year(
    app: Flask, add_activity: Add, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    clock = [now() + timedelta(days=1)]
    app.config["CLOCK"] = lambda: clock[0]
    monkeypatch.setattr(record, "now", lambda: clock[0])
    with app.app_context():
        person = db.session.scalars(sa.select(Person).where(Person.email == "reader@example.org")).one()
        token = make_token(db.session, TokenKind.API, person, "copy", scopes=[Scope.READ])[1]
        db.session.commit()
    program = Program(app.test_client(), token)
    whole, ours = Copy(program), Copy(program, "entity=undp&status=ongoing")
    for number in range(20):
        add_activity(title=f"Activity {number}", lead=chance.choice(["who", "undp"]))
    for month in range(12):
        for _change in range(chance.randrange(3, 9)):
            clock[0] += timedelta(minutes=chance.choice([0, 0, 1, 600]))
            change(app, chance, add_activity, clock[0])
        for copy in (whole, ours):
            copy.follow()
            assert copy.rows == copy.whole(), month
        clock[0] += timedelta(days=chance.randrange(1, 30))
        assert whole.follow() <= 2  # a month in which nothing was saved asks for next to nothing
    assert len(whole.rows) > len(ours.rows) > 0


def change(app: Flask, chance: random.Random, add_activity: Add, at: datetime) -> None:
    """Something that happens in a month: added, edited, given to another entity, taken off the list, merged."""
    kind = chance.choice(["add", "edit", "edit", "status", "hide", "merge"])
    if kind == "add":
        number = add_activity(title=f"Added {chance.random()}", lead=chance.choice(["who", "undp"]))
        with app.app_context():
            db.session.execute(sa.update(Activity).where(Activity.id == number).values(updated_at=at))
            db.session.commit()
        return
    with app.test_request_context():
        listed = db.session.scalars(sa.select(Activity).where(Activity.is_listed).order_by(Activity.id)).all()
        activity, other = chance.sample(list(listed), 2)
        coordinator = db.session.scalars(sa.select(Person).where(Person.email == "coordinator@example.org")).one()
        if kind == "merge":
            versions = (activity.version, other.version)
            merge(
                db.session, activity, other, {}, versions=versions, by=coordinator, at=at, day=at.date(),
                mine=[], month=None,
            )  # fmt: skip
        elif kind == "hide":
            before = record.facts(activity)
            activity.is_listed = False
            record.finish(db.session, activity, before, by=coordinator)
        else:
            draft = draft_of(db.session, activity)
            if kind == "edit":
                draft.title = f"Edited {chance.random()}"
            else:
                draft.status = chance.choice([Status.ONGOING, Status.COMPLETED])
            save_activity(db.session, activity, draft, version=activity.version, by=coordinator, mine=[])
        db.session.commit()
