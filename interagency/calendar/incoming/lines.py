"""The bytes of an .ics file as blocks of lines (RFC 5545, 3.1 and 3.4): bounded, and only what the calendar uses.

Nothing is interpreted here and nothing is remembered from one file to the next.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

MAX_FILE_SIZE = 20 * 1024 * 1024
MAX_EVENTS = 5_000
MAX_WORK = 1_000_000
MAX_LINE_LENGTH = 200_000
DEEPEST = 30
MAX_VALUE_LENGTH = 100_000
# What may stand in what; everything else (alarms, tasks, journals, availability) is passed over.
KEPT = {
    "": ("VCALENDAR", "VEVENT"),
    "VCALENDAR": ("VEVENT", "VTIMEZONE"),
    "VTIMEZONE": ("STANDARD", "DAYLIGHT"),
}
# What never stands in another of these (RFC 5545, 3.6): where one begins, the one before has lost its end.
COMPONENTS = {
    "VEVENT": _l("an event"),
    "VTODO": _l("a task"),
    "VJOURNAL": _l("a journal entry"),
    "VFREEBUSY": _l("a list of busy times"),
    "VTIMEZONE": _l("a time zone"),
}
DATES = frozenset(["DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE", "DTSTAMP", "LAST-MODIFIED"])
WANTED = DATES.union(
    ("UID", "SEQUENCE", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "DURATION", "RRULE", "EXRULE", "CATEGORIES"),
    ("URL", "CONFERENCE", "METHOD", "RELATED-TO", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "X-LIC-LOCATION"),
    ("ATTENDEE", "ORGANIZER", "COMMENT"),  # of answers to invitations
    ("CLASS", "X-WR-TIMEZONE", "X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT"),
)
_FOLD = re.compile(rb"(?<!\n)\n+[ \t]")
_NAME = re.compile(r"\A\s*([A-Za-z0-9-]+)\s*(?=[;:])")
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)\s*=\s*("[^"]*"|[^;"]*)')
_QUOTED_OR_COLON = re.compile(r'"[^"]*"|:')
_ESCAPED = re.compile(r"\\([\\;,nN])")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z)?)?\Z", re.ASCII)
_DURATION = re.compile(
    r"([+-])?P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?\Z", re.ASCII
)


class CalendarNotRead(ValueError):
    """The file as a whole cannot be taken; the text says why and what to do."""


class EventNotRead(ValueError):
    """One event cannot be taken; the text says why."""


class Budget:
    """How much may be looked through for one file, so that no file takes for ever."""

    def __init__(self, left: int = MAX_WORK) -> None:
        self.left = left

    def spend(self, work: int) -> None:
        """Raises EventNotRead when the file has used up what it may."""
        self.left -= work
        if self.left < 0:
            raise EventNotRead(
                _("The events of this file repeat more than can be looked through at once. Send it in parts.")
            )


@dataclass(frozen=True, slots=True)
class Line:
    """The value of one property, as written, with its parameters."""

    value: str
    parameters: dict[str, str]

    @property
    def text(self) -> str:
        """The value as TEXT, without its escapes (RFC 5545, 3.3.11)."""
        return unescaped(self.value)

    @property
    def is_day(self) -> bool:
        """Whether its first value is a day without an hour."""
        return "T" not in self.value.partition(",")[0].upper()


@dataclass(slots=True)
class Block:
    """A component: its lines by name, the components inside it, and whether its END was there."""

    name: str
    lines: dict[str, list[Line]] = field(default_factory=dict)
    parts: list[Block] = field(default_factory=list)
    is_closed: bool = False

    def __contains__(self, name: str) -> bool:
        return name in self.lines

    def all(self, name: str) -> list[Line]:
        """Every line of that name, in the order of the file."""
        return self.lines.get(name, [])

    def text(self, name: str) -> str:
        """The first line of that name as TEXT; empty when there is none."""
        return self.lines[name][0].text if name in self.lines else ""


def unescaped(value: str) -> str:
    """A TEXT value without its escapes; a backslash that escapes nothing stays."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


