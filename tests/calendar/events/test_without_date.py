"""An event whose date is not known yet stands in lists, editions and hand-outs, and in no feed (rule 24)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from flask import Flask
from openpyxl import load_workbook

from interagency.calendar.events.cycle_part import entries
from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.db.base import db
from interagency.web.context import today
from tests.calendar.events.test_planning import add
from tests.helpers import EVENT, Browser, errors_of, text_of

Enter = Callable[[str | None], Browser]
UNDATED = EVENT | {"title": "Side event on access", "segments": "Date not known", "timezone": "", "chapters": ["2"]}


def rows(who: Browser) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(who.get("/exports/calendar.csv").data.decode("utf-8-sig"))))


def feed(who: Browser) -> str:
    page = who.send("/subscriptions", {"name": "All"}).text
    return who.get("/feeds/" + page.split('value="http://localhost/feeds/')[1].split('"')[0]).text


def test_an_event_without_a_date_is_recorded_listed_and_dated_later(app: Flask, enter: Enter) -> None:
    who = enter("who")
    event_id = add(who, UNDATED)
    at = f"/events/{event_id}"
    assert "When Date not known" in text_of(who.get(at))
    assert who.fields(f"{at}/edit")["segments"] == ["date not known"]
    agenda = text_of(who.get("/calendar"))
    assert agenda.count("Side event on access") == 1
    assert "Expert group meeting: Side event on access" in agenda.split("Date not known yet")[1], agenda.split(
        "Date not"
    )[1]
    assert "Side event on access" not in text_of(who.get("/calendar?chapter=3"))
    assert "Side event on access" in text_of(who.get("/calendar?chapter=2"))
    (row,) = rows(who)
    assert (row["When"], row["First day"], row["Last day"], row["Chapters"]) == ("date not known", "", "", "II")
    sheet = load_workbook(io.BytesIO(who.get("/exports/matrix.xlsx").data))["Calendar"]
    assert "date not known" in [cell.value for line in sheet.iter_rows() for cell in line]
    assert "Side event on access" not in feed(who)
    assert who.get(f"{at}.ics").status_code == 404
    with app.app_context():
        (entry,) = entries(db.session, today())
        (day,) = (StoredOccurrence(*values) for values in entry["days"])
        assert (day.when, day.first, day.first_day, day.is_exact) == ("date not known", "", None, False)
    who.send(f"{at}/edit", who.fields(f"{at}/edit") | {"segments": "12 October 2026", "segments_read": ""})
    assert rows(who)[0]["When"] == "12 October 2026"
    before = feed(who)
    assert before.count("SUMMARY:Side event on access") == 1
    who.send(f"{at}/edit", who.fields(f"{at}/edit") | {"segments": "to be confirmed", "segments_read": ""})
    assert rows(who)[0]["When"] == "date not known"
    assert "Side event on access" not in feed(who)


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"segments": ""}, "Write when it takes place; early 2027, 2027 or “date not known” is fine."),
        ({"repeats": "weekly"}, "Only an event on one run of exact days can repeat."),
        ({"days": "12 October 2026: I"}, "2026-10-12 is not one of the days above."),
    ],
)
def test_what_needs_a_date_is_refused_without_one(enter_sqlite: Enter, values: dict[str, str], refusal: str) -> None:
    refused = enter_sqlite("who").send("/events/new", UNDATED | values)
    assert refused.status_code == 422
    assert errors_of(refused) == [refusal]
