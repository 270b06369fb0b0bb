"""Coming in: the same answer for everybody who may not, and no way to another host."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import VerifyMismatchError
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from interagency.accounts import models
from interagency.accounts.models import Person
from interagency.db.base import db, now
from interagency.db.history import AuditEntry
from interagency.mail.models import OutboxMessage
from interagency.web.headers import HEADERS
from tests.conftest import REAL_HASHER
from tests.helpers import PASSWORD, Browser, errors_of, statements_seen, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]


def test_the_right_password_opens(enter: Enter) -> None:
    page = enter("who").get("/")
    assert page.status_code == 200
    assert "For WHO" in text_of(page)


@pytest.mark.parametrize(("email", "password"), [("who@example.org", "wrong"), ("nobody@example.org", PASSWORD)])
@pytest.mark.both_databases
def test_an_unknown_account_and_a_wrong_password_get_the_same_answer(enter: Enter, email: str, password: str) -> None:
    response = enter(None).sign_in(email, password)
    assert response.status_code == 422
    assert errors_of(response) == ["Address and password do not match an account. Check both and try again."]


def test_a_password_is_kept_so_that_guessing_costs() -> None:
    """OWASP's least for argon2id: 19 MiB, two rounds, one lane."""
    kept = extract_parameters(REAL_HASHER.hash(PASSWORD))
    assert kept.type is Type.ID
    assert kept.memory_cost >= 19 * 1024
    assert kept.time_cost >= 2


def test_nobodys_hash_costs_what_a_persons_does_and_opens_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "hasher", REAL_HASHER)
    nobodys = models.nobodys_hash()
    assert extract_parameters(nobodys) == extract_parameters(REAL_HASHER.hash(PASSWORD))
    with pytest.raises(VerifyMismatchError):  # compared to the end, not refused for its form
        REAL_HASHER.verify(nobodys, PASSWORD)
    assert nobodys != models.nobodys_hash()


