"""A database of any size, for measuring and for trying things out: the same seed gives the same facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench.generated.activities import Named, Rows, World, activity_rows
from bench.generated.events import event_rows
from interagency.accounts.models import Person, Role
from interagency.calendar.events.models import Event
from interagency.calendar.feeds.subscriptions import subscribe
from interagency.db.base import Model
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity
from interagency.matrix.cycles.answers import sign
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.models import AnswerKind
from interagency.matrix.cycles.months import end_of_day, first_day, month_after, month_of
from interagency.matrix.cycles.opening import newest_cycle, open_cycle
from interagency.matrix.framework.models import Country, Recommendation, Region, SdgGoal, SdgTarget
from interagency.matrix.framework.titles import names_of_country, names_of_region
from interagency.matrix.organisations.models import Appointment, Organisation, OrganisationKind
from interagency.matrix.organisations.queries import names_of

CHUNK = 1000
PARTNERS_FOR_EACH = 100  # activities
MAX_PARTNERS = 1500


class NotEmptyError(ValueError):
    """The database holds records already."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much of everything. `editions` are months closed before this one."""

    activities: int
    events: int
    entities: int
    years: int
    seed: str = "1"
    editions: int = 3


def generate(
    session: Session,
    wanted: Wanted,
    *,
    at: datetime,
    zone: ZoneInfo,
    password: str = "",
    add: bool = False,
    progress: Callable[[str], object] = print,
) -> None:
    """Fill the database. Commits as it goes. Raises NotEmptyError when it holds records and `add` is not said."""
    if not add and session.scalar(sa.select(sa.exists().where(sa.or_(Activity.id > 0)))):
        raise NotEmptyError("The database holds activities already. Take an empty one, or say --add.")
    if not add and session.scalar(sa.select(sa.exists().where(Event.id > 0))):
        raise NotEmptyError("The database holds events already. Take an empty one, or say --add.")
    today = at.astimezone(zone).date()
    _organisations(session, wanted)
    world = _world(session, wanted, today)
    people = _people(session, wanted, world, password)
    session.commit()
    first = (session.scalar(sa.select(sa.func.max(Activity.id))) or 0) + 1
    first_event = (session.scalar(sa.select(sa.func.max(Event.id))) or 0) + 1
    numbers = range(first, first + wanted.activities)
    _fill(session, numbers, lambda n: activity_rows(n, wanted.seed, world), "activities", progress)
    numbers = range(first_event, first_event + wanted.events)
    _fill(session, numbers, lambda n: event_rows(n, wanted.seed, world, first, wanted.activities), "events", progress)
    _numbers_follow(session)
    _months(session, wanted, world, people, at, zone, progress)
    _analyse(session)


def _fill(
    session: Session, numbers: range, make: Callable[[int], Rows], name: str, progress: Callable[[str], object]
) -> None:
    """Insert the rows of `numbers` in chunks, each table at once, tables that others refer to first."""
    for start in range(0, len(numbers), CHUNK):
        chunk: Rows = {}
        for number in numbers[start : start + CHUNK]:
            for table_name, rows in make(number).items():
                chunk.setdefault(table_name, []).extend(rows)
        for table in Model.metadata.sorted_tables:
            if chunk.get(table.name):
                session.execute(table.insert(), chunk[table.name])
        session.commit()
        done = min(start + CHUNK, len(numbers))
        if done % 10_000 == 0 or done == len(numbers):
            progress(f"{done} of {len(numbers)} {name}")


