"""What programs really write, each kind with the occurrences it means: as instants in UTC, or as days.

The files are made here after reports about Exchange, Outlook, Notes, Google, DAVx5, WordPress and others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest
from dateutil.rrule import SU, YEARLY, rrule

from interagency.calendar.events.models import Event, EventKind, EventStatus
from interagency.calendar.events.occurrences import Occurrence, occurrences
from interagency.calendar.events.record import apply_draft
from interagency.calendar.incoming.drafts import onto
from interagency.calendar.incoming.reading import IcsEvent, ReadCalendar, read_ics
from tests.helpers import event_draft

VIENNA = "Europe/Vienna"
EU = ("FREQ=YEARLY;{}BYDAY=-1SU;BYMONTH=10", "FREQ=YEARLY;{}BYDAY=-1SU;BYMONTH=3")


def zone(tzid: str, *parts: str, location: str = "") -> str:
    """A VTIMEZONE; a part is `S 20261025T030000 +0200 +0100 RRULE:…`, S for STANDARD and D for DAYLIGHT."""
    text = f"BEGIN:VTIMEZONE\nTZID:{tzid}\n" + (f"X-LIC-LOCATION:{location}\n" if location else "")
    for part in parts:
        kind, onset, before, after, *more = part.split(" ")
        name = {"S": "STANDARD", "D": "DAYLIGHT"}[kind]
        rest = "".join(f"{line}\n" for line in more)
        text += f"BEGIN:{name}\nDTSTART:{onset}\nTZOFFSETFROM:{before}\nTZOFFSETTO:{after}\n{rest}END:{name}\n"
    return f"{text}END:VTIMEZONE\n"


def exchange(tzid: str, more: str = "INTERVAL=1;") -> str:
    """Central European clocks as Exchange and Office 365 describe them."""
    return zone(
        tzid,
        f"S 16010101T030000 +0200 +0100 RRULE:{EU[0].format(more)}",
        f"D 16010101T020000 +0100 +0200 RRULE:{EU[1].format(more)}",
    )


def vevent(*lines: str, uid: str = "a@x") -> str:
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", "SUMMARY:weekly", *lines, "END:VEVENT", ""])


def read(*parts: str, head: str = "") -> ReadCalendar:
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\n{head}{''.join(parts)}END:VCALENDAR\n"
    return read_ics(text.replace("\n", "\r\n").encode(), VIENNA)


def happening(one: IcsEvent, until: date = date(2040, 1, 1)) -> list[Occurrence]:
    """The occurrences as the calendar's own pages have them."""
    event = Event(id=1, uid=one.uid)
    apply_draft(event, onto(event_draft("", EventKind.WORKSHOP, EventStatus.CONFIRMED, []), one, None))
    return [found for found in occurrences(event, date(2006, 1, 1), until) if not found.is_cancelled]


def said(found: Occurrence) -> str:
    """`2026-01-20 13:00Z` for what has hours, `2026-09-25` or `2026-09-25/26` for whole days."""
    if found.start:
        return f"{found.start.astimezone(UTC):%Y-%m-%d %H:%MZ}"
    return f"{found.first}" if found.first == found.last else f"{found.first}/{found.last:%d}"


@dataclass(frozen=True)
class Case:
    """A file of one event, when it takes place, and words of its note."""

    name: str
    event: str
    begins: list[str]
    before: str = ""
    head: str = ""
    note: str = ""
    until: date = field(default=date(2027, 1, 1))


def at(tzid: str, begin: str, *more: str, hours: int = 1) -> str:
    return vevent(f"DTSTART;TZID={tzid}:{begin}", f"DURATION:PT{hours}H", *more)


def days(first: str, last: str, *more: str) -> str:
    return vevent(f"DTSTART;VALUE=DATE:{first}", f"DTEND;VALUE=DATE:{last}", *more)


