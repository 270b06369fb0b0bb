"""A number is its list: by whatever way an activity changes, what is counted is what the list finds, at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.datastructures import MultiDict

from bench.generated.generate import Wanted, generate
from interagency.db.base import alembic, db
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters, read_filters
from interagency.matrix.activities.listing import page_of_activities
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import counts_by_chapter
from interagency.matrix.overview.grid import Grid, grid
from interagency.web import state_cache
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


def listed(*pairs: tuple[str, str]) -> tuple[int, int]:
    """How many activities a list under these filters finds, and how many of them are joint."""
    filters = read_filters(db.session, MultiDict(pairs))
    found = list(db.session.scalars(sa.select(Activity.is_joint).where(*activity_conditions(filters))))
    return len(found), sum(found)


def without(name: str) -> int:
    """How many listed activities have nothing in that dimension."""
    table, own = f"activity_{name}", "AND participation <> 'declined'" if name == "entity" else ""
    query = f"SELECT count(*) FROM activity a WHERE is_listed AND NOT EXISTS (SELECT 1 FROM {table} WHERE activity_id = a.id {own})"  # noqa: E501
    return db.session.scalar(sa.text(query)) or 0


def assert_each_number_is_its_list(found: Grid, rows: str, columns: str) -> None:
    assert (found.total.count, found.total.joint) == listed()
    for row in found.rows:
        assert (found.of_row(row).count, found.of_row(row).joint) == listed(row.filter), row
        for column in found.columns:
            cell = found.at(row, column)
            assert (cell.count, cell.joint) == listed(row.filter, column.filter), (row, column)
    for column in found.columns:
        assert (found.of_column(column).count, found.of_column(column).joint) == listed(column.filter), column
    assert found.outside == (without(rows), without(columns))
    chapters = counts_by_chapter(db.session, Filters())
    for number, count in chapters.items():
        assert (count.activities, count.joint) == listed(("chapter", str(number)))


def forget_counts(app: Flask) -> None:
    """As a process that begins: what is changed past the history is not seen by one that keeps counts."""
    app.extensions.pop(state_cache.EXTENSION, None)


@pytest.mark.parametrize(("rows", "columns"), [("entity", "chapter"), ("chapter", "entity")])
@pytest.mark.slow
def test_each_number_is_its_list_before_and_after_changes(app: Flask, rows: str, columns: str) -> None:
    with app.app_context():
        wanted = Wanted(40, 0, 12, 3, editions=0)
        at, zone = datetime(2026, 11, 21, tzinfo=UTC), ZoneInfo("Europe/Vienna")
        generate(db.session, wanted, at=at, zone=zone, progress=lambda _line: None)
        totals = []
        for statements in ((), CHANGES):
            for statement in statements:
                db.session.execute(sa.text(statement))
            db.session.commit()
            forget_counts(app)
            found = grid(db.session, Filters(), [], rows, columns)
            assert_each_number_is_its_list(found, rows, columns)
            totals.append(found.total.count)
        assert totals[0] > totals[1]
        assert sum(cell.count for cell in found.cells.values()) > found.total.count


def test_what_was_just_saved_counts(app: Flask, add_activity: Callable[..., int]) -> None:
    with app.app_context():
        for number in (1, 2):
            add_activity(chapters=[2])
            heat_map = grid(db.session, Filters(), [], "entity", "chapter")
            page = page_of_activities(db.session, Filters(), mine=[], number=1)
            chapters = counts_by_chapter(db.session, Filters())
            assert (heat_map.total.count, page.total, chapters[2].activities) == (number, number, number)
            db.session.rollback()


def test_counts_are_read_from_indexes_alone(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        with statements_seen(sqlite_app) as seen:
            grid(db.session, Filters(), [], "entity", "chapter")
            counts_by_chapter(db.session, Filters())
        counting = [statement for statement in seen if "count(" in statement]
        assert len(counting) == 2
        connection = db.session.connection()
        for statement in counting:
            values = ("",) * statement.count("?")
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            read = [line for line in plan if line.startswith(("SCAN activity", "SEARCH activity"))]
            assert read, plan
            assert all("COVERING INDEX" in line for line in read), plan


def test_a_service_of_before_finds_its_counts_and_goes_on_counting(
    app: Flask, add_activity: Callable[..., int]
) -> None:
    for _number in range(2):
        add_activity(chapters=[2])
    total = "SELECT sum(change) FROM activity_tally WHERE entity_id = 0 AND chapter_number = {}"

    def there(chapter: int) -> int:
        number: int = db.session.scalar(sa.text(total.format(chapter))) or 0
        return number

    with app.app_context():
        db.session.close()
        alembic.downgrade("0012")
        db.session.close()
        assert (there(0), there(2)) == (2, 2)
        db.session.execute(sa.text("UPDATE activity SET is_listed = FALSE WHERE id = 1"))
        db.session.execute(sa.text("UPDATE activity_chapter SET chapter_number = 3 WHERE activity_id = 2"))
        assert (there(0), there(2), there(3)) == (1, 0, 1)
        db.session.commit()
        db.session.close()
        alembic.upgrade()
        db.session.close()
        forget_counts(app)
        assert grid(db.session, Filters(), [], "entity", "chapter").total.count == 1
        db.session.execute(sa.text("UPDATE activity SET is_listed = TRUE WHERE id = 1"))
        forget_counts(app)
        assert grid(db.session, Filters(), [], "entity", "chapter").total.count == 2
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
