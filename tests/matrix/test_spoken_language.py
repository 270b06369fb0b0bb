"""What is said to one person is in their language: refusals, answers to files, and mails, without a word of English."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict

from interagency.accounts import links, second_factor
from interagency.accounts.models import LinkPurpose, Person, Role
from interagency.accounts.passwords import problem_with
from interagency.calendar.events.lines import read_link
from interagency.calendar.events.recurrence_rules import check_rule
from interagency.calendar.incoming.comparing import Importer
from interagency.calendar.incoming.comparing import compared as compared_calendar
from interagency.db.base import db
from interagency.exports.columns import MATRIX
from interagency.exports.incoming.apply import compared
from interagency.exports.incoming.compare import Rights
from interagency.exports.incoming.opening import FileNotRead
from interagency.mail.models import OutboxMessage
from interagency.matrix.activities.figures import read_figure
from interagency.matrix.activities.filters import read_filters
from interagency.matrix.cycles.answers import cycle_for_answer
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.models import Answer, AnswerKind, Cycle
from interagency.matrix.cycles.months import read_month
from interagency.matrix.cycles.reminders import Sender, announce_edition, write_due_reminders, write_returned
from interagency.matrix.desk.notices import Letter, Recipient, send_notice, state_of_months
from interagency.matrix.framework.names import NotUnderstood, gazetteer, read_chapter, read_code
from interagency.matrix.organisations.directory import Act
from interagency.matrix.organisations.merging import propose
from interagency.matrix.organisations.queries import Directory
from interagency.matrix.remarks.addressing import Addressed
from interagency.matrix.remarks.models import SubjectKind
from interagency.matrix.remarks.record import Subject, write_remark
from interagency.text.kept import in_readers_words
from interagency.text.typed_dates import read_date, read_one_day
from tests.matrix.conftest import VIENNA, Clock
from tests.pseudo import PSEUDO, bare, bare_words, speaking_pseudo, write_in_greek

pytestmark = [pytest.mark.one_database]
BASE = "http://localhost"
NOON = datetime(2026, 8, 20, 10, tzinfo=UTC)
# What people wrote stands in Greek; these are names, formats and titles of columns.
KNOWN = (
    "Vienna Europe UTC MB xlsx xls xlsb csv ics CSV ID UID BYDAY BYSETPOS UNGASS SDG UN UNGA",
    *(one.title for one in MATRIX),
)
REFUSED: list[Callable[[], object]] = [
    lambda: read_date("φφφ"),
    lambda: read_date("1" * 99),
    lambda: read_date("30.02.2017"),
    lambda: read_date("05/06/2016"),
    lambda: read_date("2016-13"),
    lambda: read_date("5.6.16"),
    lambda: read_date("1.1.2500"),
    lambda: read_one_day("2016"),
    lambda: read_code("8(α)"),
    lambda: read_code("1(s)"),
    lambda: read_chapter("φ"),
    lambda: gazetteer(db.session).country("φ"),
    lambda: gazetteer(db.session).region("φ"),
    lambda: Directory(db.session).find("φ"),
    lambda: read_month("φ"),
    lambda: read_month("1999-01"),
    lambda: read_figure("φ"),
    lambda: read_figure("34.000 φ"),
    lambda: read_figure("5-6 φ"),
    lambda: read_link("φ"),
    lambda: check_rule(date(2026, 9, 7), "FREQ=WEEKLY;COUNT=0"),
    lambda: check_rule(date(2026, 9, 7), "FREQ=HOURLY"),
    lambda: cycle_for_answer(db.session, "2026-07", Directory(db.session).find("who"), date(2026, 7, 1)),
    lambda: links.invite(db.session, "φ", "φ", Role.READER, base_url=BASE, at=NOON, by=None),
]


def english(text: object) -> list[str]:
    return bare(str(text), KNOWN)


def test_refusals_are_said_in_the_language_of_the_reader(sqlite_app: Flask) -> None:
    said = {}
    with speaking_pseudo(sqlite_app), sqlite_app.app_context(), force_locale(PSEUDO):
        for place, refused in enumerate(REFUSED):
            with pytest.raises((ValueError, LookupError)) as caught:
                refused()
            said[place] = (str(caught.value), english(caught.value))
        filters = read_filters(
            db.session, MultiDict([("status", "φ"), ("year", "φ"), ("sdg", "φ"), ("region", "φ"), ("also", "φ")])
        )
        said |= {one: (one, english(one)) for one in filters.problems}
        said |= {password: (problem_with(password), english(problem_with(password))) for password in ("x", "1" * 12)}
        kept = ("command line", "Import 12", "Import 12 undone", "Merged into record 3, “φ”.")
        said |= {one: (in_readers_words(one), english(in_readers_words(one))) for one in kept}
    assert all(text for text, _words in said.values())
    assert {key: value for key, value in said.items() if value[1]} == {}
    assert in_readers_words("Import 12 of my own") == "Import 12 of my own"
    with sqlite_app.app_context(), pytest.raises(NotUnderstood, match="is not a chapter"):
        read_chapter("φ")


ICS = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
SUMMARY:φ
DTSTART:20260907T100000
CLASS:PRIVATE
RRULE:FREQ=WEEKLY;COUNT=3
EXDATE:20260914T100000
END:VEVENT
BEGIN:VEVENT
UID:2@χ
DTSTART:φ
END:VEVENT
BEGIN:VEVENT
UID:3@χ
SUMMARY:φ
DTSTART:20260907
DTEND:20260901
END:VEVENT
BEGIN:VEVENT
UID:4@χ
SUMMARY:φ
DTSTART;TZID=φ:20260907T100000
RRULE:FREQ=HOURLY
END:VEVENT
BEGIN:VEVENT
UID:5@χ
SUMMARY:φ
DTSTART:20260907T100000Z
RRULE:FREQ=HOURLY
END:VEVENT
END:VCALENDAR
"""
CSV = """ID,Version,Title,Status,Begins,Recommendations,Lead entity,Φφ,Joint,Roles of entities
,,φ,φφφ,05/06/2016,1(s); 8(a),φ,χ,yes,φ
7777,1,φ,,,,,,,
φ,,φ,,,,,,,
,,,ongoing,,,,,,
,,φ,ongoing,,,,,,
"""


