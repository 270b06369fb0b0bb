"""Doors tried by hand: bodies without end, two clicks at once, rights that ended, many addresses of one machine."""

from __future__ import annotations

import gc
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import Workbook

from interagency.accounts.models import Person
from interagency.db.base import db
from interagency.matrix.activities.models import Activity
from interagency.matrix.organisations.models import Appointment
from interagency.matrix.organisations.queries import Directory
from interagency.web.context import today
from interagency.web.limits import FORM_LIMIT, UPLOAD_LIMIT
from tests.exports.incoming.files import confirm, edited, exported, send
from tests.helpers import Browser

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
# The parser leaves the closing of a file it gave up to the collector, which may come in the next test.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Endless(io.RawIOBase):
    """A body that never ends, and knows how much of it was read."""

    def __init__(self, head: bytes = b"") -> None:
        self.head, self.read_so_far = head, 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        part, self.head = self.head[: len(target)], self.head[len(target) :]
        target[:] = (part + b"xxxxxx\r\n" * (len(target) // 8 + 1))[: len(target)]
        self.read_so_far += len(target)
        if self.read_so_far > 2 * UPLOAD_LIMIT:
            raise AssertionError("it goes on reading")
        return len(target)


FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
KINDS = {"multipart/form-data; boundary=b": FILE, "application/x-www-form-urlencoded": b"title="}


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["/sign-in", "/forgotten", "/activities/new", "/imports", "/imports/calendar"])
def test_no_body_is_read_further_than_is_taken(sqlite_app: Flask, path: str, kind: str, announced: bool) -> None:
    """By anybody: the form is read for its token before it is known who is there."""
    body = Endless(KINDS[kind])
    how = {"CONTENT_LENGTH": str(100 * UPLOAD_LIMIT)} if announced else {"HTTP_TRANSFER_ENCODING": "chunked"}
    line = {"wsgi.input": body, "wsgi.input_terminated": True} | how
    answer = sqlite_app.test_client().post(path, content_type=kind, environ_overrides=line)
    assert answer.status_code in (400, 403, 413)
    most = UPLOAD_LIMIT if "import" in path else FORM_LIMIT
    assert body.read_so_far <= most + 2**20
    answer.close()
    gc.collect()


def test_what_a_proxy_let_through_is_heard_to_the_end(sqlite_app: Flask) -> None:
    """Else the proxy is cut off in the middle of sending, and its reader is told that the service is away."""
    body = io.BytesIO(KINDS["application/x-www-form-urlencoded"] + b"x" * (UPLOAD_LIMIT + 2**20))
    line = {"wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_LENGTH": str(len(body.getbuffer()))}
    kind = "application/x-www-form-urlencoded"
    answer = sqlite_app.test_client().post("/imports", content_type=kind, environ_overrides=line)
    assert answer.status_code == 413
    assert body.read() == b""


def test_a_long_text_is_taken_and_a_longer_one_refused_in_words(enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    fields = {"csrf_token": who.token("/activities/new"), "title": "x"}
    for size, expected in ((FORM_LIMIT - 10_000, 422), (FORM_LIMIT + 10_000, 413)):
        for kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
            data = fields | {"description": "y" * size}
            assert who.client.post("/activities/new", data=data, content_type=kind).status_code == expected, (
                size,
                kind,
            )


def _moved(app: Flask, email: str, entity: str) -> None:
    """The person's appointments ended yesterday, and one to `entity` began today."""
    with app.app_context():
        person = db.session.scalars(sa.select(Person).where(Person.email == email)).one()
        day = today()
        db.session.execute(
            sa.update(Appointment).where(Appointment.person_id == person.id).values(last_day=day - timedelta(days=1))
        )
        other = Directory(db.session).find(entity)
        db.session.add(Appointment(person_id=person.id, entity_id=other.id, first_day=day))
        db.session.commit()


@pytest.mark.one_database
def test_what_was_sent_for_an_entity_is_not_taken_back_by_who_left_it(
    app: Flask, enter: Enter, add_activity: Add
) -> None:
    theirs = add_activity("One", results="A")
    who = enter("who")
    shown = send(who, edited(exported(who), {(theirs, "Results"): "B"}))
    confirm(who, shown.location)
    _moved(app, "who@example.org", "undp")
    page = who.get(who.send(f"{shown.location}/undo", {}, at=shown.location).location).text
    assert "not yours any more: One" in page
    with app.app_context():
        assert db.session.get_one(Activity, theirs).results == "B"


def test_a_file_confirmed_twice_at_once_is_taken_in_once(app: Flask, enter: Enter) -> None:
    book, target = Workbook(), io.BytesIO()
    for row in (["Title", "Lead entity", "Status"], ["Only once", "WHO", "ongoing"]):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(target)
    who = enter("who")
    shown = send(who, target.getvalue())
    assert shown.status_code == 302, shown.text
    values = {"csrf_token": who.token(shown.location), "row": "2", "shown": "2"}
    cookie = who.client.get_cookie("session")
    assert cookie is not None

    def click(_number: int) -> int:
        client = app.test_client()
        client.set_cookie("session", cookie.value)
        return client.post(shown.location, data=values).status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(click, range(4))) == [302] * 4
    with app.app_context():
        found = db.session.scalar(sa.select(sa.func.count()).where(Activity.title == "Only once"))
    assert found == 1


@pytest.mark.parametrize(
    ("address", "counted_together"),
    [("2001:db8:0:1::{:x}", True), ("2001:db8:0:{:x}::1", False), ("::ffff:192.0.2.{}", False), ("192.0.2.{}", False)],
)
def test_attempts_are_counted_by_what_one_machine_has_of_addresses(
    counting: Flask, address: str, counted_together: bool
) -> None:
    """A machine with IPv6 has 2**64 addresses, and tries each account's likeliest password from another."""
    client = counting.test_client()
    codes = []
    token = Browser(client).token("/sign-in")
    for number in range(1, 46):  # windows begin with the minute: of two, one holds more than twenty
        form = {"csrf_token": token, "email": f"{number}@example.org", "password": ""}  # refused before it is hashed
        answer = client.post("/sign-in", data=form, environ_overrides={"REMOTE_ADDR": address.format(number)})
        codes.append(answer.status_code)
    assert (429 in codes) is counted_together
    assert codes[:20] == [422] * 20


@pytest.mark.one_database
def test_the_day_an_appointment_ends_is_its_last(app: Flask, enter: Enter, add_activity: Add) -> None:
    mine = add_activity("Mine", results="A")
    who = enter("who")
    assert who.get(f"/activities/{mine}/edit").status_code == 200
    for last, code in ((today_of(app), 200), (today_of(app) - timedelta(days=1), 403)):
        with app.app_context():
            db.session.execute(sa.update(Appointment).values(last_day=last))
            db.session.commit()
        assert who.get(f"/activities/{mine}/edit").status_code == code


def today_of(app: Flask) -> date:
    with app.app_context():
        return today()
