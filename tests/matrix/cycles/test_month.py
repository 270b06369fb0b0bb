"""The focal point's month, at the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.accounts.models import Person
from interagency.calendar.events.models import EventOrganisation
from interagency.db.base import db
from interagency.matrix.activities.models import Activity, ActivityEntity
from interagency.matrix.cycles.models import Answer, AnswerKind
from interagency.matrix.cycles.month.reasons import STALE_AFTER
from interagency.matrix.cycles.months import month_after
from interagency.matrix.organisations.models import Appointment, Organisation
from tests.helpers import EVENT, Browser, statements_seen, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
SIGN = {"cycle": "2026-08", "entity": "who", "kind": "unchanged"}


def confirmed(app: Flask, activity_id: int, entity: str = "who") -> str | None:
    with app.app_context():
        query = sa.select(ActivityEntity.confirmed_month).join(Organisation)
        return db.session.scalar(query.where(ActivityEntity.activity_id == activity_id, Organisation.key == entity))


def answers(app: Flask) -> list[tuple[str, str, bool]]:
    with app.app_context():
        query = sa.select(Organisation.key, Answer.kind, Answer.ended_at.is_(None)).join(Answer).order_by(Answer.id)
        return [(key, kind.value, stands) for key, kind, stands in db.session.execute(query)]


def test_signing_in_leads_to_the_month(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    browser = enter(None)
    response = browser.sign_in("who@example.org")
    page = browser.client.get(response.location, follow_redirects=True)
    assert "August 2026 for WHO" in text_of(page)
    assert "Saturday 5 September 2026, 23:59 Vienna" in text_of(page)
    assert "WHO has not answered" in text_of(page)


@pytest.mark.both_databases
def test_everything_unchanged_confirms_all_and_signs(
    app: Flask, enter: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    ids = [add_activity(f"Activity {number}") for number in range(3)]
    others = add_activity("Of another", lead="undp")
    open_month()
    who = enter("who")
    who.send("/events/new", EVENT)
    review = text_of(who.get("/month/sign?kind=unchanged"))
    assert "3 of 4 records are confirmed with your signature" in review
    response = who.send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    assert response.status_code == 302
    assert answers(app) == [("who", "updated", True)], "an event was added this month"
    assert [confirmed(app, one) for one in ids] == ["2026-08"] * 3
    assert confirmed(app, others, "undp") is None
    with app.app_context():
        assert db.session.scalars(sa.select(EventOrganisation.confirmed_month)).all() == ["2026-08"]
    assert "WHO has not answered" not in text_of(who.get("/"))


def test_unchanged_without_any_edit_is_confirmed_unchanged(
    app: Flask, enter: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    add_activity()
    open_month()
    enter("who").send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    assert answers(app) == [("who", "confirmed unchanged", True)]


@pytest.mark.both_databases
def test_an_edit_confirms_its_row_and_makes_the_answer_updated(
    app: Flask, enter: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    activity_id = add_activity()
    open_month()
    who = enter("who")
    values = who.fields(f"/activities/{activity_id}/edit")
    who.send(f"/activities/{activity_id}/edit", values | {"title": ["Another title"]})
    assert confirmed(app, activity_id) == "2026-08"
    assert "You changed 1 this month" in text_of(who.get("/month/sign?kind=unchanged"))
    who.send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    assert answers(app) == [("who", "updated", True)]


def test_nothing_to_report_leaves_the_rows_as_they_are(
    app: Flask, enter: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    activity_id = add_activity()
    open_month()
    enter("who").send("/month/sign", SIGN | {"kind": "nothing"}, at="/month/sign?kind=nothing")
    assert answers(app) == [("who", "nothing to report", True)]
    assert confirmed(app, activity_id) is None


def test_row_by_row(
    app: Flask, enter: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    first, second = add_activity("First"), add_activity("Second")
    open_month()
    who = enter("who")
    row = {"cycle": "2026-08", "entity": "who", "row": f"activity-{first}-1"}
    assert who.send("/month/confirm", row, at="/month").status_code == 302
    assert (confirmed(app, first), confirmed(app, second)) == ("2026-08", None)
    assert "1 of 2 record stays unconfirmed" in text_of(who.get("/month/sign?kind=updated"))


@pytest.mark.both_databases
def test_a_row_is_marked_stale_when_nobody_confirmed_it_for_so_long(
    app: Flask, enter: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    activity_id = add_activity("Long ago")
    open_month()
    for months, is_stale in ((STALE_AFTER - 1, False), (STALE_AFTER, True)):
        with app.app_context():
            db.session.execute(sa.update(ActivityEntity).values(confirmed_month=month_after("2026-08", -months)))
            db.session.commit()
        row = html.fromstring(enter("who").get("/month").text).get_element_by_id(f"activity-{activity_id}")
        assert bool(row.xpath(".//*[contains(@class, 'why')]")) is is_stale
    assert f"{STALE_AFTER} months ago" in row.text_content()


def test_ending_an_activity(
    app: Flask, enter: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    activity_id = add_activity("To be ended")
    open_month()
    who = enter("who")
    form = {"cycle": "2026-08", "entity": "who", "row": f"activity-{activity_id}-1", "status": "completed"}
    refused = who.send("/month/end", form | {"end": "August 20226"}, at="/month")
    assert refused.status_code == 422
    assert "August 20226" in refused.text
    assert who.send("/month/end", form | {"end": "August 2026"}, at="/month").status_code == 302
    with app.app_context():
        found = db.session.get(Activity, activity_id)
        assert found is not None
        assert (found.status.value, found.end.code if found.end else None) == ("completed", "2026-08")
    stale = who.send("/month/end", form | {"end": "July 2026"}, at="/month")
    assert stale.status_code == 409
    assert "Ended" not in text_of(stale)


def test_an_answer_is_taken_back_and_given_again(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    who = enter("who")
    who.send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    desk = {"cycle": "2026-08", "entity": "who"}
    assert who.send("/month/take-back", desk, at="/month").status_code == 302
    again = who.send("/month/take-back", desk, at="/month")
    assert again.status_code == 409
    assert "no answer" in text_of(again)
    who.send("/month/sign", SIGN | {"kind": "nothing"}, at="/month/sign?kind=nothing")
    assert answers(app) == [("who", "confirmed unchanged", False), ("who", "nothing to report", True)]


@pytest.mark.both_databases
def test_two_focal_points_give_one_answer(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    with app.app_context():
        reader = db.session.scalar(sa.select(Person).where(Person.email == "reader@example.org"))
        who = db.session.scalar(sa.select(Organisation).where(Organisation.key == "who"))
        db.session.add(Appointment(person_id=reader.id, entity_id=who.id, first_day=date(2026, 1, 1)))
        db.session.commit()
    open_month()
    enter("who").send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    second = enter("reader")
    page = text_of(second.get("/month"))
    assert "Signed: confirmed unchanged" in page
    assert "Farida Who" in page
    second.send("/month/sign", SIGN | {"kind": "nothing"}, at="/month/sign?kind=nothing")
    assert [stands for _key, _kind, stands in answers(app)] == [False, True]


def test_who_is_named_confirms_or_declines(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    undp = enter("undp")
    for title in ("Wanted", "Not wanted"):
        undp.send("/activities/new", {"title": title, "status": "ongoing", "lead": "undp", "entities": ["who"]})
    who = enter("who")
    page = html.fromstring(who.get("/month").text)
    asked = page.xpath("//h3[contains(., 'do you take part')]/following-sibling::ul[1]/li")
    assert [row.xpath("string(.//*[@class='title'])") for row in asked] == ["Not wanted", "Wanted"]
    for row in asked:
        says = "declined" if "Not wanted" in row.text_content() else "confirmed"
        pressed = who.press(page, row.xpath(f".//button[contains(@value, '{says}')]")[0])
        assert pressed.status_code == 302
    with app.app_context():
        joint = dict(db.session.execute(sa.select(Activity.title, Activity.is_joint)).all())
    assert joint == {"Wanted": True, "Not wanted": False}
    assert "do you take part" not in text_of(who.get("/month"))


def test_what_the_lead_changed_is_shown_as_a_difference(
    app: Flask, enter: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    activity_id = add_activity("Ours together", lead="undp", entities=("who",))
    open_month()
    undp = enter("undp")
    values = undp.fields(f"/activities/{activity_id}/edit")
    undp.send(f"/activities/{activity_id}/edit", values | {"status": ["suspended"]})
    row = html.fromstring(enter("who").get("/month").text).get_element_by_id(f"activity-{activity_id}")
    assert "Changed by" in row.xpath("string(.//*[contains(@class, 'why')])")
    cells = row.xpath(".//table//tbody/tr")
    assert [[cell.text_content() for cell in line] for line in cells] == [["Status", "ongoing", "suspended"]]
    assert "Changed by" not in text_of(undp.get("/month?show=all"))


def test_an_edit_before_the_due_date_belongs_to_the_month_before(
    app: Flask, enter: Enter, clock: Callable[..., None], add_activity: Callable[..., int],
    open_month: Callable[..., None],
) -> None:  # fmt: skip
    activity_id = add_activity()
    open_month("2026-08")
    open_month("2026-09")
    clock.move(2026, 9, 3, 10)  # type: ignore[attr-defined]
    who = enter("who")
    values = who.fields(f"/activities/{activity_id}/edit")
    who.send(f"/activities/{activity_id}/edit", values | {"title": ["For August"]})
    assert confirmed(app, activity_id) == "2026-08"
    who.send("/month/sign", SIGN, at="/month/sign?kind=unchanged&cycle=2026-08")
    assert "September 2026 for WHO" in text_of(who.get("/month"))
    values = who.fields(f"/activities/{activity_id}/edit")
    who.send(f"/activities/{activity_id}/edit", values | {"title": ["For September"]})
    assert confirmed(app, activity_id) == "2026-09"


@pytest.mark.parametrize(
    ("address", "code"),
    [("/month?cycle=2026-13", 404), ("/month?cycle=2026-07", 404), ("/month?entity=undp", 403), ("/month/sign", 404)],
)
def test_bad_addresses_say_what_to_do(
    sqlite_app: Flask, enter_sqlite: Enter, open_month: Callable[..., None], address: str, code: int
) -> None:
    open_month()
    response = enter_sqlite("who").get(address)
    assert response.status_code == code
    assert "Something went wrong" not in text_of(response)


def test_an_appointment_that_ended_yesterday_signs_no_more(
    app: Flask, enter: Enter, open_month: Callable[..., None]
) -> None:
    open_month()
    who = enter("who")
    token = who.token("/month/sign?kind=unchanged")
    with app.app_context():
        db.session.execute(sa.update(Appointment).values(last_day=date(2026, 8, 19)))
        db.session.commit()
    refused = who.client.post("/month/sign", data=SIGN | {"csrf_token": token})
    assert refused.status_code == 403
    assert answers(app) == []


def test_an_entity_retired_mid_month_is_told_so(app: Flask, enter: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    who = enter("who")
    with app.app_context():
        db.session.execute(
            sa.update(Organisation).where(Organisation.key == "who").values(retired_on=date(2026, 8, 15))
        )
        db.session.commit()
    refused = who.send("/month/sign", SIGN, at="/month/sign?kind=unchanged")
    assert refused.status_code == 409
    assert "retired" in text_of(refused)


def test_a_comment_too_long_is_kept_and_refused(
    sqlite_app: Flask, enter_sqlite: Enter, open_month: Callable[..., None]
) -> None:
    open_month()
    refused = enter_sqlite("who").send("/month/sign", SIGN | {"comment": "x" * 1001}, at="/month/sign?kind=unchanged")
    assert refused.status_code == 422
    assert "x" * 1001 in refused.text
    assert answers(sqlite_app) == []


def test_a_reader_has_no_month(sqlite_app: Flask, enter_sqlite: Enter, open_month: Callable[..., None]) -> None:
    open_month()
    response = enter_sqlite("reader").get("/month")
    assert response.status_code == 403
    assert "administrator" in text_of(response)


def test_before_any_month_is_open(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    response = enter_sqlite("who").get("/month")
    assert response.status_code == 404
    assert "No month is open yet" in text_of(response)


def test_the_page_takes_as_many_statements_with_forty_rows_as_with_two(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    open_month()
    who = enter_sqlite("who")

    def statements() -> int:
        with statements_seen(sqlite_app) as seen:
            assert who.get("/month").status_code == 200
        return len(seen)

    for number in range(2):
        add_activity(f"Activity {number}", entities=("undp",))
    few = statements()
    for number in range(38):
        add_activity(f"More {number}", entities=("undp",))
    assert statements() == few
    assert AnswerKind.UPDATED.value in who.get("/month/sign?kind=updated").text
