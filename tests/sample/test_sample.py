"""The sample data: codes exist, dates parse, nothing stands twice, and it says what the papers say."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

import interagency
from interagency.calendar.events.models import Event
from interagency.calendar.events.occurrences import occurrences
from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import counts_by_chapter
from interagency.sample.load import ACTIVITY_FILES, EVENT_FILES, load_sample, read_sample
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import fold

REFERENCE = Path(interagency.__file__).parent / "reference"
ACTIVITIES = [entry for name in ACTIVITY_FILES for entry in read_sample(name, "activity")]
EVENTS = [entry for name in EVENT_FILES for entry in read_sample(name, "event")]


def test_there_is_as_much_as_the_papers_hold() -> None:
    assert len(ACTIVITIES) >= 120
    assert len(read_sample("events.toml", "event")) >= 50


def test_no_record_stands_twice() -> None:
    for entries in (ACTIVITIES, EVENTS):
        for name in ("key", "title"):
            twice = [value for value, n in Counter(fold(entry[name]) for entry in entries).items() if n > 1]
            assert twice == []


def test_every_bullet_of_paragraph_13_is_there() -> None:
    bullets = {int(match[1]) for entry in ACTIVITIES if (match := re.match(r"n2018-13-(\d\d)", entry["key"]))}
    assert bullets == set(range(1, 47)) - {10, 41}  # which say what Member States do and ask for


@pytest.mark.parametrize("paragraph", range(14, 43))
def test_every_paragraph_of_2020_with_work_is_there(paragraph: int) -> None:
    assert any(entry["key"].startswith(f"n2020-{paragraph}") for entry in ACTIVITIES)


def test_every_date_parses_and_no_end_is_before_its_start() -> None:
    for entry in ACTIVITIES:
        start, end = (ImpreciseDate.from_code(entry[name]) if name in entry else None for name in ("start", "end"))
        assert start is None or end is None or end.last >= start.first, entry["key"]


PLACE = re.compile(r"para(graph|s?\.)|preamble|masthead|bullet|^Illustrative: not from the papers$")


def test_every_record_names_the_paragraph_it_comes_from() -> None:
    without = [entry["key"] for entry in [*ACTIVITIES, *EVENTS] if not PLACE.search(entry.get("source", ""))]
    assert without == []


def test_a_lead_stands_where_the_paper_says_so() -> None:
    for entry in ACTIVITIES:
        assert ("lead" in entry) == bool(entry.get("says_lead", "").strip()), entry["key"]


def test_no_activity_comes_from_a_paragraph_of_context() -> None:
    context = re.compile(r"^2018 note, para\. (8|13, bullet (10|41))$|^2020 note, para\. ([1-7]|12)$")
    assert [entry["key"] for entry in ACTIVITIES if context.match(entry["source"])] == []


def test_whose_plan_is_supported_is_no_partner() -> None:
    said = {entry["key"]: entry for entry in ACTIVITIES}
    for key, supported in (
        ("n2018-13-23-a", "ecowas"),
        ("n2020-28-a", "ecowas"),
        ("n2018-13-24-b", "gov_afg"),
        ("n2018-13-25-a", "cicig"),
    ):
        assert supported not in said[key].get("partners", []), key


def test_a_government_among_the_partners_is_a_partner_country() -> None:
    organisations = json.loads((REFERENCE / "organisations.json").read_text(encoding="utf-8"))
    country_of = {one["key"]: one["country"] for one in organisations if one["key"].startswith("gov_")}
    for entry in ACTIVITIES:
        partners = {country["code"] for country in entry.get("countries", []) if country["role"] == "partner"}
        assert {country_of[key] for key in entry.get("partners", []) if key in country_of} == partners, entry["key"]


def test_events_without_a_date_are_there_and_nothing_else_of_the_papers_has_none(loaded: Flask) -> None:
    with loaded.app_context():
        undated = {event.sample_key for event in db.session.scalars(sa.select(Event)) if not event.segments}
        assert undated == {entry["key"] for entry in EVENTS if "segment" not in entry and "start" not in entry}
        assert len(undated) == 11


def test_what_events_belong_to_exists() -> None:
    activities, events = {entry["key"] for entry in ACTIVITIES}, {entry["key"] for entry in EVENTS}
    for entry in EVENTS:
        assert set(entry.get("activities", [])) <= activities, entry["key"]
        assert entry.get("parent") is None or entry["parent"] in events, entry["key"]


@pytest.fixture
def loaded(sample_data: None, sqlite_app: Flask) -> Flask:
    return sqlite_app


def test_loading_again_adds_nothing(loaded: Flask) -> None:
    with loaded.app_context():
        lines = load_sample(db.session, progress=lambda _line: None)
        assert all(": 0 added" in line for line in lines)


def test_the_activity_in_three_chapters_stands_under_each_and_counts_once(loaded: Flask) -> None:
    with loaded.app_context():
        found = [
            activity
            for activity in db.session.scalars(sa.select(Activity))
            if [r.code for r in activity.recommendations] == ["1(p)", "4(j)", "5(a)"]
        ]
        assert [activity.chapter_numbers for activity in found] == [[1, 4, 5]]
        total = db.session.scalar(sa.select(sa.func.count()).select_from(Activity))
        counts = counts_by_chapter(db.session, Filters())
        assert list(counts) == [1, 2, 3, 4, 5, 6, 7]
        assert sum(count.activities for count in counts.values()) > (total or 0) == len(ACTIVITIES)


def test_autumn_2017_is_one_event_of_three_segments_and_eight_days(loaded: Flask) -> None:
    with loaded.app_context():
        event = db.session.scalars(sa.select(Event).where(Event.sample_key == "thematic-2017-autumn")).one()
        assert len(event.segments) == 3
        days = [(day.day, day.chapter_number) for segment in event.segments for day in segment.days]
        assert [chapter for _day, chapter in days] == [1, 2, 4, None, 3, 5, 7, 6]
        happening = occurrences(event, date(2017, 9, 1), date(2017, 11, 30))
        covered = {
            date.fromordinal(n) for one in happening for n in range(one.first.toordinal(), one.last.toordinal() + 1)
        }
        assert covered == {day for day, _chapter in days}
        assert len(covered) == 8


def test_countries_come_from_names_not_from_numbers(loaded: Flask) -> None:
    with loaded.app_context():
        activity = db.session.scalars(sa.select(Activity).where(Activity.sample_key == "n2018-13-01-a")).one()
        assert activity.countries == []
        assert [(f.number, f.qualifier.value, f.unit) for f in activity.figures] == [(8, "exactly", "countries")]
