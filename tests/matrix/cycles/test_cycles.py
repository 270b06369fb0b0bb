"""The coordinator's month, at the pages and at the terminal."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from lxml import html
from openpyxl import load_workbook

from interagency.cli import main
from interagency.db.base import db
from interagency.mail.models import OutboxMessage
from interagency.matrix.activities.models import ActivityEntity, Participation
from interagency.matrix.cycles.answers import CycleRefusal
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.models import Cycle, Edition
from interagency.matrix.cycles.months import MonthNotUnderstood, default_due, month_after, months_between, read_month
from interagency.matrix.cycles.opening import months_to_open, open_cycle
from interagency.matrix.cycles.reminders import Sender, Step, step_at, write_due_reminders
from interagency.matrix.organisations.models import Appointment, Organisation
from tests.helpers import Browser, statements_seen, text_of
from tests.matrix.conftest import VIENNA, Clock

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
SIGN = {"cycle": "2026-08", "entity": "who", "kind": "unchanged"}


def states(page: str) -> dict[str, str]:
    """By entity, its state on the board."""
    rows = html.fromstring(page).xpath("//table[contains(@class, 'board')]/tbody/tr")
    return {row.get("id"): row.xpath(".//span[contains(@class, 'state')]/text()")[0] for row in rows}


def outbox(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        query = sa.select(OutboxMessage.to_address, OutboxMessage.dedupe_key).order_by(OutboxMessage.id)
        return [(address, once) for address, once in db.session.execute(query)]


@pytest.mark.both_databases
def test_the_board_tells_answers_from_silence(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    enter("who").send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    undp = enter("undp")
    undp.send("/month/sign", {"cycle": "2026-08", "entity": "undp", "kind": "nothing"}, at="/month/sign?kind=nothing")
    page = enter("coordinator").get("/cycles/2026-08").text
    found = states(page)
    assert len(found) == 11
    assert (found["who"], found["undp"], found["unodc"]) == (
        "confirmed unchanged",
        "nothing to report",
        "not answered yet",
    )
    assert "2 of 11" in text_of(enter("coordinator").get("/cycles"))


def test_nobody_is_silent_before_the_due_date(enter: Enter, clock: Clock, open_month: Callable[..., None]) -> None:
    open_month()
    page = enter("coordinator").get("/cycles/2026-08")
    assert set(states(page.text).values()) == {"not answered yet"}
    assert "0 of 11 have answered" in text_of(page)
    assert "not answered yet 11" in text_of(page)
    assert "silent" not in text_of(page)
    clock.move(2026, 9, 20, 9)
    late = enter("coordinator").get("/cycles/2026-08")
    assert set(states(late.text).values()) == {"silent"}
    assert "silent 11" in text_of(late)


def test_nor_in_the_workbook(enter: Enter, clock: Clock, open_month: Callable[..., None]) -> None:
    open_month()
    enter("who").send("/month/sign", SIGN, at="/month/sign?kind=unchanged")

    def told() -> tuple[dict[str, str], set[str]]:
        book = load_workbook(io.BytesIO(enter("coordinator").get("/exports/matrix.xlsx").data), read_only=True)
        read_me = {str(row[0]): str(row[1]) for row in book["Read me"].iter_rows(values_only=True) if len(row) > 1}
        answers = list(book["Answers"].iter_rows(min_row=2, values_only=True))
        return read_me, {str(row[1]) for row in answers if row[0] != "WHO"}

    read_me, said = told()
    assert read_me["Silent"] == "nobody"
    assert len(read_me["Not answered yet"].split(", ")) == 10
    assert said == {"not answered yet"}
    clock.move(2026, 9, 20, 9)
    read_me, said = told()
    assert len(read_me["Silent"].split(", ")) == 10
    assert "Not answered yet" not in read_me
    assert said == {"silent"}


def test_nor_at_the_terminal(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sqlite_app.extensions["interagency_settings"].data_folder
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(folder))
    month = f"{date.today():%Y-%m}"
    run = CliRunner()
    for number in (month_after(month, -3), month):
        assert run.invoke(main, ["cycle", "open", number]).exit_code == 0
    this, earlier = (
        next(part for part in run.invoke(main, ["cycle", "status"]).output.split("\n20") if number[2:] in part)
        for number in (month, month_after(month, -3))
    )
    assert "silent: nobody\n\tnot answered yet, due " in this
    assert "silent: UNODC, " in earlier
    assert "not answered yet" not in earlier


def test_before_closing_those_with_time_are_told_from_the_silent(
    enter: Enter, clock: Clock, open_month: Callable[..., None]
) -> None:
    open_month()
    enter("coordinator").send(
        "/cycles/2026-08/extend", {"entity": "undp", "due": "9 September 2026"}, at="/cycles/2026-08"
    )
    early = text_of(enter("coordinator").get("/cycles/2026-08/close"))
    assert "10 entities have not reported yet: UNODC," in early
    assert "There are 16 more days, until Saturday 5 September 2026, 23:59 Vienna." in early
    assert "1 entity has not reported yet: UNDP." in early
    assert "silent:" not in early
    clock.move(2026, 9, 9, 12)
    between = text_of(enter("coordinator").get("/cycles/2026-08/close"))
    assert "10 entities are silent: UNODC," in between
    assert "1 entity has not reported yet: UNDP. Today is the last day, until Wednesday 9 September" in between
    clock.move(2026, 9, 10, 12)
    late = text_of(enter("coordinator").get("/cycles/2026-08/close"))
    assert "11 entities are silent" in late
    assert "not reported yet" not in late


def test_the_board_says_what_can_be_done_for_each_entity(enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    enter("who").send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    coordinator = enter("coordinator")
    page = html.fromstring(coordinator.get("/cycles/2026-08").text)
    said = {row.get("id"): row.xpath("normalize-space(.//td[@class='act'])") for row in page.xpath("//tr[@id]")}
    assert (said["who"], said["undp"]) == ("Return the answer: WHO", "Remind, extend, answer: UNDP")
    assert said["ohchr"] == "Extend, answer: OHCHR"
    assert page.xpath("//a[contains(@class, 'primary')]/text()") == ["Check and close August 2026"]
    assert page.xpath("//tr[@id='ohchr']//a[contains(., 'Appoint one')]/@href") == ["/people/appoint?entity=ohchr"]
    # What can be done unfolds below the row, without a script.
    for key, button in (("who", "Return the answer of WHO"), ("undp", "Remind UNDP"), ("ohchr", "Sign for OHCHR")):
        leads = page.xpath(f"//tr[@id='{key}']/td[@class='act']/a/@href")[0]
        assert leads == f"/cycles/2026-08?act={key}#{key}"
        opened = html.fromstring(coordinator.get(leads).text)
        assert button in opened.xpath("//tr[@class='panel']//button/text()")
        assert opened.xpath("name(//tr[@class='panel']/preceding-sibling::tr[1]/@id)") == "id"
        assert opened.xpath("//tr[@class='panel']/preceding-sibling::tr[1]/@id") == [key]
    assert "Remind OHCHR" not in coordinator.get("/cycles/2026-08?act=ohchr").text
    assert coordinator.get("/cycles/2026-08?act=nobody").status_code == 200


@pytest.mark.parametrize(
    ("act", "form", "field", "message"),
    [
        ("extend", {"due": "9 Dezembruary"}, "due", "We could not read"),
        ("extend", {"due": ""}, "due", "Write a day"),
        ("extend", {"due": "3 September"}, "due", "after the date of all"),
        ("answer", {"kind": "updated", "reason": ""}, "reason", "write why"),
        ("answer", {"kind": "updated", "reason": "x" * 1001}, "reason", "Shorten"),
    ],
)
def test_what_is_refused_on_the_board_is_said_at_its_field_and_stays(
    sqlite_app: Flask,
    enter_sqlite: Enter,
    open_month: Callable[..., None],
    act: str,
    form: dict[str, str],
    field: str,
    message: str,
) -> None:
    open_month()
    coordinator = enter_sqlite("coordinator")
    refused = coordinator.send(f"/cycles/2026-08/{act}", form | {"entity": "undp"}, at="/cycles/2026-08")
    assert refused.status_code == 409
    page = html.fromstring(refused.text)
    control = page.xpath(f"//tr[@class='panel']//*[@name='{field}' and @aria-invalid='true']")[0]
    assert page.xpath("//div[@class='error-summary']//a/@href") == [f"#{control.get('id')}"]
    error = page.get_element_by_id(control.get("aria-describedby").split()[0])
    assert message in error.text_content()
    assert (control.get("value") or control.text or "").strip() == form[field]
    if act == "answer":
        assert page.xpath("//option[@selected]/@value") == ["updated"]


def test_a_refused_date_of_all_is_said_at_its_field(
    sqlite_app: Flask, enter_sqlite: Enter, open_month: Callable[..., None]
) -> None:
    open_month()
    refused = enter_sqlite("coordinator").send("/cycles/2026-08/due", {"due": "soon"}, at="/cycles/2026-08")
    page = html.fromstring(refused.text)
    assert page.xpath("//input[@aria-invalid='true']/@value") == ["soon"]
    assert not page.xpath("//tr[@class='panel']")


def test_a_later_date_needs_no_year(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    form = {"entity": "who", "due": "9 September"}
    assert enter("coordinator").send("/cycles/2026-08/extend", form, at="/cycles/2026-08").status_code == 302
    assert "Wednesday 9 September 2026, 23:59 Vienna" in text_of(enter("who").get("/month"))


def test_the_month_in_the_header_leads_to_it(enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()

    def leads_to(browser: Browser) -> list[str]:
        return html.fromstring(browser.get("/activities").text).xpath("//p[@class='cycle-line']/a/@href")  # type: ignore[no-any-return]

    assert leads_to(enter("who")) == ["/month"]
    assert leads_to(enter("coordinator")) == ["/cycles/2026-08"]
    assert leads_to(enter("reader")) == []


@pytest.mark.both_databases
def test_an_answer_is_returned_with_a_note(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    who = enter("who")
    who.send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    coordinator = enter("coordinator")
    form = {"entity": "who", "note": ""}
    refused = coordinator.send("/cycles/2026-08/return", form, at="/cycles/2026-08")
    assert refused.status_code == 409
    coordinator.send("/cycles/2026-08/return", form | {"note": "Please add <b>Kabul</b>."}, at="/cycles/2026-08")
    assert states(coordinator.get("/cycles/2026-08").text)["who"] == "returned with a note"
    assert "Please add <b>Kabul</b>." in text_of(who.get("/month"))
    assert [address for address, _once in outbox(app)] == ["who@example.org"]
    with app.app_context():
        mail = db.session.scalars(sa.select(OutboxMessage)).one()
        assert "Please add &lt;b&gt;Kabul&lt;/b&gt;." in mail.html
        assert "Please add <b>Kabul</b>." in mail.text


def test_reminding_who_is_silent_once_a_day(
    app: Flask, enter: Enter, clock: Clock, open_month: Callable[..., None]
) -> None:
    open_month()
    enter("who").send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    coordinator = enter("coordinator")
    response = coordinator.send("/cycles/2026-08/remind", {"all": "yes"}, at="/cycles/2026-08")
    assert response.status_code == 302
    assert [address for address, _once in outbox(app)] == ["undp@example.org"]
    told = text_of(coordinator.get("/cycles/2026-08"))
    assert "1 reminder written. No mail server is set" in told
    assert "Nobody is focal point of UNODC" in told
    again = coordinator.send("/cycles/2026-08/remind", {"all": "yes"}, at="/cycles/2026-08")
    assert again.status_code == 409
    assert "No reminder was written. UNDP was reminded today already." in text_of(again)
    clock.move(2026, 8, 21, 9)
    coordinator = enter("coordinator")  # the session of the day before has run out
    coordinator.send("/cycles/2026-08/remind", {"entity": ["undp"]}, at="/cycles/2026-08")
    assert len(outbox(app)) == 2
    assert coordinator.send("/cycles/2026-08/remind", {}, at="/cycles/2026-08").status_code == 409


@pytest.mark.parametrize(
    ("entities", "why"),
    [
        (["ohchr"], "No reminder was written. Nobody is focal point of OHCHR."),
        (["who"], "No reminder was written. WHO has answered."),
        (["who", "ohchr"], "No reminder was written. WHO has answered. Nobody is focal point of OHCHR."),
    ],
)
def test_a_reminder_that_is_not_written_says_why(
    sqlite_app: Flask, enter_sqlite: Enter, open_month: Callable[..., None], entities: list[str], why: str
) -> None:
    open_month()
    enter_sqlite("who").send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    refused = enter_sqlite("coordinator").send("/cycles/2026-08/remind", {"entity": entities}, at="/cycles/2026-08")
    assert refused.status_code == 409
    assert why in text_of(refused)


def test_those_who_are_late_are_reminded_in_one_go(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, open_month: Callable[..., None]
) -> None:
    open_month()
    coordinator = enter_sqlite("coordinator")
    early = coordinator.send("/cycles/2026-08/remind", {"late": "yes"}, at="/cycles/2026-08")
    assert early.status_code == 409
    form = {"entity": "undp", "due": "9 September 2026"}
    coordinator.send("/cycles/2026-08/extend", form, at="/cycles/2026-08")
    clock.move(2026, 9, 7, 12)
    coordinator = enter_sqlite("coordinator")
    assert "Remind the 1 who is late" in text_of(coordinator.get("/cycles/2026-08"))
    coordinator.send("/cycles/2026-08/remind", {"late": "yes"}, at="/cycles/2026-08")
    assert [address for address, _once in outbox(sqlite_app)] == ["who@example.org"]


def test_answering_on_behalf_needs_a_reason_and_says_so(
    app: Flask, enter: Enter, open_month: Callable[..., None]
) -> None:
    open_month()
    coordinator = enter("coordinator")
    form = {"entity": "dpa", "kind": "nothing", "reason": ""}
    assert coordinator.send("/cycles/2026-08/answer", form, at="/cycles/2026-08").status_code == 409
    coordinator.send("/cycles/2026-08/answer", form | {"reason": "By telephone"}, at="/cycles/2026-08")
    page = coordinator.get("/cycles/2026-08")
    assert states(page.text)["dpa"] == "nothing to report"
    assert "on behalf: By telephone" in text_of(page)


@pytest.mark.both_databases
def test_extending_one_entity(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    coordinator = enter("coordinator")
    for due, code in (("soon", 409), ("1 September 2026", 409), ("9 September 2026", 302), ("9 September 2029", 409)):
        form = {"entity": "who", "due": due}
        assert coordinator.send("/cycles/2026-08/extend", form, at="/cycles/2026-08").status_code == code, due
    assert "Wednesday 9 September 2026, 23:59 Vienna" in text_of(enter("who").get("/month"))
    assert "Saturday 5 September 2026, 23:59 Vienna" in text_of(enter("undp").get("/month"))


def test_moving_the_date_of_all_and_waiting_for_all(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    coordinator = enter("coordinator")
    form = {"due": "10 September 2026", "waits": "yes"}
    assert coordinator.send("/cycles/2026-08/due", form, at="/cycles/2026-08").status_code == 302
    refused = coordinator.send("/cycles/2026-08/close", {}, at="/cycles/2026-08/close")
    assert refused.status_code == 409
    assert "waits for all" in text_of(refused)
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Edition)) == 0


@pytest.mark.both_databases
def test_closing_makes_an_edition_and_tells_the_coordinators(
    app: Flask, enter: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    add_activity("Frozen")
    open_month()
    enter("who").send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    coordinator = enter("coordinator")
    warned = text_of(coordinator.get("/cycles/2026-08/close"))
    assert "10 entities have not reported yet" in warned
    response = coordinator.send("/cycles/2026-08/close", {}, at="/cycles/2026-08/close")
    assert response.location == "/editions/2026-08"
    page = text_of(coordinator.get("/editions/2026-08"))
    assert "Frozen" in page
    assert "Silent: UNODC" in page
    assert outbox(app) == [("coordinator@example.org", "edition/1/1")]
    assert coordinator.client.post(
        "/cycles/2026-08/close", data={"csrf_token": coordinator.token("/cycles/2026-08")}
    ).location.endswith("/editions/2026-08")
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Edition)) == 1


def test_after_closing_nobody_signs(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    who = enter("who")
    token = who.token("/month/sign?kind=unchanged")
    enter("coordinator").send("/cycles/2026-08/close", {}, at="/cycles/2026-08/close")
    refused = who.client.post("/month/sign", data=SIGN | {"csrf_token": token})
    assert refused.status_code == 409
    assert "is closed" in text_of(refused)


def test_months_are_closed_in_their_order(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    open_month("2026-07")
    open_month("2026-08")
    coordinator = enter("coordinator")
    refused = coordinator.send("/cycles/2026-08/close", {}, at="/cycles/2026-08/close")
    assert refused.status_code == 409
    assert "July 2026 is still open" in text_of(refused)


@pytest.mark.both_databases
def test_reopening_makes_a_further_issue(
    app: Flask, enter: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    open_month()
    coordinator = enter("coordinator")
    coordinator.send("/cycles/2026-08/close", {}, at="/cycles/2026-08/close")
    assert coordinator.send("/cycles/2026-08/reopen", {"reason": ""}, at="/cycles/2026-08").status_code == 409
    coordinator.send("/cycles/2026-08/reopen", {"reason": "WHO was missing"}, at="/cycles/2026-08")
    assert "WHO was missing" in text_of(coordinator.get("/cycles/2026-08"))
    add_activity("Late addition")
    coordinator.send("/cycles/2026-08/close", {}, at="/cycles/2026-08/close")
    assert "Late addition" in text_of(coordinator.get("/editions/2026-08"))
    assert "Late addition" not in text_of(coordinator.get("/editions/2026-08?issue=1"))
    with app.app_context():
        assert db.session.execute(sa.select(Edition.number, Edition.issue)).all() == [(1, 1), (2, 2)]


@pytest.mark.parametrize("month", ["2026-13", "august", "1999-01", "2027-08", "", "2026-7-1"])
def test_a_month_that_cannot_be_opened_says_why(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, month: str
) -> None:
    coordinator = enter_sqlite("coordinator")
    refused = coordinator.send("/cycles", {"month": month}, at="/cycles")
    assert refused.status_code == 422
    assert "Not done; nothing was lost" in text_of(refused)
    with sqlite_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Cycle)) == 0


def test_a_month_is_opened_at_the_page(sqlite_app: Flask, enter_sqlite: Enter, clock: Clock) -> None:
    coordinator = enter_sqlite("coordinator")
    response = coordinator.send("/cycles", {"month": "2026-08", "due": "7 September 2026"}, at="/cycles")
    assert response.location == "/cycles/2026-08"
    assert "Monday 7 September 2026, 23:59 Vienna" in text_of(coordinator.get("/cycles/2026-08"))


@pytest.mark.parametrize("address", ["/cycles/2026-13", "/cycles/2031-01", "/editions/2026-13", "/editions/2026-08"])
def test_a_month_that_is_not_there_is_a_page(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, address: str
) -> None:
    response = enter_sqlite("coordinator").get(address)
    assert response.status_code == 404
    assert "Something went wrong" not in text_of(response)


def test_a_number_before_closing_leads_to_a_list_of_as_many(
    app: Flask, enter: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    first = add_activity("Training of laboratory staff in West Africa", entities=("undp",))
    second = add_activity("Training of laboratory staff in Western Africa")
    with app.app_context():
        undp = sa.select(Organisation.id).where(Organisation.key == "undp").scalar_subquery()
        awaited = sa.update(ActivityEntity).where(ActivityEntity.entity_id == undp)
        db.session.execute(awaited.values(participation=Participation.AWAITED))
        db.session.commit()
    open_month()
    coordinator = enter("coordinator")
    for address in ("/cycles/2026-08", "/cycles/2026-08/close"):
        page = html.fromstring(coordinator.get(address).text)
        links = page.xpath("//section[@aria-labelledby='remarks']//a")
        assert [(" ".join(link.text_content().split()), link.get("href").rpartition("=")[2]) for link in links] == [
            ("1 joint activity waits for an entity to say whether it takes part", "awaited"),
            ("2 activities have no recommendation", "no-recommendation"),
            ("2 activities have no description", "no-description"),
            ("1 activity looks like another", "alike"),
        ]
    listed = {}
    for link in links:
        found = html.fromstring(coordinator.get(link.get("href")).text)
        assert found.xpath("normalize-space(//h2)") == " ".join(link.text_content().split())
        listed[link.get("href").rpartition("=")[2]] = found.xpath("//main//ul[@class='plain']//a/@href")
    both = [f"/activities/{first}", f"/activities/{second}"]
    assert listed == {
        "awaited": both[:1],
        "no-recommendation": both,
        "no-description": both,
        "alike": [*both[::-1], f"/overlaps/{first}/{second}"],
    }
    assert "UNDP" in text_of(coordinator.get("/cycles/2026-08/remarks?kind=awaited"))
    for address in ("?kind=nothing", "?kind=ended&page=0", "?kind=stale&page=99999999999", "?page=x"):
        assert coordinator.get(f"/cycles/2026-08/remarks{address}").status_code == 200


def test_what_was_not_confirmed_for_months_is_told_with_who_and_when(
    app: Flask, enter: Enter, add_activity: Callable[..., int], clock: Clock, open_month: Callable[..., None]
) -> None:
    add_activity("Old work")
    open_month()
    enter("who").send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    clock.move(2026, 12, 2, 12)
    open_month("2026-11")
    coordinator = enter("coordinator")
    line = "1 activity was not confirmed for 3 months or more"
    assert line in text_of(coordinator.get("/cycles/2026-11"))
    assert "WHO: 2026-08" in text_of(coordinator.get("/cycles/2026-11/remarks?kind=stale"))


def test_the_board_stays_light_however_many_activities_there_are(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    open_month()
    coordinator = enter_sqlite("coordinator")
    coordinator.get("/cycles/2026-08")
    with statements_seen(sqlite_app) as few:
        before = len(coordinator.get("/cycles/2026-08").data)
    for number in range(60):
        add_activity(f"Training number {number} of laboratory staff")
    coordinator.get("/cycles/2026-08")
    with statements_seen(sqlite_app) as many:
        after = len(coordinator.get("/cycles/2026-08").data)
    assert len(many) == len(few)
    assert after - before < 2000


@pytest.mark.parametrize(("kind", "is_told"), [("distinct", False), ("related", False), ("same", True)])
@pytest.mark.parametrize("lead", ["who", "undp"])
def test_a_pair_judged_to_be_two_is_not_told_again_at_closing(
    sqlite_app: Flask,
    enter_sqlite: Enter,
    add_activity: Callable[..., int],
    open_month: Callable[..., None],
    lead: str,
    kind: str,
    is_told: bool,
) -> None:
    first, second = (
        add_activity("Training of judges in sentencing"),
        add_activity("Training of judges in sentencing", lead=lead),
    )
    open_month()
    coordinator = enter_sqlite("coordinator")
    assert "1 activity looks like another" in text_of(coordinator.get("/cycles/2026-08/close"))
    address = f"/overlaps/{first}/{second}"
    assert coordinator.send(f"{address}/verdict", {"kind": kind}, at=address).status_code == 302
    for page in ("/cycles/2026-08", "/cycles/2026-08/close"):
        assert ("looks like another" in text_of(coordinator.get(page))) is is_told


@pytest.mark.both_databases
def test_two_closings_at_once_make_one_edition(
    app: Flask, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    add_activity()
    open_month()
    ready = threading.Barrier(4)
    results: list[tuple[int, bool] | str] = []

    def close() -> None:
        with app.app_context():
            ready.wait()
            try:
                closed = close_cycle(db.session, "2026-08", at=datetime.now(UTC), zone=VIENNA, by=None)
                results.append((closed.edition.number, closed.is_new))
            except Exception as error:
                results.append(repr(error))
            finally:
                db.session.close()

    threads = [threading.Thread(target=close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=str) == [(1, False), (1, False), (1, False), (1, True)]


# --- Reminders and the scheduler ---


@pytest.mark.parametrize(
    ("at", "step"),
    [
        ((2026, 8, 1, 0, 10), Step.OPENED),
        ((2026, 9, 1, 23, 59), Step.OPENED),
        ((2026, 9, 2, 0, 1), Step.SOON),
        ((2026, 9, 4, 23, 59), Step.SOON),
        ((2026, 9, 5, 0, 1), Step.DAY),
        ((2026, 9, 5, 23, 59), Step.DAY),
        ((2026, 9, 6, 0, 0), Step.LATE),
        ((2026, 10, 5, 12), Step.LATE),
        ((2026, 10, 6, 12), None),
    ],
)
def test_the_step_follows_from_the_due_date(at: tuple[int, ...], step: Step | None) -> None:
    due = default_due("2026-08", VIENNA)
    assert step_at(due, datetime(*at, tzinfo=VIENNA), VIENNA) == step  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("month", "due"),
    [
        ("2026-08", "2026-09-05T21:59:00+00:00"),  # summer time
        ("2026-10", "2026-11-05T22:59:00+00:00"),  # winter time
        ("2026-12", "2027-01-05T22:59:00+00:00"),  # across new year
        ("2028-01", "2028-02-05T22:59:00+00:00"),  # a leap year
    ],
)
def test_due_on_the_fifth_at_one_minute_to_midnight_in_vienna(month: str, due: str) -> None:
    assert default_due(month, VIENNA).isoformat() == due


def test_counting_months() -> None:
    assert month_after("2026-12") == "2027-01"
    assert month_after("2027-01", -1) == "2026-12"
    assert months_between("2025-11", "2026-02") == 3
    assert read_month(" 2026-8 ") == "2026-08"
    for text in ("2026-00", "2026-13", "26-08", "2026", "२०२६-०८"):
        with pytest.raises(MonthNotUnderstood):
            read_month(text)


@pytest.mark.both_databases
def test_one_message_per_person_and_step_never_to_who_answered(
    app: Flask, enter: Enter, clock: Clock, open_month: Callable[..., None]
) -> None:
    open_month()
    with app.app_context():
        undp = db.session.scalars(sa.select(Organisation).where(Organisation.key == "undp")).one()
        dpa = db.session.scalars(sa.select(Organisation).where(Organisation.key == "dpa")).one()
        person = db.session.scalars(sa.select(Appointment).where(Appointment.entity_id == undp.id)).one().person_id
        db.session.add(Appointment(person_id=person, entity_id=dpa.id, first_day=date(2026, 1, 1)))
        db.session.commit()

    def tick() -> int:
        with app.app_context():
            written = write_due_reminders(db.session, at=clock(), sender=Sender("http://localhost", VIENNA))
            db.session.commit()
            return written

    clock.move(2026, 8, 1, 1)
    assert (tick(), tick()) == (2, 0)
    enter("who").send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    for moment in ((2026, 9, 2, 8), (2026, 9, 5, 8), (2026, 9, 6, 8), (2026, 9, 20, 8)):
        clock.move(*moment)
        tick()
        tick()
    found = outbox(app)
    assert [once.split("/")[2] for address, once in found if address == "who@example.org"] == ["opened"]
    theirs = [once.split("/")[2] for address, once in found if address == "undp@example.org"]
    assert theirs == ["opened", "soon", "day", "late"]
    with app.app_context():
        text = db.session.scalars(
            sa.select(OutboxMessage.text).where(OutboxMessage.dedupe_key.contains("/soon/"))
        ).one()
        assert "UNDP and DPA" in text
        assert "http://localhost/month?cycle=2026-08" in text


def test_the_scheduler_opens_what_is_missing_and_distrusts_a_clock_that_jumped(
    sqlite_app: Flask, open_month: Callable[..., None]
) -> None:
    with sqlite_app.app_context():
        assert months_to_open(db.session, date(2026, 8, 3)) == ["2026-08"]
    open_month()
    with sqlite_app.app_context():
        assert months_to_open(db.session, date(2026, 8, 31)) == []
        assert months_to_open(db.session, date(2026, 10, 1)) == ["2026-09", "2026-10"]
        assert months_to_open(db.session, date(2026, 7, 1)) == []
        with pytest.raises(CycleRefusal, match="Check the clock"):
            months_to_open(db.session, date(2031, 1, 1))


def test_a_month_before_the_newest_is_not_put_in_afterwards(
    sqlite_app: Flask, open_month: Callable[..., None], clock: Clock
) -> None:
    open_month()
    with sqlite_app.app_context(), pytest.raises(CycleRefusal, match="cannot be put in afterwards"):
        open_cycle(db.session, "2026-07", at=clock(), zone=VIENNA, by=None)
