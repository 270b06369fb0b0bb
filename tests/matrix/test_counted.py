"""Counts kept ready: by whatever way an activity changes, they are what counting anew gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.database import db
from interagency.matrix.filters import Filters
from interagency.matrix.overview import grid as grid_module
from interagency.matrix.overview.grid import Grid, grid
from interagency.sample.generate import Wanted, generate
from tests.helpers import Browser, statements_seen

CHANGES = (
    "UPDATE activity SET is_listed = FALSE WHERE id IN (3, 4)",
    "UPDATE activity SET is_joint = NOT is_joint WHERE id = 5",
    "DELETE FROM activity_chapter WHERE activity_id = 6",
    "INSERT INTO activity_chapter (activity_id, chapter_number, by_hand) VALUES (6, 7, TRUE)",
    "UPDATE activity_entity SET participation = 'declined' WHERE activity_id = 7",
    "DELETE FROM activity_entity WHERE activity_id = 8",
    "UPDATE activity SET is_listed = TRUE WHERE id = 3",
    "UPDATE activity SET title = 'Renamed' WHERE id = 9",
)


def counted_anew(rows: str, columns: str, monkeypatch: pytest.MonkeyPatch) -> Grid:
    with monkeypatch.context() as patch:
        patch.setattr(grid_module, "_ready_grid", None)
        return grid(db.session, Filters(values={"joint": ("yes", "no")}), [], rows, columns)


@pytest.mark.parametrize(("rows", "columns"), [("entity", "chapter"), ("chapter", "entity")])
def test_the_counts_kept_ready_are_those_counted_anew(
    app: Flask, monkeypatch: pytest.MonkeyPatch, rows: str, columns: str
) -> None:
    with app.app_context():
        wanted = Wanted(80, 0, 12, 3, editions=0)
        at, zone = datetime(2026, 11, 21, tzinfo=UTC), ZoneInfo("Europe/Vienna")
        generate(db.session, wanted, at=at, zone=zone, base_url="http://localhost", progress=lambda _line: None)
        seen = []
        for statement in ("SELECT 1", *CHANGES):
            db.session.execute(sa.text(statement))
            db.session.execute(sa.text("UPDATE activity SET version = version + 1 WHERE id = 1"))  # as a change does
            db.session.commit()
            found = grid(db.session, Filters(), [], rows, columns)
            assert found == counted_anew(rows, columns, monkeypatch), statement
            seen.append(found)
        assert seen[0].total.count > seen[1].total.count
        assert sum(cell.count for cell in seen[0].cells.values()) > seen[0].total.count


def test_nothing_is_counted_again_until_an_activity_changes(app: Flask, add_activity: Callable[..., int]) -> None:
    with app.app_context():
        add_activity(chapters=[2])
        first = grid(db.session, Filters(), [], "entity", "chapter")
        with statements_seen(app) as seen:
            assert grid(db.session, Filters(), [], "entity", "chapter") == first
        assert not [one for one in seen if "activity_under" in one]
        db.session.rollback()
        add_activity(chapters=[2])
        with statements_seen(app) as seen:
            assert grid(db.session, Filters(), [], "entity", "chapter").total.count == first.total.count + 1
        assert [one for one in seen if "activity_under" in one]
        db.session.close()


def test_an_activity_that_is_edited_is_counted_where_it_stands_now(
    enter: Callable[[str | None], Browser], add_activity: Callable[..., int]
) -> None:
    activity = add_activity(chapters=[2])
    who = enter("who")
    values = who.fields(f"/activities/{activity}/edit")
    assert who.send(f"/activities/{activity}/edit", values | {"recommendations": ["5(h)"]}).status_code == 302
    page = who.get("/matrix?rows=entity&columns=chapter").text
    assert "chapter=5" in page
