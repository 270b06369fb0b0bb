"""The API written: the same people, rules and words as on the pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.calendar.events.fields import FIELDS as EVENT_FIELDS
from interagency.calendar.events.models import Event
from interagency.db.base import db, now
from interagency.db.history import Change
from interagency.matrix.activities.fields import EDITED
from interagency.matrix.activities.models import Activity
from interagency.matrix.cycles.opening import open_cycle
from tests.api.conftest import Program, make
from tests.helpers import EVENT, Browser, errors_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
Start = Callable[..., Program]
NEW = {
    "title": "Train laboratory staff",
    "status": "ongoing",
    "lead": "who",
    "entities": ["undp"],
    "start": "2016-06",
    "end": "2018",
    "recommendations": ["1(a)", "5(h)"],
    "countries": [["CI", "beneficiary"], ["BO", "host"], ["KE", "subject"]],
    "figures": [["450", "more than", "policymakers", "2024-06", "World Drug Report"], ["8", "exactly", "countries"]],
    "kinds": ["policy"],
    "on_request": True,
    "sdg": ["3", "3.5"],
    "remarks": "For us",
}
NEW_EVENT = {
    "title": "Expert meeting",
    "kind": "expert group meeting",
    "status": "confirmed",
    "segments": [
        ["2026-10-12", "2026-10-14", None, None, [["2026-10-13", 2, "with a note"]]],
        ["2026-11", "2026-11", None, None, []],
    ],
    "organisers": ["who"],
    "country": "AT",
    "chapters": [1],
}


def body_of(answer: Any) -> Any:
    assert answer.json is not None
    return answer.json


def fields_of(answer: Any) -> set[str]:
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), answer.text
    return {one["field"].partition(".")[0] for one in body_of(answer)["errors"]}


def test_what_is_sent_is_what_stands(app: Flask, program: Start, enter: Enter) -> None:
    script = program("who", "write")
    made = script.post("/activities", NEW)
    assert made.status_code == 201, made.text
    stands = body_of(made)
    assert made.headers["Location"] == f"/api/v1/activities/{stands['id']}"
    assert made.headers["ETag"] == '"1"'
    for name, value in NEW.items():
        assert stands[name] == (sorted(value) if name == "countries" else value), name
    assert stands["participation"] == {"undp": "awaited"}  # it is asked, as on the page
    assert enter("reader").get("/activities/1").status_code == 200
    with app.app_context():
        assert db.session.scalars(sa.select(Change)).one().by_name == "Farida Who"


def test_every_field_can_be_sent_back_as_it_was_read(program: Start) -> None:
    script = program("who", "write")
    stands = body_of(script.post("/activities", NEW))
    same = {field.name: stands[field.name] for field in EDITED}
    again = script.patch("/activities/1", same, if_match='"1"')
    assert again.status_code == 200, again.text
    assert body_of(again) == stands  # nothing was different: no version, no history


def test_a_change_names_the_version_it_was_read_at(program: Start) -> None:
    script = program("who", "write")
    script.post("/activities", NEW)
    assert script.patch("/activities/1", {"title": "Another"}).status_code == 428
    done = script.patch("/activities/1", {"title": "Another"}, if_match='"1"')
    assert (done.status_code, done.headers["ETag"]) == (200, '"2"')
    assert body_of(done)["lead"] == "who"  # what was not sent stays
    stale = script.patch("/activities/1", {"title": "A third"}, if_match='"1"')
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"2"')
    told = body_of(stale)
    assert (told["current"]["title"], told["yours"]["title"]) == ("Another", "A third")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"title": ""}, "title"), ({"title": "x" * 301}, "title"), ({"status": "busy"}, "status"),
        ({"lead": "nobody"}, "lead"), ({"start": "June 2016"}, "start"), ({"start": "2016-13"}, "start"),
        ({"start": "2019", "end": "2018"}, "end"), ({"countries": [["XX", "beneficiary"]]}, "countries"),
        ({"countries": [["CI", "friend"]]}, "countries"), ({"recommendations": ["8(a)"]}, "recommendations"),
        ({"figures": [["many", "exactly", "people"]]}, "figures"), ({"figures": [["1", "perhaps", "x"]]}, "figures"),
        ({"link": "javascript:alert(1)"}, "link"), ({"section": 9999}, "section"), ({"partners": ["who"]}, "partners"),
        ({"on_request": "perhaps"}, "on_request"), ({"colour": "red"}, "colour"), ({"sdg": ["99"]}, "sdg"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(program: Start, sent: dict[str, Any], field: str) -> None:
    script = program("who", "write")
    assert field in " ".join(fields_of(script.post("/activities", NEW | sent)))


def test_what_is_no_json_is_refused(program: Start) -> None:
    script = program("who", "write")
    for body, kind in ((b"{", "application/json"), (b"[]", "application/json"), (b"title=x", "text/plain"), (b"", "")):
        answer = script.client.post(
            "/api/v1/activities", data=body, content_type=kind, headers={"Authorization": f"Bearer {script.token}"}
        )
        assert 400 <= answer.status_code < 500, body
        assert answer.mimetype == "application/problem+json"


def test_a_key_makes_it_once(app: Flask, program: Start) -> None:
    script = program("who", "write")
    first = script.post("/activities", NEW, idempotency_key="import-7")
    again = script.post("/activities", NEW, idempotency_key="import-7")
    assert (first.status_code, again.status_code) == (201, 201)
    assert body_of(first)["id"] == body_of(again)["id"]
    other = script.post("/activities", NEW | {"title": "Another"}, idempotency_key="import-7")
    assert other.status_code == 409
    event = script.post("/events", NEW_EVENT, idempotency_key="event-7")
    assert body_of(script.post("/events", NEW_EVENT, idempotency_key="event-7"))["id"] == body_of(event)["id"]
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Activity)) == 1
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Event)) == 1


def test_look_alikes_are_told_and_judged(program: Start) -> None:
    script = program("who", "write")
    script.post("/activities", NEW)
    asked = script.post("/activities", NEW)
    assert asked.status_code == 409
    assert [one["activity"] for one in body_of(asked)["look_alikes"]] == [1]
    assert script.post("/activities", NEW | {"verdicts": {"1": "distinct"}}).status_code == 201


def test_who_may_not_write(app: Flask, add_activity: Add, program: Start) -> None:
    add_activity(title="Of UNDP", lead="undp")
    before = {"title": "Taken over"}
    for name, scopes in (("who", ["write"]), ("reader", ["write"]), ("undp", []), ("coordinator", ["write"])):
        answer = program(name, *scopes).patch("/activities/1", before, if_match='"1"')
        assert (answer.status_code, answer.mimetype) == (403, "application/problem+json"), name
    assert program("reader", "write").post("/activities", NEW).status_code == 403
    assert fields_of(program("who", "write").post("/activities", NEW | {"lead": "undp", "entities": []})) == {"lead"}
    assert program("coordinator", "coordinate").patch("/activities/1", before, if_match='"1"').status_code == 200
    with app.app_context():
        assert db.session.scalars(sa.select(Activity.title)).all() == ["Taken over"]


def test_who_has_no_right_waits_for_no_lock(sqlite_app: Flask, enter_sqlite: Enter, tmp_path: Path) -> None:
    """Else anybody could keep all who save waiting."""
    reading = Program(sqlite_app.test_client(), make(enter_sqlite("who")))
    with closing(sqlite3.connect(tmp_path / "interagency.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for token, code in (("nobodys", 401), (reading.token, 403)):
            assert Program(reading.client, token).post("/activities", NEW).status_code == code
        other.execute("ROLLBACK")


def test_a_reader_is_offered_no_scope_of_coordinators(enter: Enter) -> None:
    page = enter("who").send("/account/tokens", {"label": "x", "scope": ["coordinate"], "days": "90"})
    assert page.status_code == 422
    refused = enter("who").send("/account/tokens", {"label": "", "scope": ["read"], "days": "90"})
    assert (refused.status_code, len(errors_of(refused))) == (422, 1)


def test_an_entity_says_its_own_part(program: Start) -> None:
    program("who", "write").post("/activities", NEW)
    undp = program("undp", "write")
    assert undp.patch("/activities/1", {"title": "x"}, if_match='"1"').status_code == 403
    said = {"entity": "undp", "participation": "confirmed", "role": "Runs it in the field"}
    assert undp.post("/activities/1/participation", said).status_code == 428
    done = undp.post("/activities/1/participation", said, if_match='"1"')
    assert done.status_code == 200, done.text
    assert (body_of(done)["participation"], body_of(done)["roles"]) == ({}, {"undp": "Runs it in the field"})
    assert undp.post("/activities/1/participation", said | {"entity": "who"}, if_match='"2"').status_code == 403


def test_a_merged_activity_leads_to_the_one_that_stands(app: Flask, add_activity: Add, program: Start) -> None:
    add_activity(title="Stands")
    add_activity(title="Was merged")
    with app.app_context():
        db.session.execute(sa.update(Activity).where(Activity.id == 2).values(merged_into_id=1, is_listed=False))
        db.session.commit()
    script = program("who", "write")
    for answer in (script.get("/activities/2"), script.patch("/activities/2", {"title": "x"}, if_match='"1"'),
                   script.get("/activities/2/agreement")):  # fmt: skip
        assert (answer.status_code, body_of(answer)["merged_into"]) == (410, 1)


def test_events_are_made_changed_and_refused(program: Start, enter: Enter) -> None:
    script = program("who", "write")
    made = script.post("/events", NEW_EVENT)
    assert made.status_code == 201, made.text
    stands = body_of(made)
    for name, value in NEW_EVENT.items():
        assert stands[name] == value, name
    assert [day["first"] for day in stands["occurrences"]] == ["2026-10-12", "2026-11-01"]
    same = {field.name: stands[field.name] for field in EVENT_FIELDS if field.name in NEW_EVENT}
    assert body_of(script.patch("/events/1", same, if_match='"1"'))["version"] == 1
    assert script.patch("/events/1", {"title": "Another"}).status_code == 428
    done = script.patch("/events/1", {"title": "Another"}, if_match='"1"')
    assert (done.status_code, body_of(done)["title"]) == (200, "Another")
    assert script.patch("/events/1", {"title": "A third"}, if_match='"1"').status_code == 412
    assert program("undp", "write").patch("/events/1", {"title": "x"}, if_match='"2"').status_code == 403
    for sent, field in (
        ({"segments": []}, "segments"), ({"segments": [["soon", "later", None, None, []]]}, "segments"),
        ({"segments": [1]}, "segments"), ({"country": "XX"}, "country"), ({"organisers": ["nobody"]}, "organisers"),
        ({"organisers": ["undp"]}, "organisers"), ({"timezone": "Nowhere"}, "timezone"), ({"kind": "party"}, "kind"),
        ({"chapters": "x"}, "chapters"), ({"organisers": 5}, "organisers"), ({"country": ["AT"]}, "country"),
    ):  # fmt: skip
        assert field in " ".join(fields_of(script.post("/events", NEW_EVENT | sent))), sent


def test_what_the_api_does_not_write_of_an_event_stays(program: Start, enter: Enter) -> None:
    who = enter("who")
    repeated = EVENT | {
        "segments": "13 October 2026", "repeats": "weekly", "repeat_every": "1", "repeat_count": "4",
        "links": "meeting: https://example.org/room", "series_title": "Meetings", "series_number": "3",
    }  # fmt: skip
    sent = who.send("/events/new", repeated)
    if sent.status_code != 302:
        pytest.fail(str(errors_of(sent)))
    script = program("who", "write")
    before = body_of(script.get("/events/1"))
    done = script.patch("/events/1", {"title": "Another"}, if_match='"1"')
    assert done.status_code == 200, done.text
    after = body_of(done)
    own = {"title", "version", "updated_at", "occurrences"}
    assert {name: value for name, value in after.items() if name not in own} == {
        name: value for name, value in before.items() if name not in own
    }
    assert len(after["occurrences"]) == 4


@pytest.fixture
def october(app: Flask) -> str:
    with app.app_context():
        open_cycle(db.session, "2026-10", at=now(), zone=ZoneInfo("Europe/Vienna"), by=None)
        db.session.commit()
    return "2026-10"


def test_a_month_is_confirmed_and_signed(october: str, add_activity: Add, program: Start) -> None:
    add_activity(title="First")
    add_activity(title="Second")
    script = program("who", "write")
    records = body_of(script.get(f"/cycles/{october}/entities/who"))["records"]
    shown = [one["shown"] for one in records]
    done = script.post(f"/cycles/{october}/confirmations", {"entity": "who", "shown": shown[:1]})
    assert body_of(done)["confirmed"] == 1
    signed = script.post(f"/cycles/{october}/answers", {"entity": "who", "kind": "confirmed unchanged", "shown": shown})
    assert (body_of(signed)["answer"], body_of(signed)["confirmed"]) == ("confirmed unchanged", 1)
    stands = {one["entity"]: one["answer"] for one in body_of(script.get(f"/cycles/{october}"))["answers"]}
    assert stands["who"] == "confirmed unchanged"
    assert program("undp", "write").get(f"/cycles/{october}/entities/who").status_code == 403
    assert script.send("DELETE", f"/cycles/{october}/answers/who", None).status_code == 204
    assert script.send("DELETE", f"/cycles/{october}/answers/who", None).status_code == 409


def test_what_was_not_shown_as_it_stands_is_not_confirmed(october: str, add_activity: Add, program: Start) -> None:
    add_activity(title="First")
    script = program("who", "write")
    sent = {"entity": "who", "kind": "confirmed unchanged", "shown": ["activity-1-7"]}
    assert body_of(script.post(f"/cycles/{october}/answers", sent))["confirmed"] == 0


def test_a_coordinator_answers_with_a_reason(october: str, program: Start) -> None:
    script = program("coordinator", "coordinate")
    sent = {"entity": "undp", "kind": "nothing to report"}
    assert fields_of(script.post(f"/cycles/{october}/answers", sent)) == {"reason"}
    done = script.post(f"/cycles/{october}/answers", sent | {"reason": "Told by telephone"})
    assert body_of(done)["answer"] == "nothing to report"


def test_an_entity_agrees_for_itself_alone(add_activity: Add, program: Start) -> None:
    add_activity(title="Ours")
    script = program("who", "write")
    said = {"entity": "who", "audiences": ["public"], "decision": "agreed"}
    assert body_of(script.post("/agreement", said)) == {"kept": 1}
    of_one = said | {"activity": 1, "decision": "refused"}
    assert script.post("/agreement", of_one).status_code == 428
    assert body_of(script.post("/agreement", of_one, if_match='"1"')) == {"kept": 1}
    standing = {one["audience"]: one for one in body_of(script.get("/activities/1/agreement"))["items"]}
    assert (standing["public"]["refused"], standing["public"]["may_leave"]) == (["who"], False)
    assert len(body_of(script.get("/agreement/who"))["items"]) == 2
    for other in (program("undp", "write"), program("coordinator", "coordinate")):
        assert other.post("/agreement", said).status_code == 403
        assert other.get("/agreement/who").status_code == 403
    assert fields_of(script.post("/agreement", said | {"audiences": ["everybody"]})) == {"audiences"}
