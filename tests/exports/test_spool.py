"""Activities that pass once on their way into the workbook: nothing is told differently for it."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.datastructures import MultiDict

from interagency.db.base import db
from interagency.exports.rows.spool import RowSpool
from interagency.exports.snapshot import Snapshot, live_snapshot, streaming_snapshot
from interagency.exports.workbook import Origin, write_workbook
from interagency.matrix.activities.filters import Filters, read_filters
from interagency.matrix.activities.models import Activity, Status
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.models import Cycle
from interagency.matrix.cycles.opening import open_cycle

DAY = date(2026, 11, 1)
ZONE = ZoneInfo("Europe/Vienna")
ORIGIN = Origin("The matrix", datetime(2026, 11, 1, 12, tzinfo=ZONE), ZONE.key, "A test", "now", "none", [], "")


def book(picture: Snapshot) -> bytes:
    target = io.BytesIO()
    write_workbook(target, ORIGIN, picture)
    return target.getvalue()


def change_some() -> None:
    """One is gone, one new, one comes back, one ended, two are changed."""
    gone, back, ended, changed, other = db.session.scalars(sa.select(Activity).order_by(Activity.id).limit(5))
    gone.is_listed, back.is_listed, ended.status = False, True, Status.COMPLETED
    changed.title, other.description = "Changed <since>", "Another"
    db.session.add(Activity(title="New since", status=Status.PLANNED))
    db.session.commit()


@pytest.fixture
def sample(sample_data: None, app: Flask) -> Iterator[Flask]:
    """Two editions, and a matrix that moved on since."""
    with app.app_context():
        back = db.session.scalars(sa.select(Activity).order_by(Activity.id).offset(1)).first()
        assert back is not None
        back_id = back.id
        db.session.commit()
        for month in ("2030-01", "2030-02"):
            for cycle in db.session.scalars(sa.select(Cycle.month).where(Cycle.closed_at.is_(None))).all():
                close_cycle(db.session, cycle, at=datetime(2030, 3, 9, tzinfo=UTC), zone=ZONE, by=None)
            open_cycle(db.session, month, at=datetime(2030, 2, 9, tzinfo=UTC), zone=ZONE, by=None)
            db.session.commit()
            close_cycle(db.session, month, at=datetime(2030, 3, 9, tzinfo=UTC), zone=ZONE, by=None)
            db.session.get_one(Activity, back_id).is_listed = False
            db.session.commit()
        change_some()
        yield app


def test_the_workbook_is_byte_for_byte_that_of_activities_all_in_memory(sample: Flask) -> None:
    for query in ((), (("chapter", "2"),), (("q", "nothing-like-this"),)):
        filters = read_filters(db.session, MultiDict(query))
        whole = live_snapshot(db.session, filters, mine=[], day=DAY)
        passing = streaming_snapshot(db.session, filters, mine=[], day=DAY)
        assert passing.contents["counts"] == {name: whole.contents["counts"][name] for name in ("activities", "joint")}
        assert whole.since and passing.since == whole.since
        assert book(passing) == book(whole)
        kinds = {record.kind.value for record in passing.changes["activities"].records.values()}
        if query:  # under filters, what is not shown is not gone
            assert "no longer listed" not in kinds
        else:
            assert kinds == {"new", "reappeared", "changed", "ended", "no longer listed"}


def test_without_an_edition_nothing_is_told_to_have_changed(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        db.session.add(Activity(title="First of all", status=Status.PLANNED))
        db.session.commit()
        passing = streaming_snapshot(db.session, Filters(), mine=[], day=DAY)
        assert [(row.facts["title"], row.became) for row in passing.passing()] == [("First of all", "")]
        assert passing.changes == {}


def test_what_is_spooled_comes_back_in_its_order() -> None:
    chance, spool = random.Random(7), RowSpool()
    rows = [
        (
            chance.randrange(3),
            chance.choice(["ä", "a", "z", "مكافحة", "🎉", ""]),
            chance.randrange(4),
            [n, "text “x”\n"],
        )
        for n in range(1000)
    ]
    for place, text, number, row in rows:
        spool.put("I", row, place=place, text=text, number=number)
        spool.put("as it comes", row)
    assert list(spool.rows("I")) == [row for *_order, row in sorted(rows, key=lambda one: one[:3])]
    assert list(spool.rows("as it comes")) == [row for *_order, row in rows]
    assert list(spool.rows("as it comes")) == [row for *_order, row in rows]
    assert list(spool.rows("nothing was put here")) == []
    spool.close()


def test_a_full_disk_is_said_as_everywhere_else() -> None:
    spool = RowSpool()
    spool._disk.execute("PRAGMA max_page_count=8")
    with pytest.raises(OSError, match="full") as told:
        for _row in range(1000):
            spool.put("I", ["x" * 1000])
    assert told.value.errno == 28
    spool.close()
