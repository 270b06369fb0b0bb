"""The words of the Note: paragraphs put together from the records' own words and facts, never invented.

A paragraph opens with the title of its record, goes on with the description where its entity lets it leave, says in a
sentence who, with whom, where and when, and what the figures count, then the results, and in brackets what it
answers. Links, and of when and from where a figure is, stand in footnotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flask_babel import gettext as _

from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.exports.days import said_now
from interagency.exports.external.translated import event_status_words, kind_words, status_words
from interagency.matrix.activities.drafts import FigureDraft, figure_draft
from interagency.matrix.activities.facts import entities_taking_part, figures_outside
from interagency.matrix.activities.figure_parts import brackets_of, dates_of_period, progress_of
from interagency.matrix.activities.figures import quantity
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import CountryRole, FigureKind
from interagency.matrix.activities.state.country_statuses import words_of
from interagency.matrix.agreement.gate import ACTIVITY, EVENT, asked_by_facts
from interagency.matrix.framework.file_words import in_words
from interagency.matrix.framework.titles import spoken
from interagency.matrix.organisations.documents import shared_documents
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.folding import clean, listed
from interagency.text.languages import DEFAULT

_VERBS = {  # of one, of several, of the work
    "planned": ("plans", "plan", "is planned"),
    "ongoing": ("carries out", "carry out", "is carried out"),
    "completed": ("carried out", "carried out", "was carried out"),
    "suspended": ("has suspended", "have suspended", "has been suspended"),
    "cancelled": ("has cancelled", "have cancelled", "was cancelled"),
}
# Of a meeting, by its status: what is said of it before its days and after.
_HELD = {
    "held": ("was held", "was held"),
    "confirmed": ("is scheduled for", "was scheduled for"),
    "tentative": ("is planned for", "was planned for"),
    "postponed": ("has been postponed from", "was postponed from"),
    "cancelled": ("has been cancelled on", "was cancelled on"),
}
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "؟")
_WORD = re.compile(r"[\w-]+")
# Of an organisation whose name holds one of these a sentence says "the".
_NOUNS = (
    "association bank cell centre center commission committee community conference coordination council department "
    "forum force fund government group initiative institute league network office organisation organization plan "
    "programme project section society union university"
)
_COMMON_NOUNS = frozenset(_NOUNS.split())


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: the title it opens with, its text, its footnotes, and the record it is drawn from.

    `kind` and `record_id` name the record, `record` says it in words; all empty of one that is drawn from none.
    `number` is its place in the note.
    """

    text: str
    title: str = ""
    footnotes: tuple[str, ...] = ()
    kind: str = ""
    record_id: int = 0
    record: str = ""
    number: int = 0

    def numbered(self, number: int) -> Paragraph:
        """The same at its place."""
        return replace(self, number=number)


@dataclass(slots=True)
class Names:
    """Names of organisations: spelled out at the first mention, by acronym from then on."""

    organisations: Mapping[str, Mapping[str, Any]]
    mentioned: set[str] = field(default_factory=set)

    def of(self, key: str) -> str:
        """How a sentence names it, such as `the World Health Organization (WHO)`, then `WHO`."""
        one = self.organisations.get(key)
        if one is None:
            return key
        if spoken().language != DEFAULT:
            return self._in_other_language(key, one)
        is_common = not _COMMON_NOUNS.isdisjoint(one["name"].lower().split())
        article = "the " if one.get("is_entity") or one.get("is_body") or is_common else ""
        if one["short"] == one["name"]:
            return f"{article}{one['name']}"
        if key in self.mentioned:
            return str(one["short"])
        self.mentioned.add(key)
        return f"{article}{one['name']} ({one['short']})"

    def _in_other_language(self, key: str, one: Mapping[str, Any]) -> str:
        """Without articles and cases: the name, with its acronym at the first mention."""
        if one["short"] == one["name"] or key in self.mentioned:
            return str(one["short"])
        self.mentioned.add(key)
        return f"{one['name']} ({one['short']})"


def joined(parts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return listed(parts)


def sentence(text: str) -> str:
    """`text` as a sentence: with a capital, and a full stop unless it ends as one."""
    text = text.strip()
    if not text:
        return ""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(_SENTENCE_ENDS) else '.'}"


def date_of(code: str | None) -> ImpreciseDate | None:
    """The date a fact says."""
    return ImpreciseDate.from_code(code) if code else None


