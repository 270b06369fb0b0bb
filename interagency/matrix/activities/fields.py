"""The fields of an activity, each described once.

Facts, drafts, form, page, filters, history, workbook, import, editions, comparison, merging, undoing, hand-outs, the
Note and search read this table or are checked against it by `tests/matrix/test_every_field.py`;
docs/howto/add-a-field.md says how to add one.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from interagency.matrix.activities.models import TEXT_LENGTH, TITLE_LENGTH, CountryRole, Level, Scope, Status
from interagency.matrix.framework.models import Recommendation, Region
from interagency.matrix.organisations.models import Organisation

Facts = dict[str, Any]
Words = Any  # a text, translated when it is shown (flask_babel has no types)


class Kind(enum.StrEnum):
    """What a field holds, and how its fact reads in JSON."""

    # Columns of the record itself: everything else follows from the kind.
    LINE = "line"  # "…", one line
    TEXT = "text"  # "…", lines
    ADDRESS = "address"  # "https://…"
    CHOICE = "choice"  # a value of `choices`, or None
    CHOICES = "choices"  # values of `choices`, in its order
    FLAG = "flag"  # true or false
    DATE = "date"  # the code of an ImpreciseDate, or None; three columns, NAME_precision, NAME_first, NAME_last
    # What hangs on the record: read by `facts`, written by `record`, each in its own way.
    ENTITY = "entity"  # a key, or None
    RECORDS = "records"  # keys of `model`
    SDG = "sdg"  # "3" for a goal, "3.5" for a target
    COUNTRIES = "countries"  # [code, role] pairs
    CHAPTERS = "chapters"  # numbers
    FIGURES = "figures"  # [number, qualifier, unit] triples
    BY_ENTITY = "by entity"  # {key: text}


COLUMN_KINDS = frozenset({Kind.LINE, Kind.TEXT, Kind.ADDRESS, Kind.CHOICE, Kind.CHOICES, Kind.FLAG, Kind.DATE})
_LENGTHS = {Kind.LINE: 300, Kind.TEXT: TEXT_LENGTH, Kind.ADDRESS: 2000}
_BLANKS: dict[Kind, Any] = {
    Kind.LINE: "", Kind.TEXT: "", Kind.ADDRESS: "", Kind.CHOICE: None, Kind.CHOICES: [], Kind.FLAG: False,
    Kind.DATE: None, Kind.ENTITY: None, Kind.RECORDS: [], Kind.SDG: [], Kind.COUNTRIES: [], Kind.CHAPTERS: [],
    Kind.FIGURES: [], Kind.BY_ENTITY: {},
}  # fmt: skip


class Seen(enum.StrEnum):
    """Who may see a field (rule 22)."""

    OUTSIDE = "outside"  # in hand-outs, under agreement
    INSIDE = "inside"  # who is signed in; hand-outs do not show it
    NEVER_LEAVES = "never leaves"  # for internal eyes: in no hand-out, and no word of it finds the record


class Merge(enum.StrEnum):
    """What two activities that become one say in a field."""

    ONE = "one"  # the person chooses one of the two
    TEXTS = "texts"  # one of the two, or both below each other
    NOTES = "notes"  # the same; both unless the person says otherwise
    LISTS = "lists"  # one of the two, or both; both unless the person says otherwise
    BOTH = "both"  # always both: nobody's part is lost
    STAYS = "stays"  # the survivor's: not a thing that people say


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of workbook, CSV and JSON: title, width in characters, hashtag of HXL, line of the data dictionary."""

    title: str
    width: int
    hxl: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field. Who sees it (rule 22) and how it merges has no default: it is to be decided."""

    name: str  # its key in facts; for columns of the record also their name
    kind: Kind
    label: Words
    seen: Seen
    merge: Merge
    question: Words = ""  # its label in the form, where that differs
    help: Words = ""
    placeholder: Words = ""
    required: Words = ""  # what a form says that leaves it empty; "" where it may be empty
    longest: int = 0  # characters; 0 for the limit of its kind
    rows: int = 3  # of the form's text area
    choices: Mapping[Any, Words] | None = None  # an enum's members with their labels
    model: type[Any] | None = None  # of RECORDS: what the keys name
    default: Any = None  # what a new record says where nothing was said, if that is not nothing
    part_of: str = ""  # the field it is told, chosen and written in one cell with
    is_edited: bool = True  # in the form and in files; the rest changes by acts of its own
    is_searched: bool = False  # whether its words find the record
    is_filter: bool = False  # whether `?NAME=value` narrows lists; of CHOICE, CHOICES and FLAG
    is_on_page: bool = True  # among the facts below the record's heading; False where the page places it itself
    is_in_note: bool = False  # whether the Note by the Secretariat says it
    is_beside: bool = False  # whether it stands beside the one before in the form
    column: SheetColumn | None = None
    drop_down: str = ""  # the name of its list in the workbook, where that is not NAME_values
    spellings: Mapping[str, str] | None = None  # folded words in cells that stand for a value

    @property
    def is_column(self) -> bool:
        """Whether it is stored in columns of the activity itself."""
        return self.kind in COLUMN_KINDS

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns of the activity."""
        if self.kind is Kind.DATE:
            return tuple(f"{self.name}_{part}" for part in ("precision", "first", "last"))
        return (self.name,) if self.is_column else ()

    @property
    def blank(self) -> Any:
        """The fact that says nothing."""
        return deepcopy(_BLANKS[self.kind])

    @property
    def max_length(self) -> int:
        """The most characters it may have; 0 where there is no limit."""
        return self.longest or _LENGTHS.get(self.kind, 0)

    @property
    def values(self) -> list[str]:
        """The values of its choices."""
        return [member.value for member in self.choices or ()]

    @property
    def list_name(self) -> str:
        """The name of the list that its cells in the workbook offer; "" for none."""
        return self.drop_down or (f"{self.name}_values" if self.choices else "")

    @property
    def options(self) -> list[tuple[str, Words]]:
        """What its filter offers: values with labels; `none` where nothing may be said."""
        if self.kind is Kind.FLAG:
            return [("yes", _l("Yes")), ("no", _l("No"))]
        blank: list[tuple[str, Words]] = [] if self.required else [("none", _l("Not stated"))]
        return [*((member.value, words) for member, words in (self.choices or {}).items()), *blank]

    def label_of(self, value: str) -> str:
        """The label of one of its choices."""
        return next((str(words) for member, words in (self.choices or {}).items() if member == value), value)


