"""The sheets of the workbook beside Matrix and Calendar: what each shows, as columns over rows.

Most rows are told only after the activities passed by on their way into Matrix: they are made when they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from interagency.calendar.events import fields as event_fields
from interagency.exports.columns import Cell, Column, joined
from interagency.exports.gathering import Gathered, OnOne
from interagency.exports.rows.cells import Band
from interagency.exports.snapshot import Snapshot
from interagency.matrix.activities.labels import field_labels
from interagency.matrix.cycles.differences import Kind, RecordChange
from interagency.matrix.cycles.standing import unanswered_of
from interagency.matrix.framework.file_words import in_words
from interagency.matrix.framework.models import ROMAN


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its title, its columns, its rows, and the first column that scrolls.

    A `banded` one is for paper: its rows may be bands, and it is no table to sort and filter. Columns beyond `pages`
    side by side are not for paper.
    """

    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Any]
    freeze: str = "B2"
    heading: str = ""
    banded: bool = False
    pages: int = 9


def _at(place: int) -> Callable[[Sequence[Cell]], Cell]:
    return lambda row: row[place]


def chapter_name(numeral: str) -> str:
    """What the sheet of a chapter is called."""
    return in_words("Chapter {}").format(numeral)


def _columns(*described: tuple[str, int, str]) -> tuple[Column, ...]:
    """Columns over rows that are tuples: `(title, width, kind)` in their order."""
    return tuple(Column(title, _at(place), width, kind) for place, (title, width, kind) in enumerate(described))


def chapter_sheets(picture: Snapshot, gathered: Gathered) -> list[Sheet]:
    """One sheet per chapter, also when empty: each activity once, under the section of its first recommendation."""
    titles = {chapter["number"]: chapter["title"] for chapter in picture.contents["chapters"]}
    columns = _columns(
        ("Recommendations", 17, "text"),
        ("Activity", 40, "text"),
        ("Entities", 15, "text"),
        ("Partners", 18, "text"),
        ("Status", 11, "text"),
        ("When", 15, "text"),
        ("Where", 18, "text"),
        ("Results and figures", 30, "text"),
    )
    headings = {
        number: _("Chapter %(roman)s: %(title)s", roman=ROMAN[number], title=titles[number]) for number in range(1, 8)
    }
    return [
        Sheet(
            chapter_name(ROMAN[number]),
            columns,
            _under_bands(heading, gathered.chapter(number)),
            freeze="C2",
            heading=heading,
            banded=True,
        )
        for number, heading in headings.items()
    ]


def _under_bands(heading: str, rows: Iterable[list[Cell]]) -> Iterator[Sequence[Cell] | Band]:
    """The rows of a chapter, each `[section, *cells]`, without the section: it stands once above those it holds."""
    yield Band(heading)
    before = ""
    for section, *cells in rows:
        if section != before:
            yield Band(str(section) or in_words("Without a section"))
        before = str(section)
        yield cells


def recommendations_sheet(picture: Snapshot, gathered: Gathered) -> Sheet:
    """All 103 recommendations with how much is done on each; gaps visible."""
    columns = _columns(
        ("Recommendation", 15, "text"),
        ("Chapter", 9, "text"),
        ("Section", 24, "text"),
        ("Working title", 38, "text"),
        ("Activities", 10, "number"),
        ("Joint", 8, "number"),
        ("Entities", 9, "number"),
        ("Which entities", 20, "text"),
        ("Countries", 10, "number"),
        ("Gap", 13, "text"),
    )
    return Sheet("Recommendations", columns, _recommendation_rows(picture, gathered))


def _recommendation_rows(picture: Snapshot, gathered: Gathered) -> Iterator[tuple[Cell, ...]]:
    for code, one in sorted(picture.contents["recommendations"].items(), key=lambda pair: pair[1]["position"]):
        done = gathered.on.get(code, OnOne())
        yield (
            code,
            ROMAN[one["chapter"]],
            one["section"],
            one["title"],
            done.activities,
            done.joint,
            len(done.entities),
            joined(picture.words.organisations.get(key, key) for key in done.entities),
            len(done.countries),
            "" if done.activities else in_words("no activity"),
        )


def who_does_what_sheet(picture: Snapshot, gathered: Gathered) -> Sheet:
    """Entities by chapters: how many activities. The last column counts each activity once."""
    columns = _columns(
        ("Entity", 18, "text"),
        *((ROMAN[number], 8, "number") for number in range(1, 8)),
        ("No chapter", 11, "number"),
        ("Activities in all", 15, "number"),
    )
    return Sheet("Who does what", columns, _entity_rows(picture, gathered))


