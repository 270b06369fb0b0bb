"""Two activities side by side, field by field, and the one a person makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import TEXT_LENGTH, Activity
from interagency.matrix.activities.record import ActivityDraft, FigureDraft, facts
from interagency.matrix.activities.words import FactWords, field_words
from interagency.matrix.organisations.models import Organisation

SURVIVOR, OTHER, BOTH = "survivor", "other", "both"
PLAIN = ("title", "status", "start", "end", "level", "scope", "link", "contact", "lead")
TEXTS = ("description", "results", "source", "remarks")
LISTS = ("partners", "countries", "regions", "recommendations", "chapters", "sdg", "figures")
CHOSEN = (*PLAIN, *TEXTS, *LISTS)
# Always of both: nobody's part, sentence or consent is lost by merging.
UNITED = ("entities", "roles")

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
    """The fields in which two activities differ, in the order of the record page."""
    mine, theirs = facts(survivor), facts(other)
    words = FactWords(session)
    found = []
    for name, label in field_words().items():
        if name not in CHOSEN or mine[name] == theirs[name]:
            continue
        both = () if name in PLAIN else (BOTH,)
        found.append(
            Choice(
                name,
                label,
                words.say(name, mine[name]),
                words.say(name, theirs[name]),
                (SURVIVOR, OTHER, *both),
                _default(name, mine[name], theirs[name]),
            )
        )
    return found


def _default(name: str, mine: Any, theirs: Any) -> str:
    """The survivor's word where it has one; lists are united; internal remarks are kept both."""
    if name in LISTS or (name == "remarks" and mine and theirs):
        return BOTH
    return OTHER if mine in (None, "") and theirs not in (None, "") else SURVIVOR


def united(survivor: Activity, other: Activity, choices: Choices) -> ActivityDraft:
    """The activity the person chose. Fields in which the two differ and nothing was chosen go by the default.

    Raises MergeRefusal when the choices do not go together.
    """
    picked = _Picked(survivor, other, choices)
    lead = picked.lead()
    named = [part.entity for activity in (survivor, other) for part in activity.entities]
    draft = ActivityDraft(
        title=picked.plain("title"),
        status=picked.plain("status"),
        description=picked.text("description"),
        lead=lead,
        entities=[entity for entity in dict.fromkeys(named) if entity is not lead],
        partners=picked.list("partners", lambda one: list(one.partners)),
        partners_incomplete=picked.incomplete(),
        level=picked.plain("level"),
        scope=picked.plain("scope"),
        countries=picked.list("countries", lambda one: [(link.country, link.role) for link in one.countries]),
        regions=picked.list("regions", lambda one: list(one.regions)),
        start=picked.plain("start"),
        end=picked.plain("end"),
        recommendations=picked.list("recommendations", lambda one: list(one.recommendations)),
        chapters=picked.list("chapters", lambda one: [link.chapter_number for link in one.chapters if link.by_hand]),
        sdg_goals=picked.list("sdg", lambda one: list(one.sdg_goals)),
        sdg_targets=picked.list("sdg", lambda one: list(one.sdg_targets)),
        figures=picked.list(
            "figures", lambda one: [FigureDraft(f.number.normalize(), f.qualifier, f.unit) for f in one.figures]
        ),
        results=picked.text("results"),
        source=picked.text("source"),
        link=picked.plain("link"),
        contact=picked.plain("contact"),
        remarks=picked.text("remarks"),
    )
    if draft.start and draft.end and draft.end.last < draft.start.first:
        raise MergeRefusal(
            _(
                "With these choices it would end (%(end)s) before it begins (%(start)s). Choose other dates.",
                end=draft.end.words(),
                start=draft.start.words(),
            )
        )
    return draft


class _Picked:
    """Reads a field of the two as it was chosen."""

    def __init__(self, survivor: Activity, other: Activity, choices: Choices) -> None:
        self.survivor, self.other = survivor, other
        mine, theirs = facts(survivor), facts(other)
        self.choices = {name: _default(name, mine[name], theirs[name]) for name in CHOSEN}
        for name, choice in choices.items():
            if name in CHOSEN and choice in ((SURVIVOR, OTHER) if name in PLAIN else (SURVIVOR, OTHER, BOTH)):
                self.choices[name] = choice

    def _chosen(self, name: str) -> Activity:
        return self.other if self.choices[name] == OTHER else self.survivor

    def plain(self, name: str) -> Any:
        return getattr(self._chosen(name), name)

    def lead(self) -> Organisation | None:
        part = self._chosen("lead").lead
        return part.entity if part else None

    def text(self, name: str) -> str:
        mine, theirs = str(getattr(self.survivor, name)), str(getattr(self.other, name))
        if self.choices[name] != BOTH or not mine or not theirs or mine == theirs:
            return str(self.plain(name)) if self.choices[name] != BOTH else mine or theirs
        joined = f"{mine}\n\n{theirs}"
        if len(joined) > TEXT_LENGTH:
            raise MergeRefusal(
                _("Both texts together are longer than %(max)s characters. Choose one of them.", max=TEXT_LENGTH)
            )
        return joined

    def list(self, name: str, read: Any) -> Any:
        if self.choices[name] != BOTH:
            return read(self._chosen(name))
        return list(dict.fromkeys([*read(self.survivor), *read(self.other)]))

    def incomplete(self) -> bool:
        if self.choices["partners"] != BOTH:
            return self._chosen("partners").partners_incomplete
        return self.survivor.partners_incomplete or self.other.partners_incomplete
