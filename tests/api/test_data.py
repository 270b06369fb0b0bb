"""Tables by address: what programs fetch that know no other key."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from interagency.accounts.models import AccessToken, Person
from interagency.db.base import db, now
from interagency.db.history import AuditEntry
from interagency.exports.tables.columns import TABLES
from interagency.matrix.activities.models import Activity
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.opening import open_cycle
from interagency.matrix.organisations.models import Appointment
from tests.api.conftest import data_base
from tests.helpers import ACTIVITY, EVENT, Browser, errors_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]


def rows_of(answer: TestResponse) -> list[dict[str, str]]:
    """A CSV as Power Query reads it: by its byte order mark and its header."""
    assert answer.status_code == 200, answer.text
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


@pytest.fixture
def who(enter: Enter) -> Browser:
    browser = enter("who")
    rich = {
        "title": "Train “laboratory” staff; in Córdoba, and beyond",
        "start": "June 2016",
        "end": "2018",
        "countries": ["CI"],
        "hosts": "Bolivia (Plurinational State of)",
        "figures": "more than 450 policymakers (June 2024; World Drug Report)\n8 countries",
        "recommendations": ["5(h)", "1(a)"],
        "entities": ["undp"],
        "contact": "secret.contact",
        "remarks": "secret remark",
    }
    made = browser.send("/activities/new", ACTIVITY | rich)
    assert made.status_code == 302, errors_of(made)
    assert browser.send("/events/new", EVENT).status_code == 302
    return browser


def test_the_tables_open_without_signing_in_as_each_program_fetches_them(who: Browser, enter: Enter) -> None:
    base = data_base(who)
    programs = {
        "Excel": {"User-Agent": "Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)"},
        "Google Sheets": {"User-Agent": "Mozilla/5.0 (compatible; GoogleDocs; apps-spreadsheets)"},
        "Python": {"User-Agent": "python-requests/2.32", "Accept-Encoding": "gzip"},
        "R": {"User-Agent": "libcurl/8.5 r-curl/5.2 httr/1.4"},
    }
    for name, headers in programs.items():
        answer = enter(None).client.get(f"{base}activities.csv", headers=headers)
        assert answer.status_code == 200, name
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "Set-Cookie" not in answer.headers, name
        assert answer.content_length == len(answer.data)
    for table in TABLES:
        assert enter(None).get(f"{base}{table}.csv").status_code == 200, table
        assert isinstance(json.loads(enter(None).get(f"{base}{table}.json").data), list), table


def test_dates_keep_their_precision_and_nothing_internal_leaves(who: Browser, enter: Enter) -> None:
    base = data_base(who)
    (row,) = rows_of(enter(None).get(f"{base}activities.csv"))
    assert (row["start"], row["start_precision"], row["start_text"]) == ("2016-06-01", "month", "June 2016")
    assert (row["end"], row["end_precision"], row["end_text"]) == ("2018-12-31", "year", "2018")
    assert row["beneficiary_countries"] == "Côte d’Ivoire"
    assert (row["joint"], row["recommendations"]) == ("joint", "1(a); 5(h)")
    for table in TABLES:
        assert "secret" not in enter(None).get(f"{base}{table}.csv").text, table


def test_the_long_tables_say_one_thing_a_row(who: Browser, enter: Enter) -> None:
    base = data_base(who)

    def table(name: str) -> list[dict[str, str]]:
        return rows_of(enter(None).get(f"{base}{name}.csv"))

    assert [row["recommendation"] for row in table("activity_recommendations")] == ["1(a)", "5(h)"]
    assert {(row["country"], row["role"]) for row in table("activity_countries")} == {
        ("CI", "beneficiary"), ("BO", "host"),
    }  # fmt: skip
    assert [(row["entity"], row["part"], row["participation"]) for row in table("activity_entities")] == [
        ("who", "leads", "confirmed"), ("undp", "takes part", "awaited"),
    ]  # fmt: skip
    assert [(row["number"], row["qualifier"], row["unit"], row["as_of"], row["as_of_precision"]) for row in
            table("activity_figures")] == [
        ("450", "more than", "policymakers", "2024-06-01", "month"), ("8", "exactly", "countries", "", ""),
    ]  # fmt: skip
    (event,) = table("events")
    (occurrence,) = table("occurrences")
    assert event["event_id"] == occurrence["event_id"]
    assert (occurrence["first_day"], occurrence["last_day"], occurrence["precision"]) == (
        "2026-10-12", "2026-10-14", "day",
    )  # fmt: skip
    assert {row["action"] for row in table("changes")} == {"created"}
    figures = json.loads(enter(None).get(f"{base}activity_figures.json").data)
    assert [row["number"] for row in figures] == [450, 8]


def test_filters_of_the_address_and_of_the_query_hold_together(who: Browser, enter: Enter, add_activity: Add) -> None:
    add_activity(title="Of UNDP alone", lead="undp")
    base = data_base(who, "?entity=who")
    assert [row["title"][:5] for row in rows_of(enter(None).get(f"{base}activities.csv"))] == ["Train"]
    assert rows_of(enter(None).get(f"{base}activities.csv?status=planned")) == []
    assert len(rows_of(enter(None).get(f"{base}activities.csv?status=ongoing"))) == 1
    refused = enter(None).get(f"{base}activities.csv?colour=red")
    assert (refused.status_code, refused.mimetype) == (400, "text/plain")
    assert "colour" in refused.text


def test_the_same_bytes_are_sent_once(who: Browser, enter: Enter) -> None:
    address = f"{data_base(who)}activities.csv"
    first = enter(None).get(address)
    again = enter(None).client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    head = enter(None).client.head(address)
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", first.headers["ETag"])
    assert head.content_length == len(first.data)
    fields = who.fields("/activities/1/edit")
    assert who.send("/activities/1/edit", fields | {"title": ["Another"]}).status_code == 302
    assert enter(None).client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_rights_are_asked_at_each_read(app: Flask, who: Browser, enter: Enter) -> None:
    mine = f"{data_base(who, '?mine=yes')}activities.csv"
    assert len(rows_of(enter(None).get(mine))) == 1
    with app.app_context():
        db.session.execute(sa.update(Appointment).values(last_day=date(2020, 2, 1)))
        db.session.commit()
    assert rows_of(enter(None).get(mine)) == []
    with app.app_context():
        db.session.execute(sa.update(Person).where(Person.email == "who@example.org").values(disabled_at=now()))
        db.session.commit()
    assert enter(None).get(mine).status_code == 404


def test_every_dead_address_is_refused_alike(who: Browser, enter: Enter) -> None:
    base = data_base(who)
    assert "activities" in enter(None).get(f"{base}nonsense.csv").text  # who has an address is told the names
    feed = who.send("/subscriptions", {"name": "x"}).text.split("http://localhost/feeds/")[1].split(".ics")[0]
    assert who.send("/subscriptions/data/1/revoke", at="/subscriptions/data").status_code == 302
    answers = {
        (answer.status_code, answer.data)
        for answer in (
            enter(None).get(address)
            for address in (
                f"{base}activities.csv", f"{base}nonsense.csv", "/data/nobodys/activities.csv",
                "/data/nobodys/x", f"/data/{feed}/activities.csv", f"/data/{'x' * 3000}/activities.csv",
            )
        )
    }  # fmt: skip
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    token = base.split("/")[2]
    assert enter(None).get(f"/feeds/{token}.ics").status_code == 404
    assert enter(None).get(f"/external/{token}/").status_code == 404


def test_an_address_is_hashed_audited_and_says_when_it_was_used(app: Flask, who: Browser, enter: Enter) -> None:
    base = data_base(who)
    token = base.split("/")[2]
    assert token not in who.get("/subscriptions/data").text
    assert token not in who.get("/subscriptions").text
    enter(None).get(f"{base}answers.json")
    with app.app_context():
        kept = db.session.scalars(sa.select(AccessToken)).one()
        assert kept.token_hash != token
        assert kept.last_used_at is not None
        acts = {entry.act: entry.details for entry in db.session.scalars(sa.select(AuditEntry))}
    assert acts["token.made"]["kind"] == "data"
    assert token not in str(acts)


def test_a_reset_ends_the_old_address(who: Browser, enter: Enter) -> None:
    old = data_base(who)
    page = who.send("/subscriptions/data/1/reset", at="/subscriptions/data")
    assert old not in page.text
    assert "/data/" in page.text
    assert enter(None).get(f"{old}activities.csv").status_code == 404


def test_nobody_resets_or_revokes_what_is_somebody_elses(who: Browser, enter: Enter) -> None:
    data_base(who)
    other = enter("undp")
    for act in ("reset", "revoke"):
        assert other.send(f"/subscriptions/data/1/{act}", at="/subscriptions/data").status_code == 404
        assert who.send(f"/subscriptions/1/{act}", at="/subscriptions").status_code == 404  # it is no feed


def closed(app: Flask, month: str) -> None:
    with app.app_context():
        open_cycle(db.session, month, at=now(), zone=ZoneInfo("Europe/Vienna"), by=None)
        db.session.commit()
        close_cycle(db.session, month, at=now(), zone=ZoneInfo("Europe/Vienna"), by=None)


def test_an_edition_does_not_change(app: Flask, who: Browser, enter: Enter) -> None:
    closed(app, "2026-10")
    base = data_base(who)
    kept = {name: enter(None).get(f"{base}{name}.csv?edition=2026-10").data for name in TABLES}
    fields = who.fields("/activities/1/edit")
    assert who.send("/activities/1/edit", fields | {"title": ["Another"]}).status_code == 302
    for name, before in kept.items():
        assert enter(None).get(f"{base}{name}.csv?edition=2026-10").data == before, name
    (row,) = rows_of(enter(None).get(f"{base}activities.csv?edition=2026-10"))
    assert row["title"].startswith("Train")
    assert {row["answer"] for row in rows_of(enter(None).get(f"{base}answers.csv?edition=2026-10"))} == {"silent"}
    assert rows_of(enter(None).get(f"{base}activities.csv?edition=2026-10&status=planned")) == []
    assert enter(None).get(f"{base}activities.csv?edition=2031-01").status_code == 404
    assert enter(None).get(f"{base}activities.csv?edition=soon").status_code == 400


def test_power_bi_gets_a_file_that_names_the_table(who: Browser, enter: Enter) -> None:
    base = data_base(who)
    made: dict[str, Any] = json.loads(enter(None).get(f"{base}activities.pbids").data)
    (connection,) = made["connections"]
    assert connection["details"]["address"]["url"] == f"http://localhost{base}activities.csv"


def test_the_list_leads_to_an_address_under_its_filters(who: Browser) -> None:
    assert "/subscriptions/data?entity=who" in who.get("/activities?entity=who").text
    assert "/subscriptions/data" in who.get("/subscriptions").text


def test_tables_say_what_the_workbook_says(app: Flask, who: Browser, enter: Enter) -> None:
    """Value for value: the same columns under other names."""
    import io as files

    from openpyxl import load_workbook

    book = load_workbook(files.BytesIO(who.get("/exports/matrix.xlsx").data))
    head, *rows = book["Matrix"].iter_rows(values_only=True)
    cells = dict(zip(head, rows[0], strict=True))
    (row,) = json.loads(enter(None).get(f"{data_base(who)}activities.json").data)
    compared = 0
    for column in TABLES["activities"].columns:
        heading = HEADINGS.get(column.title)
        if heading is None:
            continue
        found = cells[heading]
        found = found.date().isoformat() if hasattr(found, "date") else found
        assert (row[column.title] or None) == (found or None), column.title
        compared += 1
    assert compared >= len(TABLES["activities"].columns) - 2  # the precisions stand in no workbook
    with app.app_context():
        assert db.session.scalars(sa.select(Activity)).one().title == row["title"]


def _headings() -> dict[str, str]:
    """By the name in tables the heading of the workbook."""
    from interagency.exports.columns import MATRIX
    from interagency.exports.tables.columns import _name_of

    return {name: column.title for column in MATRIX if (name := _name_of(column)) is not None}


HEADINGS = _headings()
