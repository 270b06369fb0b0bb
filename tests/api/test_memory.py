"""A table is written while its rows pass: ten thousand activities take no more memory than three thousand."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.matrix.activities.models import Activity
from tests.api.conftest import data_base
from tests.helpers import ACTIVITY, Browser

Enter = Callable[[str | None], Browser]


def multiply(app: Flask, first: int, last: int) -> None:
    """More activities that say what number 1 says, with the ids from `first` to `last`."""
    table = Activity.__table__
    with app.app_context():
        row = db.session.execute(sa.select(table).where(table.c.id == 1)).mappings().one()
        values = {name: row[name] for name in row if name != "search_text"}
        copies = [values | {"id": number, "sample_key": None} for number in range(first, last + 1)]
        db.session.execute(sa.insert(table), copies)
        db.session.commit()


def peak(app: Flask, address: str) -> tuple[int, int]:
    """Bytes that one read took beyond what was there before, and the bytes it sent."""
    app.test_client().get(address).close()
    gc.collect()
    tracemalloc.start()
    answer = app.test_client().get(address, buffered=False)
    sent = sum(len(piece) for piece in answer.response)
    answer.close()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, sent


@pytest.mark.slow
@pytest.mark.parametrize("name", ["activities.csv", "activities.json", "activity_entities.csv"])
def test_memory_stays_flat(sqlite_app: Flask, enter_sqlite: Enter, name: str) -> None:
    who = enter_sqlite("who")
    assert who.send("/activities/new", ACTIVITY | {"description": "What is done. " * 40}).status_code == 302
    address = f"{data_base(who)}{name}"
    multiply(sqlite_app, 2, 3000)
    few, few_sent = peak(sqlite_app, address)
    multiply(sqlite_app, 3001, 10_000)
    many, many_sent = peak(sqlite_app, address)
    if name.startswith("activities"):
        assert many_sent > 3 * few_sent
    assert many < 1.25 * few, (few, many)
