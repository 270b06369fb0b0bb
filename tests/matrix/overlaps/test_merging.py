"""Two activities become one: at the door, with everything that hangs on them."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.calendar.events.models import Event
from interagency.calendar.feeds.models import FeedRevision
from interagency.db.base import db
from interagency.matrix.activities.models import Activity, ActivityEntity, Milestone, Participation
from interagency.matrix.activities.record import facts
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.models import Edition
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overlaps.models import Merge, Verdict, VerdictSaid
from interagency.text.typed_dates import read_date
from tests.helpers import EVENT, Browser, text_of
from tests.matrix.conftest import VIENNA

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]


def merge(browser: Browser, survivor: int, other: int, **choices: Any) -> Any:
    """Send the form of the merge page as it stands, with these choices."""
    address = f"/overlaps/{survivor}/{other}/merge"
    return browser.client.post(address, data=merge_fields(browser, survivor, other) | choices)


def merge_fields(browser: Browser, survivor: int, other: int) -> dict[str, Any]:
    page = browser.get(f"/overlaps/{survivor}/{other}/merge")
    form = html.fromstring(page.text).xpath("//main//form")[0]
    return dict(form.form_values())


def get(app: Flask, number: int) -> dict[str, Any]:
    with app.app_context():
        found = db.session.get_one(Activity, number)
        return facts(found) | {"merged_into": found.merged_into_id, "version": found.version}


def change(app: Flask, number: int, key: str, **values: Any) -> None:
    """Set something of an entity's part, as the month or its own page would."""
    with app.app_context():
        entity = sa.select(Organisation.id).where(Organisation.key == key).scalar_subquery()
        where = sa.and_(ActivityEntity.activity_id == number, ActivityEntity.entity_id == entity)
        db.session.execute(sa.update(ActivityEntity).where(where).values(**values))
        db.session.commit()


@pytest.fixture
def two(add_activity: Add) -> tuple[int, int]:
    """The same work twice: WHO's and UNDP's."""
    return (
        add_activity("Train staff in Kenya", lead="who", entities=("unicef",), description="WHO says", results=""),
        add_activity(
            "Training staff, Kenya", lead="undp", entities=("unicef",), description="UNDP says", results="Ten"
        ),
    )


@pytest.mark.both_databases
def test_both_are_seen_and_chosen_and_everything_goes_along(
    app: Flask, enter: Enter, two: tuple[int, int], add_activity: Add
) -> None:
    a, b = two
    third, fourth = add_activity("Third"), add_activity("Fourth")
    change(app, a, "unicef", role="Schools", confirmed_month="2026-08")
    change(app, b, "unicef", role="Teachers", confirmed_month="2026-07")
    change(app, b, "undp", confirmed_month="2026-08")
    c = enter("coordinator")
    event = int(c.send("/events/new", EVENT | {"activities": f"{b}"}).location.split("/")[2].split("?")[0])
    c.send(f"/activities/{b}/milestones", {"act": "add", "title": "Manual printed", "due": "June 2027"})
    for number, kind in ((third, "related"), (fourth, "distinct")):
        c.send(f"/overlaps/{b}/{number}/verdict", {"kind": kind}, at=f"/overlaps/{b}/{number}")
    c.send(f"/overlaps/{a}/{third}/verdict", {"kind": "distinct"}, at=f"/overlaps/{a}/{third}")
    with app.app_context():
        uid, revision = db.session.scalars(sa.select(Event.uid)).one(), db.session.get_one(FeedRevision, 1).number

    page = text_of(c.get(f"/overlaps/{a}/{b}/merge"))
    for words in ("WHO says", "UNDP says", "Train staff in Kenya", "Training staff, Kenya"):
        assert words in page
    answer = merge(c, a, b, **{"choice-title": "other", "choice-description": "both"})
    assert answer.status_code == 302
    assert answer.location == f"/activities/{a}"

    stands, gone = get(app, a), get(app, b)
    assert stands["title"] == "Training staff, Kenya"
    assert stands["description"] == "WHO says\n\nUNDP says"
    assert stands["results"] == "Ten"  # the survivor had none
    assert (stands["lead"], stands["entities"]) == ("who", ["unicef", "undp"])
    assert stands["roles"] == {"unicef": "Schools\nTeachers"}
    assert (gone["is_listed"], gone["merged_into"]) == (False, a)
    with app.app_context():
        months = dict(
            db.session.execute(
                sa.select(Organisation.key, ActivityEntity.confirmed_month)
                .join(ActivityEntity, ActivityEntity.entity_id == Organisation.id)
                .where(ActivityEntity.activity_id == a)
            ).all()
        )
        assert (months["unicef"], months["undp"]) == ("2026-07", "2026-08")
        assert db.session.scalars(sa.select(Milestone.activity_id)).all() == [a]
        found = db.session.get_one(Event, event)
        assert ([one.id for one in found.activities], found.uid, found.sequence) == ([a], uid, 0)
        assert db.session.get_one(FeedRevision, 1).number > revision
        said = {one.second_id if one.first_id == a else one.first_id: one.kind.value for one in _verdicts_with(a)}
        assert said == {b: "same", third: "distinct", fourth: "distinct"}
    history = text_of(c.get(f"/activities/{a}/history"))
    assert "before it was merged into this one" in history
    assert f"Record {b}, “Training staff, Kenya”" in history


