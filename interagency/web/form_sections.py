"""A long form in sections: which fields stand where, what is folded, and how far each section is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from interagency.web.forms import FormPart


@dataclass(frozen=True, slots=True)
class Place:
    """Where a described field stands: its section, what is written on the fold that holds it ("" for none), whether
    it stands beside the one before, and the names of its inputs.
    """

    described: Any
    part: FormPart
    fold: Any
    is_beside: bool
    inputs: Sequence[str]


@dataclass(slots=True)
class Block:
    """Neighbouring fields of a section: what is written on the fold that holds them, if one does; their rows; whether
    one of them says something or is wrong, so that the fold stands open."""

    fold: Any
    rows: list[list[Any]] = field(default_factory=list)
    is_open: bool = False


@dataclass(slots=True)
class Section:
    """A section: its anchor and title, what it holds, how many of its inputs are wrong, whether one says something."""

    part: FormPart
    title: Any
    blocks: list[Block] = field(default_factory=list)
    wrong: int = 0
    is_filled: bool = False


def sections_of(form: Any, places: Iterable[Place], titles: Mapping[FormPart, Any]) -> list[Section]:
    """The sections of `form` in the order of `titles`, with the fields in the order of `places`."""
    found = {part: Section(part, title) for part, title in titles.items()}
    for place in places:
        section = found[place.part]
        if not section.blocks or section.blocks[-1].fold != place.fold:
            section.blocks.append(Block(place.fold))
        block = section.blocks[-1]
        if place.is_beside and block.rows:
            block.rows[-1].append(place.described)
        else:
            block.rows.append([place.described])
        inputs = [form[name] for name in place.inputs]
        wrong, says = sum(map(is_wrong, inputs)), any(map(_says_something, inputs))
        section.wrong += wrong
        section.is_filled |= says
        block.is_open |= bool(wrong) or says
    return list(found.values())


def is_wrong(one: Any) -> bool:
    """Whether an input has an error, or a reading that the person has not seen yet."""
    return bool(one.errors) or bool(getattr(one, "needs_showing", False))


def _says_something(one: Any) -> bool:
    """Whether a person chose or typed something there that a new form does not say by itself."""
    if getattr(one, "typed", None):
        return True
    value = one.data if one.data is not None else getattr(one, "found", None)
    return bool(value) and value != one.default
