"""Days, links, documents and records as people write them, one per line. Each is read, and said back the same way."""

from __future__ import annotations

import re
from datetime import time
from typing import Any, TypeVar

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.calendar.events.models import Event, LinkKind
from interagency.calendar.events.record import DayDraft, ExceptionDraft, SegmentDraft
from interagency.matrix.activities.models import TITLE_LENGTH, Activity
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.framework.names import read_chapter
from interagency.matrix.organisations.documents import is_address
from interagency.text.date_words import WORDS
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.dates_in_english import in_english
from interagency.text.lines import check_line, split_lines
from interagency.text.typed_dates import DateNotUnderstood, read_date, read_one_day

_HOUR = r"\d{1,2}(?:[:.h]\d{2}h?|h|(?:[:.]\d{2})? ?[ap]\.?m\.?)"
# Looked for at the end of a line in which no two spaces stand together; what is before them says the days.
_HOURS = re.compile(rf"(?<=[, ])(?:at |from )?(?P<from>{_HOUR}) ?(?:-|–|to|until) ?(?P<to>{_HOUR})$", re.IGNORECASE)
_ONE_HOUR = re.compile(r"(?<=[, ])(?:\d{1,2}[:h]\d{2}h?|\d{1,2}h|\d{1,2} ?[ap]m)$", re.IGNORECASE)
_ANY_HOUR = re.compile(r"\d[:h]\d{2}|\d{1,2}(?:h| ?[ap]m)\b", re.IGNORECASE)
# `31 December 2026, 23:30 - 1 January 2027, 00:30`: each end with its own hour.
_TWO_ENDS = re.compile(
    rf"^(?P<first>\d.*?),? (?:at )?(?P<from>{_HOUR}) ?(?:-|–|to|until) ?(?P<last>\d{{1,2}} [^\d,]+ ?\d{{0,4}}),? "
    rf"(?:at )?(?P<to>{_HOUR})$",
    re.IGNORECASE,
)
# One of several runs of days on one line: `26–29 September`, `16 November 2017`.
_RUN = re.compile(r"\d{1,2}(?: [^\W\d]+\.?)?(?: ?(?:-|–|to) ?\d{1,2})? [^\W\d]+\.?(?: (?P<year>\d{4}))?", re.IGNORECASE)
_BETWEEN_RUNS = re.compile(r" ?[,;] ?(?:and |& ?)?| and | & ", re.IGNORECASE)
_TWO_DAYS = re.compile(r"^(\d{1,2}) ?(?:and|&|et) ?(\d{1,2}) (\D.*)$", re.IGNORECASE)
_KIND_OF_LINK = re.compile(r"(?P<kind>page|meeting|webcast)\s*:\s*", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_TIME = re.compile(r"^(\d{1,2})[:.h]?(\d{2})?h? ?(?:([ap])\.?m\.?)?$", re.IGNORECASE)
_DAYS_OF_A_MONTH = re.compile(r"^(\d{1,2})-(\d{1,2} .+)$")
_DASH = re.compile(r" ?[-–] ?")
_CHAPTER_AND_NOTE = re.compile(r"^(?P<chapter>none|[ivx]+|\d)?\s*(?:\((?P<note>.*)\))?$", re.IGNORECASE)
# What people write for days that nobody knows yet; `says_not_known`.
_NOT_KNOWN = {
    *(words.unknown for words in WORDS.values()),
    "dates not known", "not known", "not known yet", "not yet known", "date not known yet",
    "date not yet known", "unknown", "date unknown", "dates unknown", "tbc", "tbd", "to be confirmed", "to be decided",
    "to be determined", "date to be confirmed", "date to be decided", "date to be determined", "date tbc", "date tbd",
}  # fmt: skip
_NUMBERED = re.compile(r"^#?(?P<id>\d{1,9})\b")
Titled = TypeVar("Titled", Activity, Event)


def _read_time(text: str) -> time:
    """`15:00`, `15.00`, `15h00`, `15h`, `3 pm`, `3:00 p.m.` as a time."""
    found = _TIME.match(text)
    try:
        if found is None:
            raise ValueError
        hours, half = int(found[1]), (found[3] or "").lower()
        if half and not 1 <= hours <= 12:
            raise ValueError
        if half:
            hours = hours % 12 + (12 if half == "p" else 0)
        return time(hours, int(found[2] or 0))
    except ValueError:
        raise ValueError(_("There is no time %(text)s. Write hours and minutes, such as 15:00.", text=text)) from None


def _split_period(text: str) -> tuple[str, str]:
    """The two ends of a period as written; one date is both ends."""
    for separator in (" to ", " until ", "–", " - "):
        if separator in text:
            left, right = text.split(separator, 1)
            return left.strip(), right.strip()
    short = _DAYS_OF_A_MONTH.match(text)
    return (short[1], short[2]) if short else (text, text)


def _read_days(text: str) -> tuple[ImpreciseDate, ImpreciseDate]:
    """The first and the last end of a run of days; `9 and 10 February 2027` is one."""
    two = _TWO_DAYS.match(text)
    if two and int(two[2]) != int(two[1]) + 1:
        raise ValueError(
            _("“%(line)s” is not one run of days. Write each day on a line of its own, with month and year.", line=text)
        )
    left, right = (two[1], f"{two[2]} {two[3]}") if two else _split_period(text)
    end = read_date(right)
    if end is None:
        raise DateNotUnderstood(_("Write when it takes place, such as 26-29 September 2017 or early 2018."))
    return _read_start(left, end), end


def own_words(one: ExceptionDraft) -> str:
    """What a single date of a series says of its own: `cancelled`, `20 January 2027, 14:00–15:00; Room B`."""
    if one.is_cancelled or one.is_left_out:
        said = str(_("left out") if one.is_left_out else _("cancelled"))
    elif one.start and one.end and one.start != one.original:
        said = words_between(ImpreciseDate.day(one.start.date()), ImpreciseDate.day(one.end.date()))
        said += f", {one.start:%H:%M}–{one.end:%H:%M}" if one.start.time() != time() or one.has_hours else ""
    else:
        said = ""
    return "; ".join(filter(None, [said, one.title, one.venue, one.status or "", one.note])) or str(_("changed"))


def plain(text: str) -> str:
    """`text` without the differences that mean nothing: case, kind of dash, spaces around it."""
    return _DASH.sub("-", " ".join(text.casefold().split()))


def read_segment(line: str) -> SegmentDraft:
    """Days (and hours) as people write them: `26-29 September 2017`, `12 October 2026, 15:00-16:30`, `early 2018`.

    Raises ValueError with a sentence.
    """
    line = said_as_one(in_english(" ".join(check_line(line).split())))
    hours = _HOURS.search(line)
    shown = line[:60]
    if hours is None and _ONE_HOUR.search(line):
        raise ValueError(
            _("“%(line)s” says only one time. Write when it ends too: 12 October 2026, 15:00-16:30.", line=shown)
        )
    try:
        start, end = _read_days((line[: hours.start()] if hours else line).rstrip(", "))
    except DateNotUnderstood:
        if hours is None and _ANY_HOUR.search(line):
            raise DateNotUnderstood(
                _(
                    "We could not read “%(line)s”. Write the day, then the hours, and nothing else: "
                    "12 October 2026, 15:00-16:30.",
                    line=shown,
                )
            ) from None
        raise
    if end.last < start.first:
        raise ValueError(_("“%(line)s” ends before it begins.", line=line.strip()[:60]))
    if hours and not (start.is_exact and end.is_exact):
        raise ValueError(_("“%(line)s” has hours but no day. Write the day too.", line=line.strip()[:60]))
    begins, ends = (_read_time(hours["from"]), _read_time(hours["to"])) if hours else (None, None)
    if begins and ends and start == end and ends < begins:
        raise ValueError(_("“%(line)s” ends before it begins.", line=line.strip()[:60]))
    return SegmentDraft(start, end, begins, ends)


def says_not_known(text: str) -> bool:
    """Whether what was typed instead of days says that there are none yet: `date not known`, `to be confirmed`."""
    words = plain(text[:100]).strip(" .()")
    return words in _NOT_KNOWN


def split_days(text: str) -> list[str]:
    """The runs of days in what was typed, each to be read by `read_segment`: a line of its own for each, or several
    on one as papers have them, `26–29 September, 16–18 October and 16 November 2017`. None where it `says_not_known`.

    Raises ValueError with a sentence where there are too many.
    """
    if says_not_known(text):
        return []
    return split_lines("\n".join(run for line in split_lines(text) for run in _runs(line)))


def _runs(line: str) -> list[str]:
    """The runs of days on one line, the year of a later one given to those before it that name none."""
    pieces = [_RUN.fullmatch(piece) for piece in _BETWEEN_RUNS.split(in_english(" ".join(line[:500].split())))]
    runs: list[str] = []
    year = ""
    for piece in reversed(pieces):
        if piece is None or not (piece["year"] or year):
            return [line]
        year = piece["year"] or year
        runs.insert(0, piece[0] if piece["year"] else f"{piece[0]} {year}")
    return runs


def said_as_one(line: str) -> str:
    """A line whose two ends have their own hours, as `segment_words` says it: days first."""
    found = _TWO_ENDS.match(" ".join(line.split()))
    return f"{found['first']} - {found['last']}, {found['from']}-{found['to']}" if found else line


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
    day_text, _colon, rest = check_line(line).partition(":")
    day = read_one_day(day_text)
    if day is None:
        raise ValueError(_("“%(line)s” needs a day, such as 26 September 2017: I.", line=line[:60]))
    match = _CHAPTER_AND_NOTE.match(rest.strip())
    if match is None:
        raise ValueError(_("“%(line)s” should end in a chapter, I to VII, or none.", line=line[:60]))
    chapter = match["chapter"]
    number = None if chapter is None or chapter.lower() == "none" else read_chapter(chapter)
    return DayDraft(day, number, (match["note"] or "").strip())


def day_words(day: DayDraft) -> str:
    """A day as `read_day` understands it."""
    note = f" ({day.note})" if day.note else ""
    return f"{ImpreciseDate.day(day.day).words()}: {ROMAN[day.chapter] if day.chapter else 'none'}{note}"


def read_link(line: str) -> tuple[LinkKind, str, str]:
    """`webcast: UN Web TV https://...`. Raises ValueError with a sentence."""
    line = check_line(line).strip()
    kind = _KIND_OF_LINK.match(line)
    *title, address = (line[kind.end() :] if kind else line).rsplit(maxsplit=1) or [""]
    if not _ADDRESS.fullmatch(address) or not is_address(address):
        raise ValueError(_("“%(line)s” is not an address. Write it whole, with https://.", line=line[:60]))
    return LinkKind((kind["kind"] if kind else "page").lower()), "".join(title).strip()[:TITLE_LENGTH], address


def link_label(link: tuple[LinkKind, str, str]) -> str:
    """A link as `read_link` understands it."""
    kind, title, url = link
    return f"{kind.value}: {title} {url}" if title else f"{kind.value}: {url}"


def number_of(line: str) -> int | None:
    """The number of a record at the beginning of a line (`12: Title`), if there is one."""
    match = _NUMBERED.match(check_line(line).strip())
    return int(match["id"]) if match else None


def read_number(line: str) -> int:
    """The number of a record at the beginning of a line (`12: Title`). Raises ValueError with a sentence."""
    number = number_of(line)
    if number is None:
        raise ValueError(
            _(
                "“%(line)s” does not begin with a number. Choose from the list, such as 12: Title.",
                line=line.strip()[:60],
            )
        )
    return number


def record_of_line(session: Session, model: type[Titled], line: str) -> Titled | None:
    """The record that a line names: by its number (`12: Title`), or by its whole title where it has it alone.

    None where no record has the number. Raises ValueError with a sentence where a title says none, or several.
    """
    number = number_of(line)
    found = session.get(model, number) if number is not None and number < 2**31 else None
    if found is not None:
        return found
    title = line.strip()
    is_called = sa.or_(model.title == title, sa.func.lower(model.title) == title.lower())
    alike = list(session.scalars(sa.select(model).where(model.is_listed, is_called).limit(2)))
    if len(alike) > 1:
        raise ValueError(_("Several are called “%(title)s”. Write the number of the one you mean.", title=line[:60]))
    if not alike:
        read_number(line)
    return alike[0] if alike else None


def record_words(record: Any) -> str:
    """A record as `read_number` understands it."""
    return f"{record.id}: {' '.join(record.title.replace(';', ',').split())}"
