"""What leaves the service: only what every entity agreed to, and no trace of the rest."""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from openpyxl import load_workbook

from interagency.accounts.models import AccessToken
from interagency.calendar.events.models import Event, EventDocument, EventKind, EventStatus
from interagency.calendar.events.record import SegmentDraft, create_event
from interagency.db.base import db
from interagency.exports.external.coded import identifier_of
from interagency.exports.external.content import Form, content_of
from interagency.exports.external.files import calendar_file, csv_file, json_file, workbook
from interagency.exports.external.iati import iati_file
from interagency.exports.external.tables import TABLES, table_file
from interagency.exports.models import HandOutUse
from interagency.mail.models import OutboxMessage
from interagency.matrix.activities.models import CountryRole, Status
from interagency.matrix.activities.record import create_activity
from interagency.matrix.agreement.gate import Stance, Statement, may_leave, stance, through_the_gate
from interagency.matrix.agreement.models import Agreement, Decision
from interagency.matrix.cycles.editions import close_cycle, load
from interagency.matrix.cycles.opening import open_cycle
from interagency.matrix.framework.models import Country, Recommendation
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import Directory
from interagency.text.dates import ImpreciseDate
from tests.helpers import EVENT, Browser, activity_draft, choices, event_draft, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
VIENNA = ZoneInfo("Europe/Vienna")
DAY = date(2026, 9, 10)
AGREED = Statement(Decision.AGREED, None, False)
REFUSED = Statement(Decision.REFUSED, None, False)


@pytest.mark.parametrize(
    ("default", "own", "stands"),
    [
        (None, None, Stance.AWAITED),
        (AGREED, None, Stance.AGREED),
        (REFUSED, None, Stance.REFUSED),
        (AGREED, REFUSED, Stance.REFUSED),
        (None, AGREED, Stance.AWAITED),
        (None, Statement(Decision.AGREED, None, True), Stance.AGREED),
        (REFUSED, Statement(Decision.AGREED, None, True), Stance.AGREED),
        (AGREED, AGREED, Stance.AGREED),
        (AGREED, Statement(Decision.AS_DEFAULT, None, False), Stance.AGREED),
        (Statement(Decision.AGREED, DAY, False), None, Stance.AGREED),
        (Statement(Decision.AGREED, DAY - timedelta(days=1), False), None, Stance.AWAITED),
        (AGREED, Statement(Decision.AGREED, DAY - timedelta(days=1), True), Stance.AWAITED),
        (AGREED, Statement(Decision.REFUSED, DAY - timedelta(days=1), False), Stance.AGREED),
        (Statement(Decision.AS_DEFAULT, None, False), None, Stance.AWAITED),
    ],
)
def test_where_an_entity_stands(default: Statement | None, own: Statement | None, stands: Stance) -> None:
    said = {("who", "", None): default, ("who", "activity", 1): own}
    assert stance({key: one for key, one in said.items() if one}, "who", "activity", 1, DAY) is stands


def test_every_entity_must_agree_and_there_must_be_one() -> None:
    said = {("who", "", None): AGREED, ("undp", "", None): AGREED}
    assert may_leave(said, ["who", "undp"], "activity", 1, DAY)
    assert not may_leave(said, ["who", "undp", "unicef"], "activity", 1, DAY)
    assert not may_leave(said, [], "activity", 1, DAY)


# --- Generated worlds, attacked ---


