"""Merging never widens what is shared (rules 19 to 21): what a merged record may be shared as, and at the door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from interagency.db.base import db
from interagency.matrix.agreement.gate import ACTIVITY, Statement, may_leave, statements_for
from interagency.matrix.agreement.models import Agreement, Decision
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overlaps.consent import merged_statement
from tests.helpers import Browser, choices, text_of
from tests.matrix.overlaps.test_merging import merge

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
DAY = date(2026, 8, 20)
ENTITIES = ("who", "undp", "unicef")
SURVIVOR, OTHER = 1, 2

statement = st.builds(
    Statement,
    st.sampled_from(Decision),
    st.sampled_from([None, None, DAY - timedelta(days=3), DAY, DAY + timedelta(days=30)]),
    st.booleans(),
)
default = st.builds(
    Statement, st.sampled_from(Decision), st.sampled_from([None, DAY + timedelta(days=10)]), st.just(False)
)
said = st.fixed_dictionaries(
    {},
    optional={
        **{(key, "", None): default for key in ENTITIES},
        **{(key, ACTIVITY, number): statement for key in ENTITIES for number in (SURVIVOR, OTHER)},
    },
)
names = st.lists(st.sampled_from(ENTITIES), unique=True)


@settings(max_examples=400, deadline=None)
@given(said=said, first=names, second=names, later=st.sampled_from([0, 1, 11, 31, 400]))
def test_what_leaves_merged_would_have_left_both_ways_on_the_same_day(
    said: dict[Any, Statement], first: list[str], second: list[str], later: int
) -> None:
    merged = list(dict.fromkeys([*first, *second]))
    after = dict(said)
    for key in merged:
        new = merged_statement(said, key, (SURVIVOR, OTHER), (first, second), DAY)
        if new is not None:
            after[key, ACTIVITY, SURVIVOR] = new
    day = DAY + timedelta(days=later)
    if may_leave(after, merged, ACTIVITY, SURVIVOR, day):
        assert may_leave(said, first, ACTIVITY, SURVIVOR, day)
        assert may_leave(said, second, ACTIVITY, OTHER, day)


def test_what_both_share_the_merged_one_shares_on_the_narrower_terms() -> None:
    until = DAY + timedelta(days=30)
    agreed = {
        ("who", "", None): Statement(Decision.AGREED, None, False),
        ("undp", ACTIVITY, OTHER): Statement(Decision.AGREED, until, True),
    }
    named = (["who"], ["who", "undp"])
    assert merged_statement(agreed, "who", (SURVIVOR, OTHER), named, DAY) is None
    assert merged_statement(agreed, "undp", (SURVIVOR, OTHER), named, DAY) == Statement(Decision.AGREED, until, True)


def _external(app: Flask, number: int, *keys: str) -> bool:
    with app.app_context():
        return may_leave(statements_for(db.session, "public"), keys, ACTIVITY, number, DAY)


def _say(app: Flask, key: str, decision: Decision, number: int | None = None, *, beyond: bool = False) -> None:
    with app.app_context():
        entity = db.session.scalars(sa.select(Organisation.id).where(Organisation.key == key)).one()
        db.session.add(
            Agreement(
                audience_key="public", entity_id=entity, activity_id=number, decision=decision,
                beyond_default=beyond, said_by_name="test",
            )
        )  # fmt: skip
        db.session.commit()


@pytest.fixture
def shared_and_not(app: Flask, clock: Any, add_activity: Add) -> tuple[int, int]:
    """WHO's, shared with the public by default, and UNDP's, refused though its default says yes."""
    a, b = add_activity("Open", lead="who"), add_activity("Closed", lead="undp")
    for key in ("who", "undp"):
        _say(app, key, Decision.AGREED)
    _say(app, "undp", Decision.REFUSED, b)
    return a, b


@pytest.mark.parametrize("order", [1, -1])
def test_a_record_that_is_not_shared_does_not_leave_through_one_that_is(
    app: Flask, enter: Enter, shared_and_not: tuple[int, int], order: int
) -> None:
    survivor, other = shared_and_not[::order]
    c = enter("coordinator")
    assert _external(app, shared_and_not[0], "who")
    merge(c, survivor, other)
    assert not _external(app, survivor, "who", "undp")
    assert not _external(app, survivor, "who")
    page = text_of(c.get(f"/activities/{survivor}"))
    assert "refused: UNDP" in page
    assert "awaiting WHO" in page
    c.send(f"/activities/{survivor}/merges/1/undo", at=f"/activities/{survivor}")
    assert _external(app, shared_and_not[0], "who")
    assert not _external(app, shared_and_not[1], "undp")


def test_a_record_of_no_entity_does_not_leave_with_the_consent_of_another(
    app: Flask, enter: Enter, clock: Any, add_activity: Add
) -> None:
    a, b = add_activity("Open", lead="who"), add_activity("Nobody's", lead=None)
    _say(app, "who", Decision.AGREED, a, beyond=True)
    merge(enter("coordinator"), a, b)
    assert not _external(app, a, "who")


def test_when_all_have_agreed_to_both_the_merged_one_stays_shared(
    app: Flask, enter: Enter, clock: Any, add_activity: Add
) -> None:
    a, b = add_activity("Open", lead="who"), add_activity("Open too", lead="undp")
    _say(app, "who", Decision.AGREED)
    _say(app, "undp", Decision.AGREED, b, beyond=True)
    merge(enter("coordinator"), a, b)
    assert _external(app, a, "who", "undp")


def test_what_was_said_after_the_merging_makes_it_final(
    app: Flask, enter: Enter, shared_and_not: tuple[int, int]
) -> None:
    a, b = shared_and_not
    c = enter("coordinator")
    merge(c, a, b)
    words = choices("public", "agreed", entity="who")
    enter("who").send(f"/activities/{a}/agreement", words, at=f"/activities/{a}")
    c.send(f"/activities/{a}/merges/1/undo", at=f"/activities/{a}")
    assert "Entities have spoken on sharing it since" in text_of(c.get(f"/activities/{a}"))
