"""Counts kept ready: by whatever way an activity changes, they are what counting anew gives."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from bench.generated.generate import Wanted, generate
from interagency.database import alembic, db
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.listing import page_of_activities
from interagency.matrix.activities.models import activity_tally
from interagency.matrix.activities.queries import counts_by_chapter
from interagency.matrix.activities.tally import count_again, fold, problems, under_any
from interagency.matrix.overview import grid as grid_module
from interagency.matrix.overview.grid import Grid, grid
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
            db.session.commit()
            found = grid(db.session, Filters(), [], rows, columns)
            assert found == counted_anew(rows, columns, monkeypatch), statement
            seen.append(found)
        assert seen[0].total.count > seen[1].total.count
        assert sum(cell.count for cell in seen[0].cells.values()) > seen[0].total.count


def test_what_all_activities_come_to_is_read_and_not_counted(app: Flask, add_activity: Callable[..., int]) -> None:
    with app.app_context():
        add_activity(chapters=[2])
        with statements_seen(app) as seen:
            first = grid(db.session, Filters(), [], "entity", "chapter")
            page = page_of_activities(db.session, Filters(), mine=[], number=1)
            chapters = counts_by_chapter(db.session, Filters())
        assert not [one for one in seen if "activity_under" in one or "count(" in one.lower()]
        assert (first.total.count, page.total, chapters[2].activities) == (1, 1, 1)
        db.session.rollback()
        add_activity(chapters=[2])
        assert grid(db.session, Filters(), [], "entity", "chapter").total.count == 2
        db.session.rollback()


def rows_of_the_tally() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(activity_tally)) or 0


def test_folding_changes_no_count(app: Flask, add_activity: Callable[..., int]) -> None:
    with app.app_context():
        for number in range(4):
            add_activity(chapters=[2, number + 3], entities=("undp",))
        db.session.execute(sa.text("UPDATE activity SET is_listed = FALSE WHERE id = 2"))
        db.session.commit()
        before, rows = grid(db.session, Filters(), [], "entity", "chapter"), rows_of_the_tally()
        fold(db.session, most=rows)
        assert rows_of_the_tally() == rows
        fold(db.session, most=10)
        assert grid(db.session, Filters(), [], "entity", "chapter") == before
        # Any, who and undp, under any chapter, 2, 3, 5 and 6, all of them joint.
        assert rows_of_the_tally() == 15
        db.session.commit()
        add_activity(chapters=[2])
        assert grid(db.session, Filters(), [], "entity", "chapter").total.count == before.total.count + 1
        assert problems(db.session) == []
        db.session.rollback()


@pytest.mark.postgresql
def test_what_is_saved_while_it_is_folded_is_counted(app: Flask, add_activity: Callable[..., int]) -> None:
    if app.extensions["interagency_settings"].database_url.startswith("sqlite"):
        pytest.skip("on SQLite one writes after the other")
    with app.app_context():
        add_activity(chapters=[2])
        with db.engine.begin() as other:  # has begun to save, and not finished, when it is folded
            other.execute(sa.text("UPDATE activity SET is_listed = FALSE"))
            fold(db.session, most=0)
            db.session.commit()
            assert grid(db.session, Filters(), [], "entity", "chapter").total.count == 1
            db.session.rollback()
        assert grid(db.session, Filters(), [], "entity", "chapter").total.count == 0
        assert problems(db.session) == []
        db.session.rollback()


def test_a_tally_that_does_not_fit_is_found_and_made_again(app: Flask, add_activity: Callable[..., int]) -> None:
    add_activity(chapters=[2])
    add_activity(chapters=[3])
    with app.app_context():
        assert problems(db.session) == []
        db.session.execute(sa.delete(activity_tally).where(activity_tally.c.chapter_number == 3))
        db.session.execute(sa.insert(activity_tally).values(entity_id=0, chapter_number=5, is_joint=True, change=7))
        assert problems(db.session) == ["the tally of activities is wrong under 3 entities and chapters"]
        count_again(db.session)
        assert problems(db.session) == []
        assert under_any(db.session) == {0: (2, 0), 2: (1, 0), 3: (1, 0)}
        db.session.rollback()


@pytest.mark.postgresql
def test_what_is_saved_while_the_schema_is_upgraded_is_counted(app: Flask, add_activity: Callable[..., int]) -> None:
    if app.extensions["interagency_settings"].database_url.startswith("sqlite"):
        pytest.skip("on SQLite one writes after the other")
    add_activity(chapters=[2])
    add_activity(chapters=[2])
    with app.app_context():
        alembic.downgrade("0010")
        db.session.close()

        def upgrade() -> None:
            with app.app_context():
                alembic.upgrade()

        with db.engine.connect() as saving, ThreadPoolExecutor(1) as pool:
            saving.execute(sa.text("UPDATE activity SET is_listed = FALSE WHERE id = 1"))
            upgraded = pool.submit(upgrade)
            with suppress(TimeoutError):
                upgraded.result(1)
            saving.commit()
            upgraded.result(60)
        assert under_any(db.session)[0] == (1, 0)
        assert problems(db.session) == []
        db.session.rollback()


def test_an_activity_that_is_edited_is_counted_where_it_stands_now(
    enter: Callable[[str | None], Browser], add_activity: Callable[..., int]
) -> None:
    activity = add_activity(chapters=[2])
    who = enter("who")
    values = who.fields(f"/activities/{activity}/edit")
    assert who.send(f"/activities/{activity}/edit", values | {"recommendations": ["5(h)"]}).status_code == 302
    page = who.get("/matrix?rows=entity&columns=chapter").text
    assert "chapter=5" in page