STATUS_WORDS: dict[Status, Words] = {
    Status.PLANNED: _l("Planned"),
    Status.ONGOING: _l("Ongoing"),
    Status.COMPLETED: _l("Completed"),
    Status.SUSPENDED: _l("Suspended"),
    Status.CANCELLED: _l("Cancelled"),
}
LEVEL_WORDS: dict[Level, Words] = {
    Level.HEADQUARTERS: _l("Headquarters"),
    Level.FIELD: _l("Field"),
    Level.BOTH: _l("Headquarters and field"),
}
SCOPE_WORDS: dict[Scope, Words] = {
    Scope.GLOBAL: _l("Global"),
    Scope.INTERREGIONAL: _l("Interregional"),
    Scope.REGIONAL: _l("Regional"),
    Scope.NATIONAL: _l("National"),
}
COUNTRY_ROLE_WORDS: dict[CountryRole, Words] = {
    CountryRole.BENEFICIARY: _l("Beneficiary"),
    CountryRole.HOST: _l("Host"),
    CountryRole.PARTNER: _l("Partner"),
    CountryRole.SUBJECT: _l("Subject"),
}
_STATUS_SPELLINGS = {
    "in progress": "ongoing", "continuing": "ongoing", "active": "ongoing", "done": "completed",
    "finished": "completed", "closed": "completed", "upcoming": "planned", "on hold": "suspended",
    "canceled": "cancelled",
}  # fmt: skip
_LEVEL_SPELLINGS = {"hq": "headquarters", "global": "headquarters", "country": "field", "hq and field": "both"}
_INTERNAL = _l("Internal: never leaves the house.")

