"""What a field of an activity can be: its kind, who sees it, how it merges, and all that its description says."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from interagency.matrix.activities.models import TEXT_LENGTH
from interagency.text.folding import fold
from interagency.text.languages import LANGUAGES
from interagency.web.forms import FormPart

Facts = dict[str, Any]
_NO_LETTER = re.compile(r"[\W_]+")
Words = Any  # a text, translated when it is shown (flask_babel has no types)


class Kind(enum.StrEnum):
    """What a field holds, and how its fact reads in JSON."""

    # Columns of the record itself: everything else follows from the kind.
    LINE = "line"  # "…", one line
    TEXT = "text"  # "…", lines
    ADDRESS = "address"  # "https://…"
    CHOICE = "choice"  # a value of `choices`, or None
    CHOICES = "choices"  # values of `choices`, in its order; a column of JSON, NULL or [] for none
    FLAG = "flag"  # true or false
    DATE = "date"  # the code of an ImpreciseDate, or None; three columns, NAME_precision, NAME_first, NAME_last
    SECTION = "section"  # its place in the outcome document, or None; the column is NAME_position
    # What hangs on the record: read by `facts`, written by `record`, each in its own way.
    ENTITY = "entity"  # a key, or None
    RECORDS = "records"  # keys of `model`
    SDG = "sdg"  # "3" for a goal, "3.5" for a target
    COUNTRIES = "countries"  # [code, role] pairs
    COUNTRY_STATUSES = "statuses by country"  # [code, status] pairs, in the order of codes
    DOCUMENTS = "documents"  # [title, address, key of the owner or None, whether it may be shared]
    CHAPTERS = "chapters"  # numbers
    FIGURES = "figures"  # [number, qualifier, unit], and where one of the two is known [.., code of a date, source]
    BY_ENTITY = "by entity"  # {key: text}


COLUMN_KINDS = frozenset(
    {Kind.LINE, Kind.TEXT, Kind.ADDRESS, Kind.CHOICE, Kind.CHOICES, Kind.FLAG, Kind.DATE, Kind.SECTION}
)
_LENGTHS = {Kind.LINE: 300, Kind.TEXT: TEXT_LENGTH, Kind.ADDRESS: 2000}
_BLANKS: dict[Kind, Any] = {
    Kind.LINE: "", Kind.TEXT: "", Kind.ADDRESS: "", Kind.CHOICE: None, Kind.CHOICES: [], Kind.FLAG: False,
    Kind.DATE: None, Kind.ENTITY: None, Kind.RECORDS: [], Kind.SDG: [], Kind.COUNTRIES: [], Kind.CHAPTERS: [],
    Kind.COUNTRY_STATUSES: [], Kind.DOCUMENTS: [],
    Kind.FIGURES: [], Kind.BY_ENTITY: {}, Kind.SECTION: None,
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
    part_of: str = ""  # the field it is told and chosen with when two records become one
    is_edited: bool = True  # in the form and in files; the rest changes by acts of its own
    is_searched: bool = False  # whether its words find the record
    is_filter: bool = False  # whether `?PARAMETER=value` narrows lists; of CHOICE, CHOICES and FLAG
    query_name: str = ""  # the name of that parameter, where it is not the field's
    is_on_page: bool = True  # among the facts below the record's heading; False where the page places it itself
    is_in_note: bool = False  # whether the Note by the Secretariat says it
    is_beside: bool = False  # whether it stands beside the one before in the form
    part: FormPart = FormPart.WHAT  # the section of the form it stands in
    fold: Words = ""  # what is written on the fold of the form that holds it, with its neighbours of the same fold
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
        if self.kind is Kind.SECTION:
            return (f"{self.name}_position",)
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
    def parameter(self) -> str:
        """The name of its filter in addresses."""
        return self.query_name or self.name

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


def letters(text: str) -> str:
    """What spellings of one choice have in common: `On-going`, `ongoing`."""
    return _NO_LETTER.sub("", fold(text))


def spellings_of(field: Field) -> dict[str, str]:
    """The values of a choice, each by itself, by its label in each language and as people spell it: `On-going`, `in
    progress`; by their `letters`."""
    known: dict[str, str] = {}
    for language in LANGUAGES:
        with force_locale(language.code):
            for value in field.values:
                known.setdefault(letters(field.label_of(value)), value)
    known |= {letters(spelling): value for spelling, value in (field.spellings or {}).items()}
    return known | {letters(value): value for value in field.values}


def text_of(field: Field, value: Any) -> str:
    """What a column says, as words to be found by: choices by their labels."""
    if field.kind is Kind.CHOICES:
        return " ".join(map(field.label_of, value or ()))
    return field.label_of(value) if field.kind is Kind.CHOICE and value else value or ""
