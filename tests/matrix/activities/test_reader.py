"""Reading many activities at once."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from flask import Flask

from interagency.db.base import db
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.reader import entries, without_collector
from tests.helpers import statements_seen


def test_the_collector_works_again_whatever_happens() -> None:
    with without_collector():
        assert not gc.isenabled()
        with without_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="stop"), without_collector():
        raise ValueError("stop")
    assert gc.isenabled()


def test_close_and_scattered_records_say_the_same(app: Flask, add_activity: Callable[..., int]) -> None:
    """A batch is asked for by range where its numbers are close together, and one by one where they are not."""
    made = [add_activity(f"Activity {number}", entities=("undp",)) for number in range(7)]
    with app.app_context():
        together = {entry["id"]: entry for entry in entries(db.session)}
        apart = list(entries(db.session, [Activity.id.in_([made[0], made[6]])]))
        assert apart == [together[made[0]], together[made[6]]]
        assert [entry["facts"]["entities"] for entry in apart] == [["undp"], ["undp"]]


def test_three_activities_and_thirty_cost_as_many_statements(
    sqlite_app: Flask, add_activity: Callable[..., int]
) -> None:
    def statements() -> int:
        with statements_seen(sqlite_app) as seen, sqlite_app.app_context():
            assert list(entries(db.session))
        return len(seen)

    for number in range(3):
        add_activity(f"Activity {number}")
    few = statements()
    for number in range(27):
        add_activity(f"More {number}")
    assert statements() == few
