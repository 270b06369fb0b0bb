"""The frozen content of a hand-out in the language that is spoken now.

What is frozen is English, and stays as it is: chapters, recommendations, countries and organisations are named again by
what they are called, dates and figures said again from their codes. People's own words stand as they were written. What
was handed out before it kept codes says its dates and figures in English in every language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from interagency.calendar.events.fields import KIND_LABELS, STATUS_LABELS
from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.exports.days import said_now
from interagency.exports.external.content import AND_OTHERS, PREPARED_BY, TITLE, Content
from interagency.matrix.activities.drafts import figure_draft
from interagency.matrix.activities.field_types import Kind
from interagency.matrix.activities.fields import BY_NAME
from interagency.matrix.activities.figures import format_figure
from interagency.matrix.cycles.months import format_month
from interagency.matrix.framework.file_words import in_words
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.framework.titles import Titles, spoken
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.languages import DEFAULT

Row = dict[str, Any]


def in_language(content: Content) -> Content:
    """`content` as the language that is spoken says it, with the code of that under `language`."""
    names = spoken()
    if names.language == DEFAULT:
        return content | {"language": DEFAULT}
    return _Said(names).content(content)


@dataclass(frozen=True, slots=True)
class _Said:
    """Says the parts of a hand-out by the names of one language."""

    names: Titles

    def content(self, content: Content) -> Content:
        said = content | {
            "language": self.names.language,
            "title": _(TITLE) if content["title"] == TITLE else content["title"],
            "period": format_month(content["month"]),
            "form": in_words(content["form"]),
            "country": self._country(content["country"]),
            "chapters": [one | {"title": self._chapter(one["numeral"], one["title"])} for one in content["chapters"]],
        }
        if content.get("prepared_by") == PREPARED_BY:
            said["prepared_by"] = _(PREPARED_BY)
        if "summary" in content:
            return said | {"summary": [self._summary(row) for row in content["summary"]]}
        return said | {
            "activities": [self._activity(one) for one in content["activities"]],
            "events": [self._event(one) for one in content["events"]],
            "acronyms": {
                self._short(short): self.names.called(name) for short, name in content.get("acronyms", {}).items()
            },
            "codes": {code: self.names.recommendation(code, one) for code, one in content.get("codes", {}).items()},
        }

    def _country(self, name: str) -> str:
        return self.names.place(name)

    def _short(self, short: str) -> str:
        return self.names.called(short)

    def _chapter(self, numeral: str, title: str) -> str:
        return self.names.chapter(ROMAN.index(numeral), title)

    def _each(self, words: Iterable[str], say: Callable[[str], str]) -> list[str]:
        return [in_words(AND_OTHERS) if word == AND_OTHERS else say(word) for word in words]

    def _summary(self, row: Row) -> Row:
        return row | {
            "title": self._chapter(row["chapter"], row["title"]),
            "entities": self._each(row["entities"], self._short),
            "countries": sorted(self._each(row["countries"], self._country)),
        }

    def _activity(self, one: Row) -> Row:
        said = one | {
            "entities": self._each(one["entities"], self._short),
            "partners": self._each(one["partners"], self._short),
            "countries": sorted(self._each(one["countries"], self._country)),
            "further": {title: self._further(title, text) for title, text in one.get("further", {}).items()},
        }
        if "coded" not in one:
            return said
        coded = one["coded"]
        start, end = (ImpreciseDate.from_code(coded[name]) if coded[name] else None for name in ("start", "end"))
        return said | {
            "begins": start.words() if start else "",
            "ends": end.words() if end else "",
            "when": words_between(start, end) if start or end else "",
            "figures": "; ".join(format_figure(figure_draft(figure)) for figure in coded["figures"]),
            "coded": coded
            | {
                "organisations": [
                    org | {"short": self._short(org["short"]), "name": self.names.called(org["name"])}
                    for org in coded["organisations"]
                ],
                "countries": [[code, self.names.country(code, name)] for code, name in coded["countries"]],
            },
        }

    def _further(self, title: str, text: str) -> str:
        """A further column: choices by their labels, organisations and sections by their names, others as they are."""
        field = next((one for one in BY_NAME.values() if one.column and one.column.title == title), None)
        if field is None or not text:
            return text
        match field.kind:
            case Kind.CHOICE | Kind.CHOICES:
                return "; ".join(map(field.label_of, text.split("; ")))
            case Kind.FLAG:
                return in_words(text)
            case Kind.SECTION:
                return self.names.section_label(text)
            case Kind.RECORDS:
                return "; ".join(map(self._short, text.split("; ")))
        return text

    def _event(self, one: Row) -> Row:
        place, comma, country = one["place"].rpartition(", ")
        return one | {
            "days": [list(said_now(StoredOccurrence(*day))) for day in one["days"]],
            "organisers": self._each(one["organisers"], self._short),
            "place": f"{place}{comma}{self._country(country)}",
        }


def kind_words(kind: str) -> str:
    """The kind of an event as a hand-out keeps it, in words: as it is kept in English."""
    return kind if spoken().language == DEFAULT else _label(KIND_LABELS, kind)


def event_status_words(status: str) -> str:
    """The same of its status."""
    return status if spoken().language == DEFAULT else _label(STATUS_LABELS, status)


def status_words(status: str) -> str:
    """The same of the status of an activity."""
    return status if spoken().language == DEFAULT else BY_NAME["status"].label_of(status)


def _label(labels: Mapping[Any, Any], value: str) -> str:
    return next((str(label) for member, label in labels.items() if member == value), value)
