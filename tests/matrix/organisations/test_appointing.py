"""Appointing focal points: coordinators and administrators do it, nobody for themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.db.history import AuditEntry
from interagency.matrix.organisations.models import Appointment, Organisation
from tests.helpers import Browser, errors_of, text_of
from tests.matrix.conftest import Clock

Enter = Callable[[str | None], Browser]
PAGE = "/people/appoint"


def appointments(app: Flask, key: str) -> list[tuple[date, date | None]]:
    with app.app_context():
        query = sa.select(Appointment.first_day, Appointment.last_day).join(Organisation).where(Organisation.key == key)
        return [(first, last) for first, last in db.session.execute(query)]


@pytest.mark.parametrize("who", ["coordinator", "admin"])
def test_coordinators_and_administrators_appoint(app: Flask, enter: Enter, clock: Clock, who: str) -> None:
    browser = enter(who)
    assert "Nobody speaks for Office of the" in text_of(browser.get(f"{PAGE}?entity=ohchr"))
    form = {"entity": "ohchr", "email": " Reader@example.org ", "last": "31 December"}
    assert browser.send(PAGE, form).location == f"{PAGE}?entity=ohchr"
    again = browser.send(PAGE, form)
    assert again.status_code == 422
    assert "is appointed to OHCHR" in text_of(again)
    assert appointments(app, "ohchr") == [(date(2026, 8, 20), date(2026, 12, 31))]
    page = text_of(browser.get(f"{PAGE}?entity=ohchr"))
    assert "Rui Reader speaks for Office of the" in page
    assert enter("reader").get("/activities/new").status_code == 200
    with app.app_context():
        acts = db.session.scalars(sa.select(AuditEntry.act)).all()
        assert acts.count("appointment.made") == 1


@pytest.mark.parametrize("who", ["coordinator", "admin"])
def test_nobody_appoints_themselves(sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, who: str) -> None:
    refused = enter_sqlite(who).send(PAGE, {"entity": "ohchr", "email": f"{who}@example.org"})
    assert refused.status_code == 422
    assert errors_of(refused) == [
        "Nobody appoints themselves to speak for an entity. Ask another coordinator or administrator to do it."
    ]
    assert appointments(sqlite_app, "ohchr") == []


@pytest.mark.parametrize("who", ["reader", "who"])
def test_nobody_else_appoints(sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, who: str) -> None:
    browser = enter_sqlite(who)
    assert browser.get(PAGE).status_code == 403
    refused = browser.send(PAGE, {"entity": "ohchr", "email": "reader@example.org"}, at="/account")
    assert refused.status_code == 403
    assert appointments(sqlite_app, "ohchr") == []


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"entity": ""}, "entity", "Choose the entity."),
        ({"entity": "nobody"}, "entity", "Choose the entity."),
        ({"email": ""}, "email", "Write the work e-mail of the person."),
        ({"email": "stranger@example.org"}, "email", "Nobody has an account in use with this address."),
        ({"email": "a\x00b" * 500}, "email", "Nobody has an account in use with this address."),
        ({"first": "soon"}, "first", "We could not read “soon”."),
        ({"last": "June 2027"}, "last", "“June 2027” is longer than a day."),
        ({"last": "1 January 2020"}, "email", "The last day lies before the first."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, changed: dict[str, str], field: str, message: str
) -> None:
    form = {"entity": "ohchr", "email": "reader@example.org", "first": "", "last": ""} | changed
    refused = enter_sqlite("coordinator").send(PAGE, form)
    assert refused.status_code == 422
    page = html.fromstring(refused.text)
    control = page.xpath("//*[@aria-invalid='true']")[0]
    assert control.get("name") == field
    assert page.get_element_by_id(f"{field}-error").text_content().startswith(message)
    assert "Ada Admin" in text_of(refused), "who can invite somebody without an account"
    assert appointments(sqlite_app, "ohchr") == []
    if field in ("first", "last"):
        assert control.get("value") == form[field]
