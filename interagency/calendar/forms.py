"""The form of an event: the contract with the person typing. It hands over an EventDraft."""

from __future__ import annotations

import re
import zoneinfo
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from dateutil.rrule import rrulestr
from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, ValidationError
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from interagency.calendar.models import Event, EventKind, EventSeries, EventStatus, LinkKind, Mode
from interagency.calendar.record import DayDraft, EventDraft, ExceptionDraft, SegmentDraft
from interagency.calendar.zones import is_known_zone, local_problem
from interagency.dates import DateNotUnderstood, ImpreciseDate, read_date, words_between
from interagency.forms import CleanStringField, CleanTextField, Group, NamesField, RecordsField, to_choices
from interagency.matrix import choices
from interagency.matrix.activities.models import TEXT_LENGTH, TITLE_LENGTH
from interagency.matrix.framework.models import ROMAN, Chapter, Country
from interagency.matrix.framework.names import gazetteer, read_chapter
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import all_organisations
from interagency.words import clean

KIND_WORDS = {
    EventKind.SESSION: _l("Session"),
    EventKind.THEMATIC_DISCUSSION: _l("Thematic discussion"),
    EventKind.SIDE_EVENT: _l("Side event"),
    EventKind.EXPERT_GROUP: _l("Expert group meeting"),
    EventKind.TRAINING: _l("Training"),
    EventKind.WORKSHOP: _l("Workshop"),
    EventKind.BRIEFING: _l("Briefing"),
    EventKind.LAUNCH: _l("Launch"),
    EventKind.WEB_MEETING: _l("Web meeting"),
    EventKind.OBSERVANCE: _l("Observance"),
    EventKind.DEADLINE: _l("Deadline"),
}
EVENT_STATUS_WORDS = {
    EventStatus.TENTATIVE: _l("Tentative"),
    EventStatus.CONFIRMED: _l("Confirmed"),
    EventStatus.POSTPONED: _l("Postponed"),
    EventStatus.CANCELLED: _l("Cancelled"),
    EventStatus.HELD: _l("Held"),
}
MODE_WORDS = {
    Mode.IN_PERSON: _l("In person"),
    Mode.ONLINE: _l("Online"),
    Mode.HYBRID: _l("In person and online"),
    Mode.WEBCAST: _l("In person, with webcast"),
}
_UNKNOWN = ("", _l("Not stated"))
REPEATS = [
    ("", _l("Does not repeat")),
    ("FREQ=DAILY", _l("Every day")),
    ("FREQ=WEEKLY", _l("Every week")),
    ("weekday", _l("Every month on the same weekday (third Tuesday)")),
    ("FREQ=MONTHLY", _l("Every month on the same day")),
    ("FREQ=YEARLY", _l("Every year")),
    ("kept", _l("As it stands")),
]
_TOO_LONG = _l("This is longer than %(max)d characters. Shorten it; nothing you typed is lost.")
_HOURS = re.compile(r"^(?P<when>.*?)[, ]+(?P<from>\d{1,2}[:.]\d{2})\s*(?:-|–|to|until)\s*(?P<to>\d{1,2}[:.]\d{2})$")
_LINK = re.compile(r"^(?:(?P<kind>page|meeting|webcast)\s*:\s*)?(?:(?P<title>.*?)\s+)?(?P<url>https?://\S+)$", re.I)


def _read_time(text: str) -> time:
    hours, minutes = text.replace(".", ":").split(":")
    try:
        return time(int(hours), int(minutes))
    except ValueError:
        raise ValueError(_("There is no time %(text)s. Write hours and minutes, such as 15:00.", text=text)) from None


def _split_period(text: str) -> tuple[str, str]:
    """The two ends of a period as written; one date is both ends."""
    for separator in (" to ", " until ", "–", " - "):
        if separator in text:
            left, right = text.split(separator, 1)
            return left.strip(), right.strip()
    short = re.match(r"^(\d{1,2})-(\d{1,2} .+)$", text)
    return (short[1], short[2]) if short else (text, text)


def _plain(text: str) -> str:
    """`text` without the differences that mean nothing: case, kind of dash, spaces around it."""
    return re.sub(r"\s*[-–]\s*", "-", " ".join(text.casefold().split()))


