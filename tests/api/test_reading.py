"""The API read: who may, what it says, pages, conditions, what changed."""

from __future__ import annotations

import shutil
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import load_workbook

from interagency.accounts.models import AccessToken, Person, Scope, TokenKind
from interagency.accounts.tokens import make_token
from interagency.db.base import db, now
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.opening import open_cycle
from tests.api.conftest import Program, data_base, make
from tests.conftest import close, make_app, make_settings
from tests.helpers import ACTIVITY, EVENT, Browser, statements_seen, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
Start = Callable[..., Program]
READ = (
    "/activities", "/activities/1", "/activities/1/agreement", "/events", "/events/1", "/organisations",
    "/organisations/who", "/framework", "/cycles", "/cycles/2026-10", "/editions", "/editions/2026-10",
    "/editions/2026-10/contents", "/comparisons?from=2026-10&to=2026-10", "/search?q=WHO",
)  # fmt: skip


@pytest.fixture
def filled(app: Flask, enter: Enter) -> Browser:
    who = enter("who")
    assert who.send("/activities/new", ACTIVITY | {"start": "June 2016", "entities": ["undp"]}).status_code == 302
    assert who.send("/events/new", EVENT).status_code == 302
    with app.app_context():
        open_cycle(db.session, "2026-10", at=now(), zone=ZoneInfo("Europe/Vienna"), by=None)
        db.session.commit()
        close_cycle(db.session, "2026-10", at=now(), zone=ZoneInfo("Europe/Vienna"), by=None)
    return who


def test_everybody_with_a_token_reads_and_nobody_without(filled: Browser, program: Start) -> None:
    reader, nobody = program("reader"), program(None)
    for path in READ:
        answer = reader.get(path)
        assert (answer.status_code, answer.mimetype) == (200, "application/json"), (path, answer.text)
        refused = nobody.get(path)
        assert (refused.status_code, refused.mimetype) == (401, "application/problem+json"), path
        assert "Bearer" in refused.headers["WWW-Authenticate"]
        assert "Set-Cookie" not in answer.headers


def test_a_session_cookie_opens_nothing(filled: Browser) -> None:
    for path in READ:
        assert filled.get(f"/api/v1{path}").status_code == 401, path
    made = filled.client.post("/api/v1/activities", json={"title": "By cookie"})
    assert made.status_code == 401


def test_basic_with_the_token_as_password(filled: Browser, app: Flask, enter: Enter) -> None:
    pair = b64encode(f"anything:{make(enter('reader'))}".encode()).decode()
    answer = app.test_client().get("/api/v1/activities/1", headers={"Authorization": f"Basic {pair}"})
    assert answer.status_code == 200


def test_tokens_end(app: Flask, enter: Enter, program: Start) -> None:
    script = program("reader")
    assert script.get("/cycles").status_code == 200
    with app.app_context():
        kept = db.session.scalars(sa.select(AccessToken)).one()
        assert kept.last_used_at is not None
        assert script.token != kept.token_hash
        kept.expires_at = now() - timedelta(seconds=1)
        db.session.commit()
    assert script.get("/cycles").status_code == 401
    other = program("reader")
    assert enter("reader").send("/account/tokens/2/revoke", at="/account/tokens").status_code == 302
    assert other.get("/cycles").status_code == 401
    third = program("reader")
    with app.app_context():
        db.session.execute(sa.update(Person).where(Person.email == "reader@example.org").values(disabled_at=now()))
        db.session.commit()
    assert third.get("/cycles").status_code == 401


def test_where_a_second_factor_is_required_no_token_gets_round_it(tmp_path: Path, template_sqlite: Path) -> None:
    shutil.copy(template_sqlite, tmp_path / "interagency.sqlite3")
    app = make_app(make_settings(tmp_path, SECOND_FACTOR="required"))
    with app.app_context():
        people = {one.email.partition("@")[0]: one for one in db.session.scalars(sa.select(Person))}
        tokens = {
            name: make_token(db.session, TokenKind.API, people[name], "x", scopes=list(Scope))[1]
            for name in ("coordinator", "who")
        }
        db.session.commit()
    answers = {name: Program(app.test_client(), token).get("/activities") for name, token in tokens.items()}
    made = Program(app.test_client(), tokens["who"]).post(
        "/activities", {"title": "x", "status": "ongoing", "lead": "who"}
    )
    close(app)
    assert {name: answer.status_code for name, answer in answers.items()} == {"coordinator": 403, "who": 200}
    assert made.status_code == 201


def test_a_token_of_one_kind_opens_no_door_of_another(filled: Browser, program: Start, enter: Enter) -> None:
    data = data_base(filled).split("/")[2]
    feed = filled.send("/subscriptions", {"name": "x"}).text.split("http://localhost/feeds/")[1].split(".ics")[0]
    script = program("who")
    for token in (data, feed):
        answer = Program(script.client, token).get("/activities")
        assert answer.status_code == 401
        assert answer.json is not None
        wrong = Program(script.client, "nobodys").get("/activities")
        assert wrong.json is not None
        assert answer.json["detail"] == wrong.json["detail"]
    nobody = enter(None)
    assert nobody.get(f"/data/{script.token}/activities.csv").data == nobody.get("/data/x/activities.csv").data
    assert nobody.get(f"/feeds/{script.token}.ics").data == nobody.get("/feeds/x.ics").data
    assert nobody.get(f"/external/{script.token}/").data == nobody.get("/external/x/").data


