"""What goes in and out, derived from the descriptions of the fields: types, lengths, choices, who may write.

An activity and an event are their facts, by the keys that history and editions know, and what the service says of
them: number, version, when they were saved. Dates are codes that keep their precision: `2026-06-12`, `2026-06`,
`2026-Q2`, `2026-H1`, `2026-early`, `2026`.
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from interagency.calendar.events.fields import FIELDS as EVENT_FIELDS
from interagency.calendar.events.fields import EventField
from interagency.calendar.events.fields import Kind as EventKind
from interagency.matrix.activities.field_types import Field, Kind
from interagency.matrix.activities.fields import FIELDS
from interagency.matrix.activities.models import CountryRole, Status
from interagency.matrix.agreement.models import Decision
from interagency.matrix.cycles.models import AnswerKind

DATE_CODE = re.compile(r"^\d{4}(-(\d{2}(-\d{2})?|Q[1-4]|H[12]|early|mid|late))?$")
# A record as a month shows it: its kind, number and version.
SHOWN = re.compile(r"^[a-z]{1,20}-\d{1,9}-\d{1,9}$")
MOST = 200
MAX_ID = 2**31 - 1


class Strict(Schema):
    """Refuses what it does not know."""

    class Meta:
        unknown = RAISE


def _text(longest: int = 0) -> fields.Field[Any]:
    return fields.String(validate=validate.Length(max=longest) if longest else None)


def _strings(longest: int = 300) -> fields.Field[Any]:
    return fields.List(fields.String(validate=validate.Length(max=longest)), validate=validate.Length(max=2000))


def _activity_field(field: Field) -> fields.Field[Any]:
    """The type of an activity's field, as its fact reads in JSON."""
    match field.kind:
        case Kind.LINE | Kind.TEXT | Kind.ADDRESS:
            return _text(field.max_length)
        case Kind.CHOICE:
            return fields.String(allow_none=not field.required, validate=validate.OneOf(field.values))
        case Kind.CHOICES:
            return fields.List(fields.String(validate=validate.OneOf(field.values)), validate=validate.Length(max=50))
        case Kind.FLAG:
            return fields.Boolean(truthy={True}, falsy={False})
        case Kind.DATE:
            return fields.String(allow_none=True, validate=validate.Regexp(DATE_CODE))
        case Kind.ENTITY:
            return fields.String(allow_none=True, validate=validate.Length(max=60))
        case Kind.SECTION:
            return fields.Integer(allow_none=True, strict=True, validate=validate.Range(1, MAX_ID))
        case Kind.RECORDS | Kind.SDG:
            return _strings(60)
        case Kind.COUNTRIES:
            pair = fields.List(fields.String(validate=validate.Length(max=40)), validate=validate.Length(2, 2))
            return fields.List(pair, validate=validate.Length(max=1000))
        case Kind.COUNTRY_STATUSES:
            pair = fields.List(fields.String(validate=validate.Length(max=40)), validate=validate.Length(2, 2))
            return fields.List(pair, validate=validate.Length(max=300))
        case Kind.DOCUMENTS:
            four = fields.List(fields.Raw(allow_none=True), validate=validate.Length(4, 4))
            return fields.List(four, validate=validate.Length(max=300))
        case Kind.CHAPTERS:
            number = fields.Integer(strict=True, validate=validate.Range(1, 7))
            return fields.List(number, validate=validate.Length(max=7))
        case Kind.FIGURES:
            parts = fields.List(fields.String(validate=validate.Length(max=1000)), validate=validate.Length(3, 10))
            return fields.List(parts, validate=validate.Length(max=300))
        case _:
            return fields.Dict(keys=fields.String(), values=fields.String())


def _event_field(field: EventField) -> fields.Field[Any]:
    """The type of an event's field. What is read and written in ways of its own is described in words."""
    match field.kind:
        case EventKind.LINE | EventKind.TEXT:
            return fields.String(allow_none=field.empty is None, validate=validate.Length(max=field.longest or 5000))
        case EventKind.CHOICE:
            values = [member.value for member in field.choices or ()]
            return fields.String(allow_none=not field.required, validate=validate.OneOf(values))
        case EventKind.FLAG:
            return fields.Boolean(truthy={True}, falsy={False})
        case EventKind.NUMBER:
            return fields.Integer(allow_none=True, strict=True, validate=validate.Range(1, field.longest))
        case _:
            made: fields.Field[Any] = _OWN_OF_EVENT.get(field.name, fields.Raw)(allow_none=True)
            return made


