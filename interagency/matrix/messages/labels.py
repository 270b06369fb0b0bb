"""The words for what a message says, and what differs between two versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from interagency.matrix.activities.models import Level
from interagency.matrix.messages.models import LANGUAGES, MessageVersion
from interagency.text.dates import ImpreciseDate
from interagency.text.word_changes import Piece, word_changes

LEVELS: dict[Level, Any] = {
    Level.HEADQUARTERS: _l("For headquarters"),
    Level.FIELD: _l("For the field"),
    Level.BOTH: _l("For headquarters and the field"),
}


def validity(version: MessageVersion) -> str:
    """From when to when a version may be used, in words."""
    first, last = version.valid_from, version.valid_until
    if first and last:
        return str(_("valid from %(first)s to %(last)s", first=_day(first), last=_day(last)))
    if first:
        return str(_("valid from %(first)s", first=_day(first)))
    if last:
        return str(_("valid until %(last)s", last=_day(last)))
    return str(_("valid without an end"))


def _day(day: date) -> str:
    return ImpreciseDate.day(day).words()


@dataclass(frozen=True, slots=True)
class Row:
    """What two versions say of one thing, word by word; `language` is that of a text, "" of all else."""

    label: str
    pieces: list[Piece]
    language: str = ""

    @property
    def differs(self) -> bool:
        return any(kind != "same" for kind, _text in self.pieces)


def compared(was: MessageVersion, now: MessageVersion) -> list[Row]:
    """Everything that one of two versions says, with what differs."""
    rows = [
        Row(str(_("Title")), word_changes(was.title, now.title)),
        Row(str(_("Chapter")), word_changes(*(one.chapter.title if one.chapter else "" for one in (was, now)))),
        Row(str(_("For whom")), word_changes(*(str(LEVELS[one.level]) for one in (was, now)))),
    ]
    for code, name in LANGUAGES.items():
        texts = was.texts.get(code, ""), now.texts.get(code, "")
        if any(texts):
            rows.append(Row(name, word_changes(*texts), code))
    rows += [
        Row(str(_("Source")), word_changes(was.source, now.source)),
        Row(str(_("Validity")), word_changes(validity(was), validity(now))),
        Row(str(_("In the name of")), word_changes(*(", ".join(e.short for e in one.entities) for one in (was, now)))),
    ]
    return rows
