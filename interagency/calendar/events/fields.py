"""The fields of an event, each described once.

From this table come the facts, the draft, the form, the words of history and comparison, the columns of the
calendar's lists and what an event is found by; `tests/calendar/events/test_fields.py` sends every field through
everything else that carries events. Events are never merged: where two activities become one, only `activities`
changes (`calendar/merging.py`).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from interagency.calendar.events import field_values as own
from interagency.calendar.events.drafts import EventDraft
from interagency.calendar.events.field_values import Own, Records, plain_words
from interagency.calendar.events.models import Event, EventKind, EventStatus, Mode
from interagency.matrix.activities.fields import LANGUAGE_LABELS
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import TEXT_LENGTH, TITLE_LENGTH
from interagency.text.languages import DEFAULT
from interagency.web.forms import FormPart

KIND_LABELS = {
    EventKind.SESSION: _l("Session"),
    EventKind.THEMATIC_DISCUSSION: _l("Thematic discussion"),
    EventKind.SIDE_EVENT: _l("Side event"),
    EventKind.EXPERT_GROUP: _l("Expert group meeting"),
    EventKind.TRAINING: _l("Training"),
    EventKind.WORKSHOP: _l("Workshop"),
    EventKind.BRIEFING: _l("Briefing"),
    EventKind.LAUNCH: _l("Launch"),
    EventKind.WEB_MEETING: _l("Web meeting"),
    EventKind.OBSERVANCE: _l("Observance"),
    EventKind.DEADLINE: _l("Deadline"),
}
STATUS_LABELS = {
    EventStatus.TENTATIVE: _l("Tentative"),
    EventStatus.CONFIRMED: _l("Confirmed"),
    EventStatus.POSTPONED: _l("Postponed"),
    EventStatus.CANCELLED: _l("Cancelled"),
    EventStatus.HELD: _l("Held"),
}
MODE_LABELS = {
    Mode.IN_PERSON: _l("In person"),
    Mode.ONLINE: _l("Online"),
    Mode.HYBRID: _l("In person and online"),
    Mode.WEBCAST: _l("In person, with webcast"),
}


_PART_OF = _l("Part of an activity, a session or a series")
_FOR_US = _l("For internal eyes: source and remarks")


class Kind(enum.Enum):
    """What a field holds. All but OWN are one column of the same name, read and written in one way."""

    LINE = "one line of text"
    TEXT = "several lines of text"
    CHOICE = "one of a list"
    FLAG = "yes or no"
    NUMBER = "a whole number"
    OWN = "read and written by functions of its own"


class Ics(enum.Enum):
    """Whether iCalendar carries a field. An import changes, and its undoing restores, what is carried BOTH ways."""

    BOTH = "out in feeds, in from files"
    OUT = "out in feeds only"
    NO = "neither"


@dataclass(frozen=True, slots=True)
class Cell:
    """Its column in the calendar's CSV, JSON and workbook: title, width in characters, HXL hashtag, meaning."""

    title: str
    width: int
    hxl: str
    meaning: str


@dataclass(frozen=True, slots=True)
class EventField:
    """One field: its key in facts and drafts, what it holds, what it is called, and where it goes.

    `ask` and `help` are what the form says, where that is more than the label. `empty` is the fact of an event that
    says nothing here, and of one frozen before the field was there. `outside`: hand-outs show it once all entities
    agreed. `compared`: the comparison of editions names it. `on_page`: the page lists it under its label; the others
    have their own place there. `raises_sequence`: calendars must hear of a change (RFC 5545, 3.8.7.4). `why` says why
    it is not carried further.
    """

    name: str
    kind: Kind
    label: Any
    ask: Any = None
    help: Any = ""
    longest: int = 0
    required: Any = None  # the refusal where it is left out
    choices: Mapping[Any, Any] | None = None
    own: Own | None = None
    empty: Any = None
    outside: bool = False
    compared: bool = True
    ics: Ics = Ics.NO
    cell: Cell | None = None
    searched: bool = False
    on_page: bool = True
    raises_sequence: bool = False
    why: str = ""
    part: FormPart = FormPart.WHAT  # the section of the form
    fold: Any = ""  # what is written on the fold of the form that holds it, with its neighbours of the same fold
    beside: bool = False  # whether it stands beside the one before in the form

    def fact(self, event: Event) -> Any:
        """What the record says here, as a plain value."""
        if self.own:
            return self.own.fact(event)
        value = getattr(event, self.name)
        return value.value if isinstance(value, enum.Enum) else value

    def value(self, fact: Any, records: Records) -> Any:
        """The fact as a draft holds it. Raises ValueError for what is no choice."""
        if self.own:
            return self.own.value(fact, records)
        return type(next(iter(self.choices)))(fact) if self.choices and fact else fact

    def words(self, fact: Any, words: FactLabels) -> str:
        """The fact as history, comparisons and cells tell it; `—` when there is nothing."""
        if fact in (None, "", [], {}):
            return "—"
        if isinstance(fact, bool):
            return str(_("yes") if fact else _("no"))
        if self.choices and words.language != DEFAULT:
            return str(next((label for member, label in self.choices.items() if member == fact), fact))
        return self.own.words(fact, words) if self.own else plain_words(fact)

    def search_words(self, event: Event) -> Iterable[str]:
        """What an event is found by for this field."""
        if self.own:
            return self.own.search(event)
        return (str(self.fact(event)),) if self.searched else ()


