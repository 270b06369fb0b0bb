"""What a Note by the Secretariat says, in the order of those of 2018 and 2020: one value, of which Word file and
preview are made.

International cooperation (what the note rests on); inter-agency cooperation, by chapter of the outcome document, joint
initiatives apart; inter-commissions cooperation, with acts of the Commission and meetings; and an annex of agreed
records that were not used. Only what every entity or body concerned agreed to share with the Commission is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.exports.external.translated import status_words
from interagency.exports.note.request import NoteRefusal, NoteRequest
from interagency.exports.note.wording import Paragraph, Wording, date_of, joined
from interagency.matrix.agreement.gate import entities_of_activity, through_the_gate
from interagency.matrix.cycles import editions
from interagency.matrix.cycles.contents import placed_in
from interagency.matrix.cycles.months import first_day, format_month, month_after
from interagency.matrix.cycles.named import named
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.folding import clean

AUDIENCE = "commission"
BODY = _l("Commission on Narcotic Drugs")
TITLE = _l("Inter-agency cooperation and coordination of efforts in addressing and countering the world drug problem")
INTER_COMMISSION = ("session", "thematic discussion", "side event", "briefing", "expert group meeting")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; 1 is the highest level."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A line without number."""

    text: str


@dataclass(frozen=True, slots=True)
class Unused:
    """An agreed activity that is not in the note: its number, title, status and period."""

    record_id: int
    title: str
    state: str


Block = Heading | Remark | Paragraph


@dataclass(frozen=True, slots=True)
class Note:
    """A drafted note: its masthead (`request` and `day`), what follows below it, and its annex.

    `used` are the activities that became paragraphs, `edition` the number of the edition it is drafted from.
    """

    request: NoteRequest
    day: date
    blocks: list[Block]
    annex: list[Unused]
    used: int
    edition: int

    @property
    def dated(self) -> str:
        """Its date, as its masthead says it."""
        return ImpreciseDate.day(self.day).words()

    @property
    def is_empty(self) -> bool:
        """Whether no record stands in it."""
        return not any(isinstance(one, Paragraph) and one.record for one in self.blocks)


def draft_note(session: Session, request: NoteRequest, day: date) -> Note:
    """Draft the note from the newest edition, through the gate as it stands on `day`.

    Raises NoteRefusal without an edition, or when it is damaged.
    """
    edition = editions.newest_edition(session)
    if edition is None:
        raise NoteRefusal(_("No month was closed yet. The note is drafted from an edition: close a month first."))
    try:
        contents = named(editions.load(session, edition.number))
    except ValueError as damage:
        raise NoteRefusal(
            _(
                "The edition of %(month)s is damaged (%(why)s). Run: interagency check",
                month=edition.cycle_month, why=damage,
            )
        ) from None  # fmt: skip
    passed = through_the_gate(session, contents, AUDIENCE, day)
    return _Drafting(contents, request, day).note(passed.activities, passed.events)


