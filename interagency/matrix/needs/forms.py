"""The form of a need."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, SelectField, URLField, ValidationError
from wtforms.validators import InputRequired, Length, Optional, Regexp

from interagency.matrix.activities.choice_lists import LISTS, list_addresses
from interagency.matrix.activities.forms import WHOLE
from interagency.matrix.framework.models import Country, Recommendation
from interagency.matrix.framework.names import gazetteer
from interagency.matrix.needs.labels import FIELD_LABELS, STATED_BY_LABELS, STATUS_LABELS
from interagency.matrix.needs.models import (
    LINK_LENGTH,
    SOURCE_LENGTH,
    TEXT_LENGTH,
    TITLE_LENGTH,
    Need,
    NeedStatus,
    StatedBy,
)
from interagency.matrix.needs.record import NeedDraft
from interagency.matrix.organisations import choices
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities, keys_of_today
from interagency.web.forms import (
    CleanStringField,
    CleanTextField,
    ImpreciseDateField,
    Option,
    RecordsField,
    to_choices,
)

_TOO_LONG = _l("This is longer than %(max)d characters. Shorten it; nothing you typed is lost.")
CHOOSERS = ("recommendations", "entities")


def _at_most(length: int) -> Length:
    return Length(max=length, message=_TOO_LONG)


class NeedForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Everything people say of a need."""

    version = HiddenField()
    title = CleanStringField(
        FIELD_LABELS["title"],
        validators=[InputRequired(_l("Write in one line what is needed.")), _at_most(TITLE_LENGTH)],
        description=_l("What is asked for, such as “Training of laboratory staff”."),
    )
    country = CleanStringField(
        FIELD_LABELS["country"],
        validators=[_at_most(200)],
        description=_l("Its name in any usual spelling, or its ISO code. Empty for transit countries as a group."),
    )
    is_transit = BooleanField(_l("It is a need of transit countries, or of this country as one"))
    details = CleanTextField(
        FIELD_LABELS["details"],
        validators=[_at_most(TEXT_LENGTH)],
        description=_l("As it was stated, in the words of whoever stated it."),
        render_kw={"rows": 5, "dir": "auto"},
    )
    recommendations = RecordsField(
        FIELD_LABELS["recommendations"], description=_l("What of the outcome document it is about.")
    )
    stated_by = SelectField(FIELD_LABELS["stated_by"], default=StatedBy.GOVERNMENT.value)
    on_request = BooleanField(_l("The government requested assistance"))
    stated = ImpreciseDateField(
        FIELD_LABELS["stated"], description=_l("As exactly as it is known: 3 May 2026, May 2026, 2026.")
    )
    source = CleanStringField(
        FIELD_LABELS["source"],
        validators=[_at_most(SOURCE_LENGTH)],
        description=_l("Where it was stated: a letter, a statement at a session, a questionnaire, with its symbol."),
    )
    link = URLField(
        FIELD_LABELS["link"],
        validators=[
            Optional(), _at_most(LINK_LENGTH), Regexp(WHOLE, message=_l("Write a whole address that begins with https://.")),
        ],
    )  # fmt: skip
    status = SelectField(FIELD_LABELS["status"], default=NeedStatus.OPEN.value)
    entities = RecordsField(
        FIELD_LABELS["entities"],
        description=_l("The entities that took it up. They keep it up to date, and their agreement shares it."),
    )
    shareable = BooleanField(
        _l("It may be shared outside once every entity that keeps it agrees. Else it is internal.")
    )

    def __init__(self, session: Session, need: Need | None = None, mine: list[Organisation] | None = None) -> None:
        super().__init__()
        self._session, self._need, self._mine = session, need, mine or []
        self.stated_by.choices = to_choices((one.value, words) for one, words in STATED_BY_LABELS.items())
        self.status.choices = to_choices((one.value, words) for one, words in STATUS_LABELS.items())
        self._country: Country | None = None
        if self.is_submitted():
            for name in CHOOSERS:
                if self[name].typed:
                    self[name].understand(LISTS[name].reader(session))
            self.entities.keys = keys_of_today(session, self.entities.keys)
        self._offer(session)
        if need is not None and not self.is_submitted():
            self._fill(need)

    def _offer(self, session: Session) -> None:
        present = list(self._need.entities) if self._need else []
        offered = entities(session)
        offered += [one for one in present if one not in offered]
        # A new need is kept by whoever writes it down, unless they say otherwise.
        kept_by = [one.key for one in (present if self._need else self._mine)]
        self.entities.offer({one.key: one for one in offered}, kept_by)
        codes = [one.code for one in self._need.recommendations] if self._need else []
        wanted = self.recommendations.keys if self.is_submitted() else codes
        query = sa.select(Recommendation).where(Recommendation.code.in_(wanted)).order_by(Recommendation.position)
        self.recommendations.offer({one.code: one for one in session.scalars(query)} if wanted else {}, codes)

    def _fill(self, need: Need) -> None:
        for name in ("title", "details", "is_transit", "on_request", "source", "link", "shareable"):
            self[name].data = getattr(need, name)
        self.version.data = str(need.version)
        self.country.data = need.country.name if need.country else ""
        self.stated.data = need.stated
        self.stated_by.data, self.status.data = need.stated_by.value, need.status.value

    def validate_country(self, _field: Any) -> None:
        """A name that is known; none only of transit countries as a group."""
        if self.country.data:
            try:
                code = gazetteer(self._session).country(self.country.data)
            except ValueError as problem:
                raise ValidationError(str(problem)) from None
            self._country = self._session.get_one(Country, code)
        elif not self.is_transit.data:
            raise ValidationError(_("Write the country, or tick that it is a need of transit countries as a group."))

    def validate_entities(self, _field: Any) -> None:
        """Somebody keeps it; a focal point writes it down for an entity of theirs."""
        chosen = self.entities.data or []
        if not chosen:
            raise ValidationError(_("Choose at least one entity that keeps it."))
        if self._need is None and self._mine and not {one.id for one in self._mine} & {one.id for one in chosen}:
            raise ValidationError(
                _("Choose %(names)s among the entities: you write it down for one of them.",
                  names=", ".join(one.short for one in self._mine))
            )  # fmt: skip

    def chosen(self, name: str) -> list[Option]:
        """What is chosen in the chooser called `name`."""
        return [choices.option_of(record) for record in self[name].data or []]

    @cached_property
    def list_addresses(self) -> dict[str, tuple[str, str]]:
        """By chooser, where its list is read by scripts, and where by people."""
        return list_addresses(self._session, {name: name for name in CHOOSERS})

    @property
    def dates_to_show(self) -> list[ImpreciseDateField]:
        """Dates whose reading the person has not seen yet."""
        return [self.stated] if self.stated.needs_showing else []

    def draft(self) -> NeedDraft:
        """The finished values. Call after `validate`."""
        return NeedDraft(
            title=self.title.data,
            status=NeedStatus(self.status.data),
            details=self.details.data or "",
            country=self._country,
            is_transit=bool(self.is_transit.data),
            stated_by=StatedBy(self.stated_by.data),
            on_request=bool(self.on_request.data),
            stated=self.stated.data,
            source=self.source.data or "",
            link=self.link.data or "",
            shareable=bool(self.shareable.data),
            recommendations=list(self.recommendations.data or []),
            entities=list(self.entities.data or []),
        )