TWO_ONSETS = zone(VIENNA, "S 20261025T030000 +0200 +0100", "D 20270328T020000 +0100 +0200")
NEW_YORK_OF_2007 = zone(
    "America/New_York", "D 20070311T020000 -0500 -0400", "S 20071104T020000 -0400 -0500"
)  # fmt: skip
LISTED_TO_2027 = zone(
    VIENNA,
    "S 20251026T030000 +0200 +0100 RDATE:20261025T030000,20271031T030000",
    "D 20260329T020000 +0100 +0200 RDATE:20270328T020000",
)
STALE_BUT_COVERING = zone(
    "America/Anchorage",
    "S 20001029T020000 -0800 -0900 RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
    "D 20000402T020000 -0900 -0800 RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4",
)
GMT_WITH_SUMMER = zone(
    "GMT",
    "S 19961027T020000 +0100 +0000 RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
    "D 19810329T010000 +0000 +0100 RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
)
NOTES_EASTERN = zone(
    "Eastern",
    "S 19501105T020000 -0400 -0500 RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=1SU;BYMONTH=11",
    "D 19500312T020000 -0500 -0400 RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=2SU;BYMONTH=3",
)
EGYPT_OF_OLD = zone(
    "Egypt Standard Time", "S 16010101T000000 +0200 +0200 RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=1"
)
BERLIN_NAME = '"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"'

