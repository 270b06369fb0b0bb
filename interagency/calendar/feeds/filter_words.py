"""What a feed holds, in words: its filters as a person would say them."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from interagency.calendar.events.fields import STATUS_LABELS
from interagency.calendar.events.models import EventKind, EventStatus
from interagency.matrix.activities.filters import Filters
from interagency.matrix.framework.models import ROMAN

_KINDS = {
    EventKind.SESSION: _l("sessions"),
    EventKind.THEMATIC_DISCUSSION: _l("thematic discussions"),
    EventKind.SIDE_EVENT: _l("side events"),
    EventKind.EXPERT_GROUP: _l("expert group meetings"),
    EventKind.TRAINING: _l("trainings"),
    EventKind.WORKSHOP: _l("workshops"),
    EventKind.BRIEFING: _l("briefings"),
    EventKind.LAUNCH: _l("launches"),
    EventKind.WEB_MEETING: _l("web meetings"),
    EventKind.OBSERVANCE: _l("observances"),
    EventKind.DEADLINE: _l("deadlines"),
}


def _either(words: list[str]) -> str:
    """`A, B or C`."""
    if len(words) < 2:
        return "".join(words)
    return str(_("%(some)s or %(last)s", some=", ".join(words[:-1]), last=words[-1]))


def _labels(filters: Filters, name: str) -> str:
    return _either([filters.label(name, value) for value in filters.get(name)])


def _joint(filters: Filters) -> str:
    chosen = set(filters.get("joint"))
    if chosen == {"yes"}:
        return str(_("organised by several entities"))
    return str(_("not organised by several entities")) if chosen == {"no"} else ""


def _chapters(filters: Filters) -> str:
    numbers = [ROMAN[int(number)] for number in filters.get("chapter") if number != "none"]
    return str(_("on days about chapter %(numerals)s", numerals=_either(numbers))) if numbers else ""


_WORDS: dict[str, Callable[[Filters], str]] = {
    "entity": lambda filters: _("organised by or with %(names)s", names=_labels(filters, "entity")),
    "kind": lambda filters: _either([str(_KINDS[EventKind(kind)]) for kind in filters.get("kind")]),
    "status": lambda filters: _either([str(STATUS_LABELS[EventStatus(one)]).lower() for one in filters.get("status")]),
    "chapter": _chapters,
    "country": lambda filters: _("in %(names)s", names=_labels(filters, "country")),
    "joint": _joint,
    "mine": lambda _filters: _("of my own entities"),
    "q": lambda filters: _("with the words “%(words)s”", words=" ".join(filters.get("q"))),
}


def filter_words(filters: Filters) -> str:
    """The filters of a calendar as a person would say them: `organised by or with WHO, workshops`; all together must
    hold. `every event` where there are none.
    """
    said = [words(filters) for name, words in _WORDS.items() if filters.get(name)]
    return ", ".join(filter(None, said)) or str(_("every event"))