def world(seed: int) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """Activities and events with a marker in every field, by id who is asked; and statements of all sorts.

    Bodies are asked where no entity is named. A unit of an entity never is.
    """
    chance = random.Random(seed)
    session = db.session
    directory = Directory(session)
    keys, bodies = ["who", "undp", "unodc", "unicef"], ["cnd", "ceb", "unsc_stat"]
    recommendations, countries = (
        list(session.scalars(sa.select(Recommendation))),
        list(session.scalars(sa.select(Country))),
    )
    activities, events = {}, {}
    for number in range(14):
        named = chance.sample(keys, chance.choice([0, 0, 1, 1, 2, 3]))
        beside = chance.sample(bodies, chance.choice([0, 1, 2]))
        entities = [directory.find(key) for key in named]

        def mark(name: str, number: int = number) -> str:
            return f"MARK-A{number}-{name}"

        draft = activity_draft(
            title=mark("title"),
            status=chance.choice(list(Status)),
            description=mark("description"),
            share_description=chance.random() < 0.5,
            lead=entities[0] if entities and chance.random() < 0.8 else None,
            entities=entities,
            partners=[directory.find(key) for key in [*beside, "undp_afg", "interpol"]],
            countries=[(chance.choice(countries), CountryRole.BENEFICIARY)],
            recommendations=chance.sample(recommendations, chance.choice([0, 1, 2])),
            results=mark("results"),
            source=mark("source"),
            link=f"https://example.org/{mark('link')}",
            contact=mark("contact"),
            remarks=mark("remarks"),
        )
        draft.entities = [entity for entity in entities if entity is not draft.lead]
        made = create_activity(session, draft, by=None, by_name="test")
        activities[made.id] = named or beside
    for number in range(6):
        named = chance.sample(chance.choice([keys, bodies]), chance.choice([1, 2]))
        day = date(2026, 10, 1) + timedelta(days=number)
        event = create_event(
            session,
            event_draft(
                title=f"MARK-E{number}-title",
                kind=EventKind.TRAINING,
                status=EventStatus.CONFIRMED,
                segments=[SegmentDraft(ImpreciseDate.day(day), ImpreciseDate.day(day))],
                description=f"MARK-E{number}-description",
                organisers=[directory.find(named[0])],
                participants=[directory.find(key) for key in [*named[1:], "undp_afg"]],
                venue=f"MARK-E{number}-venue",
                remarks=f"MARK-E{number}-remarks",
                shareable=chance.random() < 0.7,
            ),
            by=None,
        )
        events[event.id] = named
    for key in [*keys, *bodies]:
        for target in [None, *chance.sample(list(activities), 5)]:
            session.add(
                Agreement(
                    audience_key=chance.choice(["commission", "public"]),
                    entity_id=directory.find(key).id,
                    activity_id=target,
                    decision=chance.choice([Decision.AGREED, Decision.AGREED, Decision.REFUSED, Decision.AS_DEFAULT]),
                    beyond_default=chance.random() < 0.5,
                    until=chance.choice([None, None, DAY, DAY - timedelta(days=1)]),
                    said_by_name="test",
                )
            )
            session.flush()
    session.commit()
    return activities, events


def close(month: str = "2026-08") -> dict[str, Any]:
    at = datetime(2026, 9, 6, tzinfo=UTC)
    open_cycle(db.session, month, at=at, zone=VIENNA, by=None)
    db.session.commit()
    return load(db.session, close_cycle(db.session, month, at=at, zone=VIENNA, by=None).edition.number)


def unpacked(body: bytes) -> bytes:
    """All that a file says, also inside a package."""
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        return b"".join(name.encode() + package.read(name) for name in package.namelist()) + body


def all_files(contents: dict[str, Any], audience: str) -> dict[str, bytes]:
    """Every byte that could go to an audience, in every form."""
    passed = through_the_gate(db.session, contents, audience, DAY)
    files = {}
    for form in Form:
        content = content_of(
            passed,
            contents,
            audience=audience,
            form=form,
            country="KE" if form is Form.COUNTRY else None,
            identify=lambda number: identifier_of(number, "XM-DAC-41128-TEST", ""),
        )
        files |= {
            f"{form}.xlsx": workbook(content),
            f"{form}.csv": csv_file(content),
            f"{form}.json": json_file(content),
            f"{form}.xml": iati_file(content) or b"",
            f"{form}.ics": calendar_file(content, "http://localhost/external/"),
        }
        for name in TABLES:
            files |= {f"{form} {name}.{kind}": table_file(content, f"{name}.{kind}") or b"" for kind in ("csv", "json")}
    return files


