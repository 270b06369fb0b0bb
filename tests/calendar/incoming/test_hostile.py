"""Files that are damaged, absurd or meant to harm: a reason in words, never an exception, never without end.

INTERAGENCY_TEST_FUZZ=20000 makes the generated files as many; without it there are a hundred.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interagency.calendar.events.models import Event, EventKind, EventStatus
from interagency.calendar.events.occurrences import occurrences
from interagency.calendar.events.record import apply_draft
from interagency.calendar.feeds import building as feed_module
from interagency.calendar.feeds.building import calendar_bytes
from interagency.calendar.feeds.publishing import feed_events
from interagency.calendar.incoming.drafts import onto
from interagency.calendar.incoming.lines import MAX_WORK
from interagency.calendar.incoming.reading import CalendarNotRead, ReadCalendar, read_ics
from interagency.text.folding import clean
from tests.helpers import event_draft

VIENNA = "Europe/Vienna"
EXAMPLES = int(os.environ.get("INTERAGENCY_TEST_FUZZ", "100"))


def file(*events: str, before: str = "") -> bytes:
    blocks = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{before}{blocks}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def stored(found: ReadCalendar) -> list[Event]:
    """The events as records that are in no database."""
    events = []
    for one in found.events:
        event = Event(id=len(events) + 1, uid=one.uid, sequence=0, updated_at=datetime(2026, 1, 1, tzinfo=UTC))
        event.created_at = event.updated_at
        apply_draft(event, onto(event_draft("", EventKind.WORKSHOP, EventStatus.CONFIRMED, []), one, None))
        events.append(event)
    return events


def check_whole_way(body: bytes) -> ReadCalendar | None:
    """Read a file and hold what is promised of any file; None when it was refused as a whole."""
    try:
        found = read_ics(body, VIENNA)
    except CalendarNotRead as problem:
        assert str(problem)[0].isupper()
        assert str(problem).endswith(".")
        return None
    for title, reason in found.skipped:
        assert title
        assert reason[0].isupper(), reason
        assert reason.endswith("."), reason
    assert len({one.uid for one in found.events}) == len(found.events)
    events = stored(found)
    for event in events:
        assert event.title == clean(event.title, lines=False)
        assert event.segments
        for year in (1999, 2026, 2150):
            for happening in occurrences(event, date(year, 1, 1), date(year, 2, 28)):
                assert happening.last >= happening.first
    entries = feed_events(events, "http://localhost")
    sent = calendar_bytes("x", "http://localhost", entries)
    assert len(entries) >= len(events)
    assert sent.count(b"BEGIN:VEVENT") >= len(entries), "an event was left out of the feed"
    again = read_ics(sent, VIENNA)
    assert again.skipped == []
    assert read_ics(body, VIENNA) == found
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What passed the reading can be written: the net below the feed is not needed."""

    def fail(*_args: Any) -> None:
        raise AssertionError("an event that was taken in could not be written")

    monkeypatch.setattr(feed_module.log, "exception", fail)
    return


