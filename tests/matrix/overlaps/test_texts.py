"""The texts that are compared: as they stand now, whatever happened in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db, now
from interagency.matrix.activities.models import Activity
from interagency.matrix.overlaps import texts
from tests.helpers import statements_seen

Add = Callable[..., int]
TITLE = "Training judges in alternatives to imprisonment"


@pytest.fixture(autouse=True)
def at_home(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield
        db.session.close()


def alike(title: str = TITLE) -> set[int]:
    found = set(texts.read_texts(db.session).alike(title, ""))
    db.session.rollback()
    return found


def write(number: int, **values: object) -> None:
    """As a save does: with another version."""
    table = Activity.__table__
    values = {"updated_at": now()} | values | {"version": table.c.version + 1}
    db.session.execute(sa.update(table).where(table.c.id == number).values(**values))
    db.session.commit()


def test_what_changed_is_seen_at_once(add_activity: Add) -> None:
    first, second = add_activity(TITLE), add_activity("Mapping of laboratories")
    assert alike() == {first}
    write(second, title=TITLE + " II")
    assert alike() == {first, second}
    third = add_activity(TITLE + " III")
    assert alike() == {first, second, third}
    write(first, is_listed=False)
    assert alike() == {second, third}
    write(first, is_listed=True)
    assert alike() == {first, second, third}


def test_asking_takes_as_many_statements_for_many_as_for_few(app: Flask, add_activity: Add) -> None:
    add_activity(TITLE)
    taken = []
    for _round in range(2):
        with statements_seen(app) as seen:
            alike()
        taken.append(len([one for one in seen if "activity" in one]))
        for number in range(20):
            add_activity(f"{TITLE} {number}")
    assert taken == [1, 1]


def test_one_gone_and_one_added_is_a_change(add_activity: Add) -> None:
    first = add_activity(TITLE)
    assert alike() == {first}
    write(first, is_listed=False)
    second = add_activity(TITLE)
    assert alike() == {second}


def test_what_was_written_with_an_old_time_is_found_by_reading_everything(add_activity: Add) -> None:
    add_activity("Mapping of laboratories")
    first = add_activity("Seizures at sea")
    assert alike() == set()
    write(first, title=TITLE, updated_at=now() - timedelta(days=3))
    assert alike() == {first}


def test_descriptions_are_compared_by_their_beginning_and_not_when_short() -> None:
    words = "Judges and prosecutors are trained in proportionate sentencing and alternatives"
    known = texts.Texts(descriptions={1: texts.described_words(words), 2: texts.described_words("Judges are")})
    assert set(known.alike("", words + ".")) == {1}
    assert known.alike("", "Judges are") == {}
