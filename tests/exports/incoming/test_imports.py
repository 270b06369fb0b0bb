"""A matrix sent back: no edit lost, none applied twice, nothing written before it was shown."""

from __future__ import annotations

import io
import itertools
import random
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html
from openpyxl import Workbook, load_workbook

from interagency.db.base import db
from interagency.db.history import Change
from interagency.exports.columns import Column
from interagency.exports.incoming.apply import begin, go_on
from interagency.exports.incoming.compare import Rights
from interagency.exports.incoming.opening import FileNotRead
from interagency.exports.incoming.reading import read_table
from interagency.exports.incoming.values import CellReader
from interagency.exports.matrix_workbook import write_current_matrix
from interagency.exports.rows.book import Book
from interagency.exports.sheets import Sheet
from interagency.exports.workbook import add_table
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.reader import entries
from interagency.matrix.activities.record import facts
from interagency.sample.load import load_sample
from tests.exports.incoming.files import COLUMN, confirm, edited, exported, previewed, say, send, table, workbook
from tests.helpers import Browser, text_of
from tests.stalling import ATTACK

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
AT = datetime(2026, 8, 20, tzinfo=UTC)


def changes(app: Flask) -> int:
    with app.app_context():
        return count_changes()


def count_changes() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Change)) or 0


@pytest.mark.both_databases
def test_only_what_was_changed_is_changed_and_twice_does_nothing(app: Flask, enter: Enter, add_activity: Add) -> None:
    first, second = add_activity("One", description="Text"), add_activity("Two")
    who = enter("who")
    body = edited(
        exported(who), {(first, "Status"): "completed", (first, "Ends"): "June 2026", (second, "Title"): "Zwei"}
    )
    shown = send(who, body)
    page = text_of(who.get(shown.location))
    assert "0 new 2 changed 0 in conflict 0 unchanged 0 refused" in page
    assert say(app, first)["status"] == "ongoing", "nothing before confirming"
    assert confirm(who, shown.location).status_code == 302
    assert (say(app, first)["status"], say(app, first)["end"], say(app, second)["title"]) == (
        "completed",
        "2026-06",
        "Zwei",
    )
    assert say(app, first)["description"] == "Text"
    before = changes(app)
    confirm(who, shown.location)
    again = send(who, body)
    assert "0 new 0 changed 0 in conflict 2 unchanged" in text_of(who.get(again.location))
    assert changes(app) == before


