"""Who may change what in an activity, at the door (rules 10 to 12)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.db.history import Change
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.organisations.models import Appointment, Organisation
from interagency.web.context import today
from tests.helpers import ACTIVITY, Browser, errors_of, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]


def part_of(app: Flask, activity_id: int, key: str) -> ActivityEntity:
    with app.app_context():
        query = sa.select(ActivityEntity).join(Organisation).where(Organisation.key == key)
        return db.session.scalars(query.where(ActivityEntity.activity_id == activity_id)).one()


def title_of(app: Flask, activity_id: int) -> str:
    with app.app_context():
        return db.session.get_one(Activity, activity_id).title


def edit(browser: Browser, activity_id: int, **values: object) -> object:
    address = f"/activities/{activity_id}/edit"
    return browser.send(address, browser.fields(address) | values)


@pytest.mark.both_databases
def test_a_focal_point_adds_an_activity_and_reads_it_back(enter: Enter) -> None:
    who = enter("who")
    response = who.send("/activities/new", ACTIVITY | {"countries": ["CI"], "figures": "about 30 laboratories"})
    assert response.status_code == 302
    page = text_of(who.get(response.location))
    for words in ("Train laboratory staff", "WHO", "5(h)", "Côte d’Ivoire", "about 30 laboratories", "V"):
        assert words in page
    assert "Train laboratory staff" in text_of(who.get("/activities?q=cote+d'ivoire"))


def test_a_focal_point_adds_activities_of_their_own_entities_only(enter: Enter) -> None:
    response = enter("who").send("/activities/new", ACTIVITY | {"lead": "undp"})
    assert response.status_code == 422
    assert errors_of(response) == ["You speak for WHO: choose it as lead, or among the other UN entities."]
    assert "Train laboratory staff" in response.text


@pytest.mark.parametrize("name", ["undp", "reader", "admin"])
def test_others_may_not_edit(enter: Enter, add_activity: Add, name: str) -> None:
    activity_id = add_activity(lead="who")
    browser = enter(name)
    assert browser.get(f"/activities/{activity_id}/edit").status_code == 403
    assert browser.send(f"/activities/{activity_id}/edit", ACTIVITY, at="/account").status_code == 403
    assert "belongs to somebody else" in text_of(browser.get(f"/activities/{activity_id}/edit"))


@pytest.mark.parametrize("name", ["reader", "admin"])
def test_readers_and_administrators_add_nothing(enter: Enter, name: str) -> None:
    browser = enter(name)
    assert browser.get("/activities/new").status_code == 403
    assert browser.send("/activities/new", ACTIVITY, at="/account").status_code == 403


def test_nobody_is_asked_to_sign_in(enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity()
    assert enter(None).get(f"/activities/{activity_id}").status_code == 302


@pytest.mark.parametrize("name", ["who", "coordinator"])
def test_lead_and_coordinator_edit_all_of_it(app: Flask, enter: Enter, add_activity: Add, name: str) -> None:
    activity_id = add_activity(lead="who")
    assert edit(enter(name), activity_id, title="New title").status_code == 302
    assert title_of(app, activity_id) == "New title"


def test_without_lead_any_of_its_entities_edits_all(app: Flask, enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity(lead=None, entities=("undp", "unicef"))
    assert edit(enter("undp"), activity_id, title="Ours").status_code == 302
    assert title_of(app, activity_id) == "Ours"


@pytest.mark.parametrize("new", ["undp", "unicef", ""])
def test_the_lead_passes_to_another_entity(app: Flask, enter: Enter, add_activity: Add, new: str) -> None:
    activity_id = add_activity(lead="who", entities=("undp",))
    others = [key for key in ("who", "undp", "unicef") if key != new]
    assert edit(enter("coordinator"), activity_id, lead=new, entities=others).status_code == 302
    leads = [key for key in ("who", "undp", "unicef") if part_of(app, activity_id, key).is_lead]
    assert leads == ([new] if new else [])
    back = edit(enter("coordinator"), activity_id, lead="who", entities=["undp", "unicef"])
    assert back.status_code == 302
    assert part_of(app, activity_id, "who").is_lead


def test_another_entity_edits_its_own_part_and_nothing_else(app: Flask, enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity(title="WHO's own", lead="who", entities=("undp", "unicef"))
    own, foreign = part_of(app, activity_id, "undp").entity_id, part_of(app, activity_id, "unicef").entity_id
    forged = {f"role-{own}": "Field offices.", f"role-{foreign}": "Not yours.", "title": "Stolen", "lead": "undp"}
    response = edit(enter("undp"), activity_id, **forged)
    assert response.status_code == 302
    assert part_of(app, activity_id, "undp").role == "Field offices."
    assert part_of(app, activity_id, "unicef").role == ""
    assert title_of(app, activity_id) == "WHO's own"
    assert part_of(app, activity_id, "who").is_lead


def test_an_ended_appointment_gives_nothing(app: Flask, enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity(lead="who")
    browser = enter("who")
    assert browser.get(f"/activities/{activity_id}/edit").status_code == 200
    with app.app_context():
        yesterday = today() - timedelta(days=1)
        db.session.execute(sa.update(Appointment).values(last_day=yesterday))
        db.session.commit()
    assert browser.get(f"/activities/{activity_id}/edit").status_code == 403
    assert browser.get("/activities/new").status_code == 403


@pytest.mark.both_databases
def test_an_entity_named_by_another_is_asked_and_may_decline(app: Flask, enter: Enter) -> None:
    made = enter("who").send("/activities/new", ACTIVITY | {"entities": ["undp"]})
    activity_id = int(made.location.split("/")[2].split("?")[0])
    assert part_of(app, activity_id, "who").participation is Participation.CONFIRMED
    undp_id = part_of(app, activity_id, "undp").entity_id
    undp = enter("undp")
    assert "Confirm or decline" in text_of(undp.get(f"/activities/{activity_id}"))
    assert "Joint" in text_of(undp.get(f"/activities/{activity_id}"))
    edit(undp, activity_id, **{f"participation-{undp_id}": "declined"})
    assert part_of(app, activity_id, "undp").participation is Participation.DECLINED
    with app.app_context():
        assert not db.session.get_one(Activity, activity_id).is_joint
    assert "No activity matches" in text_of(undp.get("/activities?entity=UNDP"))
    edit(undp, activity_id, **{f"participation-{undp_id}": "confirmed"})
    assert "Train laboratory staff" in text_of(undp.get("/activities?entity=UNDP"))


def test_a_sentence_too_long_is_refused_and_kept(app: Flask, enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity(lead="who", entities=("undp",))
    own = part_of(app, activity_id, "undp").entity_id
    response = edit(enter("undp"), activity_id, **{f"role-{own}": "x" * 1001})
    assert response.status_code == 422
    assert "x" * 1001 in response.text
    assert part_of(app, activity_id, "undp").role == ""


@pytest.mark.both_databases
def test_a_stale_save_shows_both_versions_and_loses_neither(app: Flask, enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity(title="As it was", lead="who")
    address = f"/activities/{activity_id}/edit"
    slow = enter("who")
    stale = slow.fields(address)
    edit(enter("coordinator"), activity_id, title="The coordinator's", results="Done.")
    response = slow.send(address, stale | {"title": "The focal point's"})
    assert response.status_code == 409
    page = text_of(response)
    assert "Clara Coordinator saved it" in page
    assert "The coordinator's The focal point's" in page
    assert title_of(app, activity_id) == "The coordinator's"
    assert 'value="The focal point&#39;s"' in response.text
    again = slow.fields(address) | {"title": "The focal point's"}
    assert slow.send(address, again).status_code == 302
    assert title_of(app, activity_id) == "The focal point's"


def test_a_forged_version_is_a_conflict(enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity(lead="who")
    for version in ("", "x", "0", "-1", "999999999999", "99"):
        assert edit(enter("who"), activity_id, title="Forged", version=version).status_code == 409


@pytest.mark.both_databases
def test_history_tells_who_was_and_is(app: Flask, enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity(title="Before", lead="who")
    who = enter("who")
    edit(who, activity_id, title="After", status="completed")
    page = text_of(who.get(f"/activities/{activity_id}/history"))
    assert "Farida Who · changed" in page
    assert "Title Before After" in page
    assert "Status ongoing completed" in page
    with app.app_context():
        change = db.session.scalars(sa.select(Change).order_by(Change.id.desc())).first()
        assert change is not None
        assert change.fields["title"] == ["Before", "After"]


def test_saving_without_a_change_writes_no_history(app: Flask, enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity(lead="who")
    assert edit(enter("who"), activity_id).status_code == 302
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Change)) == 1


def test_chapters_follow_recommendations_and_more_may_be_added(app: Flask, enter: Enter, add_activity: Add) -> None:
    activity_id = add_activity(lead="who")
    edit(enter("who"), activity_id, recommendations=["1(p)", "4(j)"], chapters=["4", "7"])
    with app.app_context():
        chapters = {c.chapter_number: c.by_hand for c in db.session.get_one(Activity, activity_id).chapters}
    assert chapters == {1: False, 4: False, 7: True}


def test_a_joint_activity_stands_under_each_entity_and_counts_once(enter: Enter, add_activity: Add) -> None:
    add_activity(title="Together", lead="who", entities=("undp", "dpo"))
    reader = enter("reader")
    for entity in ("WHO", "UNDP", "DPKO", "DPO"):
        assert "1 activity" in text_of(reader.get(f"/activities?entity={entity}"))
    assert "1 activity" in text_of(reader.get("/activities"))
    for word in ("dpko", "dpo", "peacekeeping"):
        assert "Together" in text_of(reader.get(f"/activities?q={word}"))
