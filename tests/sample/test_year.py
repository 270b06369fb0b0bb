"""The year of the demonstration: months of every kind, changes, agreement and hand-outs; as of any day, and once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event
from interagency.db.base import db
from interagency.db.history import AuditEntry, Change
from interagency.exports.external.hand_outs import content_by_token
from interagency.exports.models import HandOut
from interagency.mail.outbox import unsent_count
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.agreement.gate import through_the_gate
from interagency.matrix.cycles.differences import Kind
from interagency.matrix.cycles.editions import all_editions, changes_since, damaged_editions, edition_before, load
from interagency.matrix.cycles.models import Cycle, CycleState
from interagency.matrix.cycles.months import first_day
from interagency.matrix.cycles.standing import Standing, standings
from interagency.matrix.desk.models import Notice
from interagency.matrix.overlaps.models import Verdict, VerdictKind
from interagency.sample.people import ACCOUNTS, add_people
from interagency.sample.year import add_year, first_month, load_records, read_year
from interagency.settings import Settings
from tests.conftest import close, make_app

VIENNA = ZoneInfo("Europe/Vienna")
AT = datetime(2026, 11, 30, 9, tzinfo=UTC)


def live(app: Flask, at: datetime) -> list[str]:
    """Load everything as `make run` does on `at`. Returns what was said."""
    with app.app_context():
        load_records(db.session, at=at, zone=VIENNA, progress=lambda _line: None)
        db.session.commit()
        add_people(db.session, "", first_day(first_month(at, VIENNA)))
        return add_year(db.session, at=at, zone=VIENNA, base_url="http://here")


@pytest.fixture
def year(sqlite_app: Flask) -> tuple[Flask, list[str]]:
    return sqlite_app, live(sqlite_app, AT)


def test_a_year_shows_a_service_in_use(year: tuple[Flask, list[str]]) -> None:
    app, lines = year
    with app.app_context(), app.test_request_context():
        cycles = list(db.session.scalars(sa.select(Cycle).order_by(Cycle.month)))
        assert [cycle.month for cycle in cycles] == [f"2025-{n}" for n in (11, 12)] + [
            f"2026-{n:02}" for n in range(1, 12)
        ]
        assert [cycle.state for cycle in cycles] == [CycleState.CLOSED] * 12 + [CycleState.OPEN]
        states = Counter(row.state for cycle in cycles for row in standings(db.session, cycle, AT))
        assert set(states) == set(Standing)
        answers = [row for cycle in cycles for row in standings(db.session, cycle, AT) if row.has_answered]
        assert any(row.answer and row.answer.signed_at > row.due_at for row in answers)
        assert any(row.answer and row.answer.on_behalf_reason for row in answers)
        editions = sorted(all_editions(db.session), key=lambda one: one.number)
        assert [edition.issue for edition in editions].count(2) == 1
        assert list(damaged_editions(db.session)) == []
        for edition in editions[1:]:
            before = edition_before(db.session, edition)
            told = changes_since(db.session, edition, before)["activities"]
            assert told.of(Kind.NEW, Kind.CHANGED, Kind.ENDED), edition.cycle_month
        kinds = {verdict.kind for verdict in db.session.scalars(sa.select(Verdict))}
        assert kinds == set(VerdictKind)
        parts = Counter(part.participation for part in db.session.scalars(sa.select(ActivityEntity)))
        assert parts[Participation.AWAITED] and parts[Participation.DECLINED]
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Notice)) == len(read_year()["letter"])
        assert unsent_count(db.session) == 0
        passed = through_the_gate(db.session, load(db.session, editions[-1].number), "commission", AT.date())
        assert len(passed.activities) > 100
        assert passed.events
        assert any(one.awaited for one in passed.withheld)
        assert any(one.refused for one in passed.withheld)
        handed = {one.form for one in db.session.scalars(sa.select(HandOut))}
        assert handed == {"full list", "country extract"}
        tokens = [line.rsplit("/", 2)[1] for line in lines if line.startswith("handed out")]
        for token in tokens:
            found = content_by_token(db.session, token, AT)
            assert found is not None
            assert found[1]["activities"]


@pytest.mark.slow
@pytest.mark.parametrize("at", [AT, datetime(2027, 1, 1, 0, 30, tzinfo=UTC), datetime(2026, 3, 31, 22, 30, tzinfo=UTC)])
def test_nothing_lies_ahead_of_the_present_and_history_lies_in_its_month(sqlite_app: Flask, at: datetime) -> None:
    live(sqlite_app, at)
    with sqlite_app.app_context():
        for instant in (
            Change.at, AuditEntry.at, Activity.updated_at, Event.updated_at, Cycle.opened_at, Cycle.closed_at
        ):  # fmt: skip
            assert (db.session.scalar(sa.select(sa.func.max(instant))) or at) <= at, instant
        first = db.session.scalar(sa.select(sa.func.min(Cycle.opened_at)))
        made = db.session.scalar(sa.select(sa.func.min(Activity.created_at)))
        assert first is not None and made is not None and made < first
        rows = db.session.execute(
            sa.select(Cycle.month, Cycle.opened_at, Cycle.closed_at).where(Cycle.state == CycleState.CLOSED)
        ).all()
        assert len(rows) == 12
        assert all(closed is not None and opened < closed for _month, opened, closed in rows)


def test_a_second_time_adds_nothing(year: tuple[Flask, list[str]]) -> None:
    app, _lines = year
    with app.app_context():
        counted = [db.session.scalar(sa.select(sa.func.count()).select_from(one)) for one in (Activity, Change, Person)]
    assert live(app, AT) == []
    with app.app_context():
        again = [db.session.scalar(sa.select(sa.func.count()).select_from(one)) for one in (Activity, Change, Person)]
    assert again == counted


def test_every_entity_of_the_decision_has_a_focal_point_and_an_answer_for_each_month() -> None:
    story = read_year()
    speaking = {entity for _email, _name, _role, entity in ACCOUNTS if entity}
    assert set(story["answers"]) == speaking
    assert len(speaking) == 11
    assert {len(signs) for signs in story["answers"].values()} == {12}


def test_what_is_made_up_says_so_once_and_not_on_each_row(sqlite_settings: Settings) -> None:
    for password, is_told in (("", False), ("demo password", True)):
        app = make_app(replace(sqlite_settings, demo_password=password))
        page = app.test_client().get("/sign-in").get_data(as_text=True)
        assert page.count("illustrative") == is_told
        close(app)
