"""The form of an event: the contract with the person typing. It hands over an EventDraft."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from interagency.calendar.events.checks import EventChecks
from interagency.calendar.events.drafts import Carried, carried, first_moment
from interagency.calendar.events.fields import Kind
from interagency.calendar.events.form_fields import CHOOSERS, PART_TITLES, PLACES, REPEATS, SHOWN_AS_THEY_ARE
from interagency.calendar.events.lines import (
    day_words,
    link_label,
    number_of,
    own_words,
    plain,
    read_day,
    read_link,
    read_segment,
    record_of_line,
    record_words,
    said_as_one,
    segment_words,
)
from interagency.calendar.events.models import Event, EventSeries
from interagency.calendar.events.record import (
    DayDraft,
    DocumentDraft,
    EventDraft,
    Records,
    SegmentDraft,
    exception_draft,
)
from interagency.calendar.events.recurrence import Repeat, repeat_of, rest_of, rule_of, rule_words, starts
from interagency.calendar.events.recurrence_rules import parts_of
from interagency.matrix.activities.choice_lists import LISTS, list_addresses
from interagency.matrix.activities.models import Activity, Milestone
from interagency.matrix.activities.queries import survivor_of
from interagency.matrix.framework.models import Country
from interagency.matrix.framework.names import chapters, gazetteer
from interagency.matrix.organisations import choices
from interagency.matrix.organisations.directory import Act
from interagency.matrix.organisations.documents import DocumentReader, document_words
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.proposals import proposed, reader_of
from interagency.matrix.organisations.queries import Directory, keys_of_today
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.dates_in_english import in_english
from interagency.web.context import viewer_zone
from interagency.web.form_sections import Section, sections_of
from interagency.web.forms import Option, to_choices


class EventForm(EventChecks):
    """Everything about an event."""

    def __init__(
        self,
        session: Session,
        event: Event | None = None,
        mine: list[Organisation] | None = None,
        *,
        sent: MultiDict[str, str] | None = None,
    ) -> None:
        """The form of `event`, or an empty one. `sent`: what a program sends, without the token of a page."""
        super().__init__(**({"formdata": sent, "meta": {"csrf": False}} if sent is not None else {}))
        self._session, self._event, self._records = session, event, Records(session)
        for name in CHOOSERS:
            if self[name].typed:
                self[name].understand(LISTS["organisations"].reader(session), self[f"unlisted_{name}"].has)
        own = [entity.key for entity in mine or []] if event is None else []
        self._offer_organisations(event, own)
        self.organisers.offer(self.organisers.offered, own)
        self.chapters.offer({str(chapter.number): chapter for chapter in chapters(session)})
        self._names = gazetteer(session)
        for field, look_up, say in (
            (self.segments, read_segment, segment_words),
            (self.days, read_day, day_words),
            (self.links, read_link, link_label),
            (self.documents, DocumentReader(Directory(session)).read, document_words),
            (self.activities, self._activity, record_words),
            (self.unlisted_organisers, reader_of(session), str),
            (self.unlisted_participants, reader_of(session), str),
        ):
            field.look_up, field.say = look_up, say
        self._repeat = self.current_repeat(event)
        if event is None or not event.rrule or self._repeat is not None:
            self.repeats.choices = to_choices(pair for pair in REPEATS if pair[0] != "kept")
        self._found_parent: Event | None = None
        self.milestone.choices = to_choices(self._milestones(event))
        if event is not None and not self.is_submitted():
            self._fill(event)
        if event is None and not self.is_submitted():
            self.timezone.data = self.timezone.default = str(viewer_zone())

    def _offer_organisations(self, event: Event | None, own: Collection[str]) -> None:
        """Of all organisations offer those sent, those of `own` and of the event; retired ones only where it has them.

        What a form that is older than a merging names is read as it is now.
        """
        fields = (self.organisers, self.participants)
        offered = self._organisations(event, {key for field in fields for key in field.keys} | {*own})
        if any(key not in offered for field in fields for key in field.keys):
            for field in fields:
                field.keys = keys_of_today(self._session, field.keys)
            offered = self._organisations(event, {key for field in fields for key in field.keys} | {*own})
        for field in fields:
            field.offer(offered)

    def _organisations(self, event: Event | None, keys: Collection[str]) -> dict[str, Organisation]:
        has = {link.organisation_id for link in event.organisations} if event is not None else set()
        query = sa.select(Organisation).where(sa.or_(Organisation.key.in_(keys), Organisation.id.in_(has)))
        found = self._session.scalars(query.order_by(Organisation.position, Organisation.name))
        return {one.key: one for one in found if one.retired_on is None or one.id in has}

    @staticmethod
    def current_repeat(event: Event | None) -> Repeat | None:
        """How an event repeats, where the form has words for it."""
        if event is None or not event.rrule or not event.segments or not event.segments[0].start:
            return None
        return repeat_of(event.rrule, event.segments[0].start.first, event.segments[0].start_time or time())

    def _activity(self, line: str) -> Activity:
        found = record_of_line(self._session, Activity, line)
        found = survivor_of(self._session, found) if found is not None else None
        if found is None or not found.is_listed:
            raise ValueError(_("There is no activity %(line)s. Choose from the list.", line=line[:60]))
        return found

    def _milestones(self, event: Event | None) -> list[tuple[str, str]]:
        """The milestones of the activities chosen or kept, to choose from."""
        numbers = [number for line in self.activities.lines if (number := number_of(line)) is not None]
        if not self.is_submitted() and event is not None:
            numbers = [activity.id for activity in event.activities]
        merged = sa.select(Activity.merged_into_id).where(Activity.id.in_(numbers))
        own = sa.or_(Milestone.activity_id.in_(numbers), Milestone.activity_id.in_(merged))
        query = sa.select(Milestone).where(own).order_by(Milestone.id)
        offered = [(str(one.id), one.title) for one in self._session.scalars(query)]
        return [("", str(_("None"))), *offered]

    def _fill(self, event: Event) -> None:
        """Show the record as it stands."""
        for field in SHOWN_AS_THEY_ARE:
            fact = field.fact(event)
            self[field.name].data = "" if fact is None and field.kind is not Kind.NUMBER else fact
        self.version.data = str(event.version)
        self.country.data = event.country.name if event.country else ""
        repeat = self._repeat
        self.repeats.data = repeat.kind if repeat else "kept" if event.rrule else ""
        if repeat is not None:
            self.repeat_every.data, self.repeat_count.data = repeat.every, repeat.count
            self.repeat_until.data = ImpreciseDate.day(repeat.until).words() if repeat.until else ""
            self.repeat_on.data, self.repeat_months.data = repeat.on, repeat.months
        self.documents.found = [DocumentDraft(d.title, d.url, d.owner, d.is_permitted) for d in event.documents]
        self.activities.found = list(event.activities)
        self.milestone.data = str(event.milestone_id or "")
        self.parent.data = record_words(event.parent) if event.parent else ""
        self.series_title.data = event.series.title if event.series else ""
        self.segments.found = [
            SegmentDraft(s.start, s.end, s.start_time, s.end_time) for s in event.segments if s.start and s.end
        ]
        if not event.segments:
            self.segments.typed = words_between(None, None)
        self.days.found = [DayDraft(d.day, d.chapter_number, d.note) for s in event.segments for d in s.days]
        self.links.found = [(link.kind, link.title, link.url) for link in event.links]
        self.organisers.offer(self.organisers.offered, [organiser.key for organiser in event.organisers])
        self.participants.offer(self.participants.offered, [p.key for p in event.participants])
        self.chapters.offer(
            self.chapters.offered, [str(link.chapter_number) for link in event.chapters if not link.by_day]
        )

    @property
    def event_id(self) -> int | str:
        """The number of the event that is edited; "" for a new one."""
        return self._event.id if self._event is not None else ""

    @property
    def sections(self) -> list[Section]:
        """The fields in the sections of the page."""
        return sections_of(self, PLACES, PART_TITLES)

    def chosen(self, name: str) -> list[Option]:
        """What is chosen in the chooser called `name`."""
        return [choices.option_of(record) for record in self[name].data or []]

    def chapter_options(self) -> list[tuple[str, str, bool]]:
        """The chapters: key, words, and whether each is chosen."""
        chosen = self.chapters.keys
        return [(key, f"{one.roman}. {one.title}", key in chosen) for key, one in self.chapters.offered.items()]

    @cached_property
    def list_addresses(self) -> dict[str, tuple[str, str]]:
        """By chooser, where its list is read by scripts, and where by people."""
        return list_addresses(self._session, dict.fromkeys(CHOOSERS, "organisations"))

    @property
    def speaks_of_repeats(self) -> bool:
        """Whether anything is chosen, typed or wrong under “Repeats”."""
        names = ("repeats", "repeat_on", "repeat_months", "repeat_count", "repeat_until")
        return any(self[name].data or self[name].errors for name in (*names, "only_from")) or bool(
            self.repeat_every.errors
        )

    @property
    def reading(self) -> str:
        """The days and hours as they were read, in words: shown before they are saved."""
        return "; ".join(segment_words(segment) for segment in self.segments.data or [])

    @property
    def shown_dates(self) -> list[str]:
        """The rule in words and the next ten dates, of what was typed and can be read. Call after `validate`."""
        if not self.repeats.data or self.errors:
            return []
        first = self.sorted_segments()[0]
        rule = self._rule(first.start.first)
        begins = datetime.combine(first.start.first, first.start_time or time())
        return [rule_words(rule, begins.date()), *(_day(one) for one in starts(rule, begins))]

    @property
    def needs_showing(self) -> bool:
        """Whether the person has not seen yet how the days are read, where that differs from what was typed, or what
        becomes of single dates.
        """
        typed = "; ".join(in_english(said_as_one(line)) for line in self.segments.lines)
        if request.form.get("dates_seen", "") != "; ".join(self.dates_at_stake):
            return True
        read = "; ".join(in_english(segment_words(segment)) for segment in self.segments.data or [])
        return plain(typed) != plain(read) and request.form.get("segments_read", "") != self.reading

    def _carried(self, rrule: str, first: SegmentDraft) -> Carried:
        if self._event is None or not self._event.rrule or not self._event.segments:
            return Carried()
        since = self.split_from or first_moment(self._event)
        single = [
            exception_draft(one) for one in self._event.exceptions if not self.split_from or one.original >= since
        ]
        return carried(self._event, rrule, first, single, since)

    @property
    def dates_at_stake(self) -> list[str]:
        """The cancelled, moved and other single dates that go to another day or are lost, in words. Call after
        `validate`.
        """
        if self._event is None or not self._event.exceptions or not self.segments.data or self.errors:
            return []
        first = self.sorted_segments()[0]
        found = self._carried(self._rule(first.start.first), first)
        words = [(one, _("it is left out of the new dates")) for one in found.lost]
        words += [(one, _("it goes to %(day)s", day=_day(new.original))) for one, new in found.shifted]
        return [
            f"{_day(one.original)} ({own_words(one)}): {what}"
            for one, what in sorted(words, key=lambda w: w[0].original)
        ]

    def _series(self) -> EventSeries | None:
        """The series by its name; a new one when there is none."""
        title = self.series_title.data
        if not title:
            return None
        found = self._session.scalar(sa.select(EventSeries).where(EventSeries.title == title))
        if found is None:
            found = EventSeries(title=title)
            self._session.add(found)
            self._session.flush()
        return found

    def _rule(self, first: date) -> str:
        """The RRULE of what was chosen under “Repeats”."""
        kind = self.repeats.data
        if not kind:
            return ""
        if kind == "kept":
            rule = self._event.rrule if self._event is not None else ""
        else:
            until = getattr(self, "_until", None)
            every, count = self.repeat_every.data or 1, self.repeat_count.data
            repeat = Repeat(kind, every, count, until, self.repeat_on.data or "", self.repeat_months.data or "")
            rule = rule_of(repeat, first)
            event, before = self._event, self._repeat
            if event is not None and before is not None and rule == rule_of(before, first_moment(event).date()):
                rule = event.rrule  # as it was written, when nothing of it was changed
        if self._event is not None and self.split_from and f"COUNT={self._count}" in rule.split(";"):
            # As many as the whole series had: those that are left.
            rest = parts_of(rest_of(self._event.rrule, first_moment(self._event), self.split_from))
            rule = rule.replace(f"COUNT={self._count}", f"COUNT={rest['COUNT']}")
        return rule

    @property
    def _count(self) -> str:
        return parts_of(self._event.rrule).get("COUNT", "") if self._event and self._event.rrule else ""

    def draft(self) -> EventDraft:
        """The finished values. Call after `validate`."""
        drafts = self.sorted_segments()
        days: list[DayDraft] = sorted(self.days.data or [], key=lambda day: day.day)
        segments = [
            SegmentDraft(
                s.start,
                s.end,
                s.start_time,
                s.end_time,
                tuple(day for day in days if s.start.first <= day.day <= s.end.last),
            )
            for s in drafts
        ]
        rrule = self._rule(drafts[0].start.first) if drafts else ""
        code = self._names.country(self.country.data) if self.country.data else None
        values: dict[str, Any] = {
            field.name: field.value(self[field.name].data or field.empty, self._records) for field in SHOWN_AS_THEY_ARE
        }
        values["series_number"] = values["series_number"] if self.series_title.data else None
        if not self.has_hours and values["timezone"] == self.filled_zone:
            values["timezone"] = None  # nobody typed it, and nothing is said in it
        return EventDraft(
            **values,
            segments=segments,
            rrule=rrule,
            exceptions=list(self._carried(rrule, drafts[0]).kept) if drafts else [],
            country=self._records.get(Country, code),
            organisers=self.organisers.data or [],
            participants=self.participants.data or [],
            chapters=[chapter.number for chapter in self.chapters.data or []],
            links=self.links.data or [],
            documents=self.documents.data or [],
            activities=self.activities.data or [],
            milestone=int(self.milestone.data) if self.milestone.data else None,
            parent=self._found_parent,
            series=self._series(),
        )

    def propose(self, draft: EventDraft, act: Act) -> None:
        """Let `draft` name the organisations that are on no list, too: they are proposed. Call when it is about to be
        saved."""
        for name in CHOOSERS:
            named = [*getattr(draft, name), *proposed(self._session, self[f"unlisted_{name}"].data or [], act)]
            setattr(draft, name, list(dict.fromkeys(named)))


def _day(moment: datetime) -> str:
    return ImpreciseDate.day(moment.date()).words()


__all__ = ["EventForm", "read_segment", "segment_words"]
