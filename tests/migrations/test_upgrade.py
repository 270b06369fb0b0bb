"""A database of 0.1.0 (migration 0012) with a year of work in it says the same after upgrading.

`database_0012/rows.json.xz` holds its rows: the sample data, and what three people did from September 2025 to
October 2026 at the pages of that day (fourteen months opened, thirteen closed, records added, changed, merged, judged,
imported, agreed to and handed out, a series with moved and cancelled dates). `pages.json.xz` holds what that version
then said: the words of every page, the checksums of editions, the entries of a feed, the rows of two workbooks.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import lzma
import re
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar
from lxml import html
from openpyxl import load_workbook

from interagency.db.base import alembic, db
from tests.conftest import close
from tests.helpers import Browser

FOLDER = Path(__file__).parent / "database_0012"
REVISION = "0012"
PEOPLE = ("coordinator", "who", "admin")
# What is said otherwise on purpose since: on which pages, what, and why.
_HOURS = r"\d\d:\d\d(?:[–-]\d\d:\d\d)?"
SAID_OTHERWISE = (
    # The history of an event names fields and values as its form does; its versions stay.
    (r"coordinator /events/\d+/history", r"(?!Version |.* · ).*"),
    # Home is made by role; the board counts what it listed, the page of months has words, mails stand apart.
    (r"\w+ /", r".*"),
    (r"coordinator /cycles.*", r".*"),
    # One finder of look-alikes, which finds a shorter title in a longer one and knows what was judged.
    (r"coordinator /overlaps", r"\d+ pairs?"),
    # Hours are the reader's, in one form everywhere, with the zone beside them.
    (r"\S+ /(calendar.*|events/.*|when|month)?", rf".*{_HOURS}.*|Europe/Vienna|Repeats; the next dates are shown\. .*"),
    # What is illustrative is told once on a page, not on each line of the agenda.
    (r"\S+ /calendar.*", r"illustrative"),
    # What is withheld is listed as the hand-out page counts it; a record that stays inside is not called shared.
    (r"coordinator /agreement/waiting", r".*"),
    (
        r"\S+ /(activities|events)/\d+",
        r"no UN entity is named, so nobody can agree|shared: all agreed|The event is marked.*"
        r"|(awaiting|agreed|refused):? .*",
    ),
    # The list is sorted by its headings, and says who leads and who else in one column.
    (
        r"\w+ /activities(\?.*)?",
        r"date not known|More filters and order|Order|Begin|Lead|With|\d+ activities, page \d+ of \d+|WCO"
        r"|mini-Dublin Group|Special Rapporteur on .*|United Nations Inter-agency .*",
    ),
    # Who takes part is told with its full name in one line, with its day.
    (r"coordinator /activities/\d+", r"[A-Z].* ·|[A-Z][^.:;]*"),
    # An edition tells chapters by their short names; what changed stands word by word.
    (r"coordinator /editions/[\d-]+", r"[A-Z].*\.\.\.|Lead|With"),
    (r"coordinator /editions/[\d-]+/changes", r"new|Field|Was|Is|Results of .*|\w+, \w+|\w+ \d{4}"),
    # What an entity shares is one choice of three for each audience.
    (r"\w+ /agreement", r".*"),
    # To take part and to be confirmed for a month are two things.
    (r"\S+ /activities/\d+(/history)?", r"not confirmed yet|Confirmation|.*: awaited.*"),
    (r"coordinator /coverage", r"All 103 operational recommendations, .*"),
    # Codes, titles and days stand each for itself within a line, so that none turns over in Arabic.
    (r"\w+ /(activities(\?.*)?|editions/[\d-]+)", r"\d\([a-z]\)(, \d\([a-z]\))+"),
    (r"coordinator /events/\d+", r".*, number \d+|\w+day, \d+ \w+: (chapter [IV]+|no chapter)"),
    # The directory of organisations, needs and messages are linked beside the views of the matrix.
    (r"\w+ /(activities|matrix|coverage|where|when|together|mandates)\b.*", r"Organisations|Needs|Messages|Briefing"),
    # The two Outlooks for Windows subscribe in different ways.
    (r"\w+ /subscriptions", r"Outlook on the (desktop|web)"),
    # The page of a repeated event says its rule.
    (r"\w+ /events/\d+", r"Repeat(s|ed); (the next dates are shown|no further dates)\..*"),
    # The agenda names weekdays under a heading of the month, a town among the facts, and what repeats once.
    (r"coordinator /calendar", r"\d+ \w+ \d{4}|,|Vienna"),
    # The month's list stands under its days; beside the hour in the grid stands where it is told.
    (r"coordinator /calendar/\d{4}/\d+", r"\d+ \w+ \d{4}|\d\d:\d\d .*"),
    # A month lists its records in pages, what needs a look first; remarks tell of what is planned or suspended too.
    (r"\S+ /month.*", r".*"),
    (r"coordinator /cycles.*", r"ongoing, but its end has passed.*|its end has passed, .*"),
    # The timeline leaves out what repeats, and shows the records nearest to its month.
    (r"coordinator /when", r".*"),
    # The map names countries, not codes; the heads of the matrix and the sums of chapters have names of their own.
    (r"coordinator /where", r"[A-Z][^:]*|.*: \d+, \d+ joint|\d+⚭?|⚭ marks countries.*"),
    (r"coordinator /matrix", r": .*"),
    (r"coordinator /coverage", r"[IV]+"),
    (r"coordinator /together", r"A thicker line.*|.* and .*: \d+|\d+"),
    (r"coordinator /mandates", r"Tick the recommendations.*|\d+ activit(y|ies) of yours.*"),
)
RECORD = re.compile(r"/(activities|events)/\d+(/history)?")


def unpacked(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lzma.decompress((FOLDER / f"{name}.json.xz").read_bytes()))
    return found


def stored(value: Any, column: sa.Column[Any]) -> Any:
    """A value of the file as the column of either database takes it."""
    if isinstance(value, dict):
        if "zlib" in value:
            return zlib.compress(value["zlib"].encode(), 9)
        return gzip.compress(value["gzip"].encode()) if "gzip" in value else base64.b64decode(value["base64"])
    if value is None:
        return None
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return bool(value)
    if isinstance(kind, sa.JSON):
        return json.loads(value)
    if isinstance(kind, sa.DateTime):
        return datetime.fromisoformat(f"{value}+00:00" if kind.timezone else value)
    if isinstance(kind, (sa.Date, sa.Time)):
        return kind.python_type.fromisoformat(value)
    return value


def load(engine: sa.Engine) -> None:
    """Put the rows into a database that stands at REVISION."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.begin() as connection:
        for name, content in unpacked("rows").items():
            table = metadata.tables[name]
            columns = [table.columns[column] for column in content["columns"]]
            rows = [
                {column.name: stored(value, column) for column, value in zip(columns, row, strict=True)}
                for row in content["rows"]
            ]
            # SQLite keeps text as it is stored; PostgreSQL computes what it generates itself.
            plain = [column.name for column in columns if column.computed is None]
            if rows:
                connection.execute(sa.insert(table), [{key: row[key] for key in plain} for row in rows])
            if connection.dialect.name == "postgresql" and "id" in table.columns:
                newest = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), coalesce(max(id), 1)) FROM {name}"
                connection.execute(sa.text(newest))


