"""Editions: frozen, the same for ever, and refused any change by the database itself."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from openpyxl import load_workbook

from interagency.db.base import db
from interagency.exports.matrix_workbook import cached_workbook, keep_edition_workbook
from interagency.exports.models import EditionFile
from interagency.matrix.activities.models import Activity, Status
from interagency.matrix.activities.reader import entries
from interagency.matrix.activities.record import facts
from interagency.matrix.cycles.differences import Kind, apply, compare_contents, facts_by_id
from interagency.matrix.cycles.editions import close_cycle, damaged_editions, load, newest_edition
from interagency.matrix.cycles.models import Cycle, Edition
from interagency.matrix.organisations.models import Organisation
from tests.crash.killing import killed
from tests.helpers import Browser, statements_seen, text_of
from tests.matrix.conftest import VIENNA, Clock

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
Open = Callable[..., None]


def close(app: Flask, month: str = "2026-08") -> int:
    with app.app_context():
        at = datetime(2026, 9, 6, 9, tzinfo=UTC)
        number = close_cycle(db.session, month, at=at, zone=VIENNA, by=None).edition.number
        db.session.close()
        return number


def rows(body: bytes, sheet: str) -> list[dict[str, Any]]:
    header, *found = load_workbook(io.BytesIO(body))[sheet].iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in found if any(cell is not None for cell in row)]


@pytest.fixture
def sample(sample_data: None, app: Flask) -> Flask:
    return app


def test_what_is_read_in_bulk_is_what_each_record_says(sample: Flask) -> None:
    with sample.app_context():
        found = {entry["id"]: entry for entry in entries(db.session)}
        activities = list(db.session.scalars(sa.select(Activity).where(Activity.is_listed)))
        assert len(found) == len(activities) > 100
        for activity in activities:
            assert found[activity.id]["facts"] == facts(activity)
            assert found[activity.id]["joint"] is activity.is_joint
            assert found[activity.id]["chapters"] == sorted(activity.chapter_numbers)


def test_nothing_edited_renamed_or_retired_later_changes_an_edition(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    activity_id = add_activity("As it was", entities=("undp",))
    open_month()
    close(app)
    reader = enter("reader")
    before = reader.get("/editions/2026-08/matrix.xlsx").data
    text = reader.get("/editions/2026-08/edition.json").data
    with app.app_context():
        db.session.execute(
            sa.update(Organisation).where(Organisation.key == "who").values(acronym="WHOX", name="Other")
        )
        db.session.commit()
    who = enter("who")
    values = who.fields(f"/activities/{activity_id}/edit")
    assert who.send(f"/activities/{activity_id}/edit", values | {"title": ["As it is"]}).status_code == 302
    page = text_of(reader.get("/editions/2026-08"))
    assert "As it was" in page
    assert "As it is" not in page
    assert "WHOX" not in page
    assert reader.get("/editions/2026-08/matrix.xlsx").data == before
    assert reader.get("/editions/2026-08/edition.json").data == text
    with app.app_context():
        edition = newest_edition(db.session)
        assert edition is not None
        assert hashlib.sha256(text).hexdigest() == edition.checksum
        assert list(damaged_editions(db.session)) == []


@pytest.mark.parametrize("statement", ["UPDATE edition SET made_by_name = 'x'", "DELETE FROM edition"])
def test_the_database_refuses_to_change_an_edition(app: Flask, open_month: Open, statement: str) -> None:
    open_month()
    close(app)
    with app.app_context():
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            db.session.execute(sa.text(statement))
        db.session.rollback()


def test_an_empty_month_makes_an_edition_with_seven_chapters(app: Flask, enter: Enter, open_month: Open) -> None:
    open_month()
    close(app)
    page = text_of(enter("reader").get("/editions/2026-08"))
    assert "The matrix was empty" in page
    body = enter("reader").get("/editions/2026-08/matrix.xlsx").data
    names = load_workbook(io.BytesIO(body)).sheetnames
    assert [name for name in names if name.startswith("Chapter")] == [
        f"Chapter {roman}" for roman in ("I", "II", "III", "IV", "V", "VI", "VII")
    ]


def test_the_workbook_has_the_same_bytes_when_made_anew(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, open_month: Open
) -> None:
    add_activity("=1+1")
    open_month()
    close(sqlite_app)
    reader = enter_sqlite("reader")
    made = reader.get("/editions/2026-08/matrix.xlsx")
    time.sleep(2.1)  # a zip tells time in steps of two seconds
    assert reader.get("/editions/2026-08/matrix.xlsx").data == made.data
    with sqlite_app.app_context():
        assert keep_edition_workbook(db.session, 1)
        assert not keep_edition_workbook(db.session, 1)
        kept = db.session.scalars(sa.select(EditionFile)).one()
        assert kept.contents == made.data
    again = reader.get("/editions/2026-08/matrix.xlsx", headers={"If-None-Match": made.headers["ETag"]})
    assert again.status_code == 304


def test_a_kept_workbook_is_read_once_when_asked_for_and_not_at_all_when_known(
    sqlite_app: Flask, enter_sqlite: Enter, open_month: Open
) -> None:
    open_month()
    close(sqlite_app)
    with sqlite_app.app_context():
        assert keep_edition_workbook(db.session, 1)
    reader = enter_sqlite("reader")
    cached_workbook.clear()
    with statements_seen(sqlite_app) as asked:
        made = reader.get("/editions/2026-08/matrix.xlsx")
        assert sum("edition_file.contents" in one for one in asked) == 1
        assert not any("edition.contents" in one for one in asked)
        asked.clear()
        again = reader.get("/editions/2026-08/matrix.xlsx", headers={"If-None-Match": made.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", made.headers["ETag"])
    assert not any("contents" in one for one in asked)
    other = reader.get("/editions/2026-08/matrix.xlsx", headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.data) == (200, made.data)


def test_what_is_at_hand_under_a_checksum_has_it_and_never_more_than_two() -> None:
    cached_workbook.clear()
    bodies = [b"one", b"two", b"three"]
    checksums = [hashlib.sha256(body).hexdigest() for body in bodies]
    assert not cached_workbook.keep(checksums[0], b"damaged")
    assert cached_workbook.get(checksums[0]) is None
    for checksum, body in zip(checksums[:2], bodies, strict=False):
        assert cached_workbook.keep(checksum, body)
    assert cached_workbook.get(checksums[0]) == b"one"
    assert cached_workbook.keep(checksums[2], bodies[2])
    assert [cached_workbook.get(checksum) for checksum in checksums] == [b"one", None, b"three"]
    cached_workbook.clear()


def test_a_kept_workbook_that_was_damaged_is_not_sent(sqlite_app: Flask, enter_sqlite: Enter, open_month: Open) -> None:
    open_month()
    close(sqlite_app)
    with sqlite_app.app_context():
        assert keep_edition_workbook(db.session, 1)
        made = db.session.scalars(sa.select(EditionFile.contents)).one()
        db.session.execute(sa.text("DROP TRIGGER edition_file_no_update"))
        db.session.execute(sa.update(EditionFile).values(contents=made[:-1]))
        db.session.commit()
    cached_workbook.clear()
    response = enter_sqlite("reader").get("/editions/2026-08/matrix.xlsx")
    assert (response.status_code, response.data) == (200, made)


@pytest.mark.one_database
def test_changes_are_told_on_the_page_and_in_the_workbook(
    app: Flask, enter: Enter, clock: Clock, add_activity: Add, open_month: Open
) -> None:
    kept, ending, changing = (add_activity(title) for title in ("Kept", "Ending", "Changing"))
    open_month("2026-08")
    close(app, "2026-08")
    clock.move(2026, 9, 20)
    who = enter("who")
    for activity_id, change in ((ending, {"status": ["completed"]}), (changing, {"title": ["Changed"]})):
        who.send(f"/activities/{activity_id}/edit", who.fields(f"/activities/{activity_id}/edit") | change)
    new = add_activity("New")
    open_month("2026-09")
    close(app, "2026-09")
    reader = enter("reader")
    body = reader.get("/editions/2026-09/matrix.xlsx").data
    became = {row["ID"]: row["Changed"] for row in rows(body, "Matrix")}
    assert became == {kept: "unchanged", ending: "ended", changing: "changed: title", new: "new"}
    told = [(row["ID"], row["Became"], row["Field"], row["Was"], row["Is"]) for row in rows(body, "Changes")]
    assert told == [
        (new, "new", None, None, None),
        (changing, "changed", "Title", "Changing", "Changed"),
        (ending, "ended", "Status", "ongoing", "completed"),
    ]
    answer = reader.get("/editions/2026-09/changes")
    page = text_of(answer)
    assert "1 new, 1 changed, 1 ended, 1 unchanged" in page
    assert "Title removed: Changing added: Changed" in page
    told_of = html.fromstring(answer.text).xpath("//ul[contains(@class, 'changes')]/li")
    assert " ".join(told_of[0].text_content().split()) == "New"  # the heading above says what it is
    pieces = [one.text_content() for one in told_of[1].xpath(".//del | .//ins")]
    assert pieces == ["removed: ongoing", "added: completed"]
    assert "everything is new" in text_of(reader.get("/editions/2026-08/changes"))
    assert "From edition 2 (September 2026) to edition 1" in text_of(
        reader.get("/editions/2026-08/changes?since=2026-09")
    )
    only = text_of(reader.get("/editions/2026-09?became=ended"))
    assert "Ending" in only
    assert "Kept" not in only


@pytest.mark.one_database
def test_an_activity_that_was_merged_says_into_which_one(
    app: Flask, enter: Enter, clock: Clock, add_activity: Add, open_month: Open
) -> None:
    survivor, middle, first, withdrawn = (add_activity(title) for title in ("Survivor", "Middle", "First", "Withdrawn"))
    open_month("2026-08")
    close(app, "2026-08")
    clock.move(2026, 9, 20)
    coordinator = enter("coordinator")
    for into, other in ((middle, first), (survivor, middle)):
        address = f"/overlaps/{into}/{other}/merge"
        form = html.fromstring(coordinator.get(address).text).xpath("//main//form")[0]
        assert coordinator.client.post(address, data=dict(form.form_values())).status_code == 302
    with app.app_context():
        db.session.execute(sa.update(Activity).where(Activity.id == withdrawn).values(is_listed=False))
        db.session.commit()
    gone = {first: f"merged into {survivor}", middle: f"merged into {survivor}", withdrawn: "no longer listed"}

    def told(address: str) -> dict[int, str]:
        found = rows(coordinator.get(address).data, "Changes")
        return {row["ID"]: row["Became"] for row in found if row["ID"] in gone}

    assert told("/exports/matrix.xlsx") == gone
    open_month("2026-09")
    close(app, "2026-09")
    assert told("/editions/2026-09/matrix.xlsx") == gone
    page = coordinator.get("/editions/2026-09/changes")
    assert "First merged into Survivor" in text_of(page)
    assert "Withdrawn no longer listed" in text_of(page)
    links = html.fromstring(page.text).xpath("//a[text()='Survivor']/@href")
    assert f"/activities/{survivor}" in links
    with app.app_context():
        last = newest_edition(db.session)
        assert last is not None
        assert load(db.session, last.number)["merged"] == {"activities": [[middle, survivor], [first, survivor]]}


@pytest.mark.one_database
def test_an_edition_is_filtered_like_the_list(app: Flask, enter: Enter, add_activity: Add, open_month: Open) -> None:
    add_activity("Ours")
    add_activity("Theirs", lead="undp", entities=("unicef",))
    open_month()
    close(app)
    reader = enter("reader")
    for query, found in (
        ("entity=undp", "Theirs"),
        ("joint=no", "Ours"),
        ("q=theirs", "Theirs"),
        ("chapter=none", "both"),
    ):
        page = text_of(reader.get(f"/editions/2026-08?{query}"))
        assert ("Ours" in page, "Theirs" in page) == (found in ("Ours", "both"), found in ("Theirs", "both")), query
    assert reader.get("/editions/2026-08?entity=nobody&page=99&issue=x").status_code == 200
    assert reader.get("/editions/2026-08?issue=7").status_code == 404


def test_a_damaged_edition_is_not_shown(sqlite_app: Flask, enter_sqlite: Enter, open_month: Open) -> None:
    open_month()
    close(sqlite_app)
    with sqlite_app.app_context():
        db.session.execute(sa.text("DROP TRIGGER edition_no_update"))
        db.session.execute(sa.update(Edition).values(contents=b"rubbish"))
        db.session.commit()
        assert [line.split(" ")[1] for line in damaged_editions(db.session)] == ["1"]
    for address in ("", "/edition.json", "/matrix.xlsx", "/changes"):
        response = enter_sqlite("reader").get(f"/editions/2026-08{address}")
        assert response.status_code == 503, address
        assert "does not match its checksum" in text_of(response)


def test_a_save_at_the_moment_of_closing_is_in_the_edition_or_in_the_next_month(
    app: Flask, add_activity: Add, open_month: Open
) -> None:
    """Two activities are always saved together; an edition holds both new titles or neither."""
    first, second = add_activity("0"), add_activity("0")
    open_month()
    stop = threading.Event()

    def save() -> None:
        with app.app_context():
            number = 0
            while not stop.is_set():
                number += 1
                for activity_id in (first, second):
                    db.session.execute(sa.update(Activity).where(Activity.id == activity_id).values(title=str(number)))
                db.session.commit()
            db.session.close()

    thread = threading.Thread(target=save)
    thread.start()
    try:
        for _ in range(5):
            close(app)
            with app.app_context():
                db.session.execute(sa.update(Cycle).values(state="open"))
                db.session.commit()
                db.session.close()
    finally:
        stop.set()
        thread.join()
    with app.app_context():
        from interagency.matrix.cycles.contents import read

        for edition in db.session.scalars(sa.select(Edition)):
            titles = {entry["facts"]["title"] for entry in read(edition.contents, edition.checksum)["activities"]}
            assert len(titles) == 1


def test_killed_at_any_moment_of_closing_leaves_before_or_after(
    sqlite_app: Flask, add_activity: Add, open_month: Open
) -> None:
    add_activity("Kept")
    open_month()
    outcomes = set()
    for point in range(1, 60, 3):
        died = killed(sqlite_app.extensions["interagency_settings"], _close, point) is None
        with sqlite_app.app_context():
            cycle = db.session.get(Cycle, "2026-08")
            assert cycle is not None
            count = db.session.scalar(sa.select(sa.func.count()).select_from(Edition))
            mails = db.session.execute(sa.text("SELECT count(*) FROM audit_entry WHERE act = 'cycle.closed'")).scalar()
            assert (cycle.state.value, count, mails) in {("open", 0, 0), ("closed", 1, 1)}, point
            outcomes.add((died, cycle.state.value))
            assert list(damaged_editions(db.session)) == []
            db.session.close()
        if outcomes & {(False, "closed"), (True, "closed")}:
            break
    assert (True, "open") in outcomes
    assert outcomes - {(True, "open")}, "at last it closes"


def _close(app: Flask, count: Callable[[], None]) -> None:
    with app.app_context():
        count()
        close_cycle(db.session, "2026-08", at=datetime.now(UTC), zone=VIENNA, by=None)


def test_the_json_holds_no_names_of_people_but_the_closer(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    add_activity("Plain")
    open_month()
    enter("who").send(
        "/month/sign", {"cycle": "2026-08", "entity": "who", "kind": "unchanged"}, at="/month/sign?kind=unchanged"
    )
    close(app)
    contents = json.loads(enter("reader").get("/editions/2026-08/edition.json").data)
    assert contents["answers"][0]["entity"] == "who"
    assert "Farida" not in json.dumps(contents)


@pytest.mark.parametrize("seed", range(4))
def test_after_any_edits_and_closings_the_difference_leads_from_each_edition_to_the_next(
    sqlite_app: Flask, add_activity: Add, open_month: Open, seed: int
) -> None:
    chance = random.Random(seed)
    ids = [add_activity(f"Activity {number}", entities=("undp",)) for number in range(4)]
    months = [f"2026-{number:02}" for number in range(1, 7)]
    for month in months:
        open_month(month)
        for step in range(chance.randrange(5)):
            act, activity_id = chance.choice(["title", "status", "listed", "entity", "add"]), chance.choice(ids)
            if act == "add":
                ids.append(add_activity(f"Added {month} {step}"))
                continue
            with sqlite_app.app_context():
                found = db.session.get_one(Activity, activity_id)
                if act == "title":
                    found.title = f"Title {month} {step}"
                elif act == "status":
                    found.status = chance.choice(list(Status))
                elif act == "listed":
                    found.is_listed = not found.is_listed
                else:
                    found.entities = found.entities[:1]
                db.session.commit()
        close(sqlite_app, month)
    with sqlite_app.app_context():
        editions = [load(db.session, number) for number in range(1, len(months) + 1)]
        seen: set[int] = set()
        for before, after in itertools.pairwise(editions):
            seen |= set(facts_by_id(before["activities"]))
            found = compare_contents(before, after, "activities")
            assert apply(found, facts_by_id(before["activities"])) == facts_by_id(after["activities"])
            new = {record.id for record in found.of(Kind.NEW)}
            assert new == set(facts_by_id(after["activities"])) - seen
