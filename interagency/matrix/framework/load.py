"""Bring the reference lists in the database into line with the data files. Safe to repeat."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.base import Model
from interagency.matrix.framework.models import (
    Chapter,
    Country,
    Recommendation,
    Region,
    SdgGoal,
    SdgTarget,
    Section,
)

REFERENCE = Path(__file__).parents[2] / "reference"


@dataclass(slots=True)
class Tally:
    """What loading one list did."""

    title: str
    added: int = 0
    changed: int = 0
    left: int = 0

    def __str__(self) -> str:
        return f"{self.title}: {self.added} added, {self.changed} changed, {self.left} left as they were"


def read_file(name: str) -> Any:
    """The content of a reference file."""
    return json.loads((REFERENCE / name).read_text(encoding="utf-8"))


def align(session: Session, model: type[Model], key: str, rows: Iterable[dict[str, Any]], title: str) -> Tally:
    """Add the rows that are missing from `model`'s table and change those that differ; remove none."""
    present = {getattr(row, key): row for row in session.scalars(sa.select(model))}
    tally = Tally(title)
    for values in rows:
        row = present.get(values[key])
        if row is None:
            session.add(model(**values))
            tally.added += 1
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            tally.changed += 1
        else:
            tally.left += 1
    session.flush()
    return tally


def load_framework(session: Session) -> list[Tally]:
    """Chapters, sections, recommendations, SDGs, regions and countries. Returns what was done, by list."""
    return [*_outcome_document(session), *_goals(session), *_places(session)]


def _outcome_document(session: Session) -> list[Tally]:
    document = read_file("framework.json")
    chapters = [{"number": chapter["number"], "title": chapter["title"]} for chapter in document["chapters"]]
    tallies = [align(session, Chapter, "number", chapters, "chapters")]
    sections, subsections = Tally("sections"), Tally("subsections")
    ids: dict[tuple[int, str], int] = {}
    position = 0
    for chapter in document["chapters"]:
        for section in chapter["sections"]:
            position += 1
            parent = _section(session, chapter["number"], section["title"], None, position, sections)
            ids[chapter["number"], section["title"]] = parent
            for subsection in section["subsections"]:
                position += 1
                ids[chapter["number"], subsection["title"]] = _section(
                    session, chapter["number"], subsection["title"], parent, position, subsections
                )
    rows = [
        {
            "code": entry["code"],
            "chapter_number": entry["chapter"],
            "section_id": ids.get((entry["chapter"], entry["subsection"] or entry["section"])),
            "position": place,
            "title": entry["title"],
            "addressee": entry["addressee"],
        }
        for place, entry in enumerate(document["recommendations"], start=1)
    ]
    return [*tallies, sections, subsections, align(session, Recommendation, "code", rows, "recommendations")]


def _section(session: Session, chapter: int, title: str, parent: int | None, position: int, tally: Tally) -> int:
    query = sa.select(Section).where(Section.chapter_number == chapter, Section.title == title)
    section = session.scalar(query)
    if section is None:
        section = Section(chapter_number=chapter, title=title, parent_id=parent, position=position)
        session.add(section)
        tally.added += 1
    elif (section.parent_id, section.position) != (parent, position):
        section.parent_id, section.position = parent, position
        tally.changed += 1
    else:
        tally.left += 1
    session.flush()
    return section.id


def _goals(session: Session) -> list[Tally]:
    goals = read_file("sdg.json")["goals"]
    targets = [(goal["number"], target) for goal in goals for target in goal["targets"]]
    return [
        align(
            session,
            SdgGoal,
            "number",
            [{"number": goal["number"], "title": goal["title"]} for goal in goals],
            "SDG goals",
        ),
        align(
            session,
            SdgTarget,
            "code",
            [
                {"code": target["code"], "goal_number": goal, "position": place, "title": target["title"]}
                for place, (goal, target) in enumerate(targets, start=1)
            ],
            "SDG targets",
        ),
    ]


def _places(session: Session) -> list[Tally]:
    regions = read_file("regions.json")
    entries = regions["regions"] if isinstance(regions, dict) else regions
    countries = read_file("countries.json")
    country_entries = countries["countries"] if isinstance(countries, dict) else countries
    return [
        align(
            session,
            Region,
            "code",
            [
                {
                    "code": entry["code"],
                    "name": entry["name"],
                    "parent_code": entry.get("parent"),
                    "other_names": entry.get("other_names", []),
                }
                for entry in _parents_first(entries)
            ],
            "regions",
        ),
        align(
            session,
            Country,
            "code",
            [
                {
                    "code": entry["alpha2"],
                    "alpha3": entry["alpha3"],
                    "m49": entry["m49"],
                    "name": entry["name"],
                    "is_member_state": entry["member"],
                    "region_code": entry["region"],
                    "other_names": entry.get("other_names", []),
                }
                for entry in country_entries
            ],
            "countries",
        ),
    ]


def _parents_first(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries ordered so that a parent comes before its children."""
    parents = {entry["code"]: entry.get("parent") for entry in entries}

    def depth(code: str | None) -> int:
        return 0 if code is None else 1 + depth(parents[code])

    return sorted(entries, key=lambda entry: depth(entry["code"]))
