"""What is checked of an event that was typed, each refusal said at its field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from wtforms import ValidationError

from interagency.calendar.events.drafts import first_moment, moved
from interagency.calendar.events.form_fields import EventFields
from interagency.calendar.events.lines import record_of_line, says_not_known
from interagency.calendar.events.models import Event
from interagency.calendar.events.record import SegmentDraft
from interagency.calendar.events.recurrence import rule_words
from interagency.calendar.events.recurrence_rules import RuleError, check_rule, first_of_rule, rule_from
from interagency.matrix.framework.names import Gazetteer
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import clean, sentences
from interagency.text.repeat_words import read_days_of_rule, read_months
from interagency.text.typed_dates import DateNotUnderstood, read_one_day
from interagency.text.zones import have_one_clock, is_known_zone, local_problem, zone_named


class EventChecks(EventFields):
    """The fields of an event with the rules that hold between them."""

    _session: Session
    _event: Event | None
    _names: Gazetteer
    _found_parent: Event | None
    split_from: datetime | None = None

    def _rule(self, first: date) -> str:
        """The RRULE of what was chosen, for something that first happens on `first`."""
        raise NotImplementedError

    def sorted_segments(self) -> list[SegmentDraft]:
        """The runs of days, the earliest first; of a change from a date on, that date with the hours typed."""
        segments = sorted(self.segments.data or [], key=lambda s: (s.start.first, s.start_time or time()))
        if self.split_from and self._event and segments:
            first = first_moment(self._event)
            if segments[0].start.first == first.date():
                segments[0] = moved(segments[0], self.split_from - datetime.combine(first.date(), time()))
        return segments

    def validate(self, *args: Any, **more: Any) -> bool:
        """Each field by itself, then how they go together."""
        return bool(super().validate(*args, **more)) and self.check_rule_and_first_day()

    def validate_timezone(self, field: Any) -> None:
        """A zone that is known; and where one was filled in, that of the city, or asked about once."""
        if field.data and not is_known_zone(field.data):
            raise ValidationError(
                _("We do not know this time zone. Write a large city in it, such as Vienna, or choose one below.")
            )

        here = zone_named(clean(self.city.data or "", lines=False))
        is_filled_in = bool(field.data) and field.data == self.filled_zone
        if is_filled_in and self.has_hours and here and is_known_zone(here) and not have_one_clock(here, field.data):
            raise ValidationError(
                _(
                    "The zone %(zone)s was filled in, and %(city)s has the clock of %(here)s. Write which one the "
                    "hours are in, or save again as it is.",
                    zone=field.data,
                    city=self.city.data,
                    here=here,
                )
            )

    @property
    def filled_zone(self) -> str:
        """The zone that a new form fills in, until somebody was asked about it; "" else."""
        if self._event is not None or self.timezone.errors:
            return ""
        return clean(request.form.get("timezone_filled", ""))[:100] if self.is_submitted() else self.timezone.data or ""

    @property
    def has_hours(self) -> bool:
        """Whether one of the runs of days says hours."""
        return any(segment.start_time for segment in self.segments.data or [])

    def validate_country(self, field: Any) -> None:
        if field.data:
            try:
                self._names.country(field.data)
            except ValueError as problem:
                raise ValidationError(str(problem)) from None

    def validate_segments(self, field: Any) -> None:
        """Days there are, hours with a zone, and repetition only of exact days."""
        if field.errors:  # a line that could not be read: said once is enough
            return
        if not field.data and not says_not_known(field.typed or ""):
            raise ValidationError(_("Write when it takes place; early 2027, 2027 or “date not known” is fine."))
        segments: list[SegmentDraft] = field.data
        if self.has_hours and not self.timezone.data:
            raise ValidationError(_("Hours need a time zone: write the city or choose one below."))
        if self.repeats.data and (len(segments) != 1 or not segments[0].start.is_exact):
            raise ValidationError(_("Only an event on one run of exact days can repeat."))
        for segment in segments:
            self._check_clock(segment)

    def _check_clock(self, segment: SegmentDraft) -> None:
        zone = clean(self.timezone.data or "", lines=False)
        if not (segment.start_time and segment.end_time and zone and is_known_zone(zone)):
            return
        for day, hour in ((segment.start.first, segment.start_time), (segment.end.last, segment.end_time)):
            if local_problem(datetime.combine(day, hour), zone) == "skipped":
                raise ValidationError(
                    _(
                        "On %(day)s the clocks in %(zone)s skip %(time)s. Choose another time.",
                        day=day.isoformat(),
                        zone=zone,
                        time=f"{hour:%H:%M}",
                    )
                )

    def validate_repeat_until(self, field: Any) -> None:
        """A day, not before the event begins, and not beside a number of times."""
        self._until: date | None = None
        if not field.data or not self.repeats.data:
            return
        try:
            found = read_one_day(field.data)
        except DateNotUnderstood as problem:
            raise ValidationError(str(problem)) from None
        if found is None:
            raise ValidationError(_("Write a day, such as 31 December 2027."))
        if self.repeat_count.data:
            raise ValidationError(_("Choose a number of times or a last day, not both."))
        segments = self.segments.data or []
        if segments and segments[0].start and found < segments[0].start.first:
            raise ValidationError(_("The last day lies before the first. Choose a later one."))
        self._until = found

    def validate_repeat_on(self, field: Any) -> None:
        self._read(field, read_days_of_rule)

    def validate_repeat_months(self, field: Any) -> None:
        self._read(field, read_months)

    def _read(self, field: Any, read: Callable[[str], Any]) -> None:
        if field.data and self.repeats.data in ("", "kept"):
            raise ValidationError(_("Choose above how it repeats, or leave this empty."))
        try:
            read(field.data or "")
        except ValueError as problem:
            raise ValidationError(str(problem)) from None

    def validate_only_from(self, field: Any) -> None:
        """A day from which on the series changes; its first date from then on is `split_from`, None for all dates."""
        if not field.data or self._event is None:
            return
        if not self._event.rrule:
            raise ValidationError(_("The event does not repeat yet, so all of it changes. Leave this empty."))
        try:
            day = read_one_day(field.data)
        except DateNotUnderstood as problem:
            raise ValidationError(str(problem)) from None
        if day is None:
            raise ValidationError(_("Write a day, such as 31 December 2027."))
        first = first_moment(self._event)
        found = rule_from(self._event.rrule, first).after(datetime.combine(day, time()), inc=True)
        if found is None:
            raise ValidationError(_("The event does not take place from that day on. Choose an earlier one."))
        self.split_from = found if found > first else None
        typed = self.segments.data or []
        if self.split_from and typed and typed[0].start.first != first.date() and typed[0].start.first < found.date():
            raise ValidationError(_("The days above begin before that day. Choose which is meant."))

    def check_rule_and_first_day(self) -> bool:
        """Whether the rule is one that calendars agree on and has the first day (RFC 5545, 3.8.5.3: it must be of the
        rule); said at the days otherwise. Call after the fields were read.
        """
        segments = self.sorted_segments()
        if not self.repeats.data or not segments or self.segments.errors or self.repeat_until.errors:
            return True
        first = datetime.combine(segments[0].start.first, segments[0].start_time or time())
        try:
            rule = self._rule(first.date())
        except ValueError as problem:
            self.repeat_on.errors = [str(problem)]
            return False
        try:
            found = first_of_rule(first, rule)
            if found == first:
                check_rule(first, rule)
                return True
        except RuleError as problem:
            self.segments.errors = [str(problem)]
            return False
        day = ImpreciseDate.day(first.date()).words()
        words = _("%(day)s is none of the days it repeats on: %(rule)s.", day=day, rule=rule_words(rule, first.date()))
        if found is not None:
            next_day = ImpreciseDate.day(found.date()).words()
            words = sentences(words, _("Begin on %(day)s, or choose another repetition.", day=next_day))
        self.segments.errors = [words]
        return False

    def validate_parent(self, field: Any) -> None:
        """An event that is there, and not one of its own side events."""
        self._found_parent = None
        if not field.data:
            return
        try:
            found = record_of_line(self._session, Event, field.data)
        except ValueError as problem:
            raise ValidationError(str(problem)) from None
        above, steps = found, 0
        while above is not None and steps < 20:
            if self._event is not None and above.id == self._event.id:
                raise ValidationError(_("An event cannot take place within itself. Choose another."))
            above, steps = above.parent, steps + 1
        if found is None or not found.is_listed:
            raise ValidationError(_("There is no event with this number. Choose from the list."))
        self._found_parent = found

    def validate_series_number(self, field: Any) -> None:
        if field.data and not self.series_title.data:
            raise ValidationError(_("A number needs a series: write its name."))

    def validate_days(self, field: Any) -> None:
        periods = [(s.start.first, s.end.last) for s in self.segments.data or []]
        for day in field.data or []:
            if not any(first <= day.day <= last for first, last in periods):
                raise ValidationError(_("%(day)s is not one of the days above.", day=day.day.isoformat()))