TIMED = "UID:a@x\nSUMMARY:x\nDTSTART:20261012T100000Z\n"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (TIMED + "RRULE:FREQ=DAILY;INTERVAL=0", "every so many"),
        (TIMED + "RRULE:FREQ=MONTHLY;BYDAY=9MO", "no calendar has"),
        (TIMED + "RRULE:FREQ=DAILY;COUNT=1000000000", "more than 10,000"),
        (TIMED + "RRULE:FREQ=DAILY;BYSETPOS=1", "do not agree"),
        (TIMED + "RRULE:FREQ=SECONDLY", "daily, weekly"),
        (TIMED + "RRULE:FREQ=DAILY;BYMINUTE=0,1,2", "oftener"),
        (TIMED + "RRULE:FREQ=DAILY;UNTIL=20261011T100000Z", "never"),
        (TIMED + "RRULE:FREQ=DAILY;UNTIL=rubbish", "cannot be read"),
        (TIMED + "RRULE:rubbish", "cannot be read"),
        (TIMED + "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "more than one rule"),
        (TIMED + "RRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY", "second rule"),
        (TIMED + "RRULE:FREQ=DAILY\nRDATE:20270101T100000Z", "Split it in two"),
        (TIMED + "RDATE;VALUE=PERIOD:20270101T100000Z/PT1H", "periods"),
        (TIMED + "RDATE:" + ",".join(["20270101T100000Z"] * 6000), "single dates"),
        (TIMED + "RDATE:99991231T235959Z", "out of range"),
        ("UID:a@x\nDTSTART:20261012T100000\nRDATE:20260329T023000", "skip 02:30 on 2026-03-29"),
        (TIMED + "RRULE:FREQ=DAILY\nEXDATE:" + ",".join(["20270101T100000Z"] * 6000), "single dates"),
        (TIMED + "DURATION:-PT1H", "before it begins"),
        (TIMED + "DURATION:P999999W", ""),
        (TIMED + "DURATION:P99999999999999D", "cannot be read"),
        (TIMED + "DURATION:P4000D", "ten years"),
        (TIMED + "DTEND:20261013", "other way round"),
        (TIMED + "DTEND:00010101T000000Z", "before it begins"),
        ("UID:a@x\nDTSTART;VALUE=DATE:20261012\nDTEND;VALUE=DATE:20261001", "before it begins"),
        ("UID:a@x\nDTSTART;VALUE=DATE:20261012\nDURATION:-P3D", "before it begins"),
        ("UID:a@x\nDTSTART;VALUE=DATE:00010101", "out of range"),
        ("UID:a@x\nDTSTART;TZID=America/New_York:00010101T000000", "out of range"),
        ("UID:a@x\nDTSTART;TZID=Pacific/Apia:99991231T235959", "out of range"),
        ("UID:a@x\nDTSTART:99991231T235959Z\nDURATION:P1D", "out of range"),
        ("UID:a@x\nDTSTART:20261399T100000Z", "not a date"),
        ("UID:a@x\nDTSTART:２０２６1012", "not a date"),
        ("UID:", "no beginning"),
    ],
)  # fmt: skip
def test_what_is_absurd_is_left_out_with_a_reason(event: str, reason: str) -> None:
    found = check_whole_way(file(event, "UID:good@x\nDTSTART:20261012"))
    assert found is not None
    assert [one.uid for one in found.events] == ["good@x"]
    assert reason in found.skipped[0][1]


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        (TIMED + "RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z", "FREQ=WEEKLY"),
        (TIMED + "RRULE:FREQ=DAILY;BYHOUR=10;BYMINUTE=0;BYSECOND=0;COUNT=3", "FREQ=DAILY;COUNT=3"),
        (TIMED + "RRULE:FREQ=DAILY;UNTIL=20261020", "FREQ=DAILY;UNTIL=20261020T235959"),
        ("UID:a@x\nDTSTART:20261012\nRRULE:FREQ=DAILY;UNTIL=20261020T235959Z", "FREQ=DAILY;UNTIL=20261020"),
    ],
)
def test_what_exporters_write_loosely_is_understood(event: str, rule: str) -> None:
    found = check_whole_way(file(event))
    assert found is not None
    assert found.events[0].rrule == rule


def test_dates_left_out_are_known_also_when_they_are_of_another_type() -> None:
    events = [
        TIMED + "RRULE:FREQ=DAILY;COUNT=5\nEXDATE;VALUE=DATE:20261013\nEXDATE;TZID=Europe/Vienna:20261014T120000",
        "UID:b@x\nDTSTART:20261012\nRRULE:FREQ=DAILY;COUNT=5\nEXDATE:20261013T000000Z,20261014",
    ]
    found = check_whole_way(file(*events))
    assert found is not None
    assert [[one[0][:10] for one in event.exceptions] for event in found.events] == [["2026-10-13", "2026-10-14"]] * 2


@pytest.mark.slow
def test_the_work_for_one_file_is_bounded() -> None:
    many = [f"UID:{n}@x\nDTSTART:19000101\nRRULE:FREQ=DAILY;COUNT=9000" for n in range(130)]
    found = read_ics(file(*many), VIENNA)
    assert len(found.events) <= MAX_WORK // 9_000
    assert "Send it in parts" in found.skipped[-1][1]


LONG = "UID:a@x\nDTSTART:20261012\n"


@pytest.mark.parametrize(
    "body",
    [
        file(*["UID:a"] * 10_000),
        file(LONG + "DESCRIPTION:" + "x" * 5_000_000),
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:X-DEEP\r\n" * 100_000,
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + b"BEGIN:VALARM\r\n" * 1_000,
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261012\r\n",
        file(LONG)[:-30],
        b"\xff\xfe" + b"\x00" * 1001,
    ],
)
def test_a_whole_file_that_is_absurd_is_refused_in_words(body: bytes) -> None:
    assert check_whole_way(body) is None


