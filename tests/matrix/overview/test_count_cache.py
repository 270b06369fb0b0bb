"""Counts are kept until a record changes, under the filters they were counted under, and never longer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import CountryRole
from interagency.matrix.framework.models import Country, Recommendation
from interagency.matrix.overview.count_cache import cached_counts
from interagency.text.dates import ImpreciseDate
from interagency.web import state_cache
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]


def test_counted_once_until_a_record_changes(app: Flask, add_activity: Add) -> None:
    counted = []

    def count() -> int:
        counted.append(1)
        return len(counted)

    with app.app_context():

        def look(filters: Filters | None = None, mine: tuple[str, ...] = ()) -> int:
            return cached_counts(db.session, ("test",), filters or Filters(), mine, count)

        assert [look(), look()] == [1, 1]
        assert look(Filters({"entity": ("who",)})) == 2
        assert look(mine=("who",)) == 3
        assert look() == 1
        db.session.rollback()
        add_activity()
        assert [look(), look()] == [4, 4]


def test_no_more_than_some_are_kept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_cache, "MAX_ENTRIES", 2)
    with app.app_context():
        for name in ("a", "b", "a", "c"):
            cached_counts(db.session, (name,), Filters(), (), lambda: 0)
        names = [key[1][0] for key in app.extensions[state_cache.EXTENSION].entries]
    assert names == ["a", "c"]


@pytest.mark.parametrize("page", ["/matrix", "/coverage", "/where", "/when", "/together"])
def test_each_page_shows_at_once_what_was_saved(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, page: str
) -> None:
    c = enter_sqlite("coordinator")
    with sqlite_app.app_context():
        kenya, painful = db.session.get_one(Country, "KE"), db.session.get_one(Recommendation, "2(a)")
        db.session.expunge_all()
    before = text_of(c.get(page))
    add_activity(
        title="Nurses learn to treat pain",
        lead="who",
        entities=("undp",),
        countries=[(kenya, CountryRole.BENEFICIARY)],
        recommendations=[painful],
        start=ImpreciseDate.month(2026, 11),
    )
    assert text_of(c.get(page)) != before
