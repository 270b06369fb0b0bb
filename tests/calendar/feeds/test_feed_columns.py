"""Whatever column a feed shows changes, and by whatever way: the feed's ETag and bytes change with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import zip_longest
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.accounts.models import AccessToken, Person
from interagency.calendar.feeds.event_cache import EventCache
from interagency.calendar.feeds.models import Subscription
from interagency.calendar.feeds.subscriptions import make_feed
from interagency.db.base import Model, UtcDateTime, db
from interagency.matrix.cycles.models import Answer, AnswerKind, Cycle, Extension
from interagency.matrix.organisations.models import Organisation
from tests.calendar.feeds.test_event_cache import BASE, CHANGES, fill, subscribe
from tests.helpers import Browser

Enter = Callable[[str | None], Browser]
MAX_ROWS = 30  # of the reference lists; those that are shown are among them, or SHOWN is not reached
DUE = datetime(2027, 3, 5, 22, 59, tzinfo=UTC)
# Columns whose change must be seen to change the bytes, or this test would have lost its eyes.
SHOWN = {
    "event.uid", "event.sequence", "event.title", "event.kind", "event.status", "event.description", "event.venue",
    "event.city", "event.country_code", "event.latitude", "event.longitude", "event.timezone", "event.parent_id",
    "event.rrule", "event.participants_incomplete", "event.cancelled_at", "event.is_listed", "event.created_at",
    "event.updated_at", "segment.event_id", "segment.number", "segment.start_first", "segment.end_last",
    "segment.start_precision", "segment.start_time", "segment.end_time", "segment_day.day",
    "segment_day.chapter_number", "segment_day.note", "occurrence_change.event_id", "occurrence_change.original",
    "occurrence_change.start", "occurrence_change.end", "occurrence_change.is_cancelled", "occurrence_change.title",
    "occurrence_change.note", "event_organisation.organisation_id", "event_organisation.part",
    "event_organisation.position", "event_chapter.chapter_number", "event_link.kind", "event_link.title",
    "event_link.url", "organisation.name", "organisation.acronym", "organisation.key", "organisation.is_entity",
    "country.name", "cycle.state", "cycle.opened_at", "cycle.due_at", "cycle.due_set_at", "answer.ended_at",
    "extension.due_at", "extension.given_at", "appointment.last_day", "subscription.name", "subscription.filters",
}  # fmt: skip


def furnish() -> None:
    """Rows in every table that feeds are read from, so that each column has something to show."""
    for name in ("hours", "chapter", "link", "day", "occurrence"):
        db.session.execute(sa.text(CHANGES[name]))
    for statement in (
        "UPDATE event SET parent_id = 1, venue = 'Hall', latitude = 48.2, longitude = 16.3, status = 'cancelled', "
        "cancelled_at = created_at WHERE id = 2",
        'UPDATE occurrence_change SET "start" = original, "end" = original, is_cancelled = FALSE',
        "INSERT INTO event_link (event_id, kind, title, url) VALUES (1, 'meeting', 'Call', 'https://example.org/a')",
        "INSERT INTO event_organisation (event_id, organisation_id, part, position) "
        "SELECT event.id, organisation.id, parts.name, 1 FROM event, organisation, "
        "(SELECT 'organiser' AS name UNION ALL SELECT 'participant') parts WHERE organisation.key = 'undp'",
        "UPDATE organisation SET acronym = NULL WHERE key = 'undp'",
        "INSERT INTO segment (event_id, number, start_precision, start_first, start_last, end_precision, end_first, "
        "end_last) SELECT 2, 2, start_precision, start_first, start_last, end_precision, end_first, end_last "
        "FROM segment WHERE event_id = 2",
    ):
        db.session.execute(sa.text(statement))
    entity = db.session.scalars(sa.select(Organisation.id).where(Organisation.key == "who")).one()
    for month in ("2027-01", "2027-02"):
        db.session.add(Cycle(month=month, due_at=DUE, due_set_at=DUE - timedelta(days=9)))
    db.session.flush()
    db.session.add(Extension(cycle_month="2027-01", entity_id=entity, due_at=DUE + timedelta(days=2), given_at=DUE))
    standing = Answer(cycle_month="2027-02", entity_id=entity, kind=AnswerKind.UPDATED)
    standing.ended_at = DUE
    db.session.add(standing)
    db.session.commit()


def made_anew(app: Flask) -> bytes | None:
    """The feed from the records alone; None where there can be none."""
    with app.app_context():
        app.extensions["interagency_event_cache"] = EventCache()
        subscription = db.session.scalars(sa.select(Subscription)).one()
        owner = db.session.get_one(AccessToken, subscription.token_id).person_id
        if owner is None:
            return None  # nobody's: it is not there
        person = db.session.get_one(Person, owner)
        address = BASE + app.config["FEED"]
        return make_feed(db.session, person, subscription, address, base_url=BASE, whole_past=False).body


def tables_read(app: Flask) -> list[sa.Table]:
    """The tables that making the feed reads."""
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    made_anew(app)
    sa.event.remove(engine, "before_cursor_execute", note)
    names = set(re.findall(r"(?:FROM|JOIN) (\w+)", " ".join(statements))) & set(Model.metadata.tables)
    return [table for table in Model.metadata.sorted_tables if table.name in names - {"feed_revision"}]


def others(column: sa.Column[Any], value: Any) -> Iterator[Any]:
    """Other values of the column's kind, such that an order turns round, too."""
    kind = datetime if isinstance(column.type, UtcDateTime) else column.type.python_type
    if value is not None and column.nullable:
        yield None
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        yield db.session.scalars(sa.select(target).where(target != value if value else sa.true()).limit(1)).first()
    elif isinstance(column.type, sa.Enum):
        chosen = next(name for name in column.type.enums if name != getattr(value, "value", value))
        yield column.type.enum_class(chosen) if column.type.enum_class else chosen
    elif isinstance(column.type, sa.JSON):
        yield {"kind": ["training"]} if isinstance(value, dict) else ["x"]
    elif kind is bool:
        yield not value
    elif kind in (int, float):
        yield -(value or 0) - 1
    elif kind is str:
        yield f"{value or ''}x"
    elif kind is time:
        yield time(3, 30)
    elif kind is date:
        yield value + timedelta(days=1) if value else date(2020, 1, 2)
    else:
        assert kind is datetime, kind
        yield value - timedelta(days=400) if value else DUE


