"""How many activities stand under each entity and chapter: read in a time that does not grow with them.

Triggers (migration 0011) write a row for each activity that comes to stand somewhere, and one that takes away for each
that leaves. What they add up to is right within every transaction, and nobody who saves waits for another who does.
From time to time the rows are folded into one for each place.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import activity_tally, activity_under

# Beside entities and chapters: an activity stands under ANY, and where it has none, under NONE.
ANY, NONE = 0, -1
# Entities by chapters, joint or not, are some hundred places; adding up so many rows costs nothing yet.
MOST_ROWS = 2000

_row = activity_tally.c
_place = (_row.entity_id, _row.chapter_number, _row.is_joint)
_under_place = (activity_under.c.entity_id, activity_under.c.chapter_number, activity_under.c.is_joint)


def tally(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The statement that gives `entity_id`, `chapter_number`, `is_joint` and the `number` of activities there."""
    number = sa.cast(sa.func.sum(_row.change), sa.Integer).label("number")
    return sa.select(*_place, number).where(*conditions).group_by(*_place)


def under_any(session: Session) -> dict[int, tuple[int, int]]:
    """By chapter, ANY and NONE too: how many activities of whatever entity there are, and how many of them joint."""
    found: dict[int, tuple[int, int]] = {}
    for _entity, chapter, is_joint, number in session.execute(tally(_row.entity_id == ANY)):
        activities, joint = found.get(chapter, (0, 0))
        found[chapter] = (activities + number, joint + number * bool(is_joint))
    return found


def fold(session: Session, most: int = MOST_ROWS) -> None:
    """Where there are more than `most` rows, make it one for each place. The caller commits."""
    rows = session.scalar(sa.select(sa.func.count()).select_from(activity_tally)) or 0
    if rows <= most:
        return
    # Only what is deleted here is added up: what others write meanwhile stays as it is.
    folded: Counter[tuple[int, int, bool]] = Counter()
    for entity, chapter, is_joint, change in session.execute(sa.delete(activity_tally).returning(*_place, _row.change)):
        folded[entity, chapter, is_joint] += change
    values = [
        {"entity_id": entity, "chapter_number": chapter, "is_joint": is_joint, "change": number}
        for (entity, chapter, is_joint), number in folded.items()
        if number
    ]
    if values:
        session.execute(sa.insert(activity_tally), values)


def problems(session: Session) -> list[str]:
    """What is wrong between the tally and the activities it counts; in one statement, so of one moment."""
    there = sa.select(*_under_place, sa.func.count().label("change")).group_by(*_under_place)
    both = sa.union_all(there, sa.select(*_place, -_row.change)).subquery()
    place = (both.c.entity_id, both.c.chapter_number, both.c.is_joint)
    wrong = sa.select(*place).group_by(*place).having(sa.func.sum(both.c.change) != 0).subquery()
    number = session.scalar(sa.select(sa.func.count()).select_from(wrong))
    return [f"the tally of activities is wrong under {number} entities and chapters"] if number else []


def count_again(session: Session) -> None:
    """Throw the tally away and count; who saves waits meanwhile. The caller commits."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("LOCK TABLE activity_under IN SHARE ROW EXCLUSIVE MODE"))
    session.execute(sa.delete(activity_tally))
    counted = sa.select(*_under_place, sa.func.count()).group_by(*_under_place)
    session.execute(
        sa.insert(activity_tally).from_select(["entity_id", "chapter_number", "is_joint", "change"], counted)
    )
