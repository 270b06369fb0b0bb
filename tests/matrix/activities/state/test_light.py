"""The light of a record: one rule, the same in SQL and for a single record, in list, page and workbook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import product

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.exports.columns import MATRIX
from interagency.exports.snapshot import ActivityRow
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation, Status
from interagency.matrix.activities.reader import entries
from interagency.matrix.activities.state.light import Light, light_column, light_of_activity, stale_limit
from interagency.text.dates import ImpreciseDate
from interagency.web.context import today
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
DAY = date(2026, 8, 15)


@pytest.mark.parametrize(
    ("month", "limit"), [("2026-08", "2026-05"), ("2026-03", "2025-12"), ("2026-01", "2025-10"), ("2026-04", "2026-01")]
)
def test_three_months_are_counted_over_the_turn_of_the_year(month: str, limit: str) -> None:
    assert stale_limit(month) == limit


@pytest.mark.both_databases
def test_one_rule_says_the_same_of_one_record_of_many_and_in_the_workbook(app: Flask, add_activity: Add) -> None:
    ends = (None, ImpreciseDate.month(2026, 7), ImpreciseDate.day(DAY), ImpreciseDate.year(2025))
    months = (None, "2026-05", "2026-06")
    made = (datetime(2026, 5, 31, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
    for number, (status, end, month, created, said) in enumerate(product(Status, ends, months, made, Participation)):
        one = add_activity(f"{number}", status=status, end=end, start=ImpreciseDate.month(2025, 1) if end else None)
        with app.app_context():
            activity = db.session.get_one(Activity, one)
            activity.created_at = created
            activity.entities[0].confirmed_month, activity.entities[0].participation = month, said
            db.session.commit()
    with app.app_context():
        found = dict(db.session.execute(sa.select(Activity.id, light_column(DAY))).all())
        alone = {one.id: light_of_activity(one, DAY).value for one in db.session.scalars(sa.select(Activity))}
        assert found == alone and set(found.values()) == set(Light)
        (column,) = (one for one in MATRIX if one.title == "Light")
        words = FactLabels(db.session)
        rows = (ActivityRow(one, one["facts"], words, "", DAY) for one in entries(db.session))
        assert {row.entry["id"]: str(column.value(row)).replace(" ", "_") for row in rows} == alone


def test_list_page_and_workbook_say_the_light_and_the_rule(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    in_step, passed, stale = (add_activity(name, entities=("undp",)) for name in ("In step", "Passed", "Left"))
    with sqlite_app.app_context():
        month = f"{today():%Y-%m}"
        for part in db.session.scalars(sa.select(ActivityEntity)):
            part.confirmed_month = month if part.activity_id != stale else stale_limit(month)
        db.session.get_one(Activity, passed).end = ImpreciseDate.year(2020)
        db.session.commit()
    browser = enter_sqlite("reader")

    def listed(query: str) -> set[str]:
        return set(html.fromstring(browser.get(f"/activities?{query}").text).xpath("//tbody//th//a/text()"))

    assert listed("light=stale") == {"Left"} and listed("light=to_look_at") == {"Passed"}
    assert listed("light=in_step") == {"In step"} and listed("light=stale&light=in_step") == {"Left", "In step"}
    assert "“green” cannot be chosen for “Light”" in text_of(browser.get("/activities?light=green"))
    for number, words in ((in_step, "In step"), (passed, "To look at"), (stale, "Stale")):
        page = html.fromstring(browser.get(f"/activities/{number}").text)
        (line,) = page.xpath("//p[@class='line'][1]")
        assert words in line.text_content()
        assert "has not confirmed it for three months" in page.text_content()
    assert "1 activity" in text_of(browser.get("/where?light=stale"))
    with sqlite_app.app_context():
        for part in db.session.scalars(sa.select(ActivityEntity)):
            part.confirmed_month = month
        db.session.commit()
    assert "0 activities" in text_of(browser.get("/where?light=stale"))
