"""An import of many rows is written batch by batch: it can stop, go on and be put back, and others save meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from interagency.accounts.queries import person_by_email
from interagency.cli import main
from interagency.db.base import db
from interagency.db.history import Change
from interagency.exports.incoming.apply import begin, begin_undo, go_on
from interagency.exports.incoming.batches import MOST, all_under_way, journal
from interagency.exports.incoming.compare import Rights
from interagency.exports.models import MatrixImport
from interagency.matrix.activities.models import Activity, Status
from interagency.matrix.activities.record import create_activity
from interagency.matrix.cycles.editions import close_cycle, load
from interagency.matrix.cycles.opening import open_cycle
from interagency.matrix.organisations.models import Organisation
from interagency.settings import Settings
from tests.conftest import CAST
from tests.exports.incoming.files import previewed
from tests.helpers import Browser, activity_draft, text_of

Enter = Callable[[str | None], Browser]
AT = datetime(2026, 9, 6, 9, tzinfo=UTC)
ROWS = MOST * 2 + 5
COORDINATOR = CAST[0][0]


@pytest.fixture
def begun(app: Flask) -> int:
    """A confirmed file of the coordinator's that changes ROWS activities of WHO and adds one."""
    with app.app_context():
        who = db.session.scalars(sa.select(Organisation).where(Organisation.key == "who")).one()
        for number in range(ROWS):
            create_activity(
                db.session, activity_draft(f"Work {number}", Status.ONGOING, lead=who, results="Old"), by=None
            )
        db.session.commit()
        lines = [f"{number + 1},1,Work {number},New {number}" for number in range(ROWS)]
        body = "\r\n".join(["ID,Version,Title,Results", *lines, ",,One more,New"]).encode()
        person = person_by_email(db.session, COORDINATOR)
        kept = previewed(body, "file.csv", Rights(person, ()))
        rows = {row["number"] for row in kept.preview["rows"]}
        assert begin(db.session, kept, rows=rows, answers={})
        assert not begin(db.session, kept, rows=rows, answers={}), "once is enough"
        db.session.rollback()
        return kept.id


def go(app: Flask, import_id: int, batches: int | None = None) -> dict[str, int] | None:
    """Carry on for so many batches, as a process that then ends."""
    with app.app_context():
        rights = Rights(person_by_email(db.session, COORDINATOR), ())
        kept = db.session.get_one(MatrixImport, import_id)
        db.session.commit()
        return go_on(db.session, kept, rights, at=AT, batches=batches)


def results(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Activity.results).where(Activity.is_listed).order_by(Activity.id)))


def written(app: Flask) -> int:
    return sum(text.startswith("New") for text in results(app))


def check_whole(app: Flask) -> None:
    """Everything of the file is written, once."""
    assert results(app) == [*(f"New {number}" for number in range(ROWS)), "New"]
    with app.app_context():
        assert set(db.session.scalars(sa.select(Activity.version).where(Activity.id <= ROWS))) == {2}
        query = sa.select(sa.func.count(Change.id)).group_by(Change.record_id)
        assert sorted(set(db.session.scalars(query.where(Change.record_type == "activity")))) == [1, 2]
        assert all_under_way(db.session) == set()
        handled = [item["row"]["number"] for item in journal(db.session, (1, False)).items]
        assert sorted(handled) == list(range(2, ROWS + 3))


def test_what_stopped_in_the_middle_says_how_far_it_is_and_goes_on(app: Flask, enter: Enter, begun: int) -> None:
    assert go(app, begun, batches=1) is None
    done = written(app)
    assert 0 < done <= MOST
    coordinator, address = enter("coordinator"), f"/imports/{begun}"
    page = text_of(coordinator.get(address))
    assert f"Being taken in: {done} of {ROWS + 1} rows" in page
    assert "being written" in text_of(coordinator.get("/imports"))
    who = enter("who")
    assert who.get(address).status_code == 404
    answer = coordinator.send(f"{address}/go-on", {}, at=address)
    assert f"1 added, {ROWS} changed, 0 left undecided, refused cells in 0." in text_of(
        coordinator.get(answer.location)
    )
    check_whole(app)
    coordinator.send(f"{address}/go-on", {}, at=address)
    check_whole(app)


def test_what_stopped_in_the_middle_is_put_back_whole(app: Flask, enter: Enter, begun: int) -> None:
    go(app, begun, batches=2)
    done, coordinator, address = written(app), enter("coordinator"), f"/imports/{begun}"
    assert done
    answer = coordinator.send(f"{address}/undo", {}, at=address)
    page = text_of(coordinator.get(answer.location))
    assert f"{done} records are as they were before." in page
    assert results(app) == ["Old"] * ROWS
    assert go(app, begun) is None, "nothing goes on behind their back"
    assert results(app) == ["Old"] * ROWS