def read_segment(line: str) -> SegmentDraft:
    """Days (and hours) as people write them: `26-29 September 2017`, `12 October 2026, 15:00-16:30`, `early 2018`.

    Raises ValueError with a sentence.
    """
    hours = _HOURS.match(line.strip())
    left, right = _split_period((hours["when"] if hours else line).strip().rstrip(","))
    end = read_date(right)
    if end is None:
        raise DateNotUnderstood(_("Write when it takes place, such as 26-29 September 2017 or early 2018."))
    start = _read_start(left, end)
    if end.last < start.first:
        raise ValueError(_("“%(line)s” ends before it begins.", line=line.strip()[:60]))
    if hours and not (start.is_exact and end.is_exact):
        raise ValueError(_("“%(line)s” has hours but no day. Write the day too.", line=line.strip()[:60]))
    begins, ends = (_read_time(hours["from"]), _read_time(hours["to"])) if hours else (None, None)
    if begins and ends and start == end and ends < begins:
        raise ValueError(_("“%(line)s” ends before it begins.", line=line.strip()[:60]))
    return SegmentDraft(start, end, begins, ends)


def _read_start(text: str, end: ImpreciseDate) -> ImpreciseDate:
    """The first end of a period; what it leaves out (`26`, `28 September`) comes from the second."""
    if text.isdecimal() and len(text) <= 2 and end.is_exact:
        try:
            return ImpreciseDate.day(end.first.replace(day=int(text)))
        except ValueError:
            raise ValueError(_("There is no day %(day)s in that month.", day=text)) from None
    try:
        start = read_date(text)
    except DateNotUnderstood:
        start = read_date(f"{text} {end.last.year}")
    if start is None:
        raise DateNotUnderstood(_("Write when it begins."))
    return start


def segment_words(segment: SegmentDraft) -> str:
    """A segment as `read_segment` understands it."""
    words = words_between(segment.start, segment.end)
    if segment.start_time and segment.end_time:
        words += f", {segment.start_time:%H:%M}–{segment.end_time:%H:%M}"
    return words


def read_day(line: str) -> DayDraft:
    """`26 September 2017: I` or `29 September 2017: none (general debate)`. Raises ValueError with a sentence."""
    day_text, _colon, rest = line.partition(":")
    day = read_date(day_text)
    if day is None or not day.is_exact:
        raise ValueError(_("“%(line)s” needs a day, such as 26 September 2017: I.", line=line[:60]))
    match = re.match(r"^\s*(?P<chapter>none|[ivx]+|\d)?\s*(?:\((?P<note>.*)\))?\s*$", rest, re.I)
    if match is None:
        raise ValueError(_("“%(line)s” should end in a chapter, I to VII, or none.", line=line[:60]))
    chapter = match["chapter"]
    number = None if chapter is None or chapter.lower() == "none" else read_chapter(chapter)
    return DayDraft(day.first, number, (match["note"] or "").strip())


def day_words(day: DayDraft) -> str:
    """A day as `read_day` understands it."""
    note = f" ({day.note})" if day.note else ""
    return f"{ImpreciseDate.day(day.day).words()}: {ROMAN[day.chapter] if day.chapter else 'none'}{note}"


def read_link(line: str) -> tuple[LinkKind, str, str]:
    """`webcast: UN Web TV https://...`. Raises ValueError with a sentence."""
    match = _LINK.match(line.strip())
    if match is None or len(match["url"]) > 2000 or any(sign in match["url"] for sign in '<>"'):
        raise ValueError(_("“%(line)s” is not an address. Write it whole, with https://.", line=line.strip()[:60]))
    return LinkKind((match["kind"] or "page").lower()), (match["title"] or "").strip()[:TITLE_LENGTH], match["url"]


def link_words(link: tuple[LinkKind, str, str]) -> str:
    """A link as `read_link` understands it."""
    kind, title, url = link
    return f"{kind.value}: {title} {url}" if title else f"{kind.value}: {url}"


class EventForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Everything about an event."""

    version = HiddenField()
    title = CleanStringField(
        _l("Title"),
        validators=[InputRequired(_l("Write a title.")), Length(max=TITLE_LENGTH, message=_TOO_LONG)],
    )
    kind = SelectField(_l("Kind"), choices=to_choices((k.value, words) for k, words in KIND_WORDS.items()))
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
        description=_l("By region and city, such as Europe/Vienna. Needed with hours."),
        render_kw={"list": "time-zones"},
    )
    repeats = SelectField(
        _l("Repeats"),
        choices=to_choices(REPEATS),
        default="",
    )
    repeat_count = IntegerField(_l("How many times"), validators=[Optional(), NumberRange(2, 1000)])
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
    shareable = BooleanField(_l("May be shared outside, once every entity concerned has agreed"))
    source = CleanStringField(_l("Source"), validators=[Length(max=1000, message=_TOO_LONG)])
    remarks = CleanTextField(_l("Remarks for internal eyes"), validators=[Length(max=TEXT_LENGTH, message=_TOO_LONG)])

    def __init__(self, session: Session, event: Event | None = None, mine: list[Organisation] | None = None) -> None:
        super().__init__()
        self._session, self._event = session, event
        organisations = [o for o in all_organisations(session) if o.retired_on is None or self._has(event, o)]
        offered = {organisation.key: organisation for organisation in organisations}
        chapters = {str(c.number): c for c in session.scalars(sa.select(Chapter).order_by(Chapter.number))}
        own = [entity.key for entity in mine or []] if event is None else []
        self.organisers.offer(offered, own)
        self.participants.offer(offered)
        self.chapters.offer(chapters)
        self._names = gazetteer(session)
        for field, look_up, say in (
            (self.segments, read_segment, segment_words),
            (self.days, read_day, day_words),
            (self.links, read_link, link_words),
        ):
            field.look_up, field.say = look_up, say
        self._groups = {
            "organisers": choices.organisation_groups(organisations),
            "participants": choices.organisation_groups(organisations),
            "chapters": choices.chapter_groups(session),
        }
        if event is None or not event.rrule:
            self.repeats.choices = to_choices(pair for pair in REPEATS if pair[0] != "kept")
        if event is not None and not self.is_submitted():
            self._fill(event)

    @staticmethod
    def _has(event: Event | None, organisation: Organisation) -> bool:
        return event is not None and any(link.organisation is organisation for link in event.organisations)

    def _fill(self, event: Event) -> None:
        """Show the record as it stands."""
        for name in ("title", "venue", "city", "meant_for", "description", "source", "remarks"):
            getattr(self, name).data = getattr(event, name)
        for name in ("participants_incomplete", "shareable"):
            getattr(self, name).data = getattr(event, name)
        self.version.data = str(event.version)
        self.kind.data, self.status.data = event.kind.value, event.status.value
        self.mode.data = event.mode.value if event.mode else ""
        self.country.data = event.country.name if event.country else ""
        self.timezone.data = event.timezone or ""
        self.repeats.data = "kept" if event.rrule else ""
        self.segments.found = [
            SegmentDraft(s.start, s.end, s.start_time, s.end_time) for s in event.segments if s.start and s.end
        ]
        self.days.found = [DayDraft(d.day, d.chapter_number, d.note) for s in event.segments for d in s.days]
        self.links.found = [(link.kind, link.title, link.url) for link in event.links]
        self.organisers.offer(self.organisers.offered, [organiser.key for organiser in event.organisers])
        self.participants.offer(self.participants.offered, [p.key for p in event.participants])
        self.chapters.offer(
            self.chapters.offered, [str(link.chapter_number) for link in event.chapters if not link.by_day]
        )

    def groups(self, name: str) -> list[Group]:
        """What the chooser called `name` offers, with the chosen ones marked."""
        field: RecordsField = getattr(self, name)
        return field.marked(self._groups[name])

    def validate_timezone(self, field: Any) -> None:
        if field.data and not is_known_zone(field.data):
            raise ValidationError(_("We do not know this time zone. Write region and city, such as Europe/Vienna."))

    def validate_country(self, field: Any) -> None:
        if field.data:
            try:
                self._names.country(field.data)
            except ValueError as problem:
                raise ValidationError(str(problem)) from None

    @property
    def reading(self) -> str:
        """The days and hours as they were read, in words: shown before they are saved."""
        return "; ".join(segment_words(segment) for segment in self.segments.data or [])

    @property
    def needs_showing(self) -> bool:
        """Whether what was typed differs from its reading, and the person has not seen the reading yet."""
        typed = "; ".join(
            line.strip() for line in (self.segments.typed or "").replace(";", "\n").split("\n") if line.strip()
        )
        return _plain(typed) != _plain(self.reading) and request.form.get("segments_read", "") != self.reading

    def validate_segments(self, field: Any) -> None:
        """Days there are, hours with a zone, and repetition only of exact days."""
        if not field.data:
            raise ValidationError(_("Write when it takes place; early 2027 or 2027 is fine."))
        segments: list[SegmentDraft] = field.data
        if any(segment.start_time for segment in segments) and not self.timezone.data:
            raise ValidationError(_("Hours need a time zone: choose one below."))
        if self.repeats.data and (len(segments) > 1 or not segments[0].start.is_exact):
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

    def validate_days(self, field: Any) -> None:
        periods = [(s.start.first, s.end.last) for s in self.segments.data or []]
        for day in field.data or []:
            if not any(first <= day.day <= last for first, last in periods):
                raise ValidationError(_("%(day)s is not one of the days above.", day=day.day.isoformat()))

    def _rule(self, first: date) -> str:
        """The RRULE of what was chosen under “Repeats”."""
        choice = self.repeats.data
        if choice == "kept" and self._event is not None:
            return self._event.rrule
        if choice == "weekday":
            weekday = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[first.weekday()]
            place = (first.day - 1) // 7 + 1
            choice = f"FREQ=MONTHLY;BYDAY={-1 if place == 5 else place}{weekday}"
        count = self.repeat_count.data
        return f"{choice};COUNT={count}" if choice and count else choice or ""

    def draft(self) -> EventDraft:
        """The finished values. Call after `validate`."""
        drafts: list[SegmentDraft] = sorted(self.segments.data, key=lambda s: (s.start.first, s.start_time or time()))
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
        event = self._event
        rrule = self._rule(drafts[0].start.first)
        code = self._names.country(self.country.data) if self.country.data else None
        return EventDraft(
            title=self.title.data,
            kind=EventKind(self.kind.data),
            status=EventStatus(self.status.data),
            segments=segments,
            description=self.description.data,
            mode=Mode(self.mode.data) if self.mode.data else None,
            venue=self.venue.data,
            city=self.city.data,
            country=self._session.get(Country, code) if code else None,
            timezone=self.timezone.data or None,
            meant_for=self.meant_for.data,
            organisers=self.organisers.data or [],
            participants=self.participants.data or [],
            participants_incomplete=self.participants_incomplete.data,
            chapters=[chapter.number for chapter in self.chapters.data or []],
            activities=list(event.activities) if event else [],
            parent=event.parent if event else None,
            series=event.series if event else None,
            series_number=event.series_number if event else None,
            links=self.links.data or [],
            rrule=rrule,
            exceptions=_kept_exceptions(event, rrule, drafts[0]) if event else [],
            shareable=self.shareable.data,
            source=self.source.data,
            remarks=self.remarks.data,
            illustrative=event.illustrative if event else False,
        )


def _kept_exceptions(event: Event, rrule: str, first: SegmentDraft) -> list[ExceptionDraft]:
    """The moved and cancelled occurrences that still belong to the rule."""
    if not rrule:
        return []
    rule = rrulestr(
        rrule.replace("Z", ""), dtstart=datetime.combine(first.start.first, first.start_time or time()), ignoretz=True
    )
    return [
        ExceptionDraft(c.original, c.start, c.end, c.is_cancelled, c.title, c.note)
        for c in event.exceptions
        if rule.between(c.original, c.original, inc=True)
    ]


def zone_names() -> list[str]:
    """Zones by region and city, for the list under the field."""
    return sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc/"))


__all__ = ["EventForm", "EventSeries", "read_segment"]
