"""A year of digests under a moved clock: one mail a person and day, each thing told once, and to who has the right.

Seven weeks of a small network by default; with INTERAGENCY_TEST_INPUTS (`make attack`) twelve months, 60 people, 5,000
changes and 400 remarks, on both databases.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event, EventKind, EventOrganisation, EventStatus, Part, Segment
from interagency.db.base import db
from interagency.db.history import Action, Change
from interagency.following import digest
from interagency.following.digest import write_due_digests
from interagency.following.models import DigestSettings, Frequency
from interagency.following.urgent import write_urgent
from interagency.mail import sending
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import MailContent, MailKind, write
from interagency.mail.sending import send_outbox
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation, Status
from interagency.matrix.cycles.opening import open_cycle
from interagency.matrix.cycles.reminders import Sender, write_due_reminders
from interagency.matrix.organisations.models import Appointment, Organisation
from interagency.matrix.remarks.addressing import Addressed
from interagency.matrix.remarks.models import SubjectKind
from interagency.matrix.remarks.record import Subject, write_remark
from interagency.text.dates import ImpreciseDate
from tests.mail_server import settings_for

VIENNA = ZoneInfo("Europe/Vienna")
WHOLE = "INTERAGENCY_TEST_INPUTS" in os.environ
BEGIN = date(2027, 1, 4)
MARK = re.compile(r"\b([CLMR]\d+)\b")


@dataclass(frozen=True)
class Size:
    days: int
    people: int
    changes: int
    remarks: int
    moves: int


SIZE = Size(366, 60, 5000, 400, 40) if WHOLE else Size(50, 9, 120, 20, 3)


@dataclass
class Told:
    """What arrived: by address and day the mails that are not urgent, and how often each mark came by which way."""

    mails: Counter[tuple[str, date]] = field(default_factory=Counter)
    marks: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    urgent: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    days: dict[tuple[str, str], date] = field(default_factory=dict)


@dataclass
class Network:
    """Who speaks for which entity until when, and which entities each record has."""

    people: dict[str, tuple[int, int, date | None]] = field(default_factory=dict)
    parts: dict[str, set[int]] = field(default_factory=dict)
    by: dict[str, int | None] = field(default_factory=dict)
    letters: dict[str, str] = field(default_factory=dict)  # to whom each went
    at: dict[str, datetime] = field(default_factory=dict)

    def concerns(self, mark: str, email: str) -> bool:
        person_id, entity_id, _until = self.people[email]
        return entity_id in self.parts[mark] and self.by[mark] != person_id


def noon(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=VIENNA).astimezone(UTC)


def build(dice: random.Random) -> tuple[Network, list[int], list[int]]:
    """The network: people, a joint activity of each two entities. Returns it with the activities and entities."""
    network = Network()
    entities = list(
        db.session.scalars(sa.select(Organisation.id).where(Organisation.answers).order_by(Organisation.position))
    )[: 11 if WHOLE else 4]
    db.session.execute(sa.delete(Appointment))
    for number in range(SIZE.people):
        person = Person(email=f"p{number}@example.org", name=f"Person {number}", session_epoch=0)
        db.session.add(person)
        db.session.flush()
        # Every tenth leaves in the middle; what comes later is not for them.
        until = BEGIN + timedelta(days=SIZE.days // 2) if number % 10 == 3 else None
        entity_id = entities[number % len(entities)]
        db.session.add(Appointment(person_id=person.id, entity_id=entity_id, first_day=BEGIN, last_day=until))
        often = (Frequency.MONTHLY, Frequency.WEEKLY, Frequency.DAILY)[number % 3]
        db.session.add(DigestSettings(person_id=person.id, frequency=often, silenced=[]))
        network.people[person.email] = (person.id, entity_id, until)
    activities = []
    for place in range(len(entities)):
        made = Activity(title=f"Activity {place}", status=Status.ONGOING, is_joint=True)
        db.session.add(made)
        db.session.flush()
        for position, entity_id in enumerate((entities[place], entities[(place + 1) % len(entities)])):
            db.session.add(
                ActivityEntity(
                    activity_id=made.id, entity_id=entity_id, is_lead=position == 0,
                    participation=Participation.CONFIRMED,
                )
            )  # fmt: skip
        activities.append(made.id)
    db.session.commit()
    return network, activities, entities


def add_change(network: Network, mark: str, kind: str, number: int, parts: set[int], at: datetime, fields: object,
               dice: random.Random) -> None:  # fmt: skip
    by = dice.choice([None, *(person_id for person_id, _entity, _until in network.people.values())])
    change = Change(record_type=kind, record_id=number, record_version=1, action=Action.CHANGED, at=at, by_id=by,
                    by_name=mark, fields=fields, reason="")  # fmt: skip
    db.session.add(change)
    network.parts[mark], network.by[mark], network.at[mark] = parts, by, at


def add_move(network: Network, mark: str, entity_id: int, at: datetime, day: date, dice: random.Random) -> None:
    """An event of tomorrow that was to be a week later."""
    soon = ImpreciseDate.day(day + timedelta(days=1))
    event = Event(uid=f"{mark}@example.org", title=f"Meeting {mark}", kind=EventKind.TRAINING,
                  status=EventStatus.CONFIRMED, first_day=soon.first, last_day=soon.first)  # fmt: skip
    event.segments = [Segment(number=1, start=soon, end=soon)]
    event.organisations = [EventOrganisation(organisation_id=entity_id, part=Part.ORGANISER, position=0)]
    db.session.add(event)
    db.session.flush()
    later = ImpreciseDate.day(day + timedelta(days=8)).code
    fields = {"segments": [[[later, later, None, None, []]], [[soon.code, soon.code, None, None, []]]]}
    add_change(network, mark, "event", event.id, {entity_id}, at, fields, dice)


def live_a_day(
    network: Network, day: date, what: list[str], activities: list[int], entities: list[int], dice: random.Random
) -> None:
    """What happens on one day, at noon."""
    at = noon(day)
    for email in dice.sample(list(network.people), 2) if what else []:
        mark = f"L{len(network.letters)}"
        letter = MailContent(f"Letter {mark}", "Dear all,", ("Come.",))
        write(db.session, mark, to_address=email, to_name="P", letter=letter, at=at, kind=MailKind.NOTICES)
        network.letters[mark] = email
    for mark in what:
        place = dice.randrange(len(entities))
        parts = {entities[place], entities[(place + 1) % len(entities)]}
        if mark.startswith("C"):
            add_change(network, mark, "activity", activities[place], parts, at, {"title": ["a", "b"]}, dice)
        elif mark.startswith("M"):
            add_move(network, mark, entities[place], at, day, dice)
        else:
            writer = db.session.get_one(Person, dice.choice(list(network.people.values()))[0])
            entity = db.session.get_one(Organisation, entities[place])
            subject = Subject(SubjectKind.ACTIVITY, activities[place], version=1)
            write_remark(db.session, subject, f"Remark {mark}", Addressed([entity]), by=writer, at=at)
            network.parts[mark], network.by[mark], network.at[mark] = {entity.id}, writer.id, at
    db.session.commit()


def tick(app: Flask, at: datetime) -> None:
    """What the scheduler does, in its order."""
    day = at.astimezone(VIENNA).date()
    if day.day == 1:
        open_cycle(db.session, f"{day:%Y-%m}", at=at, zone=VIENNA, by=None)
    write_due_reminders(db.session, at=at, sender=Sender("http://localhost", VIENNA))
    write_urgent(db.session, at=at)
    write_due_digests(db.session, at=at)
    db.session.commit()
    send_outbox(db.session, settings_for(app, 9), clock=lambda: at)
    db.session.rollback()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What is handed to the mail server; now and then that is away."""
    arrived = Told()
    dice = random.Random(7)
    clock = {"at": noon(BEGIN)}

    def deliver(_self: object, message: OutboxMessage, _unsubscribe: str = "") -> None:
        if dice.random() < 0.03:
            raise OSError("away")
        to, day = message.to_address, clock["at"].astimezone(VIENNA).date()
        if message.leaves_alone:
            arrived.urgent[to].update(MARK.findall(message.subject))
            return
        arrived.mails[to, day] += 1
        marks = [
            *MARK.findall(message.subject),
            *(mark for mark in MARK.findall(message.text) if mark not in message.subject),
        ]
        arrived.marks[to].update(marks)
        arrived.days |= {(to, mark): day for mark in marks}

    monkeypatch.setattr(sending.SmtpSender, "deliver", deliver)
    monkeypatch.setattr(digest, "LISTED", 10_000)
    arrived.clock = clock  # type: ignore[attr-defined]
    return arrived