def _verdicts_with(number: int) -> list[Verdict]:
    query = sa.select(Verdict).where(sa.or_(Verdict.first_id == number, Verdict.second_id == number))
    return list(db.session.scalars(query))


@pytest.mark.both_databases
def test_old_addresses_lead_on_also_through_a_chain(
    app: Flask, enter: Enter, two: tuple[int, int], add_activity: Add
) -> None:
    a, b = two
    third = add_activity("Train staff in Kenya and Uganda", lead="unodc")
    c = enter("coordinator")
    merge(c, b, a)
    merge(c, third, b)
    for number in (a, b):
        for rest in ("", "/edit", "/milestones"):
            answer = c.get(f"/activities/{number}{rest}")
            assert (answer.status_code, answer.location) == (301, f"/activities/{third}{rest}"), rest
        answer = c.get(f"/activities/{number}/history")
        assert answer.location == f"/activities/{third}/history#record-{number}"
    history = html.fromstring(c.get(f"/activities/{third}/history").text)
    assert [node.get("id") for node in history.xpath("//h2[@id]")] == [f"record-{n}" for n in (third, a, b)]
    assert len(c.get("/activities").text.split(f'href="/activities/{third}"')) == 2
    assert f'href="/activities/{a}"' not in c.get("/activities").text


def test_nobody_merges_with_oneself_or_what_is_not_there(enter: Enter, two: tuple[int, int]) -> None:
    a, _b = two
    c = enter("coordinator")
    for rest in ("", "/merge"):
        assert c.get(f"/overlaps/{a}/{a}{rest}").status_code == 400
        assert c.get(f"/overlaps/{a}/9999{rest}").status_code == 404
        assert c.get(f"/overlaps/{a}/99999999999{rest}").status_code == 404
    for act in ("merge", "join", "verdict"):
        assert c.send(f"/overlaps/{a}/{a}/{act}", at="/account").status_code == 400
        assert c.send(f"/overlaps/{a}/99999999999/{act}", at="/account").status_code == 404


@pytest.mark.parametrize(
    ("name", "sees", "merges"),
    [("coordinator", 200, 200), ("who", 200, 403), ("undp", 200, 403), ("reader", 403, 403), ("admin", 403, 403)],
)
def test_only_who_may_edit_both_merges(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, name: str, sees: int, merges: int
) -> None:
    a, b = add_activity("One", lead="who"), add_activity("Two", lead="undp", entities=("who",))
    browser = enter_sqlite(name)
    assert browser.get(f"/overlaps/{a}/{b}").status_code == sees
    assert browser.get(f"/overlaps/{a}/{b}/merge").status_code == merges
    if merges == 403:
        fields = merge_fields(enter_sqlite("coordinator"), a, b) | {"csrf_token": browser.token("/account")}
        assert browser.client.post(f"/overlaps/{a}/{b}/merge", data=fields).status_code == 403
        assert get(sqlite_app, b)["is_listed"]
    verdict = browser.send(f"/overlaps/{a}/{b}/verdict", {"kind": "related"}, at="/account")
    assert verdict.status_code == (302 if sees == 200 else 403)
    joined = browser.send(f"/overlaps/{a}/{b}/join", {"version": 1}, at="/account")
    assert joined.status_code == (302 if name in ("coordinator", "who") else 403)
    assert browser.send(f"/activities/{a}/merges/1/undo", at="/account").status_code == (
        404 if name == "coordinator" else 403
    )


