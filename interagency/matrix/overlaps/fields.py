"""Two activities side by side, field by field, and the one a person makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.activities.drafts import ActivityDraft, Records, draft_from
from interagency.matrix.activities.field_types import Field, Kind, Merge
from interagency.matrix.activities.fields import EDITED, FIELDS
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.record import facts

SURVIVOR, OTHER, BOTH = "survivor", "other", "both"
# What a person chooses of; a field that is part of another goes with it.
CHOSEN = {
    field.name: field
    for field in FIELDS
    if field.merge in (Merge.ONE, Merge.TEXTS, Merge.NOTES, Merge.LISTS) and not field.part_of
}

Choices = Mapping[str, str]


class MergeRefusal(ValueError):
    """The two cannot become one in this way; the text says why and what to do. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A field in which the two differ: how each reads, and which may be chosen."""

    name: str
    label: str
    survivor: str
    other: str
    offered: tuple[str, ...]
    default: str


def choices_between(session: Session, survivor: Activity, other: Activity) -> list[Choice]:
    """The fields in which two activities differ, in their order."""
    mine, theirs = facts(survivor), facts(other)
    words = FactLabels(session)
    return [
        Choice(
            name,
            str(field.label),
            words.say(name, mine[name]),
            words.say(name, theirs[name]),
            _offered(field),
            _default(field, mine[name], theirs[name]),
        )
        for name, field in CHOSEN.items()
        if mine[name] != theirs[name]
    ]


def labels_in_common(first: Activity, second: Activity) -> list[str]:
    """The fields in which two activities say the same, by their labels, in their order; empty ones left out."""
    mine, theirs = facts(first), facts(second)
    return [str(field.label) for name, field in CHOSEN.items() if mine[name] and mine[name] == theirs[name]]


def _offered(field: Field) -> tuple[str, ...]:
    return (SURVIVOR, OTHER) if field.merge is Merge.ONE else (SURVIVOR, OTHER, BOTH)


def _default(field: Field, mine: Any, theirs: Any) -> str:
    """The survivor's word where it has one; lists are united; internal remarks are kept both."""
    if field.merge is Merge.LISTS or (field.merge is Merge.NOTES and mine and theirs):
        return BOTH
    return OTHER if mine in (None, "") and theirs not in (None, "") else SURVIVOR


def united(session: Session, survivor: Activity, other: Activity, choices: Choices) -> ActivityDraft:
    """The activity the person chose. Fields in which the two differ and nothing was chosen go by the default.

    Raises MergeRefusal when the choices do not go together.
    """
    mine, theirs = facts(survivor), facts(other)
    picked = {name: _default(field, mine[name], theirs[name]) for name, field in CHOSEN.items()}
    picked |= {name: choice for name, choice in choices.items() if name in CHOSEN and choice in _offered(CHOSEN[name])}
    said = {
        field.name: _united(field, mine[field.name], theirs[field.name], picked.get(field.part_of or field.name, BOTH))
        for field in EDITED
    }
    taking_part = dict.fromkeys(key for one in (mine, theirs) for key in (one["lead"], *one["entities"]) if key)
    said["entities"] = list(taking_part)
    # Who supports one of them and takes part in the other takes part in both.
    named = dict.fromkeys([*mine["supporting"], *theirs["supporting"]])
    said["supporting"] = [key for key in named if key not in taking_part]
    draft = draft_from(Records(session, survivor, other), said)
    if draft.start and draft.end and draft.end.last < draft.start.first:
        raise MergeRefusal(
            _(
                "With these choices it would end (%(end)s) before it begins (%(start)s). Choose other dates.",
                end=draft.end.words(),
                start=draft.start.words(),
            )
        )
    return draft


def _united(field: Field, mine: Any, theirs: Any, choice: str) -> Any:
    """What the one activity says in a field."""
    if choice != BOTH:
        return theirs if choice == OTHER else mine
    if field.kind is Kind.FLAG:  # what only one allowed is not allowed of both
        return mine or theirs if field.merge is Merge.LISTS else mine and theirs
    if field.merge in (Merge.TEXTS, Merge.NOTES):
        return _joined(field, mine, theirs)
    return [*mine, *(value for value in theirs if value not in mine)]


def _joined(field: Field, mine: str, theirs: str) -> str:
    if not mine or not theirs or mine == theirs:
        return mine or theirs
    joined = f"{mine}\n\n{theirs}"
    if len(joined) > field.max_length:
        raise MergeRefusal(
            _("Both texts together are longer than %(max)s characters. Choose one of them.", max=field.max_length)
        )
    return joined