def plan(dice: random.Random) -> dict[int, list[str]]:
    """The marks of what happens, by day."""
    marks = [f"C{n}" for n in range(SIZE.changes)] + [f"R{n}" for n in range(SIZE.remarks)]
    found: dict[int, list[str]] = defaultdict(list)
    for mark in [*marks, *(f"M{n}" for n in range(SIZE.moves))]:
        found[dice.randrange(1, SIZE.days - 1)].append(mark)
    return found


@pytest.mark.slow
def test_a_year_of_mails(app: Flask, told: Told) -> None:
    if not WHOLE and db_is_postgresql(app):
        pytest.skip("one database will do for a few weeks")
    dice = random.Random(30)
    with app.app_context():
        network, activities, entities = build(dice)
        days = plan(dice)
        for number in range(SIZE.days):
            day = BEGIN + timedelta(days=number)
            live_a_day(network, day, days[number], activities, entities, dice)
            for hour in (6, 13, 22) if WHOLE else (6, 13):
                at = told.clock["at"] = noon(day, hour)  # type: ignore[attr-defined]
                if hour < 12 or days[number]:
                    tick(app, at)
        db.session.close()
    check(network, told)


def db_is_postgresql(app: Flask) -> bool:
    return app.extensions["interagency_settings"].database_url.startswith("postgresql")


def check(network: Network, told: Told) -> None:
    assert max(told.mails.values()) == 1, "at most one mail a person and day"
    last_digest = BEGIN + timedelta(days=SIZE.days - 35)
    seen = Counter[str]()
    for email, (_person_id, _entity_id, until) in network.people.items():
        for mark, at in network.at.items():
            day, concerned = at.astimezone(VIENNA).date(), network.concerns(mark, email)
            times = told.marks[email][mark]
            if mark.startswith("M"):
                may = concerned and (until is None or day <= until)
                assert told.urgent[email][mark] == may, (email, mark, "an event that moves is told at once, once")
                # The digest lists the meeting among what comes, and no change of it again.
                continue
            assert times <= concerned, (email, mark, times)
            if until is not None and times:
                assert told.days[email, mark] <= until, (email, mark, "told after the right had ended")
            if concerned and until is None and day < last_digest:
                assert times == 1, (email, mark, day)
                seen[mark[0]] += 1
    for mark, email in network.letters.items():
        if network.people[email][2] is None and int(mark[1:]) < len(network.letters) - 10:
            assert told.marks[email][mark] == 1, (email, mark, "a letter waits for the next mail, and is in one")
    assert seen["C"] > SIZE.changes / 2
    assert seen["R"] > SIZE.remarks / 2