def test_an_activity_says_what_workbook_and_table_say(filled: Browser, program: Start, app: Flask) -> None:
    from io import BytesIO

    from interagency.exports.columns import MATRIX

    said = program("reader").get("/activities/1").json
    assert said is not None
    head, row = load_workbook(BytesIO(filled.get("/exports/matrix.xlsx").data))["Matrix"].iter_rows(values_only=True)
    cells = dict(zip(head, row, strict=True))
    with app.test_request_context():
        words = FactLabels(db.session)
        for column in MATRIX:
            if column.field in said and said[column.field] not in (None, "", [], False):
                assert words.say(column.field, said[column.field]) == cells[column.title], column.field
    assert said["start"] == "2016-06"
    assert said["joint"] is True
    assert said["all_chapters"] == [5]


def test_a_page_leads_to_the_next(add_activity: Add, program: Start) -> None:
    ids = [add_activity(title=f"Activity {number}") for number in range(7)]
    script = program("reader")
    seen: list[int] = []
    path = "/activities?limit=3&fields=title"
    while path:
        answer = script.get(path)
        page = answer.json
        assert page is not None
        assert all(set(item) == {"id", "title"} for item in page["items"])
        seen += [item["id"] for item in page["items"]]
        following = page["next"]
        assert ("Link" in answer.headers) == bool(following)
        path = following.removeprefix("http://localhost/api/v1") if following else ""
    assert seen == ids


def test_filters_have_the_names_of_the_pages(add_activity: Add, program: Start) -> None:
    add_activity(title="Ours", lead="who")
    add_activity(title="Theirs", lead="undp")
    script = program("reader")

    def titles(query: str) -> list[str]:
        page = script.get(f"/activities?{query}").json
        assert page is not None
        return [item["title"] for item in page["items"]]

    assert titles("entity=who") == ["Ours"]
    assert titles("q=theirs") == ["Theirs"]
    assert titles("joint=yes") == []
    refused = script.get("/activities?entity=nobody")
    assert (refused.status_code, refused.mimetype) == (422, "application/problem+json")
    assert script.get("/activities?colour=red").status_code == 422
    assert script.get("/activities?cursor=nonsense").status_code == 422
    assert script.get("/activities?fields=secret").status_code == 422
    assert script.get("/activities?limit=0").status_code == 422


def test_the_etag_is_the_version(filled: Browser, program: Start) -> None:
    script = program("reader")
    first = script.get("/activities/1")
    assert first.headers["ETag"] == '"1"'
    assert script.get("/activities/1", if_none_match='"1"').status_code == 304
    fields = filled.fields("/activities/1/edit")
    assert filled.send("/activities/1/edit", fields | {"title": ["Another"]}).status_code == 302
    assert script.get("/activities/1", if_none_match='"1"').headers["ETag"] == '"2"'


def test_what_is_not_there_is_told_as_a_problem(program: Start) -> None:
    script = program("reader")
    for path in (
        "/activities/9", "/activities/99999999999", "/events/9", "/organisations/nobody", "/cycles/soon",
        "/cycles/2031-01", "/editions/2031-01", "/comparisons?from=2031-01&to=2031-02", "/nothing",
    ):  # fmt: skip
        answer = script.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), path
        assert answer.json is not None
        assert answer.json["status"] == 404
    answer = script.send("DELETE", "/activities/1", None)
    assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")


def test_the_description_is_whole_and_shown(filled: Browser, enter: Enter) -> None:
    document: Any = enter(None).get("/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert enter(None).get("/api/v1/openapi.json").json == document  # it is not longer the second time
    assert "/api/v1/activities/{activity_id}" in document["paths"]
    page = filled.get("/api/v1/")
    assert page.status_code == 200
    for path in document["paths"]:
        assert path in text_of(page)


def test_limits_are_told(counting: Flask) -> None:
    browser = Browser(counting.test_client())
    browser.sign_in("reader@example.org")
    script = Program(counting.test_client(), make(browser))
    first, second = script.get("/cycles"), script.get("/cycles")
    assert int(second.headers["RateLimit-Remaining"]) == int(first.headers["RateLimit-Remaining"]) - 1
    assert int(first.headers["RateLimit-Reset"]) <= 60


def test_a_list_asks_little_more_than_the_page(app: Flask, add_activity: Add, enter: Enter, program: Start) -> None:
    for number in range(60):
        add_activity(title=f"Activity {number}", entities=("undp",))
    browser, script = enter("reader"), program("reader")
    browser.get("/activities")
    script.get("/activities")
    with statements_seen(app) as of_page:
        assert browser.get("/activities").status_code == 200
    with statements_seen(app) as of_list:
        assert script.get("/activities?limit=50").status_code == 200
    assert len(of_list) <= 1.5 * len(of_page), (len(of_list), len(of_page))