def when(start: ImpreciseDate | None, end: ImpreciseDate | None, status: str = "") -> str:
    """A period as a sentence says it: `in June 2016`, `on 3 May 2016`, `since 2019`, `from 2010 to 2011`, or ""."""
    if start is None and end is None:
        return ""
    if start is None or end is None:
        begun = "since" if status == "ongoing" else "from"
        return f"{begun} {_named(start)}" if start else f"until {_named(end)}"
    if start.is_exact and end.is_exact:
        return f"on {words_between(start, end)}"
    return f"in {_named(start)}" if start == end else f"from {_named(start)} to {_named(end)}"


def _named(date_known: ImpreciseDate | None) -> str:
    """A date within a sentence: `June 2016`, `the second half of 2017`."""
    words = date_known.words() if date_known else ""
    return f"the {words}" if " of " in words else words


class Wording:
    """Says records of one edition; organisations are spelled out where this first names them."""

    def __init__(self, contents: Mapping[str, Any]) -> None:
        self._contents = contents
        self._labels = FactLabels.of_edition(contents)
        self._made_on = date.fromisoformat(contents["made_at"][:10])
        self.names = Names(contents["organisations"])

    def activity(self, entry: Mapping[str, Any]) -> Paragraph:
        """What the note says of an activity."""
        facts = entry["facts"]
        description = facts["description"] if facts.get("share_description") else ""
        parts = [
            *_sentences(description),
            *self._said(facts, description),
            *_sentences(facts["results"]),
            _answers(facts),
        ]
        return self._of(
            entry, ACTIVITY, " ".join(filter(None, parts)), facts["title"], tuple(self._footnotes(facts))
        )  # fmt: skip

    def _of(self, entry: Mapping[str, Any], kind: str, text: str, title: str, footnotes: tuple[str, ...]) -> Paragraph:
        known = {"number": entry["id"], "version": entry["version"], "edition": self._contents["number"]}
        if kind == ACTIVITY:
            origin = _("Record %(number)s, version %(version)s, edition %(edition)s of the matrix", **known)
        else:
            origin = _("Event %(number)s, version %(version)s, edition %(edition)s of the matrix", **known)
        return Paragraph(
            clean(text, lines=False),
            sentence(clean(title, lines=False)),
            tuple(clean(one, lines=False) for one in footnotes),
            kind,
            entry["id"],
            origin,
        )

    def _said(self, facts: Mapping[str, Any], description: str) -> Iterable[str]:
        """Who, with whom, where and when, targets and results: sentences in English, where the description does not
        say it; statements in the other languages, whose sentences would have to bend the names."""
        if spoken().language == DEFAULT:
            yield sentence(self._who_and_where(facts, description))
            yield from self._statuses_by_country(facts)
            yield from _targets_and_results(facts)
        else:
            yield from self._stated(facts)

    def _stated(self, facts: Mapping[str, Any]) -> Iterable[str]:
        asked = asked_by_facts(ACTIVITY, facts, self._contents["organisations"])
        places = {role: self._countries(facts, role) for role in CountryRole}
        partners = [self.names.of(key) for key in facts["partners"] if key not in asked] + places[CountryRole.PARTNER]
        where = [facts["city"], *sorted({*places[CountryRole.BENEFICIARY], *places[CountryRole.HOST]})]
        start, end = date_of(facts["start"]), date_of(facts["end"])
        statements = (
            (_("Carried out by: %(names)s."), [self.names.of(key) for key in asked]),
            (_("With: %(names)s."), [*partners, *[in_words("and others")] * bool(facts["partners_incomplete"])]),
            (_("Place: %(names)s."), where),
            (_("Concerning: %(names)s."), places[CountryRole.SUBJECT]),
            (_("Period: %(names)s."), [words_between(start, end)] if start or end else []),
            (_("Status: %(names)s."), [status_words(facts["status"])]),
            (_("Status by country: %(names)s."), [words_of(facts["country_statuses"], self._labels.countries)]),
            (_("Figures: %(names)s."), _plain_figures(facts)),
            *(
                stated
                for one in progress_of(map(figure_draft, facts["figures"]), date.max)
                for stated in (
                    (_("Target: %(names)s."), [*map(_counted, one.targets)]),
                    (_("Achieved: %(names)s."), [*map(_counted, one.achieved)]),
                )
            ),
        )
        for words, some in statements:
            if any(some):
                yield words % {"names": "; ".join(filter(None, some))}

    def _who_and_where(self, facts: Mapping[str, Any], description: str) -> str:
        """Who does it, with whom, where, when, and what the figures count, in one sentence; "" where the description
        says so much itself."""
        asked = asked_by_facts(ACTIVITY, facts, self._contents["organisations"])
        supporting = [key for key in asked if key in facts["supporting"]]
        doing = [key for key in asked if key not in supporting] or asked
        places = {role: self._countries(facts, role) for role in CountryRole}
        one, several, passive = _VERBS[facts["status"]]
        if self._opens_with(description, doing):
            who = f"This work {passive}"
        else:
            who = f"{joined(self.names.of(key) for key in doing)} {one if len(doing) == 1 else several} this work"
        partners = [
            self.names.of(key)
            for key in facts["partners"]
            if key not in asked and self._labels.organisations.get(key) != facts["title"]
        ]
        partners += [
            name for name in places[CountryRole.PARTNER] if not any(known.endswith(name) for known in partners)
        ] + ["others"] * bool(facts["partners_incomplete"])  # fmt: skip
        text = who
        if partners:
            text += f" together with {joined(partners)}"
        support = [self.names.of(key) for key in supporting if key not in doing]
        text += f", with the support of {joined(support)}," if support else ""
        text += _where(facts["city"], sorted({*places[CountryRole.BENEFICIARY], *places[CountryRole.HOST]}))
        if subjects := places[CountryRole.SUBJECT]:
            text += f" concerning {joined(subjects)}"
        text += " at the request of a Member State" if facts["on_request"] else ""
        if period := when(date_of(facts["start"]), date_of(facts["end"]), facts["status"]):
            text += f" {period}"
        if plain := _plain_figures(facts):
            text += f", involving {joined(plain)}"
        return "" if text == f"This work {passive}" else text.replace(",,", ",").rstrip(",")

    def _opens_with(self, description: str, doing: list[str]) -> bool:
        """Whether a description begins with who does it and names all of them, so that it need not be said again."""
        shorts = [self._labels.organisations.get(key, key) for key in doing]
        words = _WORD.findall(description)
        return bool(words) and words[0] in shorts and set(shorts) <= set(words)

    def _countries(self, facts: Mapping[str, Any], role: CountryRole) -> list[str]:
        return sorted({self._labels.countries.get(code, code) for code, one in facts["countries"] if one == role})

    def _statuses_by_country(self, facts: Mapping[str, Any]) -> Iterable[str]:
        """In one sentence where the work stands otherwise than on the whole."""
        by_status: dict[str, list[str]] = {}
        for code, status in facts["country_statuses"]:
            by_status.setdefault(status, []).append(self._labels.countries.get(code, code))
        if by_status:
            parts = joined(f"{status} in {joined(sorted(names))}" for status, names in sorted(by_status.items()))
            yield sentence(f"It is {parts}")

    def _footnotes(self, facts: Mapping[str, Any]) -> Iterable[str]:
        """Of when and from where each figure is, by whom and on what evidence, and the page about the activity."""
        names = self._contents["organisations"]
        for figure in map(figure_draft, figures_outside(facts["figures"], entities_taking_part(facts), names)):
            known = [date_of(figure.as_of), figure.entity, figure.source, figure.evidence]
            origin = ", ".join(one.words() if isinstance(one, ImpreciseDate) else one for one in known if one)
            if origin:
                yield sentence(f"{_counted(figure)}: {origin}")
        for title, url in shared_documents(facts["documents"]):
            yield sentence(f"{title}: {url}")
        if facts["link"]:
            yield _("See %(link)s.", link=facts["link"])

    def meeting(self, entry: Mapping[str, Any], day: StoredOccurrence) -> Paragraph:
        """What the note says of one date of an event."""
        facts = entry["facts"]
        country = self._labels.countries.get(facts["country"] or "", "")
        place = day.venue or ", ".join(filter(None, (facts["venue"], facts["city"], country)))
        over = bool(day.last_day and day.last_day < self._made_on)
        status = day.status or facts["status"]
        if spoken().language != DEFAULT:
            return self._meeting_stated(entry, day, place, status)
        held = _HELD[status][over]
        text = f"This {facts['kind']} {held} {day.when}" if status != "held" else f"This {facts['kind']} {held}"
        text += f" in {place}" if place else ""
        if status == "held":
            text += f" {'on' if day.is_exact else 'in'} {day.when}"
        if facts["organisers"]:
            text += f", organized by {joined(self.names.of(key) for key in facts['organisers'])}"
        return self._of(entry, EVENT, sentence(text), day.title, _documents(facts))

    def _meeting_stated(self, entry: Mapping[str, Any], day: StoredOccurrence, place: str, status: str) -> Paragraph:
        """The same in statements, in another language than English."""
        facts = entry["facts"]
        statements = (
            (_("Kind: %(names)s."), [kind_words(facts["kind"])]),
            (_("Status: %(names)s."), [event_status_words(status)]),
            (_("Period: %(names)s."), [said_now(day).when]),
            (_("Place: %(names)s."), [place]),
            (_("Organised by: %(names)s."), [self.names.of(key) for key in facts["organisers"]]),
        )
        text = " ".join(words % {"names": "; ".join(some)} for words, some in statements if any(some))
        return self._of(entry, EVENT, text, day.title, _documents(facts))