@pytest.mark.parametrize(
    "body",
    [
        file(LONG + "DESCRIPTION:" + "\n ".join(["x" * 70] * 60_000)),
        file(LONG + "SUMMARY:a\x00b\x07c"),
        file(LONG + "SUMMARY:no fold\nhere and on"),
        file(LONG + "X;=:;:;\n:::\n;\n=\nDTEND"),
        file(LONG + "BEGIN:VALARM\nDTSTART:rubbish\nUID:z\nEND:VALARM"),
        file(LONG).replace(b"\r\n", b"\r"),
        file(LONG).replace(b"\r\n", b"\n\n\n"),
        b"\xef\xbb\xbf" + file(LONG),
        file(LONG + "SUMMARY:Caf\u00e9").decode().encode("utf-16"),
        file(LONG + "SUMMARY:Caf\u00e9 \u201cx\u201d").decode().encode("cp1252"),
        file(
            LONG, before="BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nRRULE:FREQ=SECONDLY\nEND:STANDARD\nEND:VTIMEZONE\n"
        ),
        file(LONG + "UID:other@x\nDTSTART:20270101"),
        b"   " + file(LONG) + b"trailing rubbish\r\n" + file("UID:b@x\nDTSTART:20261012"),
    ],
)
def test_what_is_damaged_beside_the_event_does_no_harm(body: bytes) -> None:
    found = check_whole_way(body)
    assert found is not None
    assert found.events[0].uid == "a@x"
    assert found.skipped == []


def test_letters_of_each_charset_are_read() -> None:
    for charset in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        body = file(LONG + "SUMMARY:Caf\u00e9 \u201cx\u201d").decode().encode(charset)
        assert read_ics(body, VIENNA).events[0].title == "Café “x”"


# --- Generated files ---

MOMENTS = [
    "20261012", "20261012T100000", "20261012T100000Z", "20261025T023000", "20260329T023000", "00010101T000000",
    "99991231T235959Z", "19000101", "21991231T235959", "20261012T1000", "20260229", "", "T", "rubbish",
    "20261012T240000", "20161231T235960Z", "20271012T100000Z", "20261013", "20261019T100000",
]  # fmt: skip
ZONES = [
    "", ";TZID=Europe/Vienna", ";TZID=W. Europe Standard Time", ";TZID=Own", ';TZID="(UTC+01:00) Own"',
    ";TZID=/x.org/America/New_York", ";TZID=Mars", ";VALUE=DATE", ";VALUE=PERIOD", ";TZID=", ";TZID=UTC",
]  # fmt: skip
RULES = [
    "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;BYDAY=2MO", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=YEARLY",
    "FREQ=YEARLY;BYMONTH=10;BYDAY=2MO", "FREQ=DAILY;INTERVAL=0", "FREQ=MONTHLY;BYDAY=9MO", "FREQ=SECONDLY",
    "FREQ=YEARLY;BYWEEKNO=53", "FREQ=YEARLY;BYYEARDAY=366", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1",
    "FREQ=DAILY;COUNT=1", "FREQ=WEEKLY;WKST=SU;INTERVAL=2", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=DAILY;BYHOUR=10",
    "COUNT=4", "",
]  # fmt: skip
ENDS = [
    "", "", ";COUNT=3", ";COUNT=0", ";COUNT=1000000000", ";UNTIL=20270101", ";UNTIL=20270101T000000Z",
    ";UNTIL=99991231", ";UNTIL=20200101T000000Z", ";COUNT=3;UNTIL=20270101", ";X=1", ";",
]  # fmt: skip
LENGTHS = ["PT1H", "P1D", "P1DT12H", "-PT1H", "P9999W", "P99999999999D", "PT", "", "P0D", "PT0S"]
OFFSETS = ["+0100", "+0200", "-0330", "+1400", "-1200", "+9999", "0100", "", "+005328"]
TEXTS = ["SUMMARY", "DESCRIPTION", "LOCATION", "CATEGORIES", "URL", "CONFERENCE", "X-Y", "UID", "RELATED-TO"]
LOOSE = ["BEGIN:VALARM", "END:VALARM", "BEGIN:VEVENT", "END:VEVENT", "END:VCALENDAR", "RANGE", ":", ";"]
ONSETS = [
    "",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\n",
    "RRULE:FREQ=YEARLY;BYMONTH=13\n",
    "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\n",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU;UNTIL=20300101T000000Z\n",
]
DAMAGE = ["", "\n", "\n ", "\r", "\x00", ":", ";", ",", '"', "\\", "-", "9", "é"]
WORDS = st.text(st.characters(codec="utf-8"), max_size=30)