class _Drafting:
    """One note being drafted."""

    def __init__(self, contents: dict[str, Any], request: NoteRequest, day: date) -> None:
        self._contents, self._request, self._day = contents, request, day
        self._first, self._last = first_day(request.first_month), first_day(month_after(request.last_month))
        self._wording = Wording(contents)
        self._blocks: list[Block] = []
        self._count = 0
        self._places: dict[int, int] = {}

    def note(self, activities: list[dict[str, Any]], events: list[dict[str, Any]]) -> Note:
        """All of it, in its order."""
        used = [entry for entry in activities if self._in_period(entry["facts"])]
        of_entities = [entry for entry in used if entities_of_activity(entry["facts"])]
        of_bodies = [entry for entry in used if not entities_of_activity(entry["facts"])]
        self._heading(_("I. International cooperation"))
        self._introduction(of_entities, len(of_bodies))
        self._heading(_("II. Inter-agency cooperation"))
        self._inter_agency(of_entities)
        self._heading(_("III. Inter-commissions cooperation and acts of the Commission"))
        for entry in sorted(of_bodies, key=self._by_time):
            self._activity(entry)
        self._meetings(events, beside=bool(of_bodies))
        unused = [_unused(entry) for entry in activities if not self._in_period(entry["facts"])]
        return Note(
            self._request,
            self._day,
            self._blocks,
            sorted(unused, key=lambda one: one.record_id),
            len(used),
            self._contents["number"],
        )

    def _in_period(self, facts: Mapping[str, Any]) -> bool:
        """Whether an activity overlaps the period; one without dates counts while it lasts. Cancelled ones never."""
        if facts["status"] == "cancelled":
            return False
        start, end = date_of(facts["start"]), date_of(facts["end"])
        lasting = facts["status"] in ("planned", "ongoing")
        if start is None and end is None:
            return lasting
        begun = start is None or start.first < self._last
        if end is not None:
            return begun and end.last >= self._first
        return begun and (lasting or (start is not None and start.last >= self._first))

    def _heading(self, text: str, level: int = 1) -> None:
        self._blocks.append(Heading(level, clean(text, lines=False)))

    def _numbered(self, paragraph: Paragraph) -> None:
        self._count += 1
        self._blocks.append(paragraph.numbered(self._count))

    def _introduction(self, used: list[dict[str, Any]], of_bodies: int) -> None:
        first, last = (format_month(one) for one in (self._request.first_month, self._request.last_month))
        period = first if first == last else _("%(start)s to %(end)s", start=first, end=last)
        source = _(
            "Edition %(number)s of the matrix, %(month)s; only what each entity or body concerned agreed to share with "
            "the Commission.",
            number=self._contents["number"],
            month=format_month(self._contents["month"]),
        )
        self._numbered(
            Paragraph(
                _(
                    "The present note is drawn from the matrix of action of United Nations entities in follow-up to "
                    "the special session of the General Assembly on the world drug problem held in 2016. It covers the "
                    "period %(period)s.",
                    period=period,
                ),
                footnotes=(source,),
            )
        )
        if not used and not of_bodies:
            self._numbered(Paragraph(_("No activity was agreed for sharing with the Commission for this period.")))
            return
        known = self._contents["organisations"]
        entities = sorted(
            {key for entry in used for key in entities_of_activity(entry["facts"])},
            key=lambda key: (known.get(key, {}).get("position", 9999), known.get(key, {}).get("short", key)),
        )
        if used:
            joint, countries = sum(entry["joint"] for entry in used), self._countries(used)
            texts = [
                ngettext(
                    "Chapter II presents %(num)s activity, of %(names)s.",
                    "Chapter II presents %(num)s activities, %(joint)s of them joint, of %(names)s.",
                    len(used),
                    joint=joint,
                    names=joined(self._wording.names.of(key) for key in entities),
                )
            ]
            if countries:
                texts.append(
                    ngettext(
                        "As places of work %(num)s country is named.",
                        "As places of work %(num)s countries are named.",
                        countries,
                    )
                )
            self._numbered(Paragraph(" ".join(texts)))
        if of_bodies:
            acts = ngettext(
                "Chapter III presents %(num)s act of the Commission or another body.",
                "Chapter III presents %(num)s acts of the Commission and other bodies.",
                of_bodies,
            )
            self._numbered(Paragraph(acts))

    def _countries(self, used: list[dict[str, Any]]) -> int:
        return len({code for entry in used for code, role in entry["facts"]["countries"] if role in _WHERE})

    def _inter_agency(self, used: list[dict[str, Any]]) -> None:
        """Coordination first, as in the notes of 2018 and 2020; then each chapter, also without anything to say."""
        for entry in sorted((entry for entry in used if not entry["chapters"]), key=self._by_joint):
            self._activity(entry)
        if not used:
            self._blocks.append(Remark(_("No activity was agreed for sharing for this period.")))
            return
        self._numbered(
            Paragraph(
                _(
                    "Information is provided below on work undertaken by United Nations entities relating to each of "
                    "the seven thematic chapters of the outcome document of the special session."
                )
            )
        )
        for chapter in self._contents["chapters"]:
            self._chapter(chapter, used)

    def _chapter(self, chapter: Mapping[str, Any], used: list[dict[str, Any]]) -> None:
        number = chapter["number"]
        self._heading(chapter["title"], 2)
        under = [entry for entry in used if number in entry["chapters"]]
        fresh = sorted((e for e in under if e["id"] not in self._places), key=lambda e: self._order(e, number))
        known = sorted(self._places[e["id"]] for e in under if e["id"] in self._places)
        joint = [entry for entry in fresh if entry["joint"]]
        if joint:
            self._heading(_("Joint initiatives"), 3)
            for entry in joint:
                self._activity(entry)
        section = None
        for entry in (entry for entry in fresh if not entry["joint"]):
            _place, here = placed_in(self._contents, entry["facts"], number)
            if here != section:
                section = here
                self._heading(section or _("Further activities"), 3)
            self._activity(entry)
        if known:
            places = joined(str(place) for place in known)
            remark = ngettext(
                "See also paragraph %(places)s.", "See also paragraphs %(places)s.", len(known), places=places
            )
            self._blocks.append(Remark(remark))
        if not under:
            self._blocks.append(Remark(_("No activity under this chapter was agreed for sharing.")))

    def _activity(self, entry: dict[str, Any]) -> None:
        self._numbered(self._wording.activity(entry))
        self._places[entry["id"]] = self._count

    def _order(self, entry: dict[str, Any], number: int) -> tuple[int, str, str, int]:
        place, heading = placed_in(self._contents, entry["facts"], number)
        return (place, heading, entry["facts"]["title"].casefold(), entry["id"])

    def _by_joint(self, entry: dict[str, Any]) -> tuple[bool, str, int]:
        return (not entry["joint"], entry["facts"]["title"].casefold(), entry["id"])

    def _by_time(self, entry: dict[str, Any]) -> tuple[date, str, int]:
        known = date_of(entry["facts"]["start"]) or date_of(entry["facts"]["end"])
        return (known.first if known else date.min, entry["facts"]["title"].casefold(), entry["id"])

    def _meetings(self, events: list[dict[str, Any]], *, beside: bool) -> None:
        shown = [
            (day, entry)
            for entry in events if entry["facts"]["kind"] in INTER_COMMISSION
            for day in (StoredOccurrence(*values) for values in entry["days"])
            if not day.is_cancelled and day.first_day and day.last_day
            and day.first_day < self._last and day.last_day >= self._first
        ]  # fmt: skip
        if shown and beside:
            self._heading(_("Meetings"), 2)
        for day, entry in sorted(shown, key=lambda pair: (pair[0].first, pair[1]["facts"]["title"], pair[1]["id"])):
            self._numbered(self._wording.meeting(entry, day))
        if not shown:
            self._blocks.append(Remark(_("No meeting was agreed for sharing for this period.")))


_WHERE = ("beneficiary", "host")


def _unused(entry: Mapping[str, Any]) -> Unused:
    facts = entry["facts"]
    period = words_between(date_of(facts["start"]), date_of(facts["end"]))
    status = status_words(facts["status"])
    return Unused(entry["id"], clean(facts["title"], lines=False), f"{status}, {period}")