@pytest.fixture
def upgraded(app: Flask) -> Iterator[Flask]:
    """The service over the database of that day, upgraded."""
    with app.app_context():
        db.session.close()
        alembic.downgrade("base")
        alembic.upgrade(REVISION)
        load(db.engine)
        db.engine.dispose()
        alembic.upgrade()
        db.session.close()
    now = datetime.fromisoformat(unpacked("pages")["now"])
    app.config["CLOCK"] = lambda: now
    yield app
    close(app)


def enter(app: Flask, name: str) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in(f"{name}@example.org")
    return browser


def words(page: str) -> list[str]:
    return [" ".join(text.split()) for text in html.fromstring(page).xpath("//main")[0].itertext() if text.strip()]


def is_said_otherwise(page: str, text: str) -> bool:
    return any(re.fullmatch(on, page) and re.fullmatch(what, text) for on, what in SAID_OTHERWISE)


@pytest.mark.slow
def test_a_year_of_work_says_the_same_after_upgrading(upgraded: Flask) -> None:
    before = unpacked("pages")
    browsers = {name: enter(upgraded, name) for name in PEOPLE}
    missing: dict[str, list[str]] = {}
    records = 0
    for key, texts in before["pages"].items():
        name, address = key.split(" ", 1)
        # A page follows from its rows, and test_migrations holds that PostgreSQL keeps those: of the many pages of
        # records it is asked for some, of all others for each.
        if RECORD.fullmatch(address) and not upgraded.extensions["interagency_settings"].is_sqlite:
            records += 1
            if records % 4:
                continue
        answer = browsers[name].get(address)
        assert answer.status_code == 200, address
        after = set(words(answer.text))
        if gone := [text for text in texts if text not in after and not is_said_otherwise(key, text)]:
            missing[key] = gone
    assert missing == {}
    for month, checksum in before["editions"].items():
        text = browsers["coordinator"].get(f"/editions/{month}/edition.json").data
        assert hashlib.sha256(text).hexdigest() == checksum, month
    for month, rows in before["workbooks"].items():
        book = load_workbook(io.BytesIO(browsers["coordinator"].get(f"/editions/{month}/matrix.xlsx").data))
        found = [
            [None if cell is None else str(cell) for cell in row] for row in book["Matrix"].iter_rows(values_only=True)
        ]
        place = [found[0].index(title) for title in rows[0]]
        assert [[row[column] for column in place] for row in found] == rows, month


def test_a_feed_says_the_same_after_upgrading(upgraded: Flask) -> None:
    before = unpacked("pages")["feed"]
    # The address itself is not in the rows (only its hash): this one is made anew over the same events.
    who = enter(upgraded, "who")
    answer = who.send("/subscriptions", {"label": "Feed"}, at="/subscriptions")
    found = re.search(r"/feeds/[\w-]+\.ics", answer.text)
    assert found
    entries = sorted(
        [
            str(event["UID"]),
            str(event.get("RECURRENCE-ID") and event["RECURRENCE-ID"].to_ical().decode()),
            event["DTSTAMP"].to_ical().decode(),
            str(event.get("SEQUENCE", 0)),
            str(event.get("SUMMARY")).removeprefix("Cancelled: "),  # so that Outlook sees it
        ]
        for event in Calendar.from_ical(upgraded.test_client().get(found[0]).data).walk("VEVENT")
    )
    assert entries == before["entries"]
