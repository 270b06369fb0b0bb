"""Somebody else's save lands between reading a record and writing it: a conflict shown, never an error."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.calendar.events import record as events
from interagency.db.base import db
from interagency.exports.incoming import taking as incoming
from interagency.matrix.pages import activity_views as activities
from tests.helpers import EVENT, Browser

Enter = Callable[[str | None], Browser]


@pytest.fixture
def beaten(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str, str], None]:
    """`beaten(module, function, table)`: another connection saves just before `function` does."""
    settings = app.extensions["interagency_settings"]

    def arrange(module: Any, name: str, table: str) -> None:
        if settings.is_sqlite and name != "acquire_write_lock":
            pytest.skip("on SQLite these writers lock when they begin: nobody can come between")
        own = getattr(module, name)

        def later(*given: Any, **more: Any) -> Any:
            other = sa.create_engine(settings.database_url)
            with other.begin() as connection:
                connection.execute(sa.text(f"UPDATE {table} SET version = version + 1"))
            other.dispose()
            return own(*given, **more)

        monkeypatch.setattr(module, name, later)

    return arrange


def test_an_activity(beaten: Any, enter: Enter, add_activity: Callable[..., int]) -> None:
    address = f"/activities/{add_activity('Once')}/edit"
    browser = enter("who")
    fields = browser.fields(address) | {"title": "Mine"}
    beaten(activities, "acquire_write_lock", "activity")
    answer = browser.client.post(address, data=fields)
    assert answer.status_code == 409
    assert "Mine" in answer.text


def test_the_own_part_of_an_activity(beaten: Any, enter: Enter, add_activity: Callable[..., int]) -> None:
    number = add_activity("Once", entities=("undp",))
    browser = enter("undp")
    fields = browser.fields(f"/activities/{number}/edit")
    role = next(name for name in fields if name.startswith("role-"))
    beaten(activities, "acquire_write_lock", "activity")
    answer = browser.client.post(f"/activities/{number}/edit", data=fields | {role: "Trains judges"})
    assert answer.status_code == 409
    assert "Trains judges" in answer.text


def test_an_event(beaten: Any, enter: Enter) -> None:
    browser = enter("who")
    made = browser.send("/events/new", EVENT)
    address = made.location.split("?")[0] + "/edit"
    fields = browser.fields(address) | {"title": "Mine"}
    beaten(events, "save_event", "event")
    answer = browser.client.post(address, data=fields)
    assert answer.status_code == 409
    assert "Mine" in answer.text


def test_a_row_of_a_workbook(app: Flask, beaten: Any, enter: Enter, add_activity: Callable[..., int]) -> None:
    first = add_activity("First")
    browser = enter("who")
    sent = browser.get("/exports/matrix.csv").data.decode("utf-8-sig").replace("First", "First changed")
    token = browser.token("/imports")
    data = {"csrf_token": token, "file": (io.BytesIO(sent.encode()), "matrix.csv")}
    preview = browser.client.post("/imports", data=data, content_type="multipart/form-data")
    beaten(incoming.record, "save_activity", "activity")
    answer = browser.client.post(preview.location, data={"csrf_token": token})
    assert answer.status_code == 302
    with app.app_context():
        assert (
            db.session.execute(sa.text("SELECT title FROM activity WHERE id = :id"), {"id": first}).scalar() == "First"
        )
        db.session.close()
