"""What a page says when the database refuses: "somebody was faster" only where somebody was."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db, is_conflict
from interagency.matrix.activities.models import Activity
from tests.helpers import EVENT, Browser

Enter = Callable[[str | None], Browser]


def alter(app: Flask, statement: str) -> None:
    """Let the database refuse what the service does not know of."""
    with app.app_context():
        db.session.execute(sa.text(statement))
        db.session.commit()


def test_a_value_the_database_does_not_take_is_an_error_with_a_reference_and_a_line_in_the_log(
    app: Flask, enter: Enter, caplog: pytest.LogCaptureFixture
) -> None:
    alter(app, "ALTER TABLE event ADD COLUMN more INTEGER DEFAULT 1 CHECK (title <> 'Not taken')")
    who = enter("who")
    with caplog.at_level(logging.ERROR):
        answer = who.send("/events/new", EVENT | {"title": "Not taken"})
    assert answer.status_code == 500
    assert "faster" not in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    assert [one.levelname for one in caplog.records if "database" in one.getMessage()] == ["ERROR"]
    assert who.send("/events/new", EVENT | {"title": "Taken"}).status_code == 302


def test_what_somebody_else_took_meanwhile_is_said(app: Flask, enter: Enter) -> None:
    alter(app, "CREATE UNIQUE INDEX only_one ON event (title) WHERE title = 'Once'")
    who = enter("who")
    assert who.send("/events/new", EVENT | {"title": "Once"}).status_code == 302
    answer = who.send("/events/new", EVENT | {"title": "Once", "segments": "1-2 March 2027"})
    assert answer.status_code == 409
    assert "Somebody was faster" in answer.text


@pytest.mark.parametrize(
    ("statement", "conflict"),
    [
        ("INSERT INTO activity_chapter (activity_id, chapter_number, by_hand) VALUES (1, 2, TRUE)", True),
        ("UPDATE country SET name = 'the same'", True),
        ("UPDATE activity SET sample_key = 'the same'", True),
        ("INSERT INTO activity_chapter (activity_id, chapter_number, by_hand) VALUES (99, 2, TRUE)", True),
        ("DELETE FROM chapter WHERE number = 2", True),
        ("UPDATE activity SET status = 'dreamt of'", False),
        ("UPDATE activity SET title = NULL", False),
    ],
)
def test_a_conflict_is_a_key_that_is_taken_or_a_record_that_is_gone(
    app: Flask, add_activity: Callable[..., int], statement: str, conflict: bool
) -> None:
    for _number in range(2):
        add_activity(chapters=[2])
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Activity)) == 2
        with pytest.raises(sa.exc.IntegrityError) as refused:
            db.session.execute(sa.text(statement))
        assert is_conflict(refused.value) is conflict
        db.session.rollback()