def oracle(entities: list[str], audience: str, record_id: int | None) -> bool:
    """The rule, written once more and otherwise: read all statements in order, ask each entity."""
    for key in entities:
        default, own = None, None
        query = (
            sa.select(Agreement).join(Organisation).where(Organisation.key == key, Agreement.audience_key == audience)
        )
        for one in db.session.scalars(query.order_by(Agreement.id)):
            if one.activity_id is None:
                default = one
            elif one.activity_id == record_id:
                own = one
        by_default = default is not None and default.decision is Decision.AGREED and (default.until or DAY) >= DAY
        if own is None or own.decision is Decision.AS_DEFAULT:
            agreed = by_default
        elif own.decision is Decision.REFUSED:
            agreed = by_default if (own.until or DAY) < DAY else False
        else:
            agreed = (own.until or DAY) >= DAY and (own.beyond_default or by_default)
        if not agreed:
            return False
    return bool(entities)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_of_a_withheld_record_leaves_and_its_absence_changes_no_byte(sqlite_app: Flask, seed: int) -> None:
    with sqlite_app.app_context():
        activities, events = world(seed)
        contents = close()
        for audience in ("commission", "public", "regional"):
            shown = {
                entry["id"]
                for entry in contents["activities"]
                if oracle(activities[entry["id"]], audience, entry["id"])
            }
            passed = through_the_gate(db.session, contents, audience, DAY)
            assert {entry["id"] for entry in passed.activities} == shown
            files = all_files(contents, audience)
            everything = b"".join(unpacked(body) for body in files.values())
            kept_events = {entry["id"] for entry in passed.events}
            assert kept_events == {
                entry["id"]
                for entry in contents["event"]
                if entry["facts"]["shareable"] and oracle(events[entry["id"]], audience, None)
            }
            marks = {int(number) for number in re.findall(rb"MARK-A(\d+)", everything)}
            titles = {entry["id"]: entry["facts"]["title"] for entry in contents["activities"]}
            assert marks == {int(re.findall(r"\d+", titles[one])[0]) for one in shown}
            opened = {
                int(re.findall(r"\d+", entry["facts"]["title"])[0])
                for entry in contents["activities"]
                if entry["id"] in shown and entry["facts"]["share_description"]
            }
            assert {int(number) for number in re.findall(rb"MARK-A(\d+)-description", everything)} == opened
            assert b"-description" not in re.sub(rb"MARK-A\d+-description", b"", everything)
            for never in (b"contact", b"remarks", b"source"):
                assert not re.search(rb"MARK-[AE]\d+-" + never, everything), never
            assert {int(n) for n in re.findall(rb"MARK-E(\d+)", everything)} == {
                int(re.findall(r"\d+", entry["facts"]["title"])[0])
                for entry in contents["event"]
                if entry["id"] in kept_events
            }
            without = contents | {
                "activities": [entry for entry in contents["activities"] if entry["id"] in shown],
                "event": [entry for entry in contents["event"] if entry["id"] in kept_events],
                "counts": {},
                "gone": {"activities": [99], "event": []},
                "silent": [],
                "answers": [],
                "number": 77,
            }
            assert all_files(without, audience) == files, "adding a withheld record changes a byte"
        db.session.close()


def test_no_audience_has_anything_by_default(sqlite_app: Flask, add_activity: Add) -> None:
    add_activity("Secret")
    with sqlite_app.app_context():
        contents = close()
        for audience in ("commission", "regional", "civil-society", "public"):
            assert b"Secret" not in b"".join(unpacked(body) for body in all_files(contents, audience).values())
        db.session.close()


# --- At the pages ---


def agree(browser: Browser, audience: str = "commission", decision: str = "agreed", **more: str) -> Any:
    address = f"/activities/{more.pop('activity')}/agreement" if "activity" in more else "/agreement"
    values = choices(audience, decision, **more)
    return browser.send(address, values, at="/agreement")


def handed_out(browser: Browser, **more: str) -> str:
    values = {"audience": "commission", "form": "full list", "recipient": "Bureau", "days": "30"} | more
    page = browser.send("/editions/2026-08/hand-out", values, at="/editions/2026-08/hand-out")
    assert page.status_code == 200, text_of(page)
    return "/external/" + html.fromstring(page.text).xpath("//input[@id='address']/@value")[0].split("/external/")[1]


def test_handing_out_disarms_its_form(sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add) -> None:
    add_activity("Ours alone")
    assert agree(enter_sqlite("who")).status_code == 302
    coordinator = enter_sqlite("coordinator")
    with sqlite_app.app_context():
        close()
        db.session.close()
    armed = html.fromstring(coordinator.get("/editions/2026-08/hand-out?audience=commission").text)
    assert armed.xpath("//main//input[@name='language']/@value") == ["en"], "what the form holds is what it takes"
    assert "Hand this out to" in armed.xpath("string(//button[@class='primary'])")
    values = {"audience": "commission", "form": "full list", "recipient": "Bureau", "days": "7"}
    done = coordinator.send("/editions/2026-08/hand-out", values, at="/editions/2026-08/hand-out")
    page = html.fromstring(done.text)
    assert not page.xpath("//button[@class='primary']")
    again = page.xpath("//details[summary[contains(., 'Hand out once more')]]")[0]
    assert again.get("open") is None
    assert again.xpath(".//input[@name='recipient']/@value") == [""]
    assert again.xpath(".//input[@name='days']/@value") == ["90"]
    assert "Make a further address" in again.xpath("string(.//button)")
    assert "To Bureau." in text_of(done)


