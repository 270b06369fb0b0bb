"""Drafts: everything a person says of an activity, as finished values. Each is made of facts, in one place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.field_types import Field, Kind
from interagency.matrix.activities.fields import EDITED
from interagency.matrix.activities.models import (
    Activity,
    CountryRole,
    FigureKind,
    Funding,
    Level,
    Qualifier,
    Scope,
    Status,
    TextLanguage,
)
from interagency.matrix.framework.models import Country, Recommendation, Region, SdgGoal, SdgTarget, Section
from interagency.matrix.organisations.documents import DocumentDraft
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import survivor_of
from interagency.text.dates import ImpreciseDate


@dataclass(frozen=True, slots=True)
class FigureDraft:
    """A figure as typed, by the names of its columns; "" for what is not known. Dates are codes, the entity a key."""

    number: Decimal
    qualifier: Qualifier
    unit: str
    as_of: str = ""
    source: str = ""
    kind: FigureKind = FigureKind.FIGURE
    due: str = ""
    period: str = ""
    entity: str = ""
    evidence: str = ""


@dataclass(slots=True)
class ActivityDraft:
    """What facts say in the fields that people edit, by the same names. Without defaults: nothing is forgotten."""

    title: str
    description: str
    share_description: bool
    text_language: TextLanguage | None
    status: Status
    start: ImpreciseDate | None
    end: ImpreciseDate | None
    lead: Organisation | None
    entities: list[Organisation]
    supporting: list[Organisation]
    recommendations: list[Recommendation]
    partners: list[Organisation]
    partners_incomplete: bool
    countries: list[tuple[Country, CountryRole]]
    country_statuses: list[tuple[Country, Status]]
    regions: list[Region]
    level: Level | None
    scope: Scope | None
    figures: list[FigureDraft]
    results: str
    lessons: str
    documents: list[DocumentDraft]
    kinds: list[str]
    pillars: list[str]
    on_request: bool
    funding: Funding | None
    city: str
    section: Section | None
    sdg: list[SdgGoal | SdgTarget]
    chapters: list[int]
    source: str
    link: str
    contact: str
    remarks: str


_KEYS: dict[type[Any], sa.orm.InstrumentedAttribute[Any]] = {
    Organisation: Organisation.key, Country: Country.code, Region: Region.code, Recommendation: Recommendation.code,
    SdgGoal: SdgGoal.number, SdgTarget: SdgTarget.code, Section: Section.position,
}  # fmt: skip


class Records:
    """The records that facts name by key, each read at most once."""

    def __init__(self, session: Session, *activities: Activity) -> None:
        """What hangs on `activities` is known from the start."""
        self._session = session
        self._known: dict[type[Any], dict[Any, Any]] = defaultdict(dict)
        for activity in activities:
            self.know(part.entity for part in activity.entities)
            self.know(link.country for link in activity.countries)
            self.know(one.country for one in activity.country_statuses)
            for records in (
                activity.partners, activity.regions, activity.recommendations, activity.sdg_goals, activity.sdg_targets,
            ):  # fmt: skip
                self.know(records)

    def know(self, records: Iterable[Any]) -> None:
        """Remember records that were read already; values of other types are passed over."""
        for record in records:
            if (key := _KEYS.get(type(record))) is not None:
                self._known[type(record)][getattr(record, key.key)] = record

    def of(self, model: type[Any], keys: Iterable[Any]) -> list[Any]:
        """The records of `model` with these keys, in their order. Raises KeyError for a key that names none."""
        wanted, known = list(keys), self._known[model]
        missing = [key for key in wanted if key not in known]
        if missing:
            self.know(self._session.scalars(sa.select(model).where(_KEYS[model].in_(missing))))
            for key in missing if model is Organisation else ():
                known[key] = survivor_of(self._session, known[key])  # facts may be older than a merging
        return [known[key] for key in wanted]


def figure_draft(figure: Sequence[str]) -> FigureDraft:
    """The draft of a figure among the facts."""
    number, qualifier, unit, as_of, source, kind, *rest = [
        *figure,
        *("", "", FigureKind.FIGURE.value)[len(figure) - 3 :],
    ]
    return FigureDraft(Decimal(number), Qualifier(qualifier), unit, as_of, source, FigureKind(kind), *rest)


def draft_from(records: Records, said: Mapping[str, Any]) -> ActivityDraft:
    """A draft that says what the facts `said` say. Raises KeyError where they leave out a field that people edit."""
    return ActivityDraft(**{field.name: _finished(field, said[field.name], records) for field in EDITED})


def _finished(field: Field, value: Any, records: Records) -> Any:
    """The finished value of a fact."""
    match field.kind:
        case Kind.CHOICE:
            return type(next(iter(field.choices or {})))(value) if value else None
        case Kind.DATE:
            return ImpreciseDate.from_code(value) if value else None
        case Kind.ENTITY:
            return records.of(Organisation, [value])[0] if value else None
        case Kind.SECTION:
            return records.of(Section, [value])[0] if value else None
        case Kind.RECORDS:
            assert field.model is not None
            return list(dict.fromkeys(records.of(field.model, value)))
        case Kind.SDG:
            goals = [int(code) for code in value if code.isdecimal()]
            targets = [code for code in value if not code.isdecimal()]
            return records.of(SdgGoal, goals) + records.of(SdgTarget, targets)
        case Kind.COUNTRIES:
            found = records.of(Country, [code for code, _role in value])
            return [(country, CountryRole(role)) for country, (_code, role) in zip(found, value, strict=True)]
        case Kind.COUNTRY_STATUSES:
            first = dict(reversed(value))  # of two that were united the survivor's holds
            codes = sorted(first)
            return [(one, Status(first[one.code])) for one in records.of(Country, codes)]
        case Kind.DOCUMENTS:
            owners = {key: records.of(Organisation, [key])[0] for _title, _url, key, _may in value if key}
            return [DocumentDraft(title, url, owners.get(key), bool(may)) for title, url, key, may in value]
        case Kind.FIGURES:
            drafts = [figure_draft(figure) for figure in value]
            keys = {one.entity for one in drafts if one.entity}
            today = {key: records.of(Organisation, [key])[0].key for key in keys}
            return [replace(one, entity=today.get(one.entity, "")) for one in drafts]
        case Kind.CHOICES:
            return [one for one in field.values if one in value]
        case Kind.CHAPTERS:
            return list(value)
        case _:
            return value
