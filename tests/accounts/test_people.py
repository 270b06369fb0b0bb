"""What administrators see and do with accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.accounts.links import make_link
from interagency.accounts.models import LinkPurpose, OneTimeLink, Person
from interagency.db.base import db
from interagency.db.history import AuditEntry
from interagency.matrix.organisations.models import Appointment, Organisation
from tests.helpers import Browser, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
NOW = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)


def number_of(app: Flask, name: str) -> int:
    with app.app_context():
        return db.session.scalars(sa.select(Person.id).where(Person.email == f"{name}@example.org")).one()


def acts(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(sa.select(AuditEntry.act).order_by(AuditEntry.id)))


def row_of(page: str, name: str) -> str:
    (row,) = html.fromstring(page).xpath(f"//tbody/tr[contains(., '{name}')]")
    return " ".join(row.text_content().split())


def write_link(app: Flask, name: str, purpose: LinkPurpose) -> str:
    with app.app_context():
        person = db.session.get_one(Person, number_of(app, name))
        address = make_link(db.session, person, purpose, base_url="", at=NOW, by=None)
        db.session.commit()
        return address


@pytest.mark.both_databases
def test_the_list_says_who_signed_in_when_and_which_links_are_open(app: Flask, enter: Enter) -> None:
    app.config["CLOCK"] = lambda: NOW
    enter("who")
    write_link(app, "undp", LinkPurpose.INVITATION)
    page = enter("admin").get("/people").text
    assert "5 Oct 2026, 10:00" in row_of(page, "Farida Who")
    assert "invitation open until 12 Oct 2026, 10:00" in row_of(page, "Felix Undp")
    assert "never" in row_of(page, "Felix Undp")


def test_an_open_link_is_revoked_and_written_again(app: Flask, enter: Enter) -> None:
    app.config["CLOCK"] = lambda: NOW
    address = write_link(app, "who", LinkPurpose.RESET)
    admin, where = enter("admin"), f"/people/{number_of(app, 'who')}"
    (link,) = html.fromstring(admin.get(where).text).xpath("//input[@name='link']/@value")
    assert enter(None).get(address).status_code == 200
    assert admin.send(where, {"act": "revoke", "link": link}).status_code == 302
    assert enter(None).get(address).status_code == 404
    assert "link.revoked" in acts(app)
    again = admin.send(where, {"act": "revoke", "link": link})
    assert again.status_code == 422
    assert "has ended already" in text_of(again)
    admin.send(where, {"act": "reset"})
    assert "open until 6 Oct 2026" in text_of(admin.get(where))


@pytest.mark.parametrize("link", ["0", "x", "", "99999999999999999999", "-1"])
def test_a_link_that_is_none_is_refused_in_words(enter_sqlite: Enter, sqlite_app: Flask, link: str) -> None:
    where = f"/people/{number_of(sqlite_app, 'who')}"
    assert enter_sqlite("admin").send(where, {"act": "revoke", "link": link}).status_code == 422


def test_the_link_of_another_person_is_not_revoked_here(app: Flask, enter: Enter) -> None:
    app.config["CLOCK"] = lambda: NOW
    write_link(app, "undp", LinkPurpose.RESET)
    with app.app_context():
        link = db.session.scalars(sa.select(OneTimeLink.id)).one()
    where = f"/people/{number_of(app, 'who')}"
    assert enter("admin").send(where, {"act": "revoke", "link": str(link)}).status_code == 422
    with app.app_context():
        assert db.session.scalars(sa.select(OneTimeLink.revoked_at)).one() is None


def test_an_appointment_that_has_not_begun_is_shown_and_taken_back(app: Flask, enter: Enter) -> None:
    app.config["CLOCK"] = lambda: NOW
    admin, number = enter("admin"), number_of(app, "reader")
    where = f"/people/{number}"
    admin.send(where, {"act": "appoint", "entity": "unicef", "first": "1 January 2027"})
    assert "UNICEF from 1 Jan 2027" in row_of(admin.get("/people").text, "Rui Reader")
    page = admin.get(where)
    assert "Take the appointment to UNICEF back" in text_of(page)
    (appointment,) = html.fromstring(page.text).xpath("//input[@name='appointment']/@value")
    assert admin.send(where, {"act": "end", "appointment": appointment}).status_code == 302
    assert "Of no entity" in text_of(admin.get(where))
    with app.app_context():
        assert db.session.get(Appointment, int(appointment)) is None
    assert "appointment.taken_back" in acts(app)


def test_nobody_makes_themselves_speak_for_an_entity(app: Flask, enter: Enter) -> None:
    app.config["CLOCK"] = lambda: NOW
    admin, where = enter("admin"), f"/people/{number_of(app, 'admin')}"
    typed = {"act": "appoint", "entity": "unicef", "first": "1 January 2027"}
    refused = admin.send(where, typed)
    assert refused.status_code == 422
    form = html.fromstring(refused.text).xpath("//form[.//input[@name='first']]")[0]
    assert "Ask another coordinator or administrator" in form.text_content()
    assert form.xpath("string(.//input[@name='first']/@value)") == typed["first"]
    assert "appointment.made" not in acts(app)


def test_nobody_prolongs_their_own_appointment(app: Flask, enter: Enter) -> None:
    app.config["CLOCK"] = lambda: NOW
    number = number_of(app, "admin")
    with app.app_context():
        entity = db.session.scalars(sa.select(Organisation).where(Organisation.key == "unicef")).one()
        made = Appointment(person_id=number, entity_id=entity.id, first_day=NOW.date(), last_day=NOW.date())
        db.session.add(made)
        db.session.commit()
        typed = {"act": "end", "appointment": str(made.id)}
    admin, where = enter("admin"), f"/people/{number}"
    longer = admin.send(where, {**typed, "last": "31 December 2027"})
    assert longer.status_code == 422
    assert "Ask another coordinator or administrator" in text_of(longer)
    assert admin.send(where, {**typed, "last": "5 October 2026"}).status_code == 302


def test_a_refusal_stands_where_it_was_typed_with_what_was_typed(app: Flask, enter: Enter) -> None:
    admin, where = enter("admin"), f"/people/{number_of(app, 'reader')}"
    typed = {"act": "appoint", "entity": "unicef", "first": "1 May 2030", "last": "1 May 2029"}
    refused = admin.send(where, typed)
    assert refused.status_code == 422
    form = html.fromstring(refused.text).xpath("//form[.//input[@name='first']]")[0]
    assert "The last day lies before the first" in form.text_content()
    assert {name: value for name, value in form.form_values() if name in typed} == {
        name: value for name, value in typed.items() if name != "act"
    }


def test_a_refused_invitation_keeps_role_and_entity_too(enter: Enter) -> None:
    typed = {"email": "no address", "name": "Nadia", "role": "coordinator", "entity": "unicef"}
    refused = enter("admin").send("/people", typed)
    assert refused.status_code == 422
    form = html.fromstring(refused.text).xpath("//form[.//input[@name='email']]")[0]
    assert {name: value for name, value in form.form_values() if name in typed} == typed


def test_disabling_ends_the_session_and_enabling_asks_to_sign_in_again(app: Flask, enter: Enter) -> None:
    admin, who, where = enter("admin"), enter("who"), f"/people/{number_of(app, 'who')}"
    admin.send(where, {"act": "disable"})
    assert who.get("/account").status_code == 302
    admin.send(where, {"act": "enable"})
    assert who.get("/account").status_code == 302
    assert who.sign_in("who@example.org").status_code == 302


@pytest.mark.both_databases
def test_a_role_is_changed_at_once(app: Flask, enter: Enter) -> None:
    admin, reader, where = enter("admin"), enter("reader"), f"/people/{number_of(app, 'reader')}"
    assert reader.get("/cycles").status_code == 403
    admin.send(where, {"act": "role", "role": "coordinator"})
    assert reader.get("/cycles").status_code == 200
    admin.send(where, {"act": "role", "role": "reader"})
    assert reader.get("/cycles").status_code == 403
    assert acts(app).count("account.role") == 2


@pytest.mark.both_databases
def test_old_rows_of_sessions_go_when_a_person_signs_in(app: Flask, enter: Enter) -> None:
    app.config["CLOCK"] = lambda: NOW - timedelta(days=91)
    enter("who")
    app.config["CLOCK"] = lambda: NOW
    enter("who")
    with app.app_context():
        assert db.session.scalar(sa.text("SELECT count(*) FROM sign_in")) == 1


def test_there_is_no_page_of_nobody(enter_sqlite: Enter) -> None:
    admin = enter_sqlite("admin")
    for number in ("0", "999", "99999999999999999999"):
        assert admin.get(f"/people/{number}").status_code == 404