def _run_of_days(**more: Any) -> fields.Field[Any]:
    """Runs of days: lists of five parts."""
    parts = fields.List(fields.Raw(allow_none=True), validate=validate.Length(5, 5))
    return fields.List(parts, validate=validate.Length(max=300))


def _own_keys(**_more: Any) -> fields.Field[Any]:
    return _strings(60)


def _own_chapters(**_more: Any) -> fields.Field[Any]:
    return fields.List(fields.Integer(strict=True, validate=validate.Range(1, 7)), validate=validate.Length(max=7))


def _own_country(**_more: Any) -> fields.Field[Any]:
    return fields.String(allow_none=True, validate=validate.Length(max=100))


# What is read and written in ways of its own, where the API writes it; the rest is described in words.
_OWN_OF_EVENT: dict[str, Any] = {
    "segments": _run_of_days,
    "organisers": _own_keys,
    "participants": _own_keys,
    "chapters": _own_chapters,
    "country": _own_country,
}


def _described(made: fields.Field[Any], words: Any, **more: Any) -> fields.Field[Any]:
    made.metadata = {"description": str(words), **more}
    return made


_COUNTRY_PAIRS = f"Pairs of a code of ISO 3166 and a role: {', '.join(CountryRole)}."
_MEANINGS = {
    "countries": _COUNTRY_PAIRS,
    "documents": "Lists of title, address, key of the owner or null, and whether the owner lets it be shared.",
    "country_statuses": f"Pairs of a code of ISO 3166 and the status there: {', '.join(Status)}.",
    "figures": (
        "Lists of number, qualifier and unit, and where known the code of a date, a source, whether it is a figure, "
        "target or achieved, the code of the date a target is due by, that of a period or two with a slash between, "
        "the key of a UN entity, and the address of the evidence; all text, empty where not known."
    ),
    "start": "Code of a date that keeps its precision, such as 2026-06.",
    "end": "Code of a date that keeps its precision, such as 2026-06.",
}
_META: dict[str, fields.Field[Any]] = {
    "id": _described(fields.Integer(), "Number of the record."),
    "version": _described(fields.Integer(), "How often it was saved; its ETag."),
    "updated_at": _described(fields.String(), "When it was last saved (UTC)."),
    "joint": _described(fields.Boolean(), "Whether two or more UN entities take part."),
    "all_chapters": _described(fields.List(fields.Integer()), "All chapters it stands under, by number."),
    "gone": _described(fields.Boolean(), "True of a record that is not (or no longer) among those asked for."),
    "merged_into": _described(fields.Integer(allow_none=True), "Of a record that was merged, the one that stands."),
}


def _words_of(field: Field) -> str:
    return _MEANINGS.get(field.name) or (field.column.meaning if field.column else str(field.name).replace("_", " "))


ActivitySchema = Schema.from_dict(
    _META | {field.name: _described(_activity_field(field), _words_of(field)) for field in FIELDS}, name="Activity"
)
ACTIVITY_NAMES = frozenset(ActivitySchema().fields)
ActivityChange = type("ActivityChange", (Strict,), {
    field.name: _described(_activity_field(field), _words_of(field)) for field in FIELDS if field.is_edited
})  # fmt: skip

_EVENT_META = {name: _META[name] for name in ("id", "version", "updated_at", "joint", "all_chapters", "gone")} | {
    "uid": _described(fields.String(), "What calendars know it by."),
    "when": _described(fields.String(), "Its days in words."),
    "occurrences": _described(
        fields.List(fields.Dict()), "Each time it takes place: days, hours in its zone, what is its own."
    ),
}
_EVENT_WORDS = {
    "segments": "Runs of days: lists of first and last day (codes), begin, end (HH:MM) and days with chapters.",
    "rrule": "How it repeats (RFC 5545). Written as the form of an event can say it.",
    "exceptions": "Single dates that differ. They are changed on the page of the event.",
    "links": "Lists of kind, title and address.",
}


def _event_words(field: EventField) -> str:
    return _EVENT_WORDS.get(field.name) or (field.cell.meaning if field.cell else field.name.replace("_", " "))


