"""The sheets of the workbook beside Matrix and Calendar: what each shows, as columns over rows of a picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from interagency.exports.columns import Cell, Column, joined
from interagency.exports.picture import ActivityRow, Picture
from interagency.matrix.activities.words import event_field_words, field_words
from interagency.matrix.cycles.differences import Kind
from interagency.matrix.framework.models import ROMAN


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its title, its columns, its rows, and the first column that scrolls."""

    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Any]
    freeze: str = "B2"
    heading: str = ""


def _at(place: int) -> Callable[[tuple[Cell, ...]], Cell]:
    return lambda row: row[place]


def _columns(*described: tuple[str, int, str]) -> tuple[Column, ...]:
    """Columns over rows that are tuples: `(title, width, kind)` in their order."""
    return tuple(Column(title, _at(place), width, kind) for place, (title, width, kind) in enumerate(described))


def chapter_sheets(picture: Picture) -> list[Sheet]:
    """One sheet per chapter, also when empty: each activity once, under its first recommendation there."""
    titles = {chapter["number"]: chapter["title"] for chapter in picture.contents["chapters"]}
    columns = _columns(
        ("Section", 24, "text"),
        ("Recommendations", 17, "text"),
        ("Activity", 50, "text"),
        ("Entities", 18, "text"),
        ("Partners", 22, "text"),
        ("Status", 11, "text"),
        ("When", 20, "text"),
        ("Where", 26, "text"),
        ("Results and figures", 40, "text"),
    )
    activities = picture.activities()
    return [
        Sheet(
            f"Chapter {ROMAN[number]}",
            columns,
            _chapter_rows(picture, activities, number),
            freeze="D2",
            heading=f"Chapter {ROMAN[number]}: {titles[number]}",
        )
        for number in range(1, 8)
    ]


def _chapter_rows(picture: Picture, activities: list[ActivityRow], number: int) -> Iterator[tuple[Cell, ...]]:
    """The rows of one chapter in their order, made when they are written: one chapter in memory at a time."""
    recommendations = picture.contents["recommendations"]
    rows: list[tuple[tuple[int, str, int], tuple[Cell, ...]]] = []
    for row in activities:
        if number in row.entry["chapters"]:
            codes = [code for code in row.facts["recommendations"] if recommendations[code]["chapter"] == number]
            first = recommendations[codes[0]] if codes else None
            order = (first["position"] if first else 999, row.facts["title"].casefold(), row.entry["id"])
            rows.append((order, _chapter_row(row, codes, first["section"] if first else "")))
    rows.sort(key=lambda pair: pair[0])
    yield from (cells for _order, cells in rows)


def _chapter_row(row: ActivityRow, codes: list[str], section: str) -> tuple[Cell, ...]:
    facts = row.facts
    between = " to ".join(row.words.say(name, facts[name]) for name in ("start", "end") if facts[name])
    places = [*row.countries(), *(row.words.regions.get(code, code) for code in facts["regions"])]
    told = [text for text in (facts["results"], row.words.say("figures", facts["figures"])) if text not in ("", "—")]
    return (
        section,
        joined(codes) or "none in this chapter",
        facts["title"],
        joined(row.short(key) for key in row.entities),
        joined(row.short(key) for key in facts["partners"]),
        facts["status"],
        between,
        joined(places),
        "\n".join(told),
    )


def recommendations_sheet(picture: Picture) -> Sheet:
    """All 103 recommendations with how much is done on each; gaps visible."""
    found: dict[str, list[ActivityRow]] = defaultdict(list)
    for row in picture.activities():
        for code in row.facts["recommendations"]:
            found[code].append(row)
    rows = []
    for code, one in sorted(picture.contents["recommendations"].items(), key=lambda pair: pair[1]["position"]):
        some = found.get(code, [])
        entities = list(dict.fromkeys(key for row in some for key in row.entities))
        countries = {code for row in some for code, _role in row.facts["countries"]}
        names = joined(picture.words.organisations.get(key, key) for key in entities)
        rows.append(
            (
                code,
                ROMAN[one["chapter"]],
                one["section"],
                one["title"],
                len(some),
                sum(row.entry["joint"] for row in some),
                len(entities),
                names,
                len(countries),
                "" if some else "no activity",
            )
        )
    columns = _columns(
        ("Recommendation", 15, "text"),
        ("Chapter", 9, "text"),
        ("Section", 30, "text"),
        ("Working title", 60, "text"),
        ("Activities", 10, "number"),
        ("Joint", 8, "number"),
        ("Entities", 9, "number"),
        ("Which entities", 30, "text"),
        ("Countries", 10, "number"),
        ("Gap", 13, "text"),
    )
    return Sheet("Recommendations", columns, rows)


