"""The audit log keeps what matters, and administrators find it again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

import interagency
from interagency.accounts.models import LinkPurpose
from interagency.db.base import db
from interagency.db.history import AuditEntry, audit
from interagency.operations.audit import DOWNLOADS, KINDS, PAGE
from interagency.operations.audit_labels import ACTS
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]


def acts(app: Flask) -> list[tuple[str, str, dict[str, object]]]:
    with app.app_context():
        found = [
            (one.act, one.by_name, one.details)
            for one in db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
        ]
        db.session.close()
        return found


def rows(page: str) -> list[list[str]]:
    return [
        [" ".join(cell.text_content().split()) for cell in row] for row in html.fromstring(page).xpath("//tbody/tr")
    ]


@pytest.mark.one_database
def test_downloads_are_noted_with_what_and_by_whom(app: Flask, enter: Enter) -> None:
    browser = enter("reader")
    for address in ("/exports/matrix.xlsx?entity=WHO", "/exports/matrix.csv", "/exports/matrix.json",
                    "/exports/calendar.csv", "/exports/calendar.json"):  # fmt: skip
        assert browser.get(address).status_code == 200
    noted = [(by, details["what"]) for act, by, details in acts(app) if act == "exported"]
    assert noted == [
        ("Rui Reader", f"exports.{name}")
        for name in ("matrix_workbook", "matrix_csv", "matrix_json", "calendar_csv", "calendar_json")
    ]
    assert acts(app)[1][2]["filters"] == "entity=WHO"


def test_every_download_is_an_address_that_exists(sqlite_app: Flask) -> None:
    assert set(sqlite_app.view_functions) >= DOWNLOADS


def test_refusals_are_noted(app: Flask, enter: Enter, add_activity: Callable[..., int]) -> None:
    number = add_activity("Theirs", lead="who")
    browser = enter("undp")
    assert browser.get(f"/activities/{number}/edit").status_code == 403
    assert browser.get("/cycles").status_code == 403
    noted = [(by, details) for act, by, details in acts(app) if act == "refused"]
    assert noted == [
        ("Felix Undp", {"what": "activities.edit", "method": "GET", "activity_id": number}),
        ("Felix Undp", {"what": "cycles.cycles", "method": "GET"}),
    ]


def test_what_is_read_is_not_noted(app: Flask, enter: Enter) -> None:
    browser = enter("reader")
    before = acts(app)
    for address in ("/", "/activities", "/calendar", "/editions", "/matrix", "/nowhere"):
        browser.get(address)
    assert acts(app) == before


def test_sign_ins_rights_and_refused_passwords_are_noted(app: Flask, enter: Enter) -> None:
    Browser(app.test_client()).sign_in("who@example.org", "wrong")
    browser = enter("admin")
    browser.send("/people", {"email": "new@example.org", "name": "New", "role": "reader", "entity": "who"})
    browser.send("/people/4", {"act": "role", "role": "coordinator"}, at="/people")
    names = [act for act, _by, _details in acts(app)]
    assert names[:2] == ["sign_in.refused", "sign_in"]
    assert {"link.invitation", "account.role"} <= set(names)
    assert any(name.startswith("appoint") for name in names), names


def test_an_administrator_filters_by_kind_person_and_day(app: Flask, enter: Enter) -> None:
    browser = enter("admin")
    with app.app_context():
        audit(db.session, "agreement.said", by_name="Farida Who", audience="commission")
        audit(db.session, "handed_out", by_name="Clara Coordinator", to="Group of 77", edition=1)
        audit(db.session, "agreement.said", by_name="Felix 100% Undp", audience="public")
        db.session.commit()
    assert [row[2] for row in rows(browser.get("/audit?kind=agreement").text)] == ["Felix 100% Undp", "Farida Who"]
    assert [row[1] for row in rows(browser.get("/audit?kind=hand-outs").text)] == ["handed an edition out"]
    assert [row[2] for row in rows(browser.get("/audit?who=farida").text)] == ["Farida Who"]
    assert [row[2] for row in rows(browser.get("/audit?who=100%25").text)] == ["Felix 100% Undp"]
    assert rows(browser.get("/audit?first=1+January+2100").text) == []
    assert len(rows(browser.get("/audit?first=1+January+2020&last=31+December+9999").text)) == 4
    assert "edition: 1; to: Group of 77" in browser.get("/audit?kind=hand-outs").text


@pytest.mark.parametrize(
    "query", ["kind=nonsense", "first=31+February+2026", "before=x", "before=-1", "before=99999999999", "who=%00"]
)
def test_what_is_not_understood_is_told_and_never_an_error(enter_sqlite: Enter, query: str) -> None:
    assert enter_sqlite("admin").get(f"/audit?{query}").status_code == 200


def test_pages_go_on_where_the_last_ended_though_lines_come_in(app: Flask, enter: Enter) -> None:
    browser = enter("admin")
    with app.app_context():
        for number in range(2 * PAGE + 10):
            audit(db.session, "test", by_name="test", number=number)
        db.session.commit()
    seen: list[str] = []
    address = "/audit?who=test"
    while True:
        page = browser.get(address).text
        seen += [row[3] for row in rows(page)]
        older = html.fromstring(page).xpath("//a[@rel='next']/@href")
        if not older:
            break
        address = "/audit" + older[0]
        with app.app_context():
            audit(db.session, "test", by_name="test", number="later")
            db.session.commit()
    assert seen == [f"number: {number}" for number in reversed(range(2 * PAGE + 10))]


def test_the_file_holds_all_of_it_and_no_formula(app: Flask, enter: Enter) -> None:
    browser = enter("admin")
    with app.app_context():
        for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", 'a "quoted", line\nbreak'):
            audit(db.session, "test", by_name=text, text=text)
        db.session.commit()
    answer = browser.get("/audit.csv?kind=")
    assert answer.content_type == "text/csv; charset=utf-8"
    found = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert found[0] == ["number", "at", "act", "by", "person", "details"]
    assert len(found) == 1 + 7
    assert not any(cell.startswith(("=", "+", "@", "\t")) or cell == "-1" for row in found for cell in row)
    assert acts(app)[-1][0] == "exported"


@pytest.mark.parametrize("name", ["coordinator", "who", "reader"])
def test_only_administrators_read_it(enter_sqlite: Enter, name: str) -> None:
    browser = enter_sqlite(name)
    for address in ("/audit", "/audit.csv"):
        answer = browser.get(address)
        assert answer.status_code == 403
        assert "administrators" in text_of(answer)


def test_every_act_that_is_kept_has_words() -> None:
    """The names stand in the calls; what is put together from parts is named here."""
    names = set()
    for path in Path(interagency.__file__).parent.rglob("*.py"):
        names |= set(re.findall(r'\baudit\(\s*[\w.]+,\s*"([a-z_.]+)"', path.read_text(encoding="utf-8")))
    names |= {f"link.{purpose.value}{end}" for purpose in LinkPurpose for end in ("", ".used")}
    assert len(names) > 30
    assert names <= ACTS.keys()


def test_every_act_is_of_a_kind_and_every_kind_has_acts() -> None:
    """With the test above: whatever the code writes is found under one of the filters, and no filter is for nothing."""
    starts = [start for _words, some in KINDS.values() for start in some]
    assert [act for act in ACTS if not act.startswith(tuple(starts))] == []
    assert [start for start in starts if not any(act.startswith(start) for act in ACTS)] == []


def test_sign_ins_are_filtered_with_second_factors(app: Flask, enter: Enter) -> None:
    admin = enter("admin")
    with app.app_context():
        audit(db.session, "second_factor.on", by_name="Somebody")
        db.session.commit()
    assert "switched the second factor on" in text_of(admin.get("/audit?kind=sign-ins"))
    assert "switched the second factor on" not in text_of(admin.get("/audit?kind=rights"))