def test_the_lead_of_both_merges_and_confirms_the_month(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, open_month: Callable[..., None]
) -> None:
    open_month()
    a, b = add_activity("One", lead="who"), add_activity("Two", lead="who")
    assert merge(enter_sqlite("who"), a, b).status_code == 302
    with sqlite_app.app_context():
        part = db.session.scalars(sa.select(ActivityEntity).where(ActivityEntity.activity_id == a)).one()
        assert part.confirmed_month == "2026-08"


@pytest.mark.both_databases
def test_the_second_of_two_people_is_sent_to_what_the_first_made(enter: Enter, two: tuple[int, int]) -> None:
    a, b = two
    first, second = enter("coordinator"), enter("coordinator")
    mine, theirs = merge_fields(first, a, b), merge_fields(second, b, a)
    assert first.client.post(f"/overlaps/{a}/{b}/merge", data=mine).status_code == 302
    late = second.client.post(f"/overlaps/{b}/{a}/merge", data=theirs)
    assert (late.status_code, late.location) == (303, f"/activities/{a}")
    assert "was merged into this activity meanwhile" in text_of(second.get(f"/activities/{a}"))


def test_what_was_saved_meanwhile_is_shown_and_the_choice_stays(app: Flask, enter: Enter, two: tuple[int, int]) -> None:
    a, b = two
    c = enter("coordinator")
    fields = merge_fields(c, a, b) | {"choice-title": "other"}
    address = f"/activities/{b}/edit"
    undp = enter("undp")
    saved = undp.send(address, undp.fields(address) | {"description": "Newer words", f"verdict-{a}": "same"})
    assert saved.location == f"/overlaps/{a}/{b}"
    answer = c.client.post(f"/overlaps/{a}/{b}/merge", data=fields)
    assert answer.status_code == 409
    assert "Newer words" in text_of(answer)
    chosen = html.fromstring(answer.text).xpath("//input[@name='choice-title' and @checked]/@value")
    assert chosen == ["other"]
    assert get(app, b)["is_listed"]


def test_choices_that_do_not_go_together_are_refused(app: Flask, enter: Enter, add_activity: Add) -> None:
    a = add_activity("One", start=read_date("2016"), end=read_date("2017"))
    b = add_activity("Two", start=read_date("2019"), end=read_date("2020"))
    answer = merge(enter("coordinator"), a, b, **{"choice-start": "other", "choice-title": "nonsense"})
    assert answer.status_code == 422
    assert "it would end (2017) before it begins (2019)" in text_of(answer)
    assert get(app, b)["is_listed"]


@pytest.mark.both_databases
def test_a_save_that_comes_after_the_merging_says_where_it_went_and_keeps_the_words(
    app: Flask, enter: Enter, two: tuple[int, int]
) -> None:
    a, b = two
    c = enter("coordinator")
    written = c.fields(f"/activities/{b}/edit") | {"results": "What I wrote in the evening", "title": "My title"}
    merge(enter("coordinator"), a, b)
    answer = c.client.post(f"/activities/{b}/edit", data=written)
    assert answer.status_code == 409
    page = text_of(answer)
    assert "This activity was merged into another" in page
    assert "What I wrote in the evening" in page
    form = html.fromstring(answer.text).xpath("//form[contains(@class, 'record')]")[0]
    assert form.get("action") == f"/activities/{a}/edit"
    assert get(app, a)["title"] == "Train staff in Kenya"
    values: dict[str, Any] = {}
    for name, value in form.form_values():
        values.setdefault(name, []).append(value)
    assert values["lead"] == ["who"]
    assert c.client.post(f"/activities/{a}/edit", data=values).status_code == 302
    stands = get(app, a)
    assert (stands["results"], stands["title"], stands["description"]) == (
        "What I wrote in the evening", "My title", "WHO says",
    )  # fmt: skip


