"""Facts put into the form of an event, so that what the API takes is what the page takes, with the same words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from interagency.api.v1.schemas import EVENT_WRITTEN
from interagency.calendar.events.drafts import DayDraft, EventDraft
from interagency.calendar.events.field_values import segment_draft
from interagency.calendar.events.fields import DRAFTED, FIELD, Kind
from interagency.calendar.events.form_fields import SHOWN_AS_THEY_ARE
from interagency.calendar.events.forms import EventForm
from interagency.calendar.events.lines import day_words, segment_words
from interagency.calendar.events.models import Event
from interagency.calendar.events.record import draft_of
from interagency.db.base import db
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate
from interagency.web.problems import Problem

Pairs = Iterator[tuple[str, str]]
# The form says the rule and single dates in ways of its own: they stay as they are.
_KEPT = frozenset(field.name for field in DRAFTED) - {*EVENT_WRITTEN, "rrule", "exceptions"}
_PLAIN = [field for field in SHOWN_AS_THEY_ARE if field.name in EVENT_WRITTEN]


def draft_of_facts(facts: Mapping[str, Any], *, event: Event | None = None, mine: list[Organisation]) -> EventDraft:
    """The draft that says what `facts` say in what the API writes, and otherwise what `event` says.

    Raises Problem with the words of the form at each member, and where single dates of a series would be lost.
    """
    try:
        sent = MultiDict([*_written(facts), *(_repetition(event) if event is not None else ())])
    except (ValueError, TypeError, AttributeError, IndexError) as problem:
        words = _("These days cannot be read: %(why)s", why=str(problem)[:200])
        raise Problem(422, _("Nothing was saved; each field says why."), errors={"segments": [words]}) from None
    form = EventForm(db.session, event, mine, sent=sent)
    if not form.validate():
        errors: dict[str, list[str]] = {}
        for widget in form:
            if widget.errors:
                name = widget.name if widget.name in FIELD else "segments"
                errors.setdefault(name, []).extend(map(str, widget.errors))
        raise Problem(422, _("Nothing was saved; each field says why."), errors=errors)
    if at_stake := form.dates_at_stake:
        words = _("Single dates of the series would change: %(dates)s. Do it on its page.", dates="; ".join(at_stake))
        raise Problem(409, words)
    draft = form.draft()
    if event is None:
        return draft
    stands = draft_of(event)
    return replace(draft, **{name: getattr(stands, name) for name in _KEPT})


def _written(facts: Mapping[str, Any]) -> Pairs:
    for field in _PLAIN:
        value = facts[field.name]
        if field.kind is Kind.FLAG:
            if value:
                yield field.name, "y"
        else:
            yield field.name, "" if value is None else str(value)
    runs = [segment_draft(*fact) for fact in facts["segments"]]
    yield "segments", "\n".join(segment_words(run) for run in runs)
    days = [
        DayDraft(date.fromisoformat(day), number, note)
        for *_run, days in facts["segments"]
        for day, number, note in days
    ]
    yield "days", "\n".join(map(day_words, days))
    yield "country", facts["country"] or ""
    for name in ("organisers", "participants", "chapters"):
        for key in facts[name]:
            yield name, str(key)


def _repetition(event: Event) -> Pairs:
    """How the event repeats, as its form says it."""
    repeat = EventForm.current_repeat(event)
    if repeat is None:
        yield "repeats", "kept" if event.rrule else ""
        return
    yield "repeats", repeat.kind
    yield "repeat_every", str(repeat.every)
    yield "repeat_on", repeat.on
    yield "repeat_months", repeat.months
    if repeat.count:
        yield "repeat_count", str(repeat.count)
    if repeat.until:
        yield "repeat_until", ImpreciseDate.day(repeat.until).words()