@pytest.mark.both_databases
def test_from_agreement_to_an_address_outside(app: Flask, enter: Enter, add_activity: Add) -> None:
    add_activity("Ours alone")
    joint = add_activity("Ours together", entities=("undp",))
    who, undp, coordinator = enter("who"), enter("undp"), enter("coordinator")
    assert agree(who).status_code == 302
    with app.app_context():
        close()
        db.session.close()
    preview = text_of(coordinator.get("/editions/2026-08/hand-out?audience=commission"))
    assert "Ours together activity awaiting UNDP" in preview
    first = handed_out(coordinator)
    outside = enter(None)
    page = outside.get(first)
    assert page.status_code == 200
    assert "Ours alone" in page.text
    assert "Ours together" not in page.text
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in page.headers
    refused = agree(undp, activity=str(joint))
    assert refused.status_code == 422
    assert "beyond what UNDP shares" in text_of(refused)
    agree(undp, activity=str(joint), beyond="yes")
    second = handed_out(coordinator)
    assert "Ours together" in outside.get(second).text
    assert "Ours together" not in outside.get(first).text, "what was handed out stands"
    agree(who, decision="refused")
    assert "Ours" not in outside.get(handed_out(coordinator)).text
    assert "Ours together" in outside.get(second).text


@pytest.mark.both_databases
def test_files_say_what_the_page_says_and_each_fetch_is_kept(app: Flask, enter: Enter, add_activity: Add) -> None:
    add_activity("=Shared()", contact="secret@example.org", remarks="Not for you")
    agree(enter("who"))
    with app.app_context():
        close()
        db.session.close()
    address = handed_out(enter("coordinator"))
    outside = enter(None)
    book = load_workbook(io.BytesIO(outside.get(f"{address}matrix.xlsx").data))
    assert [cell.value for cell in book["Activities"][2]][:3] == [1, "=Shared()", "WHO"]
    assert json.loads(outside.get(f"{address}matrix.json").data)["activities"][0]["title"] == "=Shared()"
    assert "'=Shared()" in outside.get(f"{address}matrix.csv").data.decode("utf-8-sig")
    assert outside.get(f"{address}calendar.ics").data.startswith(b"BEGIN:VCALENDAR\r\n")
    for name in ("matrix.xlsx", "matrix.csv", "matrix.json", "iati.xml", "calendar.ics"):
        response = outside.get(f"{address}{name}")
        assert outside.get(f"{address}{name}").data == response.data
        assert b"secret@example.org" not in unpacked(response.data) + str(response.headers).encode()
        assert b"Not for you" not in unpacked(response.data)
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(HandOutUse)) == 14
    assert "14" in text_of(enter("coordinator").get("/hand-outs"))