CASES = [
    # A description under an IANA name counts for the times it covers.
    Case("before its first onset", at(VIENNA, "20260120T140000"), ["2026-01-20 13:00Z"], TWO_ONSETS),
    Case("within its onsets", at(VIENNA, "20261220T140000"), ["2026-12-20 13:00Z"], TWO_ONSETS),
    Case("after its last", at(VIENNA, "20260701T140000"), ["2026-07-01 12:00Z"],
         zone(VIENNA, "S 20241027T030000 +0200 +0100")),
    Case("two onsets of 2007", at("America/New_York", "20260616T115500"), ["2026-06-16 15:55Z"], NEW_YORK_OF_2007),
    Case("one onset of 1893", at("Europe/Berlin", "20260917T122000"), ["2026-09-17 10:20Z"],
         zone("Europe/Berlin", "S 18930401T000000 +005328 +0100")),
    Case("seconds of local mean time", at("Asia/Kolkata", "20260917T120000"), ["2026-09-17 06:30Z"],
         zone("Asia/Kolkata", "S 18540628T000000 +055328 +055320")),
    Case("the name in other case", at("europe/vienna", "20260917T120000"), ["2026-09-17 10:00Z"]),
    Case("a series beyond listed onsets", at(VIENNA, "20280703T100000", "RRULE:FREQ=MONTHLY;COUNT=5"),
         ["2028-07-03 08:00Z", "2028-08-03 08:00Z", "2028-09-03 08:00Z", "2028-10-03 08:00Z", "2028-11-03 09:00Z"],
         LISTED_TO_2027, until=date(2029, 1, 1)),
    Case("a stale rule that covers it", at("America/Anchorage", "20260320T140000"), ["2026-03-20 23:00Z"],
         STALE_BUT_COVERING, note="own offsets"),
    Case("a GMT with summer time", at("GMT", "20260715T100000"), ["2026-07-15 09:00Z"], GMT_WITH_SUMMER),
    Case("two onsets of 2007 under a name of Windows", at("Eastern Standard Time", "20260616T115500"),
         ["2026-06-16 15:55Z"], NEW_YORK_OF_2007.replace("America/New_York", "Eastern Standard Time")),
    # Descriptions as Exchange and Notes write them.
    Case("Exchange's own zone", at("Customized Time Zone", "20260915T100000"), ["2026-09-15 08:00Z"],
         exchange("Customized Time Zone")),
    Case("Notes' zone", at("Eastern", "20260915T100000"), ["2026-09-15 14:00Z"], NOTES_EASTERN),
    Case("Exchange with other clocks", at("Egypt Standard Time", "20260715T100000"), ["2026-07-15 08:00Z"],
         EGYPT_OF_OLD, note="own offsets"),
    # Names of zones.
    *[
        Case(f"zone {tzid}", at(tzid, "20260915T100000"), [f"2026-09-15 {meant}Z"])
        for tzid, meant in {
            BERLIN_NAME: "08:00", '"(UTC-05:00) Eastern Time (US & Canada)"': "14:00",
            "Eastern Time (US & Canada)": "14:00", "Pacific Time (US & Canada)": "17:00", '"UTC+01"': "09:00",
            '"GMT+0200"': "08:00", '"(GMT +01:00)"': "09:00", '"GMT-0330"': "13:30", '"UTC+05:30"': "04:30",
            '"(GMT+05:30) Chennai, Kolkata, Mumbai, New Delhi"': "04:30", '"(UTC-03:00) Brasilia"': "13:00",
            '"(GMT+01.00) Amsterdam / Berlin / Bern / Rome / Stockholm / Vienna"': "08:00",
            '"(UTC) Dublin, Edinburgh, Lisbon, London"': "09:00", '"(UTC+09:00) Osaka, Sapporo, Tokyo"': "01:00",
            "Hawaiian Standard Time": "20:00", '"(UTC) Coordinated Universal Time"': "10:00",
        }.items()
    ],
    Case("the calendar's zone", vevent("DTSTART:20260915T090000"), ["2026-09-15 13:00Z"],
         head="X-WR-TIMEZONE:America/New_York\n", note="in America/New_York"),
    Case("no zone at all", vevent("DTSTART:20260915T090000"), ["2026-09-15 07:00Z"], note="in Europe/Vienna"),
    # Whole days written in UTC.
    Case("Exchange's last Friday", days("20260904", "20260905",
         "RRULE:FREQ=WEEKLY;UNTIL=20260924T220000Z;INTERVAL=1;BYDAY=FR;WKST=MO"),
         ["2026-09-04", "2026-09-11", "2026-09-18", "2026-09-25"], exchange("W. Europe Standard Time")),
    Case("once a year by Outlook", days("20261020", "20261021",
         "RRULE:FREQ=YEARLY;UNTIL=20261019T230000Z;INTERVAL=1;BYMONTHDAY=20;BYMONTH=10"),
         ["2026-10-20"]),
    Case("in the only zone of the file", days("20260904", "20260905", "RRULE:FREQ=WEEKLY;UNTIL=20260918T040000Z"),
         ["2026-09-04", "2026-09-11", "2026-09-18"], zone("Eastern Standard Time", "S 16010101T000000 -0400 -0400")),
    Case("the end of a day of UTC", days("20260904", "20260905", "RRULE:FREQ=DAILY;UNTIL=20260906T235959Z"),
         ["2026-09-04", "2026-09-05", "2026-09-06"]),
    Case("a day left out", days("20260904", "20260905", "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260910T220000Z"),
         ["2026-09-04", "2026-09-18"]),
    Case("a moved day, a zone nobody knows",
         days("20260904", "20260905", "RRULE:FREQ=WEEKLY;COUNT=3")
         + days("20260920", "20260921", "RECURRENCE-ID:20260917T220000Z")
         + days("20260912", "20260914", "RECURRENCE-ID;TZID=Mars/Base:20260911T000000"),
         ["2026-09-04", "2026-09-12/13", "2026-09-20"]),
    Case("midnight to midnight, marked",
         vevent("DTSTART;TZID=Europe/Vienna:20261215T000000", "DTEND;TZID=Europe/Vienna:20261216T000000",
                "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"), ["2026-12-15"]),
    Case("midnight in UTC, marked",
         vevent("DTSTART:20261214T230000Z", "DTEND:20261216T230000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"),
         ["2026-12-15/16"], exchange("W. Europe Standard Time")),
    Case("midnight to midnight, not marked",
         vevent("DTSTART;TZID=Europe/Vienna:20261215T000000", "DTEND;TZID=Europe/Vienna:20261216T000000"),
         ["2026-12-14 23:00Z"]),
    Case("marked, and not at midnight", at(VIENNA, "20261215T100000", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"),
         ["2026-12-15 09:00Z"]),
    # Single further dates, and a first day outside its rule.
    Case("Notes' periods",
         vevent("DTSTART;TZID=Europe/Vienna:20260914T090000", "DTEND;TZID=Europe/Vienna:20260914T100000",
                "RDATE;VALUE=PERIOD;TZID=Europe/Vienna:20260914T090000/20260914T100000,20260921T090000/PT1H"),
         ["2026-09-14 07:00Z", "2026-09-21 07:00Z"]),
    Case("Notes' periods, one moved and one cancelled",
         vevent("DTSTART;TZID=Europe/Vienna:20260914T090000", "DTEND;TZID=Europe/Vienna:20260914T100000",
                "RDATE;VALUE=PERIOD:20260914T070000Z/PT1H,20260921T070000Z/PT1H,20260928T070000Z/PT1H")
         + vevent("RECURRENCE-ID:20260921T070000Z", "DTSTART:20260922T100000Z", "DTEND:20260922T110000Z", "LOCATION:B")
         + vevent("RECURRENCE-ID:20260928T070000Z", "DTSTART:20260928T070000Z", "STATUS:CANCELLED"),
         ["2026-09-14 07:00Z", "2026-09-22 10:00Z"], note="says of its own"),
    Case("term from Tuesday, on Mondays and Wednesdays",
         at(VIENNA, "20260901T100000", "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260909T215959Z"),
         ["2026-09-02 08:00Z", "2026-09-07 08:00Z", "2026-09-09 08:00Z"], note="begins on 2026-09-02"),
    Case("every other Monday from a Friday",
         at(VIENNA, "20260904T100000", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=2"),
         ["2026-09-14 08:00Z", "2026-09-28 08:00Z"], note="begins on 2026-09-14"),
    Case("the third Monday of every third month, from its end",
         days("20260930", "20261002", "RRULE:FREQ=MONTHLY;INTERVAL=3;BYDAY=3MO;COUNT=1"), ["2026-12-21/22"]),
    Case("31st of months that have none", days("20260131", "20260201", "RRULE:FREQ=MONTHLY;COUNT=3"),
         ["2026-01-31", "2026-03-31", "2026-05-31"]),
    # Changed dates of another kind.
    Case("one made whole-day", at(VIENNA, "20260907T100000", "RRULE:FREQ=WEEKLY;COUNT=3")
         + days("20260915", "20260916", "RECURRENCE-ID;TZID=Europe/Vienna:20260914T100000"),
         ["2026-09-07 08:00Z", "2026-09-15", "2026-09-21 08:00Z"]),
    Case("one given hours", days("20260907", "20260908", "RRULE:FREQ=WEEKLY;COUNT=3")
         + at("America/New_York", "20260915T100000", "RECURRENCE-ID;VALUE=DATE:20260914"),
         ["2026-09-07", "2026-09-15 14:00Z", "2026-09-21"]),
    Case("one with a rule of its own", at(VIENNA, "20260907T100000", "RRULE:FREQ=WEEKLY;COUNT=3")
         + at(VIENNA, "20260915T140000", "RECURRENCE-ID;TZID=Europe/Vienna:20260914T100000",
              "RRULE:FREQ=WEEKLY;COUNT=3"),
         ["2026-09-07 08:00Z", "2026-09-15 12:00Z", "2026-09-21 08:00Z"]),
    Case("changed and left out in UTC",
         at(VIENNA, "20260907T100000", "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260921T080000Z")
         + vevent("RECURRENCE-ID:20260914T080000Z", "DTSTART:20260914T120000Z", "DTEND:20260914T130000Z"),
         ["2026-09-07 08:00Z", "2026-09-14 12:00Z"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_takes_place_when_its_writer_meant(case: Case) -> None:
    found = read(case.before, case.event, head=case.head)
    assert found.skipped == []
    (event,) = found.events
    assert sorted(said(one) for one in happening(event, case.until)) == case.begins
    assert case.note in " ".join(event.notes), event.notes


def test_a_zone_that_ends_in_2038_holds_an_endless_series() -> None:
    def sundays(month: int) -> str:
        last = rrule(
            YEARLY, bymonth=month, byweekday=SU(-1), dtstart=datetime(1997, 1, 1, 3), until=datetime(2038, 1, 1)
        )
        return ",".join(f"{day:%Y%m%dT%H%M%S}" for day in last)

    before = zone(
        VIENNA,
        f"S 19961027T030000 +0200 +0100 RDATE:{sundays(10)}",
        f"D 19960331T030000 +0100 +0200 RDATE:{sundays(3)}",
    )
    found = read(before, at(VIENNA, "20260903T100000", "RRULE:FREQ=WEEKLY"))
    assert [one.timezone for one in found.events] == [VIENNA]
    assert said(happening(found.events[0], date(2060, 7, 10))[-1]) == "2060-07-08 08:00Z"


MASTER = at(VIENNA, "20260907T100000", "RRULE:FREQ=WEEKLY;COUNT=3", "LOCATION:Room A", "DESCRIPTION:Standing agenda")


def test_a_changed_date_keeps_its_place_text_status_and_title() -> None:
    change = vevent(
        "RECURRENCE-ID;TZID=Europe/Vienna:20260914T100000", "DTSTART;TZID=Europe/Vienna:20260914T100000",
        "DTEND;TZID=Europe/Vienna:20260914T110000", "LOCATION:Room B\\, Geneva", "DESCRIPTION:Bring your badge",
        "STATUS:TENTATIVE",
    ).replace("SUMMARY:weekly", "SUMMARY:Away day")  # fmt: skip
    (event,) = read(MASTER, change).events
    assert [(one.title, one.place, one.own_description, one.status.value) for one in happening(event)] == [
        ("weekly", "Room A", "", "confirmed"),
        ("Away day", "Room B, Geneva", "Bring your badge", "tentative"),
        ("weekly", "Room A", "", "confirmed"),
    ]


def test_a_changed_date_that_says_the_same_says_nothing_of_its_own() -> None:
    change = MASTER.replace("RRULE:FREQ=WEEKLY;COUNT=3", "RECURRENCE-ID;TZID=Europe/Vienna:20260907T100000")
    (event,) = read(MASTER, change).events
    assert {(one.own_venue, one.own_description, one.own_status) for one in happening(event)} == {("", "", None)}


def test_dates_without_their_series_are_events_of_their_own() -> None:
    found = read(
        vevent("RECURRENCE-ID:20260915T080000Z", "DTSTART:20260915T090000Z", "DTEND:20260915T100000Z"),
        vevent("RECURRENCE-ID;TZID=Europe/Vienna:20260922T100000", "DTSTART:20260922T090000Z", "SEQUENCE:1"),
        vevent("RECURRENCE-ID;TZID=Europe/Vienna:20260922T100000", "DTSTART:20260922T110000Z", "SEQUENCE:2"),
        vevent("RECURRENCE-ID:20260929T080000Z", "DTSTART:20260929T090000Z", "STATUS:CANCELLED"),
    )
    assert [(one.uid, said(happening(one)[0])) for one in found.events] == [
        ("a-20260915T080000Z@x", "2026-09-15 09:00Z"),
        ("a-20260922T080000Z@x", "2026-09-22 11:00Z"),
    ]
    assert all("one date" in " ".join(one.notes) for one in found.events)
    again = vevent("RECURRENCE-ID;TZID=Europe/Vienna:20260929T100000", "DTSTART:20260929T090000Z")
    twice = read(again, again.replace(";TZID=Europe/Vienna:20260929T10", ":20260929T08").replace("0000\nD", "0000Z\nD"))
    assert [one.uid for one in twice.events] == ["a-20260929T080000Z@x"]
    assert "more than once" in twice.skipped[0][1]
    unknown = read(again.replace("Europe/Vienna", "Mars/Base"))
    assert [one.uid for one in unknown.events] == ["a-20260929T100000@x"]
    assert [reason for _title, reason in found.skipped] == [
        "It cancels one date of a repeated event that the file does not hold."
    ]


def test_this_and_all_that_follow_refuses_the_series() -> None:
    later = at(VIENNA, "20260914T150000", "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Vienna:20260914T100000")
    found = read(MASTER, later, vevent("DTSTART:20260915T090000Z", uid="b@x"))
    assert [one.uid for one in found.events] == ["b@x"]
    assert "all that follow" in found.skipped[0][1]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (vevent("DTSTART:20260914T090000Z", "DURATION:PT1H",
                "RDATE;VALUE=PERIOD:20260921T090000Z/PT2H"), "another length"),
        (vevent("DTSTART:20260914T090000Z", "RRULE:FREQ=WEEKLY", "RDATE:20260916T090000Z"), "Split it in two"),
        (at("Office zone", "20260914T090000"), "the file does not describe it"),
        (zone("Office zone", "S rubbish +0100 +0100") + at("Office zone", "20260914T090000"), "cannot be read"),
        (at('"(UTC+01:00) Office"', "20260914T090000"), "the file does not describe it"),
        (days("20260914", "20260915", "RRULE:FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2"), "never takes place"),
    ],
)  # fmt: skip
def test_what_is_left_out_has_a_reason_that_is_true(event: str, reason: str) -> None:
    found = read(event)
    assert found.events == []
    assert reason in found.skipped[0][1]


FOLDED = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260915T080000Z\r\nSUMMARY:Besprechung für\r\n"
    "LOCATION:Café, Zürich\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nDTSTART:20260916T080000Z\r\n"
    "SUMMARY:Übersicht …\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
).encode()


@pytest.mark.parametrize("letter", ["ü", "é", "Ü", "…"])
@pytest.mark.parametrize("fold", [b"\r\n ", b"\n\t", b"\r\r\n "])
def test_a_fold_within_a_letter_is_joined_first(letter: str, fold: bytes) -> None:
    place = FOLDED.index(letter.encode()) + 1
    found = read_ics(FOLDED[:place] + fold + FOLDED[place:], VIENNA)
    assert [(one.title, one.venue) for one in found.events] == [
        ("Besprechung für", "Café, Zürich"),
        ("Übersicht …", ""),
    ]


def test_a_damaged_letter_harms_its_own_line_only() -> None:
    found = read_ics(FOLDED.replace("…".encode(), "…".encode()[:2]), VIENNA)
    assert [one.title[:9] for one in found.events] == ["Besprechu", "Übersicht"]
    assert found.events[0].venue == "Café, Zürich"
    old = read_ics(FOLDED.replace("Café, Zürich".encode(), "Café, Zürich".encode("cp1252")), VIENNA)
    assert [one.venue for one in old.events] == ["Café, Zürich", ""]
    assert [one.title for one in old.events] == ["Besprechung für", "Übersicht …"]


@pytest.mark.parametrize(("mark", "word"), [("PRIVATE", "private"), ("CONFIDENTIAL", "confidential")])
def test_what_is_marked_private_says_so(mark: str, word: str) -> None:
    (found,) = read(vevent("DTSTART:20260915T080000Z", f"CLASS:{mark}")).events
    assert found.marked == word
    assert word in found.notes[0]


def test_a_missing_uid_is_made_from_the_content() -> None:
    parts = [vevent(f"DTSTART:2026091{day}T080000Z").replace("UID:a@x\n", "") for day in (5, 6)]
    found = read(*parts)
    assert len({one.uid for one in found.events}) == 2
    assert read(*parts) == found
    assert all("no UID" in one.notes[0] for one in found.events)


def test_what_has_no_end_is_told_and_what_follows_is_read() -> None:
    good = vevent("DTSTART:20260915T080000Z", uid="good@x")
    task = read("BEGIN:VTODO\nUID:t\nEND:VTOOD\n", good)
    assert ([one.uid for one in task.events], task.skipped[0][0]) == (["good@x"], "a task")
    event = read(vevent("DTSTART:20260914T080000Z").replace("END:VEVENT\n", ""), good)
    assert [(one.uid, bool(one.notes)) for one in event.events] == [("a@x", True), ("good@x", False)]
    last = read(good, vevent("DTSTART:20260914T080000Z").replace("END:VEVENT\n", "BEGIN:VALARM\n"))
    assert [(one.uid, bool(one.notes)) for one in last.events] == [("good@x", False), ("a@x", True)]


def test_what_stands_outside_the_calendar_is_told() -> None:
    good = vevent("DTSTART:20260915T080000Z", uid="good@x")
    found = read(good, "END:VCALENDAR\n" + vevent("DTSTART:20260916T080000Z"))
    assert [one.uid for one in found.events] == ["good@x"]
    assert found.skipped[0][0] == "weekly"
    assert "outside the calendar" in found.skipped[0][1]
