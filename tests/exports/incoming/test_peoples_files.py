"""Files as people really send them: what each is read as, what is asked, what is refused and why."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook

from interagency.text.dates import ImpreciseDate
from tests.exports.incoming.files import (
    as_month,
    cells_of,
    confirm,
    exported,
    named,
    outcomes,
    say,
    send,
    shown,
    workbook,
)
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
CHANGE, REFUSED, ASKED = "change", "refused", "asked"


@dataclass(frozen=True)
class Case:
    """A file and what becomes of it: rows, cells, words of the page, and what the record says once it is taken in."""

    name: str
    sheets: dict[str, list[list[Any]]]
    rows: list[tuple[int, str]]
    cells: dict[int, dict[str, tuple[str, str]]] = field(default_factory=dict)
    page: tuple[str, ...] = ()
    after: dict[str, Any] = field(default_factory=dict)  # of record 1
    record: dict[str, Any] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    merged: str = ""
    new: dict[str, dict[str, Any]] = field(default_factory=dict)  # by title


DATES = [
    ["ID", "Version", "Begins", "Ends"],
    [1, 1, 42767, "2026-12-31T00:00:00"],
    [2, 1, "12/31/2026", "01/02/2026"],
    [3, 1, datetime(2026, 3, 1, 12), "1-3-2026"],
    [4, 1, "2026-03", "Q1 2026"],
    [5, 1, 2026, "TBD"],
    [6, 1, "ongoing", "n/a"],
    [7, 1, "Jan-2026", "jan 26"],
    [8, 1, "1 janvier 2026", "enero 2026"],
    [9, 1, "31 June 2026", "2026/3/1"],
]
CASES = [
    Case(
        "a failed lookup clears nothing",
        {"Matrix": [["ID", "Version", "Lead entity", "Description"], [1, 1, "#N/A", "#REF!"]]},
        [(2, "refused")],
        {2: {"Lead entity": (REFUSED, "#N/A"), "Description": (REFUSED, "#REF!")}},
        ("C2 Lead entity", "The cell holds the error #N/A", "D2 Description", "The cell holds the error #REF!"),
        {"lead": "who", "description": "Stays"},
        {"description": "Stays"},
    ),
    Case(
        "a hidden list before the sheet of activities",
        {
            "Lists": [["Activity", "Status"], ["Type 0", "ongoing"], ["Type 1", "ongoing"]],
            "Activities 2026": [["Activity", "Agency", "Status", "Country"], ["Real one", "WHO", "ongoing", "Ghana"]],
        },
        [(2, "new")],
        hidden=("Lists",),
        page=("Lists : 2 rows, hidden; is not read", "Activities 2026 : 1 row; this is the one read"),
        new={"Real one": {"lead": "who", "countries": [["GH", "beneficiary"]]}},
    ),
    Case(
        "a heading above the headings, a merged cell, a second sheet",
        {
            "HQ": [
                ["Matrix of activities 2026"],
                [],
                ["Agency", "Activity", "Country", "Start date", "Status"],
                ["WHO", "Merged one", "Ghana", "Jan 2026", "ongoing"],
                [None, "Merged two", "Nigeria", "Q2 2026", "ongoing"],
                [None, "Merged three", "Togo", "2026", "planned"],
                ["Total", None, 3],
            ],
            "Field": [["Agency", "Activity"], ["UNDP", "In the second sheet"]],
        },
        [(4, "new"), (5, "new"), (6, "new")],
        merged="A4:A6",
        page=("The merged cell A4 (“WHO”) was read for all its rows, 4 to 6.", "Field : 1 row; is not read", "a total"),
        new={"Merged two": {"lead": "who", "start": "2026-Q2"}, "Merged three": {"lead": "who"}},
    ),
    Case(
        "headings of their own",
        {
            "Matrix": [
                ["No.", "Activity *", "UN Entity", "Type (joint/individual)", "Country/region", "Focal point email"],
                ["1", "Own words", "WHO", "individual", "Ghana", "a@example.org"],
            ]
        },
        [(2, "new")],
        page=("These columns are not ours and were left alone: No., Type (joint/individual).",),
        new={"Own words": {"lead": "who", "contact": "a@example.org", "countries": [["GH", "beneficiary"]]}},
    ),
    Case(
        "lists with the separators of people",
        {
            "Matrix": [
                ["ID", "Version", "Recommendations", "Beneficiary countries", "Other UN entities", "SDGs"],
                [1, 1, "1.a", "Ghana and Kenya", "UNODC, UNDP", "SDG3; SDG 16"],
                [2, 1, "1(a)-(d)", "Ghana / Kenya", "UNODC/UNDP", "3.5, 16.1"],
                [3, 1, "OR 1(a)", "Ivory Coast", "UNODC & UNDP", "Goal 3"],
                [4, 1, "1a,1b", "DRC", "UNAIDS, INL", "3.a"],
                [5, 1, "1(a), (b) and (c)", "Trinidad and Tobago and Bosnia and Herzegovina", "UN Women", "Target 3.5"],
            ]
        },
        [(2, "changed"), (3, "changed"), (4, "changed"), (5, "changed"), (6, "changed")],
        {
            2: {
                "Recommendations": (CHANGE, "1(a)"),
                "Beneficiary countries": (CHANGE, "Ghana; Kenya"),
                "Other UN entities": (CHANGE, "UNODC; UNDP"),
                "SDGs": (CHANGE, "3; 16"),
            },
            3: {
                "Recommendations": (CHANGE, "1(a); 1(b); 1(c); 1(d)"),
                "Beneficiary countries": (CHANGE, "Ghana; Kenya"),
                "Other UN entities": (CHANGE, "UNODC; UNDP"),
                "SDGs": (CHANGE, "3.5; 16.1"),
            },
            4: {
                "Recommendations": (CHANGE, "1(a)"),
                "Beneficiary countries": (CHANGE, "Côte d’Ivoire"),
                "Other UN entities": (CHANGE, "UNODC; UNDP"),
                "SDGs": (CHANGE, "3"),
            },
            5: {
                "Recommendations": (CHANGE, "1(a); 1(b)"),
                "Beneficiary countries": (CHANGE, "Democratic Republic of the Congo"),
                "Other UN entities": (REFUSED, "UNAIDS, INL"),
                "SDGs": (CHANGE, "3.a"),
            },
            6: {
                "Recommendations": (CHANGE, "1(a); 1(b); 1(c)"),
                "Beneficiary countries": (CHANGE, "Bosnia and Herzegovina; Trinidad and Tobago"),
                "Other UN entities": (CHANGE, "UN-Women"),
                "SDGs": (CHANGE, "3.5"),
            },
        },
        ("1 name that no organisation has", "INL: 1 cell"),
    ),
    Case(
        "a new row with chapters and roles",
        {
            "Matrix": [
                ["Title", "Lead entity", "III", "Chapters", "Roles of entities", "Joint", "Confirmed", "Section"],
                ["With crosses", "WHO", "x", "III", "WHO: runs it; and pays", "joint", "2026-07", ""],
            ]
        },
        [(2, "new")],
        {
            2: {
                "Title": (CHANGE, "With crosses"),
                "Lead entity": (CHANGE, "WHO"),
                "Chapters": (CHANGE, "III"),
                "Roles of entities": (CHANGE, "WHO: runs it; and pays"),
                "Joint": (REFUSED, "joint"),
                "Confirmed": (REFUSED, "2026-07"),
            }
        },
        ("This column follows from others: joint where two or more", "A record is confirmed in the browser"),
        new={"With crosses": {"chapters": [3], "roles": {"who": "runs it; and pays"}}},
    ),
    Case(
        "two equal new rows",
        {"Matrix": [["Title", "Lead entity"], ["Twice", "WHO"], ["Twice", "WHO"]]},
        [(2, "new"), (3, "new")],
        page=("Row 2 says the same.",),
        new={"Twice": {"lead": "who"}},  # one of them
    ),
    Case(
        "a row copied with its ID",
        {
            "Matrix": [
                ["ID", "Version", "Title", "Remarks"],
                [1, 1, "Record 1", "edit in the original"],
                [1, 1, "A copied row meant as a new activity", ""],
            ]
        },
        [(2, "changed"), (3, "refused")],
        {2: {"Remarks": (CHANGE, "edit in the original")}, 3: {}},
        ("Record 1 stands in rows 2, 3. Keep one of them; to make this one a new activity, empty its ID and Version.",),
        {"remarks": "edit in the original", "title": "Record 1"},
    ),
    Case(
        "a decimal comma, and a number that may have lost a zero",
        {"Matrix": [["ID", "Version", "SDGs", "Host countries"], [1, 1, "3,5", "Congo"], [2, 1, 16.1, "Guinea"]]},
        [(2, "changed"), (3, "changed")],
        {
            2: {"SDGs": (ASKED, "3,5"), "Host countries": (CHANGE, "Congo")},
            3: {"SDGs": (ASKED, "16.1"), "Host countries": (CHANGE, "Guinea")},
        },
        ("can be a target or several goals", "The sheet keeps the number 16.1, which 16.10 becomes too"),
        {"sdg": [], "countries": [["CG", "host"]]},
    ),
    Case(
        "a month that became a day",
        {"Matrix": [["ID", "Version", "Begins", "SDGs"], [1, 1, as_month(date(2016, 6, 1)), "16.1"]]},
        [(2, "changed")],
        {2: {"Begins": (ASKED, "Jun 2016"), "SDGs": (CHANGE, "16.1")}},
        ("June 2016 or 1 June 2016?",),
        {"start": None, "sdg": ["16.1"]},
    ),
    Case(
        "the same month as stands, which became a day",
        {"Matrix": [["ID", "Version", "Begins"], [1, 1, as_month(date(2016, 6, 1))]]},
        [(2, "unchanged")],
        {2: {}},
        record={"start": ImpreciseDate.month(2016, 6)},
        after={"start": "2016-06"},
    ),
    Case(
        "dates as programs write them",
        {"Matrix": DATES},
        [
            (2, "changed"), (3, "changed"), (4, "changed"), (5, "changed"), (6, "changed"), (7, "refused"),
            (8, "changed"), (9, "changed"), (10, "changed"),
        ],
        {
            2: {"Begins": (REFUSED, "42767"), "Ends": (CHANGE, "31 December 2026")},
            3: {"Begins": (CHANGE, "31 December 2026"), "Ends": (ASKED, "01/02/2026")},
            4: {"Begins": (CHANGE, "1 March 2026"), "Ends": (ASKED, "1-3-2026")},
            5: {"Begins": (CHANGE, "March 2026"), "Ends": (CHANGE, "first quarter of 2026")},
            6: {"Begins": (CHANGE, "2026")},
            7: {"Begins": (REFUSED, "ongoing")},
            8: {"Begins": (CHANGE, "January 2026"), "Ends": (REFUSED, "jan 26")},
            9: {"Begins": (CHANGE, "1 January 2026"), "Ends": (CHANGE, "January 2026")},
            10: {"Begins": (REFUSED, "31 June 2026"), "Ends": (CHANGE, "1 March 2026")},
        },
        after={"end": "2026-12-31", "start": None},
    ),
    Case(
        "an address of SharePoint",
        {"Matrix": [["Title", "Lead entity", "Link"], ["Escaped", "WHO", "https://x.example/My_x005F_x0020_List"]]},
        [(2, "new")],
        new={"Escaped": {"link": "https://x.example/My_x0020_List"}},
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_file_becomes_what_it_says(case: Case, sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add) -> None:
    for number in range(1, 11):
        add_activity(f"Record {number}", **(case.record if number == 1 else {}))
    who = enter_sqlite("who")
    sent = send(who, workbook(case.sheets, hidden=case.hidden, merged=case.merged))
    assert sent.status_code == 302, text_of(sent)
    preview = shown(sqlite_app, sent.location)
    assert outcomes(preview) == case.rows
    found = cells_of(preview)
    for number, cells in case.cells.items():
        assert found[number] == cells, number
    page = text_of(who.get(sent.location))
    for words in case.page:
        assert words in page
    assert confirm(who, sent.location).status_code == 302
    record = say(sqlite_app, 1)
    assert {name: record[name] for name in case.after} == case.after
    for title, said in case.new.items():
        made = named(sqlite_app, title)
        assert {name: made[name] for name in said} == said


def test_a_csv_that_excel_saved_in_london_proposes_nothing(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    periods = [
        (ImpreciseDate.month(2017, 2), ImpreciseDate.month(2017, 3)),
        (ImpreciseDate.day(date(2016, 5, 3)), ImpreciseDate.day(date(2016, 5, 4))),
        (ImpreciseDate.year(2017), None),
        (ImpreciseDate.half_year(2017, 2), ImpreciseDate.year(2021)),
    ]
    for number, (start, end) in enumerate(periods):
        add_activity(f"Côte {number}", start=start, end=end)
    who = enter_sqlite("who")
    text = who.get("/exports/matrix.csv").data.decode("utf-8-sig")
    text = re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3/\2/\1", text)  # days
    text = re.sub(r"\b(\d{1,2}) (May) 20(\d\d)\b", r"0\1-\2-\3", text)
    text = re.sub(r"\b(Feb|Mar)\w* 20(\d\d)\b", r"\1-\2", text)
    assert "Feb-17,01/02/2017,Mar-17,31/03/2017" in text
    assert "03-May-16,03/05/2016,04-May-16,04/05/2016" in text
    sent = send(who, text.replace(",", ";").encode("cp1252"), "matrix.csv")
    preview = shown(sqlite_app, sent.location)
    assert outcomes(preview) == [(number, "unchanged") for number in range(2, 6)]
    assert not any(row["cells"] for row in preview["rows"])


def test_a_corrected_new_row_is_an_update(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    """The answer names the record of a row that was added, also where the file had no column for it."""
    for header in (["ID", "Version", "Title", "Lead entity", "Status"], ["Title", "Lead entity", "Status"]):
        title = f"New of {len(header)}"
        row = [None] * (len(header) - 3) + [title, "WHO", "sleeping"]
        who = enter_sqlite("who")
        sent = send(who, workbook({"Matrix": [header, row]}))
        confirm(who, sent.location)
        assert named(sqlite_app, title)["status"] == "ongoing"
        book = load_workbook(io.BytesIO(who.get(f"{sent.location}/answer.xlsx").data))
        done = [[cell.value for cell in row] for row in book["What was done"].iter_rows(min_row=2)]
        assert all(isinstance(line[2], int) for line in done)
        sheet = book["Matrix"]
        sheet.cell(2, header.index("Status") + 1).value = "On-going"
        sheet.cell(2, header.index("Lead entity") + 1).value = "UNDP"
        target = io.BytesIO()
        book.save(target)
        again = send(who, target.getvalue())
        assert outcomes(shown(sqlite_app, again.location)) == [(2, "changed")]
        confirm(who, again.location)
        assert named(sqlite_app, title)["lead"] == "undp"


def test_an_answer_holds_values_and_no_formulas(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    sent = send(who, workbook({"Matrix": [["Title", "Status"], ["=1+1", "ongoing"], ["Fine", '=HYPERLINK("x")']]}))
    assert outcomes(shown(sqlite_app, sent.location)) == [(2, "refused"), (3, "new")]
    assert "This formula was never worked out" in text_of(who.get(sent.location))
    confirm(who, sent.location)
    answer = who.get(f"{sent.location}/answer.xlsx").data
    book = load_workbook(io.BytesIO(answer))
    assert not [c for sheet in book.worksheets for row in sheet.iter_rows() for c in row if c.data_type == "f"]


def test_the_sheets_of_our_own_workbook_are_left_out_by_name(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    """Also where Matrix was renamed and moved behind the others."""
    add_activity("One")
    who = enter_sqlite("who")
    book = load_workbook(io.BytesIO(exported(who)))
    sheet = book["Matrix"]
    sheet.title = "My matrix"
    sheet.cell(2, 4).value = "Renamed"
    book.move_sheet(sheet, offset=len(book.sheetnames))
    target = io.BytesIO()
    book.save(target)
    preview = shown(sqlite_app, send(who, target.getvalue()).location)
    assert {one["name"]: one["state"] for one in preview["sheets"]} == {
        name: "read" if name == "My matrix" else "derived" for name in book.sheetnames
    }
    assert cells_of(preview) == {2: {"Title": ("change", "Renamed")}}
