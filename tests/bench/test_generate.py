"""Generated data: the same seed gives the same facts, and what was generated is what people could have entered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from bench.generated.__main__ import main as generated
from bench.generated.activities import Named, World, activity_rows
from bench.generated.events import event_rows
from bench.generated.generate import NotEmptyError, Wanted, generate
from interagency.calendar.events import queries as events
from interagency.calendar.events import record as event_record
from interagency.calendar.events.models import Event
from interagency.cli import main as interagency
from interagency.cli.cycle import _broken_links
from interagency.db.base import db
from interagency.db.history import Change
from interagency.matrix.activities import queries as activities
from interagency.matrix.activities import record as activity_record
from interagency.matrix.activities.models import Activity
from interagency.matrix.cycles.editions import all_editions, damaged_editions
from tests.helpers import Browser

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
SMALL = Wanted(activities=60, events=40, entities=13, years=3, seed="a", editions=1)


def fill(wanted: Wanted = SMALL, **more: Any) -> None:
    generate(
        db.session,
        wanted,
        at=AT,
        zone=ZoneInfo("Europe/Vienna"),
        progress=lambda _line: None,
        **more,
    )


def all_facts() -> list[dict[str, Any]]:
    found = db.session.scalars(sa.select(Activity).options(*activities.everything()).order_by(Activity.id))
    facts = [activity_record.facts(one) for one in found]
    others = db.session.scalars(sa.select(Event).options(*events.everything()).order_by(Event.id))
    return facts + [event_record.facts(one) for one in others]


def test_what_is_generated_is_what_people_could_have_entered(app: Flask) -> None:
    with app.app_context():
        fill()
        assert _broken_links() == []
        assert list(damaged_editions(db.session)) == []
        assert len(all_editions(db.session)) == 1
        facts = all_facts()
        assert len(facts) == 100
        # The history tells the record: what was made, changed step by step, is what stands.
        for number, kind in [(n, "activity") for n in range(1, 61)] + [(n, "event") for n in range(1, 41)]:
            said: dict[str, Any] = {}
            query = sa.select(Change).where(Change.record_type == kind, Change.record_id == number)
            for change in db.session.scalars(query.order_by(Change.record_version)):
                for name, (was, now_is) in change.fields.items():
                    assert said.get(name) == was, (kind, number, name)
                    said[name] = now_is
            stands = facts[number - 1 + (60 if kind == "event" else 0)]
            assert said == {name: value for name, value in stands.items() if value is not None}, (kind, number)


def test_what_is_derived_is_what_saving_would_derive(app: Flask) -> None:
    with app.app_context():
        fill()
        for one in db.session.scalars(sa.select(Activity).options(*activities.everything())):
            stood = (one.is_joint, set(one.search_text.split()))
            activity_record.refresh_derived(one)
            assert (one.is_joint, set(one.search_text.split())) == stood
        for event in db.session.scalars(sa.select(Event).options(*events.everything())):
            before = (event.first_day, event.last_day, set(event.search_text.split()))
            event_record.refresh_derived(event)
            assert (event.first_day, event.last_day, set(event.search_text.split())) == before
        db.session.rollback()


def test_the_same_seed_gives_the_same_facts_and_another_gives_others() -> None:
    def made(seed: str) -> str:
        world = World(
            entities=[Named(n, f"e{n}", (f"E{n}",)) for n in range(5)],
            partners=[Named(n, f"p{n}", (f"P{n}",)) for n in range(9)],
            countries=[Named("AT", "AT", ("Austria",)), Named("PE", "PE", ("Peru",))],
            regions=[Named("150", "150", ("Europe",))],
            recommendations=[("1(a)", 1), ("5(v)", 5)],
            goals=[3, 16],
            targets=["3.5"],
            first_day=date(2020, 1, 1),
            last_day=date(2026, 11, 21),
        )
        records = [activity_rows(n, seed, world) for n in range(50)] + [
            event_rows(n, seed, world, 1, 50) for n in range(50)
        ]
        return repr(records)

    assert made("a") == made("a")
    assert made("a") != made("b")


def test_a_database_that_holds_records_is_left_alone_unless_told(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        fill()
        with pytest.raises(NotEmptyError, match="--add"):
            fill(replace(SMALL, seed="b"))
        assert len(all_facts()) == 100
        fill(replace(SMALL, seed="b"), add=True)
        assert len(all_facts()) == 200
        assert _broken_links() == []


def test_numbers_go_on_after_the_generated_ones(app: Flask, enter: Callable[[str | None], Browser]) -> None:
    with app.app_context():
        fill()
    who = enter("who")
    response = who.send("/activities/new", {"title": "Typed by hand", "status": "ongoing", "lead": "who"})
    assert response.status_code == 302
    assert "/activities/61" in response.location


def test_pages_open_on_generated_data(app: Flask, enter: Callable[[str | None], Browser]) -> None:
    with app.app_context():
        fill()
    coordinator = enter("coordinator")
    for address in (
        "/", "/activities", "/activities?sort=title&page=2", "/activities/1", "/activities/1/history", "/matrix",
        "/coverage", "/calendar", "/calendar/2026/10", "/events/1", "/events/1/history", "/editions", "/cycles",
        "/exports/matrix.json", "/cycles/2026-11",
    ):  # fmt: skip
        assert coordinator.get(address, follow_redirects=True).status_code == 200, address


def test_the_command_fills_an_empty_database_and_says_in_one_line_that_another_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "test" * 10)
    run, wanted = CliRunner(), ["--activities", "8", "--events", "4", "--editions", "0"]
    unready = run.invoke(generated, wanted)
    assert unready.exit_code != 0
    assert "interagency db upgrade" in unready.output
    assert run.invoke(interagency, ["init"]).exit_code == 0
    filled = run.invoke(generated, wanted)
    assert filled.exit_code == 0, filled.output
    assert "8 of 8 activities" in filled.output
    again = run.invoke(generated, wanted)
    assert again.exit_code != 0
    assert "Take an empty one" in again.output
