"""Many people save at once, on two workers: none is refused by a lock, none is lost, none overwrites another unseen."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.calendar.events.models import Event
from interagency.cli.cycle import _broken_links
from interagency.db.base import Model, db
from interagency.db.history import Change
from interagency.matrix.activities.models import Activity
from tests.helpers import ACTIVITY, EVENT
from tests.served import Served, Visitor

pytestmark = pytest.mark.crash
PEOPLE, AT_ONCE, EDITORS, INSISTING = 200, 50, 20, 8


def in_as_many(served: Served, count: int) -> tuple[list[Visitor], str]:
    """`count` visitors signed in as one focal point, and a token of that session."""
    first = Visitor(served.address).sign_in("who@example.org")
    token = first.token("/activities/new")
    visitors = []
    for _ in range(count):
        one = Visitor(served.address)
        one.session.cookies.update(first.session.cookies)
        visitors.append(one)
    return visitors, token


def test_two_hundred_saves_at_once(app: Flask, serve_app: Callable[..., Served]) -> None:
    served = serve_app()
    visitors, token = in_as_many(served, AT_ONCE)
    titles = [uuid.uuid4().hex for _ in range(PEOPLE)]

    def save(number: int) -> int:
        values = {"title": titles[number], "status": "ongoing", "lead": "who"}
        return visitors[number % AT_ONCE].post("/activities/new", values, token=token, timeout=120).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(pool.map(save, range(PEOPLE)))
    assert answers == {302: PEOPLE}, served.lines()[-3000:]
    served.kill()
    with app.app_context():
        assert sorted(db.session.scalars(sa.select(Activity.title))) == sorted(titles)
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Change)) == PEOPLE
        assert _broken_links() == []
        db.session.close()


@pytest.mark.parametrize(("address", "table"), [("/activities/new", Activity), ("/events/new", Event)])
def test_the_same_form_twenty_times_at_once(
    app: Flask, serve_app: Callable[..., Served], address: str, table: type[Model]
) -> None:
    served = serve_app()
    visitors, token = in_as_many(served, EDITORS)
    values = (ACTIVITY if table is Activity else EVENT) | {"form_key": "0123456789abcdefghijkl"}

    def send(number: int) -> tuple[int, str]:
        answer = visitors[number].post(address, values, token=token, timeout=120)
        return answer.status_code, answer.headers.get("Location", "")

    with ThreadPoolExecutor(EDITORS) as pool:
        answers = Counter(pool.map(send, range(EDITORS)))
    assert len(answers) == 1, answers
    assert next(iter(answers))[0] == 302
    served.kill()
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 1
        assert _broken_links() == []
        db.session.close()


def test_twenty_people_at_the_same_record(
    app: Flask, serve_app: Callable[..., Served], add_activity: Callable[..., int]
) -> None:
    record = add_activity("Everybody's", lead="who")
    served = serve_app()
    visitors, token = in_as_many(served, EDITORS)

    def edit(number: int) -> tuple[int, str]:
        """Save what was read at version 1; when that is stale, the page shows both and nothing is overwritten."""
        title = f"Title of editor {number}"
        values = {"title": title, "status": "ongoing", "lead": "who", "version": "1"}
        answer = visitors[number].post(f"/activities/{record}/edit", values, token=token, timeout=120)
        shown = answer.status_code == 409 and title in answer.text
        return answer.status_code, "both shown" if shown else ""

    with ThreadPoolExecutor(EDITORS) as pool:
        answers = Counter(pool.map(edit, range(EDITORS)))
    assert answers == {(302, ""): 1, (409, "both shown"): EDITORS - 1}, served.lines()[-3000:]

    def insist(number: int) -> int:
        """Read, save, and on a conflict save again from the page that shows it: until it is in."""
        page = visitors[number].get(f"/activities/{record}/edit").text
        for tries in range(200):
            version = page.split('name="version"')[1].split('value="')[1].split('"')[0]
            values = {"title": f"Insisted by {number}", "status": "ongoing", "lead": "who", "version": version}
            answer = visitors[number].post(f"/activities/{record}/edit", values, token=token, timeout=120)
            if answer.status_code == 302:
                return tries
            assert answer.status_code == 409, answer.text[:300]
            page = answer.text
        raise AssertionError("never got in")

    with ThreadPoolExecutor(INSISTING) as pool:
        list(pool.map(insist, range(INSISTING)))
    served.kill()
    with app.app_context():
        versions = sa.select(Change.record_version).where(Change.record_type == "activity", Change.record_id == record)
        assert sorted(db.session.scalars(versions)) == list(range(1, INSISTING + 3))
        db.session.close()
