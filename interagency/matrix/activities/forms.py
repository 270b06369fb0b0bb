"""The form of an activity: the contract with the person typing, made from the description of its fields."""

from __future__ import annotations

import re
from dataclasses import astuple
from functools import cache, cached_property, partial
from typing import Any, TypeVar

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, URLField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from interagency.matrix.activities.choice_lists import LISTS, entity_reader, list_addresses
from interagency.matrix.activities.drafts import ActivityDraft, Records, draft_from, figure_draft
from interagency.matrix.activities.facts import figure_fact
from interagency.matrix.activities.field_types import Facts, Field, Kind
from interagency.matrix.activities.fields import BY_NAME, COUNTRIES_BY_ROLE, EDITED
from interagency.matrix.activities.figures import format_figure, read_figure
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.record import facts
from interagency.matrix.activities.state.country_statuses import contradictory, words_of
from interagency.matrix.activities.state.country_statuses import reader_of as status_reader
from interagency.matrix.framework.models import Country, Recommendation, Region, SdgGoal, SdgTarget
from interagency.matrix.framework.names import chapters, gazetteer, sections
from interagency.matrix.framework.titles import name_of, spoken
from interagency.matrix.organisations import choices
from interagency.matrix.organisations.directory import Act
from interagency.matrix.organisations.documents import DocumentDraft, DocumentReader, document_fact, document_words
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.proposals import proposed, reader_of, unlisted_field
from interagency.matrix.organisations.queries import Directory, entities, keys_of_today, partners
from interagency.text.dates import ImpreciseDate
from interagency.text.lines import split_outside_brackets
from interagency.web.form_sections import Place, Section, sections_of
from interagency.web.forms import (
    CleanStringField,
    CleanTextField,
    FormPart,
    ImpreciseDateField,
    NamesField,
    Option,
    RecordsField,
    to_choices,
)

Coded = TypeVar("Coded", Recommendation, Country, Region, SdgTarget)
_TOO_LONG = _l("This is longer than %(max)d characters. Shorten it; nothing you typed is lost.")
WHOLE = re.compile(r"^https?://[^\s<>\"]+$")
_WHOLE_ADDRESS = _l("Write a whole address that begins with https://.")


def list_name(name: str) -> str:
    """The list that the chooser called `name` offers."""
    return _FROM_THE_LIST_OF.get(name, name)


def _keys(name: str, said: Facts | None) -> list[str]:
    """The keys that a record which says `said` has in the chooser called `name`."""
    value = said[name] if said is not None else []
    return [str(key[0] if BY_NAME[name].kind is Kind.COUNTRIES else key) for key in value]


def _named(
    session: Session, model: type[Coded], order: sa.orm.InstrumentedAttribute[Any], codes: list[str]
) -> dict[str, Coded]:
    """Those records of a list that `codes` name, by code, in the order of the list."""
    if not codes:
        return {}
    query = sa.select(model).where(model.code.in_(codes)).order_by(order)
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
        case Kind.COUNTRY_STATUSES | Kind.DOCUMENTS:
            widget = NamesField(**named)
        case Kind.FIGURES:
            widget = NamesField(**named, split=split_outside_brackets)
        case _:
            widget = RecordsField(**named)
    unlisted = unlisted_field(_l("Partners proposed as new")) if field.name == "partners" else None
    return {field.name: widget} | ({"unlisted_partners": unlisted} if unlisted else {})


PART_TITLES = {
    FormPart.WHAT: _l("What"),
    FormPart.WHO: _l("Who"),
    FormPart.WHERE_AND_WHEN: _l("Where and when"),
    FormPart.RESULTS: _l("Results and source"),
}
_PLACES = tuple(Place(one, one.part, one.fold, one.is_beside, tuple(_widgets(one))) for one in EDITED)
_FROM_THE_LIST_OF = {"supporting": "entities"}  # others are chosen from the list of their own name
CHOOSERS = tuple(
    name
    for one in EDITED
    for name, widget in _widgets(one).items()
    if one.kind in (Kind.RECORDS, Kind.SDG, Kind.COUNTRIES) and name == one.name
)


class ActivityForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Everything people say of an activity. Its fields are those of the description, put in below."""

    version = HiddenField()

    def __init__(
        self,
        session: Session,
        activity: Activity | None = None,
        mine: list[Organisation] | None = None,
        *,
        unsent: bool = False,
        sent: MultiDict[str, str] | None = None,
    ) -> None:
        """The form of `activity`, or an empty one, as it was sent; with `unsent` as the record stands.

        `sent`: what a program sends in place of a page, without the page's token.
        """
        self._unsent = unsent
        as_sent = {"formdata": sent, "meta": {"csrf": False}} if sent is not None else {}
        super().__init__(**({"formdata": None} if unsent else as_sent))
        self._records = Records(session, *([activity] if activity else []))
        self._session = session
        self._activity_id = activity.id if activity is not None else None
        said = facts(activity) if activity is not None and not self.is_submitted() else None
        if self.is_submitted():
            for name in CHOOSERS:
                if self[name].typed:
                    is_new = self.unlisted_partners.has if name == "partners" else None
                    self[name].understand(LISTS[list_name(name)].reader(session), is_new)
        self._offer(session, activity, mine or [], said)
        if said is not None and activity is not None:
            self._fill(said, activity)

    def is_submitted(self) -> bool:
        """Whether this form was sent, and not another one whose words are put into it."""
        return not self._unsent and bool(super().is_submitted())

    def _offer(self, session: Session, activity: Activity | None, mine: list[Organisation], said: Facts | None) -> None:
        """Set what can be chosen; retired organisations only where the record already has them.

        Of a list that browsers read for themselves only those are read that were sent, or that the record names.
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
        wanted = {name: self[name].keys if self.is_submitted() else _keys(name, said) for name in CHOOSERS}
        goals = session.scalars(sa.select(SdgGoal).order_by(SdgGoal.number)) if wanted["sdg"] else ()
        self.entities.offer(by_key)
        self.supporting.offer(by_key)
        self.partners.offer(self._partners(session, activity, wanted["partners"]))
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

    def _partners(self, session: Session, activity: Activity | None, keys: list[str]) -> dict[str, Organisation]:
        """The partners of `keys` by key; those of a form that is older than a merging are read as they are now."""

        def known() -> dict[str, Organisation]:
            own = activity.partners if activity is not None else []
            return {one.key: one for one in partners(session, keys)} | {one.key: one for one in own if one.key in keys}

        found = known()
        if any(key not in found for key in keys):
            keys = self.partners.keys = keys_of_today(session, keys)
            found = known()
        return found

    def _offer_sections(self, chosen: str | None) -> None:
        """Set the sections that can be chosen: all, or no other than `chosen`."""
        found = sections(self._session, chosen) if chosen != "" else []
        self.section.choices = to_choices(
            [
                ("", _l("Not stated")),
                *((str(one.position), spoken().section_label(one.label)) for one in found),
            ]
        )

    def _look_up(self, session: Session) -> None:
        """Say how names are read; the list of names is read when there is a name."""
        names = cache(lambda: gazetteer(session))
        for field in (self.hosts, self.partner_countries, self.subjects):
            field.look_up = lambda name: session.get_one(Country, names().country(name))
            field.say = name_of
        directory = cache(lambda: DocumentReader(Directory(session)))
        self.documents.look_up = lambda line: directory().read(line)
        self.documents.say = document_words
        self.country_statuses.look_up = status_reader(session)
        self.country_statuses.say = lambda said: words_of([said], {said[0]: name_of(session.get_one(Country, said[0]))})
        self.unlisted_partners.look_up = reader_of(session, partners_only=True)
        self.figures.look_up = partial(read_figure, entity_of=entity_reader(session))
        shorts = {entity.key: entity.short for entity in self.entities.offered.values()}
        self.figures.say = partial(format_figure, names=shorts)

    def _fill(self, said: Facts, activity: Activity) -> None:
        """Show a record that says `said`."""
        self.version.data = str(activity.version)
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
                case Kind.COUNTRY_STATUSES:
                    self[field.name].found = value
                case Kind.DOCUMENTS:
                    self[field.name].found = [
                        DocumentDraft(one.title, one.url, one.owner, one.is_permitted) for one in activity.documents
                    ]
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
    def activity_id(self) -> int | None:
        """The number of the activity that is edited."""
        return self._activity_id

    @property
    def sections(self) -> list[Section]:
        """The fields in the sections of the page."""
        if self.is_submitted():
            self._offer_sections(None)
        return sections_of(self, _PLACES, PART_TITLES)

    def options(self, name: str) -> list[tuple[str, str, bool]]:
        """The choices of the field called `name` whose choices are few: value, label, and whether it is chosen."""
        chosen, field = self[name].keys, BY_NAME[name]
        if field.kind is Kind.CHAPTERS:
            return [(key, f"{one.roman}. {one.title}", key in chosen) for key, one in self[name].offered.items()]
        return [(value, field.label_of(value), value in chosen) for value in field.values]

    def chosen(self, name: str) -> list[Option]:
        """What is chosen in the chooser called `name`."""
        return [choices.option_of(record) for record in self[name].data or []]

    @cached_property
    def list_addresses(self) -> dict[str, tuple[str, str]]:
        """By chooser, where its list is read by scripts, and where by people."""
        return list_addresses(self._session, {name: list_name(name) for name in CHOOSERS})

    def validate(self, extra_validators: Any = None) -> bool:
        """Each field, then the rules over several fields."""
        fine = bool(super().validate(extra_validators))
        start, end = self.start.data, self.end.data
        if isinstance(start, ImpreciseDate) and isinstance(end, ImpreciseDate) and end.last < start.first:
            message = _l("It would end (%(end)s) before it begins (%(start)s).")
            self.end.errors = [*self.end.errors, str(message) % {"end": end.words(), "start": start.words()}]
            fine = False
        return self._check_country_statuses() and fine

    def _check_country_statuses(self) -> bool:
        """A country is at one status, and one of those that the record names."""
        said, named = self.country_statuses.data or [], self._fact(BY_NAME["countries"])
        twice, strange = contradictory(said, named)
        places = {code: name_of(self._session.get_one(Country, code)) for code in (*twice, *strange)}
        problems = [_("%(country)s stands here twice. Leave one.", country=places[code]) for code in twice]
        problems += [
            _("%(country)s is none of the countries of this activity: add it there, too.", country=places[code])
            for code in strange
        ]
        self.country_statuses.errors = [*self.country_statuses.errors, *problems]
        return not problems

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
            case Kind.DOCUMENTS:
                return [document_fact(one) for one in data or []]
            case Kind.COUNTRY_STATUSES:
                return sorted(map(list, data or []))
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