@pytest.mark.both_databases
def test_no_answer_to_a_refused_sign_in_costs_more_than_another(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Timing: an account that is unknown, disabled or has no password yet is told from a wrong password by nothing."""
    with app.app_context():
        for email, column, value in (("undp", "disabled_at", now()), ("reader", "password_hash", None)):
            chosen = Person.email == f"{email}@example.org"
            db.session.execute(sa.update(Person).where(chosen).values({column: value}))
        db.session.commit()
    verified: list[str] = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, kept: str, password: str) -> bool:
        verified.append(kept.rsplit("$", 2)[0])  # kind and cost of the hash, without salt and sum
        return verify(hasher, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    costs = []
    for email, password in (
        ("who@example.org", "wrong"),
        ("nobody@example.org", PASSWORD),
        ("undp@example.org", PASSWORD),
        ("undp@example.org", "wrong"),
        ("reader@example.org", PASSWORD),
        ("a@b\x00", PASSWORD),
    ):
        browser = Browser(app.test_client())
        data = {"email": email, "password": password, "csrf_token": browser.token("/sign-in")}
        verified.clear()
        with statements_seen(app) as seen:
            assert browser.client.post("/sign-in", data=data).status_code == 422
        kinds = [one.split(" ", 1)[0] for one in seen]
        costs.append((email, list(verified), [one for one in kinds if one in ("SELECT", "INSERT", "UPDATE")]))
    assert {len(checked) for _email, checked, _statements in costs} == {1}
    assert len({checked[0] for _email, checked, _statements in costs}) == 1
    assert all(statements == costs[0][2] for email, _checked, statements in costs if "\x00" not in email)


def test_no_mail_names_the_host_somebody_else_wrote(app: Flask, enter: Enter) -> None:
    nobody = enter(None)
    data = {"email": "who@example.org", "csrf_token": nobody.token("/forgotten")}
    assert nobody.client.post("/forgotten", base_url="http://evil.example", data=data).status_code == 400
    nobody.client.post("/forgotten", data=data, headers={"X-Forwarded-Host": "evil.example"})
    with app.app_context():
        text = db.session.scalars(sa.select(OutboxMessage.text)).one()
    assert "http://localhost/resets/" in text
    assert "evil" not in text


@pytest.mark.parametrize(
    "address", ["/sign-in", "/forgotten", "/resets/x", "/invitations/x", "/account", "/sign-in/code"]
)
def test_no_page_of_accounts_is_kept_by_a_browser_or_a_proxy(enter_sqlite: Enter, address: str) -> None:
    headers = enter_sqlite("who").get(address).headers
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Referrer-Policy"] == "same-origin"


def test_guessing_the_password_in_an_open_session_is_slowed_down(counting: Flask) -> None:
    browser = Browser(counting.test_client())
    browser.sign_in("who@example.org")
    token = browser.token("/account")
    values = {"current": "guess", "password": "x", "again": "x", "csrf_token": token}
    answers = [browser.client.post("/account/password", data=values).status_code for _ in range(11)]
    assert answers == [302] * 10 + [429]


def test_a_disabled_account_is_closed_at_once(app: Flask, enter: Enter) -> None:
    browser = enter("who")
    with app.app_context():
        db.session.execute(sa.update(Person).where(Person.email == "who@example.org").values(disabled_at=now()))
        db.session.commit()
    assert browser.get("/activities").status_code == 302
    assert enter(None).sign_in("who@example.org").status_code == 422


def test_a_new_password_ends_all_sessions(app: Flask, enter: Enter) -> None:
    browser = enter("who")
    with app.app_context():
        person = db.session.scalars(sa.select(Person).where(Person.email == "who@example.org")).one()
        person.set_password("another long password")
        db.session.commit()
    assert browser.get("/activities").status_code == 302


def test_after_signing_in_one_lands_where_one_wanted_to_go(enter: Enter) -> None:
    browser = enter(None)
    wanted = browser.get("/activities?chapter=1").location
    response = browser.send(wanted, {"email": "who@example.org", "password": PASSWORD})
    assert response.location == "/activities?chapter=1"


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/a\nb"]
)
def test_never_to_another_host(enter: Enter, target: str) -> None:
    browser = enter(None)
    data = {"email": "who@example.org", "password": PASSWORD, "csrf_token": browser.token("/sign-in")}
    response = browser.client.post("/sign-in", query_string={"next": target}, data=data)
    assert response.location == "/start"


def test_who_opened_the_bare_address_begins_where_signing_in_leads(enter: Enter) -> None:
    browser = enter(None)
    asked = browser.get("/")
    assert asked.status_code == 302
    data = {"email": "who@example.org", "password": PASSWORD, "csrf_token": browser.token("/sign-in")}
    assert browser.client.post(asked.location, data=data).location == "/start"


def test_signing_out_ends_the_session(enter: Enter) -> None:
    browser = enter("who")
    browser.send("/sign-out", at="/")
    assert browser.get("/activities").status_code == 302


def test_an_act_without_token_is_refused_with_what_to_do(enter: Enter) -> None:
    response = enter("who").client.post("/activities/new", data={"title": "x"})
    assert response.status_code == 400
    assert "reload the page" in text_of(response)


@pytest.mark.both_databases
def test_sign_ins_and_refusals_are_kept(app: Flask, enter: Enter) -> None:
    enter("who")
    enter(None).sign_in("who@example.org", "wrong")
    with app.app_context():
        acts = list(db.session.scalars(sa.select(AuditEntry.act).order_by(AuditEntry.id)))
    assert acts == ["sign_in", "sign_in.refused"]


def test_every_page_carries_the_headers(enter_sqlite: Enter) -> None:
    for address in ("/sign-in", "/", "/nowhere", "/healthz"):
        response = enter_sqlite("who").get(address)
        for name, value in HEADERS.items():
            assert response.headers[name] == value, address
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        cookie = response.headers.get("Set-Cookie", "HttpOnly; SameSite=Lax")
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_the_zone_of_the_reader_is_kept_and_shown(enter: Enter) -> None:
    browser = enter("who")
    browser.send("/account", {"timezone": "Asia/Kathmandu"})
    assert "Times are shown in Asia/Kathmandu" in text_of(browser.get("/"))
    assert browser.send("/account", {"timezone": "Mars/Olympus"}).status_code == 400


def test_guessing_is_slowed_down(counting: Flask) -> None:
    browser = Browser(counting.test_client())
    answers = [browser.sign_in("who@example.org", "wrong").status_code for _ in range(12)]
    assert answers[:10] == [422] * 10
    assert answers[-1] == 429
    assert "wait a minute" in text_of(browser.sign_in("who@example.org", "wrong"))


def lock_out(app: Flask, email: str) -> None:
    """As somebody elsewhere who knows the address, until nothing more is looked at."""
    attacker = Browser(app.test_client())
    token = attacker.token("/sign-in")
    data = {"email": email, "password": "guess", "csrf_token": token}
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    for _ in range(40):  # the window of a minute may turn meanwhile
        if attacker.client.post("/sign-in", data=data, environ_overrides=elsewhere).status_code == 429:
            return
    pytest.fail("never limited")


def test_who_signed_in_here_before_is_not_kept_out_by_somebody_elsewhere(counting: Flask) -> None:
    owner, new = Browser(counting.test_client()), Browser(counting.test_client())
    assert owner.sign_in("who@example.org").status_code == 302
    owner.send("/sign-out", at="/account")
    lock_out(counting, "who@example.org")
    assert new.sign_in("who@example.org").status_code == 429
    assert owner.sign_in(" WHO@example.org").status_code == 302


def test_a_device_opens_nothing_and_has_its_own_limit(counting: Flask) -> None:
    owner = Browser(counting.test_client())
    owner.sign_in("who@example.org")
    owner.send("/sign-out", at="/account")
    assert owner.get("/activities").status_code == 302
    lock_out(counting, "who@example.org")
    answers = [owner.sign_in("who@example.org", "guess").status_code for _ in range(21)]
    assert answers[:10] == [422] * 10
    assert 429 in answers


@pytest.mark.parametrize("change", ["another account", "forged", "of another service", "garbage"])
def test_only_its_own_cookie_makes_a_device(counting: Flask, change: str) -> None:
    client = counting.test_client()
    Browser(client).sign_in("undp@example.org" if change == "another account" else "who@example.org")
    cookie = client.get_cookie("device")
    assert cookie is not None
    value = {
        "another account": cookie.value,
        "forged": ("A" if cookie.value[0] != "A" else "B") + cookie.value[1:],
        "of another service": URLSafeTimedSerializer("another secret", salt="device").dumps(["x", "y"]),
        "garbage": "é;\x7f" * 30,
    }[change]
    other = Browser(counting.test_client())
    other.client.set_cookie("device", value)
    lock_out(counting, "who@example.org")
    assert other.sign_in("who@example.org").status_code == 429
