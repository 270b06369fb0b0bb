"""Nothing that one person sends keeps the others waiting: what reads text takes time in step with its length.

A reader that takes a step for each two signs takes five hundred million steps for these texts: it ends in seconds at
the earliest, one that takes a step for each sign in milliseconds. The limits lie far from both, and count the
processor's time of this process alone.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

import interagency
from interagency.accounts.models import Person
from interagency.calendar.events import lines
from interagency.calendar.events.planning import read_plan
from interagency.calendar.events.queries import read_event_filters
from interagency.calendar.events.recurrence_rules import parts_of
from interagency.calendar.incoming.lines import FileBlocks, read_duration, read_moment
from interagency.calendar.incoming.reading import read_ics
from interagency.calendar.invitations.inviting import read_addresses
from interagency.calendar.invitations.mails import read_mail
from interagency.calendar.invitations.replies import read_replies
from interagency.db.base import db
from interagency.exports.embedding.embeds import read_site, read_sites
from interagency.exports.external.reading import read_choice
from interagency.exports.incoming import headers, lists, marks, opening, reading
from interagency.exports.incoming.cells import ALL_PARTS
from interagency.exports.incoming.values import CellReader
from interagency.following import saved_views
from interagency.following.models import ViewKind
from interagency.mail.silencing import read_silence_token
from interagency.matrix.activities import fields
from interagency.matrix.activities.figure_parts import read_brackets, read_kind
from interagency.matrix.activities.figures import read_figure
from interagency.matrix.activities.filters import NAMES, read_filters
from interagency.matrix.activities.models import FigureKind
from interagency.matrix.activities.state.country_statuses import read_status
from interagency.matrix.cycles.months import read_month
from interagency.matrix.framework import names
from interagency.matrix.framework.resolution import read_resolution
from interagency.matrix.needs.listing import NAMES as NEED_NAMES
from interagency.matrix.needs.listing import read_need_filters
from interagency.matrix.organisations import directory, documents, naming
from interagency.matrix.organisations.country_readers import read_countries
from interagency.matrix.organisations.models import OrganisationKind
from interagency.matrix.organisations.queries import Directory
from interagency.matrix.overlaps.listing import read_key
from interagency.matrix.remarks.addressing import read_addressed
from interagency.matrix.remarks.record import read_text
from interagency.operations import logs
from interagency.operations.audit import read_wanted
from interagency.search.everything import read_question
from interagency.search.marks import excerpt, marked
from interagency.text import dates_in_english, folding, repeat_words, typed_dates
from interagency.text.dates import ImpreciseDate
from interagency.text.languages import best_language
from interagency.text.lines import MAX_LINE_LENGTH, split_lines, split_outside_brackets
from interagency.text.links import linked
from interagency.text.zones import zone_named
from interagency.web.context import settings
from tests.attack.growth import TooSlow, near_matches, processor_seconds, texts

PACKAGE = Path(interagency.__file__).parent
# What grows faster takes many times as long.
PATTERN_SIGNS, PATTERN_SECONDS = 32_000, 1
READER_SECONDS = 2
TERMS = ("a*", "1*", "x")


def each_line(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """As a field of several lines is read."""

    def read_all(text: str) -> None:
        for line in split_lines(text):
            read(line)

    return read_all


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _in_ics(text: str) -> None:
    lines_of_it = text.replace("\n", "\r\n ")
    kinds = "".join(
        f"BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261012T120000\r\n{name}:{lines_of_it}\r\nEND:VEVENT\r\n"
        for name in ("SUMMARY", "RRULE", "EXDATE", "RDATE", "DTEND", "CATEGORIES", "URL", "DURATION", "UID;X")
    )
    read_ics(f"BEGIN:VCALENDAR\r\n{kinds}END:VCALENDAR\r\n".encode("utf-8", "replace"), "Europe/Vienna")


def _in_mail(text: str) -> None:
    """As each line of a head, in its parameters, and as the text and the calendar of a mail."""
    line = " ".join(text.split())
    names = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Delivered-To", "Content-Disposition")
    head = "".join(f"{name}: {line}\r\n" for name in names)
    for kind in ("text/plain", "text/html", "text/calendar", f'text/calendar; charset="{line}"', line):
        read_mail(f"{head}Content-Type: {kind}\r\n\r\n{text}".encode("utf-8", "replace"))


def _in_reply(text: str) -> None:
    lines_of_it = text.replace("\n", "\r\n ")
    names = ("UID", "ATTENDEE", "ATTENDEE;CN", "ORGANIZER", "COMMENT", "SEQUENCE", "DTSTAMP", "RECURRENCE-ID", "DTEND")
    inner = "".join(f"{name}:{lines_of_it}\r\n" for name in names)
    event = f"BEGIN:VEVENT\r\nDTSTART:20261012T120000Z\r\n{inner}END:VEVENT\r\n"
    read_replies(
        f"BEGIN:VCALENDAR\r\nMETHOD:COUNTER\r\n{event}END:VCALENDAR\r\n".encode("utf-8", "replace"), "Europe/Vienna"
    )


# Each function that reads text of others, by the place it stands at; what it may raise is ValueError.
PLAIN: dict[str, Callable[[str], Any]] = {
    "text.typed_dates.read_date": typed_dates.read_date,
    "text.typed_dates.read_one_day": lambda text: typed_dates.read_one_day(text, not_before=date(2026, 11, 1)),
    "text.dates.from_code": ImpreciseDate.from_code,
    "text.lines.split_lines": split_lines,
    "text.lines.split_outside_brackets": split_outside_brackets,
    "text.dates_in_english.in_english": dates_in_english.in_english,
    "text.languages.best_language": best_language,
    "text.folding.clean": folding.clean,
    "text.folding.fold": folding.fold,
    "text.folding.name_key": folding.name_key,
    "text.folding.search_text": folding.search_text,
    "text.folding.search_terms": folding.search_terms,
    "text.zones.zone_named": zone_named,
    "calendar.events.lines.read_segment": lines.read_segment,
    "calendar.events.lines.read_day": lines.read_day,
    "calendar.events.lines.read_link": lines.read_link,
    "calendar.events.lines.read_number": lines.read_number,
    "calendar.events.lines.plain": lines.plain,
    "calendar.events.lines.split_days": lines.split_days,
    "exports.embedding.embeds.read_site": each_line(read_site),
    "exports.embedding.embeds.read_sites": read_sites,
    "exports.external.reading.read_choice": lambda text: read_choice(
        {"chapters": [{"numeral": "I"}], "activities": []}, {"country": text, "chapter": text, "q": text}
    ),
    "calendar.events.lines.says_not_known": lines.says_not_known,
    "text.repeat_words.read_days_of_rule": repeat_words.read_days_of_rule,
    "text.repeat_words.read_months": repeat_words.read_months,
    "calendar.events.planning.read_plan": lambda text: read_plan(
        {"segments": text, "timezone": text, "repeats": "weekly", "repeat_until": text, "city": text}
    ),
    "calendar.events.recurrence_rules.parts_of": parts_of,
    "calendar.incoming.lines.FileBlocks": lambda text: FileBlocks(_bytes(f"BEGIN:VCALENDAR\n{text}")),
    "calendar.incoming.lines.read_moment": read_moment,
    "calendar.incoming.lines.read_duration": read_duration,
    "calendar.incoming.reading.read_ics": _in_ics,
    "calendar.invitations.inviting.read_addresses": read_addresses,
    "calendar.invitations.mails.read_mail": _in_mail,
    "calendar.invitations.replies.read_replies": _in_reply,
    "exports.incoming.reading.read_table": lambda text: reading.read_table(
        f"Title;Begins\n{text}\n".encode("utf-8", "replace"), "a.csv"
    ),
    "matrix.framework.resolution.read_resolution": lambda text: read_resolution(
        text.encode("utf-8", "replace"), "a.txt"
    ),
    "exports.incoming.opening.read_sheets": lambda text: opening.read_sheets(text.encode("utf-8", "replace"), "a.csv"),
    "exports.incoming.headers.guess": lambda text: headers.guess(headers.heading_of(text)),
    "exports.incoming.headers.is_tag": headers.is_tag,
    "exports.incoming.lists.lines_of": lists.lines_of,
    "exports.incoming.lists.separated": lambda text: lists.separated(text, lambda _name: False),
    "exports.incoming.lists.several_codes": lists.several_codes,
    "exports.incoming.marks.error_in": marks.error_in,
    "exports.incoming.marks.shown_precision": marks.shown_precision,
    "matrix.activities.state.country_statuses.read_status": read_status,
    "matrix.activities.figure_parts.read_brackets": lambda text: read_brackets(
        f"({text[:MAX_LINE_LENGTH]})", FigureKind.TARGET
    ),
    "matrix.activities.figure_parts.read_kind": read_kind,
    "matrix.activities.figures.read_figure": read_figure,
    "matrix.cycles.months.read_month": read_month,
    "matrix.framework.names.read_code": names.read_code,
    "matrix.framework.names.read_chapter": names.read_chapter,
    "matrix.framework.names.query_terms": names.query_terms,
    "matrix.framework.names.code_problem": names.code_problem,
    "matrix.organisations.naming.read_name": naming.read_name,
    "matrix.organisations.naming.read_acronym": naming.read_acronym,
    "matrix.organisations.naming.read_language": naming.read_language,
    "matrix.organisations.directory.read_kind": directory.read_kind,
    "matrix.overlaps.listing.read_key": read_key,
    "matrix.remarks.record.read_text": read_text,
    "following.saved_views.read_name": saved_views.read_name,
    "mail.silencing.read_silence_token": lambda text: read_silence_token(settings(), text),
    "text.links.linked": linked,
    "operations.audit.read_wanted": lambda text: read_wanted(MultiDict({"who": text, "first": text, "last": text})),
    "operations.logs.redact": logs.redact,
    "operations.logs.format_traceback": lambda text: logs.format_traceback(ValueError(text)),
    "search.everything.read_question": read_question,
    "search.marks.marked": lambda text: marked(text[: fields.TITLE_LENGTH], TERMS),
    "search.marks.excerpt": lambda text: excerpt(text, TERMS),
}  # fmt: skip


def with_database() -> dict[str, Callable[[str], Any]]:
    """Those that look up what is in the database, which is read once."""
    places, cells, known_names = names.gazetteer(db.session), CellReader(db.session), Directory(db.session)
    known = names.sections(db.session)
    return {
        "matrix.framework.names.country": places.country,
        "matrix.framework.names.region": places.region,
        "matrix.framework.names.read_section": lambda text: names.read_section(known, text),
        "matrix.organisations.queries.find": known_names.find,
        "matrix.remarks.addressing.read_addressed": lambda text: read_addressed(
            db.session, [text], text, date(2026, 11, 1)
        ),
        "following.saved_views.read_query": lambda text: saved_views.read_query(
            db.session, ViewKind.ACTIVITIES, f"q={text}&country={text}&{text}"
        ),
        "following.saved_views.read_scope": lambda text: saved_views.read_scope(text, Person(id=1), []),
        "matrix.organisations.directory.read_country": lambda text: directory.read_country(
            db.session, text, OrganisationKind.GOVERNMENT
        ),
        "matrix.organisations.documents.read": documents.DocumentReader(known_names).read,
        "calendar.events.queries.read_event_filters": lambda text: read_event_filters(
            db.session, MultiDict([(name, text) for name in ("kind", "status", *NAMES)])
        ),
        "matrix.needs.listing.read_need_filters": lambda text: read_need_filters(
            db.session, MultiDict([(name, text) for name in NEED_NAMES])
        ),
        "matrix.organisations.country_readers.read_countries": lambda text: read_countries(db.session, text),
        "matrix.activities.filters.read_filters": lambda text: read_filters(
            db.session, MultiDict([(name, text) for name in NAMES])
        ),
        **{
            f"exports.incoming.values.read {name}": (lambda text, name=name: cells.read(name, text))
            for name in ALL_PARTS
        },
    }


# Modules whose functions of that name read no text of others.
NO_TEXT = {
    "matrix.framework.load": "a file of the package",
    "sample.load": "a file of the package",
}


def _calls(read: Callable[[str], Any], text: str) -> int:
    """How many lines of Python reading `text` takes: the same on every machine."""
    number = 0

    def count(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal number
        number += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        read(text)
    except ValueError:
        pass
    finally:
        sys.settrace(before)
    return number


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every compiled pattern of the package, by module and name."""
    for module in pkgutil.walk_packages([str(PACKAGE)], "interagency."):
        if ".migrations" in module.name or module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                yield f"{module.name}.{name}", value