def _documents(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Of an event, with its address."""
    return tuple(f"{title}: {url}" if title else url for title, url in shared_documents(facts.get("documents") or []))


def _plain_figures(facts: Mapping[str, Any]) -> list[str]:
    """What is counted and is neither target nor result."""
    return [_counted(one) for one in map(figure_draft, facts["figures"]) if one.kind is FigureKind.FIGURE]


def _counted(figure: FigureDraft) -> str:
    """What a figure counts, in which period and by when, within a sentence; in other languages than English with
    period and date in brackets."""
    if spoken().language != DEFAULT:
        said = brackets_of(replace(figure, as_of="", entity="", evidence="", source=""))
        return f"{quantity(figure)} ({said})" if said else quantity(figure)
    period = dates_of_period(figure.period)
    due = date_of(figure.due)
    return "".join(
        (
            quantity(figure),
            f" by {_named(due)}" if due else "",
            "" if period is None else f" in {_named(period[0])}" if period[0] == period[1]
            else f" in the period {words_between(*period)}",
        )
    )  # fmt: skip


def _targets_and_results(facts: Mapping[str, Any]) -> Iterable[str]:
    """A sentence for each thing that has a target or was achieved; nothing is added up or divided."""
    for one in progress_of(map(figure_draft, facts["figures"]), date.max):
        target, reached = joined(map(_counted, one.targets)), joined(map(_counted, one.achieved))
        if target and reached:
            yield sentence(f"The target is {target}; achieved: {reached}")
        elif target:
            yield sentence(f"The target is {target}")
        else:
            yield sentence(f"The result is {reached}")


def _sentences(text: str | None) -> list[str]:
    """The sentences of a free text, in one paragraph; each of its lines is one at least."""
    return [sentence(line) for line in clean(text or "").splitlines() if line.strip()]


def _where(city: str | None, countries: list[str]) -> str:
    if not city:
        return f" in {joined(countries)}" if countries else ""
    if len(countries) == 1:
        return f" in {city}, {countries[0]}"
    return f" in {joined(countries)} ({city})" if countries else f" in {city}"


def _answers(facts: Mapping[str, Any]) -> str:
    """In brackets: the recommendations it answers, and the Goals and targets it serves."""
    found = []
    codes = facts["recommendations"]
    if spoken().language != DEFAULT:
        said = [_("recommendations: %(codes)s", codes=", ".join(codes))] if codes else []
        said += [_("SDGs: %(codes)s", codes=", ".join(facts["sdg"]))] if facts["sdg"] else []
        return f"({'; '.join(said)})" if said else ""
    if codes:
        found.append(f"{'recommendation' if len(codes) == 1 else 'recommendations'} {joined(codes)}")
    goals = [code for code in facts["sdg"] if "." not in code]
    targets = [code for code in facts["sdg"] if "." in code]
    parts = [f"{name if len(some) == 1 else f'{name}s'} {joined(some)}"
             for name, some in (("Sustainable Development Goal", goals), ("target", targets)) if some]  # fmt: skip
    if targets and not goals:
        parts[0] = f"{parts[0]} of the Sustainable Development Goals"
    found += [joined(parts)] if parts else []
    return f"({sentence('; '.join(found))})" if found else ""
