"""What the mail of an invitation says beside its iCalendar object, as text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from markupsafe import Markup

from interagency.calendar.events.recurrence import rule_words
from interagency.calendar.feeds.building import FeedEvent, FeedOverride, Moment
from interagency.calendar.invitations.models import Answer
from interagency.mail.content import MailContent, html_page
from interagency.text.dates import ImpreciseDate, words_between


@dataclass(frozen=True, slots=True)
class InvitationContent(MailContent):
    """A mail with facts and, where an answer is asked for, three addresses to give it at."""

    facts: tuple[tuple[str, str], ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    answers_label: str = field(default="")

    def text(self, footer: Sequence[tuple[str, str]] = ()) -> str:
        """As plain text. An invitation belongs to its event: it has no `footer` to silence it."""
        parts = [self.greeting, *self.paragraphs, "\n".join(f"{label}: {words}" for label, words in self.facts)]
        if self.answers:
            lines = [f"{label}:\n{address}" for label, address in self.answers]
            parts.append("\n".join([self.answers_label, *lines]))
        if self.link:
            parts.append(f"{self.link_label}:\n{self.link}")
        return "\n\n".join(part for part in (*parts, self.closing) if part) + "\n"

    def html(self, footer: Sequence[tuple[str, str]] = ()) -> str:
        """As HTML, likewise."""
        body = [Markup("<p>{}</p>").format(part) for part in (self.greeting, *self.paragraphs)]
        rows = [Markup("<strong>{}</strong>: <bdi>{}</bdi>").format(label, words) for label, words in self.facts]
        body.append(Markup("<p>") + Markup("<br>\n").join(rows) + Markup("</p>"))
        if self.answers:
            body.append(Markup("<p>{}</p>").format(self.answers_label))
            buttons = [
                Markup('<a class="act" href="{}">{}</a>').format(address, label) for label, address in self.answers
            ]
            body.append(Markup("<p>") + Markup("\n").join(buttons) + Markup("</p>"))
        if self.link:
            body.append(Markup('<p><a href="{}">{}</a></p>').format(self.link, self.link_label))
        if self.closing:
            body.append(Markup("<p>{}</p>").format(self.closing))
        return html_page(self.language, body)


def answer_labels() -> dict[Answer, str]:
    """What the links and the buttons of an answer say."""
    return {
        Answer.ACCEPTED: str(_("I take part")),
        Answer.TENTATIVE: str(_("Perhaps")),
        Answer.DECLINED: str(_("I do not take part")),
    }


def when_of(entry: FeedEvent) -> str:
    """When an entry takes place, in words, by its own zone: `12 October 2026, 10:00-11:30 Europe/Vienna`."""
    words = span_words(entry.start, entry.end, entry.tzid)
    first = entry.start.date() if isinstance(entry.start, datetime) else entry.start
    return f"{words}, {rule_words(entry.rrule, first)}" if entry.rrule else words


def when_of_date(entry: FeedEvent, date: FeedOverride) -> str:
    """When a single date takes place."""
    return span_words(date.start, date.end, entry.tzid)


def span_words(start: Moment, end: Moment, tzid: str | None) -> str:
    """Days in words and the hours with their zone; days include the last, hours are naive local times."""
    if not (isinstance(start, datetime) and isinstance(end, datetime)):
        return words_between(ImpreciseDate.day(_day(start)), ImpreciseDate.day(_day(end)))
    last = end.date() - timedelta(days=1) if end.time() == datetime.min.time() and end > start else end.date()
    days = words_between(ImpreciseDate.day(start.date()), ImpreciseDate.day(max(last, start.date())))
    return f"{days}, {start:%H:%M}-{end:%H:%M} {tzid or 'UTC'}"


def _day(moment: Moment) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