def test_a_description_leaves_only_where_its_entity_says_so(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    add_activity("Told", description="What we do in full.", share_description=True)
    add_activity("Kept", description="For inside.")
    agree(enter_sqlite("who"))
    with sqlite_app.app_context():
        close()
    address = handed_out(enter_sqlite("coordinator"))
    outside = enter_sqlite(None)
    for name in ("", "matrix.xlsx", "matrix.csv", "matrix.json", "iati.xml"):
        body = unpacked(outside.get(f"{address}{name}").data)
        assert b"What we do in full." in body, name
        assert b"For inside." not in body, name


def test_the_page_outside_is_narrowed_by_country_chapter_and_words(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    with sqlite_app.app_context():
        ghana, kenya = (db.session.get_one(Country, code) for code in ("GH", "KE"))
        codes = {one.code: one for one in db.session.scalars(sa.select(Recommendation))}
        who, there = Directory(db.session).find("who"), CountryRole.BENEFICIARY
        for title, countries, recommendations in (
            ("Train judges", [ghana], ["4(c)", "5(a)"]),
            ("Treat people", [ghana, kenya], ["1(h)"]),
            ("Meet", [], []),
        ):
            draft = activity_draft(
                title=title,
                lead=who,
                countries=[(one, there) for one in countries],
                recommendations=[codes[code] for code in recommendations],
            )
            create_activity(db.session, draft, by=None, by_name="test")
        db.session.commit()
    agree(enter_sqlite("who"))
    with sqlite_app.app_context():
        close()
    address = handed_out(enter_sqlite("coordinator"))
    outside = enter_sqlite(None)

    def read(query: str = "") -> tuple[list[str], str]:
        page = outside.get(f"{address}{query}")
        assert page.status_code == 200
        return html.fromstring(page.text).xpath("//article/h3/bdi[1]/text()"), text_of(page)

    def titles(query: str) -> list[str]:
        return [title.strip() for title in read(query)[0]]

    assert titles("") == ["Treat people", "Train judges", "Meet"], "each in full once, by chapter"
    assert "Also under this chapter: Train judges" in read()[1]
    assert "1(h) Prevention" in read()[1] or "1(h)" in read()[1]
    assert "WHO World Health Organization" in read()[1]
    assert titles("?country=Ghana") == ["Treat people", "Train judges"]
    assert "2 activities of 3 are shown." in read("?country=Ghana")[1]
    assert titles("?country=kenya&chapter=i") == ["Treat people"]
    assert titles("?chapter=V") == ["Train judges"]
    assert titles("?q=judg") == ["Train judges"]
    assert titles("?q=zebra") == []
    assert "No activity fits your choice." in read("?q=zebra")[1]
    for query, words in (
        ("?country=Nowhere", "No activity in this list names “Nowhere”."),
        ("?chapter=IX", "There is no chapter “IX”."),
        ("?q=" + "x" * 5000, "0 activities of 3 are shown."),
        ("?country=%00%ff&chapter=%00", "3 activities"),
    ):
        assert words in read(query)[1], query


def test_the_tables_of_a_hand_out_open_to_programs(app: Flask, enter: Enter, add_activity: Add) -> None:
    """With the names that data addresses have, and of a withheld record not a row."""
    june = ImpreciseDate.month(2016, 6)
    add_activity("Shared", "who", start=june)
    add_activity("Withheld", "undp", ("who",))
    agree(enter("who"))
    with app.app_context():
        close()
        db.session.close()
    address = handed_out(enter("coordinator"))
    outside = enter(None)
    (row,) = json.loads(outside.get(f"{address}activities.json").data)
    assert (row["activity_number"], row["title"], row["entities"]) == (1, "Shared", "WHO")
    assert (row["start"], row["start_precision"], row["start_text"]) == ("2016-06-01", "month", "June 2016")
    for name in TABLES:
        answer = outside.get(f"{address}{name}.csv")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "Withheld" not in answer.text
    assert outside.get(f"{address}answers.csv").status_code == 404


def test_an_address_without_its_last_slash_leads_to_the_same_page(app: Flask, enter: Enter, add_activity: Add) -> None:
    add_activity("Shared", "who")
    agree(enter("who"))
    with app.app_context():
        close()
    address = handed_out(enter("coordinator"))
    nobody = enter(None)
    answer = nobody.get(address.rstrip("/"))
    assert (answer.status_code, answer.location) == (308, address)
    assert nobody.get(address.rstrip("/"), follow_redirects=True).text == nobody.get(address).text


def test_dead_addresses_are_all_the_same(app: Flask, enter: Enter, add_activity: Add) -> None:
    agree(enter("who"))
    with app.app_context():
        close()
        db.session.close()
    coordinator = enter("coordinator")
    revoked, expired, living = (handed_out(coordinator, recipient=name) for name in ("a", "b", "c"))
    with app.app_context():
        tokens = {one.label: one for one in db.session.scalars(sa.select(AccessToken))}
        tokens["b"].expires_at = datetime(2020, 1, 1, tzinfo=UTC)
        token_id = tokens["a"].id
        db.session.commit()
    coordinator.send(f"/hand-outs/{token_id}/revoke", {}, at="/hand-outs")
    outside = enter(None)
    made = outside.client
    page = text_of(enter("who").send("/subscriptions", {"name": "x"}))
    feed = re.findall(r"/feeds/([^.\s]+)\.ics", enter("who").send("/subscriptions", {"name": "y"}).text)[0]
    dead = [revoked, expired, "/external/guess/", f"/external/{feed}/", f"{living}secret.txt", "/external/%00/"]
    answers = {(made.get(address).status_code, made.get(address).data) for address in dead}
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404
    assert made.get(living).status_code == 200
    assert page


def test_the_statement_of_another_entity_cannot_be_given(app: Flask, enter: Enter, add_activity: Add) -> None:
    theirs = add_activity("Theirs", lead="undp")
    who = enter("who")
    assert agree(who, activity=str(theirs)).status_code == 403
    assert agree(who, entity="undp").status_code == 403
    assert enter("reader").get("/agreement").status_code == 403
    assert enter("who").get("/editions/2026-08/hand-out").status_code == 403
    assert enter("who").get("/hand-outs").status_code == 403
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Agreement)) == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"until": "2020"}, "Write a day"),
        ({"until": "1 May 2020"}, "lies in the past"),
        ({"until": "soon"}, "soon"),
        ({"decision": "perhaps"}, "Choose whether"),
        ({"audience": "press"}, "no such audience"),
    ],
)
def test_a_statement_that_cannot_be_kept_says_why(
    sqlite_app: Flask, enter_sqlite: Enter, values: dict[str, str], message: str
) -> None:
    refused = agree(enter_sqlite("who"), **values)
    assert refused.status_code == 422
    assert message in text_of(refused)