def _organisations(session: Session, wanted: Wanted) -> None:
    """Entities up to the number wanted, and partners in proportion to the activities."""
    known = session.scalar(sa.select(sa.func.count()).where(Organisation.is_entity)) or 0
    partners = min(MAX_PARTNERS, 20 + wanted.activities // PARTNERS_FOR_EACH)
    keys = set(session.scalars(sa.select(Organisation.key)))
    chance = Random(f"{wanted.seed} organisations")  # noqa: S311  (the same data again, no secret)
    kinds = [kind for kind in OrganisationKind if kind not in (OrganisationKind.UN_ENTITY, OrganisationKind.UN_BODY)]
    rows: list[dict[str, Any]] = [
        {
            "key": f"entity-{n}", "acronym": f"UNX{n}", "name": f"United Nations Programme No. {n}",
            "kind": OrganisationKind.UN_ENTITY, "is_entity": True, "answers": True, "position": 500 + n,
        }
        for n in range(known + 1, wanted.entities + 1)
    ]  # fmt: skip
    rows += [
        {
            "key": f"partner-{n}", "acronym": None, "name": f"Partner organisation No. {n}",
            "kind": chance.choice(kinds), "is_entity": False, "answers": False, "position": 2000 + n,
        }
        for n in range(1, partners + 1)
    ]  # fmt: skip
    new = [row for row in rows if row["key"] not in keys]
    if new:
        session.execute(sa.insert(Organisation), new)


def _world(session: Session, wanted: Wanted, today: date) -> World:
    def named(organisations: Iterable[Organisation]) -> list[Named]:
        return [Named(one.id, one.key, tuple(names_of(one))) for one in organisations]

    order = (Organisation.position, Organisation.key)
    entities = sa.select(Organisation).where(Organisation.is_entity, Organisation.retired_on.is_(None))
    partners = sa.select(Organisation).where(Organisation.is_entity.is_(False))
    return World(
        entities=named(session.scalars(entities.order_by(Organisation.answers.desc(), *order).limit(wanted.entities))),
        partners=named(session.scalars(partners.order_by(*order))),
        countries=[
            Named(one.code, one.code, names_of_country(one))
            for one in session.scalars(sa.select(Country).order_by(Country.code))
        ],
        regions=[
            Named(one.code, one.code, names_of_region(one))
            for one in session.scalars(sa.select(Region).order_by(Region.code))
        ],
        recommendations=[
            (code, chapter)
            for code, chapter in session.execute(
                sa.select(Recommendation.code, Recommendation.chapter_number).order_by(Recommendation.position)
            )
        ],
        goals=list(session.scalars(sa.select(SdgGoal.number).order_by(SdgGoal.number))),
        targets=list(session.scalars(sa.select(SdgTarget.code).order_by(SdgTarget.position))),
        first_day=date(today.year - wanted.years, 1, 1),
        last_day=today,
    )


def _people(session: Session, wanted: Wanted, world: World, password: str) -> list[tuple[int, int]]:
    """A focal point with a feed for each entity, and a coordinator; who is there stays as they are.

    Returns the numbers of each focal point and their entity.
    """
    sample = Person(email="", name="", session_epoch=0)
    if password:
        sample.set_password(password)  # once: it takes long on purpose
    people = {person.email: person for person in session.scalars(sa.select(Person))}

    def person(email: str, name: str, role: Role) -> Person:
        if email not in people:
            made = Person(email=email, name=name, role=role, password_hash=sample.password_hash, session_epoch=1)
            session.add(made)
            people[email] = made
        return people[email]

    person("coordinator@example.org", "Clara Coordinator", Role.COORDINATOR)
    found = []
    for entity in world.entities:
        found.append((person(f"focal.{entity.key}@example.org", f"Focal point {entity.key}", Role.READER), entity))
    session.flush()
    appointed = {tuple(row) for row in session.execute(sa.select(Appointment.person_id, Appointment.entity_id))}
    for one, entity in found:
        if (one.id, entity.id) not in appointed:
            session.add(Appointment(person_id=one.id, entity_id=entity.id, first_day=world.first_day))
            subscribe(session, one, "Our own", Filters(values={"mine": ("yes",)}))
    session.flush()
    return [(one.id, entity.id) for one, entity in found]


def _numbers_follow(session: Session) -> None:
    """PostgreSQL counts on from the numbers that were given."""
    if session.get_bind().dialect.name == "postgresql":
        for table in ("activity", "event"):
            session.execute(sa.text(f"SELECT setval('{table}_id_seq', (SELECT coalesce(max(id), 1) FROM {table}))"))  # noqa: S608
        session.commit()


def _months(
    session: Session,
    wanted: Wanted,
    world: World,
    people: list[tuple[int, int]],
    at: datetime,
    zone: ZoneInfo,
    progress: Callable[[str], object],
) -> None:
    """The months before this one answered by most and closed; this month open."""
    if newest_cycle(session) is not None:
        return
    chance = Random(f"{wanted.seed} months")  # noqa: S311  (the same data again, no secret)
    this = month_of(at.astimezone(zone).date())
    for back in range(wanted.editions, 0, -1):
        month = month_after(this, -back)
        begun = end_of_day(first_day(month), zone) - timedelta(hours=15)
        open_cycle(session, month, at=begun, zone=zone, by=None)
        session.flush()
        for person_id, entity_id in people:
            if chance.random() < 0.8:
                person, entity = session.get_one(Person, person_id), session.get_one(Organisation, entity_id)
                signed = begun + timedelta(days=chance.randint(3, 27))
                sign(session, month, entity, chance.choice(list(AnswerKind)), by=person, at=signed, day=signed.date())
        session.commit()
        closed_at = min(begun + timedelta(days=31), at)
        closed = close_cycle(session, month, at=closed_at, zone=zone, by=None, by_name="generated data")
        progress(f"{month}: closed, edition {closed.edition.number}")
    open_cycle(session, this, at=at, zone=zone, by=None)
    session.commit()


def _analyse(session: Session) -> None:
    """Let the database look at what it holds now, so that it plans for this size."""
    session.execute(sa.text("ANALYZE"))
    session.commit()
