"""What a line says of a figure beside number and unit: whether it is a target or a result, and in brackets at its end
of when, for which period, by when, by which entity, from where, and on what evidence.

`target: 500 officers trained (by December 2026)`
`achieved: 450 officers trained (June 2026; for 2025–2026; entity: WHO; evidence: https://example.org/r; Annual report)`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.models import Figure, FigureKind, Qualifier
from interagency.matrix.framework.file_words import in_words, spellings
from interagency.matrix.framework.titles import spoken
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.languages import DEFAULT
from interagency.text.typed_dates import AmbiguousDate, DateNotUnderstood, read_date

FIGURE_KIND_LABELS = {
    FigureKind.FIGURE: _l("Figure"),
    FigureKind.TARGET: _l("Target"),
    FigureKind.ACHIEVED: _l("Achieved"),
}
MAX_ENTITY_LENGTH, MAX_EVIDENCE_LENGTH = 60, 1000
# By each spelling, in any language, what it says. English may go without the colon where it reads as a sentence.
_SAYS = {
    word.casefold(): name
    for name in ("target", "achieved", "by", "for", "entity", "evidence", "source")
    for word in spellings(name)
} | {"result": "achieved", "due": "by"}


def _any_of(*names: str) -> str:
    """The spellings of what `_SAYS` tells of `names`, for a regular expression."""
    return "|".join(re.escape(word) for word, name in _SAYS.items() if name in names)


_COLON = r"\s*[:：]\s*"
_KIND = re.compile(
    rf"(?:(target|achieved|result)s?(?: of)?(?:{_COLON}|\s+)|({_any_of('target', 'achieved')}){_COLON})(?=\S)", re.I
)
_SOURCE = re.compile(rf"(?:{_any_of('source')}){_COLON}", re.I)
_LABELLED = re.compile(
    rf"(?:({_any_of('entity', 'evidence', 'by', 'for')}){_COLON}|(by|due|for)\s+|(?=https?://))(.*)", re.I | re.S
)
_TOLD = re.compile(rf"(?:{_any_of('entity', 'evidence')})\s*[:：]|https?://", re.I)
_TO = re.compile(r" to | ?[–—] ?|(?<=\d{4})-(?=\d{4}$)", re.I)
_ADDRESS = re.compile(r"https?://[^\s<>\"();]+")

EntityReader = Callable[[str], str]


def read_kind(line: str) -> tuple[FigureKind, str]:
    """Whether a line begins with `target:` or `achieved:`, and the rest of it."""
    match = _KIND.match(line)
    if match is None:
        return FigureKind.FIGURE, line
    return FigureKind(_SAYS[(match[1] or match[2]).casefold()]), line[match.end() :]


def as_typed(text: str) -> str:
    """The key of an entity where nothing knows how entities are called."""
    return text


def read_brackets(text: str, kind: FigureKind, entity_of: EntityReader = as_typed) -> tuple[str, dict[str, str]]:
    """A line less the brackets at its end, and what they say, by the names of the columns of a figure.

    Brackets that begin with none of this belong to the unit; `()` says that those before it do. Raises ValueError
    with a sentence on what to write.
    """
    begin = _last_bracket(text)
    if begin is None:
        return text, {}
    rest, inner = text[:begin].rstrip(), text[begin + 1 : -1].strip()
    if not inner:
        return rest, {}
    found: dict[str, str] = {}
    for place, raw in enumerate(inner.split(";")):
        part = raw.strip()
        if "source" in found:
            if not _understood(part, kind, entity_of, found):
                found["source"] += f";{raw}"
        elif match := _SOURCE.match(part):
            found["source"] = raw.lstrip()[match.end() :]
        elif not _understood(part, kind, entity_of, found):
            if place == 0 and not any(_TOLD.match(one.strip()) for one in inner.split(";")[1:]):
                return text, {}  # words that belong to the unit: `8 countries (in Africa)`
            found["source"] = raw.lstrip()
    return rest, found | ({"source": found["source"].strip()} if "source" in found else {})


def _understood(part: str, kind: FigureKind, entity_of: EntityReader, found: dict[str, str]) -> bool:
    """Put what one part of the brackets says into `found`; whether it says anything but a source. Raises ValueError.

    What follows a source belongs to it, but for an entity and an address.
    """
    match = _LABELLED.match(part)
    if match is None:
        day = None if found.keys() & {"as_of", "source"} else _date(part)
        if day:
            found["as_of"] = day
        return bool(day)
    label, text = _SAYS[(match[1] or match[2] or "evidence").casefold()], match[3].strip()
    if label in ("by", "for") and "source" in found:
        return False
    if label == "by":
        return _due(part, text, kind, found)
    if label == "for":
        period = _period(text)
        if period:
            found["period"] = period
        return bool(period)
    if label == "entity":
        found["entity"] = entity_of(text)
        return True
    if not _ADDRESS.fullmatch(text) or len(text) > MAX_EVIDENCE_LENGTH:
        raise ValueError(
            _(
                "“%(text)s” is not an address. Write evidence as a whole address that begins with https://, without "
                "brackets or semicolons, or name the document as the source.",
                text=text[:60],
            )
        )
    found["evidence"] = text
    return True


def _due(part: str, text: str, kind: FigureKind, found: dict[str, str]) -> bool:
    day = _date(text)
    if kind is FigureKind.FIGURE or (day is None and kind is FigureKind.ACHIEVED):
        return False
    if kind is FigureKind.ACHIEVED:
        raise ValueError(
            _("“%(part)s”: only a target has a date it is due by. Begin the line with “target:”.", part=part[:60])
        )
    if day is None:
        raise ValueError(
            _(
                "We could not read the date in “%(part)s”. Write it such as “by December 2026”; put “()” at the end "
                "of the line where the brackets belong to what is counted.",
                part=part[:60],
            )
        )
    found["due"] = day
    return True


def _date(text: str) -> str | None:
    """The code of a date, None where `text` is none. Raises ValueError with the question where it can be two."""
    try:
        day = read_date(text)
    except AmbiguousDate as question:
        raise ValueError(str(question)) from None
    except DateNotUnderstood:
        return None
    return day.code if day else None


def _period(text: str) -> str | None:
    """`2025` or `2025/2026` for the words of a period, None where `text` is none. Raises ValueError."""
    if whole := _date(text):
        return whole
    ends = [_date(part) for part in _TO.split(" ".join(text.split()), maxsplit=1)]
    if len(ends) < 2 or ends[0] is None or ends[1] is None:
        return None
    if ImpreciseDate.from_code(ends[1]).last < ImpreciseDate.from_code(ends[0]).first:
        raise ValueError(_("The period “%(period)s” would end before it begins.", period=text[:60]))
    return ends[0] if ends[0] == ends[1] else f"{ends[0]}/{ends[1]}"


def dates_of_period(period: str) -> tuple[ImpreciseDate, ImpreciseDate] | None:
    """The first and the last date of a period as it is kept; None where none is known."""
    first, _slash, last = period.partition("/")
    return (ImpreciseDate.from_code(first), ImpreciseDate.from_code(last or first)) if period else None


def period_words(period: str) -> str:
    """A period as it is kept, in words: `2025`, `2025–2026`, `June 2025 – May 2026`."""
    dates = dates_of_period(period)
    return words_between(*dates) if dates else ""


def brackets_of(figure: FigureDraft | Figure, names: Mapping[str, str] | None = None) -> str:
    """What `read_brackets` reads as what `figure` says, without the brackets. Entities are called by `names`."""
    parts = [ImpreciseDate.from_code(figure.as_of).words()] if figure.as_of else []
    if figure.due:
        parts.append(_said("by", ImpreciseDate.from_code(figure.due).words()))
    if figure.period:
        parts.append(_said("for", _typed_period(figure.period)))
    if figure.entity:
        parts.append(f"{in_words('entity')}: {(names or {}).get(figure.entity, figure.entity)}")
    if figure.evidence:
        parts.append(f"{in_words('evidence')}: {figure.evidence}")
    if figure.source:
        is_plain = figure.as_of and not _LABELLED.match(figure.source) and not _SOURCE.match(figure.source)
        parts.append(figure.source if is_plain else f"{in_words('source')}: {figure.source}")
    return "; ".join(parts)


def _said(name: str, text: str) -> str:
    """`by June 2026`; in other languages, whose words would bend the date, `échéance: juin 2026`."""
    return f"{name} {text}" if spoken().language == DEFAULT else f"{in_words(name)}: {text}"


def _typed_period(period: str) -> str:
    dates = dates_of_period(period)
    assert dates is not None
    between = " to " if spoken().language == DEFAULT else " – "
    return dates[0].words() if dates[0] == dates[1] else f"{dates[0].words()}{between}{dates[1].words()}"


def _last_bracket(text: str) -> int | None:
    """Where the bracket opens that the last sign of `text` closes."""
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        depth += (text[place] == ")") - (text[place] == "(")
        if depth == 0:
            return place if text.endswith(")") else None
    return None


# --- A target beside what was achieved ---

ABOVE, AT, BELOW, LATE, OPEN, UNCERTAIN, NO_TARGET = "above", "at", "below", "late", "open", "uncertain", "no_target"
PROGRESS_LABELS = {
    ABOVE: _l("Above the target"),
    AT: _l("At the target"),
    BELOW: _l("Below the target"),
    LATE: _l("Below the target, and its date has passed"),
    OPEN: _l("Nothing counted yet"),
    UNCERTAIN: _l("Too roughly counted to compare"),
    NO_TARGET: _l("No target"),
}
_AT_MOST = (Qualifier.EXACTLY, Qualifier.UP_TO, Qualifier.LESS_THAN, Qualifier.NEARLY)
_AT_LEAST = (Qualifier.EXACTLY, Qualifier.AT_LEAST, Qualifier.MORE_THAN)


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing counted in one period by one entity: its target, what was achieved of it, the latest count first, and
    one word of `PROGRESS_LABELS`. Nothing of it is added up, and there are no shares."""

    unit: str
    period: str
    entity: str
    targets: tuple[Any, ...]
    achieved: tuple[Any, ...]
    state: str