def test_putting_back_that_stopped_in_the_middle_says_how_far_it_is_and_goes_on(
    app: Flask, enter: Enter, begun: int
) -> None:
    go(app, begun)
    with app.app_context():
        kept = db.session.get_one(MatrixImport, begun)
        assert begin_undo(db.session, kept, None, AT)
        assert not begin_undo(db.session, kept, None, AT), "once is enough"
        db.session.rollback()
    assert go(app, begun, batches=1) is None
    left = written(app)
    assert ROWS - MOST <= left <= ROWS
    coordinator, who, address = enter("coordinator"), enter("who"), f"/imports/{begun}"
    page = text_of(coordinator.get(address))
    assert f"Being put back: {ROWS + 1 - left} of {ROWS + 1} rows" in page
    assert "being written" in text_of(coordinator.get("/imports"))
    edit = "/activities/1/edit"
    assert who.send(edit, who.fields(edit) | {"results": ["Typed meanwhile"]}).status_code == 302
    answer = coordinator.send(f"{address}/go-on", {}, at=address)
    page = text_of(coordinator.get(answer.location))
    assert f"{ROWS} records are as they were before." in page
    assert "Left as they are, because somebody built on them since, or they are not yours any more: Work 0" in page
    assert results(app) == ["Typed meanwhile", *["Old"] * (ROWS - 1)]
    coordinator.send(f"{address}/undo", {}, at=address)
    assert results(app) == ["Typed meanwhile", *["Old"] * (ROWS - 1)]
    with app.app_context():
        assert db.session.scalar(sa.select(Activity.version).where(Activity.id == 2)) == 3


def test_what_somebody_saves_between_two_batches_is_not_written_over(app: Flask, enter: Enter, begun: int) -> None:
    go(app, begun, batches=1)
    address = f"/activities/{ROWS}/edit"
    who = enter("who")
    assert who.send(address, who.fields(address) | {"results": ["Typed meanwhile"]}).status_code == 302
    numbers = go(app, begun)
    assert numbers == {"added": 1, "changed": ROWS - 1, "undecided": 1, "refused": 0}
    assert results(app)[ROWS - 1] == "Typed meanwhile"


def test_what_is_saved_after_the_rows_were_compared_is_compared_again(app: Flask, begun: int) -> None:
    """A save in the middle of the same run: the row stands at another version when its batch comes."""

    def save(_rows: int) -> None:
        with app.app_context():
            activity = db.session.get_one(Activity, ROWS)
            if activity.results == "Old":
                activity.results = "Typed meanwhile"
                db.session.add(
                    Change(
                        record_type="activity", record_id=ROWS, record_version=2, action="changed", by_name="W",
                        fields={"results": ["Old", "Typed meanwhile"]},
                    )
                )  # fmt: skip
            db.session.commit()

    with app.app_context():
        rights = Rights(person_by_email(db.session, COORDINATOR), ())
        kept = db.session.get_one(MatrixImport, begun)
        db.session.commit()
        numbers = go_on(db.session, kept, rights, at=AT, say=save)
    assert numbers is not None
    assert (numbers["changed"], numbers["undecided"]) == (ROWS - 1, 1)
    assert results(app)[ROWS - 1] == "Typed meanwhile"


def test_an_edition_closed_in_the_middle_holds_the_rows_written_by_then(app: Flask, begun: int) -> None:
    go(app, begun, batches=1)
    done = written(app)
    with app.app_context():
        zone = ZoneInfo("Europe/Vienna")
        open_cycle(db.session, "2026-08", at=AT, zone=zone, by=None)
        db.session.commit()
        number = close_cycle(db.session, "2026-08", at=AT, zone=zone, by=None).edition.number
    go(app, begun)
    check_whole(app)
    with app.app_context():
        entries = sorted(load(db.session, number)["activities"], key=lambda entry: entry["id"])
        said = [entry["facts"]["results"] for entry in entries]
        assert said == [*(f"New {place}" for place in range(done)), *["Old"] * (ROWS - done)]


def test_two_that_carry_on_at_once_write_every_row_once(app: Flask, begun: int) -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            go(app, begun)
        except BaseException as problem:
            failed.append(problem)

    threads = [Thread(target=work) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    go(app, begun)
    check_whole(app)


@pytest.mark.parametrize("put_back", [False, True])
@pytest.mark.one_database
def test_the_command_goes_on_or_puts_back(
    app: Flask, begun: int, put_back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(app, begun, batches=1)
    done = written(app)
    settings: Settings = app.extensions["interagency_settings"]
    for name in ("data_folder", "database_url", "secret_key", "base_url"):
        monkeypatch.setenv(f"INTERAGENCY_{name.upper()}", str(getattr(settings, name)))
    run = CliRunner()
    words = ["import", "go-on", str(begun)]
    answer = run.invoke(main, [*words, "--put-back"] if put_back else words)
    assert answer.exit_code == 0, answer.output
    if put_back:
        assert f"{done} records are as they were before, 0 left" in answer.output
        assert results(app) == ["Old"] * ROWS
    else:
        assert f"1 added, {ROWS} changed, 0 undecided, 0 refused" in answer.output
        check_whole(app)
    again = run.invoke(main, words)
    assert again.exit_code == 1
    assert f"No import {begun} was begun and is not done." in again.output
