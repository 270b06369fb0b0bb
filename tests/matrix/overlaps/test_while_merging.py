"""Something is written to one of two activities at the very moment they become one: never lost, never an error.

On SQLite most writers lock when they begin, so that nobody can come between: mostly PostgreSQL is asked here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from interagency.calendar.events import record as events
from interagency.calendar.events.models import Event
from interagency.calendar.pages import event_views
from interagency.db.base import db
from interagency.matrix.activities.models import Activity, Milestone
from interagency.matrix.agreement import views as agreement_views
from interagency.matrix.agreement.models import Agreement, Decision
from interagency.matrix.overlaps import asking
from interagency.matrix.overlaps.models import Verdict
from interagency.matrix.pages import activity_views, merge_views, milestone_views
from tests.helpers import ACTIVITY, EVENT, Browser, choices, text_of
from tests.matrix.overlaps.test_merging import merge_fields

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
Meanwhile = Callable[..., Any]
SECONDS = 30


@pytest.fixture
def meanwhile(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """`meanwhile(module, function, other)`: `other` is done, or waits for a lock, before `function` goes on.

    With `call=2` it is the second time that `function` is called.

    What it gives holds the answer of `other` once the request that calls `function` has ended.
    """
    settings = app.extensions["interagency_settings"]

    @contextmanager
    def arrange(module: Any, name: str, other: Callable[[], Any], call: int = 1) -> Iterator[list[Any]]:
        if settings.is_sqlite and name != "acquire_write_lock":
            pytest.skip("on SQLite these writers lock when they begin: nobody can come between")
        own, answers, calls = getattr(module, name), [], []
        thread = threading.Thread(target=lambda: answers.append(other()))

        def later(*given: Any, **more: Any) -> Any:
            calls.append(1)
            if len(calls) < call:
                return own(*given, **more)
            monkeypatch.setattr(module, name, own)
            thread.start()
            _wait_until(
                lambda: not thread.is_alive() or (not settings.is_sqlite and _somebody_waits(settings.database_url))
            )
            return own(*given, **more)

        monkeypatch.setattr(module, name, later)
        yield answers
        thread.join(SECONDS)
        assert answers, f"{name} was never called, or what came between never ended"

    return arrange


def _wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def _somebody_waits(address: str) -> bool:
    server = sa.create_engine(address)
    try:
        with server.connect() as connection:
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return bool(connection.execute(sa.text(waiting)).scalar())
    finally:
        server.dispose()


@pytest.fixture
def two(add_activity: Add) -> tuple[int, int]:
    """The same work twice: WHO's and UNDP's."""
    return add_activity("Train staff in Kenya", lead="who"), add_activity("Training staff, Kenya", lead="undp")


@pytest.fixture
def merging(enter: Enter, two: tuple[int, int]) -> Callable[[], TestResponse]:
    """A coordinator who has the form of merging open, and sends it when called: the first of the two stays."""
    a, b = two
    browser = enter("coordinator")
    fields = merge_fields(browser, a, b)
    return lambda: browser.client.post(f"/overlaps/{a}/{b}/merge", data=fields)


@pytest.fixture
def milestone(enter: Enter, two: tuple[int, int]) -> Callable[[], TestResponse]:
    """UNDP, with a milestone written into the form of its activity."""
    browser = enter("undp")
    address = f"/activities/{two[1]}/milestones"
    fields = {"act": "add", "title": "Manual printed", "due": "June 2027", "csrf_token": browser.token(address)}
    return lambda: browser.client.post(address, data=fields)


def _milestones(app: Flask) -> list[tuple[str, int]]:
    with app.app_context():
        return [tuple(row) for row in db.session.execute(sa.select(Milestone.title, Milestone.activity_id))]


def test_a_milestone_written_first_goes_along(
    app: Flask, meanwhile: Meanwhile, merging: Any, milestone: Any, two: tuple[int, int]
) -> None:
    with meanwhile(milestone_views, "audit", merging) as merged:
        assert milestone().status_code == 302
    assert merged[0].location == f"/activities/{two[0]}"
    assert _milestones(app) == [("Manual printed", two[0])]


def test_a_milestone_written_too_late_is_shown_to_who_wrote_it(
    app: Flask, meanwhile: Meanwhile, merging: Any, milestone: Any
) -> None:
    with meanwhile(merge_views, "merge", milestone) as answers:
        assert merging().status_code == 302
    assert answers[0].status_code == 409
    assert "“Manual printed”, June 2027" in text_of(answers[0])
    assert _milestones(app) == []


def test_a_milestone_removed_by_two_at_once_is_removed(
    app: Flask, meanwhile: Meanwhile, enter: Enter, milestone: Any, two: tuple[int, int]
) -> None:
    milestone()
    address = f"/activities/{two[1]}/milestones"
    first, second = enter("undp"), enter("coordinator")
    fields = html.fromstring(first.get(address).text).xpath("//main//form")[0].form_values()
    fields = dict(fields) | {"csrf_token": second.token(address), "act": "change", "title": "Manual sent"}
    with meanwhile(milestone_views, "audit", lambda: second.client.post(address, data=fields)) as answers:
        first.client.post(address, data=fields | {"csrf_token": first.token(address), "act": "remove"})
    assert answers[0].status_code == 422
    assert "This milestone is no longer there" in text_of(answers[0])
    assert _milestones(app) == []


@pytest.fixture
def agreeing(enter: Enter, two: tuple[int, int]) -> Callable[[int], TestResponse]:
    """An entity that has read the page of its activity, and agrees that it be shared until the end of 2027."""

    def prepare(number: int) -> Callable[[], TestResponse]:
        browser = enter("who" if number == two[0] else "undp")
        page = html.fromstring(browser.get(f"/activities/{number}").text)
        form = next(form for form in page.forms if form.get("action", "").endswith("/agreement"))
        said = choices("commission", "agreed", until="31 December 2027", beyond="yes")
        fields = dict(form.form_values()) | said
        return lambda: browser.client.post(f"/activities/{number}/agreement", data=fields)

    return prepare


def _said(app: Flask, number: int) -> list[Decision]:
    """What was said by focal points, not by the merging."""
    with app.app_context():
        query = sa.select(Agreement.decision).where(Agreement.activity_id == number)
        return list(db.session.scalars(query.where(Agreement.said_by_name.not_like("%(merging)"))))


@pytest.mark.parametrize("place", [0, 1])
def test_an_agreement_to_one_of_the_two_is_no_agreement_to_the_merged_one(
    app: Flask, meanwhile: Meanwhile, merging: Any, agreeing: Any, two: tuple[int, int], place: int
) -> None:
    agree = agreeing(two[place])
    with meanwhile(merge_views, "merge", agree) as answers:
        assert merging().status_code == 302
    assert answers[0].status_code == 409
    page = text_of(answers[0])
    assert "“Train staff in Kenya”" in page
    form = next(
        f for f in html.fromstring(answers[0].text).forms if f.get("action") == f"/activities/{two[0]}/agreement"
    )
    kept = choices("commission", "agreed", until="31 December 2027", beyond="yes")
    assert dict(form.form_values()).items() >= kept.items()
    assert _said(app, two[0]) == _said(app, two[1]) == []


def test_an_agreement_said_first_is_weighed_by_the_merging(
    app: Flask, meanwhile: Meanwhile, merging: Any, agreeing: Any, two: tuple[int, int]
) -> None:
    agree = agreeing(two[0])
    with meanwhile(agreement_views, "say_to_each", merging) as merged:
        assert agree().status_code == 302
    assert merged[0].status_code == 302
    with app.app_context():
        newest = db.session.scalars(
            sa.select(Agreement).where(Agreement.activity_id == two[0]).order_by(Agreement.id.desc())
        ).first()
        assert newest is not None
        assert newest.said_by_name.endswith("(merging)")  # UNDP has not agreed to what is shared now


def test_what_was_read_before_a_merging_is_read_again_before_it_is_agreed_to(
    enter: Enter, agreeing: Any, merging: Any, two: tuple[int, int]
) -> None:
    agree = agreeing(two[0])
    merging()
    late = agree()
    assert late.status_code == 409
    browser = enter("who")
    form = next(f for f in html.fromstring(late.text).forms if f.get("action", "").endswith("/agreement"))
    fields = dict(form.form_values()) | {"csrf_token": browser.token(f"/activities/{two[0]}")}
    assert browser.client.post(form.get("action"), data=fields).status_code == 302


def test_an_event_that_names_one_of_the_two_belongs_to_the_one_that_stays(
    app: Flask, meanwhile: Meanwhile, merging: Any, enter: Enter, two: tuple[int, int]
) -> None:
    browser = enter("who")
    fields = EVENT | {"activities": f"{two[1]}", "csrf_token": browser.token("/events/new")}
    with meanwhile(events, "create_event", merging) as merged:
        assert browser.client.post("/events/new", data=fields).status_code == 302
    assert merged[0].status_code == 302
    with app.app_context():
        assert [one.id for one in db.session.scalars(sa.select(Event)).one().activities] == [two[0]]


def test_an_event_that_comes_while_merging_belongs_to_the_one_that_stays(
    app: Flask, meanwhile: Meanwhile, merging: Any, enter: Enter, two: tuple[int, int]
) -> None:
    browser = enter("who")
    fields = EVENT | {"activities": f"{two[1]}", "csrf_token": browser.token("/events/new")}
    with meanwhile(merge_views, "merge", lambda: browser.client.post("/events/new", data=fields)) as answers:
        assert merging().status_code == 302
    assert answers[0].status_code == 302
    with app.app_context():
        assert [one.id for one in db.session.scalars(sa.select(Event)).one().activities] == [two[0]]
        assert db.session.get_one(Activity, two[1]).merged_into_id == two[0]


def test_a_milestone_removed_while_its_event_moves_it_is_told(
    app: Flask, meanwhile: Meanwhile, enter: Enter, milestone: Any, two: tuple[int, int]
) -> None:
    milestone()
    coordinator, undp = enter("coordinator"), enter("undp")
    values = EVENT | {"activities": f"{two[1]}", "milestone": "1", "organisers": ["undp"]}
    page = undp.send("/events/new", values).location.split("?")[0]
    address = f"/activities/{two[1]}/milestones"
    removal = {"act": "remove", "id": "1", "csrf_token": coordinator.token(address)}
    move = {"move": "milestone", "csrf_token": undp.token(page)}
    with meanwhile(event_views, "lock", lambda: coordinator.client.post(address, data=removal)):
        assert undp.client.post(f"{page}/milestone", data=move).status_code == 302
    assert "Somebody removed this milestone a moment ago" in text_of(undp.get(page))
    assert _milestones(app) == []


def test_a_text_that_comes_while_merging_is_shown_to_who_wrote_it(
    meanwhile: Meanwhile, merging: Any, enter: Enter, two: tuple[int, int]
) -> None:
    undp, address = enter("undp"), f"/activities/{two[1]}/edit"
    fields = undp.fields(address) | {"results": "What UNDP wrote"}
    with meanwhile(merge_views, "merge", lambda: undp.client.post(address, data=fields)) as answers:
        assert merging().status_code == 302
    assert (answers[0].status_code, "What UNDP wrote" in text_of(answers[0])) == (409, True)


def test_a_sentence_that_comes_while_merging_is_shown_to_who_wrote_it(
    meanwhile: Meanwhile, enter: Enter, add_activity: Add
) -> None:
    a, b = add_activity("One", lead="undp"), add_activity("Two", lead="unicef", entities=("who",))
    coordinator, who, address = enter("coordinator"), enter("who"), f"/activities/{b}/edit"
    form = merge_fields(coordinator, a, b)
    written = {
        name: "We lend the trucks" if name.startswith("role-") else value for name, value in who.fields(address).items()
    }
    with meanwhile(merge_views, "merge", lambda: who.client.post(address, data=written)) as answers:
        assert coordinator.client.post(f"/overlaps/{a}/{b}/merge", data=form).status_code == 302
    assert (answers[0].status_code, "We lend the trucks" in text_of(answers[0])) == (409, True)


def test_a_text_and_a_sentence_read_before_a_merging_and_written_after_it_are_shown(
    meanwhile: Meanwhile, enter: Enter, add_activity: Add
) -> None:
    a, b = add_activity("One", lead="undp"), add_activity("Two", lead="unicef", entities=("who",))
    coordinator, unicef, who, address = (
        enter("coordinator"),
        enter("coordinator"),
        enter("who"),
        f"/activities/{b}/edit",
    )
    form = merge_fields(coordinator, a, b)
    text = unicef.fields(address) | {"results": "What UNICEF wrote"}
    sentence = {
        name: "We lend the trucks" if name.startswith("role-") else value for name, value in who.fields(address).items()
    }
    merging = lambda: coordinator.client.post(f"/overlaps/{a}/{b}/merge", data=form)  # noqa: E731
    with meanwhile(activity_views, "acquire_write_lock", merging) as merged:
        late = who.client.post(address, data=sentence)
    assert merged[0].status_code == 302
    assert (late.status_code, "We lend the trucks" in text_of(late)) == (409, True)
    late = unicef.client.post(address, data=text)
    assert (late.status_code, "What UNICEF wrote" in text_of(late)) == (409, True)


def test_a_verdict_said_while_saving_and_a_merging_do_not_wait_for_each_other_for_ever(
    meanwhile: Meanwhile, merging: Any, enter: Enter, two: tuple[int, int]
) -> None:
    undp, address = enter("undp"), f"/activities/{two[1]}/edit"
    fields = undp.fields(address) | {"title": "Train staff in Kenya, 2027", f"verdict-{two[0]}": "related"}
    with meanwhile(asking, "keep_verdict", merging) as answers:
        assert undp.client.post(address, data=fields).status_code == 302
    assert (answers[0].status_code, "Train staff in Kenya, 2027" in text_of(answers[0])) == (409, True)


def test_verdicts_said_of_a_new_activity_and_a_merging_do_not_either(
    app: Flask, meanwhile: Meanwhile, merging: Any, enter: Enter, two: tuple[int, int]
) -> None:
    browser = enter("coordinator")
    fields = ACTIVITY | {
        "title": "Training staff, Kenya",
        "lead": "undp",
        "csrf_token": browser.token("/activities/new"),
    }
    fields |= {f"verdict-{two[1]}": "distinct", f"verdict-{two[0]}": "distinct"}
    with meanwhile(asking, "keep_verdict", merging, call=2) as answers:
        assert browser.client.post("/activities/new", data=fields).status_code == 302
    assert answers[0].status_code == 302
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Verdict)) == 3