class FileBlocks:
    """The components of a file.

    `calendars` are its VCALENDARs; `outside` are the events that stand in none of them; `unclosed` names, in words,
    what was passed over and has no END. Raises CalendarNotRead when the file as a whole cannot be taken.
    """

    def __init__(self, body: bytes) -> None:
        self.calendars: list[Block] = []
        self.outside: list[Block] = []
        self.unclosed: list[str] = []
        self._open: list[Block] = []
        self._passed: list[str] = []  # names of the blocks being passed over, innermost last
        for line in _lines_of(body):
            found = _NAME.match(line)
            if found is None:
                continue
            name, rest = found[1].upper(), line[found.end() :]
            if name == "BEGIN":
                self._begin(rest[1:].strip().upper())
            elif name == "END":
                self._end(rest[1:].strip().upper())
            elif not self._passed and self._open and name in WANTED:
                self._open[-1].lines.setdefault(name, []).append(_line(name, rest))
        if self._open and self._open[0].name == "VCALENDAR":
            raise CalendarNotRead(_("The file is cut off: its end is missing. Export it once more."))

    def _begin(self, name: str) -> None:
        if len(self._open) + len(self._passed) >= DEEPEST:
            raise CalendarNotRead(
                _("The file is damaged: parts lie within parts, more than %(most)s deep.", most=DEEPEST)
            )
        if name in COMPONENTS:
            self._close_unclosed()
        elif name == "VCALENDAR" and self._open and self._open[0].name != "VCALENDAR":
            self._open.clear()
        around = self._open[-1].name if self._open else ""
        if self._passed or name not in KEPT.get(around, ()):
            self._passed.append(name)
            return
        block = Block(name)
        if self._open:
            self._open[-1].parts.append(block)
        else:
            (self.calendars if name == "VCALENDAR" else self.outside).append(block)
        self._open.append(block)

    def _close_unclosed(self) -> None:
        """Close what should have been closed before another component begins, or the calendar ends, and note it."""
        passed = next((place for place, name in enumerate(self._passed) if name in COMPONENTS), None)
        if passed is not None:
            self.unclosed.append(str(COMPONENTS[self._passed[passed]]))
            del self._passed[passed:]
        opened = next((place for place, block in enumerate(self._open) if block.name in COMPONENTS), None)
        if opened is not None:
            if self._open[opened].name != "VEVENT":
                self.unclosed.append(str(COMPONENTS[self._open[opened].name]))
            self._passed.clear()
            del self._open[opened:]

    def _end(self, name: str) -> None:
        """Close the innermost block of that name, and with it those inside that were never closed."""
        if name in self._passed:
            while self._passed.pop() != name:
                pass
        elif any(block.name == name for block in self._open):
            if name == "VCALENDAR":
                self._close_unclosed()
                self.unclosed += [_("a part called %(name)s", name=passed[:40]) for passed in self._passed[:1]]
            self._passed.clear()
            while self._open[-1].name != name:
                self._open.pop()
            self._open.pop().is_closed = True


def _lines_of(body: bytes) -> list[str]:
    """The lines of a file that is a calendar and not too large.

    They are unfolded before their letters are read, because a fold may cut a letter in two (RFC 5545, 3.1).
    """
    if len(body) > MAX_FILE_SIZE:
        raise CalendarNotRead(_("The file is larger than 20 MB. Export a shorter period, or send it in parts."))
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        body = body.decode("utf-16", errors="replace").encode(errors="replace")
    body = body.removeprefix(codecs.BOM_UTF8).replace(b"\x00", b"").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"BEGIN:VCALENDAR" not in body[:100_000].upper():
        raise CalendarNotRead(_("This is not a calendar file. Export the calendar as .ics and send that."))
    if body.upper().count(b"BEGIN:VEVENT") > MAX_EVENTS:
        raise CalendarNotRead(
            ngettext(
                "The file holds more than %(most_events)s events. Send it in parts.",
                "The file holds more than %(most_events)s events. Send it in parts.",
                MAX_EVENTS,
                most_events=f"{MAX_EVENTS:,}",
            )
        )
    for place, line in enumerate(body.split(b"\n"), 1):
        if len(line) > MAX_LINE_LENGTH:
            raise CalendarNotRead(
                ngettext(
                    "Line %(place)s is longer than %(most)s sign. The file is damaged.",
                    "Line %(place)s is longer than %(most)s signs. The file is damaged.",
                    MAX_LINE_LENGTH,
                    place=place,
                    most=f"{MAX_LINE_LENGTH:,}",
                )
            )
    return [_decoded(line) for line in _FOLD.sub(b"", body).split(b"\n") if line]


def _decoded(line: bytes) -> str:
    """A line in UTF-8 as the standard asks for, where it is damaged but for the damage; else as old Windows programs
    write it.
    """
    try:
        return line.decode()
    except UnicodeDecodeError:
        text = line.decode(errors="replace")
        if any(letter > "\x7f" and letter != "\ufffd" for letter in text):
            return text
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _line(name: str, rest: str) -> Line:
    """Parameters and value of a line, from what follows its name."""
    if name in DATES:
        # No date holds a colon, but Outlook's names of zones do, also unquoted.
        head, _colon, value = rest.rpartition(":")
    else:
        colon = next((found.start() for found in _QUOTED_OR_COLON.finditer(rest) if found[0] == ":"), len(rest))
        head, value = rest[:colon], rest[colon + 1 :]
    parameters = {found[1].upper(): found[2].strip().strip('"') for found in _PARAMETER.finditer(head[:5_000])}
    return Line(value[:MAX_VALUE_LENGTH], parameters)


def read_moment(text: str) -> date | datetime:
    """`20261012` as a date, `20261012T150000` as a naive time, with `Z` as a time in UTC. Raises ValueError."""
    found = _MOMENT.match(text.strip().upper())
    if found is None:
        raise ValueError(_("“%(text)s” is not a date.", text=text.strip()[:40]))
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    try:
        if found[4] is None:
            return date(year, month, day)
        second = min(int(found[6] or 0), 59) if found[6] != "60" else 59
        moment = datetime(year, month, day, int(found[4]), int(found[5]), second)
    except ValueError:
        raise ValueError(_("“%(text)s” is not a date.", text=text.strip()[:40])) from None
    return moment.replace(tzinfo=UTC) if found[7] else moment


def read_duration(text: str) -> tuple[int, timedelta]:
    """`P1DT2H` as days of the calendar and time that passes (RFC 5545, 3.3.6). Raises ValueError."""
    found = _DURATION.match(text.strip().upper())
    if found is None or not any(found.groups()[1:]):
        raise ValueError(_("“%(text)s” is not a duration.", text=text.strip()[:40]))
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    sign = -1 if found[1] == "-" else 1
    return sign * (7 * weeks + days), sign * timedelta(hours=hours, minutes=minutes, seconds=seconds)
