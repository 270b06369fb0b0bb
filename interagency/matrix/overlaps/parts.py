"""What hangs on an activity in rooms to the right of the matrix, and goes along when two become one.

The matrix knows no room to its right. The calendar says here, when the application opens its rooms, how its
events are carried over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from interagency.accounts.models import Person


@dataclass(frozen=True, slots=True)
class CarriedPart:
    """A kind of record linked to activities.

    `carry` links all that hangs on one activity (by number) to another instead and returns what is needed to take
    it back, as plain values; `take_back` does that. Both write in the caller's transaction and raise
    StaleVersionError when somebody saved such a record at the same moment.
    """

    name: str
    carry: Callable[[Session, int, int, Person], list[Any]]
    take_back: Callable[[Session, list[Any], int, int, Person], None]


CARRIED: list[CarriedPart] = []


def carry_along(part: CarriedPart) -> None:
    """Let `part` go along; saying it twice is saying it once."""
    if all(known.name != part.name for known in CARRIED):
        CARRIED.append(part)