# In the order of the form, of history and of every comparison.
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
    Field(
        "status", Kind.CHOICE, _l("Status"), Seen.OUTSIDE, Merge.ONE,
        required=_l("Choose a status."), choices=STATUS_WORDS, default=Status.ONGOING.value,
        is_filter=True, is_on_page=False, is_in_note=True, drop_down="statuses", spellings=_STATUS_SPELLINGS,
        column=SheetColumn(
            "Status", 11, "#status", "planned, ongoing, completed, suspended or cancelled; set by people."
        ),
    ),
    Field(
        "start", Kind.DATE, _l("Begins"), Seen.OUTSIDE, Merge.ONE,
        help=_l("As you know it: 12 October 2026, June 2016, early 2018, 2019. Empty if unknown."),
        is_on_page=False, is_in_note=True,
        column=SheetColumn("Begins", 16, "#date+start+text", "When it begins, as exactly as it is known."),
    ),
    Field(
        "end", Kind.DATE, _l("Ends"), Seen.OUTSIDE, Merge.ONE,
        help=_l("The last day, month or year. Empty if it goes on or is unknown."),
        is_on_page=False, is_in_note=True, is_beside=True,
        column=SheetColumn("Ends", 16, "#date+end+text", "When it ends, as exactly as it is known."),
    ),
    Field(
        "lead", Kind.ENTITY, _l("Lead entity"), Seen.OUTSIDE, Merge.ONE,
        is_searched=True, is_on_page=False, is_in_note=True, drop_down="entities",
        column=SheetColumn("Lead entity", 14, "#org+lead", "The UN entity that leads; empty when not known."),
    ),
    Field(
        "entities", Kind.RECORDS, _l("Other UN entities"), Seen.OUTSIDE, Merge.BOTH, model=Organisation,
        help=_l("Each is asked to confirm. Two or more UN entities make it joint."),
        placeholder=_l("Acronym or name, old or new"),
        is_searched=True, is_on_page=False, is_in_note=True, drop_down="entities",
        column=SheetColumn(
            "Other UN entities", 20, "#org+partner+un", "Further UN entities that take part; several by semicolon."
        ),
    ),
    # Who declined is not named outside.
    Field(
        "participation", Kind.BY_ENTITY, _l("Confirmation"), Seen.OUTSIDE, Merge.BOTH,
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
        help=_l("All other organisations that take part."), placeholder=_l("Acronym or name"),
        is_searched=True, is_on_page=False, is_in_note=True,
        column=SheetColumn(
            "Partners", 28, "#org+partner", "Other organisations; “and others” when the list is not complete."
        ),
    ),
    Field(
        "partners_incomplete", Kind.FLAG, _l("Further partners"), Seen.OUTSIDE, Merge.LISTS,
        question=_l("There are further partners (“and others”)"), part_of="partners",
        is_on_page=False, is_in_note=True,
    ),
    Field(
        "countries", Kind.COUNTRIES, _l("Countries"), Seen.OUTSIDE, Merge.LISTS,
        placeholder=_l("Name in any usual spelling"), is_searched=True, is_on_page=False, is_in_note=True,
    ),
    Field(
        "regions", Kind.RECORDS, _l("Regions"), Seen.INSIDE, Merge.LISTS, model=Region,
        placeholder=_l("Name of a region"), is_searched=True, is_on_page=False,
        column=SheetColumn("Regions", 18, "#region+list", "Regions it covers."),
    ),
    Field(
        "level", Kind.CHOICE, _l("Level"), Seen.INSIDE, Merge.ONE,
        choices=LEVEL_WORDS, is_filter=True, drop_down="levels", spellings=_LEVEL_SPELLINGS,
        column=SheetColumn(
            "Level", 14, "#meta+level", "Where the work is done from: headquarters, field or both."
        ),
    ),
    Field(
        "scope", Kind.CHOICE, _l("Scope"), Seen.INSIDE, Merge.ONE,
        choices=SCOPE_WORDS, is_filter=True, is_beside=True, drop_down="scopes",
        column=SheetColumn(
            "Scope", 13, "#meta+scope", "How far it reaches: global, interregional, regional, national."
        ),
    ),
    Field(
        "figures", Kind.FIGURES, _l("Figures"), Seen.OUTSIDE, Merge.LISTS,
        help=_l("One per line: a number and what it counts, such as “more than 450 policymakers” or “8 countries”."),
        is_on_page=False, is_in_note=True,
        column=SheetColumn("Figures", 28, "#value+list", "Numbers with unit and how exact they are; never added up."),
    ),
    Field(
        "results", Kind.TEXT, _l("Results"), Seen.OUTSIDE, Merge.TEXTS,
        help=_l("What has come of it so far."), is_searched=True, is_in_note=True,
        column=SheetColumn("Results", 36, "#description+results", "What came of it."),
    ),
    Field(
        "sdg", Kind.SDG, _l("SDGs"), Seen.INSIDE, Merge.LISTS,
        question=_l("Sustainable Development Goals and targets"), placeholder=_l("Number such as 3.5, or words"),
        is_on_page=False,
        column=SheetColumn("SDGs", 12, "#sector+sdg", "Goals and targets of the 2030 Agenda."),
    ),
    Field(
        "chapters", Kind.CHAPTERS, _l("Further chapters"), Seen.INSIDE, Merge.LISTS,
        help=_l("Only chapters that no chosen recommendation brings."), placeholder=_l("I to VII"), is_on_page=False,
    ),
    Field(
        "source", Kind.TEXT, _l("Source"), Seen.INSIDE, Merge.TEXTS,
        help=_l("Paper and paragraph, or who reported it."), rows=2, is_searched=True,
        column=SheetColumn("Source", 22, "#meta+source", "Where the facts are from."),
    ),
    Field(
        "link", Kind.ADDRESS, _l("Link"), Seen.OUTSIDE, Merge.ONE,
        column=SheetColumn("Link", 24, "#meta+url", "A page about it."),
    ),
    Field(
        "contact", Kind.LINE, _l("Contact"), Seen.NEVER_LEAVES, Merge.ONE, help=_INTERNAL,
        column=SheetColumn("Contact", 20, "#contact", "For internal eyes."),
    ),
    Field(
        "remarks", Kind.TEXT, _l("Remarks"), Seen.NEVER_LEAVES, Merge.NOTES,
        question=_l("Remarks for internal eyes"), help=_INTERNAL, rows=2,
        column=SheetColumn("Remarks", 28, "#meta+remarks", "For internal eyes."),
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


def text_of(field: Field, value: Any) -> str:
    """What a column says, as words to be found by: choices by their labels."""
    if field.kind is Kind.CHOICES:
        return " ".join(map(field.label_of, value))
    return field.label_of(value) if field.kind is Kind.CHOICE and value else value or ""


def empty_facts() -> Facts:
    """The facts of a new record of which nothing was said."""
    return {field.name: field.blank if field.default is None else field.default for field in FIELDS}


def completed(facts: Mapping[str, Any]) -> Facts:
    """Facts of any age: a field that was not yet described when they were kept says nothing."""
    return dict(facts) | {name: value for name, value in empty_facts().items() if name not in facts}