EventSchema = Schema.from_dict(
    _EVENT_META | {field.name: _described(_event_field(field), _event_words(field)) for field in EVENT_FIELDS},
    name="Event",
)
EVENT_NAMES = frozenset(EventSchema().fields)
# What the API writes of an event; the rest is written on its page.
EVENT_WRITTEN = (
    "title", "kind", "status", "segments", "timezone", "mode", "venue", "city", "country", "organisers",
    "participants", "participants_incomplete", "meant_for", "chapters", "description", "shareable", "source", "remarks",
)  # fmt: skip
EventChange = type("EventChange", (Strict,), {
    field.name: _described(_event_field(field), _event_words(field))
    for field in EVENT_FIELDS if field.name in EVENT_WRITTEN
})  # fmt: skip


class Verdicts(Strict):
    """What is said of look-alikes that were told in a 409."""

    verdicts = fields.Dict(
        keys=fields.String(), values=fields.String(validate=validate.OneOf(["related", "distinct"])),
        metadata={"description": "By number of the look-alike, or `rest`: related or distinct (rule 13)."},
    )  # fmt: skip


class NewActivity(ActivityChange, Verdicts):  # type: ignore[misc, valid-type]
    """A new activity."""


class ListQuery(Schema):
    """How a list is read. Filters have the names they have on the pages."""

    class Meta:
        unknown = "exclude"

    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, MOST), metadata={"description": "How many at most."}
    )
    cursor = fields.String(
        load_default="", validate=validate.Length(max=80), metadata={"description": "From the address of `next`."}
    )
    fields_ = fields.String(
        data_key="fields", load_default="", validate=validate.Length(max=1000),
        metadata={"description": "Only these members, divided by commas; the number always."},
    )  # fmt: skip
    updated_since = fields.AwareDateTime(
        load_default=None, metadata={"description": "Only what was saved since, and tombstones of what is gone."}
    )


class One(Schema):
    """How one record is read."""

    class Meta:
        unknown = "exclude"

    fields_ = fields.String(
        data_key="fields", load_default="", validate=validate.Length(max=1000),
        metadata={"description": "Only these members, divided by commas; the number always."},
    )  # fmt: skip


def page_of(item: type[Schema], name: str) -> type[Schema]:
    """The schema of a page of a list."""
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item)),
            "next": _described(fields.String(allow_none=True), "Address of the next page; null on the last."),
            "next_updated_since": _described(
                fields.String(), "What to ask for with `updated_since` next time. It lies a little before this answer."
            ),
        },
        name=name,
    )


class NewAnswer(Strict):
    """An entity's answer for a month."""

    entity = fields.String(required=True, validate=validate.Length(max=60), metadata={"description": "Its key."})
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in AnswerKind]))
    comment = fields.String(load_default="", validate=validate.Length(max=2000))
    reason = fields.String(
        load_default="", validate=validate.Length(max=2000),
        metadata={"description": "Of a coordinator who answers for an entity: why. It is kept."},
    )  # fmt: skip
    shown = fields.List(
        fields.String(validate=validate.Regexp(SHOWN)),
        load_default=[], validate=validate.Length(max=5000),
        metadata={"description": "The records that were seen, as the month gives them: kind-number-version. Only "
                  "these are confirmed (rule 15)."},
    )  # fmt: skip


class Confirmation(Strict):
    """Records that an entity confirms for a month without signing."""

    entity = fields.String(required=True, validate=validate.Length(max=60))
    shown = fields.List(
        fields.String(validate=validate.Regexp(SHOWN)), required=True,
        validate=validate.Length(1, 5000), metadata={"description": "As in an answer: kind-number-version."},
    )  # fmt: skip


class OwnPart(Strict):
    """An entity's own part in an activity."""

    entity = fields.String(required=True, validate=validate.Length(max=60))
    participation = fields.String(validate=validate.OneOf(["confirmed", "declined"]))
    role = fields.String(validate=validate.Length(max=1000))


class NewStatement(Strict):
    """What an entity says may be shared with audiences: by default, or of one activity."""

    entity = fields.String(required=True, validate=validate.Length(max=60))
    audiences = fields.List(
        fields.String(validate=validate.Length(max=60)), required=True, validate=validate.Length(1, 50)
    )
    decision = fields.String(required=True, validate=validate.OneOf([one.value for one in Decision]))
    until = fields.Date(load_default=None, allow_none=True)
    beyond_default = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    activity = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(1, MAX_ID),
        metadata={"description": "Number of the activity; without one it is the entity's default."},
    )  # fmt: skip
