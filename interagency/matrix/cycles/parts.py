"""What takes part in the monthly cycle beside the matrix.

The matrix knows no room to its right. A room whose records are confirmed each month and frozen in
editions (the calendar) says so here, when the application opens its rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.words import FactWords


@dataclass(frozen=True, slots=True)
class MonthRow:
    """One record in an entity's month: what it is, where it stands, when the entity last confirmed it."""

    id: int
    title: str
    address: str
    edit_address: str
    status: str
    when: str
    confirmed_month: str | None
    version: int
    note: str = ""
    is_lead: bool = True
    is_joint: bool = False


@dataclass(frozen=True, slots=True)
class CyclePart:
    """A kind of record that takes part in the cycle.

    `ids` selects the records of an entity; `rows` gives those still to be looked at, for its page; `confirm`
    notes the month for the given ids (None: all of them) and returns how many; `entries` gives all records
    for an edition made on a day. `name` is also the `record_type` of their history. `empty` are the facts of a record
    that says nothing, so that a fact which older editions do not have reads as nothing said. `labels` are those of the
    facts that a comparison names, and `say` tells one of them in words.
    """

    name: str
    ids: Callable[[int], sa.Select[int]]
    rows: Callable[[Session, int], list[MonthRow]]
    confirm: Callable[[Session, int, str, Collection[int] | None], int]
    entries: Callable[[Session, date], list[dict[str, Any]]]
    empty: Mapping[str, Any]
    labels: Callable[[], dict[str, str]]
    say: Callable[[FactWords, str, Any], str]


PARTS: list[CyclePart] = []
# Called with the number of an edition once it is made and kept, to prepare what can be made from it.
AFTER_CLOSING: list[Callable[[Session, int], object]] = []


def take_part(part: CyclePart) -> None:
    """Let `part` take part in the cycle; saying it twice is saying it once."""
    if all(known.name != part.name for known in PARTS):
        PARTS.append(part)