PATTERNS = dict(patterns())


@cache
def trees() -> list[tuple[str, ast.Module]]:
    """Every module of the package that names `re` or a function that reads: its name and what it says."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "migrations" not in path.parts and (
            "import re\n" in text or "\ndef read_" in text or "\ndef split_" in text
        ):
            found.append((".".join(path.relative_to(PACKAGE).with_suffix("").parts), ast.parse(text)))
    return found


def test_every_pattern_is_compiled_by_name() -> None:
    """So that the test below has them all."""
    wrong, compiled = [], 0
    for module, tree in trees():
        top = {id(node.value) for node in tree.body if isinstance(node, ast.Assign)}
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
                compiled += id(node) in top
                if node.func.attr != "escape" and id(node) not in top:
                    wrong.append(f"{module}:{node.lineno}")
    assert wrong == []
    assert compiled > 50
    assert compiled <= len(PATTERNS)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_takes_time_in_step_with_the_text(name: str) -> None:
    pattern = PATTERNS[name]
    slow = []
    for text in near_matches(pattern if isinstance(pattern.pattern, str) else _of_text(pattern), PATTERN_SIGNS):
        try:
            with processor_seconds(PATTERN_SECONDS):
                for _found in pattern.finditer(text if isinstance(pattern.pattern, str) else text.encode()):
                    pass
        except TooSlow:
            slow.append(f"{text[:40]!r} … {text[-4:]!r}")
    assert slow == []


def _of_text(pattern: re.Pattern[bytes]) -> re.Pattern[str]:
    return re.compile(pattern.pattern.decode("latin-1"), pattern.flags | re.ASCII)


def test_slow_patterns_are_found() -> None:
    """The attack itself is looked at: what stood here once, and the ways in which a pattern is slow."""
    for slow in (
        r"^(?P<when>.*?)[, ]+(?:at |from )?(?P<from>\d\d)-(?P<to>\d\d)$",
        r"^(?:(?P<title>.*?)\s+)?(?P<url>https?://\S+)$",
        r"[^\s@]+@[^\s@]+",
        r"^(a+)+$",
        r"^\s*(none)?\s*$",
        r"(\w+\s?)*!",
    ):
        pattern = re.compile(slow)
        with pytest.raises(TooSlow):
            for text in near_matches(pattern, PATTERN_SIGNS):
                with processor_seconds(PATTERN_SECONDS):
                    for _found in pattern.finditer(text):
                        pass


def fed(readers: dict[str, Callable[[str], Any]], every: int = 1) -> list[str]:
    """What of `readers` is too slow, and with what; each gets one of so many texts, another part than the next."""
    wrong, offered = [], list(texts())
    for number, (name, read) in enumerate(readers.items()):
        for said, text in offered[number % every :: every]:
            try:
                with processor_seconds(READER_SECONDS):
                    read(text)
            except TooSlow:
                wrong.append(f"{name}: {said}")
                break
            except ValueError as problem:
                assert str(problem), name
    return wrong


@pytest.mark.parametrize("name", PLAIN)
def test_a_reader_takes_time_in_step_with_the_text(shared_app: Flask, name: str) -> None:
    with shared_app.test_request_context():
        assert fed({name: PLAIN[name]}) == []


def test_a_reader_of_names_takes_time_in_step_with_the_text(shared_app: Flask) -> None:
    with shared_app.test_request_context():
        assert fed(with_database(), every=5) == []


def test_a_cell_of_as_many_names_as_may_be_is_read_soon(shared_app: Flask) -> None:
    """Where one name ends and the next begins is tried out: the names of a cell and of a line are counted before."""
    wrong = []
    with shared_app.test_request_context():
        cells = CellReader(db.session)
        for name in ALL_PARTS:
            for text in (("a, " * 55 + "\n") * 9, ("a and b & c / " * 18 + "\n") * 10):
                try:
                    with processor_seconds(READER_SECONDS):
                        cells.read(name, text)
                except TooSlow:
                    wrong.append((name, text[:20]))
                except ValueError:
                    pass
    assert wrong == []


@pytest.mark.parametrize("name", PLAIN)
def test_a_reader_takes_steps_in_step_with_the_text(shared_app: Flask, name: str) -> None:
    """Eight times the text, at most ten times the lines of Python."""
    wrong = []
    with shared_app.test_request_context():
        for pump in (",", "1 ", "a;\n", "(", "12 October 2026, ", "中", "e\u0301"):
            shorter, longer = (_calls(PLAIN[name], pump * number) for number in (500, 4_000))
            if longer > 10 * shorter + 2_000:
                wrong.append((pump, shorter, longer))
    assert wrong == []


def test_every_reader_is_attacked(shared_app: Flask) -> None:
    """What is called `read_…` and takes text stands in one of the lists above."""
    with shared_app.test_request_context():
        known = {name.split(" ")[0] for name in (*PLAIN, *with_database())}
    missing = []
    for module, tree in trees():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith(("read_", "split_", "parts_of")):
                name = f"{module}.{node.name}"
                takes = [ast.unparse(one.annotation) for one in node.args.args if one.annotation]
                text = {"str", "bytes", "MultiDict[str, str]", "Mapping[str, str]"} & set(takes)
                if text and name not in known and module not in NO_TEXT:
                    missing.append(name)
    assert missing == []
