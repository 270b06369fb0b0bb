"""Every field of an activity, changed, goes through every door: its value comes back, or its description says why not.

The fields are those of the description and of the model's columns: one without the other fails by name.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import load_workbook
from werkzeug.datastructures import MultiDict

from interagency import create_app
from interagency.db.base import db
from interagency.db.history import Change
from interagency.exports.columns import MATRIX
from interagency.exports.external.content import Form, content_of
from interagency.exports.incoming.cells import PARTS
from interagency.exports.incoming.values import CellReader
from interagency.exports.note.wording import Paragraph, Wording
from interagency.exports.snapshot import ActivityRow
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.drafts import ActivityDraft, Records, draft_from
from interagency.matrix.activities.field_types import Field, Kind, Merge, Seen
from interagency.matrix.activities.fields import BY_NAME, COUNTRIES_BY_ROLE, EDITED, FIELDS, FILTERED, empty_facts
from interagency.matrix.activities.filters import NAMES, Filters, read_filters
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.reader import entries
from interagency.matrix.activities.record import apply_draft, facts, save_activity
from interagency.matrix.agreement.gate import Passed
from interagency.matrix.cycles.contents import gather, pack, read
from interagency.matrix.cycles.differences import Kind as Became
from interagency.matrix.cycles.differences import compare_contents
from interagency.matrix.cycles.edition_filters import matches
from interagency.matrix.overlaps.fields import BOTH, OTHER, SURVIVOR, united
from interagency.operations.backup import backup, restore
from interagency.operations.copying import copy_to
from tests.conftest import close, make_app, make_settings
from tests.exports.external.test_external import DAY
from tests.exports.incoming.test_imports import confirm, send
from tests.helpers import Browser
from tests.matrix.overlaps.test_merging import merge
from tests.operations.test_copying import nothing

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
# Columns of an activity that say nothing of the work: the record's own book-keeping.
OWN = {
    "id", "sample_key", "version", "created_at", "updated_at", "merged_into_id", "is_joint", "search_title",
    "search_text",
}  # fmt: skip
# What hangs on an activity, as facts of another value than a new one's.
LINKED: dict[str, Any] = {
    "lead": "undp",
    "entities": ["unodc", "unicef"],
    "recommendations": ["1(a)", "5(h)"],
    "partners": ["interpol"],
    "countries": [["KE", "host"], ["TR", "beneficiary"]],
    "country_statuses": [["KE", "completed"], ["TR", "planned"]],
    "regions": ["002"],
    "supporting": ["ohchr"],
    "figures": [
        ["8", "exactly", "countries"],
        ["450", "exactly", "policymakers", "2024-06", "A report (2024); page 3"],
        ["500", "exactly", "officers", "", "", "target", "2026-12", "", "", ""],
        [
            *("450", "at least", "officers", "2026-06", "A report", "achieved"),
            *("", "2025/2026", "unodc", "https://example.org/report"),
        ],
    ],
    "documents": [
        ["Conference room paper E/CN.7/2019/CRP.10", "https://undocs.org/E/CN.7/2019/CRP.10", "unodc", True],
        ["Draft", "https://example.org/draft.pdf", None, False],
    ],
    "sdg": ["3", "3.5"],
    "chapters": [4],
    "roles": {"who": "It trains."},
    "participation": {"unodc": "declined"},
}


def other(field: Field) -> Any:
    """Another fact than that of the activity that the tests begin with."""
    match field.kind:
        case Kind.LINE | Kind.TEXT:
            return f"Quokka {field.name}"
        case Kind.ADDRESS:
            return f"https://www.example.org/{field.name}"
        case Kind.CHOICE:
            return field.values[len(field.values) // 2]
        case Kind.CHOICES:
            return field.values[:2]
        case Kind.FLAG:
            return not field.default
        case Kind.SECTION:
            return 1
        case Kind.DATE:
            return "2026-03" if field.name != "end" else "2027-04"
        case _:
            return LINKED[field.name]


def changed(said: dict[str, Any], field: Field) -> dict[str, Any]:
    """`said` with one field changed; the lead is no other entity."""
    return said | {field.name: other(field)}


def everything_changed() -> dict[str, Any]:
    return {field.name: other(field) for field in EDITED}


def save(activity_id: int, said: dict[str, Any]) -> None:
    activity = db.session.get_one(Activity, activity_id)
    draft = draft_from(Records(db.session), said)
    save_activity(db.session, activity, draft, version=activity.version, by=None, mine=())
    db.session.commit()


def says(activity_id: int) -> dict[str, Any]:
    db.session.expire_all()
    return facts(db.session.get_one(Activity, activity_id))


def row_of(entry: dict[str, Any]) -> ActivityRow:
    return ActivityRow(entry, entry["facts"], FactLabels(db.session), "")


def test_every_column_and_every_link_of_the_model_is_described() -> None:
    described = {name for field in FIELDS for name in field.columns}
    assert {column.name for column in Activity.__table__.columns} - OWN == described
    links = {link.key for link in sa.inspect(Activity).relationships}
    assert {"sdg" if name.startswith("sdg_") else name for name in links} <= {field.name for field in FIELDS}


def test_the_draft_has_every_field_that_people_edit_and_no_default() -> None:
    found = dataclasses.fields(ActivityDraft)
    assert {one.name for one in found} == {field.name for field in EDITED}
    for one in found:
        assert one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING, one.name


def test_every_description_is_whole() -> None:
    assert len(BY_NAME) == len(FIELDS)
    assert len(set(NAMES)) == len(NAMES), "a filter has the name of another"
    titles = [column.title for column in MATRIX]
    assert len(set(titles)) == len(titles)
    for field in FIELDS:
        assert field.label, field.name
        if field.kind in (Kind.CHOICE, Kind.CHOICES):
            assert field.choices and set(field.choices) == set(type(next(iter(field.choices)))), field.name
        if field.seen is Seen.NEVER_LEAVES:
            assert not field.is_searched and not field.is_filter and not field.is_in_note, field.name
        if field.is_filter:
            assert field.kind in (Kind.CHOICE, Kind.CHOICES, Kind.FLAG), field.name
        if field.is_edited and field.is_column and not field.part_of:
            assert field.column is not None, f"{field.name} has no column in the workbook"


def typed(field: Field) -> dict[str, Any]:
    """What a person sends in the form to say the other value."""
    value = other(field)
    if field.kind is Kind.COUNTRIES:
        by_role = {one.form_name: [code for code, role in value if role == one.role] for one in COUNTRIES_BY_ROLE}
        return {name: codes if name == field.name else "\n".join(codes) for name, codes in by_role.items()}
    if field.kind is Kind.DOCUMENTS:
        line = "Conference room paper E/CN.7/2019/CRP.10 | UNODC | may be shared"
        return {field.name: f"{line}\nDraft https://example.org/draft.pdf"}
    if field.kind is Kind.COUNTRY_STATUSES:
        return {field.name: "Kenya: completed; Türkiye: Planned"}
    if field.kind is Kind.FIGURES:
        return {
            field.name: "8 countries; 450 policymakers (June 2024; A report (2024); page 3)"
            "\ntarget: 500 officers (by December 2026)"
            "\nachieved: at least 450 officers (June 2026; for 2025-2026; A report; entity: UNODC; evidence: "
            "https://example.org/report)"
        }
    return {field.name: ["y"] if value is True else value}


@pytest.mark.slow
def test_each_comes_back_from_the_form_and_stands_in_history_and_on_the_page(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    number = add_activity("A form", entities=("unodc",))
    browser = enter_sqlite("coordinator")
    with sqlite_app.app_context():
        for field in EDITED:
            before = says(number)
            sent = browser.fields(f"/activities/{number}/edit") | typed(field) | {"verdict-rest": "distinct"}
            response = browser.client.post(f"/activities/{number}/edit", data=sent)
            assert response.status_code == 302, (field.name, response.status_code)
            after = says(number)
            assert after[field.name] == other(field), field.name
            also = {
                "lead": {"entities", "participation"}, "entities": {"participation"}, "supporting": {"participation"},
            }.get(field.name, set())  # fmt: skip
            assert {name for name in after if after[name] != before[name]} - also == {field.name}
            query = sa.select(Change).where(Change.record_id == number).order_by(Change.id.desc()).limit(1)
            assert field.name in db.session.scalars(query).one().fields
            label, seen = str(field.label), browser.get(f"/activities/{number}/history").text
            assert f'<th scope="row">{label}</th>' in seen, field.name
            if field.is_on_page:
                assert f"<dt>{label}" in browser.get(f"/activities/{number}").text, field.name


def test_a_cell_says_what_its_column_wrote(sqlite_app: Flask, add_activity: Add) -> None:
    number = add_activity("A cell")
    with sqlite_app.app_context():
        reader = CellReader(db.session)
        entry = next(iter(entries(db.session, [Activity.id == number])))
        written = {column.field for column in MATRIX if column.field}
        assert written == set(PARTS)
        for field in EDITED:
            row = row_of(entry | {"facts": changed(entry["facts"], field)})
            parts = {name: part for name, part in PARTS.items() if field.name in part.names}
            assert parts or field.column is None, field.name
            for column in MATRIX:
                if column.field in parts:
                    value = reader.read(column.field, column.value(row) or "")
                    assert PARTS[column.field].says_same(value, PARTS[column.field].of(row.facts)), field.name


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_every_cell_comes_back_from_a_file(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, kind: str
) -> None:
    one, pattern, browser = add_activity("The one"), add_activity("The pattern"), enter_sqlite("coordinator")
    with sqlite_app.app_context():
        save(pattern, says(pattern) | everything_changed())
        body = browser.get(f"/exports/matrix.{kind}").data
        columns = [place for place, column in enumerate(MATRIX) if column.field]
        target = io.BytesIO()
        if kind == "xlsx":
            book = load_workbook(io.BytesIO(body))
            sheet = book["Matrix"]
            rows = {sheet.cell(at, 1).value: at for at in range(2, sheet.max_row + 1)}
            for place in columns:
                sheet.cell(rows[one], place + 1).value = sheet.cell(rows[pattern], place + 1).value
            book.save(target)
        else:
            table = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
            mine, theirs = (next(row for row in table if row[0] == str(key)) for key in (one, pattern))
            for place in columns:
                mine[place] = theirs[place]
            text = io.StringIO()
            csv.writer(text).writerows(table)
            target.write(text.getvalue().encode())
        confirm(browser, send(browser, target.getvalue(), f"matrix.{kind}").location)
        sent, stands = says(pattern), says(one)
        for field in EDITED:
            if field.column is not None or field.part_of or field.kind is Kind.COUNTRIES:
                assert stands[field.name] == sent[field.name] == other(field), field.name
            else:
                assert stands[field.name] == empty_facts()[field.name], f"{field.name} has no column"


def test_editions_keep_each_and_comparing_tells_each_alone(sqlite_app: Flask, add_activity: Add) -> None:
    number = add_activity("An edition", entities=("unodc",))
    with sqlite_app.app_context():
        contents = gather(db.session, DAY)
        plain = read(*pack(contents))
        entry = next(one for one in plain["activities"] if one["id"] == number)
        assert entry["facts"] == says(number)
        for field in FIELDS:
            said = {"activities": [entry | {"facts": changed(entry["facts"], field)}]}
            record = compare_contents(read(*pack({"activities": [entry]})), read(*pack(said)), "activities").records[
                number
            ]
            assert set(record.fields) == {field.name}, field.name
            # An edition made before the field was described says nothing in it, and reading it changes no checksum.
            blank = entry | {"facts": entry["facts"] | {field.name: empty_facts()[field.name]}}
            older = entry | {"facts": {name: value for name, value in entry["facts"].items() if name != field.name}}
            same = compare_contents(read(*pack({"activities": [older]})), {"activities": [blank]}, "activities")
            assert same.records[number].kind is Became.UNCHANGED, field.name


def test_hand_outs_and_the_note_say_what_may_leave_and_nothing_else(sqlite_app: Flask, add_activity: Add) -> None:
    number = add_activity("A hand-out", entities=("unodc",))
    with sqlite_app.app_context():
        made = {"month": "2026-08", "number": 1, "made_at": "2026-09-06T00:00:00", "zone": "UTC"}
        contents = gather(db.session, DAY) | made
        entry = next(one for one in contents["activities"] if one["id"] == number)

        def handed_out(one: dict[str, Any]) -> Any:
            return content_of(Passed([one], [], []), contents, audience="commission", form=Form.FULL)

        def noted(one: dict[str, Any]) -> Paragraph:
            return Wording(contents).activity(one)

        for field in FIELDS:
            one = entry | {"facts": changed(entry["facts"], field)}
            assert (handed_out(one) != handed_out(entry)) is (field.seen is Seen.OUTSIDE), field.name
            assert (noted(one) != noted(entry)) is field.is_in_note, field.name


def test_merging_takes_each_as_chosen(sqlite_app: Flask, add_activity: Add) -> None:
    mine, theirs = add_activity("Mine"), add_activity("Theirs")
    with sqlite_app.app_context():
        for field in EDITED:
            save(theirs, changed(says(mine), field))
            one, two = db.session.get_one(Activity, mine), db.session.get_one(Activity, theirs)
            for choice in (SURVIVOR, OTHER, BOTH):
                draft = united(db.session, one, two, {field.part_of or field.name: choice})
                apply_draft(two, draft, mine=(), trusted=True)
                found, theirs_said, own = facts(two)[field.name], other(field), facts(one)[field.name]
                db.session.rollback()
                if field.merge is Merge.BOTH or choice == OTHER:
                    assert found == theirs_said, (field.name, choice)
                elif choice == SURVIVOR:
                    assert found == own, (field.name, choice)
                elif field.merge is Merge.LISTS:
                    assert found == theirs_said, (field.name, choice)
                elif field.merge in (Merge.TEXTS, Merge.NOTES):
                    assert theirs_said in found, (field.name, choice)


def test_undoing_a_merging_gives_each_back(sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add) -> None:
    mine, theirs = add_activity("Mine"), add_activity("Theirs", lead="undp")
    browser = enter_sqlite("coordinator")
    with sqlite_app.app_context():
        save(mine, says(mine) | everything_changed() | {"lead": "who", "chapters": [6]})
        before = says(mine)
        chosen = {f"choice-{field.name}": OTHER for field in EDITED if field.merge is not Merge.BOTH}
        assert merge(browser, mine, theirs, **chosen).status_code == 302
        merged = says(mine)
        for field in EDITED:
            if field.merge is not Merge.BOTH:
                assert merged[field.name] != before[field.name], field.name
        parts = browser.get(f"/activities/{mine}").text.split('"')
        undo = next(part for part in parts if "/merges/" in part and part.endswith("/undo"))
        browser.send(undo, at=f"/activities/{mine}/edit")
        after = says(mine)
        for field in FIELDS:
            assert after[field.name] == before[field.name], field.name


def test_filters_and_words_find_by_each_that_is_described_so(app: Flask, add_activity: Add) -> None:
    blank, number = add_activity("Blank"), add_activity("Filtered")
    with app.app_context():
        save(number, says(number) | everything_changed())
        found = {entry["id"]: entry for entry in entries(db.session)}
        names = gather(db.session, DAY)

        def listed(**args: str) -> tuple[set[int], set[int]]:
            filters = read_filters(db.session, MultiDict(args))
            assert not filters.problems, filters.problems
            query = sa.select(Activity.id).where(*activity_conditions(filters), Activity.id.in_([blank, number]))
            of_edition = {one for one in (blank, number) if matches(found[one], names, filters, ())}
            return set(db.session.scalars(query)), of_edition

        for field in FILTERED:
            value = other(field)
            text = {True: "yes", False: "no"}[value] if field.kind is Kind.FLAG else value
            for one in text if isinstance(text, list) else [text]:
                assert listed(**{field.parameter: one}) == ({number}, {number}), field.name
            if ("none", "Not stated") in [(key, str(words)) for key, words in field.options]:
                assert listed(**{field.parameter: "none"}) == ({blank}, {blank}), field.name
        for field in EDITED:
            if field.kind in (Kind.LINE, Kind.TEXT):
                expected = {number} if field.is_searched else set()
                word = other(field).split()[1]
                assert listed(q=f"{word} {'Quokka' if field.is_searched else word}")[0] == expected, field.name
        assert activity_conditions(Filters())


def test_backup_brings_each_back(sqlite_app: Flask, add_activity: Add, tmp_path: Path) -> None:
    number = add_activity("A backup", entities=("unodc",))
    with sqlite_app.app_context():
        save(number, says(number) | everything_changed())
        before = says(number)
        db.session.close()
    settings = sqlite_app.extensions["interagency_settings"]
    backup(settings, tmp_path / "copy.backup")
    close(sqlite_app)
    restore(settings, tmp_path / "copy.backup", replace=True)
    with sqlite_app.app_context():
        assert says(number) == before
        assert {name: before[name] for name in everything_changed()} == everything_changed()


@pytest.mark.postgresql
def test_copying_brings_each_along(
    sqlite_app: Flask,
    add_activity: Add,
    empty_postgresql: str,
    tmp_path: Path,
) -> None:
    number = add_activity("A copy", entities=("unodc",))
    with sqlite_app.app_context():
        save(number, says(number) | everything_changed())
        before = says(number)
        db.session.close()
    close(sqlite_app)
    copy_to(
        sqlite_app.extensions["interagency_settings"],
        empty_postgresql,
        create_app=create_app,
        replace_target=False,
        tell=nothing,
    )
    served = make_app(make_settings(tmp_path, DATABASE_URL=empty_postgresql))
    with served.app_context():
        assert says(number) == before
        assert next(iter(entries(db.session, [Activity.id == number])))["facts"] == before
    close(served)
