"""Bad input: a clear message at its field, everything typed is kept, never a 500."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers import ACTIVITY, EVENT, Browser, errors_of, text_of
from tests.stalling import ATTACK

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]

REFUSED = [
    ({"title": ""}, "Write a title"),
    ({"title": "x" * 10_000}, "longer than 300 characters"),
    ({"description": "x" * 20_001}, "longer than 20000 characters"),
    ({"status": "finished"}, "Not a valid choice"),
    ({"lead": "nato"}, "Not a valid choice"),
    ({"recommendations": ["1(s)"]}, "“1(s)” is not on the list"),
    ({"countries": ["XX"]}, "“XX” is not on the list"),
    ({"entities": ["gov_deu"]}, "is not on the list"),
    ({"hosts": "Kenya\nAtlantis"}, "We do not know the country “Atlantis”"),
    ({"start": "31 June 2016"}, "June 2016 has 30 days"),
    ({"start": "2019", "start_read": "2019", "end": "2018"}, "It would end (2018) before it begins (2019)."),
    ({"figures": "many people"}, "Write a number and what it counts"),
    ({"figures": "9" * 30 + " people"}, "too large"),
    ({"link": "javascript:alert(1)"}, "begins with https://"),
]


@pytest.mark.parametrize(("values", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_cannot_be_taken_is_told_at_its_field_and_kept(
    enter_sqlite: Enter, values: dict[str, Any], message: str
) -> None:
    browser = enter_sqlite("who")
    response = browser.send("/activities/new", ACTIVITY | {"remarks": "I typed this"} | values)
    assert response.status_code == 422
    assert any(message in error for error in errors_of(response)), errors_of(response)
    assert "nothing you typed is lost" in text_of(response)
    assert "I typed this" in response.text


def test_an_ambiguous_date_asks_which_and_takes_the_answer(enter_sqlite: Enter) -> None:
    browser = enter_sqlite("who")
    response = browser.send("/activities/new", ACTIVITY | {"start": "12/10/2026"})
    assert response.status_code == 422
    assert "It is 12 October 2026" in text_of(response)
    assert "It is 10 December 2026" in text_of(response)
    answered = browser.send("/activities/new", ACTIVITY | {"start": "12/10/2026", "start_choice": "2026-10-12"})
    assert "from 12 October 2026" in text_of(browser.get(answered.location))


def test_the_reading_of_a_date_is_shown_before_it_is_saved(enter_sqlite: Enter) -> None:
    browser = enter_sqlite("who")
    response = browser.send("/activities/new", ACTIVITY | {"start": "jun 2016"})
    assert response.status_code == 422
    assert "we read “jun 2016” as June 2016" in text_of(response)
    saved = browser.send("/activities/new", ACTIVITY | {"start": "jun 2016", "start_read": "2016-06"})
    assert "from June 2016" in text_of(browser.get(saved.location))


HOSTILE = "<script>alert('x')</script> & \u202eright-to-left\u202c 🎉 \ud83d \x00\x0b line\r\nbreak"


def test_hostile_text_is_kept_as_text_everywhere(enter: Enter) -> None:
    browser = enter("who")
    names = ("title", "description", "results", "source", "contact", "remarks")
    data = ACTIVITY | {name: HOSTILE.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for name in names}
    response = browser.send("/activities/new", data)
    assert response.status_code == 302
    for address in (response.location, "/activities", response.location.split("?")[0] + "/history"):
        page = browser.get(address)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert" in page.text
        assert "\x00" not in page.text


def test_half_characters_in_the_bytes_do_no_harm(enter: Enter) -> None:
    browser = enter("who")
    body = f"csrf_token={browser.token('/activities/new')}&status=ongoing&lead=who&title=x%ED%A0%80y%00z"
    response = browser.client.post(
        "/activities/new", data=body.encode(), content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 302


@pytest.mark.parametrize("number", ["0", "-1", "abc", "99999", str(2**31), str(2**63), str(10**30), "1%00", "%F0%9F"])
@pytest.mark.one_database
def test_forged_ids_are_a_helpful_404(enter: Enter, number: str) -> None:
    browser = enter("coordinator")
    for address in (
        f"/activities/{number}",
        f"/activities/{number}/edit",
        f"/activities/{number}/history",
        f"/events/{number}",
        f"/events/{number}/edit",
        f"/events/{number}.ics",
        f"/calendar/{number}/1",
        f"/feeds/{number}.ics",
    ):
        response = browser.get(address)
        assert response.status_code == 404, address
    assert "All activities" in text_of(browser.get(f"/activities/{number}"))


def test_a_page_number_beyond_the_last_is_the_last(enter_sqlite: Enter, add_activity: Add) -> None:
    add_activity()
    for page in ("0", "-5", "x", "999999999999999999999"):
        assert "1 activity" in text_of(enter_sqlite("reader").get(f"/activities?page={page}"))


def test_unknown_filters_are_told_and_left_out(enter_sqlite: Enter, add_activity: Add) -> None:
    add_activity(title="Still here")
    page = text_of(enter_sqlite("reader").get("/activities?entity=NATO&recommendation=1(s)&country=Atlantis&status=x"))
    for words in (
        "entity “NATO”",
        "There is no 1(s)",
        "country “Atlantis”",
        "“x” cannot be chosen for “Status”",
        "Still here",
    ):
        assert words in page


FIELDS = [
    "title status lead entities partners recommendations chapters countries regions sdg hosts figures "
    "link start end version",
    "title kind status segments days timezone repeats repeat_count mode country organisers chapters links version",
]


@settings(max_examples=50 if ATTACK else 15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(st.sampled_from(FIELDS[0].split()), st.text(max_size=60)))
@pytest.mark.slow
def test_any_activity_form_is_taken_or_refused(sqlite_app: Flask, values: dict[str, str]) -> None:
    send_as_who(sqlite_app, "/activities/new", ACTIVITY, values)


@settings(max_examples=50 if ATTACK else 15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(st.sampled_from(FIELDS[1].split()), st.text(max_size=60)))
@pytest.mark.slow
def test_any_event_form_is_taken_or_refused(sqlite_app: Flask, values: dict[str, str]) -> None:
    send_as_who(sqlite_app, "/events/new", EVENT, values)


def send_as_who(app: Flask, address: str, base: dict[str, Any], values: dict[str, str]) -> None:
    kept: dict[str, Any] = app.extensions.setdefault("kept_browser", {})
    if "browser" not in kept:
        kept["browser"] = Browser(app.test_client())
        kept["browser"].sign_in("who@example.org")
        kept["token"] = kept["browser"].token("/account")
    clean = {name: text.encode("utf-8", "replace").decode() for name, text in values.items()}
    response = kept["browser"].client.post(address, data=base | clean | {"csrf_token": kept["token"]})
    assert response.status_code in (302, 409, 422), response.status_code  # 409: alike to an earlier one


@settings(max_examples=50 if ATTACK else 15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "q",
                    "entity",
                    "chapter",
                    "recommendation",
                    "country",
                    "region",
                    "status",
                    "joint",
                    "kind",
                    "mine",
                    "page",
                    "sort",
                ]
            ),
            st.text(max_size=30),
        ),
        max_size=6,
    )
)
@pytest.mark.slow
def test_any_filters_give_a_page(sqlite_app: Flask, names: list[tuple[str, str]]) -> None:
    kept: dict[str, Any] = sqlite_app.extensions.setdefault("kept_reader", {})
    if "browser" not in kept:
        kept["browser"] = Browser(sqlite_app.test_client())
        kept["browser"].sign_in("who@example.org")
    query = [(name, text.encode("utf-8", "replace").decode()) for name, text in names]
    for address in ("/activities", "/calendar", "/calendar/2026/10"):
        assert kept["browser"].client.get(address, query_string=query).status_code == 200