@pytest.mark.both_databases
def test_every_statement_is_kept_and_the_database_refuses_to_change_one(app: Flask, enter: Enter) -> None:
    who = enter("who")
    for decision in ("agreed", "agreed", "refused", "as default"):
        agree(who, decision=decision)
    page = text_of(who.get("/agreement"))
    for words in ("agreed", "refused", "as default"):
        assert f"Farida Who, commission, {words}" in page
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Agreement)) == 3
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            db.session.execute(sa.text("DELETE FROM agreement"))
        db.session.rollback()


def test_the_coordinator_sees_what_waits_and_asks_once_a_day(app: Flask, enter: Enter, add_activity: Add) -> None:
    add_activity("Together", entities=("undp", "unicef"))
    agree(enter("who"))
    coordinator = enter("coordinator")
    page = text_of(coordinator.get("/agreement/waiting?audience=commission"))
    assert "Awaiting UNICEF 1 Together Awaiting UNDP 1 Together" in page
    for _ in range(2):
        coordinator.send("/agreement/waiting", {"audience": "commission"}, at="/agreement/waiting")
    with app.app_context():
        mails = db.session.scalars(sa.select(OutboxMessage)).all()
        assert [mail.to_address for mail in mails] == ["undp@example.org"]
        assert "- Together" in mails[0].text


@pytest.mark.both_databases
def test_a_record_is_shared_only_if_the_gate_lets_it_through(app: Flask, enter: Enter) -> None:
    who = enter("who")
    agree(who)
    who.send("/events/new", EVENT | {"title": "Open", "shareable": "y"})
    who.send("/events/new", EVENT | {"title": "Internal", "duplicates": "distinct"})
    with app.app_context():
        numbers = dict(db.session.execute(sa.select(Event.title, Event.id)).all())
        assert set(numbers) == {"Open", "Internal"}
        db.session.execute(sa.update(Event).values(shareable=Event.title == "Open"))
        db.session.commit()
    assert "shared: all agreed" in text_of(who.get(f"/events/{numbers['Open']}"))
    page = text_of(who.get(f"/events/{numbers['Internal']}"))
    assert "shared: all agreed" not in page
    assert "internal: shared with nobody" in page


def test_a_document_that_may_be_shared_leaves_with_its_event_and_no_other(app: Flask, enter: Enter) -> None:
    """Its title and address, on the page and in the files; not whose it is: the owner agreed to the document alone."""
    who = enter("who")
    agree(who)
    documents = (
        "Open paper https://example.org/open.pdf | UNICRI | may be shared\n"
        "Shut paper https://example.org/shut.pdf | WHO\n"
        "Stray paper https://example.org/stray.pdf || may be shared"
    )
    who.send("/events/new", EVENT | {"title": "Open", "shareable": "y", "documents": documents})
    inside = EVENT | {"title": "Internal", "duplicates": "distinct"}
    who.send("/events/new", inside | {"documents": "Inner paper https://example.org/inner.pdf | WHO | may be shared"})
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(EventDocument)) == 4
        db.session.execute(sa.update(Event).values(shareable=Event.title == "Open"))
        db.session.commit()
        close()
        db.session.close()
    address, outside = handed_out(enter("coordinator")), enter(None)
    page = html.fromstring(outside.get(address).text)
    assert page.xpath("//main//li/a[contains(@href, 'example.org')]/@href") == ["https://example.org/open.pdf"]
    for name in ("", "matrix.xlsx", "matrix.json", "calendar.ics"):
        body = unpacked(outside.get(f"{address}{name}").data).replace(b"\r\n ", b"")
        assert b"https://example.org/open.pdf" in body, name
        for inner in (b"Shut paper", b"shut.pdf", b"Stray", b"Inner", b"inner.pdf", b"UNICRI"):
            assert inner not in body, (name, inner)


