"""What an edition holds: one plain value that says everything, with the names of its day.

    {"format": 1, "month", "number", "issue", "made_at", "made_by",
     "chapters": [{"number", "title"}], "sections": {place: {"chapter", "label", "heading"}},
     "recommendations": {code: {"chapter", "section", "title"}},
     "organisations": {key: {"short", "name", "is_entity", "position", "is_body" and "proposed" where it was}},
     "countries": {code: name}, "regions": {code: name},
     "activities": [entry], "event": [entry],
     "answers": [answer], "silent": [key], "taken_back": [key], "returned": [key],
     "counts": {...}, "gone": {"activities": [id], "event": [id]}, "merged": {"activities": [[id, id]]}}

An entry is what `activities.bulk.entries` gives. `gone` are the records that stood in an earlier edition
and not in this one, so that one that comes back is told apart from a new one. `is_body` stands beside those that are
one (`Organisation.is_body`); editions made before it was kept name none, so that there their records stay inside.
`merged` says what each merged activity became part of; editions made before it was kept have none, and older ones no
`sections`. In those made before `taken_back` and `returned` were told apart, both count as `silent`. Nothing in it is
looked up again when it is read: what is renamed or retired later changes no edition (rules 8 and 17).
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.base import canonical_json
from interagency.matrix.activities.fields import completed
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.reader import entries
from interagency.matrix.framework.models import Chapter, Country, Recommendation, Region, Section
from interagency.matrix.organisations.models import Organisation
from interagency.registry import registry

FORMAT = 1
NOWHERE = 999  # after every recommendation
LEVEL = 3  # half the time of 6 for a sixth more space
Contents = dict[str, Any]


def gather(session: Session, day: date) -> Contents:
    """The matrix and what takes part beside it, as they stand on `day`, with the names of that day."""
    contents: Contents = {"format": FORMAT, **names_of_the_day(session)}
    contents["activities"] = list(entries(session, [Activity.is_listed.is_(True)]))
    for part in registry.cycle_parts.values():
        contents[part.name] = part.entries(session, day)
    contents["counts"] = counts(contents)
    contents["merged"] = {"activities": merged_activities(session)}
    return contents


def merged_activities(session: Session) -> list[list[int]]:
    """Every activity that was merged, and the one that stands for it now, by number."""
    query = sa.select(Activity.id, Activity.merged_into_id).where(Activity.merged_into_id.is_not(None))
    into = {number: one for number, one in session.execute(query.order_by(Activity.id)) if one is not None}

    def survivor(number: int) -> int:
        return survivor(into[number]) if number in into else number

    return [[number, survivor(number)] for number in into]


def names_of_the_day(session: Session) -> Contents:
    """Everything a record refers to by key, with its name today."""
    sections = {section.id: section for section in session.scalars(sa.select(Section))}

    def heading(section_id: int | None) -> str:
        section = sections.get(section_id) if section_id else None
        above = sections.get(section.parent_id) if section and section.parent_id else None
        return " / ".join(one.title for one in (above, section) if one)

    return {
        "sections": {
            str(one.position): {"chapter": one.chapter_number, "label": one.label, "heading": heading(one.id)}
            for one in sections.values()
        },
        "chapters": [
            {"number": chapter.number, "title": chapter.title}
            for chapter in session.scalars(sa.select(Chapter).order_by(Chapter.number))
        ],
        "recommendations": {
            one.code: {
                "position": one.position,
                "chapter": one.chapter_number,
                "section": heading(one.section_id),
                "title": one.title,
            }
            for one in session.scalars(sa.select(Recommendation))
        },
        "organisations": {
            one.key: {"short": one.written, "name": one.name, "is_entity": one.is_entity, "position": one.position}
            | ({"is_body": True} if one.is_body else {})
            | ({"proposed": True} if one.is_proposed else {})
            for one in session.scalars(sa.select(Organisation))
        },
        "countries": dict(session.execute(sa.select(Country.code, Country.name)).all()),
        "regions": dict(session.execute(sa.select(Region.code, Region.name)).all()),
    }


def placed_in(contents: Contents, facts: dict[str, Any], chapter: int) -> tuple[int, str]:
    """Where an activity stands in a chapter: a recommendation's position to sort by, and the heading of a section.

    A section of its own goes before that of its first recommendation there; without either NOWHERE and "".
    """
    known = contents["recommendations"]
    own = contents.get("sections", {}).get(str(facts["section"]))
    if own is not None and own["chapter"] == chapter:
        heading = own["heading"]
        within = [
            one["position"]
            for one in known.values()
            if one["chapter"] == chapter and f"{one['section']} / ".startswith(f"{heading} / ")
        ]
        return min(within, default=NOWHERE), heading
    codes = [code for code in facts["recommendations"] if known[code]["chapter"] == chapter]
    return (known[codes[0]]["position"], known[codes[0]]["section"]) if codes else (NOWHERE, "")


def counts(contents: Contents) -> dict[str, Any]:
    """Totals over the activities: each counted once, and by chapter, where one in three counts under each."""
    by_chapter: Counter[int] = Counter()
    joint_by_chapter: Counter[int] = Counter()
    for entry in contents["activities"]:
        by_chapter.update(entry["chapters"])
        if entry["joint"]:
            joint_by_chapter.update(entry["chapters"])
    return {
        "activities": len(contents["activities"]),
        "joint": sum(entry["joint"] for entry in contents["activities"]),
        "by_chapter": [[number, by_chapter[number], joint_by_chapter[number]] for number in range(1, 8)],
    } | {part.name: len(contents[part.name]) for part in registry.cycle_parts.values()}


def pack(contents: Contents) -> tuple[bytes, str]:
    """`contents` as kept in the database, and the SHA-256 of its text."""
    text = canonical_json(contents).encode()
    return zlib.compress(text, LEVEL), hashlib.sha256(text).hexdigest()


def unpack(packed: bytes, checksum: str) -> bytes:
    """The text of kept contents. Raises ValueError when it is not what was kept."""
    try:
        text = zlib.decompress(packed)
    except zlib.error as error:
        raise ValueError(f"cannot be unpacked: {error}") from None
    if hashlib.sha256(text).hexdigest() != checksum:
        raise ValueError("does not match its checksum")
    return text


def read(packed: bytes, checksum: str) -> Contents:
    """Kept contents as a value. Raises ValueError when they are not what was kept.

    A field that was described after the edition was made says nothing in it, so that it never counts as changed.
    """
    contents: Contents = json.loads(unpack(packed, checksum))
    for entry in contents["activities"]:
        entry["facts"] = completed(entry["facts"])
    for part in registry.cycle_parts.values():
        for entry in contents.get(part.name, ()):
            entry["facts"] = {**part.empty, **entry["facts"]}
    return contents