def changes(table: sa.Table) -> Iterator[tuple[sa.Column[Any], list[sa.Update], list[sa.Update]]]:
    """Each column with what gives it another value in the rows, and what brings the first one back."""
    first = sa.select(table).order_by(*table.primary_key).limit(MAX_ROWS)
    rows = db.session.execute(first).mappings().all()
    for column in table.columns:
        if column.computed is not None or column.name == "feed_version":
            continue
        for values in zip_longest(*[others(column, row[column]) for row in rows]):
            there, back = [], []
            for row, value in zip(rows, values, strict=True):
                if value == row[column]:
                    continue
                new = dict(row) | {column.name: value}
                key = [(one, row[one.name], new[one.name]) for one in table.primary_key]
                there.append(sa.update(table).where(*[one == was for one, was, _is in key]).values({column: value}))
                back.append(
                    sa.update(table).where(*[one == now for one, _was, now in key]).values({column: row[column]})
                )
            yield column, there, back


def done(statements: list[sa.Update]) -> list[bool]:
    """Which of them the database took; what it refuses (a constraint) cannot be seen in a feed either."""
    taken = []
    for statement in statements:
        try:
            with db.session.begin_nested():
                db.session.execute(statement)
            taken.append(True)
        except (sa.exc.IntegrityError, sa.exc.DataError):
            taken.append(False)
    db.session.commit()
    return taken


@pytest.mark.slow
def test_whatever_column_a_feed_shows_its_tag_and_bytes_follow(app: Flask, enter: Enter) -> None:
    who = enter("who")
    fill(who)
    address = app.config["FEED"] = subscribe(who)
    with app.app_context():
        furnish()
    reader, before = enter(None), made_anew(app)
    first = reader.get(address)
    assert first.data == before
    tables = tables_read(app)
    seen = set()
    for table in tables:
        with app.app_context():
            todo = list(changes(table))
        for column, there, back in todo:
            cache = app.extensions["interagency_event_cache"]
            with app.app_context():
                taken = done(there)
            anew = made_anew(app)
            app.extensions["interagency_event_cache"] = cache
            if anew != before:
                seen.add(str(column))
                answer = reader.get(address, headers={"If-None-Match": first.headers["ETag"]})
                assert answer.status_code != 304, f"{column} changed and the feed's ETag did not"
                assert anew is None or answer.data == anew, f"{column} changed and the feed's bytes did not"
            with app.app_context():
                done([statement for statement, was_taken in zip(back, taken, strict=True) if was_taken])
        assert reader.get(address).data == before, table.name
    assert seen >= SHOWN, SHOWN - seen