def test_the_late_words_of_who_cannot_edit_the_survivor_are_shown(enter: Enter, two: tuple[int, int]) -> None:
    a, b = two
    undp = enter("undp")
    written = undp.fields(f"/activities/{b}/edit") | {"results": "What UNDP wrote"}
    merge(enter("coordinator"), a, b)
    answer = undp.client.post(f"/activities/{b}/edit", data=written)
    assert answer.status_code == 409
    assert "What UNDP wrote" in text_of(answer)
    assert not html.fromstring(answer.text).xpath("//form[contains(@class, 'record')]")
    assert "edit your own part" in text_of(answer)


def test_the_late_sentence_of_an_entity_is_shown(enter: Enter, add_activity: Add) -> None:
    a, b = add_activity("One", lead="undp"), add_activity("Two", lead="unicef", entities=("who",))
    who = enter("who")
    written = who.fields(f"/activities/{b}/edit")
    written = {name: "We lend the trucks" if name.startswith("role-") else value for name, value in written.items()}
    merge(enter("coordinator"), a, b)
    answer = who.client.post(f"/activities/{b}/edit", data=written)
    assert (answer.status_code, "We lend the trucks" in text_of(answer)) == (409, True)
    late = who.send(f"/activities/{b}/milestones", {"act": "add", "title": "Late"}, at="/account")
    assert (late.status_code, "You wrote: “Late”." in text_of(late)) == (409, True)
    typed = {"act": "add", "title": "Late", "due": "2027"}
    late = enter("coordinator").send(f"/activities/{b}/milestones", typed, at="/account")
    form = html.fromstring(late.text).xpath("//section[@aria-labelledby='add']//form")[0]
    assert (late.status_code, form.get("action")) == (409, f"/activities/{a}/milestones")
    assert dict(form.form_values()).items() >= {"title": "Late", "due": "2027"}.items()


@pytest.mark.both_databases
def test_closed_editions_stay_untouched(
    app: Flask, enter: Enter, two: tuple[int, int], open_month: Callable[..., None], clock: Any
) -> None:
    a, b = two
    open_month()
    c = enter("coordinator")
    with app.app_context():
        close_cycle(db.session, "2026-08", at=clock().astimezone(UTC), zone=VIENNA, by=None)
        before = db.session.execute(sa.select(Edition.number, Edition.checksum, Edition.contents)).all()
    assert len(before) == 1
    merge(c, a, b)
    with app.app_context():
        assert db.session.execute(sa.select(Edition.number, Edition.checksum, Edition.contents)).all() == before
    assert "Training staff, Kenya" in text_of(c.get("/editions/2026-08"))


@pytest.mark.both_databases
def test_a_merging_is_undone_as_if_it_had_not_been(app: Flask, enter: Enter, two: tuple[int, int]) -> None:
    a, b = two
    change(app, a, "unicef", role="Schools", confirmed_month="2026-08", participation=Participation.AWAITED)
    c = enter("coordinator")
    event = int(c.send("/events/new", EVENT | {"activities": f"{b}"}).location.split("/")[2].split("?")[0])
    c.send(f"/activities/{b}/milestones", {"act": "add", "title": "Manual printed", "due": ""})
    before = [get(app, number) for number in two]
    merge(c, a, b, **{"choice-title": "other", "choice-lead": "other"})
    assert get(app, a)["lead"] == "undp"
    assert enter("who").send(f"/activities/{a}/merges/1/undo", at="/account").status_code == 403
    assert c.send(f"/activities/{a}/merges/1/undo", at=f"/activities/{a}").status_code == 302
    for number, was in zip(two, before, strict=True):
        now = get(app, number)
        assert now | {"version": 0} == was | {"version": 0}
    assert c.get(f"/activities/{b}").status_code == 200
    with app.app_context():
        assert db.session.scalars(sa.select(Milestone.activity_id)).all() == [b]
        assert [one.id for one in db.session.get_one(Event, event).activities] == [b]
        assert db.session.scalars(sa.select(Merge.undone_by_name)).all() == ["Clara Coordinator"]
    c.send(f"/activities/{a}/merges/1/undo", at="/account")
    assert "It was undone already" in text_of(c.get(f"/activities/{a}"))


