"""Invitations, forgotten passwords, and what administrators do with accounts."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.accounts import link_views
from interagency.accounts.links import invite, make_link
from interagency.accounts.models import LinkPurpose, OneTimeLink, Person, Role
from interagency.accounts.passwords import problem_with
from interagency.db.base import db, now
from interagency.db.history import AuditEntry
from interagency.mail.models import OutboxMessage
from interagency.matrix.organisations.models import Appointment
from tests.helpers import PASSWORD, Browser, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
NEW = "seven quiet rivers bend"
BOTH = {"password": NEW, "again": NEW}


def link_for(app: Flask, email: str, purpose: LinkPurpose = LinkPurpose.RESET) -> str:
    with app.app_context():
        person = db.session.scalars(sa.select(Person).where(Person.email == email)).one()
        address = make_link(db.session, person, purpose, base_url="", at=now(), by=None)
        db.session.commit()
        return address


@pytest.mark.both_databases
def test_an_invitation_works_once(app: Flask, enter: Enter) -> None:
    with app.app_context():
        _person, address = invite(
            db.session, " New@Example.org ", "Nadia New", Role.READER, base_url="", at=now(), by=None
        )
        db.session.commit()
        mail = db.session.scalars(sa.select(OutboxMessage)).one()
        assert address in mail.text
        assert db.session.scalars(sa.select(OneTimeLink.token_hash)).one() not in address
    somebody = enter(None)
    assert "Nadia New" in text_of(somebody.get(address))
    assert somebody.send(address, BOTH).location == "/sign-in"
    assert somebody.get(address).status_code == 404
    assert "This link has ended" in text_of(somebody.get(address))
    assert somebody.sign_in("new@example.org", NEW).status_code == 302


@pytest.mark.both_databases
def test_a_link_opened_by_two_at_once_sets_one_password(app: Flask) -> None:
    address = link_for(app, "who@example.org")
    browsers = [Browser(app.test_client()) for _ in range(4)]
    forms = [
        {"csrf_token": browser.token(address), "password": f"{NEW} {n}", "again": f"{NEW} {n}"}
        for n, browser in enumerate(browsers)
    ]
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(one.client.post, address, data=form) for one, form in zip(browsers, forms, strict=True)]
        answers = [one.result().status_code for one in sent]
    assert sorted(answers) == [302, 404, 404, 404]
    chosen = answers.index(302)
    opens = [Browser(app.test_client()).sign_in("who@example.org", f"{NEW} {n}").status_code for n in range(4)]
    assert [code == 302 for code in opens] == [n == chosen for n in range(4)]


def test_a_newer_link_ends_the_older_and_links_end_by_time_and_disabling(app: Flask, enter: Enter) -> None:
    old, new = link_for(app, "who@example.org"), link_for(app, "who@example.org")
    somebody = enter(None)
    assert somebody.get(old).status_code == 404
    assert somebody.get(new).status_code == 200
    assert somebody.get(new.replace("/resets/", "/invitations/")).status_code == 404
    with app.app_context():
        db.session.execute(sa.update(OneTimeLink).values(expires_at=now() - timedelta(seconds=1)))
        db.session.commit()
    assert somebody.get(new).status_code == 404
    last = link_for(app, "who@example.org")
    with app.app_context():
        db.session.execute(sa.update(Person).where(Person.email == "who@example.org").values(disabled_at=now()))
        db.session.commit()
    assert somebody.get(last).status_code == 404


def test_a_new_password_ends_all_sessions(app: Flask, enter: Enter) -> None:
    who = enter("who")
    assert who.get("/account").status_code == 200
    enter(None).send(link_for(app, "who@example.org"), BOTH)
    assert who.get("/account").status_code == 302
    assert enter(None).sign_in("who@example.org", PASSWORD).status_code == 422


def test_a_forgotten_password_answers_the_same_for_everybody(app: Flask, enter: Enter) -> None:
    somebody = enter(None)
    pages = []
    for email in ("who@example.org", "nobody@example.org", "", "x" * 300):
        somebody.send("/forgotten", {"email": email})
        pages.append(re.sub(r'name="csrf_token"[^>]*', "", somebody.get("/sign-in").text))
    assert len(set(pages)) == 1
    with app.app_context():
        assert [mail.to_address for mail in db.session.scalars(sa.select(OutboxMessage))] == ["who@example.org"]


def test_a_forgotten_password_takes_as_long_for_everybody(
    sqlite_app: Flask, enter_sqlite: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_views, "ANSWER_AFTER_SECONDS", 1.5)
    somebody = enter_sqlite(None)
    for email in ("who@example.org", "nobody@example.org", "a@b\x00"):
        data = {"email": email, "csrf_token": somebody.token("/forgotten")}
        begun = time.monotonic()
        assert somebody.client.post("/forgotten", data=data).status_code == 302
        assert time.monotonic() - begun >= 1.5
    with sqlite_app.app_context():
        entries = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.act.like("link.%")))
        assert [entry.by_name for entry in entries] == ["nobody"] * 3


def test_asking_is_limited_per_account(counting: Flask) -> None:
    browser = Browser(counting.test_client())
    for email in ("who@example.org", "nobody@example.org"):
        answers = [browser.send("/forgotten", {"email": email}).status_code for _ in range(4)]
        assert answers == [302, 302, 302, 429]


def test_a_chosen_password_ends_every_other_link(app: Flask, enter: Enter) -> None:
    invitation = link_for(app, "who@example.org", LinkPurpose.INVITATION)
    reset = link_for(app, "who@example.org")
    somebody = enter(None)
    assert somebody.get(invitation).status_code == 200
    assert somebody.send(reset, BOTH).status_code == 302
    assert somebody.get(invitation).status_code == 404


def test_ones_own_password_is_changed_with_the_old_one(app: Flask, enter: Enter) -> None:
    who, elsewhere = enter("who"), enter("who")
    wrong = who.send("/account/password", {"current": "wrong"} | BOTH, at="/account")
    assert "not right" in text_of(who.get(wrong.location))
    who.send("/account/password", {"current": PASSWORD, "password": NEW, "again": "other"}, at="/account")
    assert elsewhere.get("/account").status_code == 200
    assert who.send("/account/password", {"current": PASSWORD} | BOTH, at="/account").location == "/sign-in"
    assert elsewhere.get("/account").status_code == 302
    assert enter(None).sign_in("who@example.org", NEW).status_code == 302


@pytest.mark.parametrize(
    ("password", "fine"),
    [
        ("short", False),
        ("x" * 1001, False),
        ("aaaaaaaaaaaaaaaa", False),
        ("1234567890123", False),
        ("passwordpassword", False),
        ("abcdefghijklmnop", False),
        ("qwertzuiop4321", False),
        ("qwerty and other letters", True),
        ("lalelilolu lalelilolu", True),
        ("unbelievable", False),
        ("Unbelievable1!", False),
        ("farida.who@example.org", False),
        ("interagency1", False),
        ("seven quiet rivers bend", True),
        ("سبعة أنهار هادئة", True),
    ],
)
def test_length_before_rules_and_not_the_first_that_is_tried(sqlite_app: Flask, password: str, fine: bool) -> None:
    with sqlite_app.test_request_context():
        problem = problem_with(password, email="farida.who@example.org", name="Farida Who")
    assert (problem == "") is fine, problem


@pytest.mark.parametrize(
    "password",
    [
        "a long one of more than sixty-four signs, which a person may well type or keep somewhere safe",
        "  blanks at both ends, Grüße 密码 🔑  ",
        "x9" * 20 + "seven quiet rivers bend" * 30,
    ],
)
def test_a_password_is_taken_and_asked_for_exactly_as_it_was_typed(app: Flask, enter: Enter, password: str) -> None:
    address = link_for(app, "who@example.org")
    assert enter(None).send(address, {"password": password, "again": password}).status_code == 302
    for other in (password[:-1], password[:72], password.swapcase(), password.strip() + " "):
        if other != password:
            assert enter(None).sign_in("who@example.org", other).status_code == 422
    assert enter(None).sign_in("who@example.org", password).status_code == 302


def test_a_password_that_cannot_be_taken_says_why_and_the_link_stays(app: Flask, enter: Enter) -> None:
    address = link_for(app, "who@example.org")
    somebody = enter(None)
    for values in ({"password": "short", "again": "short"}, {"password": NEW, "again": "other words here"}):
        refused = somebody.send(address, values)
        assert refused.status_code == 422
        assert "Not set yet" in text_of(refused)
    assert somebody.send(address, BOTH).status_code == 302


@pytest.mark.both_databases
def test_an_administrator_invites_appoints_ends_and_disables(app: Flask, enter: Enter) -> None:
    admin = enter("admin")
    form = {"email": "nadia@example.org", "name": "Nadia New", "role": "reader", "entity": "unicef"}
    assert admin.send("/people", form).status_code == 302
    page = text_of(admin.get("/people"))
    assert "Nadia New" in page
    assert "UNICEF since" in page
    assert "invited, no password yet" in page
    with app.app_context():
        person = db.session.scalars(sa.select(Person).where(Person.email == "nadia@example.org")).one()
        appointment = db.session.scalars(sa.select(Appointment).where(Appointment.person_id == person.id)).one()
        where, running = f"/people/{person.id}", str(appointment.id)
    for values, code in (
        ({"act": "role", "role": "coordinator"}, 302),
        ({"act": "role", "role": "emperor"}, 422),
        ({"act": "appoint", "entity": "who", "first": "1 January 2030", "last": "1 January 2029"}, 422),
        ({"act": "appoint", "entity": "nobody"}, 422),
        ({"act": "appoint", "entity": "who", "last": "1 January 2040"}, 302),
        ({"act": "end", "appointment": running, "last": "2027"}, 422),
        ({"act": "end", "appointment": running}, 302),
        ({"act": "end", "appointment": "999"}, 422),
        ({"act": "end", "appointment": "99999999999999999999"}, 422),
        ({"act": "role", "role": "emperor"}, 422),
        ({"act": "dance"}, 422),
        ({"act": "disable"}, 302),
        ({"act": "enable"}, 302),
    ):
        assert admin.send(where, values, at="/people").status_code == code, values
    with app.app_context():
        person = db.session.scalars(sa.select(Person).where(Person.email == "nadia@example.org")).one()
        assert person.role is Role.COORDINATOR
        assert db.session.get_one(Appointment, int(running)).last_day is not None
        acts = set(db.session.scalars(sa.select(AuditEntry.act)))
    assert {"account.role", "appointment.made", "appointment.ended", "account.disabled"} <= acts


def test_an_administrator_does_not_lock_everybody_out(app: Flask, enter: Enter) -> None:
    admin = enter("admin")
    with app.app_context():
        own = db.session.scalar(sa.select(Person.id).where(Person.email == "admin@example.org"))
    for act in ("disable", "role"):
        assert admin.send(f"/people/{own}", {"act": act, "role": "reader"}, at="/people").status_code == 422
    assert admin.get("/people").status_code == 200


@pytest.mark.parametrize("email", ["", "no address", "a@b\nBcc: x@y", "<a@b>"])
def test_what_is_no_address_is_not_invited(sqlite_app: Flask, enter_sqlite: Enter, email: str) -> None:
    refused = enter_sqlite("admin").send("/people", {"email": email, "name": "X", "role": "reader"})
    assert refused.status_code == 422
    with sqlite_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 5


@pytest.mark.parametrize("name", ["who", "coordinator", "reader"])
def test_others_see_no_accounts(sqlite_app: Flask, enter_sqlite: Enter, name: str) -> None:
    browser = enter_sqlite(name)
    assert browser.get("/people").status_code == 403
    assert browser.send("/people/1", {"act": "disable"}, at="/account").status_code == 403


def test_an_appointment_that_begins_tomorrow_gives_nothing_today(app: Flask, enter: Enter) -> None:
    with app.app_context():
        db.session.execute(sa.update(Appointment).values(first_day=date.today() + timedelta(days=2)))
        db.session.commit()
    assert enter("who").get("/activities/new").status_code == 403
