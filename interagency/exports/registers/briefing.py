"""What a briefing by subject says: what is done under some filters, by whom, where, with what results, what comes next
and what is missing. One value, of which the Word file is made.

For insiders it is of all records; for an audience of what the gate passed, and of nothing derived from what it did not.
It is meant for two pages: lists end after so many lines and say how many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from interagency.calendar.events.cycle_part import entries as event_entries
from interagency.calendar.events.models import Event
from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.calendar.events.queries import event_conditions, read_event_filters
from interagency.exports.snapshot import SHARED_FILTERS
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.fields import STATUS_LABELS as ACTIVITY_STATUS
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import Status
from interagency.matrix.activities.reader import entries
from interagency.matrix.agreement.gate import NEED, entities_of_activity, let_through, through_the_gate
from interagency.matrix.agreement.models import Audience
from interagency.matrix.cycles.contents import names_of_the_day
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.needs.labels import STATUS_LABELS, whose
from interagency.matrix.needs.listing import SHARED_NAMES, need_conditions, needs_under
from interagency.matrix.needs.models import Need
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.folding import clean, listed
from interagency.text.languages import commas

MAX_DONE, MAX_RESULTS, MAX_NEXT, MAX_NEEDS, MAX_NAMED = 10, 6, 8, 4, 12
LINE_LENGTH = 170
# The order in which work is told: what is going on first.
_ORDER = {"ongoing": 0, "planned": 1, "completed": 2, "suspended": 3, "cancelled": 4}


@dataclass(slots=True)
class Section:
    """A heading, sentences below it, and lines of a list."""

    heading: str
    sentences: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Briefing:
    """A briefing: its title, its subject in words, its day, whom it is for ("" for insiders), and what it says."""

    title: str
    subject: str
    day: date
    audience: str
    sections: list[Section]


@dataclass(frozen=True, slots=True)
class Material:
    """What a briefing is made from: entries of activities and events, needs, and the names of the day."""

    filters: Filters
    activities: list[dict[str, Any]]
    events: list[dict[str, Any]]
    needs: list[Need]
    names: Mapping[str, Any]
    day: date
    audience: Audience | None


def gather(
    session: Session, filters: Filters, mine: Iterable[str], day: date, audience: Audience | None = None
) -> Material:
    """The records under `filters` (`mine`: keys of the reader's entities) as they stand on `day`."""
    names = names_of_the_day(session)
    activities = list(entries(session, activity_conditions(filters, mine)))
    events = event_entries(session, day, _events_under(session, filters, day))
    needs = needs_under(session, need_conditions(filters)) if _is_for_needs(filters) else []
    if audience is not None:
        passed = through_the_gate(session, {**names, "activities": activities, "event": events}, audience.key, day)
        activities, events = passed.activities, passed.events
        needs = let_through(session, NEED, needs, audience.key, day)
    if any(name not in SHARED_FILTERS for name, _value in filters.pairs()):
        # Events do not know these filters, but their activities do. After the gate: what stays inside lets none in.
        ids = {entry["id"] for entry in activities}
        events = [entry for entry in events if ids.intersection(_activities_of(entry))]
    return Material(filters, activities, events, [one for one in needs if one.is_unmet], names, day, audience)


def _events_under(session: Session, filters: Filters, day: date) -> list[Any]:
    shared = MultiDict([(name, value) for name, value in filters.pairs() if name in SHARED_FILTERS])
    coming = (Event.last_day >= day) | Event.last_day.is_(None)
    return [*event_conditions(read_event_filters(session, shared), ()), coming]


def _activities_of(entry: Mapping[str, Any]) -> list[int]:
    return [int(number) for number in entry["facts"].get("activities") or ()]


def _is_for_needs(filters: Filters) -> bool:
    """Whether needs know all the filters: under others they would be those of another subject."""
    return all(name in SHARED_NAMES for name, _value in filters.pairs())


def brief(material: Material, title: str = "") -> Briefing:
    """The briefing."""
    told = _Telling(material)
    sections = [told.summary(), told.done(), told.by_whom(), told.where(), told.results(), told.next(), told.gaps()]
    if material.needs:
        sections.insert(-1, told.needs())
    subject = "; ".join(_subject(material.filters)) or str(_("the whole matrix"))
    audience = material.audience.name if material.audience else ""
    heading = title or str(_("Briefing: %(subject)s", subject=subject))
    return Briefing(clean(heading, lines=False), clean(subject, lines=False), material.day, audience, sections)


def _subject(filters: Filters) -> list[str]:
    return [filters.label(name, value) for name, value in filters.pairs()]


def cut(text: str, length: int = LINE_LENGTH) -> str:
    """`text` in one line of at most `length` signs, ended at a word with an ellipsis where it is longer."""
    line = clean(text, lines=False)
    if len(line) <= length:
        return line
    shorter = line[: length - 1]
    return f"{shorter.rsplit(' ', 1)[0] if ' ' in shorter else shorter}…"


class _Telling:
    """Says one material."""

    def __init__(self, material: Material) -> None:
        self._material = material
        self._words = FactLabels.of_edition(dict(material.names))
        told = [one for one in material.activities if one["facts"]["status"] != "cancelled"]
        self._activities = sorted(told, key=self._by_status)

    def _by_status(self, entry: Mapping[str, Any]) -> tuple[int, bool, str]:
        facts = entry["facts"]
        return (_ORDER[facts["status"]], not entry["joint"], facts["title"].casefold())

    def _short(self, key: str) -> str:
        return self._words.organisations.get(key, key)

    def _entities(self, entry: Mapping[str, Any]) -> list[str]:
        return [self._short(key) for key in entities_of_activity(entry["facts"])]

    def summary(self) -> Section:
        """How much there is."""
        number, joint = len(self._activities), sum(one["joint"] for one in self._activities)
        entities = {key for one in self._activities for key in entities_of_activity(one["facts"])}
        countries = {code for one in self._activities for code, _role in one["facts"]["countries"]}
        if not number:
            return Section(str(_("In short")), [str(_("No activity is known on this subject."))])
        told = ngettext(
            "%(num)s activity is known on this subject, %(joint)s of them joint, of %(entities)s.",
            "%(num)s activities are known on this subject, %(joint)s of them joint, of %(entities)s.",
            number,
            joint=joint,
            entities=ngettext("%(num)s UN entity", "%(num)s UN entities", len(entities)),
        )
        named = ngettext("%(num)s country is named.", "%(num)s countries are named.", len(countries))
        return Section(str(_("In short")), [told, named] if countries else [told])

    def done(self) -> Section:
        """The activities, one a line."""
        found = Section(str(_("What is done")))
        for entry in self._activities[:MAX_DONE]:
            facts = entry["facts"]
            start, end = (ImpreciseDate.from_code(facts[name]) if facts[name] else None for name in ("start", "end"))
            places = [self._words.countries.get(code, code) for code, _role in facts["countries"]]
            places += [self._words.regions.get(code, code) for code in facts["regions"]]
            parts = [
                listed(self._entities(entry)),
                ", ".join(dict.fromkeys(places[:4])),
                str(ACTIVITY_STATUS[Status(facts["status"])]).lower(),
                words_between(start, end) if start or end else "",
                ", ".join(facts["recommendations"][:6]),
            ]
            title = cut(facts["title"], 120)
            found.lines.append(cut(f"{title}: {'; '.join(filter(None, parts))}"))
        self._more(found, len(self._activities), MAX_DONE)
        return found

    def _more(self, found: Section, total: int, shown: int) -> None:
        """Say how many are left out."""
        left = total - shown
        if left > 0:
            found.lines.append(ngettext("%(num)s more is in the matrix.", "%(num)s more are in the matrix.", left))

    def by_whom(self) -> Section:
        """Entities with how many activities each has, and how many partners there are besides."""
        found = Section(str(_("By whom")))
        counts = Counter(key for one in self._activities for key in entities_of_activity(one["facts"]))
        joint = Counter(key for one in self._activities if one["joint"] for key in entities_of_activity(one["facts"]))
        ranked = sorted(counts, key=lambda key: (-counts[key], self._short(key).casefold()))
        named = [
            str(
                _(
                    "%(entity)s (%(number)s, %(joint)s joint)",
                    entity=self._short(key),
                    number=counts[key],
                    joint=joint[key],
                )
            )
            for key in ranked[:MAX_NAMED]
        ]
        partners = {key for one in self._activities for key in one["facts"]["partners"]}
        found.sentences = (
            [cut(f"{', '.join(named)}.", 2 * LINE_LENGTH)] if named else [str(_("No UN entity is named."))]
        )
        if partners:
            some = sorted(map(self._short, partners), key=str.casefold)
            text = _("With partners: %(names)s.", names=", ".join(some[:MAX_NAMED]))
            if len(some) > MAX_NAMED:
                text = _("With %(number)s partners, such as %(names)s.", number=len(some), names=", ".join(some[:8]))
            found.sentences.append(cut(str(text), LINE_LENGTH))
        return found

    def where(self) -> Section:
        """Countries and regions with how many activities name each."""
        found = Section(str(_("Where")))
        for name, known in (("countries", self._words.countries), ("regions", self._words.regions)):
            counts: Counter[str] = Counter()
            for one in self._activities:
                counts.update({(key if name == "regions" else key[0]) for key in one["facts"][name]})
            ranked = sorted(counts, key=lambda code: (-counts[code], known.get(code, code)))
            text = commas(f"{known.get(code, code)} ({counts[code]})" for code in ranked[:MAX_NAMED])
            more = len(ranked) - MAX_NAMED
            if text and more > 0:
                text = ngettext("%(listed)s and %(num)s more", "%(listed)s and %(num)s more", more, listed=text)
            found.sentences += [cut(f"{text}.", 2 * LINE_LENGTH)] if text else []
        if not found.sentences:
            found.sentences = [str(_("No country or region is named."))]
        return found

    def results(self) -> Section:
        """Results and figures, each with its activity; never added up."""
        found, lines = Section(str(_("Results"))), []
        for entry in self._activities:
            facts = entry["facts"]
            figures = self._words.say("figures", facts["figures"]) if facts["figures"] else ""
            told = "; ".join(filter(None, [figures, facts["results"]]))
            if told:
                lines.append(cut(f"{cut(facts['title'], 100)}: {told}"))
        found.lines = lines[:MAX_RESULTS]
        self._more(found, len(lines), MAX_RESULTS)
        if not lines:
            found.sentences = [str(_("No result or figure is known."))]
        return found

    def next(self) -> Section:
        """Events to come and planned activities, by date."""
        found, dated = Section(str(_("What comes next"))), []
        for entry in self._material.events:
            facts = entry["facts"]
            days = [StoredOccurrence(*day) for day in entry["days"]]
            coming = [
                day for day in days if not day.is_cancelled and (not day.last_day or day.last_day >= self._material.day)
            ]
            if facts["status"] in ("cancelled", "held") or not coming:
                continue
            first = min(coming, key=lambda day: day.first_day or date.max)
            place = ", ".join(filter(None, [facts["city"], self._words.countries.get(facts["country"] or "", "")]))
            dated.append(
                (first.first_day or date.max, cut("; ".join(filter(None, [f"{first.when}: {facts['title']}", place]))))
            )
        for entry in self._activities:
            facts = entry["facts"]
            if facts["status"] == "planned":
                start = ImpreciseDate.from_code(facts["start"]) if facts["start"] else None
                when = start.words() if start else str(_("date not known"))
                who = listed(self._entities(entry))
                dated.append((start.first if start else date.max, cut(f"{when}: {cut(facts['title'], 150)}; {who}")))
        found.lines = [text for _day, text in sorted(dated)[:MAX_NEXT]]
        self._more(found, len(dated), MAX_NEXT)
        if not dated:
            found.sentences = [str(_("Nothing is planned that is known."))]
        return found

    def needs(self) -> Section:
        """Needs that nobody has met yet."""
        found, needs = Section(str(_("Needs that are open"))), self._material.needs
        for one in needs[:MAX_NEEDS]:
            parts = [
                whose(one),
                ", ".join(rec.code for rec in one.recommendations),
                str(STATUS_LABELS[one.status]).lower(),
            ]
            if self._material.audience is None and one.offers:
                parts.append(str(_("can help: %(names)s", names=", ".join(offer.entity.short for offer in one.offers))))
            found.lines.append(cut(f"{one.title}: {'; '.join(filter(None, parts))}"))
        if len(needs) > MAX_NEEDS:
            left = len(needs) - MAX_NEEDS
            found.lines.append(ngettext("%(num)s more is open.", "%(num)s more are open.", left))
        return found

    def gaps(self) -> Section:
        """What nothing stands under, and what has no funds."""
        found = Section(str(_("Gaps")))
        done = {code for one in self._activities for code in one["facts"]["recommendations"]}
        known = self._material.names["recommendations"]
        filters = self._material.filters
        chapters = {int(number) for number in filters.get("chapter") if number != "none"}
        asked = [code for code in filters.get("recommendation") if code != "none"]
        scope = asked or [code for code, one in known.items() if one["chapter"] in chapters]
        if missing := [code for code in scope if code not in done]:
            codes = ", ".join(missing[:30])
            found.sentences.append(str(_("No activity is known under: %(codes)s.", codes=codes)))
        elif scope:
            found.sentences.append(str(_("Every recommendation asked for has an activity.")))
        else:
            touched = {number for one in self._activities for number in one["chapters"]}
            blank = [ROMAN[number] for number in range(1, 8) if number not in touched]
            if blank:
                found.sentences.append(
                    str(_("No activity is known under chapter: %(chapters)s.", chapters=", ".join(blank)))
                )
        seeking = [one["facts"]["title"] for one in self._activities if one["facts"].get("funding") == "seeking funds"]
        if seeking:
            names = cut(", ".join(seeking), 300)
            found.sentences.append(str(_("Still seeking funds: %(titles)s.", titles=names)))
        if self._material.audience is None:
            unmet = sum(not one.offers for one in self._material.needs)
            if unmet:
                found.sentences.append(
                    ngettext("Nobody has said they can help with %(num)s need.",
                             "Nobody has said they can help with %(num)s needs.", unmet)
                )  # fmt: skip
        if not found.sentences:
            found.sentences = [str(_("None that the matrix can tell."))]
        return found