def test_a_merging_that_was_built_on_stays(app: Flask, enter: Enter, two: tuple[int, int]) -> None:
    a, b = two
    c = enter("coordinator")
    merge(c, a, b)
    address = f"/activities/{a}/edit"
    c.send(address, c.fields(address) | {"results": "New results"})
    assert "can no longer be undone" in text_of(c.get(f"/activities/{a}"))
    c.send(f"/activities/{a}/merges/1/undo", at="/account")
    assert "was changed since, so the two stay one" in text_of(c.get(f"/activities/{a}"))
    assert not get(app, b)["is_listed"]


def test_joining_names_the_other_entity_and_asks_it(app: Flask, enter: Enter, two: tuple[int, int]) -> None:
    a, b = two
    who = enter("who")
    who.send(f"/overlaps/{a}/{b}/verdict", {"kind": "same"}, at=f"/overlaps/{a}/{b}")
    page = who.get(f"/overlaps/{a}/{b}")
    forms = [form.get("action") for form in html.fromstring(page.text).xpath("//main//form")]
    assert f"/overlaps/{a}/{b}/join" in forms
    assert f"/overlaps/{b}/{a}/join" not in forms
    assert who.send(f"/overlaps/{b}/{a}/join", {"version": 1}, at="/account").status_code == 403
    assert who.send(f"/overlaps/{a}/{b}/join", {"version": 7}, at="/account").status_code == 409
    assert who.send(f"/overlaps/{a}/{b}/join", {"version": 1}, at="/account").location == f"/activities/{a}"
    assert get(app, a)["participation"] == {"undp": "awaited"}
    assert "Confirm or decline" in text_of(enter("undp").get(f"/activities/{a}"))
    again = who.send(f"/overlaps/{a}/{b}/join", {"version": 2}, at="/account")
    assert (again.status_code, "named in this one already" in text_of(again)) == (409, True)


def test_a_verdict_is_changed_and_its_history_stays(app: Flask, enter: Enter, two: tuple[int, int]) -> None:
    a, b = two
    who, undp = enter("who"), enter("undp")
    who.send(f"/overlaps/{a}/{b}/verdict", {"kind": "related"}, at=f"/overlaps/{a}/{b}")
    assert "Training staff, Kenya" in text_of(who.get(f"/activities/{a}"))
    assert "Train staff in Kenya" in text_of(who.get(f"/activities/{b}"))
    undp.send(f"/overlaps/{b}/{a}/verdict", {"kind": "distinct"}, at=f"/overlaps/{b}/{a}")
    assert "Training staff, Kenya" not in text_of(who.get(f"/activities/{a}"))
    page = text_of(who.get(f"/overlaps/{a}/{b}"))
    assert "Farida Who, related" in page
    assert "Felix Undp, something else" in page
    assert undp.send(f"/overlaps/{b}/{a}/verdict", {"kind": "nonsense"}, at="/account").status_code == 422
    with app.app_context():
        assert [one.kind.value for one in db.session.scalars(sa.select(VerdictSaid).order_by(VerdictSaid.id))] == [
            "related", "distinct",
        ]  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            db.session.execute(sa.text("DELETE FROM verdict_said"))


def test_an_event_saved_later_that_names_the_merged_one_belongs_to_the_survivor(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    a, b = add_activity("One", lead="who"), add_activity("Two", lead="who")
    c = enter_sqlite("coordinator")
    merge(c, a, b)
    event = int(c.send("/events/new", EVENT | {"activities": f"{a}\n{b}"}).location.split("/")[2].split("?")[0])
    with sqlite_app.app_context():
        assert [one.id for one in db.session.get_one(Event, event).activities] == [a]


def test_a_row_of_a_workbook_that_names_the_merged_one_is_refused_with_where_it_went(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    a, b = add_activity("One", lead="who"), add_activity("Two", lead="who")
    c = enter_sqlite("coordinator")
    body = c.get("/exports/matrix.csv").data.replace(b",Two,", b",Two and more,")
    merge(c, a, b)
    data = {"csrf_token": c.token("/imports"), "file": (io.BytesIO(body), "matrix.csv")}
    sent = c.client.post("/imports", data=data, content_type="multipart/form-data")
    assert f"Record {b} was merged into record {a}" in text_of(c.get(sent.location))