@st.composite
def dated(draw: Any, name: str) -> str:
    moments = draw(st.lists(st.sampled_from(MOMENTS), min_size=1, max_size=3 if name in ("RDATE", "EXDATE") else 1))
    return f"{name}{draw(st.sampled_from(ZONES))}:{','.join(moments)}"


@st.composite
def vevents(draw: Any) -> str:
    lines = [f"UID:{draw(st.sampled_from(['a@x', 'b@x', 'b-2@x', 'c', '', 'x' * 300]))}"]
    usual = st.sampled_from(["DTSTART:20261012T100000Z", "DTSTART;TZID=Own:20261012T100000", "DTSTART:20261012"])
    lines.append(draw(st.one_of(usual, usual, dated("DTSTART"))))
    choices = [
        dated("DTEND"), dated("EXDATE"), dated("RDATE"), dated("RECURRENCE-ID"), dated("DTSTAMP"),
        dated("LAST-MODIFIED"),
        st.sampled_from(LENGTHS).map(lambda length: f"DURATION:{length}"),
        st.builds(lambda rule, end: f"RRULE:{rule}{end}", st.sampled_from(RULES), st.sampled_from(ENDS)),
        st.sampled_from(["1", "-1", "x", "99999999999"]).map(lambda number: f"SEQUENCE:{number}"),
        st.sampled_from(["CANCELLED", "TENTATIVE", "x"]).map(lambda status: f"STATUS:{status}"),
        st.builds(lambda name, text: f"{name}:{text}", st.sampled_from(TEXTS), WORDS),
        st.sampled_from(LOOSE),
    ]  # fmt: skip
    lines += draw(st.lists(st.one_of(*choices), max_size=6))
    return "BEGIN:VEVENT\n" + "\n".join(lines) + "\nEND:VEVENT\n"


@st.composite
def vtimezones(draw: Any) -> str:
    parts = ""
    for kind in draw(st.lists(st.sampled_from(["STANDARD", "DAYLIGHT"]), max_size=3)):
        rule = draw(st.sampled_from(ONSETS))
        onset = draw(
            st.sampled_from(["16010101T030000", "20200101T000000", "20250330T020000", "rubbish", "99991231T000000"])
        )
        before, after = draw(st.sampled_from(OFFSETS)), draw(st.sampled_from(OFFSETS))
        parts += f"BEGIN:{kind}\nDTSTART:{onset}\n{rule}TZOFFSETFROM:{before}\nTZOFFSETTO:{after}\nEND:{kind}\n"
    tzid = draw(st.sampled_from(["Own", "Europe/Vienna", "W. Europe Standard Time", "(UTC+01:00) Own", "UTC", ""]))
    return f"BEGIN:VTIMEZONE\nTZID:{tzid}\n{parts}END:VTIMEZONE\n"


@st.composite
def files(draw: Any) -> bytes:
    """A calendar with a grammar, then damaged here and there."""
    parts = draw(st.lists(st.one_of(vevents(), vevents(), vtimezones()), max_size=6))
    method = draw(st.sampled_from(["", "", "METHOD:CANCEL\n", "METHOD:REPLY\n", "METHOD:PUBLISH\n"]))
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{method}{''.join(parts)}END:VCALENDAR\n"
    for _time in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from(DAMAGE)) + text[place + draw(st.integers(0, 4)) :]
    return text.replace("\n", draw(st.sampled_from(["\r\n", "\n"]))).encode(
        draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "cp1252"])), "replace"
    )


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(files())
def test_no_generated_file_breaks_anything(body: bytes) -> None:
    check_whole_way(body)


@settings(max_examples=max(50, EXAMPLES // 10), deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_anything(noise: bytes) -> None:
    check_whole_way(noise)
    check_whole_way(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + noise + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


@pytest.mark.slow
def test_the_generator_makes_files_that_are_taken() -> None:
    """The promise above is not kept by refusing everything."""
    taken = 0

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(files())
    def count(body: bytes) -> None:
        nonlocal taken
        try:
            taken += len(read_ics(body, VIENNA).events)
        except CalendarNotRead:
            return

    count()
    assert taken > 20