def test_a_date_is_shown_as_it_was_understood(enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    body = table(["Title", "Status", "Lead entity", "Begins"], ["Dated", "planned", "WHO", "31/12/2026"])
    assert "31 December 2026" in text_of(who.get(send(who, body).location))


@pytest.mark.both_databases
def test_an_edit_made_meanwhile_is_kept_and_only_a_true_conflict_is_asked(
    app: Flask, enter: Enter, add_activity: Add
) -> None:
    activity_id = add_activity("One", results="Old")
    who = enter("who")
    body = exported(who)
    coordinator = enter("coordinator")
    address = f"/activities/{activity_id}/edit"
    coordinator.send(address, coordinator.fields(address) | {"results": ["New"], "title": ["Renamed"]})
    file = edited(body, {(activity_id, "Description"): "Mine", (activity_id, "Results"): "Mine too"})
    shown = send(who, file)
    page = text_of(who.get(shown.location))
    assert "1 in conflict" in page
    assert "changed meanwhile (Clara Coordinator" in page
    assert "stands as: New" in page
    confirm(who, shown.location)
    found = say(app, activity_id)
    assert (found["title"], found["description"], found["results"]) == ("Renamed", "Mine", "New")
    shown = send(who, file)
    field = "answer-2-results"
    confirm(who, shown.location, **{field: "mine"})
    assert say(app, activity_id)["results"] == "Mine too"
    assert say(app, activity_id)["title"] == "Renamed"


def test_forged_answers_are_ignored(enter_sqlite: Enter, sqlite_app: Flask, add_activity: Add) -> None:
    activity_id = add_activity("One")
    who = enter_sqlite("who")
    shown = send(who, edited(exported(who), {(activity_id, "Results"): "New"}))
    forged = {
        "answer-5": "mine",
        "answer-": "mine",
        "answer": "mine",
        "answer-x-results": "theirs",
        "answer-2-": "mine",
    }
    assert confirm(who, shown.location, **forged).status_code == 302
    assert say(sqlite_app, activity_id)["results"] == "New"


def test_what_is_saved_between_preview_and_confirming_is_compared_again(
    app: Flask, enter: Enter, add_activity: Add
) -> None:
    activity_id = add_activity("One", results="Old")
    who = enter("who")
    shown = send(who, edited(exported(who), {(activity_id, "Results"): "From the file"}))
    address = f"/activities/{activity_id}/edit"
    who.send(address, who.fields(address) | {"results": ["Typed meanwhile"]})
    page = confirm(who, shown.location)
    assert "1 left undecided" in text_of(who.get(page.location))
    assert say(app, activity_id)["results"] == "Typed meanwhile"


def test_rights_hold_by_cell(app: Flask, enter: Enter, add_activity: Add) -> None:
    ours = add_activity("Ours")
    joint = add_activity("Led by UNDP", lead="undp", entities=("who",))
    theirs = add_activity("Theirs", lead="undp")
    who = enter("who")
    body = edited(
        exported(who), {(number, "Results"): "Changed" for number in (ours, joint, theirs)} | {(ours, "Joint"): "joint"}
    )
    shown = send(who, body)
    page = text_of(who.get(shown.location))
    assert "Only the lead, UNDP, changes this." in page
    assert "It belongs to other entities." in page
    assert "This column follows from others" in page
    confirm(who, shown.location)
    assert [say(app, number)["results"] for number in (ours, joint, theirs)] == ["Changed", "", ""]


def test_the_answer_is_the_same_file_with_refused_cells_marked(app: Flask, enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity("One")
    who = enter("who")
    file = edited(exported(who), {(activity_id, "Status"): "sleeping", (activity_id, "Results"): "Fine"})
    shown = send(who, file)
    confirm(who, shown.location)
    book = load_workbook(io.BytesIO(who.get(f"{shown.location}/answer.xlsx").data))
    cell = book["Matrix"].cell(2, COLUMN["Status"])
    assert "“sleeping” is not a status" in cell.comment.text
    assert cell.fill.fgColor.rgb.endswith("FBE6E4")
    listed = [[c.value for c in row] for row in book["What was done"].iter_rows(min_row=2)]
    assert {(row[1], row[4]) for row in listed} == {
        (f"{cell.column_letter}2", "refused"),
        (f"{book['Matrix'].cell(2, COLUMN['Results']).column_letter}2", "changed"),
    }
    fixed = edited(who.get(f"{shown.location}/answer.xlsx").data, {(activity_id, "Status"): "suspended"})
    confirm(who, send(who, fixed).location)
    assert (say(app, activity_id)["status"], say(app, activity_id)["results"]) == ("suspended", "Fine")


def test_the_answer_comes_also_where_the_rest_of_the_file_cannot_be_read(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    from interagency.exports.incoming import answer

    def fail(_file: object) -> None:
        raise KeyError("a drawing nobody knows")

    activity_id = add_activity("One")
    who = enter_sqlite("who")
    shown = send(who, edited(exported(who), {(activity_id, "Status"): "sleeping"}))
    monkeypatch.setattr(answer, "load_workbook", fail)
    book = load_workbook(io.BytesIO(who.get(f"{shown.location}/answer.xlsx").data))
    assert "“sleeping” is not a status" in book.worksheets[0].cell(2, COLUMN["Status"]).comment.text


def test_the_answer_to_a_long_file_is_its_rows_marked(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written row by row, so that its memory does not grow with the file: values, marks, IDs of what was added."""
    from interagency.exports.incoming import answer

    activity_id = add_activity("One")
    who = enter_sqlite("who")
    rows: list[list[Any]] = [
        ["ID", "Version", "Title", "Status", "Begins", "Remarks", "Lead entity"],
        [activity_id, 1, "One", "sleeping", date(2026, 5, 1), "_x005F_x0041_ =1+1", "WHO"],
        [None, None, "Another", "ongoing", "2026", "_x005F_x0041_ stays", None],
    ]
    file = workbook({"Matrix": rows}, merged="G2:G3")
    shown = send(who, file)
    confirm(who, shown.location)
    monkeypatch.setattr(answer, "MAX_SIZE_IN_MEMORY", 0)
    body = who.get(f"{shown.location}/answer.xlsx").data
    lines = list(load_workbook(io.BytesIO(body)).worksheets[0].iter_rows())
    assert [cell.value for cell in lines[0]] == rows[0]
    assert "“sleeping” is not a status" in lines[1][3].comment.text
    assert lines[1][3].fill.fgColor.rgb.endswith("FBE6E4")
    assert (lines[1][4].value, lines[1][5].data_type) == (datetime(2026, 5, 1), "s")
    assert (lines[2][0].value, lines[2][1].value, lines[2][2].value) == (activity_id + 1, 1, "Another")
    assert lines[2][5].value == "_x005F_x0041_ stays"
    book = load_workbook(io.BytesIO(body))
    book.worksheets[0]["D2"] = "suspended"
    corrected = io.BytesIO()
    book.save(corrected)
    confirm(who, send(who, corrected.getvalue()).location)
    assert say(sqlite_app, activity_id)["status"] == "suspended"
    assert say(sqlite_app, activity_id + 1)["remarks"] == "_x0041_ stays"


@pytest.mark.both_databases
def test_new_rows_are_added_once(app: Flask, enter: Enter) -> None:
    who = enter("who")
    file = table(
        ["Title", "Status", "Recommendations", "Beneficiary countries", "Begins", "Other UN entities"],
        [
            "Train laboratories",
            "ongoing",
            "5h; I(i)",
            "Cote d'Ivoire; Bolivia (Plurinational State of)",
            "June 2016",
            "",
        ],
        ["", "", "", "", "", ""],
        ["With UNDP", "planned", "", "", 2027, "UNDP"],
        ["", "ongoing", "", "", "", ""],
    )
    shown = send(who, file)
    page = text_of(who.get(shown.location))
    assert "2 new" in page
    assert "A new row needs a title." in page
    assert "Lead: WHO, because the row names none." in page
    confirm(who, shown.location)
    with app.app_context():
        made = {a.title: facts(a) for a in db.session.scalars(sa.select(Activity))}
    assert made["Train laboratories"]["recommendations"] == ["1(i)", "5(h)"]
    assert made["Train laboratories"]["countries"] == [["BO", "beneficiary"], ["CI", "beneficiary"]]
    assert made["Train laboratories"]["start"] == "2016-06"
    assert (made["With UNDP"]["lead"], made["With UNDP"]["entities"], made["With UNDP"]["start"]) == (
        "who",
        ["undp"],
        "2027",
    )
    assert made["With UNDP"]["participation"] == {"undp": "awaited"}
    again = send(who, file)
    assert "0 new 0 changed 0 in conflict 2 unchanged" in text_of(who.get(again.location))


def test_likely_duplicates_are_shown_and_not_ticked(app: Flask, enter: Enter, add_activity: Add) -> None:
    add_activity("Train Laboratories", lead="undp")
    who = enter("who")
    shown = send(who, table(["Title", "Status"], ["train  laboratories", "planned"]))
    page = html.fromstring(who.get(shown.location).text)
    assert "Likely the same as" in page.text_content()
    assert page.xpath("//input[@name='row']/@checked") == []


@pytest.mark.both_databases
def test_an_import_is_taken_back_where_nobody_built_on_it(app: Flask, enter: Enter, add_activity: Add) -> None:
    first, second = add_activity("One", results="A"), add_activity("Two", results="A")
    who = enter("who")
    book = load_workbook(io.BytesIO(edited(exported(who), {(first, "Results"): "B", (second, "Results"): "B"})))
    book["Matrix"].append([None, None, None, "Added", "WHO"])
    target = io.BytesIO()
    book.save(target)
    shown = send(who, target.getvalue())
    confirm(who, shown.location)
    address = f"/activities/{second}/edit"
    who.send(address, who.fields(address) | {"description": ["Built on it"]})
    page = text_of(who.get(who.send(f"{shown.location}/undo", {}, at=shown.location).location))
    assert "somebody built on them since, or they are not yours any more: Two" in page
    assert (say(app, first)["results"], say(app, second)["results"]) == ("A", "B")
    with app.app_context():
        assert db.session.scalars(sa.select(Activity.is_listed).where(Activity.title == "Added")).one() is False


def test_rows_missing_from_the_file_delete_nothing_and_order_does_not_matter(
    app: Flask, enter: Enter, add_activity: Add
) -> None:
    first, second = add_activity("One"), add_activity("Two")
    who = enter("who")
    shown = send(who, table(["Status", "Version", "Our own column", "ID"], ["completed", 1, "x", second]))
    assert "These columns are not ours and were left alone: Our own column." in text_of(who.get(shown.location))
    confirm(who, shown.location)
    assert (say(app, first)["status"], say(app, second)["status"]) == ("ongoing", "completed")
    assert say(app, second)["title"] == "Two"


def test_a_hand_made_matrix_is_mapped_and_the_mapping_remembered(app: Flask, enter: Enter) -> None:
    who = enter("who")
    file = table(["Our matrix 2026"], [], ["Activity", "Wer", "Wo"], ["Train people", "WHO", "Kenya; Ghana"])
    shown = send(who, file)
    again = who.send(
        f"{shown.location}/columns", {"column-0": "Lead entity", "column-1": "Beneficiary countries"}, at=shown.location
    )
    confirm(who, again.location)
    with app.app_context():
        made = facts(db.session.scalars(sa.select(Activity)).one())
    assert made["countries"] == [["GH", "beneficiary"], ["KE", "beneficiary"]]
    next_time = send(who, table(["Activity", "Wer", "Wo"], ["Other people", "WHO", "Togo"]))
    assert "not ours" not in text_of(who.get(next_time.location))
    assert "Togo" in text_of(who.get(next_time.location))


def test_a_csv_comes_back_too(app: Flask, enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity("=SUM(A1)", description="-1 or @x")
    who = enter("who")
    body = who.get("/exports/matrix.csv?hxl=1").data
    assert "0 new 0 changed 0 in conflict 1 unchanged 0 refused 0 refused cells" in text_of(
        who.get(send(who, body, "matrix.csv").location)
    )
    shown = send(who, body.replace(b",ongoing,", b",suspended,"), "matrix.csv")
    confirm(who, shown.location)
    assert (say(app, activity_id)["status"], say(app, activity_id)["title"]) == ("suspended", "=SUM(A1)")
    assert load_workbook(io.BytesIO(who.get(f"{shown.location}/answer.xlsx").data)).sheetnames[-1] == "What was done"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([999, 1, "x"], "There is no record 999"),
        (["abc", 1, "x"], "There is no record abc"),
        ([1, 9, "x"], "has only 1"),
        ([1, "", "x"], "names a record but no version"),
        ([-1, 1, "x"], "There is no record"),
    ],
)
def test_rows_that_name_no_record_are_refused(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, row: list[Any], reason: str
) -> None:
    assert add_activity("One") == 1
    who = enter_sqlite("who")
    page = text_of(who.get(send(who, table(["ID", "Version", "Title"], row)).location))
    assert reason in page
    assert "1 refused" in page


def test_a_record_in_two_rows_is_refused(sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add) -> None:
    add_activity("One")
    who = enter_sqlite("who")
    page = text_of(who.get(send(who, table(["ID", "Version", "Title"], [1, 1, "a"], [1, 1, "b"])).location))
    assert page.count("stands in rows 2, 3. Keep one of them") == 2


def package(**parts: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in parts.items():
            made.writestr(name.replace("__", "/"), text)
    return target.getvalue()


def far_cell(row: int) -> bytes:
    book = Workbook()
    book.active["A1"] = "Title"  # type: ignore[index]
    book.active.cell(row, 3).value = "x"  # type: ignore[union-attr]
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def ods(content: str, **parts: str) -> bytes:
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return package(**{"mimetype": kind, "content.xml": content} | parts)


_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
FAR_ODS = (
    f'<x xmlns:t="{_TABLE}"><t:table t:name="M"><t:table-row t:number-rows-repeated="1000000"/>'
    '<t:table-row><t:table-cell t:number-columns-repeated="9"><p>x</p></t:table-cell></t:table-row></t:table></x>'
)
ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'
BAD = [
    (b"", "empty"),
    (b"%PDF-1.4", "not a workbook"),
    (b"\xd0\xcf\x11\xe0rest", "password"),
    (b"PK\x03\x04broken", "cut off"),
    (package(hello="x"), "not a workbook"),
    (package(**{"[Content_Types].xml": "<a/>", "xl__workbook.xml": "<a/>", "xl__vbaProject.bin": "x"}), "macros"),
    (package(**{"[Content_Types].xml": "<a/>", "xl__worksheets__sheet1.xml": ENTITIES}), "definitions"),
    (package(**{"[Content_Types].xml": "<a/>", "xl__workbook.xml": "<a/>"}), "damaged"),
    (far_cell(1_048_576), "reaches to row"),
    (package(**{"[Content_Types].xml": "<a/>", "xl__workbook.bin": "x"}), ".xlsb"),
    (ods("<a/>", **{"META-INF__manifest.xml": "<m><encryption-data/></m>"}), "password"),
    (ods("<a/>", **{"Basic__script-lc.xml": "<a/>"}), "macros"),
    (ods("<broken"), "damaged"),
    (ods(FAR_ODS), "reaches to row 1,000,001 and column 9"),
    (ods(ENTITIES), "definitions"),
    (table([], [None]), "no rows under headings"),
    (b"Title;Status\n" + b"x;y\n" * 20_100, "more than 20,000 rows"),
]


@pytest.mark.parametrize(("body", "reason"), BAD, ids=[reason for _body, reason in BAD])
def test_a_file_that_cannot_be_taken_says_what_to_do(
    sqlite_app: Flask, enter_sqlite: Enter, body: bytes, reason: str
) -> None:
    response = send(enter_sqlite("who"), body, "matrix.csv" if body.startswith(b"Title;") else "matrix.xlsx")
    assert response.status_code == 422
    assert reason in text_of(response)


@pytest.mark.slow
def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = package(**{"[Content_Types].xml": "<a/>", "xl__worksheets__sheet1.xml": "0" * 400_000_000})
    assert len(bomb) < 1_000_000
    with pytest.raises(FileNotRead, match="unpacks to far more"):
        read_table(bomb, "matrix.xlsx")


def test_a_workbook_cut_anywhere_is_refused_or_read(sqlite_app: Flask) -> None:
    whole = table(["Title", "Status"], ["a", "ongoing"])
    for cut in range(0, len(whole), 97):
        try:
            read_table(whole[:cut], "matrix.xlsx")
        except FileNotRead:
            continue


def test_a_header_repeated_is_left_out() -> None:
    found = read_table(table(["Title", "Status"], ["a", "ongoing"], ["Title", "Status"], ["b", ""]), "x.xlsx")
    assert [row.cells["Title"] for row in found.rows] == ["a", "b"]
    assert "Row 3 repeats the titles" in found.notes[0]


@pytest.mark.parametrize(
    ("field", "raw", "value"),
    [
        ("status", "Done", "completed"),
        ("status", " In Progress ", "ongoing"),
        ("lead", "World Health Organization", "who"),
        ("lead", "DPKO", "dpo"),
        ("entities", "WHO, UNDP", ["who", "undp"]),
        ("countries:host", "Congo, Democratic Republic of the", ["CD"]),
        ("countries:host", "Bolivia (Plurinational State of)\nTürkiye", ["BO", "TR"]),
        ("recommendations", "1 (a), 5v;VII(l)", ["1(a)", "5(v)", "7(l)"]),
        ("start", date(2026, 5, 3), "2026-05-03"),
        ("start", "early 2026", "2026-early"),
        ("start", 2026, "2026"),
        ("end", "", None),
        ("sdg", "3; 3.5, SDG 16", ["3", "16", "3.5"]),
        (
            "figures",
            "more than 450 judges; 8 countries",
            [["450", "more than", "judges"], ["8", "exactly", "countries"]],
        ),
        ("partners", "Interpol; and others", (["interpol"], True)),
        ("level", "HQ", "headquarters"),
        ("level", "", None),
    ],
)
def test_peoples_habits_are_understood(sqlite_app: Flask, field: str, raw: Any, value: Any) -> None:
    with sqlite_app.app_context():
        assert CellReader(db.session).read(field, raw) == value
        db.session.close()


@pytest.mark.parametrize(
    ("field", "raw", "message"),
    [
        ("recommendations", "1(s)", "1(s)"),
        ("recommendations", "8(a)", "7(a) to 7(l)"),
        ("start", "03/04/2026", "03/04/2026"),
        ("lead", "Interpol", "partners"),
        ("countries:host", "Atlantis", "Atlantis"),
        ("title", "x" * 301, "300"),
        ("title", "", "empty"),
        ("link", "javascript:alert(1)", "https"),
        ("status", "", "not a status"),
        ("figures", "many", "many"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(sqlite_app: Flask, field: str, raw: Any, message: str) -> None:
    with sqlite_app.app_context():
        with pytest.raises(ValueError, match=re.escape(message)):
            CellReader(db.session).read(field, raw)
        db.session.close()


def live(session: Any, app: Flask) -> bytes:
    target = io.BytesIO()
    settings_ = app.extensions["interagency_settings"]
    write_current_matrix(target, session, Filters(), mine=[], made_by="test", settings=settings_)
    return target.getvalue()


def test_the_whole_sample_exported_and_sent_back_changes_nothing(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        load_sample(db.session, progress=lambda _line: None)
        db.session.commit()
        kept = previewed(live(db.session, sqlite_app), "m.xlsx", Rights(None, ()))
        odd = [row for row in kept.preview["rows"] if row["outcome"] != "unchanged" or row["cells"]]
        assert odd == []
        assert len(kept.preview["rows"]) > 160
        db.session.rollback()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(max_size=60) | st.lists(st.sampled_from(["_x0020_", "_x005F_", "_", "x000a_", "a b"])).map("".join),
        min_size=3, max_size=3,
    )
)  # fmt: skip
@pytest.mark.slow
def test_any_text_exported_and_sent_back_changes_nothing(
    sqlite_app: Flask, add_activity: Add, texts: list[str]
) -> None:
    from interagency.text.folding import clean

    title, description, results = (clean(text) for text in texts)
    activity_id = add_activity(" ".join(title.split()) or "x", description=description, results=results)
    with sqlite_app.app_context():
        kept = previewed(live(db.session, sqlite_app), "m.xlsx", Rights(None, ()))
        odd = [row for row in kept.preview["rows"] if row["outcome"] != "unchanged" or row["cells"]]
        assert odd == []
        db.session.rollback()
        db.session.execute(sa.delete(Activity).where(Activity.id == activity_id))
        db.session.commit()


@pytest.mark.parametrize("seed", range(6 if ATTACK else 2))
@pytest.mark.slow
def test_edits_of_many_people_in_any_order_are_each_applied_once(
    sqlite_app: Flask, add_activity: Add, seed: int
) -> None:
    """Each person edits other cells of one export; whatever the order of the uploads, all edits stand, once."""
    chance = random.Random(seed)
    ids = [add_activity(f"Activity {number}", description="D", results="R") for number in range(5)]
    titles = ["Title", "Description", "Results", "Source", "Status", "Begins"]
    cells = chance.sample(list(itertools.product(ids, titles)), 18)
    people = [cells[:6], cells[6:12], cells[12:]]

    def value(cell: tuple[int, str], person: int) -> str:
        return {"Status": "suspended", "Begins": "June 2016"}.get(cell[1], f"{cell[1]} by {person}")

    with sqlite_app.app_context():
        body = live(db.session, sqlite_app)
        files = [edited(body, {cell: value(cell, n) for cell in some}) for n, some in enumerate(people)]
        before = count_changes()
        for file in chance.sample([*files, *files], 6):
            kept = previewed(file, "m.xlsx", Rights(None, ()))
            begin(db.session, kept, rows=None, answers={})
            numbers = go_on(db.session, kept, Rights(None, ()), at=AT)
            assert numbers["undecided"] == numbers["refused"] == 0
            db.session.commit()
        found = {entry["id"]: entry["facts"] for entry in entries(db.session)}
        names = {"Begins": "start"}
        for number, some in enumerate(people):
            for cell in some:
                meant = value(cell, number) if cell[1] != "Begins" else "2016-06"
                assert found[cell[0]][names.get(cell[1], cell[1].lower())] == meant
        touched = {(record, person) for person, some in enumerate(people) for record, _title in some}
        assert count_changes() - before == len(touched), "one save per person and record"
        db.session.close()


def test_importing_at_the_terminal_keeps_a_persons_rights(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    theirs = add_activity("Theirs", lead="undp")
    body = edited(exported(enter_sqlite("who")), {(theirs, "Results"): "x"})
    with sqlite_app.app_context():
        from interagency.accounts.queries import person_by_email

        person = person_by_email(db.session, "who@example.org")
        kept = previewed(body, "m.xlsx", Rights(person, ()))
        begin(db.session, kept, rows=None, answers={})
        go_on(db.session, kept, Rights(person, ()), at=AT)
        db.session.commit()
    assert say(sqlite_app, theirs)["results"] == ""


def test_readers_and_strangers_see_no_imports(app: Flask, enter: Enter, add_activity: Add) -> None:
    add_activity("One")
    shown = send(enter("who"), exported(enter("who")))
    assert enter("reader").get("/imports").status_code == 403
    assert enter("undp").get(shown.location).status_code == 404
    assert enter("undp").get(f"{shown.location}/answer.xlsx").status_code == 404
    assert enter("coordinator").get(shown.location).status_code == 200


def test_long_lists_beside_the_matrix_do_not_stand_in_the_way() -> None:
    """Our own workbook of ten thousand activities has lists for pivot tables with more than 20,000 rows."""
    book = Book("", "", AT)
    narrow = (Column("ID", lambda row: row, 8), Column("Country", lambda _row: "Peru", 8))
    add_table(book, Sheet("Matrix", (Column("Title", lambda row: row, 8),), ["One"]))
    add_table(book, Sheet("Activity x country", narrow, range(25_000)))
    target = io.BytesIO()
    book.save(target)
    table = read_table(target.getvalue(), "m.xlsx")
    assert [row.cells for row in table.rows] == [{"Title": "One"}]
    book = Book("", "", AT)
    add_table(book, Sheet("Matrix", (Column("Title", lambda row: str(row), 8),), range(20_100)))
    target = io.BytesIO()
    book.save(target)
    with pytest.raises(FileNotRead, match="reaches to row 20,101"):
        read_table(target.getvalue(), "m.xlsx")


@pytest.mark.parametrize("cell", ["r='XFD5'", 'r = "GS5"', 'r="A100000"', '\tr="ZZ1"', 'r="B1048576" s="1"'])
def test_a_cell_far_away_is_seen_however_it_is_written(cell: str) -> None:
    target = io.BytesIO()
    book = Workbook()
    book.active.title = "Matrix"
    book.active["A1"] = "Title"
    book.active["GR1"] = "x"
    book.save(target)
    changed = io.BytesIO()
    with zipfile.ZipFile(target) as source, zipfile.ZipFile(changed, "w") as package:
        for name in source.namelist():
            body = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                body = body.replace(b"</row>", f"<c {cell}><v>1</v></c></row>".encode())
            package.writestr(name, body)
    with pytest.raises(FileNotRead, match="reaches to row"):
        read_table(changed.getvalue(), "m.xlsx")
