"""What an activity's facts are called and how they read: for history, conflicts and exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from interagency.matrix.activities.drafts import figure_draft
from interagency.matrix.activities.field_types import Field, Kind, Seen
from interagency.matrix.activities.fields import BY_NAME, COUNTRY_ROLE_LABELS, FIELDS
from interagency.matrix.activities.figures import format_figure
from interagency.matrix.activities.models import Activity, CountryRole, Participation
from interagency.matrix.activities.state.country_statuses import words_of
from interagency.matrix.framework.models import ROMAN, Country, Region
from interagency.matrix.framework.names import section_labels
from interagency.matrix.framework.titles import spoken
from interagency.matrix.organisations.documents import document_line
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate
from interagency.text.languages import DEFAULT

# Taking part is one thing, being confirmed for a month another (rule 15).
PARTICIPATION_LABELS = {
    Participation.AWAITED: _l("asked whether it takes part"),
    Participation.CONFIRMED: _l("takes part"),
    Participation.DECLINED: _l("does not take part"),
}


def field_labels() -> dict[str, str]:
    """The heading of each field of an activity, in its order."""
    return {field.name: str(field.label) for field in FIELDS}


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field as its page shows it."""

    label: str
    text: str
    is_prose: bool = False
    is_address: bool = False


def field_lines(activity: Activity) -> list[FieldLine]:
    """What the page of an activity shows below its heading, but for what it places itself: the fields that say
    something, choices by their labels."""
    lines = []
    for field in FIELDS:
        value = getattr(activity, field.name) if field.is_column and field.is_on_page else None
        if not value:
            continue
        label = _("%(field)s (internal)", field=field.label) if field.seen is Seen.NEVER_LEAVES else str(field.label)
        lines.append(FieldLine(label, _shown(field, value), field.kind is Kind.TEXT, field.kind is Kind.ADDRESS))
    return lines


def _shown(field: Field, value: Any) -> str:
    """A value of a column in words for the page."""
    match field.kind:
        case Kind.CHOICE:
            return field.label_of(value)
        case Kind.SECTION:
            return spoken().section_label(value.label)
        case Kind.CHOICES:
            return "; ".join(map(field.label_of, value))
        case Kind.FLAG:
            return str(_("yes"))
        case Kind.DATE:
            return str(value.words())
        case _:
            return str(value)


class FactLabels:
    """Reads facts (stable keys) out in words: with today's names, or those of an edition's day."""

    def __init__(self, session: Session) -> None:
        self._learn()
        names = self._names
        self.organisations = {
            key: names.short(key, acronym or name)
            for key, acronym, name in session.execute(
                sa.select(Organisation.key, Organisation.acronym, Organisation.name)
            )
        }
        countries = session.execute(sa.select(Country.code, Country.name))
        self.countries: dict[str, str] = {code: names.country(code, name) for code, name in countries}
        regions = session.execute(sa.select(Region.code, Region.name))
        self.regions: dict[str, str] = {code: names.region(code, name) for code, name in regions}
        self.sections = {place: names.section_label(label) for place, label in section_labels(session).items()}

    def _learn(self) -> None:
        """Take the names of the language that is spoken now."""
        self._names, self._choices = spoken(), dict[tuple[str, str], str]()
        self.language = self._names.language

    @classmethod
    def of_edition(cls, contents: Mapping[str, Any]) -> FactLabels:
        """Words by the names an edition keeps, in the language that is spoken now."""
        words = cls.__new__(cls)
        words._learn()
        names = words._names
        words.organisations = {key: names.short(key, one["short"]) for key, one in contents["organisations"].items()}
        words.countries = {code: names.country(code, name) for code, name in contents["countries"].items()}
        words.regions = {code: names.region(code, name) for code, name in contents["regions"].items()}
        words.sections = {
            place: names.section_label(one["label"]) for place, one in contents.get("sections", {}).items()
        }
        return words

    def say(self, name: str, value: Any) -> str:
        """One fact in words; `—` when there is nothing."""
        if value in (None, "", [], {}):
            return "—"
        reader = getattr(self, f"_{name}", None)
        if reader is None and name in BY_NAME:
            field = BY_NAME[name]
            if field.kind is Kind.DATE:
                reader = self._date
            elif field.choices and self.language != DEFAULT:
                return "; ".join(self.choice(field, one) for one in (value if isinstance(value, list) else [value]))
        text: str = reader(value) if reader else self._plain(value)
        return text

    def choice(self, field: Any, value: str) -> str:
        """A value of a field's choices: in English as it is kept, which is what people's files say, else its label."""
        if self.language == DEFAULT:
            return value
        known = self._choices.get((field.name, value))
        if known is None:
            known = self._choices[field.name, value] = field.label_of(value)
        return known

    def role(self, value: str) -> str:
        """The role of a country, as `choice` says values."""
        return value if self.language == DEFAULT else str(COUNTRY_ROLE_LABELS[CountryRole(value)])

    def changed(self, fields: Mapping[str, Sequence[Any]]) -> list[tuple[str, str, str]]:
        """`(label, before, after)` of each field `{name: [before, after]}` whose words differ, in the fields' order."""
        rows = (
            (label, self.say(name, fields[name][0]), self.say(name, fields[name][1]))
            for name, label in field_labels().items()
            if name in fields
        )
        return [row for row in rows if row[1] != row[2]]

    def _plain(self, value: Any) -> str:
        if isinstance(value, bool):
            return str(_("yes") if value else _("no"))
        if isinstance(value, list):
            return "; ".join(str(item) for item in value)
        return str(value)

    def _organisation(self, key: str) -> str:
        return self.organisations.get(key, key)

    def _lead(self, key: str) -> str:
        return self._organisation(key)

    _practice_by = _lead

    def _entities(self, keys: list[str]) -> str:
        return "; ".join(self._organisation(key) for key in keys)

    _partners = _supporting = _entities

    def _roles(self, roles: dict[str, str]) -> str:
        return "; ".join(f"{self._organisation(key)}: {text}" for key, text in sorted(roles.items()))

    def _participation(self, said: dict[str, str]) -> str:
        return self._roles({key: str(PARTICIPATION_LABELS[Participation(word)]) for key, word in said.items()})

    def _countries(self, links: list[list[str]]) -> str:
        return "; ".join(f"{self.countries.get(code, code)} ({self.role(role)})" for code, role in links)

    def _country_statuses(self, said: list[list[str]]) -> str:
        return words_of(said, self.countries)

    def _regions(self, codes: list[str]) -> str:
        return "; ".join(self.regions.get(code, code) for code in codes)

    def _section(self, position: int) -> str:
        return self.sections.get(str(position), str(position))

    def _date(self, code: str) -> str:
        return ImpreciseDate.from_code(code).words()

    def _chapters(self, numbers: list[int]) -> str:
        return ", ".join(ROMAN[number] for number in numbers)

    def _documents(self, documents: list[list[Any]]) -> str:
        return "; ".join(
            document_line(title, url, self.organisations.get(owner, owner) if owner else "", may)
            for title, url, owner, may in documents
        )

    def _figures(self, figures: list[list[str]]) -> str:
        return "; ".join(format_figure(figure_draft(figure), self.organisations) for figure in figures)