def _entity_rows(picture: Snapshot, gathered: Gathered) -> Iterator[tuple[Cell, ...]]:
    organisations, counts = picture.contents["organisations"], gathered.by_entity
    for key in sorted(counts, key=lambda key: (organisations.get(key, {}).get("position", 9999), key)):
        one = counts[key]
        yield (picture.words.organisations.get(key, key), *one[1:8], one[0], one[8])


def by_recommendation_sheet(picture: Snapshot, gathered: Gathered) -> Sheet:
    """One row per activity and recommendation, for pivot tables."""
    known = picture.contents["recommendations"]
    rows = (
        (number, title, code, ROMAN[known[code]["chapter"]], known[code]["section"], joint, status)
        for number, title, joint, status, codes, _countries in gathered.pairs()
        for code in codes
    )
    columns = _columns(
        ("ID", 7, "number"),
        ("Title", 60, "text"),
        ("Recommendation", 16, "text"),
        ("Chapter", 9, "text"),
        ("Section", 40, "text"),
        ("Joint", 11, "text"),
        ("Status", 12, "text"),
    )
    return Sheet("Activity x recommendation", columns, rows)


def by_country_sheet(picture: Snapshot, gathered: Gathered) -> Sheet:
    """One row per activity, country and role, for pivot tables."""
    names = picture.words.countries
    rows = (
        (number, title, names.get(code, code), code, picture.words.role(role), joint, status)
        for number, title, joint, status, _codes, countries in gathered.pairs()
        for code, role in countries
    )
    columns = _columns(
        ("ID", 7, "number"),
        ("Title", 60, "text"),
        ("Country", 34, "text"),
        ("ISO 3166", 10, "text"),
        ("Role", 13, "text"),
        ("Joint", 11, "text"),
        ("Status", 12, "text"),
    )
    return Sheet("Activity x country", columns, rows)


def changes_sheet(picture: Snapshot) -> Sheet:
    """What became of each record since the edition before: one row per record, or per field that changed."""
    columns = _columns(
        ("Record", 10, "text"),
        ("ID", 7, "number"),
        ("Title", 36, "text"),
        ("Became", 18, "text"),
        ("Field", 20, "text"),
        ("Was", 40, "text"),
        ("Is", 40, "text"),
    )
    return Sheet("Changes", columns, _change_rows(picture), freeze="D2")


def _change_rows(picture: Snapshot) -> Iterator[tuple[Cell, ...]]:
    for name, label, headings, say in (
        ("activities", in_words("activity"), field_labels(), picture.words.say),
        ("event", in_words("event"), event_fields.labels(), partial(event_fields.say, picture.words)),
    ):
        found = picture.changes.get(name)
        if found is None:
            continue
        for record in found.of(Kind.NEW, Kind.REAPPEARED, Kind.GONE):
            yield (label, record.id, record.title, _became(record), "", "", "")
        for record in found.of(Kind.ENDED, Kind.CHANGED):
            for field, (was, now) in record.fields.items():
                if field in headings:
                    before, after = say(field, was), say(field, now)
                    yield (label, record.id, record.title, _became(record), headings[field], before, after)


def _became(record: RecordChange) -> str:
    if record.merged_into is not None:
        return str(_("merged into %(record)s", record=record.merged_into))
    return in_words(record.kind.value)


def answers_sheet(picture: Snapshot, zone: ZoneInfo) -> Sheet:
    """What each entity answered for the month, and how those stand who have no answer."""
    rows: list[tuple[Cell, ...]] = []
    for answer in picture.contents.get("answers", []):
        signed = datetime.fromisoformat(answer["signed_at"]).astimezone(zone)
        rows.append(
            (
                picture.words.organisations.get(answer["entity"], answer["entity"]),
                in_words(answer["kind"]),
                f"{signed:%Y-%m-%d %H:%M}",
                in_words("late" if answer["late"] else "on time"),
                in_words("on behalf") if answer["on_behalf"] else "",
                answer["comment"],
            )
        )
    rows += [
        (picture.words.organisations.get(key, key), in_words(state.value), "", "", "", "")
        for state, keys in unanswered_of(picture.contents)
        for key in keys
    ]
    columns = _columns(
        ("Entity", 18, "text"),
        ("Answer", 22, "text"),
        (f"{in_words('Signed')} ({zone.key})", 24, "text"),
        ("In time", 10, "text"),
        ("By a coordinator", 16, "text"),
        ("Comment", 60, "text"),
    )
    return Sheet("Answers", columns, rows)
