"""The fields of the form of an event, with their labels and help."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, IntegerField, SelectField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from interagency.calendar.event_words import EVENT_STATUS_WORDS, KIND_WORDS, MODE_WORDS
from interagency.calendar.zones import zone_named
from interagency.forms import CleanStringField, CleanTextField, NamesField, RecordsField, to_choices
from interagency.matrix.activities.models import TEXT_LENGTH, TITLE_LENGTH

_UNKNOWN = ("", _l("Not stated"))
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


class EventFields(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """The fields of the form of an event, in their order."""

    version = HiddenField()
    title = CleanStringField(
        _l("Title"),
        validators=[InputRequired(_l("Write a title.")), Length(max=TITLE_LENGTH, message=_TOO_LONG)],
    )
    kind = SelectField(
        _l("Kind"),
        choices=to_choices([("", _l("Choose the kind …")), *((k.value, words) for k, words in KIND_WORDS.items())]),
        validators=[InputRequired(_l("Choose what kind of event it is."))],
    )
    status = SelectField(_l("Status"), choices=to_choices((s.value, words) for s, words in EVENT_STATUS_WORDS.items()))
    segments = NamesField(
        _l("When"),
        description=_l(
            "One line for each run of days: 26-29 September 2017, or 12 October 2026, 15:00-16:30. "
            "June 2017 or early 2018 is fine when no more is known."
        ),
    )
    days = NamesField(
        _l("Chapter of each day"),
        description=_l("Only where days differ, one per line: 26 September 2017: I"),
    )
    timezone = CleanStringField(
        _l("Time zone of the hours"),
        description=_l("A large city of it, such as Vienna, or Europe/Vienna. Needed with hours."),
        render_kw={"list": "time-zones"},
        filters=[zone_named],
    )
    repeats = SelectField(
        _l("Repeats"),
        choices=to_choices(REPEATS),
        default="",
    )
    repeat_every = IntegerField(
        _l("Every so many"),
        description=_l("2 with “by weeks”: every second week."),
        validators=[Optional(), NumberRange(1, 100)],
        default=1,
    )
    repeat_count = IntegerField(_l("How many times"), validators=[Optional(), NumberRange(2, 1000)])
    repeat_until = CleanStringField(
        _l("Or until the day"),
        description=_l("Such as 31 December 2027. Leave both empty when it goes on."),
        validators=[Length(max=60, message=_TOO_LONG)],
    )
    mode = SelectField(
        _l("How people take part"),
        choices=to_choices([_UNKNOWN, *((m.value, w) for m, w in MODE_WORDS.items())]),
        default="",
    )
    venue = CleanStringField(_l("Venue"), validators=[Length(max=300, message=_TOO_LONG)])
    city = CleanStringField(_l("City"), validators=[Length(max=200, message=_TOO_LONG)])
    country = CleanStringField(_l("Country"), description=_l("In any usual spelling."))
    organisers = RecordsField(_l("Organisers"))
    participants = RecordsField(_l("Participants"))
    participants_incomplete = BooleanField(_l("There are further participants"))
    meant_for = CleanStringField(_l("Meant for"), validators=[Length(max=300, message=_TOO_LONG)])
    chapters = RecordsField(_l("Chapters"), description=_l("Of the event as a whole."))
    description = CleanTextField(
        _l("Description"), validators=[Length(max=TEXT_LENGTH, message=_TOO_LONG)], render_kw={"rows": 4}
    )
    links = NamesField(
        _l("Links"), description=_l("One per line. Begin with “meeting:” or “webcast:” where it is one.")
    )
    documents = NamesField(
        _l("Documents"),
        description=_l(
            "One per line: title, address, owner, and “may be shared” when the owner permits it: "
            "Report https://example.org/report.pdf | WHO | may be shared"
        ),
    )
    activities = NamesField(
        _l("Activities it serves"),
        description=_l("One per line, by number: type a word of the title and choose from the list."),
        render_kw={"rows": 2},
    )
    milestone = SelectField(_l("Milestone of an activity it belongs to"), default="")
    parent = CleanStringField(
        _l("Side event of"),
        description=_l("The event it takes place within, by number, such as 12: Session of the Commission."),
        render_kw={"list": "events-around"},
    )
    series_title = CleanStringField(
        _l("Series"),
        description=_l("Such as Regular sessions of the Commission; a new name makes a new series."),
        validators=[Length(max=TITLE_LENGTH, message=_TOO_LONG)],
        render_kw={"list": "all-series"},
    )
    series_number = IntegerField(_l("Number in the series"), validators=[Optional(), NumberRange(1, 10_000)])
    shareable = BooleanField(_l("May be shared outside, once every entity concerned has agreed"))
    source = CleanStringField(_l("Source"), validators=[Length(max=1000, message=_TOO_LONG)])
    remarks = CleanTextField(_l("Remarks for internal eyes"), validators=[Length(max=TEXT_LENGTH, message=_TOO_LONG)])
