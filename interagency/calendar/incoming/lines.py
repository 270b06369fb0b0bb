"""The bytes of an .ics file as blocks of lines (RFC 5545, 3.1 and 3.4): bounded, and only what the calendar uses.

Nothing is interpreted here and nothing is remembered from one file to the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

LARGEST_FILE = 20 * 1024 * 1024
MOST_EVENTS = 5_000
LONGEST_LINE = 200_000
DEEPEST = 30
LONGEST_VALUE = 100_000
# What may stand in what; everything else (alarms, tasks, journals, availability) is passed over.
KEPT = {
    "": ("VCALENDAR",),
    "VCALENDAR": ("VEVENT", "VTIMEZONE"),
    "VTIMEZONE": ("STANDARD", "DAYLIGHT"),
}
DATES = frozenset(["DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE", "DTSTAMP", "LAST-MODIFIED"])
WANTED = DATES.union(
    ("UID", "SEQUENCE", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "DURATION", "RRULE", "EXRULE", "CATEGORIES"),
    ("URL", "CONFERENCE", "METHOD", "RELATED-TO", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "X-LIC-LOCATION"),
)
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


@dataclass(frozen=True, slots=True)
class Line:
    """The value of one property, as written, with its parameters."""

    value: str
    parameters: dict[str, str]

    @property
    def text(self) -> str:
        """The value as TEXT, without its escapes (RFC 5545, 3.3.11)."""
        return unescaped(self.value)


@dataclass(slots=True)
class Block:
    """A component: its lines by name, and the components inside it."""

    name: str
    lines: dict[str, list[Line]] = field(default_factory=dict)
    parts: list[Block] = field(default_factory=list)

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


def read_blocks(body: bytes) -> list[Block]:
    """The calendars of a file. Raises CalendarNotRead when the file as a whole cannot be taken."""
    lines = _lines_of(body)
    calendars: list[Block] = []
    open_blocks: list[Block] = []
    passed: list[str] = []  # names of the blocks being passed over, innermost last
    for line in lines:
        found = _NAME.match(line)
        if found is None:
            continue
        name = found[1].upper()
        if name == "BEGIN":
            _begin(line[found.end() + 1 :].strip().upper(), calendars, open_blocks, passed)
        elif name == "END":
            _end(line[found.end() + 1 :].strip().upper(), open_blocks, passed)
        elif not passed and open_blocks and name in WANTED:
            open_blocks[-1].lines.setdefault(name, []).append(_line(name, line[found.end() :]))
    if open_blocks:
        raise CalendarNotRead("The file is cut off: its end is missing. Export it once more.")
    return calendars


def _begin(name: str, calendars: list[Block], open_blocks: list[Block], passed: list[str]) -> None:
    if len(open_blocks) + len(passed) >= DEEPEST:
        raise CalendarNotRead(f"The file is damaged: parts lie within parts, more than {DEEPEST} deep.")
    around = open_blocks[-1].name if open_blocks else ""
    if passed or name not in KEPT.get(around, ()):
        passed.append(name)
        return
    block = Block(name)
    (open_blocks[-1].parts if open_blocks else calendars).append(block)
    open_blocks.append(block)


def _end(name: str, open_blocks: list[Block], passed: list[str]) -> None:
    """Close the innermost block of that name, and with it those inside that were never closed."""
    if name in passed:
        while passed.pop() != name:
            pass
    elif any(block.name == name for block in open_blocks):
        passed.clear()
        while open_blocks.pop().name != name:
            pass


def _lines_of(body: bytes) -> list[str]:
    """The unfolded lines of a file that is a calendar and not too large."""
    if len(body) > LARGEST_FILE:
        raise CalendarNotRead("The file is larger than 20 MB. Export a shorter period, or send it in parts.")
    text = _decoded(body).replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    if "BEGIN:VCALENDAR" not in text[:100_000].upper():
        raise CalendarNotRead("This is not a calendar file. Export the calendar as .ics and send that.")
    if text.upper().count("BEGIN:VEVENT") > MOST_EVENTS:
        raise CalendarNotRead(f"The file holds more than {MOST_EVENTS:,} events. Send it in parts.")
    lines: list[list[str]] = []
    for place, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            raise CalendarNotRead(f"Line {place} is longer than {LONGEST_LINE:,} signs. The file is damaged.")
        if line[:1] in (" ", "\t") and lines:
            lines[-1].append(line[1:])
        elif line:
            lines.append([line])
    return ["".join(parts) for parts in lines]


def _decoded(body: bytes) -> str:
    """UTF-8 as the standard asks for, UTF-16 where the file says so, or the letters of old Windows programs."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", errors="replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return body.decode("cp1252")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _line(name: str, rest: str) -> Line:
    """Parameters and value of a line, from what follows its name."""
    if name in DATES:
        # No date holds a colon, but Outlook's names of zones do, also unquoted.
        head, _colon, value = rest.rpartition(":")
    else:
        colon = next((found.start() for found in _QUOTED_OR_COLON.finditer(rest) if found[0] == ":"), len(rest))
        head, value = rest[:colon], rest[colon + 1 :]
    parameters = {found[1].upper(): found[2].strip().strip('"') for found in _PARAMETER.finditer(head[:5_000])}
    return Line(value[:LONGEST_VALUE], parameters)


def read_moment(text: str) -> date | datetime:
    """`20261012` as a date, `20261012T150000` as a naive time, with `Z` as a time in UTC. Raises ValueError."""
    found = _MOMENT.match(text.strip().upper())
    if found is None:
        raise ValueError(f"“{text.strip()[:40]}” is not a date.")
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    try:
        if found[4] is None:
            return date(year, month, day)
        second = min(int(found[6] or 0), 59) if found[6] != "60" else 59
        moment = datetime(year, month, day, int(found[4]), int(found[5]), second)
    except ValueError:
        raise ValueError(f"“{text.strip()[:40]}” is not a date.") from None
    return moment.replace(tzinfo=UTC) if found[7] else moment


def read_duration(text: str) -> tuple[int, timedelta]:
    """`P1DT2H` as days of the calendar and time that passes (RFC 5545, 3.3.6). Raises ValueError."""
    found = _DURATION.match(text.strip().upper())
    if found is None or not any(found.groups()[1:]):
        raise ValueError(f"“{text.strip()[:40]}” is not a duration.")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    sign = -1 if found[1] == "-" else 1
    return sign * (7 * weeks + days), sign * timedelta(hours=hours, minutes=minutes, seconds=seconds)
