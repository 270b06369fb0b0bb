"""What a person says of a file: which sheet, which column, which organisation, which meaning; and taking it back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from openpyxl import load_workbook

from interagency.db.base import Model, db
from interagency.matrix.activities.models import Activity
from tests.exports.incoming.files import (
    as_month,
    cells_of,
    confirm,
    edited,
    exported,
    named,
    outcomes,
    say,
    send,
    shown,
    table,
    workbook,
)
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]


# --- Sheets and columns ---


def test_another_sheet_is_read_beside_the_first(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    body = workbook({"HQ": [["Agency", "Activity"], ["WHO", "First"]], "Field": [["Wer", "Was"], ["WHO", "Second"]]})
    first = send(who, body).location
    second = who.send(f"{first}/sheet", {"sheet": "Field"}, at=first).location
    assert shown(sqlite_app, second)["sheet"] == "Field"
    assert "Say above which column holds the titles" in text_of(who.get(second))
    mapped = who.send(f"{second}/columns", {"column-0": "Lead entity", "column-1": "Title"}, at=second).location
    for address in (first, mapped):
        confirm(who, address)
    assert named(sqlite_app, "First")["lead"] == named(sqlite_app, "Second")["lead"] == "who"
    assert who.send(f"{first}/sheet", {"sheet": "None such"}, at=first).status_code == 422


@pytest.mark.parametrize(
    "heading",
    [
        "Project title", "Activity *", "Title *", "Title of activity", "Title (English)", "Programme", "1. Title",
        "Activité", "Actividad", "Название", "活动", "النشاط", "#activity+name", "TITLE:", "Activity_name",
    ],
)  # fmt: skip
def test_a_title_is_understood_as_people_write_it(sqlite_app: Flask, enter_sqlite: Enter, heading: str) -> None:
    who = enter_sqlite("who")
    preview = shown(sqlite_app, send(who, table([heading, "Status"], ["Something", "planned"])).location)
    assert [row["title"] for row in preview["rows"]] == ["Something"]


def test_columns_that_were_guessed_are_left_out_or_mapped_otherwise_and_remembered(
    sqlite_app: Flask, enter_sqlite: Enter
) -> None:
    who = enter_sqlite("who")
    file = [["Name", "Region", "Remarks", "Remarks"], ["Clinic", "Upper East", "one", "two"]]
    first = send(who, table(*file)).location
    assert cells_of(shown(sqlite_app, first))[2]["Regions"][0] == "refused"
    page = html.fromstring(who.get(first).text)
    labels = {label.text_content(): label.get("for") for label in page.xpath("//label[starts-with(@for, 'column-')]")}
    assert set(labels) == {"A: Name", "B: Region", "C: Remarks", "D: Remarks (2)"}
    answers = {labels["B: Region"]: "", labels["C: Remarks"]: "Description", labels["D: Remarks (2)"]: "Remarks"}
    again = who.send(f"{first}/columns", answers, at=first).location
    confirm(who, again)
    made = named(sqlite_app, "Clinic")
    assert (made["description"], made["remarks"], made["regions"]) == ("one", "two", [])
    file[1][0] = "Next"
    assert set(cells_of(shown(sqlite_app, send(who, table(*file)).location))[2]) == {
        "Title", "Description", "Remarks", "Lead entity",
    }  # fmt: skip


def test_two_headings_for_one_column_are_told_in_the_words_of_the_file(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    sent = send(who, table(["Name", "Activity", "Entity", "Lead entity"], ["A", "B", "UNDP", "WHO"]))
    page = text_of(who.get(sent.location))
    assert "“Name” (column A) is read as Title; “Activity” could be it too and was left out." in page
    assert "“Lead entity” (column D) is read as Lead entity; “Entity” could be it too" in page


def test_hashtags_name_columns_whose_headings_nobody_knows(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    rows = [["Wer", "Was", "Wann"], ["#org +lead", "#activity+name", "#date+start"], ["WHO", "By tags", "2026-01-05"]]
    preview = shown(sqlite_app, send(enter_sqlite("who"), table(*rows)).location)
    assert {title: meant for title, (_state, meant) in cells_of(preview)[3].items()} == {
        "Title": "By tags", "Lead entity": "WHO", "Begins": "5 January 2026",
    }  # fmt: skip


def test_headings_on_two_lines_are_read_as_one(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    rows = [
        ["Our work", None, "Period", None, None],
        ["Activity", "Agency", "", "", "Status"],
        [None, None, "From", "To", None],
        ["On two lines", "WHO", 2025, 2026, "ongoing"],
        ["Grand total", None, 1, 1, None],
        ["Activity", "Agency", "From", "To", "Status"],
        ["After a page", "WHO", 2025, 2026, "ongoing"],
    ]
    preview = shown(sqlite_app, send(enter_sqlite("who"), table(*rows)).location)
    assert [row["title"] for row in preview["rows"]] == ["On two lines", "After a page"]
    assert set(cells_of(preview)[4]) == {"Title", "Lead entity", "Begins", "Ends", "Status"}
    assert [note for note in preview["notes"] if "Row 5 looks like a total" in note]


# --- Cells ---


def test_what_would_empty_many_cells_is_summed_up_and_not_ticked(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    ids = [add_activity(f"Number {number}", description="Stays") for number in range(12)]
    who = enter_sqlite("who")
    body = edited(exported(who), {(number, "Description"): None for number in ids} | {(ids[0], "Remarks"): "x"})
    sent = send(who, body)
    page = who.get(sent.location)
    assert "12 cells of Description would become empty" in text_of(page)
    assert html.fromstring(page.text).xpath("//input[@name='row']/@checked") == []
    confirm(who, sent.location)
    assert say(sqlite_app, ids[0])["description"] == "Stays"
    one = send(who, edited(exported(who), {(ids[0], "Description"): None}))
    confirm(who, one.location)
    assert say(sqlite_app, ids[0])["description"] == "", "a single one is meant"


def test_a_question_is_answered_on_the_page(sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add) -> None:
    for number in range(3):
        add_activity(f"Number {number}")
    who = enter_sqlite("who")
    rows = [
        ["ID", "Version", "Begins", "SDGs"],
        [1, 1, as_month(date(2016, 6, 1)), "3,5"],
        [2, 1, "01/02/2026", ""],
        [3, 1, as_month(date(2016, 6, 1)), 16.1],
    ]
    sent = send(who, workbook({"Matrix": rows}))
    assert "3 to answer" in text_of(who.get(sent.location))
    confirm(
        who, sent.location, **{"answer-2-start": "0", "answer-2-sdg": "1", "answer-3-start": "1", "answer-4-sdg": "7"}
    )
    assert (say(sqlite_app, 1)["start"], say(sqlite_app, 1)["sdg"]) == ("2016-06", ["3", "5"])
    assert say(sqlite_app, 2)["start"] == "2026-01-02"
    assert (say(sqlite_app, 3)["start"], say(sqlite_app, 3)["sdg"]) == (None, [])


def test_nothing_beyond_the_page_is_taken_unseen(
    sqlite_app: Flask, enter_sqlite: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    from interagency.exports.incoming import views

    monkeypatch.setattr(views, "SHOWN", 3)
    who = enter_sqlite("who")
    rows = [["Title", "Lead entity"], *([f"Many {number}", "WHO"] for number in range(7))]
    sent = send(who, table(*rows))
    assert "Many 6" in text_of(who.get(f"{sent.location}?page=3"))
    confirm(who, sent.location)
    with sqlite_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Activity)) == 3
    again = send(who, table(*rows))
    confirm(who, again.location, rest="yes")
    with sqlite_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Activity)) == 7


def test_chapters_and_roles_are_taken_and_what_follows_is_said(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    activity_id = add_activity("One", entities=("undp",))
    who = enter_sqlite("who")
    body = edited(
        exported(who),
        {
            (activity_id, "Recommendations"): "1(a)",
            (activity_id, "V"): "x",
            (activity_id, "Roles of entities"): "WHO: leads",
        },
    )
    confirm(who, send(who, body).location)
    found = say(sqlite_app, activity_id)
    assert (found["chapters"], found["roles"]) == ([5], {"who": "leads"})
    body = edited(
        exported(who),
        {
            (activity_id, "Chapters"): "V",
            (activity_id, "Roles of entities"): "WHO: leads; UNDP: pays",
            (activity_id, "Confirmed"): "2031-01",
        },
    )
    page = text_of(who.get(send(who, body).location))
    assert "Chapter I follows from the recommendations or the section." in page
    assert "Each entity says its own role; this would change that of UNDP." in page
    assert "A record is confirmed in the browser" in page
    body = edited(exported(who), {(activity_id, "V"): None})
    confirm(who, send(who, body).location)
    assert say(sqlite_app, activity_id)["chapters"] == []


# --- Organisations ---


def test_unknown_organisations_are_decided_once(app: Flask, enter: Enter) -> None:
    coordinator = enter("coordinator")
    rows = [
        ["Title", "Lead entity", "Partners"],
        ["One", "WHO", "Blue Shield Initiative; W.C.O. Brussels"],
        ["Two", "WHO", "Blue Shield Initiative; nobody in particular"],
    ]
    first = send(coordinator, table(*rows)).location
    preview = shown(app, first)
    assert [(name["name"], name["count"]) for name in preview["names"]] == [
        ("Blue Shield Initiative", 2), ("W.C.O. Brussels", 1), ("nobody in particular", 1),
    ]  # fmt: skip
    answers = {
        "choice-0": "add", "kind-0": "civil_society", "choice-1": "map", "other-1": "WCO", "remember-1": "yes",
        "choice-2": "leave",
    }  # fmt: skip
    second = coordinator.send(f"{first}/organisations", answers, at=first).location
    assert shown(app, second)["names"] == []
    confirm(coordinator, second)
    assert named(app, "One")["partners"] == ["blue-shield-initiative", "wco"]
    assert named(app, "Two")["partners"] == ["blue-shield-initiative"]
    rows[1][0] = "Three"
    again = shown(app, send(coordinator, table(*rows[:2])).location)
    assert again["names"] == [], "both names are known from now on"


def test_focal_points_map_names_but_do_not_keep_the_directory(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    first = send(who, table(["Title", "Partners"], ["One", "Blue Shield"])).location
    assert "choice-0" in who.get(first).text
    assert 'value="add"' not in who.get(first).text
    wrong = who.send(f"{first}/organisations", {"choice-0": "map", "other-0": "Nowhere"}, at=first).location
    assert "We do not know the organisation “Nowhere”" in text_of(who.get(wrong))
    for forged in (
        {"choice-0": "add", "kind-0": "academia"},
        {"choice-0": "map", "other-0": "WCO", "remember-0": "yes"},
    ):
        sent = who.send(f"{first}/organisations", forged, at=first).location
    assert shown(sqlite_app, sent)["names"] == []
    again = send(who, table(["Title", "Lead entity", "Partners"], ["Two", "WHO", "Blue Shield"])).location
    assert shown(sqlite_app, again)["names"]
    proposed = who.send(f"{again}/organisations", {"choice-0": "propose"}, at=again).location
    assert shown(sqlite_app, proposed)["names"] == []
    confirm(who, proposed)
    assert named(sqlite_app, "Two")["partners"] == ["blue-shield"]
    assert "1 proposed" in text_of(who.get("/organisations"))


# --- Taking back ---


def everything_kept(app: Flask) -> dict[str, list[Any]]:
    """All rows of all tables, but for what only grows (history, log), what the import itself is, and when and how often
    a record was saved."""
    grows = {
        "change",
        "audit_entry",
        "audit_link",
        "matrix_import",
        "import_run",
        "import_batch",
        "form_submission",
        "session",
        "sign_in_attempt",
        "header_mapping",
    }
    found = {}
    with app.app_context():
        for model in Model.metadata.sorted_tables:
            if model.name in grows:
                continue
            columns = [
                c
                for c in model.columns
                if (model.name, c.name) not in (("activity", "version"), ("activity", "updated_at"))
            ]
            rows = [tuple(map(str, row)) for row in db.session.execute(sa.select(*columns))]
            found[model.name] = sorted(rows)
    return found


def test_undo_puts_back_all_rows_of_all_tables(app: Flask, enter: Enter, add_activity: Add) -> None:
    one = add_activity("One", entities=("undp",), results="A")
    two = add_activity("Two", lead="undp", entities=("who", "unodc"))
    who, undp, coordinator = enter("who"), enter("undp"), enter("coordinator")
    for browser in (who, undp):
        address = f"/activities/{one}/edit"
        browser.send(address, browser.fields(address))
    before = everything_kept(app)
    file = edited(
        exported(coordinator),
        {
            (one, "Lead entity"): "UNDP", (one, "Other UN entities"): "UNODC", (one, "Results"): "B",
            (one, "SDGs"): "3.5",
            (one, "Partners"): "WCO; and others", (one, "Chapters"): "II", (one, "Roles of entities"): "UNDP: runs it",
            (one, "Figures"): "8 countries", (one, "Begins"): "June 2016", (one, "Host countries"): "Ghana",
            (two, "Lead entity"): "", (two, "Supporting UN entities"): "WHO", (two, "Other UN entities"): "UNODC",
            (two, "Recommendations"): "1(a)", (two, "Regions"): "Africa", (two, "Title"): "Zwei",
        },
    )  # fmt: skip
    sent = send(coordinator, file)
    confirm(coordinator, sent.location)
    assert everything_kept(app) != before
    assert say(app, one)["lead"] == "undp"
    coordinator.send(f"{sent.location}/undo", {}, at=sent.location)
    after = everything_kept(app)
    for name, rows in before.items():
        assert after[name] == rows, name


# --- Other programs ---


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("cp1252", ";"), ("utf-16", "\t"), ("utf-8", ","), ("utf-8-sig", ";")]
)
def test_a_csv_in_any_form_with_columns_and_rows_moved_proposes_nothing(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, encoding: str, delimiter: str
) -> None:
    for title in ("Côte d’Ivoire: “training”", "B; with, signs", "=C"):
        add_activity(title, description="One\nTwo")
    who = enter_sqlite("who")
    header, *rows = csv.reader(io.StringIO(who.get("/exports/matrix.csv").data.decode("utf-8-sig"), newline=""))
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter).writerows(row[::-1] for row in (header, *rows[::-1]))
    sent = send(who, target.getvalue().encode(encoding), "matrix.csv")
    preview = shown(sqlite_app, sent.location)
    assert [outcome for _row, outcome in outcomes(preview)] == ["unchanged"] * 3
    assert not any(cells_of(preview).values())


def test_a_workbook_filtered_sorted_and_hidden_proposes_nothing(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    for number in range(4):
        add_activity(f"Number {number}")
    who = enter_sqlite("who")
    book = load_workbook(io.BytesIO(exported(who)))
    sheet = book["Matrix"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    for number, row in enumerate(reversed(rows), start=2):
        for place, value in enumerate(row, start=1):
            sheet.cell(number, place).value = value
    sheet.row_dimensions[3].hidden = sheet.column_dimensions["D"].hidden = True
    sheet.insert_rows(1, 2)
    sheet.cell(1, 1).value = "Our copy of the matrix"
    sheet.title = "Renamed"
    target = io.BytesIO()
    book.save(target)
    preview = shown(sqlite_app, send(who, target.getvalue()).location)
    assert [outcome for _row, outcome in outcomes(preview)] == ["unchanged"] * 4


def test_an_ods_is_read_with_its_errors_months_and_merged_cells(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, convert: Callable[[str, bytes, str], Path]
) -> None:
    add_activity("One", description="Stays")
    rows = [
        ["ID", "Version", "Title", "Lead entity", "Begins", "Description"],
        [1, 1, "One", "WHO", as_month(date(2016, 6, 1)), "=NA()"],
        [None, None, "New one", None, "2026", None],
    ]
    who = enter_sqlite("who")
    body = convert("sent.xlsx", workbook({"Matrix": rows}, merged="D2:D3"), "ods").read_bytes()
    sent = send(who, body, "sent.ods")
    preview = shown(sqlite_app, sent.location)
    assert cells_of(preview) == {
        2: {"Begins": ("asked", "Jun 2016"), "Description": ("refused", "#N/A")},
        3: {"Title": ("change", "New one"), "Lead entity": ("change", "WHO"), "Begins": ("change", "2026")},
    }
    confirm(who, sent.location)
    assert say(sqlite_app, 1)["description"] == "Stays"
    assert who.get(f"{sent.location}/answer.xlsx").status_code == 200


@pytest.mark.slow
def test_our_workbook_saved_by_another_program_proposes_nothing(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, convert: Callable[[str, bytes, str], Path]
) -> None:
    from interagency.text.dates import ImpreciseDate

    add_activity("Côte", start=ImpreciseDate.month(2017, 2), description="A\nB")
    who = enter_sqlite("who")
    body = exported(who)
    for kind in ("ods", "xlsx"):
        again = convert(f"m.{'xlsx' if kind == 'ods' else 'ods'}", body, kind).read_bytes()
        preview = shown(sqlite_app, send(who, again, f"m.{kind}").location)
        assert (outcomes(preview), cells_of(preview)) == ([(2, "unchanged")], {2: {}}), kind
        body = again
