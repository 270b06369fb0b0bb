"""Records of the Commission and other bodies, which name no UN entity: coordinators agree to them (rule 20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.calendar.events.models import Event
from interagency.db.base import db
from interagency.matrix.activities.record import create_activity
from interagency.matrix.agreement.gate import through_the_gate
from interagency.matrix.agreement.models import Agreement
from interagency.matrix.cycles.contents import gather
from interagency.matrix.organisations.queries import Directory
from tests.exports.external.test_external import DAY, agree, close, handed_out
from tests.helpers import EVENT, Browser, activity_draft, choices, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]


def add(app: Flask, title: str, partners: tuple[str, ...] = ("cnd",), lead: str | None = None) -> int:
    with app.app_context():
        directory = Directory(db.session)
        draft = activity_draft(
            title=title,
            lead=directory.find(lead) if lead else None,
            partners=[directory.find(key) for key in partners],
        )
        number = create_activity(db.session, draft, by=None, by_name="test").id
        db.session.commit()
        return number


def passing(app: Flask, **changed: Any) -> set[str]:
    """The titles that may leave to the Commission, of the records as they stand with some names `changed`."""
    with app.app_context():
        contents = gather(db.session, DAY)
        passed = through_the_gate(db.session, contents | changed, "commission", DAY)
        return {entry["facts"]["title"] for entry in [*passed.activities, *passed.events]}


@pytest.mark.both_databases
def test_a_coordinator_agrees_for_a_body_by_default_and_for_one_record(app: Flask, enter: Enter) -> None:
    first, second = add(app, "Resolution"), add(app, "Together", ("cnd", "ceb"))
    coordinator = enter("coordinator")
    page = text_of(coordinator.get(f"/activities/{first}"))
    assert "awaiting CND" in page
    assert "CND says" in page
    assert agree(coordinator, entity="cnd").status_code == 302
    assert "shared: all agreed" in text_of(coordinator.get(f"/activities/{first}"))
    assert "agreed: CND awaiting CEB" in text_of(coordinator.get(f"/activities/{second}"))
    assert passing(app) == {"Resolution"}
    assert agree(coordinator, activity=str(second), entity="ceb", beyond="yes").status_code == 302
    assert passing(app) == {"Resolution", "Together"}
    assert agree(coordinator, activity=str(first), entity="cnd", decision="refused").status_code == 302
    assert passing(app) == {"Together"}
    log = text_of(coordinator.get("/agreement?entity=cnd"))
    assert "Clara" in log
    assert "commission, refused" in log
    assert "Resolution" in log


def test_nobody_else_speaks_for_a_body(app: Flask, enter: Enter) -> None:
    number = add(app, "Resolution")
    for name in ("who", "reader", "admin"):
        browser = enter(name)
        assert "CND says" not in text_of(browser.get(f"/activities/{number}"))
        assert agree(browser, activity=str(number), entity="cnd").status_code == 403
        assert agree(browser, entity="cnd").status_code == 403
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Agreement)) == 0


def test_a_coordinator_speaks_for_no_entity_and_for_no_unit_of_one(app: Flask, enter: Enter) -> None:
    ours, unit = add(app, "Ours", lead="who"), add(app, "Of a unit", ("undp_afg",))
    coordinator = enter("coordinator")
    for number, key in ((ours, "who"), (ours, "cnd"), (unit, "undp_afg")):
        assert agree(coordinator, activity=str(number), entity=key).status_code == 403
    for key in ("who", "undp_afg", "interpol"):
        assert agree(coordinator, entity=key).status_code == 403
    assert "no UN entity or body is named" in text_of(coordinator.get(f"/activities/{unit}"))


def test_beside_an_entity_a_body_is_not_asked(app: Flask, enter: Enter) -> None:
    number = add(app, "Ours", lead="who")
    assert agree(enter("who")).status_code == 302
    assert agree(enter("coordinator"), entity="cnd", decision="refused").status_code == 302
    assert passing(app) == {"Ours"}
    assert "CND" not in text_of(enter("reader").get(f"/activities/{number}")).partition("Sharing")[2][:300]


def test_a_body_that_stands_beside_an_entity_among_partners_agrees_to_nothing(app: Flask, enter: Enter) -> None:
    """An entity that takes part no more, or became one since, is not passed over."""
    add(app, "Resolution", ("cnd", "incb"))
    assert agree(enter("coordinator"), entity="cnd").status_code == 302
    assert passing(app) == set()


@pytest.mark.both_databases
def test_an_event_of_a_body_is_agreed_to_and_what_is_internal_stays_inside(app: Flask, enter: Enter) -> None:
    coordinator = enter("coordinator")
    for title in ("Open", "Internal"):
        sent = EVENT | {"title": title, "organisers": ["cnd"], "shareable": "y", "duplicates": "distinct"}
        assert coordinator.send("/events/new", sent).status_code == 302
    with app.app_context():
        db.session.execute(sa.update(Event).values(shareable=Event.title == "Open"))
        numbers = dict(db.session.execute(sa.select(Event.title, Event.id)).all())
        db.session.commit()
    assert "awaiting CND" in text_of(coordinator.get(f"/events/{numbers['Open']}"))
    for title, number in numbers.items():
        values = choices("commission", "agreed", entity="cnd", beyond="yes")
        assert coordinator.send(f"/events/{number}/agreement", values).status_code == 302, title
        assert enter("who").send(f"/events/{number}/agreement", values).status_code == 403
    assert passing(app) == {"Open"}
    assert "internal: shared with nobody" in text_of(coordinator.get(f"/events/{numbers['Internal']}"))


def test_an_edition_that_does_not_tell_bodies_keeps_their_records_inside(app: Flask, enter: Enter) -> None:
    add(app, "Resolution")
    agree(enter("coordinator"), entity="cnd")
    with app.app_context():
        names = gather(db.session, DAY)["organisations"]
    older = {key: {name: one[name] for name in one if name != "is_body"} for key, one in names.items()}
    assert passing(app) == {"Resolution"}
    assert passing(app, organisations=older) == set()


def test_what_waits_for_a_body_stands_on_the_pages_that_tell_it(app: Flask, enter: Enter) -> None:
    add(app, "Resolution")
    with app.app_context():
        close()
        db.session.close()
    coordinator = enter("coordinator")
    page = text_of(coordinator.get("/agreement/waiting?audience=commission"))
    assert "Awaiting CND 1" in page
    assert "It has no focal points: a coordinator says what may be shared. What CND shares" in page
    assert "Nobody is focal point of CND" not in page
    assert "by mail" not in page
    assert "Resolution activity awaiting CND" in text_of(coordinator.get("/editions/2026-08/hand-out"))
    home = text_of(coordinator.get("/"))
    assert "CND 1" in home
    agree(coordinator, entity="cnd")
    assert "Nothing is withheld" in text_of(coordinator.get("/agreement/waiting?audience=commission"))
    outside = enter(None)
    address = handed_out(coordinator)
    assert "Resolution" in outside.get(address).text
    agree(coordinator, entity="cnd", decision="refused")
    assert "Refused by CND 1" in text_of(coordinator.get("/agreement/waiting?audience=commission"))
    assert "Resolution" in outside.get(address).text, "what was handed out stands"
    assert "Resolution" not in outside.get(handed_out(coordinator, recipient="again")).text