FIELDS = (
    EventField(
        "title", Kind.LINE, _l("Title"), longest=TITLE_LENGTH, required=_l("Write a title."), empty="", outside=True,
        ics=Ics.BOTH, cell=Cell("Title", 52, "#event+name", "What the event is called."), searched=True, on_page=False,
        raises_sequence=True,
    ),
    EventField(
        "kind", Kind.CHOICE, _l("Kind"), choices=KIND_LABELS, required=_l("Choose what kind of event it is."),
        outside=True, ics=Ics.OUT, cell=Cell("Kind", 20, "#event+type", "Session, side event, training and so on."),
        searched=True, on_page=False, why="A file says it only of a new event, by a category.",
    ),
    EventField(
        "status", Kind.CHOICE, _l("Status"), choices=STATUS_LABELS, outside=True, ics=Ics.BOTH,
        cell=Cell("Status", 12, "#status", "tentative, confirmed, postponed, cancelled or held; set by people."),
        on_page=False, raises_sequence=True,
        beside=True,
    ),
    EventField(
        "segments", Kind.OWN, _l("Days"), own=own.SEGMENTS, empty=[], outside=True, ics=Ics.BOTH,
        raises_sequence=True, why="Lists have a row for each occurrence, with columns for its days and hours.",
        part=FormPart.WHERE_AND_WHEN,
    ),
    EventField(
        "rrule", Kind.LINE, _l("Repeats"), empty="", outside=True, ics=Ics.BOTH, on_page=False, raises_sequence=True,
        why="Lists and hand-outs show the occurrences it makes.",
        part=FormPart.WHERE_AND_WHEN,
    ),
    EventField(
        "exceptions", Kind.OWN, _l("Single dates"), own=own.EXCEPTIONS, empty=[], outside=True, compared=False,
        ics=Ics.BOTH, raises_sequence=True, why="Lists and hand-outs show the occurrences as they were changed.",
        part=FormPart.WHERE_AND_WHEN,
    ),
    EventField(
        "timezone", Kind.LINE, _l("Time zone"), ask=_l("Time zone of the hours"),
        help=_l("A large city of it, such as Vienna, or Europe/Vienna. Needed with hours."), outside=True,
        ics=Ics.BOTH, cell=Cell("Time zone", 16, "#meta+timezone", "Zone of the hours."), on_page=False,
        raises_sequence=True,
        part=FormPart.WHERE_AND_WHEN,
    ),
    EventField(
        "mode", Kind.CHOICE, _l("Mode"), ask=_l("How people take part"), choices=MODE_LABELS, on_page=False,
        raises_sequence=True, why="iCalendar has no property for it; lists and hand-outs name the place.",
        part=FormPart.WHERE_AND_WHEN,
    ),
    EventField(
        "venue", Kind.LINE, _l("Venue"), longest=300, empty="", outside=True, ics=Ics.BOTH,
        cell=Cell("Venue", 24, "#loc+name", "Building or room."), searched=True, on_page=False, raises_sequence=True,
        why="LOCATION holds venue, city and country; what a file writes there is the venue.",
        part=FormPart.WHERE_AND_WHEN,
    ),
    EventField(
        "city", Kind.LINE, _l("City"), longest=200, empty="", outside=True, ics=Ics.OUT,
        cell=Cell("City", 16, "#loc+city", "City."), searched=True, on_page=False, raises_sequence=True,
        why="As venue.",
        part=FormPart.WHERE_AND_WHEN,
    ),
    EventField(
        "country", Kind.OWN, _l("Country"), help=_l("In any usual spelling."), own=own.COUNTRY, outside=True,
        ics=Ics.OUT, cell=Cell("Country", 20, "#country", "Country, by UN name."), raises_sequence=True,
        why="As venue.",
        part=FormPart.WHERE_AND_WHEN, beside=True,
    ),
    EventField(
        "organisers", Kind.OWN, _l("Organisers"), own=own.ORGANISERS, empty=[], outside=True, ics=Ics.OUT,
        cell=Cell("Organisers", 24, "#org+organiser", "Who organises it."),
        why="A file names them only for a new event: who may change an event is not decided by a file.",
        part=FormPart.WHO,
    ),
    EventField(
        "participants", Kind.OWN, _l("Participants"), own=own.PARTICIPANTS, empty=[], ics=Ics.OUT,
        cell=Cell("Participants", 30, "#org+participant", "Who takes part."),
        why="A shared feed names nobody as ATTENDEE; hand-outs name who organises.",
        part=FormPart.WHO,
    ),
    EventField(
        "participants_incomplete", Kind.FLAG, _l("Further participants"), ask=_l("There are further participants"),
        empty=False, compared=False, ics=Ics.OUT, on_page=False, why="As participants.",
        part=FormPart.WHO,
    ),
    EventField(
        "meant_for", Kind.LINE, _l("For whom"), ask=_l("Meant for"), longest=300, empty="",
        why="For planning: it is compared where clashes are looked for.",
        part=FormPart.WHO,
    ),
    EventField(
        "chapters", Kind.OWN, _l("Chapters"), help=_l("Of the event as a whole."), own=own.CHAPTERS, empty=[],
        outside=True, ics=Ics.OUT, cell=Cell("Chapters", 12, "#sector+list", "Chapters it is about."),
        why="Categories of other calendars are no chapters.", fold=_l("Chapters"),
    ),
    EventField(
        "description", Kind.TEXT, _l("Description"), longest=TEXT_LENGTH, empty="", ics=Ics.BOTH,
        cell=Cell("Description", 50, "#description", "What it is about."), searched=True, on_page=False,
        why="Descriptions are written for colleagues, so hand-outs leave them out.",
    ),
    EventField(
        "text_language", Kind.CHOICE, _l("Language of the text"), choices=LANGUAGE_LABELS, outside=True,
        compared=False, help=_l("What title and description are written in."),
        why="iCalendar marks texts themselves; lists show what they are written in by their letters.",
        fold=_l("Chapters"),
    ),
    EventField(
        "links", Kind.OWN, _l("Links"), help=_l("One per line. Begin with “meeting:” or “webcast:” where it is one."),
        own=own.LINKS, empty=[], compared=False, ics=Ics.BOTH,
        why="Addresses of meetings open rooms, so lists and hand-outs leave them out.",
        part=FormPart.RESULTS,
    ),
    EventField(
        "documents", Kind.OWN, _l("Documents"), own=own.DOCUMENTS, compared=False, outside=True,
        help=_l(
            "One per line: title, address or UN symbol, owner, and “may be shared” when the owner permits it: "
            "Report https://example.org/report.pdf | WHO | may be shared"
        ),
        why="They belong to their owners: those that may be shared leave with the event, the others stand on the page.",
        part=FormPart.RESULTS, fold=_l("Documents"),
    ),
    EventField(
        "activities", Kind.OWN, _l("Activities"), ask=_l("Activities it serves"), own=own.ACTIVITIES, empty=[],
        help=_l("One per line, by number or whole title: 12, or Guide for prisons."), compared=False,
        why="Numbers of this service, which lists and calendars elsewhere cannot follow.",
        fold=_PART_OF,
    ),
    EventField(
        "milestone", Kind.OWN, _l("Milestone"), ask=_l("Milestone of an activity it belongs to"), own=own.MILESTONE,
        compared=False, why="As activities.",
        fold=_PART_OF,
    ),
    EventField(
        "parent", Kind.OWN, _l("Side event of"), own=own.PARENT, compared=False, ics=Ics.OUT,
        help=_l("The event it takes place within, by number or whole title."),
        why="As activities; feeds relate the two by UID, and a file's relation is not taken over.",
        fold=_PART_OF,
    ),
    EventField(
        "series", Kind.OWN, _l("Series"), longest=TITLE_LENGTH, own=own.SERIES,
        help=_l("Such as Regular sessions of the Commission; a new name makes a new series."),
        why="Titles say it already; iCalendar has no property for it.",
        fold=_PART_OF,
    ),
    EventField(
        "series_number", Kind.NUMBER, _l("Number"), ask=_l("Number in the series"), longest=10_000, on_page=False,
        why="As series.",
        fold=_PART_OF, beside=True,
    ),
    EventField(
        "shareable", Kind.FLAG, _l("May be shared"),
        ask=_l("May be shared outside, once every entity concerned has agreed; else it is internal"), empty=False,
        compared=False,
        on_page=False, why="It decides whether the event leaves at all; nothing outside needs to hear it.",
        part=FormPart.RESULTS,
    ),
    EventField(
        "source", Kind.LINE, _l("Source"), longest=1000, empty="", searched=True,
        cell=Cell("Source", 22, "#meta+source", "Where the facts are from."), why="For colleagues.",
        part=FormPart.RESULTS, fold=_FOR_US,
    ),
    EventField(
        "remarks", Kind.TEXT, _l("Remarks"), ask=_l("Remarks for internal eyes"), longest=TEXT_LENGTH, empty="",
        why="For colleagues, on the page only.",
        part=FormPart.RESULTS, fold=_FOR_US,
    ),
    EventField(
        "is_listed", Kind.FLAG, _l("Listed"), empty=True, compared=False, on_page=False, ics=Ics.OUT,
        why="Not typed: an event that was taken back leaves lists, feeds and editions.",
    ),
)  # fmt: skip
FIELD = {field.name: field for field in FIELDS}
EMPTY = {field.name: field.empty for field in FIELDS}
# What a person or a file says; whether an event is listed follows from what was done with it.
DRAFTED = tuple(field for field in FIELDS if field.name != "is_listed")
PLAIN = tuple(field for field in DRAFTED if field.kind is not Kind.OWN)
# Columns of the record that hold no field: made by the service, derived, or set once.
NO_FIELD = {
    "id": "made by the database",
    "sample_key": "which entry of the sample data it is",
    "uid": "made once, stable for ever",
    "sequence": "raised by saving",
    "version": "raised by saving",
    "feed_version": "raised by triggers with every change that a feed shows",
    "created_at": "noted by saving",
    "updated_at": "noted by saving",
    "cancelled_at": "noted by saving, from the status",
    "first_day": "derived from the days",
    "last_day": "derived from the days",
    "search_title": "derived from the title",
    "search_text": "derived from what is searched",
    "illustrative": "set when the sample data are loaded",
    "latitude": "set by nobody yet; feeds carry it where it is there",
    "longitude": "set by nobody yet; feeds carry it where it is there",
}


def facts(event: Event) -> dict[str, Any]:
    """What the record says, as plain values by stable keys: for history, comparison and editions."""
    return {field.name: field.fact(event) for field in FIELDS}


def draft_from(facts: Mapping[str, Any], records: Records) -> EventDraft:
    """The draft that says what `facts` say; what they leave out is empty. Raises ValueError, NoResultFound."""
    known = EMPTY | dict(facts)
    return EventDraft(**{field.name: field.value(known[field.name], records) for field in DRAFTED})


def labels() -> dict[str, str]:
    """The label of each field that the comparison of editions names."""
    return {field.name: str(field.label) for field in FIELDS if field.compared}


def label_of(name: str) -> str:
    """The label of a field; of one that is no more, its key in words."""
    return str(FIELD[name].label) if name in FIELD else name.replace("_", " ")


def say(words: FactLabels, name: str, fact: Any) -> str:
    """One fact in words, by the names that `words` know; `—` when there is nothing."""
    return FIELD[name].words(fact, words) if name in FIELD else plain_words(fact)