def progress_of(figures: Iterable[FigureDraft | Figure], today: Any) -> list[Progress]:
    """Targets beside what was achieved, in the order in which the figures name what they count."""
    told = [one for one in figures if one.kind is not FigureKind.FIGURE]
    order = {key: place for place, key in reversed(list(enumerate(map(_same, told))))}
    found = []
    for key, group in groupby(sorted(told, key=lambda one: order[_same(one)]), key=_same):
        members = list(group)
        targets = tuple(one for one in members if one.kind is FigureKind.TARGET)
        achieved = tuple(
            sorted((one for one in members if one.kind is FigureKind.ACHIEVED), key=_counted, reverse=True)
        )
        found.append(Progress(members[0].unit, key[1], key[2], targets, achieved, _state(targets, achieved, today)))
    return found


def _same(figure: FigureDraft | Figure) -> tuple[str, str, str]:
    """What two figures have in common that may stand beside each other."""
    return figure.unit.casefold(), figure.period, figure.entity


def _counted(figure: FigureDraft | Figure) -> str:
    return ImpreciseDate.from_code(figure.as_of).last.isoformat() if figure.as_of else ""


def _state(targets: tuple[Any, ...], achieved: tuple[Any, ...], today: Any) -> str:
    if not targets:
        return NO_TARGET
    target = targets[-1]
    is_over = bool(target.due) and ImpreciseDate.from_code(target.due).last < today
    if not achieved:
        return OPEN
    counted = achieved[0]
    if counted.number >= target.number and counted.qualifier in _AT_LEAST:
        return AT if counted.number == target.number and counted.qualifier is not Qualifier.MORE_THAN else ABOVE
    if counted.number < target.number and counted.qualifier in _AT_MOST:
        return LATE if is_over else BELOW
    return UNCERTAIN
