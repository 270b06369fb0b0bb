"""What tests do at the door people use: sign in, read a page, send its form."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import flask
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from lxml import html
from werkzeug.test import TestResponse

from interagency.calendar.events.models import EventKind, EventStatus
from interagency.calendar.events.record import EventDraft, SegmentDraft
from interagency.calendar.events.record import Records as EventRecords
from interagency.calendar.events.record import draft_from as event_draft_from
from interagency.db.base import db
from interagency.matrix.activities.drafts import ActivityDraft, Records, draft_from
from interagency.matrix.activities.fields import empty_facts
from interagency.matrix.activities.models import Status

PASSWORD = "a long enough password"


class Browser:
    """A person at the pages, without JavaScript."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, address: str, **more: Any) -> TestResponse:
        return self.client.get(address, **more)

    def token(self, _page: str = "") -> str:
        """The CSRF token that every form of this session holds, that at `_page` too.

        The page is not drawn for it: that was a third of the time of all tests. A `Visitor` reads it from the page.
        """
        with self.client.session_transaction() as session:
            known = session.setdefault("csrf_token", secrets.token_hex(20))
        with self.client.application.test_request_context():
            flask.session["csrf_token"] = known
            return generate_csrf()

    def fields(self, address: str) -> dict[str, Any]:
        """What the record form at `address` would send as it stands."""
        form = html.fromstring(self.get(address).text).xpath("//form[contains(@class, 'record')]")[0]
        values: dict[str, Any] = {}
        for name, value in form.form_values():
            values.setdefault(name, []).append(value)
        return values

    def send(self, address: str, values: dict[str, Any] | None = None, *, at: str | None = None) -> TestResponse:
        """Send `values` to `address` with the token of the form, which stands there or `at` another page."""
        return self.client.post(address, data={**(values or {}), "csrf_token": self.token(at or address)})

    def press(self, page: html.HtmlElement, button: html.HtmlElement, **more: str) -> TestResponse:
        """Press a button of `page` that belongs to a form elsewhere on it, as a browser without script does."""
        form = page.get_element_by_id(button.get("form"))
        values = dict(form.form_values()) | {button.get("name"): button.get("value")} | more
        return self.client.post(button.get("formaction"), data=values)

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        return self.send("/sign-in", {"email": email, "password": password})


def text_of(response: TestResponse) -> str:
    """The words of a page, without markup."""
    return " ".join(" ".join(html.fromstring(response.text).itertext()).split())


def errors_of(response: TestResponse) -> list[str]:
    """The messages at the fields of a refused form."""
    return [
        " ".join(node.text_content().split()) for node in html.fromstring(response.text).xpath("//p[@class='error']")
    ]


@contextmanager
def statements_seen(app: Flask) -> Iterator[list[str]]:
    """The statements that reach the database of `app` meanwhile."""
    seen: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def event_draft(
    title: str, kind: EventKind, status: EventStatus, segments: list[SegmentDraft], **more: Any
) -> EventDraft:
    """An event that says these and `more`, by the names of its fields, and nothing else."""
    facts = {"title": title, "kind": kind.value, "status": status.value}
    draft = event_draft_from(facts, EventRecords(None))
    return replace(draft, segments=segments, **more)


def activity_draft(title: str = "An activity", status: Status = Status.ONGOING, **more: Any) -> ActivityDraft:
    """A draft that says no more than this."""
    blank = draft_from(Records(db.session), empty_facts())
    return replace(blank, title=title, status=status, **more)


def choices(audiences: str | list[str], decision: str, until: str = "", **more: str) -> dict[str, str]:
    """What the form on sharing sends: the same choice for each of some audiences, until a day or for good."""
    chosen = [audiences] if isinstance(audiences, str) else audiences
    said = {f"say-{key}": decision for key in chosen} | {f"until-{key}": until for key in chosen}
    return said | more


ACTIVITY = {
    "title": "Train laboratory staff",
    "status": "ongoing",
    "lead": "who",
    "recommendations": ["5(h)"],
}
EVENT = {
    "title": "Expert meeting",
    "kind": "expert group meeting",
    "status": "confirmed",
    "segments": "12-14 October 2026",
    "organisers": ["who"],
}
