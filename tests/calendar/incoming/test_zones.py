"""Time zones of .ics files: a file's own VTIMEZONE counts for that file alone, and is believed or refused in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from interagency.calendar.incoming.reading import IcsEvent, read_ics

VIENNA = "Europe/Vienna"


def zone(tzid: str, *parts: tuple[str, str, str, str, str]) -> str:
    """A VTIMEZONE: for each part its kind, onset, rule, offset before and after."""
    blocks = "".join(
        f"BEGIN:{kind}\nDTSTART:{onset}\n" + (f"RRULE:{rule}\n" if rule else "") +
        f"TZOFFSETFROM:{before}\nTZOFFSETTO:{after}\nEND:{kind}\n"
        for kind, onset, rule, before, after in parts
    )  # fmt: skip
    return f"BEGIN:VTIMEZONE\nTZID:{tzid}\n{blocks}END:VTIMEZONE\n"


def fixed(tzid: str, offset: str) -> str:
    return zone(tzid, ("STANDARD", "16010101T000000", "", offset, offset))


def european(tzid: str, standard: str, daylight: str) -> str:
    return zone(
        tzid,
        ("STANDARD", "16011028T030000", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", daylight, standard),
        ("DAYLIGHT", "16010325T020000", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", standard, daylight),
    )


def event(tzid: str, start: str = "20260701T120000", **more: str) -> str:
    rest = "".join(f"{name.replace('_', '-')}:{value}\n" for name, value in more.items())
    return f"BEGIN:VEVENT\nUID:a@x\nSUMMARY:A meeting\nDTSTART;TZID={tzid}:{start}\nDURATION:PT1H\n{rest}END:VEVENT\n"


def file(*parts: str) -> bytes:
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{''.join(parts)}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def begins(found: IcsEvent) -> datetime:
    """When an event begins, in UTC."""
    day, _last, hour, _end = found.segments[0]
    assert day and hour and found.timezone
    local = datetime.combine(date.fromisoformat(day), time.fromisoformat(hour), ZoneInfo(found.timezone))
    return local.astimezone(UTC)


def utc(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 7, 1, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize("tzid", ["Customized Time Zone", "(UTC+01:00) Office", "Meeting zone"])
def test_a_file_read_earlier_changes_nothing_in_the_next(tzid: str) -> None:
    offsets = {"+0500": utc(7), "-0300": utc(15), "+0545": utc(6, 15)}
    for offset, meant in [*offsets.items(), *reversed(offsets.items())]:
        (found,) = read_ics(file(fixed(tzid, offset), event(tzid)), VIENNA).events
        assert begins(found) == meant, offset


def test_two_calendars_in_one_file_keep_their_own_zones() -> None:
    first = file(fixed("Office", "+0500"), event("Office"))
    second = file(fixed("Office", "-0300"), event("Office").replace("a@x", "b@x"))
    assert [begins(one) for one in read_ics(first + second, VIENNA).events] == [utc(7), utc(15)]


def test_a_zone_described_after_the_event_counts_too() -> None:
    (found,) = read_ics(file(event("Office"), fixed("Office", "+0500")), VIENNA).events
    assert begins(found) == utc(7)


@pytest.mark.parametrize("tzid", ["Europe/Vienna", "W. Europe Standard Time", "/example.org/2026/Europe/Vienna"])
def test_one_time_in_a_zone_that_lies_is_taken_by_the_files_own_offsets(tzid: str) -> None:
    always = zone(tzid, ("STANDARD", "16010101T000000", "FREQ=YEARLY;INTERVAL=1;BYMONTH=1", "+0500", "+0500"))
    (found,) = read_ics(file(always, event(tzid)), VIENNA).events
    assert begins(found) == utc(7)
    assert any("own offsets" in note for note in found.notes)


def test_a_repetition_in_a_zone_that_lies_finds_a_zone_that_fits() -> None:
    (found,) = read_ics(
        file(european(VIENNA, "-0500", "-0400"), event(VIENNA, RRULE="FREQ=WEEKLY;COUNT=3")), VIENNA
    ).events
    assert begins(found) == utc(16)


def test_a_repetition_that_no_zone_fits_is_refused_in_words() -> None:
    body = file(european(VIENNA, "+0017", "+0117"), event(VIENNA, RRULE="FREQ=MONTHLY;COUNT=12"))
    found = read_ics(body, VIENNA)
    assert found.events == []
    assert "clocks" in found.skipped[0][1]


def test_a_time_that_the_clocks_skip_is_refused_with_and_without_a_description() -> None:
    for before in ("", european(VIENNA, "+0100", "+0200")):
        found = read_ics(file(before, event(VIENNA, "20260329T023000")), VIENNA)
        assert "skip" in found.skipped[0][1]


def test_a_repetition_that_meets_a_skipped_hour_on_its_way_is_kept() -> None:
    body = file(european(VIENNA, "+0100", "+0200"), event(VIENNA, "20260320T023000", RRULE="FREQ=DAILY;COUNT=20"))
    (found,) = read_ics(body, VIENNA).events
    assert found.timezone == VIENNA


def test_outlooks_names_with_its_own_rules_are_the_zone_of_that_name() -> None:
    tzid = "W. Europe Standard Time"
    body = file(european(tzid, "+0100", "+0200"), event(tzid, RRULE="FREQ=MONTHLY;COUNT=12"))
    (found,) = read_ics(body, VIENNA).events
    assert found.timezone == "Europe/Berlin"
    assert begins(found) == utc(10)


@pytest.mark.parametrize("tzid", ["Customized Time Zone", "Mars/Base", ""])
def test_a_zone_that_nobody_describes_is_refused_in_words(tzid: str) -> None:
    found = read_ics(file(event(tzid)), VIENNA)
    assert found.events == [] or found.events[0].notes
    assert tzid == "" or "not known" in found.skipped[0][1]


def test_the_end_is_read_in_its_own_zone() -> None:
    body = file(
        fixed("Here", "+0500"),
        fixed("There", "-0300"),
        "BEGIN:VEVENT\nUID:a@x\nDTSTART;TZID=Here:20260701T120000\nDTEND;TZID=There:20260701T050000\nEND:VEVENT\n",
    )
    (found,) = read_ics(body, VIENNA).events
    first, last, start, end = found.segments[0]
    assert begins(found) == utc(7)
    assert first == last
    assert time.fromisoformat(str(end)).hour - time.fromisoformat(str(start)).hour == 1


@pytest.mark.parametrize("parts", ["", "BEGIN:STANDARD\nDTSTART:rubbish\nEND:STANDARD\n"])
def test_an_empty_or_broken_description_of_a_known_zone_does_no_harm(parts: str) -> None:
    body = file(f"BEGIN:VTIMEZONE\nTZID:{VIENNA}\n{parts}END:VTIMEZONE\n", event(VIENNA))
    (found,) = read_ics(body, VIENNA).events
    assert (found.timezone, begins(found)) == (VIENNA, utc(10))
