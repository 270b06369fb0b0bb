"""The inputs of the form of an event: plain ones as `fields` describes them, the others here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, IntegerField, SelectField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from interagency.calendar.events.fields import DRAFTED, EventField, Kind
from interagency.calendar.events.lines import split_days
from interagency.matrix.organisations.proposals import unlisted_field
from interagency.text.repeat_words import LONGEST, example_of_months, examples_of_days
from interagency.text.zones import zone_named
from interagency.web.form_sections import Place
from interagency.web.forms import CleanStringField, CleanTextField, FormPart, NamesField, RecordsField, to_choices

REPEATS = [
    ("", _l("Does not repeat")),
    ("daily", _l("By days")),
    ("weekly", _l("By weeks")),
    ("weekday", _l("By months, on the same weekday (third Tuesday)")),
    ("monthly", _l("By months, on the same day of the month")),
    ("yearly", _l("By years")),
    ("kept", _l("As it stands")),
]
_TOO_LONG = _l("This is longer than %(max)d characters. Shorten it; nothing you typed is lost.")
_NOT_STATED, _CHOOSE = ("", _l("Not stated")), ("", _l("Choose the kind …"))


def _described(field: EventField, **more: Any) -> dict[str, Any]:
    """What every input takes from the description."""
    return {"label": field.ask or field.label, "description": field.help, **more}


def _length(most: int) -> Length:
    return Length(max=most, message=_TOO_LONG)


def _choice(field: EventField) -> Any:
    assert field.choices is not None
    pairs = [(choice.value, label) for choice, label in field.choices.items()]
    if field.required:
        required = InputRequired(field.required)
        return SelectField(**_described(field), choices=to_choices([_CHOOSE, *pairs]), validators=[required])
    if field.name == "status":
        return SelectField(**_described(field), choices=to_choices(pairs))
    return SelectField(**_described(field), choices=to_choices([_NOT_STATED, *pairs]), default="")


def _plain(field: EventField) -> Any:
    """The input of a plain field."""
    if field.kind is Kind.CHOICE:
        return _choice(field)
    if field.kind is Kind.FLAG:
        return BooleanField(**_described(field))
    if field.kind is Kind.NUMBER:
        return IntegerField(**_described(field), validators=[Optional(), NumberRange(1, field.longest)])
    validators: list[Any] = [InputRequired(field.required)] if field.required else []
    if field.longest:
        validators.append(_length(field.longest))
    if field.kind is Kind.TEXT:
        rows = {"rows": 4} if field.name == "description" else None
        return CleanTextField(**_described(field), validators=validators, render_kw=rows)
    return CleanStringField(**_described(field), validators=validators)


def _days(field: EventField) -> dict[str, Any]:
    return {
        field.name: NamesField(
            _l("When"),
            split=split_days,
            description=_l(
                "One line for each run of days: 26-29 September 2017, or 12 October 2026, 15:00-16:30. "
                "June 2017, early 2018 or “date not known” is fine when no more is known."
            ),
        ),
        "days": NamesField(
            _l("Chapter of each day"),
            description=_l("Only where days differ, one per line: 26 September 2017: I"),
        ),
    }


def _repetition(_field: EventField) -> dict[str, Any]:
    return {
        "repeats": SelectField(_l("Repeats"), choices=to_choices(REPEATS), default=""),
        "repeat_every": IntegerField(
            _l("Every so many"),
            description=_l("2 with “by weeks”: every second week."),
            validators=[Optional(), NumberRange(1, 100)],
            default=1,
        ),
        "repeat_on": CleanStringField(
            _l("On these days"),
            description=_l("Such as: %(examples)s. Empty: as the first day.", examples=LazyString(examples_of_days)),
            validators=[_length(LONGEST)],
        ),
        "repeat_months": CleanStringField(
            _l("In these months"),
            description=_l(
                "Such as %(examples)s. Empty: in all, or as the first day.",
                examples=LazyString(example_of_months),
            ),
            validators=[_length(LONGEST)],
        ),
        "repeat_count": IntegerField(_l("How many times"), validators=[Optional(), NumberRange(2, 1000)]),
        "repeat_until": CleanStringField(
            _l("Or until the day"),
            description=_l("Such as 31 December 2027. Leave both empty when it goes on."),
            validators=[_length(60)],
        ),
        "only_from": CleanStringField(
            _l("Change only the dates from this day on"),
            description=_l(
                "Such as 3 November 2026. What lies before stays as it is, what follows becomes an event of its own. "
                "Leave it empty to change all dates."
            ),
            validators=[_length(60)],
        ),
    }


def _one(make: Callable[..., Any], **more: Any) -> Callable[[EventField], dict[str, Any]]:
    return lambda field: {field.name: make(**_described(field, **more))}


def _organisations(unlisted: Any) -> Callable[[EventField], dict[str, Any]]:
    return lambda field: {
        field.name: RecordsField(**_described(field)),
        f"unlisted_{field.name}": unlisted_field(unlisted),
    }


def _series(field: EventField) -> dict[str, Any]:
    more = {"validators": [_length(field.longest)], "render_kw": {"list": "all-series"}}
    return {"series_title": CleanStringField(**_described(field, **more))}


# By field. Single dates are changed on a page of their own.
_OWN: dict[str, Callable[[EventField], dict[str, Any]]] = {
    "segments": _days,
    "rrule": _repetition,
    "exceptions": lambda _field: {},
    "timezone": _one(CleanStringField, render_kw={"list": "time-zones"}, filters=[zone_named]),
    "country": _one(CleanStringField),
    "organisers": _organisations(_l("Organisers proposed as new")),
    "participants": _organisations(_l("Participants proposed as new")),
    "chapters": _one(RecordsField),
    "links": _one(NamesField),
    "documents": _one(NamesField),
    "activities": _one(NamesField, render_kw={"rows": 2}),
    "milestone": _one(SelectField, default=""),
    "parent": _one(CleanStringField, render_kw={"list": "events-around"}),
    "series": _series,
}
# Fields whose one input, by their own name, shows the record as it stands and gives back what the draft holds.
SHOWN_AS_THEY_ARE = tuple(
    field for field in DRAFTED if field.kind is not Kind.OWN and (field.name not in _OWN or field.name == "timezone")
)


PART_TITLES = {
    FormPart.WHAT: _l("What"),
    FormPart.WHO: _l("Who"),
    FormPart.WHERE_AND_WHEN: _l("Where and when"),
    FormPart.RESULTS: _l("Links and sharing"),
}
CHOOSERS = ("organisers", "participants")


def _inputs(field: EventField) -> dict[str, Any]:
    """The inputs of a field, by name."""
    return _OWN[field.name](field) if field.name in _OWN else {field.name: _plain(field)}


PLACES = tuple(
    Place(field, field.part, field.fold, field.beside, tuple(_inputs(field))) for field in DRAFTED if _inputs(field)
)


class EventFields(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """The inputs of the form of an event, in the order of its fields."""

    version = HiddenField()


for _field in DRAFTED:
    for _name, _input in _inputs(_field).items():
        setattr(EventFields, _name, _input)

__all__ = ["CHOOSERS", "PART_TITLES", "PLACES", "REPEATS", "SHOWN_AS_THEY_ARE", "EventFields"]
