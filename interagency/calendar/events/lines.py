"""Days, links, documents and records as people write them, one per line. Each is read, and said back the same way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import Any

from flask_babel import gettext as _

from interagency.calendar.events.models import LinkKind
from interagency.calendar.events.record import DayDraft, DocumentDraft, SegmentDraft
from interagency.matrix.activities.models import TITLE_LENGTH
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.framework.names import NotUnderstood, read_chapter
from interagency.matrix.organisations.queries import Directory
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.typed_dates import DateNotUnderstood, read_date, read_one_day

_HOUR = r"\d{1,2}(?:[:.h]\d{2}h?|h|(?:[:.]\d{2})? ?[ap]\.?m\.?)"
_HOURS = re.compile(
    rf"^(?P<when>.*?)[, ]+(?:at |from )?(?P<from>{_HOUR})\s*(?:-|–|to|until)\s*(?P<to>{_HOUR})$", re.IGNORECASE
)
_ONE_HOUR = re.compile(r"^.+[, ]+(?:at |from )?(?:\d{1,2}[:h]\d{2}h?|\d{1,2}h|\d{1,2} ?[ap]m)$", re.IGNORECASE)
_ANY_HOUR = re.compile(r"\d[:h]\d{2}|\d{1,2}(?:h| ?[ap]m)\b", re.IGNORECASE)
_TWO_DAYS = re.compile(r"^(\d{1,2}) ?(?:and|&|et) ?(\d{1,2}) (\D.*)$", re.IGNORECASE)
_LINK = re.compile(r"^(?:(?P<kind>page|meeting|webcast)\s*:\s*)?(?:(?P<title>.*?)\s+)?(?P<url>https?://\S+)$", re.I)
_DOCUMENT = re.compile(
    r"^(?P<title>.*?)\s*(?P<url>https?://\S+)\s*(?:\|\s*(?P<owner>[^|]*?)\s*)?(?:\|\s*(?P<said>.*))?$", re.I
)
_NUMBERED = re.compile(r"^#?(?P<id>\d{1,9})\b")


def _read_time(text: str) -> time:
    """`15:00`, `15.00`, `15h00`, `15h`, `3 pm`, `3:00 p.m.` as a time."""
    found = re.match(r"^(\d{1,2})[:.h]?(\d{2})?h? ?(?:([ap])\.?m\.?)?$", text, re.IGNORECASE)
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
    short = re.match(r"^(\d{1,2})-(\d{1,2} .+)$", text)
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


def plain(text: str) -> str:
    """`text` without the differences that mean nothing: case, kind of dash, spaces around it."""
    return re.sub(r"\s*[-–]\s*", "-", " ".join(text.casefold().split()))


def read_segment(line: str) -> SegmentDraft:
    """Days (and hours) as people write them: `26-29 September 2017`, `12 October 2026, 15:00-16:30`, `early 2018`.

    Raises ValueError with a sentence.
    """
    hours = _HOURS.match(line.strip())
    shown = line.strip()[:60]
    if hours is None and _ONE_HOUR.match(line.strip()):
        raise ValueError(
            _("“%(line)s” says only one time. Write when it ends too: 12 October 2026, 15:00-16:30.", line=shown)
        )
    try:
        start, end = _read_days((hours["when"] if hours else line).strip().rstrip(","))
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
    day = read_one_day(day_text)
    if day is None:
        raise ValueError(_("“%(line)s” needs a day, such as 26 September 2017: I.", line=line[:60]))
    match = re.match(r"^\s*(?P<chapter>none|[ivx]+|\d)?\s*(?:\((?P<note>.*)\))?\s*$", rest, re.I)
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
    match = _LINK.match(line.strip())
    if match is None or len(match["url"]) > 2000 or any(sign in match["url"] for sign in '<>"'):
        raise ValueError(_("“%(line)s” is not an address. Write it whole, with https://.", line=line.strip()[:60]))
    return LinkKind((match["kind"] or "page").lower()), (match["title"] or "").strip()[:TITLE_LENGTH], match["url"]


def link_label(link: tuple[LinkKind, str, str]) -> str:
    """A link as `read_link` understands it."""
    kind, title, url = link
    return f"{kind.value}: {title} {url}" if title else f"{kind.value}: {url}"


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Reads `Report https://… | WHO | may be shared`; the owner by any name it was ever written with."""

    directory: Directory

    def read(self, line: str) -> DocumentDraft:
        """The document of one line. Raises ValueError with a sentence."""
        match = _DOCUMENT.match(line.strip())
        if match is None or len(match["url"]) > 2000 or any(sign in match["url"] for sign in '<>"'):
            raise ValueError(
                _(
                    "“%(line)s” is not a document. Write title, address and owner: Report https://… | WHO",
                    line=line[:60],
                )
            )
        owner = match["owner"] or ""
        said = (match["said"] or "").strip().casefold()
        if said not in ("", "may be shared", "not shared"):
            raise ValueError(_("“%(line)s”: write “may be shared” after the owner, or leave it out.", line=line[:60]))
        try:
            found = self.directory.find(owner) if owner else None
        except NotUnderstood as problem:
            raise ValueError(str(problem)) from None
        title = match["title"].strip()[:TITLE_LENGTH] or match["url"]
        return DocumentDraft(title, match["url"], found, said == "may be shared")


def document_words(document: DocumentDraft) -> str:
    """A document as `DocumentReader` understands it."""
    owner = f" | {document.owner.short}" if document.owner else ""
    shared = " | may be shared" if document.is_permitted and document.owner else ""
    return f"{document.title} {document.url}{owner}{shared}"


def read_number(line: str) -> int:
    """The number of a record at the beginning of a line (`12: Title`). Raises ValueError with a sentence."""
    match = _NUMBERED.match(line.strip())
    if match is None:
        raise ValueError(
            _(
                "“%(line)s” does not begin with a number. Choose from the list, such as 12: Title.",
                line=line.strip()[:60],
            )
        )
    return int(match["id"])


def record_words(record: Any) -> str:
    """A record as `read_number` understands it."""
    return f"{record.id}: {' '.join(record.title.replace(';', ',').split())}"
