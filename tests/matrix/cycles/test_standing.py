"""What a signature confirms, and where an entity stands: one story on every page and in every file."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from openpyxl import load_workbook

from interagency.accounts.models import Person
from interagency.calendar.feeds.subscriptions import subscribe
from interagency.db.base import db
from interagency.mail.models import OutboxMessage
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import ActivityEntity, Status
from interagency.matrix.cycles.standing import unanswered_of
from tests.helpers import EVENT, Browser, text_of
from tests.matrix.conftest import Clock

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
Open = Callable[..., None]
Act = tuple[str, dict[str, str]]
MONTH = {"cycle": "2026-08", "entity": "who"}


def confirmed_rows(browser: Browser) -> set[str]:
    """The titles that WHO's month shows as confirmed."""
    page = html.fromstring(browser.get("/month?cycle=2026-08&entity=who&show=all").text)
    rows = page.xpath("//li[contains(@class, 'record') and contains(@class, 'done')]")
    return {row.xpath("string(.//*[@class='title'])") for row in rows}


def sign_as_shown(browser: Browser, kind: str = "unchanged") -> Callable[[], Any]:
    """Open the page that says what is signed; the function sends the form it showed."""
    page = html.fromstring(browser.get(f"/month/sign?cycle=2026-08&entity=who&kind={kind}").text)
    form = next(form for form in page.forms if form.action == "/month/sign")
    return lambda: browser.client.post("/month/sign", data=dict(form.form_values()))


def test_signing_confirms_what_was_shown_and_no_more(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open, clock: Clock
) -> None:
    for number in range(3):
        add_activity(f"Live {number}")
    for status in (Status.COMPLETED, Status.CANCELLED):
        add_activity(f"Ended {status}", status=status)
    open_month()
    who = enter("who")
    who.send("/events/new", EVENT | {"title": "Meeting"})
    with app.app_context():
        db.session.execute(sa.text("UPDATE event_organisation SET confirmed_month = NULL"))
        db.session.commit()
    assert "Confirm 4 unchanged records and sign" in text_of(who.get("/month"))
    review = who.get("/month/sign?kind=unchanged")
    assert "4 of 4 records are confirmed with your signature" in text_of(review)
    send = sign_as_shown(who)
    changed = add_activity("Changed meanwhile")
    add_activity("Added meanwhile")
    assert send().status_code == 302
    page = text_of(who.get("/month"))
    assert "2 records came or were changed after you opened the page you signed" in page
    assert confirmed_rows(who) == {"Live 0", "Live 1", "Live 2", "Meeting"}
    with app.app_context():
        part = sa.select(ActivityEntity.confirmed_month).where(ActivityEntity.activity_id == changed)
        assert db.session.scalar(part) is None
    enter("coordinator").send("/cycles/2026-08/close", at="/cycles/2026-08/close")
    entries = enter("coordinator").get("/editions/2026-08/edition.json").get_json()["activities"]
    frozen = {entry["facts"]["title"] for entry in entries if entry.get("confirmed")}
    assert frozen == {"Live 0", "Live 1", "Live 2"}


