"""The form of an activity: the contract with the person typing, made from the description of its fields."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from dataclasses import field as dataclass_field
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, URLField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from interagency.matrix.activities.drafts import ActivityDraft, Records, draft_from, figure_draft
from interagency.matrix.activities.facts import figure_fact
from interagency.matrix.activities.field_types import Facts, Field, Kind
from interagency.matrix.activities.fields import BY_NAME, COUNTRIES_BY_ROLE, EDITED
from interagency.matrix.activities.figures import format_figure, read_figure
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.record import facts
from interagency.matrix.framework.models import Country, Recommendation, Region, SdgGoal, SdgTarget
from interagency.matrix.framework.names import chapters, gazetteer, sections
from interagency.matrix.organisations import choices
from interagency.matrix.organisations.directory import Act
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.proposals import proposed, reader_of, unlisted_field
from interagency.matrix.organisations.queries import entities, keys_of_today, partners
from interagency.text.dates import ImpreciseDate
from interagency.text.lines import split_outside_brackets
from interagency.web.forms import (
    CleanStringField,
    CleanTextField,
    Group,
    ImpreciseDateField,
    NamesField,
    RecordsField,
    to_choices,
)

Coded = TypeVar("Coded", Recommendation, Country, Region, SdgTarget)
_TOO_LONG = _l("This is longer than %(max)d characters. Shorten it; nothing you typed is lost.")
WHOLE = re.compile(r"^https?://[^\s<>\"]+$")
_WHOLE_ADDRESS = _l("Write a whole address that begins with https://.")


def _named(
    session: Session, model: type[Coded], order: sa.orm.InstrumentedAttribute[Any], codes: list[str] | None
) -> dict[str, Coded]:
    """The records of a list by their codes, in order: those of `codes`, or all."""
    if codes == []:
        return {}
    query = sa.select(model).order_by(order)
    if codes is not None:
        query = query.where(model.code.in_(codes))
    return {record.code: record for record in session.scalars(query)}


def _widgets(field: Field) -> dict[str, Any]:
    """The form fields of a field by name: one, but for countries, which have one in each role."""
    if field.kind is Kind.COUNTRIES:
        return {
            one.form_name: (RecordsField if one.form_name == field.name else NamesField)(
                one.question, description=one.help
            )
            for one in COUNTRIES_BY_ROLE
        }
    label = field.question or field.label
    validators: list[Any] = [InputRequired(field.required)] if field.required else []
    if field.max_length:
        validators.append(Length(max=field.max_length, message=_TOO_LONG))
    named = {"label": label, "validators": validators, "description": field.help}
    widget: Any
    match field.kind:
        case Kind.LINE:
            widget = CleanStringField(**named)
        case Kind.TEXT:
            widget = CleanTextField(**named, render_kw={"rows": field.rows})
        case Kind.ADDRESS:
            widget = URLField(
                **named | {"validators": [Optional(), *validators, Regexp(WHOLE, message=_WHOLE_ADDRESS)]}
            )
        case Kind.CHOICE:
            blank = _l("Choose") if field.required else _l("Not stated")
            offered = [("", blank), *((one.value, words) for one, words in (field.choices or {}).items())]
            widget = SelectField(**named, choices=to_choices(offered), default="")
        case Kind.ENTITY | Kind.SECTION:
            widget = SelectField(**named, default="")
        case Kind.FLAG:
            widget = BooleanField(**named)
        case Kind.DATE:
            widget = ImpreciseDateField(**named)
        case Kind.FIGURES:
            widget = NamesField(**named, split=split_outside_brackets)
        case _:
            widget = RecordsField(**named)
    return {field.name: widget}


@dataclass(slots=True)
class Block:
    """Neighbouring fields of the form: what is written on the fold that holds them, if one does; their rows; whether
    one of them says something or is wrong."""

    fold: Any
    rows: list[list[Field]] = dataclass_field(default_factory=list)
    is_open: bool = False


class ActivityForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Everything people say of an activity. Its fields are those of the description, put in below."""

    version = HiddenField()
    unlisted_partners = unlisted_field(_l("Partners that are not on the list"))

    def __init__(
        self,
        session: Session,
        activity: Activity | None = None,
        mine: list[Organisation] | None = None,
        *,
        unsent: bool = False,
    ) -> None:
        """The form of `activity`, or an empty one, as it was sent; with `unsent` as the record stands."""
        self._unsent = unsent
        super().__init__(**({"formdata": None} if unsent else {}))
        self._records = Records(session, *([activity] if activity else []))
        self._groups: dict[str, choices.Groups] = {}
        self._session = session
        self._offer(session, activity, mine or [])
        if activity is not None and not self.is_submitted():
            self._fill(facts(activity), activity.version)

    def is_submitted(self) -> bool:
        """Whether this form was sent, and not another one whose words are put into it."""
        return not self._unsent and bool(super().is_submitted())

    def _offer(self, session: Session, activity: Activity | None, mine: list[Organisation]) -> None:
        """Set what can be chosen; retired organisations only where the record already has them.

        A form that was sent reads only the records that it names, and the lists only when it is drawn again.
        """
        present = [part.entity for part in activity.entities] if activity else []
        offered = entities(session)
        offered += [entity for entity in present if entity not in offered]
        by_key = {entity.key: entity for entity in offered}
        self._records.know(offered)
        self.lead.choices = to_choices([("", _l("Not known")), *((e.key, e.full) for e in offered)])
        if not self.is_submitted():
            self.lead.data = mine[0].key if mine and activity is None else ""
        self._offer_sections(self.section.data or "" if self.is_submitted() else None)
        own = list(activity.partners) if activity else []

        def others(keys: list[str] | None = None) -> list[Organisation]:
            found = partners(session, keys)
            return found + [one for one in own if one not in found and (keys is None or one.key in keys)]

        wanted = {
            name: getattr(self, name).keys if self.is_submitted() else None
            for name in ("partners", "recommendations", "countries", "regions", "sdg")
        }
        goals = session.scalars(sa.select(SdgGoal).order_by(SdgGoal.number)) if wanted["sdg"] != [] else ()
        self.entities.offer(by_key)
        self.supporting.offer(by_key)
        known = {partner.key: partner for partner in others(wanted["partners"])}
        if any(key not in known for key in self.partners.keys):
            self.partners.keys = keys_of_today(session, self.partners.keys)
            known = {partner.key: partner for partner in others(self.partners.keys)}
        self.partners.offer(known)
        self.recommendations.offer(
            _named(session, Recommendation, Recommendation.position, wanted["recommendations"]),
        )
        self.chapters.offer({str(chapter.number): chapter for chapter in chapters(session)})
        self.countries.offer(_named(session, Country, Country.code, wanted["countries"]))
        self.regions.offer(_named(session, Region, Region.name, wanted["regions"]))
        targets = _named(session, SdgTarget, SdgTarget.position, wanted["sdg"])
        self.sdg.offer({**{str(goal.number): goal for goal in goals}, **targets})
        for field in EDITED:
            if field.kind is Kind.CHOICES:
                self[field.name].offer({value: value for value in field.values})
        self._look_up(session)
        self._groups = {
            "entities": lambda: choices.entity_groups(offered),
            "supporting": lambda: choices.entity_groups(offered),
            "partners": lambda: choices.organisation_groups(others()),
            "recommendations": lambda: choices.recommendation_groups(session),
            "chapters": lambda: choices.chapter_groups(session),
            "countries": lambda: choices.country_groups(session),
            "regions": lambda: choices.region_groups(session),
            "sdg": lambda: choices.sdg_groups(session),
        }

    def _offer_sections(self, chosen: str | None) -> None:
        """Set the sections that can be chosen: all, or no other than `chosen`."""
        found = sections(self._session, chosen) if chosen != "" else []
        self.section.choices = to_choices([("", _l("Not stated")), *((str(one.position), one.label) for one in found)])

    def _look_up(self, session: Session) -> None:
        """Say how names are read; the list of names is read when there is a name."""
        names = cache(lambda: gazetteer(session))
        for field in (self.hosts, self.partner_countries, self.subjects):
            field.look_up = lambda name: session.get_one(Country, names().country(name))
            field.say = lambda country: country.name
        self.unlisted_partners.look_up = reader_of(session, partners_only=True)
        self.figures.look_up = read_figure
        self.figures.say = format_figure

    def _fill(self, said: Facts, version: int) -> None:
        """Show a record that says `said`."""
        self.version.data = str(version)
        for field in EDITED:
            value = said[field.name]
            match field.kind:
                case Kind.DATE:
                    self[field.name].data = ImpreciseDate.from_code(value) if value else None
                case Kind.CHOICE | Kind.ENTITY | Kind.SECTION:
                    self[field.name].data = str(value or "")
                case Kind.COUNTRIES:
                    for one in COUNTRIES_BY_ROLE:
                        codes = [code for code, role in value if role == one.role]
                        self._choose(one.form_name, codes)
                case Kind.FIGURES:
                    self[field.name].found = [figure_draft(figure) for figure in value]
                case Kind.RECORDS | Kind.SDG | Kind.CHAPTERS | Kind.CHOICES:
                    self._choose(field.name, [str(key) for key in value])
                case _:
                    self[field.name].data = value

    def _choose(self, name: str, keys: list[str]) -> None:
        """Show records as chosen in a form field."""
        if isinstance(self[name], RecordsField):
            self[name].offer(self[name].offered, keys)
        else:
            self[name].found = self._records.of(Country, keys)

    @property
    def blocks(self) -> list[Block]:
        """The fields in their order, parted by the folds that hold them."""
        if self.is_submitted():
            self._offer_sections(None)
        found: list[Block] = []
        for field in EDITED:
            if not found or found[-1].fold != field.fold:
                found.append(Block(field.fold))
            rows = found[-1].rows
            if field.is_beside:
                rows[-1].append(field)
            else:
                rows.append([field])
            found[-1].is_open |= bool(self[field.name].data or self[field.name].errors)
        return found

    def options(self, name: str) -> list[tuple[str, str, bool]]:
        """The choices of the field called `name`: value, label, and whether it is chosen."""
        chosen, field = self[name].keys, BY_NAME[name]
        return [(value, field.label_of(value), value in chosen) for value in field.values]

    def groups(self, name: str) -> list[Group]:
        """What the chooser called `name` offers, with the chosen ones marked."""
        field: RecordsField = getattr(self, name)
        return field.marked(self._groups[name]())

    def validate(self, extra_validators: Any = None) -> bool:
        """Each field, then the rules over several fields."""
        fine = bool(super().validate(extra_validators))
        start, end = self.start.data, self.end.data
        if isinstance(start, ImpreciseDate) and isinstance(end, ImpreciseDate) and end.last < start.first:
            message = _l("It would end (%(end)s) before it begins (%(start)s).")
            self.end.errors = [*self.end.errors, str(message) % {"end": end.words(), "start": start.words()}]
            fine = False
        return fine

    @property
    def dates_to_show(self) -> list[ImpreciseDateField]:
        """Dates whose reading the person has not seen yet."""
        return [field for field in (self.start, self.end) if field.needs_showing]

    def facts(self) -> Facts:
        """What was typed and chosen, as facts. Call after `validate`."""
        return {field.name: self._fact(field) for field in EDITED}

    def _fact(self, field: Field) -> Any:
        data = self[field.name].data
        match field.kind:
            case Kind.DATE:
                return data.code if data else None
            case Kind.CHOICE | Kind.ENTITY:
                return data or None
            case Kind.SECTION:
                return int(data) if data else None
            case Kind.COUNTRIES:
                by_role = [(one.role, self[one.form_name].data or []) for one in COUNTRIES_BY_ROLE]
                return [[country.code, role.value] for role, countries in by_role for country in countries]
            case Kind.FIGURES:
                return [figure_fact(*astuple(one)) for one in data or []]
            case Kind.RECORDS | Kind.SDG | Kind.CHAPTERS | Kind.CHOICES:
                return self._chosen(field)
            case Kind.FLAG:
                return bool(data)
            case _:
                return data or ""

    def _chosen(self, field: Field) -> list[Any]:
        """The keys of what was chosen, in the order of the list."""
        widget: RecordsField = self[field.name]
        chosen = set(widget.keys)
        keys = [key for key in widget.offered if key in chosen]
        return [int(key) for key in keys] if field.kind is Kind.CHAPTERS else keys

    def draft(self) -> ActivityDraft:
        """The finished values. Call after `validate`."""
        for widget in self:
            if isinstance(widget, RecordsField | NamesField):
                self._records.know(widget.data or [])
        return draft_from(self._records, self.facts())

    def propose(self, draft: ActivityDraft, act: Act) -> None:
        """Let `draft` name the partners that are on no list, too, by proposing them. Call when it is being saved."""
        draft.partners = list(
            dict.fromkeys([*draft.partners, *proposed(self._session, self.unlisted_partners.data or [], act)])
        )


for _field in EDITED:
    for _name, _widget in _widgets(_field).items():
        setattr(ActivityForm, _name, _widget)


class OwnPartForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """The version an entity's own part is saved over; the parts themselves are named by entity."""

    version = IntegerField(validators=[InputRequired()])
