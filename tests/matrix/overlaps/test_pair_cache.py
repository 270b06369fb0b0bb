"""Look-alikes are found beside the request: no page waits for them, and each says how current they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.matrix.activities.models import Activity
from interagency.matrix.overlaps import pair_cache
from interagency.matrix.overlaps.pairs import Search, all_pairs
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pairs each search of the whole matrix has found."""
    found: list[int] = []

    def counted(session: Any) -> Search:
        search = all_pairs(session)
        found.append(len(search.pairs))
        return search

    monkeypatch.setattr(pair_cache, "all_pairs", counted)
    return found


def _two(add_activity: Add) -> None:
    for entity in ("who", "undp"):
        add_activity(title="Training of nurses in palliative care", entities=(entity,), lead=entity)


def test_the_pairs_are_found_once_and_again_when_an_activity_changed(
    app: Flask, enter: Enter, add_activity: Add, searches: list[int]
) -> None:
    c = enter("coordinator")
    _two(add_activity)
    for _look in range(3):
        assert "1 pair" in text_of(c.get("/overlaps"))
    assert searches == [1]
    add_activity(title="Palliative care: training of nurses", entities=("unicef",), lead="unicef")
    assert "3 pairs" in text_of(c.get("/overlaps"))
    assert searches == [1, 3]


def test_what_was_added_without_history_is_found_too(
    app: Flask, enter: Enter, add_activity: Add, searches: list[int]
) -> None:
    c = enter("coordinator")
    _two(add_activity)
    c.get("/overlaps")
    with app.app_context():
        db.session.execute(
            sa.insert(Activity), [{"title": "Training of nurses in palliative care", "status": "ongoing"}]
        )
        db.session.commit()
    assert "3 pairs" in text_of(c.get("/overlaps"))


def test_a_page_that_does_not_wait_says_that_the_activities_are_being_compared(
    enter: Enter, add_activity: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = enter("coordinator")
    _two(add_activity)
    monkeypatch.setattr(pair_cache, "WAIT", 0)
    monkeypatch.setattr(pair_cache, "_work", lambda app, some: None)
    first = text_of(c.get("/overlaps"))
    assert "are being compared" in first and "No pair has been found yet." in first
    monkeypatch.undo()
    assert "are being compared" not in text_of(c.get("/overlaps"))
    monkeypatch.setattr(pair_cache, "WAIT", 0)
    monkeypatch.setattr(pair_cache, "_work", lambda app, some: None)
    add_activity(title="Nurses: training in palliative care", entities=("unicef",), lead="unicef")
    later = text_of(c.get("/overlaps"))
    assert "1 pair" in later and "Activities have changed since" in later


def test_a_search_that_fails_is_no_error_of_the_page(
    enter: Enter, add_activity: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = enter("coordinator")
    _two(add_activity)

    def failing(session: Any) -> Search:
        raise RuntimeError("no memory")

    monkeypatch.setattr(pair_cache, "all_pairs", failing)
    page = c.get("/overlaps")
    assert page.status_code == 200 and "are being compared" in text_of(page)