def test_answers_to_files_are_in_the_language_of_who_sent_them(sqlite_app: Flask) -> None:
    with speaking_pseudo(sqlite_app), sqlite_app.app_context(), force_locale(PSEUDO):
        calendar = compared_calendar(
            db.session, ICS.replace("\n", "\r\n").encode(), "φ.ics", Importer(None, (), None), "Europe/Vienna"
        )
        said = [
            text
            for item in calendar.result["items"]
            for text in (item["when"], item.get("reason", ""), item.get("conflict", ""), *item["notes"])
        ]
        assert sum(map(bool, said)) > 7
        matrix = compared(db.session, CSV.encode(), "φ.csv", Rights(None, ()))
        rows = matrix.preview["rows"]
        said += [text for row in rows for text in (row["reason"], *row["notes"])] + matrix.preview["notes"]
        said += [cell["reason"] for row in rows for cell in row["cells"]]
        assert sum(map(bool, said)) > 15
        with pytest.raises(FileNotRead) as caught:
            compared(db.session, b"", "φ.xlsx", Rights(None, ()))
        said.append(str(caught.value))
    assert {text: words for text in said if (words := english(text))} == {}


def write_all(clock: Clock) -> None:
    """Every kind of mail, to people of whom each has chosen the language."""
    db.session.execute(sa.update(Person).values(language=PSEUDO))
    session, at, sender = db.session, clock(), Sender(BASE, VIENNA)
    person = session.scalars(sa.select(Person).where(Person.email == "who@example.org")).one()
    coordinator = session.scalars(sa.select(Person).where(Person.role == Role.COORDINATOR)).first()
    who = Directory(session).find("who")
    cycle = session.get_one(Cycle, "2026-08")
    for days in (0, 13, 16, 17):  # opened, soon, on the day, late
        write_due_reminders(session, at=at + timedelta(days=days), sender=sender)
    answer = Answer(
        cycle_month=cycle.month, entity_id=who.id, kind=AnswerKind.NOTHING, signed_by_id=person.id, signed_at=at,
        ended_at=at,
    )  # fmt: skip
    session.add(answer)
    session.flush()
    subject = Subject(SubjectKind.ANSWER, answer.id)
    answer.returned_with = write_remark(session, subject, "φ", Addressed(entities=[who]), by=coordinator, at=at)
    write_returned(session, cycle, who, [person], answer, at=at, sender=sender)
    write_due_reminders(session, at=at + timedelta(days=18), sender=sender)
    for purpose in LinkPurpose:
        links.make_link(session, person, purpose, base_url=BASE, at=at, by=coordinator)
    second_factor.turn_off(person, by=None, at=at)
    propose(session, Act(person, clock().date()), "φφφ χχχ")
    letter = Letter("φ", "φ", state_of_months(session, at), coordinator)
    send_notice(session, letter, [Recipient(person, [who])], at=at)
    session.commit()  # the closing takes a transaction of its own
    close_cycle(
        session,
        cycle.month,
        by=coordinator,
        at=at + timedelta(days=30),
        zone=VIENNA,
        announce=partial(announce_edition, sender=sender),
    )


def test_mails_are_in_the_language_of_who_receives_them(
    sqlite_app: Flask, clock: Clock, open_month: Callable[..., None]
) -> None:
    open_month()
    with sqlite_app.app_context():
        write_in_greek(db.session)
    with speaking_pseudo(sqlite_app), sqlite_app.test_request_context():
        write_all(clock)
        mails = list(db.session.scalars(sa.select(OutboxMessage)))
        kinds = {mail.dedupe_key.partition("/")[0] for mail in mails}
        assert kinds == {
            "reminder",
            "returned",
            "edition",
            "invitation",
            "reset",
            "second_factor",
            "organisations",
            "notice",
        }
        for mail in mails:
            assert english(mail.subject) == english(mail.text) == [], (mail.subject, mail.text)
            assert bare_words(mail.html, KNOWN) == []
            assert f'<html lang="{PSEUDO}" dir="rtl">' in mail.html
        before = len(mails)
        db.session.execute(sa.update(Person).values(language=""))
        db.session.expire_all()
        with force_locale(PSEUDO):  # a coordinator's page: who chose no language is not written to in theirs
            second_factor.turn_off(db.session.scalars(sa.select(Person)).first(), by=None, at=clock())
        last = list(db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id)))[before]
        assert last.subject == "Your second factor was turned off" and '<html lang="en" dir="ltr">' in last.html
