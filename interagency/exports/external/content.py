"""The content of a hand-out: plain values in fields named one by one. What is not named here does not leave.

No contacts, remarks, descriptions that nobody opened, agreement, history, versions or internal numbers. Nothing is
derived from records that stay inside: counts are of what is shown, rows are numbered by their place, and every
order follows from the shown values alone.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from interagency.calendar.events.occurrences import outside
from interagency.db.base import canonical_json
from interagency.db.history import TextTranslation
from interagency.exports.external.coded import coded
from interagency.matrix.activities.facts import figures_outside
from interagency.matrix.activities.fields import BY_NAME
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.agreement.gate import Passed, entities_of_activity
from interagency.matrix.cycles.months import format_month
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.organisations.documents import shared_documents
from interagency.text.dates import ImpreciseDate, words_between


def N_(text: str) -> str:  # noqa: N802  (the name by which catalogues find what is translated when it is shown)
    return text


Content = dict[str, Any]
FORMAT = 1
TITLE = N_("UNGASS-related action of United Nations entities")
PREPARED_BY = N_("UNODC, for the United Nations entities that take part")
AND_OTHERS = "and others"


# Columns of the activity that leave beside those below, as they read, named one by one.
FURTHER: tuple[str, ...] = (
    "supporting",
    "kinds",
    "on_request",
    "funding",
    "city",
    "section",
    "lessons",
    "sdg",
    "country_statuses",
    "documents",
)


class Form(enum.StrEnum):
    """What of the edition is handed out."""

    FULL = "full list"
    SUMMARY = "summary by chapter"
    COUNTRY = "country extract"
    JOINT = "joint initiatives"


def content_of(
    passed: Passed,
    edition: Mapping[str, Any],
    *,
    audience: str,
    form: Form,
    country: str | None = None,
    identify: Callable[[int], str] = lambda _number: "",
    translations: Mapping[int, Mapping[str, Mapping[str, TextTranslation]]] | None = None,
) -> Content:
    """What the audience sees of an edition, from what passed the gate.

    `edition` are its contents, of which only month, zone, day of making, chapters and names are used. A country
    extract keeps the records of one country, `country` by ISO 3166. It is in English, whoever hands it out:
    `translated.in_language` says it in the others. `translations` are those of people's texts. `identify` gives the
    name that the activity of a number has outside; without one there is no IATI file.
    """
    words = FactLabels.of_edition(edition)
    activities = [
        _activity(entry, edition, words)
        | _translated(entry["facts"], (translations or {}).get(entry["id"], {}))
        | {"coded": _codes(entry, edition, identify(entry["id"]))}
        for entry in passed.activities
        if _is_of(entry, form, country)
    ]
    events = [_event(entry, words) for entry in passed.events if _is_of_country(entry, form, country)]
    activities.sort(key=_order)
    events.sort(key=_order)
    content: Content = {
        "format": FORMAT,
        "title": TITLE,
        "month": edition["month"],
        "period": format_month(edition["month"]),
        "as_of": edition["made_at"][:10],
        "audience": audience,
        "form": form.value,
        "country": words.countries.get(country, "") if country else "",
        "prepared_by": PREPARED_BY,
        "chapters": [{"numeral": ROMAN[one["number"]], "title": one["title"]} for one in edition["chapters"]],
    }
    if form is Form.SUMMARY:
        return content | {"summary": _summary(activities, content["chapters"])}
    for number, one in enumerate(activities, start=1):
        one["number"] = number
    return content | {"activities": activities, "events": events} | _key(activities, events, edition)


def is_empty(content: Content) -> bool:
    """Whether it shows no record at all."""
    if "summary" in content:
        return not any(row["activities"] for row in content["summary"])
    return not content["activities"] and not content["events"]


def _is_of(entry: Mapping[str, Any], form: Form, country: str | None) -> bool:
    if form is Form.JOINT:
        return bool(entry["joint"])
    if form is Form.COUNTRY:
        return any(code == country for code, _role in entry["facts"]["countries"])
    return True


def _is_of_country(entry: Mapping[str, Any], form: Form, country: str | None) -> bool:
    if form is Form.COUNTRY:
        return bool(entry["facts"]["country"] == country)
    return form is not Form.JOINT or bool(entry["joint"])


def _activity(entry: Mapping[str, Any], edition: Mapping[str, Any], words: FactLabels) -> dict[str, Any]:
    taking_part = entities_of_activity(entry["facts"])
    facts = entry["facts"] | {
        "supporting": [key for key in entry["facts"]["supporting"] if key in taking_part],
        "documents": [[*one, None, False] for one in shared_documents(entry["facts"]["documents"])],
        "figures": figures_outside(entry["facts"]["figures"], taking_part, edition["organisations"]),
    }
    shown = {
        "title": facts["title"],
        "description": facts["description"] if facts.get("share_description") else "",
        "entities": [words.organisations.get(key, key) for key in taking_part],
        "partners": sorted(words.organisations.get(key, key) for key in facts["partners"])
        + [AND_OTHERS] * bool(facts["partners_incomplete"]),
        "countries": sorted({words.countries.get(code, code) for code, _role in facts["countries"]}),
        "chapters": [ROMAN[number] for number in entry["chapters"]],
        "recommendations": facts["recommendations"],
        "begins": words.say("start", facts["start"]) if facts["start"] else "",
        "ends": words.say("end", facts["end"]) if facts["end"] else "",
        "when": _period(facts),
        "status": facts["status"],
        "joint": bool(entry["joint"]),
        "figures": words.say("figures", facts["figures"]) if facts["figures"] else "",
        "results": facts["results"],
        "link": facts["link"],
        "text_language": facts["text_language"] or "",
    }
    if FURTHER:
        shown["further"] = {_title(name): words.say(name, facts[name]) if facts[name] else "" for name in FURTHER}
    return shown


def _translated(
    facts: Mapping[str, Any], known: Mapping[str, Mapping[str, TextTranslation]]
) -> dict[str, dict[str, dict[str, str]]]:
    """By language the translations of what leaves itself, as long as it says what was translated."""
    leaving = {"title": facts["title"], "description": facts["description"] if facts.get("share_description") else ""}
    found = {
        language: {name: one.text for name, one in fields.items() if leaving.get(name) == one.original}
        for language, fields in known.items()
    }
    said = {language: texts for language, texts in sorted(found.items()) if texts}
    return {"translations": said} if said else {}


def _codes(entry: Mapping[str, Any], edition: Mapping[str, Any], identifier: str) -> dict[str, Any]:
    facts = entry["facts"]
    taking_part = entities_of_activity(facts)
    facts = facts | {"figures": figures_outside(facts["figures"], taking_part, edition["organisations"])}
    return coded(facts, edition, taking_part, identifier)


def _key(
    activities: Iterable[Mapping[str, Any]], events: Iterable[Mapping[str, Any]], edition: Mapping[str, Any]
) -> dict[str, dict[str, str]]:
    """What the acronyms and codes stand for that are shown, and no others."""
    shown = {name for one in activities for name in [*one["entities"], *one["partners"]]}
    shown |= {name for one in events for name in one["organisers"]}
    names = {one["short"]: one["name"] for one in edition["organisations"].values() if one["short"] != one["name"]}
    codes = {code for one in activities for code in one["recommendations"]}
    return {
        "acronyms": {short: names[short] for short in sorted(shown & names.keys(), key=str.casefold)},
        "codes": {
            code: one["title"]
            for code, one in sorted(edition["recommendations"].items(), key=lambda item: item[1]["position"])
            if code in codes
        },
    }


def _title(name: str) -> str:
    column = BY_NAME[name].column
    assert column is not None, f"{name} needs a column to be handed out"
    return column.title


def _period(facts: Mapping[str, Any]) -> str:
    start, end = (ImpreciseDate.from_code(facts[name]) if facts[name] else None for name in ("start", "end"))
    return words_between(start, end) if start or end else ""


def _event(entry: Mapping[str, Any], words: FactLabels) -> dict[str, Any]:
    facts = entry["facts"]
    return {
        "title": facts["title"],
        "text_language": facts.get("text_language") or "",
        "uid": hashlib.sha256(f"outside/{entry['uid']}".encode()).hexdigest()[:32],
        "kind": facts["kind"],
        "status": facts["status"],
        "days": [outside(day) for day in entry["days"]],
        "timezone": facts["timezone"] or "",
        "organisers": [words.organisations.get(key, key) for key in facts["organisers"]],
        "place": ", ".join(
            part for part in (facts["venue"], facts["city"], words.countries.get(facts["country"] or "", "")) if part
        ),
        "chapters": [ROMAN[number] for number in entry["chapters"]],
        "documents": shared_documents(facts.get("documents") or []),
    }


def _order(one: Mapping[str, Any]) -> tuple[str, str]:
    return (one["title"].casefold(), canonical_json(one))


def _summary(activities: list[dict[str, Any]], chapters: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Each chapter, also without anything to show: activities, joint ones, entities and countries."""
    rows = []
    for chapter in chapters:
        some = [one for one in activities if chapter["numeral"] in one["chapters"]]
        rows.append(
            {
                "chapter": chapter["numeral"],
                "title": chapter["title"],
                "activities": len(some),
                "joint": sum(one["joint"] for one in some),
                "entities": sorted({name for one in some for name in one["entities"]}),
                "countries": sorted({name for one in some for name in one["countries"]}),
            }
        )
    return rows