def test_what_was_edited_after_it_was_shown_is_not_confirmed_by_signing(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    shared = add_activity("Of two", lead="undp", entities=("who",))
    open_month()
    who = enter("who")
    who.send("/month/participation", {**MONTH, "row": f"activity-{shared}-1-confirmed"}, at="/month")
    with app.app_context():
        db.session.execute(sa.update(ActivityEntity).values(confirmed_month=None))
        db.session.commit()
    send = sign_as_shown(who)
    undp = enter("undp")
    values = undp.fields(f"/activities/{shared}/edit")
    undp.send(f"/activities/{shared}/edit", values | {"title": ["Of two, otherwise"]})
    send()
    assert "1 record came or was changed" in text_of(who.get("/month"))
    assert confirmed_rows(who) == set()


@pytest.mark.parametrize("by", ["the entity", "a coordinator"])
@pytest.mark.one_database
def test_an_answer_that_stands_no_more_confirms_nothing(
    enter: Enter, add_activity: Add, open_month: Open, by: str
) -> None:
    by_hand, edited, _signed = (add_activity(title) for title in ("By hand", "Edited later", "Signed"))
    open_month()
    who = enter("who")
    who.send("/month/confirm", {**MONTH, "row": f"activity-{by_hand}-1"}, at="/month")
    sign_as_shown(who)()
    values = who.fields(f"/activities/{edited}/edit")
    who.send(f"/activities/{edited}/edit", values | {"description": ["Now with a description"]})
    assert confirmed_rows(who) == {"By hand", "Edited later", "Signed"}
    if by == "the entity":
        who.send("/month/take-back", MONTH, at="/month")
        assert "1 record is no longer confirmed by it" in text_of(who.get("/month"))
    else:
        enter("coordinator").send(
            "/cycles/2026-08/return", {"entity": "who", "note": "Look again"}, at="/cycles/2026-08"
        )
    assert confirmed_rows(who) == {"By hand", "Edited later"}
    assert "Confirm 1 unchanged record and sign" in text_of(who.get("/month"))


def test_signing_again_keeps_what_both_signatures_confirmed(enter: Enter, add_activity: Add, open_month: Open) -> None:
    add_activity("First")
    open_month()
    who = enter("who")
    sign_as_shown(who)()
    add_activity("Second")
    sign_as_shown(who)()
    assert confirmed_rows(who) == {"First", "Second"}
    who.send("/month/take-back", MONTH, at="/month")
    assert confirmed_rows(who) == set()


def test_a_completed_activity_is_not_confirmed_by_its_number(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    ended = add_activity("Ended", status=Status.COMPLETED)
    open_month()
    who = enter("who")
    refused = who.send("/month/confirm", {**MONTH, "row": f"activity-{ended}-1"}, at="/month")
    assert refused.status_code == 409
    assert "it is over, or you are not part of it" in text_of(refused)
    with app.app_context():
        assert db.session.scalars(sa.select(ActivityEntity.confirmed_month)).all() == [None]


def _sign(entity: str, kind: str) -> Act:
    return "/month/sign", {"cycle": "2026-08", "entity": entity, "kind": kind, "reason": "By telephone"}


def _take_back(entity: str) -> Act:
    return "/month/take-back", {"cycle": "2026-08", "entity": entity}


def _return(entity: str) -> Act:
    return "/cycles/2026-08/return", {"entity": entity, "note": "Look again"}


# By entity what is done, by itself where it has a focal point here and else by the coordinator, and how it stands then.
# None: it says nothing.
STORY: dict[str, tuple[list[Act], str | None]] = {
    "who": ([_sign("who", "unchanged"), _take_back("who")], "taken back"),
    "undp": ([_sign("undp", "unchanged"), _return("undp")], "returned with a note"),
    "unodc": ([], None),
    "unicef": ([_sign("unicef", "unchanged")], "confirmed unchanged"),
    "unaids": ([_sign("unaids", "nothing")], "nothing to report"),
    "ohchr": ([_sign("ohchr", "unchanged"), _take_back("ohchr"), _sign("ohchr", "updated")], "updated"),
    "desa": ([], None),
}
ANSWERED = {"confirmed unchanged", "nothing to report", "updated"}
SHORT = {key: key.upper() for key in STORY}


def _by_line(page: str, rows: str, name: str, state: str) -> dict[str, str]:
    return {
        str(row.xpath(f"string({name})")).strip(): " ".join(row.xpath(f"string({state})").split())
        for row in html.fromstring(page).xpath(rows)
    }


def _of_board(page: str) -> dict[str, str]:
    return _by_line(page, "//table[contains(@class, 'board')]/tbody/tr", "@id", ".//span[contains(@class, 'state')]")


def _of_grid(page: str) -> dict[str, str]:
    seen = "./td[last()]/span[@class='word']"
    return _by_line(page, "//section[@aria-labelledby='timeliness']//tbody/tr", "./th/span", seen)


def _of_workbook(data: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """By entity its state on the sheet of answers, and under which state the first sheet names it."""
    book = load_workbook(io.BytesIO(data), read_only=True)
    answers = {str(row[0]): str(row[1]) for row in book["Answers"].iter_rows(min_row=2, values_only=True)}
    named = {}
    for row in book["Read me"].iter_rows(values_only=True):
        if len(row) > 1 and str(row[0]).lower() in {"silent", "not answered yet", "taken back", "returned with a note"}:
            named |= dict.fromkeys(str(row[1]).split(", "), str(row[0]).lower())
    return answers, named


def _of_edition(page: str) -> dict[str, str]:
    found = {}
    for item in html.fromstring(page).xpath("//section[@aria-labelledby='answers']//li"):
        words = " ".join(item.text_content().split()).removesuffix(" on behalf")
        for short in SHORT.values():
            if re.search(rf"\b{short}\b", words):
                found[short] = words.partition(":")[0].lower() if ":" in words else words.removeprefix(f"{short} ")
    return found


# When, and by which clock everybody reads: noon in Vienna is what there?
STATES = {
    "open": ("Asia/Tokyo", "19:00"),
    "closed before the due day": ("America/New_York", "06:00"),
    "open after it": ("", "12:00"),
    "closed after it": ("Asia/Tokyo", "19:00"),
}
BY_TELEPHONE = {"unicef", "unaids", "ohchr"}


@pytest.mark.parametrize("when", STATES)
@pytest.mark.one_database
@pytest.mark.slow
def test_an_answer_has_one_state(app: Flask, enter: Enter, open_month: Open, clock: Clock, when: str) -> None:
    open_month()
    zone, signed_at = STATES[when]
    feeds = _with_zone_and_feeds(app, zone)
    people = {name: enter(name) for name in ("who", "undp", "coordinator")}
    for entity, (acts, _state) in STORY.items():
        for address, values in acts:
            by = "coordinator" if address.startswith("/cycles/") else entity if entity in people else "coordinator"
            assert (
                people[by].send(address, values, at="/cycles" if by == "coordinator" else "/month").status_code == 302
            )
    after, is_closed = when.endswith("after it"), when.startswith("closed")
    if after:
        clock.move(2026, 9, 10, 12)
    unsaid = "silent" if after or is_closed else "not answered yet"
    expected = {entity: state or unsaid for entity, (_acts, state) in STORY.items()}
    coordinator = enter("coordinator")
    if is_closed:
        before = text_of(coordinator.get("/cycles/2026-08/close"))
        assert "WHO took its answer back and did not sign again." in before
        assert "The answer of UNDP was returned with a note and not signed again." in before
        coordinator.send("/cycles/2026-08/close", at="/cycles/2026-08/close")
        clock.move(2026, 9, 20, 12)
        coordinator = enter("coordinator")
        in_edition = _of_edition(coordinator.get("/editions/2026-08").text)
        assert in_edition == {SHORT[entity]: state for entity, state in expected.items()}
    _board_and_files_agree(coordinator, expected, is_closed=is_closed, late_days=5 if after else 0)
    for entity, by in {"who": "who", "undp": "undp", "unodc": "coordinator"}.items():
        _own_pages_agree(enter(by), SHORT[entity], expected[entity], is_closed=is_closed, after=after)
    _what_is_on_behalf_agrees(coordinator, signed_at, is_closed=is_closed)
    for name in ("reader", "admin", "undp"):
        _read_by_others_agrees(enter(name), expected, is_closed=is_closed)
    _feeds_agree(app, feeds, expected, is_closed=is_closed)
    if not is_closed:
        _mails_agree(app, coordinator, after=after)


def _with_zone_and_feeds(app: Flask, zone: str) -> dict[str, str]:
    """Everybody reads by the clock of `zone`. The addresses of the feeds of the focal points, by entity."""
    found = {}
    with app.app_context():
        db.session.execute(sa.update(Person).values(timezone=zone))
        for entity in ("who", "undp"):
            person = db.session.scalar(sa.select(Person).where(Person.email == f"{entity}@example.org"))
            assert person is not None
            _subscription, token = subscribe(db.session, person, "All", Filters())
            found[entity] = f"/feeds/{token}.ics"
        db.session.commit()
    return found


def _what_is_on_behalf_agrees(coordinator: Browser, signed_at: str, *, is_closed: bool) -> None:
    """Who signed for an entity, why and when, by the reader's clock; the due date by that of the service."""
    board = html.fromstring(coordinator.get("/cycles/2026-08").text)
    rows = {row.get("id"): row.text_content() for row in board.xpath("//table[contains(@class, 'board')]/tbody/tr")}
    assert {entity for entity, words in rows.items() if "on behalf: By telephone" in words} == BY_TELEPHONE
    for entity in BY_TELEPHONE:
        month = text_of(coordinator.get(f"/month?cycle=2026-08&entity={entity}"))
        assert "On behalf of the entity: By telephone" in month
        assert re.search(rf"Signed: {STORY[entity][1]} , by .+? on 20 Aug 2026, {signed_at}", month)
        assert "Due Saturday 5 September 2026, 23:59 Vienna" in month
    if is_closed:
        edition = html.fromstring(coordinator.get("/editions/2026-08").text)
        items = [item.text_content() for item in edition.xpath("//section[@aria-labelledby='answers']//li")]
        assert sum("on behalf" in item for item in items) == len(BY_TELEPHONE)


def _read_by_others_agrees(person: Browser, expected: dict[str, str], *, is_closed: bool) -> None:
    """What everybody may read: the edition once the month is closed, and the workbook."""
    book = person.get("/editions/2026-08/matrix.xlsx" if is_closed else "/exports/matrix.xlsx").data
    on_sheet, _named = _of_workbook(book)
    assert {entity: on_sheet[SHORT[entity]] for entity in expected} == expected
    if not is_closed:
        return
    in_edition = _of_edition(person.get("/editions/2026-08").text)
    assert in_edition == {SHORT[entity]: state for entity, state in expected.items()}
    contents = person.get("/editions/2026-08/edition.json").get_json()
    said = {answer["entity"]: answer["kind"] for answer in contents["answers"]}
    said |= {entity: state.value for state, entities in unanswered_of(contents) for entity in entities}
    assert {entity: said[entity] for entity in expected} == expected
    assert {answer["entity"] for answer in contents["answers"] if answer["on_behalf"]} == BY_TELEPHONE


def _feeds_agree(app: Flask, feeds: dict[str, str], expected: dict[str, str], *, is_closed: bool) -> None:
    """A deadline stands in the feed of a focal point as long as the month is open and the entity has not answered."""
    for entity, address in feeds.items():
        has_deadline = f"due-2026-08-{entity}@" in app.test_client().get(address).text
        assert has_deadline is (not is_closed and expected[entity] not in ANSWERED)


def _board_and_files_agree(coordinator: Browser, expected: dict[str, str], *, is_closed: bool, late_days: int) -> None:
    page = coordinator.get("/cycles/2026-08")
    board = _of_board(page.text)
    assert {entity: board[entity] for entity in expected} == expected
    assert ("not answered yet" in text_of(page)) is ("not answered yet" in expected.values())
    late = set(re.findall(r"(\d+) days? late", text_of(page)))
    assert late == ({str(late_days)} if late_days else set())
    answered = sum(state in ANSWERED for state in expected.values())
    assert f"{answered} of 11 have answered" in text_of(page)
    cycles = coordinator.get("/cycles")
    assert f"{answered} of 11" in text_of(cycles)
    grid = _of_grid(cycles.text)
    assert {key: grid[SHORT[key]] for key in expected} == {
        entity: "on time" if state in ANSWERED else state for entity, state in expected.items()
    }
    book = coordinator.get("/editions/2026-08/matrix.xlsx" if is_closed else "/exports/matrix.xlsx").data
    on_sheet, named = _of_workbook(book)
    assert {entity: on_sheet[SHORT[entity]] for entity in expected} == expected
    for entity, state in expected.items():
        assert named.get(SHORT[entity]) == (None if state in ANSWERED else state)


def _own_pages_agree(person: Browser, short: str, state: str, *, is_closed: bool, after: bool) -> None:
    month = text_of(person.get(f"/month?cycle=2026-08&entity={short.lower()}"))
    assert ("late, still open" in month) is (after and not is_closed)
    assert (f"{short} was silent" in month) is (is_closed and state == "silent")
    words = f"{short} took its answer back" if is_closed else "Your answer was taken back"
    assert (words in month) is (state == "taken back")
    words = f"The answer of {short} was returned" if is_closed else "Your answer was returned with a note"
    assert (words in month) is (state == "returned with a note")
    if not is_closed and short != "UNODC":  # nobody is its focal point here
        home = text_of(person.get("/"))
        assert (f"{short} has not answered yet" in home) is (state in ("silent", "not answered yet"))
        assert (f"{short} took its answer back" in home) is (state == "taken back")
        assert (f"the answer of {short} was returned with a note" in home) is (state == "returned with a note")


def _mails_agree(app: Flask, coordinator: Browser, *, after: bool) -> None:
    coordinator.send("/cycles/2026-08/remind", {"all": "yes"}, at="/cycles/2026-08")
    with app.app_context():
        query = sa.select(OutboxMessage).where(OutboxMessage.dedupe_key.contains("/asked-"))
        subjects = {mail.to_address.partition("@")[0]: mail.subject for mail in db.session.scalars(query)}
    assert set(subjects) == {"who", "undp"}
    if after:
        assert "WHO took its answer back" in subjects["who"]
        assert "the answer of UNDP was returned with a note" in subjects["undp"]