@pytest.mark.both_databases
def test_what_waits_counts_as_the_hand_out_page_does(app: Flask, enter: Enter, add_activity: Add) -> None:
    add_activity("Together", entities=("undp", "unicef"))
    add_activity("Of WHO", lead="who")
    add_activity("Of UNDP", lead="undp")
    add_activity("Of nobody", lead=None)
    enter("who").send("/events/new", EVENT | {"title": "Meeting"})
    with app.app_context():
        db.session.execute(sa.update(Event).values(shareable=False))
        db.session.commit()
        close()
        db.session.close()
    agree(enter("who"))
    agree(enter("undp"), decision="refused")
    coordinator = enter("coordinator")
    hand_out = text_of(coordinator.get("/editions/2026-08/hand-out?audience=commission"))
    assert "4 records are withheld" in hand_out
    add_activity("Later")  # not in the edition
    for address, count in (("", 4), ("&of=2026-08", 4), ("&of=current", 4)):
        page = text_of(coordinator.get(f"/agreement/waiting?audience=commission{address}"))
        assert f"{count} records are withheld from" in page
        for words in (
            "Awaiting UNICEF 1 Together",
            "Refused by UNDP 2",
            "Stays inside: no UN entity or body is named, so nobody can agree 1 Of nobody",
            "Stays inside: marked as internal 1 Meeting",
            "Nobody is focal point of UNICEF",
        ):
            assert words in page


def test_a_country_extract_needs_a_country(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    with sqlite_app.app_context():
        close()
        db.session.close()
    coordinator = enter_sqlite("coordinator")
    for country, message in (("", "Write the country"), ("Atlantis", "Atlantis")):
        values = {"form": "country extract", "country": country, "recipient": "x"}
        refused = coordinator.send("/editions/2026-08/hand-out", values, at="/editions/2026-08/hand-out")
        assert refused.status_code == 422
        assert message in text_of(refused)
    for values in ({"recipient": ""}, {"recipient": "x", "days": "0"}, {"recipient": "x", "days": "9999"}):
        refused = coordinator.send("/editions/2026-08/hand-out", values, at="/editions/2026-08/hand-out")
        assert refused.status_code == 422


@pytest.mark.parametrize(
    ("form", "then"),
    [
        ("full list", "Hand this out to The Commission"),
        ("joint initiatives", "Hand this out to The Commission"),
        # It stands under no chapter.
        ("summary by chapter", "nothing stands in this form"),
    ],
)
def test_a_hand_out_that_would_be_empty_says_so_and_what_to_do(
    app: Flask, enter: Enter, add_activity: Add, form: str, then: str
) -> None:
    add_activity("Together", entities=("undp",))
    with app.app_context():
        close()
        db.session.close()
    coordinator = enter("coordinator")
    address = f"/editions/2026-08/hand-out?form={form}"
    before = coordinator.get(address)
    assert "Nothing of it may be shared with The Commission and Member States yet" in text_of(before)
    assert "Hand out the empty list all the same" in text_of(before)
    assert html.fromstring(before.text).xpath("//div[contains(@class, 'warning')]//a/@href") == [
        "/agreement/waiting?audience=commission"
    ]
    for name in ("who", "undp"):
        agree(enter(name))
    after = text_of(coordinator.get(address))
    assert "Nothing of it" not in after
    assert then in after


def test_insiders_see_who_agreed_on_the_page_of_a_record(app: Flask, enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity("Together", entities=("undp",))
    agree(enter("who"))
    page = text_of(enter("reader").get(f"/activities/{activity_id}"))
    assert "agreed: WHO awaiting UNDP" in page
