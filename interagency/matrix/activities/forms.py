"""The form of an activity: the contract with the person typing. It hands over an ActivityDraft."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, URLField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from interagency.dates import ImpreciseDate
from interagency.forms import (
    CleanStringField,
    CleanTextField,
    Group,
    ImpreciseDateField,
    NamesField,
    RecordsField,
    to_choices,
)
from interagency.matrix.activities.figures import figure_words, read_figure
from interagency.matrix.activities.models import (
    TEXT_LENGTH,
    TITLE_LENGTH,
    Activity,
    CountryRole,
    Level,
    Scope,
    Status,
)
from interagency.matrix.activities.record import ActivityDraft, FigureDraft
from interagency.matrix.framework.models import Country, Recommendation, Region, SdgGoal, SdgTarget
from interagency.matrix.framework.names import chapters, gazetteer
from interagency.matrix.organisations import choices
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities, partners

STATUS_WORDS = {
    Status.PLANNED: _l("Planned"),
    Status.ONGOING: _l("Ongoing"),
    Status.COMPLETED: _l("Completed"),
    Status.SUSPENDED: _l("Suspended"),
    Status.CANCELLED: _l("Cancelled"),
}
LEVEL_WORDS = {
    Level.HEADQUARTERS: _l("Headquarters"),
    Level.FIELD: _l("Field"),
    Level.BOTH: _l("Headquarters and field"),
}
SCOPE_WORDS = {
    Scope.GLOBAL: _l("Global"),
    Scope.INTERREGIONAL: _l("Interregional"),
    Scope.REGIONAL: _l("Regional"),
    Scope.NATIONAL: _l("National"),
}
COUNTRY_ROLE_WORDS = {
    CountryRole.BENEFICIARY: _l("Beneficiary"),
    CountryRole.HOST: _l("Host"),
    CountryRole.PARTNER: _l("Partner"),
    CountryRole.SUBJECT: _l("Subject"),
}
Coded = TypeVar("Coded", Recommendation, Country, Region, SdgTarget)
_UNKNOWN = ("", _l("Not stated"))
_TOO_LONG = _l("This is longer than %(max)d characters. Shorten it; nothing you typed is lost.")


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


def _text(label: Any, description: Any, rows: int = 3) -> CleanTextField:
    return CleanTextField(
        label,
        validators=[Length(max=TEXT_LENGTH, message=_TOO_LONG)],
        description=description,
        render_kw={"rows": rows},
    )


class ActivityForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Everything about an activity."""

    version = HiddenField()
    title = CleanStringField(
        _l("Title"),
        validators=[
            InputRequired(_l("Write a title: what is done, in a few words.")),
            Length(max=TITLE_LENGTH, message=_TOO_LONG),
        ],
        description=_l("What is done, in a few words. Up to 300 characters."),
    )
    description = _text(_l("Description"), _l("One to three plain sentences."), 5)
    status = SelectField(
        _l("Status"),
        choices=to_choices([("", _l("Choose")), *((status.value, words) for status, words in STATUS_WORDS.items())]),
        validators=[InputRequired(_l("Choose a status."))],
    )
    start = ImpreciseDateField(
        _l("Begins"), description=_l("As you know it: 12 October 2026, June 2016, early 2018, 2019. Empty if unknown.")
    )
    end = ImpreciseDateField(
        _l("Ends"), description=_l("The last day, month or year. Empty if it goes on or is unknown.")
    )
    lead = SelectField(_l("Lead entity"), default="")
    entities = RecordsField(
        _l("Other UN entities"), description=_l("Each is asked to confirm. Two or more UN entities make it joint.")
    )
    partners = RecordsField(_l("Partners"), description=_l("All other organisations that take part."))
    partners_incomplete = BooleanField(_l("There are further partners (“and others”)"))
    recommendations = RecordsField(
        _l("Recommendations"),
        description=_l("The chapters follow from these. Leave empty for coordination work."),
    )
    chapters = RecordsField(
        _l("Further chapters"), description=_l("Only chapters that no chosen recommendation brings.")
    )
    level = SelectField(
        _l("Level"),
        choices=to_choices([_UNKNOWN, *((x.value, w) for x, w in LEVEL_WORDS.items())]),
        default="",
    )
    scope = SelectField(
        _l("Scope"),
        choices=to_choices([_UNKNOWN, *((x.value, w) for x, w in SCOPE_WORDS.items())]),
        default="",
    )
    countries = RecordsField(_l("Countries that benefit"), description=_l("Type a name in any usual spelling."))
    hosts = NamesField(_l("Host countries"), description=_l("Where it takes place. One per line, or separated by “;”."))
    partner_countries = NamesField(
        _l("Partner countries"), description=_l("Governments that co-organise are partners.")
    )
    subjects = NamesField(_l("Countries it is about"), description=_l("Studied or surveyed, without taking part."))
    regions = RecordsField(_l("Regions"))
    sdg = RecordsField(_l("Sustainable Development Goals and targets"))
    figures = NamesField(
        _l("Figures"),
        description=_l(
            "One per line: a number and what it counts, such as “more than 450 policymakers” or “8 countries”."
        ),
    )
    results = _text(_l("Results"), _l("What has come of it so far."))
    source = _text(_l("Source"), _l("Paper and paragraph, or who reported it."), 2)
    link = URLField(
        _l("Link"),
        validators=[
            Optional(),
            Length(max=2000),
            Regexp(r"^https?://[^\s<>\"]+$", message=_l("Write a whole address that begins with https://.")),
        ],
    )
    contact = CleanStringField(
        _l("Contact"),
        validators=[Length(max=300, message=_TOO_LONG)],
        description=_l("Internal: never leaves the house."),
    )
    remarks = _text(_l("Remarks for internal eyes"), _l("Internal: never leaves the house."), 2)

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
        self._groups: dict[str, choices.Groups] = {}
        self._offer(session, activity, mine or [])
        if activity is not None and not self.is_submitted():
            self._fill(activity)

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
        self._entities = {entity.key: entity for entity in offered}
        self.lead.choices = to_choices([("", _l("Not known")), *((e.key, e.full) for e in offered)])
        if not self.is_submitted():
            self.lead.data = mine[0].key if mine and activity is None else ""
        own = list(activity.partners) if activity else []

        def others(keys: list[str] | None = None) -> list[Organisation]:
            found = partners(session, keys)
            return found + [one for one in own if one not in found and (keys is None or one.key in keys)]

        wanted = {
            name: getattr(self, name).keys if self.is_submitted() else None
            for name in ("partners", "recommendations", "countries", "regions", "sdg")
        }
        goals = session.scalars(sa.select(SdgGoal).order_by(SdgGoal.number)) if wanted["sdg"] != [] else ()
        self.entities.offer(self._entities)
        self.partners.offer({partner.key: partner for partner in others(wanted["partners"])})
        self.recommendations.offer(
            _named(session, Recommendation, Recommendation.position, wanted["recommendations"]),
        )
        self.chapters.offer({str(chapter.number): chapter for chapter in chapters(session)})
        self.countries.offer(_named(session, Country, Country.code, wanted["countries"]))
        self.regions.offer(_named(session, Region, Region.name, wanted["regions"]))
        targets = _named(session, SdgTarget, SdgTarget.position, wanted["sdg"])
        self.sdg.offer({**{str(goal.number): goal for goal in goals}, **targets})
        self._look_up(session)
        self._groups = {
            "entities": lambda: choices.entity_groups(offered),
            "partners": lambda: choices.organisation_groups(others()),
            "recommendations": lambda: choices.recommendation_groups(session),
            "chapters": lambda: choices.chapter_groups(session),
            "countries": lambda: choices.country_groups(session),
            "regions": lambda: choices.region_groups(session),
            "sdg": lambda: choices.sdg_groups(session),
        }

    def _look_up(self, session: Session) -> None:
        """Say how names are read; the list of names is read when there is a name."""
        names = cache(lambda: gazetteer(session))
        for field in (self.hosts, self.partner_countries, self.subjects):
            field.look_up = lambda name: session.get_one(Country, names().country(name))
            field.say = lambda country: country.name
        self.figures.look_up = read_figure
        self.figures.say = lambda figure: figure_words(figure.number, figure.qualifier, figure.unit)

    def _fill(self, activity: Activity) -> None:
        """Show the record as it stands."""
        for name in ("title", "description", "results", "source", "link", "contact", "remarks", "partners_incomplete"):
            getattr(self, name).data = getattr(activity, name)
        self.version.data = str(activity.version)
        self.status.data = activity.status.value
        self.level.data = activity.level.value if activity.level else ""
        self.scope.data = activity.scope.value if activity.scope else ""
        self.start.data, self.end.data = activity.start, activity.end
        self.lead.data = activity.lead.entity.key if activity.lead else ""
        by_role: dict[CountryRole, list[Country]] = {role: [] for role in CountryRole}
        for link in activity.countries:
            by_role[link.role].append(link.country)
        self.hosts.found = by_role[CountryRole.HOST]
        self.partner_countries.found = by_role[CountryRole.PARTNER]
        self.subjects.found = by_role[CountryRole.SUBJECT]
        self.figures.found = [FigureDraft(f.number, f.qualifier, f.unit) for f in activity.figures]
        chosen = {
            "entities": [part.entity.key for part in activity.entities if not part.is_lead],
            "partners": [partner.key for partner in activity.partners],
            "recommendations": [recommendation.code for recommendation in activity.recommendations],
            "chapters": [str(link.chapter_number) for link in activity.chapters if link.by_hand],
            "countries": [country.code for country in by_role[CountryRole.BENEFICIARY]],
            "regions": [region.code for region in activity.regions],
            "sdg": [str(g.number) for g in activity.sdg_goals] + [t.code for t in activity.sdg_targets],
        }
        for name, keys in chosen.items():
            field: RecordsField = getattr(self, name)
            field.offer(field.offered, keys)

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

    def draft(self) -> ActivityDraft:
        """The finished values. Call after `validate`."""
        goals_and_targets = self.sdg.data or []
        countries = [(country, CountryRole.BENEFICIARY) for country in self.countries.data or []]
        for field, role in (
            (self.hosts, CountryRole.HOST),
            (self.partner_countries, CountryRole.PARTNER),
            (self.subjects, CountryRole.SUBJECT),
        ):
            countries += [(country, role) for country in field.data or []]
        lead = self._entities.get(self.lead.data)
        return ActivityDraft(
            title=self.title.data,
            description=self.description.data,
            status=Status(self.status.data),
            lead=lead,
            entities=[entity for entity in self.entities.data or [] if entity is not lead],
            partners=self.partners.data or [],
            partners_incomplete=self.partners_incomplete.data,
            level=Level(self.level.data) if self.level.data else None,
            scope=Scope(self.scope.data) if self.scope.data else None,
            countries=countries,
            regions=self.regions.data or [],
            start=self.start.data,
            end=self.end.data,
            recommendations=self.recommendations.data or [],
            chapters=[chapter.number for chapter in self.chapters.data or []],
            sdg_goals=[item for item in goals_and_targets if isinstance(item, SdgGoal)],
            sdg_targets=[item for item in goals_and_targets if isinstance(item, SdgTarget)],
            figures=self.figures.data or [],
            results=self.results.data,
            source=self.source.data,
            link=self.link.data or "",
            contact=self.contact.data,
            remarks=self.remarks.data,
        )


class OwnPartForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """The version an entity's own part is saved over; the parts themselves are named by entity."""

    version = IntegerField(validators=[InputRequired()])