def who_does_what_sheet(picture: Picture) -> Sheet:
    """Entities by chapters: how many activities. The last column counts each activity once."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * 9)
    for row in picture.activities():
        for key in row.entities:
            for number in row.entry["chapters"]:
                counts[key][number] += 1
            if not row.entry["chapters"]:
                counts[key][0] += 1
            counts[key][8] += 1
    organisations = picture.contents["organisations"]
    keys = sorted(counts, key=lambda key: (organisations.get(key, {}).get("position", 9999), key))
    rows = [
        (picture.words.organisations.get(key, key), *counts[key][1:8], counts[key][0], counts[key][8]) for key in keys
    ]
    columns = _columns(
        ("Entity", 18, "text"),
        *((ROMAN[number], 8, "number") for number in range(1, 8)),
        ("No chapter", 11, "number"),
        ("Activities in all", 15, "number"),
    )
    return Sheet("Who does what", columns, rows)


def by_recommendation_sheet(picture: Picture) -> Sheet:
    """One row per activity and recommendation, for pivot tables."""
    known = picture.contents["recommendations"]
    rows = (
        (
            row.entry["id"], row.facts["title"], code, ROMAN[known[code]["chapter"]], known[code]["section"],
            "joint" if row.entry["joint"] else "individual", row.facts["status"],
        )
        for row in picture.activities()
        for code in row.facts["recommendations"]
    )  # fmt: skip
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


def by_country_sheet(picture: Picture) -> Sheet:
    """One row per activity, country and role, for pivot tables."""
    rows = (
        (
            row.entry["id"], row.facts["title"], picture.words.countries.get(code, code), code, role,
            "joint" if row.entry["joint"] else "individual", row.facts["status"],
        )
        for row in picture.activities()
        for code, role in row.facts["countries"]
    )  # fmt: skip
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


def changes_sheet(picture: Picture) -> Sheet:
    """What became of each record since the edition before: one row per record, or per field that changed."""
    rows: list[tuple[Cell, ...]] = []
    for name, label, headings in (
        ("activities", "activity", field_words()),
        ("event", "event", event_field_words()),
    ):
        found = picture.changes.get(name)
        if found is None:
            continue
        for record in found.of(Kind.NEW, Kind.REAPPEARED, Kind.GONE):
            rows.append((label, record.id, record.title, record.kind.value, "", "", ""))
        for record in found.of(Kind.ENDED, Kind.CHANGED):
            for field, (was, now) in record.fields.items():
                if field in headings:
                    before, after = picture.words.say(field, was), picture.words.say(field, now)
                    rows.append((label, record.id, record.title, record.kind.value, headings[field], before, after))
    columns = _columns(
        ("Record", 10, "text"),
        ("ID", 7, "number"),
        ("Title", 50, "text"),
        ("Became", 18, "text"),
        ("Field", 20, "text"),
        ("Was", 50, "text"),
        ("Is", 50, "text"),
    )
    return Sheet("Changes", columns, rows, freeze="D2")


def answers_sheet(picture: Picture, zone: ZoneInfo) -> Sheet:
    """What each entity answered for the month, and who was silent."""
    rows: list[tuple[Cell, ...]] = []
    for answer in picture.contents.get("answers", []):
        signed = datetime.fromisoformat(answer["signed_at"]).astimezone(zone)
        rows.append(
            (
                picture.words.organisations.get(answer["entity"], answer["entity"]),
                answer["kind"],
                f"{signed:%Y-%m-%d %H:%M}",
                "late" if answer["late"] else "on time",
                "on behalf" if answer["on_behalf"] else "",
                answer["comment"],
            )
        )
    rows += [
        (picture.words.organisations.get(key, key), "silent", "", "", "", "")
        for key in picture.contents.get("silent", [])
    ]
    columns = _columns(
        ("Entity", 18, "text"),
        ("Answer", 22, "text"),
        (f"Signed ({zone.key})", 24, "text"),
        ("In time", 10, "text"),
        ("By a coordinator", 16, "text"),
        ("Comment", 60, "text"),
    )
    return Sheet("Answers", columns, rows)
