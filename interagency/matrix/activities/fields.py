"""The fields of an activity, each described once.

Facts, drafts, form, page, filters, history, workbook, import, editions, comparison, merging, undoing, hand-outs, the
Note and search read this table or are checked against it by `tests/matrix/activities/test_fields.py`;
docs/howto/add-a-field.md says how to add one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from interagency.matrix.activities.choice_labels import (
    COUNTRY_ROLE_LABELS,
    FUNDING_LABELS,
    KIND_LABELS,
    LANGUAGE_LABELS,
    LEVEL_LABELS,
    PILLAR_LABELS,
    PRACTICE_LABELS,
    SCOPE_LABELS,
    STATUS_LABELS,
)
from interagency.matrix.activities.field_types import Facts, Field, Kind, Merge, Seen, SheetColumn, Words
from interagency.matrix.activities.models import TITLE_LENGTH, CountryRole, Status
from interagency.matrix.framework.models import Recommendation, Region
from interagency.matrix.organisations.models import Organisation
from interagency.web.forms import FormPart

__all__ = [
    "BY_NAME", "COUNTRIES_BY_ROLE", "COUNTRY_ROLE_LABELS", "EDITED", "FIELDS", "FILTERED", "FUNDING_LABELS",
    "KIND_LABELS", "LANGUAGE_LABELS", "LEVEL_LABELS", "PILLAR_LABELS", "PRACTICE_LABELS", "SCOPE_LABELS",
    "STATUS_LABELS", "completed", "empty_facts",
]  # fmt: skip
_STATUS_SPELLINGS = {
    "in progress": "ongoing", "continuing": "ongoing", "active": "ongoing", "done": "completed",
    "finished": "completed", "closed": "completed", "upcoming": "planned", "on hold": "suspended",
    "canceled": "cancelled",
}  # fmt: skip
_LEVEL_SPELLINGS = {"hq": "headquarters", "global": "headquarters", "country": "field", "hq and field": "both"}
_KIND_SPELLINGS = {"programme": "programmatic", "research": "research and data", "data": "research and data"}
_FUNDING_SPELLINGS = {"unfunded": "seeking funds", "not funded": "seeking funds", "seeking funding": "seeking funds"}
_LANGUAGE_SPELLINGS = {
    "arabic": "ar", "chinese": "zh", "english": "en", "french": "fr", "russian": "ru", "spanish": "es",
}  # fmt: skip
_MORE = _l("Kind, funding, SDGs and further chapters")
_REACH = _l("Regions, level, scope and city")
_FOR_US = _l("For internal eyes: contact and remarks")
_INTERNAL = _l("Internal: it is never shared.")

# In the order of history and of every comparison; and of the form, within its sections.
FIELDS: tuple[Field, ...] = (
    Field(
        "title", Kind.LINE, _l("Title"), Seen.OUTSIDE, Merge.ONE,
        help=_l("What is done, in a few words. Up to 300 characters."),
        required=_l("Write a title: what is done, in a few words."),
        longest=TITLE_LENGTH, is_searched=True, is_on_page=False, is_in_note=True,
        column=SheetColumn("Title", 48, "#activity+name", "What the work is called."),
    ),
    Field(
        "description", Kind.TEXT, _l("Description"), Seen.INSIDE, Merge.TEXTS,
        help=_l("One to three plain sentences."), rows=5, is_searched=True, is_on_page=False,
        column=SheetColumn("Description", 60, "#description", "What is done."),
    ),
    # The description itself is for inside; with this it is in hand-outs, under the agreement that the record needs.
    Field(
        "share_description", Kind.FLAG, _l("Description may be shared"), Seen.INSIDE, Merge.ONE,
        question=_l("The description may leave with the record, once every entity has agreed to share it"),
        part_of="description", is_on_page=False,
        column=SheetColumn(
            "Description may be shared", 14, "#meta+share", "yes when the description may stand in hand-outs and notes."
        ),
    ),
    # Tells programs how to read the words of the record aloud and where to break them.
    Field(
        "text_language", Kind.CHOICE, _l("Language of the text"), Seen.OUTSIDE, Merge.ONE,
        help=_l("What title, description and results are written in."),
        choices=LANGUAGE_LABELS, fold=_MORE, spellings=_LANGUAGE_SPELLINGS,
        column=SheetColumn("Language of the text", 12, "#meta+lang", "What it is written in: ar, zh, en, fr, ru, es."),
    ),
    Field(
        "status", Kind.CHOICE, _l("Status"), Seen.OUTSIDE, Merge.ONE,
        required=_l("Choose a status."), choices=STATUS_LABELS, default=Status.ONGOING.value,
        is_filter=True, is_on_page=False, is_in_note=True, drop_down="statuses", spellings=_STATUS_SPELLINGS,
        column=SheetColumn(
            "Status", 11, "#status", "planned, ongoing, completed, suspended or cancelled; set by people."
        ),
    ),
    Field(
        "start", Kind.DATE, _l("Begins"), Seen.OUTSIDE, Merge.ONE,
        part=FormPart.WHERE_AND_WHEN,
        help=_l("As you know it: 12 October 2026, June 2016, early 2018, 2019. Empty if unknown."),
        is_on_page=False, is_in_note=True,
        column=SheetColumn("Begins", 16, "#date+start+text", "When it begins, as exactly as it is known."),
    ),
    Field(
        "end", Kind.DATE, _l("Ends"), Seen.OUTSIDE, Merge.ONE,
        part=FormPart.WHERE_AND_WHEN,
        help=_l("The last day, month or year. Empty if it goes on or is unknown."),
        is_on_page=False, is_in_note=True, is_beside=True,
        column=SheetColumn("Ends", 16, "#date+end+text", "When it ends, as exactly as it is known."),
    ),
    Field(
        "lead", Kind.ENTITY, _l("Lead entity"), Seen.OUTSIDE, Merge.ONE,
        part=FormPart.WHO,
        is_searched=True, is_on_page=False, is_in_note=True, drop_down="entities",
        column=SheetColumn("Lead entity", 14, "#org+lead", "The UN entity that leads; empty when not known."),
    ),
    Field(
        "entities", Kind.RECORDS, _l("Other UN entities"), Seen.OUTSIDE, Merge.BOTH, model=Organisation,
        part=FormPart.WHO,
        help=_l("Each is asked whether it takes part. Two or more UN entities make it joint."),
        placeholder=_l("Acronym or name, old or new"),
        is_searched=True, is_on_page=False, is_in_note=True, drop_down="entities",
        column=SheetColumn(
            "Other UN entities", 20, "#org+partner+un", "Further UN entities that take part; several by semicolon."
        ),
    ),
    # Without those that declined, outside.
    Field(
        "supporting", Kind.RECORDS, _l("Supporting UN entities"), Seen.OUTSIDE, Merge.BOTH, model=Organisation,
        part=FormPart.WHO,
        help=_l("They support the work of the others. Each is asked whether it does, and counts as any entity of it."),
        placeholder=_l("Acronym or name, old or new"), fold=_l("UN entities that support it"),
        is_searched=True, is_on_page=False, is_in_note=True, drop_down="entities",
        column=SheetColumn(
            "Supporting UN entities", 20, "#org+support+un",
            "Further UN entities that support the work of the others; several by semicolon.",
        ),
    ),
    # Who declined is not named outside.
    Field(
        "participation", Kind.BY_ENTITY, _l("Taking part"), Seen.OUTSIDE, Merge.BOTH,
        is_edited=False, is_on_page=False, is_in_note=True,
    ),
    Field(
        "roles", Kind.BY_ENTITY, _l("Roles"), Seen.INSIDE, Merge.BOTH,
        is_edited=False, is_searched=True, is_on_page=False,
    ),
    Field(
        "recommendations", Kind.RECORDS, _l("Recommendations"), Seen.OUTSIDE, Merge.LISTS, model=Recommendation,
        help=_l("The chapters follow from these. Leave empty for coordination work."),
        placeholder=_l("Code such as 1(p), or words"),
        is_searched=True, is_on_page=False, is_in_note=True, drop_down="recommendations",
        column=SheetColumn(
            "Recommendations", 20, "#sector+recommendation",
            "Operational recommendations it answers, such as 1(a); several by semicolon.",
        ),
    ),
    Field(
        "partners", Kind.RECORDS, _l("Partners"), Seen.OUTSIDE, Merge.LISTS, model=Organisation,
        part=FormPart.WHO,
        help=_l("All other organisations that take part."), placeholder=_l("Acronym or name"),
        is_searched=True, is_on_page=False, is_in_note=True,
        column=SheetColumn(
            "Partners", 28, "#org+partner", "Other organisations; “and others” when the list is not complete."
        ),
    ),
    Field(
        "partners_incomplete", Kind.FLAG, _l("Further partners"), Seen.OUTSIDE, Merge.LISTS,
        part=FormPart.WHO,
        question=_l("There are further partners (“and others”)"), part_of="partners",
        is_on_page=False, is_in_note=True,
    ),
    Field(
        "countries", Kind.COUNTRIES, _l("Countries"), Seen.OUTSIDE, Merge.LISTS,
        part=FormPart.WHERE_AND_WHEN,
        placeholder=_l("Name in any usual spelling"), is_searched=True, is_on_page=False, is_in_note=True,
    ),
    Field(
        "country_statuses", Kind.COUNTRY_STATUSES, _l("Status by country"), Seen.OUTSIDE, Merge.LISTS,
        part=FormPart.WHERE_AND_WHEN, fold=_REACH,
        help=_l(
            "Only where a country is not at the status of the whole. One per line, such as “Ghana: completed”; "
            "planned, ongoing, completed, suspended or cancelled."
        ),
        is_on_page=False, is_in_note=True,
        column=SheetColumn(
            "Status by country", 24, "#status+country",
            "Where a country is not at the status of the whole: Ghana: completed; several by semicolon.",
        ),
    ),
    Field(
        "regions", Kind.RECORDS, _l("Regions"), Seen.INSIDE, Merge.LISTS, model=Region,
        part=FormPart.WHERE_AND_WHEN, fold=_REACH,
        placeholder=_l("Name of a region"), is_searched=True, is_on_page=False,
        column=SheetColumn("Regions", 18, "#region+list", "Regions it covers."),
    ),
    Field(
        "level", Kind.CHOICE, _l("Level"), Seen.INSIDE, Merge.ONE,
        part=FormPart.WHERE_AND_WHEN, fold=_REACH,
        choices=LEVEL_LABELS, is_filter=True, drop_down="levels", spellings=_LEVEL_SPELLINGS,
        column=SheetColumn(
            "Level", 14, "#meta+level", "Where the work is done from: headquarters, field or both."
        ),
    ),
    Field(
        "scope", Kind.CHOICE, _l("Scope"), Seen.INSIDE, Merge.ONE,
        part=FormPart.WHERE_AND_WHEN, fold=_REACH,
        choices=SCOPE_LABELS, is_filter=True, is_beside=True, drop_down="scopes",
        column=SheetColumn(
            "Scope", 13, "#meta+scope", "How far it reaches: global, interregional, regional, national."
        ),
    ),
    Field(
        "figures", Kind.FIGURES, _l("Figures"), Seen.OUTSIDE, Merge.LISTS,
        part=FormPart.RESULTS,
        help=_l(
            "One per line: a number and what it counts, such as “8 countries”; of when and from where in brackets: "
            "“more than 450 policymakers (June 2024; World Drug Report)”. A target or a result begins with the word: "
            "“target: 500 officers trained (by December 2026)”, “achieved: 450 officers trained (June 2026; entity: "
            "WHO; evidence: https://…)”."
        ),
        is_on_page=False, is_in_note=True,
        column=SheetColumn("Figures", 28, "#value+list",
            "Numbers with unit and how exact they are; never added up.",
        ),
    ),
    Field(
        "results", Kind.TEXT, _l("Results"), Seen.OUTSIDE, Merge.TEXTS,
        part=FormPart.RESULTS,
        help=_l("What has come of it so far."), is_searched=True, is_in_note=True,
        column=SheetColumn("Results", 36, "#description+results", "What came of it."),
    ),
    Field(
        "lessons", Kind.TEXT, _l("Lessons learned"), Seen.OUTSIDE, Merge.TEXTS,
        part=FormPart.RESULTS, fold=_l("Lessons learned"),
        help=_l("What others who do the same should know."), is_searched=True,
        column=SheetColumn("Lessons learned", 36, "#description+lessons", "What others who do the same should know."),
    ),
    # They belong to their owners: only those that may be shared leave with the record.
    Field(
        "documents", Kind.DOCUMENTS, _l("Documents"), Seen.OUTSIDE, Merge.LISTS,
        part=FormPart.RESULTS, fold=_l("Documents"),
        help=_l(
            "One per line: title, address or UN symbol, owner, and “may be shared” when the owner permits it: "
            "Conference room paper E/CN.7/2019/CRP.10 | UNODC | may be shared"
        ),
        is_on_page=False, is_in_note=True,
        column=SheetColumn(
            "Documents", 36, "#meta+documents", "Title, address, owner and “may be shared”; several by semicolon."
        ),
    ),
    Field(
        "kinds", Kind.CHOICES, _l("Kind"), Seen.OUTSIDE, Merge.LISTS,
        choices=KIND_LABELS, spellings=_KIND_SPELLINGS, is_filter=True, query_name="kind", fold=_MORE,
        column=SheetColumn(
            "Kind", 18, "#activity+type", "policy, programmatic, research and data; several by semicolon."
        ),
    ),
    # For a strategy of the United Nations itself.
    Field(
        "pillars", Kind.CHOICES, _l("Pillars"), Seen.INSIDE, Merge.LISTS,
        choices=PILLAR_LABELS, is_filter=True, query_name="pillar", fold=_MORE,
        question=_l("Pillars of the United Nations it serves"),
        column=SheetColumn(
            "Pillars", 18, "#meta+pillar", "human rights, peace and security, development; several by semicolon."
        ),
    ),
    Field(
        "on_request", Kind.FLAG, _l("On request"), Seen.OUTSIDE, Merge.LISTS,
        question=_l("It is carried out on request of a Member State"), is_filter=True, is_in_note=True, fold=_MORE,
        column=SheetColumn("On request", 11, "#meta+request", "yes when a Member State asked for it."),
    ),
    # Member States are to learn what still seeks funds.
    Field(
        "funding", Kind.CHOICE, _l("Funding"), Seen.OUTSIDE, Merge.ONE,
        choices=FUNDING_LABELS, spellings=_FUNDING_SPELLINGS, is_filter=True, fold=_MORE,
        column=SheetColumn("Funding", 14, "#value+funding", "funded or seeking funds; empty when not stated."),
    ),
    Field(
        "city", Kind.LINE, _l("City"), Seen.OUTSIDE, Merge.ONE,
        part=FormPart.WHERE_AND_WHEN,
        question=_l("City, or cities"), is_searched=True, is_in_note=True, fold=_REACH,
        column=SheetColumn("City", 16, "#loc+city", "The city or cities it takes place in."),
    ),
    # The Note puts it under this heading.
    Field(
        "section", Kind.SECTION, _l("Section of its own"), Seen.OUTSIDE, Merge.ONE,
        help=_l("Only where no chosen recommendation brings it under the right heading."),
        fold=_MORE, drop_down="sections",
        column=SheetColumn(
            "Section", 26, "#sector+section",
            "A section of the outcome document of its own, beside those of its recommendations.",
        ),
    ),
    # What is handed out for the high-level political forum is ordered by them.
    Field(
        "sdg", Kind.SDG, _l("SDGs"), Seen.OUTSIDE, Merge.LISTS,
        fold=_MORE,
        question=_l("Sustainable Development Goals and targets"), placeholder=_l("Number such as 3.5, or words"),
        is_on_page=False, is_in_note=True,
        column=SheetColumn("SDGs", 12, "#sector+sdg", "Goals and targets of the 2030 Agenda."),
    ),
    Field(
        "chapters", Kind.CHAPTERS, _l("Further chapters"), Seen.INSIDE, Merge.LISTS,
        fold=_MORE,
        help=_l("Only chapters that no chosen recommendation brings."), placeholder=_l("I to VII"), is_on_page=False,
    ),
    Field(
        "source", Kind.TEXT, _l("Source"), Seen.INSIDE, Merge.TEXTS,
        part=FormPart.RESULTS,
        help=_l("Paper and paragraph, or who reported it."), rows=2, is_searched=True,
        column=SheetColumn("Source", 22, "#meta+source", "Where the facts are from."),
    ),
    Field(
        "link", Kind.ADDRESS, _l("Link"), Seen.OUTSIDE, Merge.ONE,
        part=FormPart.RESULTS, is_in_note=True,
        column=SheetColumn("Link", 24, "#meta+url", "A page about it."),
    ),
    Field(
        "contact", Kind.LINE, _l("Contact"), Seen.NEVER_LEAVES, Merge.ONE, help=_INTERNAL,
        part=FormPart.RESULTS, fold=_FOR_US,
        column=SheetColumn("Contact", 20, "#contact", "For internal eyes."),
    ),
    Field(
        "remarks", Kind.TEXT, _l("Remarks"), Seen.NEVER_LEAVES, Merge.NOTES,
        part=FormPart.RESULTS, fold=_FOR_US,
        question=_l("Remarks for internal eyes"), help=_INTERNAL, rows=2,
        column=SheetColumn("Remarks", 28, "#meta+remarks", "For internal eyes."),
    ),
    # Proposed by one of its entities and confirmed by its lead or a coordinator: acts of their own.
    Field(
        "practice", Kind.CHOICE, _l("Good practice"), Seen.INSIDE, Merge.STAYS,
        choices=PRACTICE_LABELS, is_edited=False, is_on_page=False,
    ),
    Field(
        "practice_reason", Kind.TEXT, _l("Why it is good practice"), Seen.INSIDE, Merge.STAYS,
        is_edited=False, is_searched=True, is_on_page=False,
    ),
    Field(
        "practice_evidence", Kind.ADDRESS, _l("Evidence of good practice"), Seen.INSIDE, Merge.STAYS,
        is_edited=False, is_on_page=False,
    ),
    Field(
        "practice_by", Kind.LINE, _l("Proposed as good practice by"), Seen.INSIDE, Merge.STAYS,
        is_edited=False, is_on_page=False,
    ),
    Field(
        "is_listed", Kind.FLAG, _l("Listed"), Seen.INSIDE, Merge.STAYS,
        default=True, is_edited=False, is_on_page=False,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CountriesInRole:
    """The countries of an activity in one role: a field of the form and a column of its own."""

    role: CountryRole
    form_name: str
    question: Words
    help: Words
    column: SheetColumn


COUNTRIES_BY_ROLE: tuple[CountriesInRole, ...] = (
    CountriesInRole(
        CountryRole.BENEFICIARY, "countries", _l("Countries that benefit"), _l("Type a name in any usual spelling."),
        SheetColumn("Beneficiary countries", 28, "#country+beneficiary", "Countries that benefit, by UN name."),
    ),
    CountriesInRole(
        CountryRole.HOST, "hosts", _l("Host countries"), _l("Where it takes place. One per line, or separated by “;”."),
        SheetColumn("Host countries", 18, "#country+host", "Countries it takes place in."),
    ),
    CountriesInRole(
        CountryRole.PARTNER, "partner_countries", _l("Partner countries"),
        _l("Governments that co-organise are partners."),
        SheetColumn("Partner countries", 18, "#country+partner", "Governments that co-organise."),
    ),
    CountriesInRole(
        CountryRole.SUBJECT, "subjects", _l("Countries it is about"), _l("Studied or surveyed, without taking part."),
        SheetColumn("Countries it is about", 18, "#country+subject", "Countries that are its subject."),
    ),
)  # fmt: skip

BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}
EDITED: tuple[Field, ...] = tuple(field for field in FIELDS if field.is_edited)
FILTERED: tuple[Field, ...] = tuple(field for field in FIELDS if field.is_filter)


def empty_facts() -> Facts:
    """The facts of a new record of which nothing was said."""
    return {field.name: field.blank if field.default is None else field.default for field in FIELDS}


def completed(facts: Mapping[str, Any]) -> Facts:
    """Facts of any age: a field that was not yet described when they were kept says nothing."""
    return dict(facts) | {name: value for name, value in empty_facts().items() if name not in facts}
