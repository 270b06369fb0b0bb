"""The feed read by readers that did not write it: vobject, ical, and khal after vdirsyncer fetched it over HTTP.

Each must show the occurrences that the clock of the place gives, computed here from zoneinfo alone.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from ical.calendar_stream import IcsCalendarStream
from werkzeug.serving import make_server

from interagency.calendar.feeds.building import FeedEvent, FeedOverride, calendar_bytes
from tests.calendar.vobject_reader import read_by_vobject
from tests.helpers import EVENT, Browser

STAMP = datetime(2026, 1, 5, 9, tzinfo=UTC)
ZONES = [
    "Europe/Vienna",
    "America/New_York",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",
]
TITLES = [
    "مكافحة المخدرات",
    "麻醉药品委员会",
    "Комиссия по наркотическим средствам",
    "🎉 Launch",
    "x" * 300,
    "a, b; c \\ d",
]
Happening = tuple[str, datetime, datetime]


def event(number: int, **more: Any) -> FeedEvent:
    values: dict[str, Any] = {
        "uid": f"{number}@interagency",
        "sequence": 0,
        "stamp": STAMP,
        "created": STAMP,
        "title": TITLES[number % len(TITLES)],
        "status": "confirmed",
        "url": f"https://example.org/events/{number}?a=b,c;d",
        "links": (("Meeting", "https://example.org/meet/1,2;3"), ("Paper", "https://example.org/paper")),
    }
    return FeedEvent(**values | more)


def world() -> tuple[list[FeedEvent], list[Happening]]:
    """Events over years in many zones, and when they happen by the clocks of those places, in UTC."""
    events, meant = [], []

    def note(title: str, start: datetime, end: datetime, zone: str) -> None:
        place = ZoneInfo(zone)
        meant.append((title, start.replace(tzinfo=place).astimezone(UTC), end.replace(tzinfo=place).astimezone(UTC)))

    for number, zone in enumerate(ZONES):
        first = datetime(2026, 1, 6, 15)
        weekly = event(
            number,
            start=first,
            end=first + timedelta(hours=1),
            tzid=zone,
            rrule="FREQ=WEEKLY;INTERVAL=4;COUNT=40",
            overrides=(
                FeedOverride(
                    first + timedelta(weeks=4), first + timedelta(weeks=5), first + timedelta(weeks=5, hours=2), "Moved"
                ),
            ),
        )
        events.append(weekly)
        for count in range(40):
            start = first + timedelta(weeks=4 * count)
            if count == 1:
                note("Moved", first + timedelta(weeks=5), first + timedelta(weeks=5, hours=2), zone)
            else:
                note(weekly.title, start, start + timedelta(hours=1), zone)
    late = datetime(2026, 10, 25, 23, 30)  # the last Sunday of October
    events.append(event(10, start=late, end=late + timedelta(minutes=20), tzid="Europe/Vienna"))
    note(events[-1].title, late, late + timedelta(minutes=20), "Europe/Vienna")
    switch = datetime(2026, 11, 1, 9)
    events.append(event(11, start=switch, end=switch + timedelta(hours=2), tzid="America/New_York"))
    note(events[-1].title, switch, switch + timedelta(hours=2), "America/New_York")
    return events, sorted(meant)


def plain(value: datetime) -> datetime:
    return value.astimezone(UTC)


def test_vobject_sees_every_occurrence() -> None:
    events, meant = world()
    calendar = read_by_vobject(calendar_bytes("All", "http://localhost/x.ics", events))
    found: list[Happening] = []
    moved = {one.recurrence_id.value.astimezone(UTC) for one in calendar.vevent_list if hasattr(one, "recurrence_id")}
    for one in calendar.vevent_list:
        start, end = one.dtstart.value, one.dtend.value
        if hasattr(one, "recurrence_id") or not hasattr(one, "rrule"):
            found.append((one.summary.value, plain(start), plain(end)))
            continue
        length = end - start
        for begins in one.getrruleset(addRDate=False):
            local = begins.replace(tzinfo=start.tzinfo)
            if plain(local) in moved:
                continue
            found.append((one.summary.value, plain(local), plain(local + length)))
    assert sorted(found) == meant


def test_ical_sees_every_occurrence() -> None:
    events, meant = world()
    calendar = IcsCalendarStream.calendar_from_ics(calendar_bytes("All", "http://localhost/x.ics", events).decode())
    found = [
        (str(one.summary), plain(one.start_datetime), plain(one.end_datetime))
        for one in calendar.timeline_tz(ZoneInfo("UTC")).included(
            datetime(2025, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)
        )
    ]
    assert sorted(found) == meant


def test_whole_days_are_days_to_each_reader() -> None:
    body = calendar_bytes("All", "http://localhost/x.ics", [event(0, start=date(2026, 9, 26), end=date(2026, 9, 29))])
    read = read_by_vobject(body).vevent
    assert (read.dtstart.value, read.dtend.value) == (date(2026, 9, 26), date(2026, 9, 30))
    (other,) = IcsCalendarStream.calendar_from_ics(body.decode()).events
    assert (other.dtstart, other.dtend) == (date(2026, 9, 26), date(2026, 9, 30))


# --- A real subscriber ---


@pytest.fixture
def served(sqlite_app: Flask) -> Iterator[tuple[Flask, str]]:
    server = make_server("127.0.0.1", 0, sqlite_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield sqlite_app, f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Khal:
    """khal and vdirsyncer with a home of their own."""

    def __init__(self, home: Path, address: str) -> None:
        self.home = home
        (home / "cal").mkdir()
        (home / "vdirsyncer.conf").write_text(
            f'[general]\nstatus_path = "{home}/status/"\n[pair feed]\na = "near"\nb = "far"\ncollections = null\n'
            f'conflict_resolution = "b wins"\npartial_sync = "revert"\n'
            f'[storage near]\ntype = "filesystem"\npath = "{home}/cal"\nfileext = ".ics"\n'
            f'[storage far]\ntype = "http"\nurl = "{address}"\n'
        )
        (home / "khal.conf").write_text(
            f"[calendars]\n[[feed]]\npath = {home}/cal\nreadonly = True\n[locale]\nlocal_timezone = Europe/Vienna\n"
            "default_timezone = Europe/Vienna\ntimeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
            f"datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n[sqlite]\npath = {home}/khal.db\n"
        )

    def run(self, *command: str) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=60, check=False, cwd=self.home
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def look(self) -> list[str]:
        """What stands in the calendar after a fetch: a line each occurrence of the months around the tests."""
        configuration = str(self.home / "vdirsyncer.conf")
        self.run("vdirsyncer", "-c", configuration, "discover", "feed")
        self.run("vdirsyncer", "-c", configuration, "sync")
        listed = self.run(
            "khal", "-c", str(self.home / "khal.conf"), "list", "--format", "{start}|{end}|{title}|{status}",
            "--day-format", "", "2026-10-01", "2027-02-01",
        )  # fmt: skip
        return sorted(dict.fromkeys(line.strip() for line in listed.splitlines() if line.strip()))


@pytest.mark.khal
def test_a_subscriber_sees_moves_cancellations_and_new_names(served: tuple[Flask, str], tmp_path: Path) -> None:
    app, base = served
    who = Browser(app.test_client())
    who.sign_in("who@example.org")
    call = EVENT | {
        "title": "Team call",
        "segments": "20 October 2026, 15:00-16:00",
        "segments_read": "20 October 2026, 15:00–16:00",
        "timezone": "Europe/Vienna",
        "repeats": "weekday",
        "repeat_count": "3",
    }
    event_id = int(who.send("/events/new", call).location.split("/")[2].split("?")[0])
    page = who.send("/subscriptions", {"name": "Mine"}).text
    path = page.split('id="https"')[1].split('value="')[1].split('"')[0].split("/feeds/")[1]
    khal = Khal(tmp_path, f"{base}/feeds/{path}")
    assert khal.look() == [
        "2026-10-20 15:00|2026-10-20 16:00|Team call|CONFIRMED",
        "2026-11-17 15:00|2026-11-17 16:00|Team call|CONFIRMED",
        "2026-12-15 15:00|2026-12-15 16:00|Team call|CONFIRMED",
    ]
    dates = f"/events/{event_id}/occurrences"
    move = {"version": "1", "original": "2026-12-15T15:00:00", "act": "move", "when": "10 December 2026, 14:00-15:00"}
    assert who.send(dates, move).status_code == 302
    assert who.send(dates, {"version": "2", "original": "2026-11-17T15:00:00", "act": "cancel"}).status_code == 302
    edit = f"/events/{event_id}/edit"
    assert who.send(edit, who.fields(edit) | {"title": ["Task team call"]}).status_code == 302
    assert khal.look() == [
        "2026-10-20 15:00|2026-10-20 16:00|Task team call|CONFIRMED",
        "2026-11-17 15:00|2026-11-17 16:00|Cancelled: Task team call|CANCELLED",
        "2026-12-10 14:00|2026-12-10 15:00|Task team call|CONFIRMED",
    ]
    feed = Browser(app.test_client())
    first = feed.get(f"/feeds/{path}")
    assert feed.get(f"/feeds/{path}", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert feed.get(f"/feeds/{path}", headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 304
