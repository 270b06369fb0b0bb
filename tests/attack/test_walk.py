"""Every address as every person, with what exists, what is somebody else's and what never was."""

from __future__ import annotations

import hashlib

import pytest
import sqlalchemy as sa
from werkzeug.routing import Rule

from interagency.db.base import Model, db
from interagency.web.access import required_access
from tests.attack.conftest import EVERYBODY, INPUTS, World
from tests.helpers import PASSWORD

ODD = ("0", "2147483648", "9" * 25, "-1", "x" * 2000, "..%2f..%2fetc%2fpasswd", "%00", "2026-13", "9999-12-31", "٣")
MAY = {
    "public": set(EVERYBODY),
    "token": set(),  # a session is none
    "signed in": set(EVERYBODY) - {None},
    "coordinator": {"coordinator"},
    "administrator": {"admin"},
}
# What a reader may write: traces of having been here, an own feed, own zone.
OWN_TABLES = {
    "feed_revision",
    "audit_entry",
    "audit_link",
    "sign_in",
    "subscription",
    "access_token",
    "one_time_link",
    "outbox_message",
    "recovery_code",
}


def digest(world: World) -> dict[str, str]:
    """A checksum of each table's rows."""
    found = {}
    with world.app.app_context(), db.engine.connect() as connection:
        for table in Model.metadata.sorted_tables:
            rows = connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all()
            found[table.name] = hashlib.sha256(repr(rows).encode("utf-8", "surrogatepass")).hexdigest()
    return found


@pytest.mark.parametrize("name", EVERYBODY)
def test_every_page_opens_for_those_it_is_for_and_for_nobody_else(world: World, name: str | None) -> None:
    browser = world.enter(name)
    wrong = []
    for rule in world.rules("GET"):
        answer = browser.get(world.address(rule))
        allowed = name in MAY[required_access(world.app, rule.endpoint)]
        refused = answer.status_code in (401, 403) or (
            answer.status_code == 302 and answer.location.startswith("/sign-in?") and name is None
        )
        fine = answer.status_code in (200, 302, 403, 404, 422) if allowed else refused
        if not fine:
            wrong.append((rule.rule, answer.status_code))
        answer.close()
    assert wrong == []


@pytest.mark.parametrize("name", ["who", "coordinator", "admin"])
def test_an_address_of_what_never_was_is_a_page_that_helps(world: World, name: str) -> None:
    """As a coordinator, who gets furthest, with all of them at every address; as others with each at some."""
    browser = world.enter(name)
    wrong = []
    for number, rule in enumerate(world.rules("GET")):
        for argument in sorted(rule.arguments):
            for odd in ODD if name == "coordinator" or INPUTS > 10 else ODD[number % 4 :: 4]:
                answer = browser.get(world.address(rule, **{argument: odd}))
                if answer.status_code >= 500:
                    wrong.append((rule.rule, odd[:30], answer.status_code))
                answer.close()
    assert wrong == []


def _send(world: World, browser: object, rule: Rule, data: dict[str, str]) -> int:
    answer = browser.client.post(world.address(rule), data=data)  # type: ignore[attr-defined]
    answer.close()
    return int(answer.status_code)


def _without_sign_out(world: World) -> list[Rule]:
    return [rule for rule in world.rules("POST") if rule.endpoint != "accounts.sign_out"]


BODIES = (
    {},
    {"version": "1", "entity": "undp", "cycle": "2026-11", "id": "1", "record": "activity", "kind": "unchanged"},
    {
        "title": "Changed",
        "status": "ongoing",
        "said": "confirmed",
        "role": "administrator",
        "all": "yes",
        "reason": "x",
    },
)


def test_a_reader_who_sends_everything_everywhere_changes_nothing(world: World) -> None:
    before = digest(world)
    reader = world.enter("reader")
    token = reader.token("/account")
    codes = {
        (rule.rule, _send(world, reader, rule, {"csrf_token": token, **body}))
        for rule in _without_sign_out(world)
        for body in BODIES
    }
    assert [(rule, code) for rule, code in codes if code >= 500] == []
    after = digest(world)
    assert {name for name in before if before[name] != after[name]} <= OWN_TABLES | {"person"}
    assert world.enter("reader").get("/people").status_code == 403


def test_another_entity_changes_nothing_of_a_record_that_is_not_theirs(world: World) -> None:
    who = world.enter("who")
    address = f"/activities/{world.parts['activity_id']}"
    before = world.enter("coordinator").get(f"{address}/history").text
    token = who.token("/account")
    for rule in _without_sign_out(world):
        if "activity_id" in rule.arguments:
            for body in BODIES:
                assert _send(world, who, rule, {"csrf_token": token, **body}) in (302, 303, 401, 403, 404, 422), (
                    rule.rule
                )
    assert _strip(world.enter("coordinator").get(f"{address}/history").text) == _strip(before)


def _strip(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf_token" not in line)


@pytest.mark.parametrize("name", ["who", "coordinator", "admin"])
def test_no_act_without_its_token(world: World, name: str) -> None:
    browser = world.enter(name)
    before = digest(world)
    for rule in world.rules("POST"):
        for body in BODIES:
            assert _send(world, browser, rule, body) in (400, 401, 403, 404), rule.rule
    after = digest(world)
    assert {table for table in before if before[table] != after[table]} <= {"audit_entry", "sign_in"}


def test_nobody_sends_anything_but_to_open_doors(world: World) -> None:
    nobody = world.enter(None)
    token = nobody.token("/sign-in")
    for rule in world.rules("POST"):
        if required_access(world.app, rule.endpoint) in ("public", "token"):
            continue
        answer = nobody.client.post(world.address(rule), data={"csrf_token": token})
        assert answer.status_code in (302, 403), rule.rule
        assert "/sign-in" in (answer.location or answer.text), rule.rule


def test_one_session_more_is_not_one_right_more(world: World) -> None:
    """Fields a form never had are not taken: role, ids, times and versions of the account and of a record."""
    who = world.enter("who")
    who.send(
        "/account",
        {"timezone": "", "role": "administrator", "is_administrator": "1", "email": "admin@example.org", "id": "1"},
    )
    assert who.get("/people").status_code == 403
    fields = {
        "title": "Mass assignment",
        "status": "ongoing",
        "lead": "who",
        "id": "1",
        "version": "99",
        "is_listed": "",
        "created_at": "1999-01-01",
        "agreement": "public",
        "confirmed_month": "2030-01",
    }
    who.send("/activities/new", fields)
    page = who.get("/activities?q=mass+assignment").text
    assert page.count("Mass assignment") >= 1
    assert "1999" not in page
    assert world.enter(None).sign_in("who@example.org", PASSWORD).status_code == 302
