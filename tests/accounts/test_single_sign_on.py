"""Single sign-on against a real provider on loopback: only who was invited, told in words when not."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import oidc_provider_mock
import pyotp
import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from lxml import html
from oidc_provider_mock import User
from werkzeug.serving import make_server

from interagency.accounts.links import make_link
from interagency.accounts.models import LinkPurpose, OneTimeLink, Person, SignIn
from interagency.accounts.second_factor import confirm, start, to_show
from interagency.accounts.single_sign_on import client, identity_from_claims
from interagency.db.base import db, now
from interagency.db.history import AuditEntry
from tests.conftest import close, make_app, make_settings
from tests.helpers import PASSWORD, Browser, text_of

# The provider that plays the other side uses parts of Authlib that are on their way out.
pytestmark = [
    pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning"),
]
WHO = "who@example.org"
AWAY = "/sign-in/organisation"
USERS = (
    User(sub="who-1", claims={"email": "Who@Example.org", "email_verified": True}),
    User(sub="who-2", claims={"email": WHO, "email_verified": True}),
    User(sub="text", claims={"email": WHO, "email_verified": "true"}),
    User(sub="unverified", claims={"email": WHO, "email_verified": False}),
    User(sub="unsaid", claims={"email": WHO}),
    User(sub="nameless", claims={}),
    User(sub="stranger", claims={"email": "stranger@example.org", "email_verified": True}),
    User(sub="kelvin", claims={"email": "who@example.or\u212a", "email_verified": True}),
    User(sub="mfa", claims={"email": WHO, "email_verified": True, "amr": ["pwd", "mfa"]}),
    User(sub="coordinator", claims={"email": "coordinator@example.org", "email_verified": True}),
)


@dataclass
class Provider:
    """A provider of OpenID Connect, in a thread; `asked` holds what was sent to it, `spoil` changes an answer."""

    issuer: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    spoil: Callable[[flask.Response], flask.Response] | None = None

    def form_of(self, path: str) -> dict[str, str]:
        return [form for where, form in self.asked if where == path][-1]


@pytest.fixture(scope="module")
def _served() -> Iterator[Provider]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    provider, app = Provider(), oidc_provider_mock.app(user_claims=USERS)

    @app.before_request
    def note() -> None:
        provider.asked.append((flask.request.path, flask.request.form.to_dict()))

    @app.after_request
    def spoil(response: flask.Response) -> flask.Response:
        return provider.spoil(response) if provider.spoil else response

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    provider.issuer = f"http://localhost:{server.server_port}"
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def provider(_served: Provider) -> Provider:
    _served.asked.clear()
    _served.spoil = None
    return _served


def service(folder: Path, template: Path, issuer: str, **more: str) -> Flask:
    shutil.copy(template, folder / "interagency.sqlite3")
    chosen = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": "matrix", "OIDC_CLIENT_SECRET": "shh", "OIDC_NAME": "Example ID"}
    return make_app(make_settings(folder, **(chosen | more)))


@pytest.fixture
def app(template_sqlite: Path, tmp_path: Path, provider: Provider) -> Iterator[Flask]:
    made = service(tmp_path, template_sqlite, provider.issuer)
    yield made
    close(made)


def away(browser: Browser, target: str = "") -> str:
    """The provider's address the browser is sent to."""
    response = browser.get(AWAY + (f"?next={target}" if target else ""))
    assert response.status_code == 302, text_of(response)
    return str(response.location)


def allowed(address: str, sub: str) -> str:
    """Sign in at the provider as `sub`: the way back."""
    back = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=5).headers["Location"]
    assert back.startswith("http://localhost/sign-in/organisation/back?")
    return back.removeprefix("http://localhost")


def come(app: Flask, sub: str, target: str = "") -> tuple[Browser, Any]:
    browser = Browser(app.test_client())
    return browser, browser.get(allowed(away(browser, target), sub))


def person_of(email: str = WHO) -> Person:
    return db.session.scalars(sa.select(Person).where(Person.email == email)).one()


def refusals(app: Flask) -> list[str]:
    with app.app_context():
        entries = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.act == "sign_in.refused"))
        return [entry.details["why"] for entry in entries]


def test_who_was_invited_comes_in_and_is_bound(app: Flask, provider: Provider) -> None:
    with app.app_context():
        invitation = make_link(db.session, person_of(), LinkPurpose.INVITATION, base_url="", at=now(), by=None)
        db.session.commit()
    page = Browser(app.test_client()).get("/sign-in?next=/activities")
    (button,) = html.fromstring(page.text).xpath("//a[contains(., 'Sign in with Example ID')]/@href")
    assert button == f"{AWAY}?next=/activities"
    browser, response = come(app, "who-1", "/activities")
    assert response.location == "/activities"
    assert "Farida Who" in text_of(browser.get("/account"))
    assert browser.get(invitation).status_code == 404
    with app.app_context():
        assert person_of().oidc_subject == f"{provider.issuer} who-1"
        acts = list(db.session.scalars(sa.select(AuditEntry.act).order_by(AuditEntry.id)))
    assert acts[-2:] == ["single_sign_on.bound", "sign_in"]


def test_the_way_out_carries_state_nonce_and_a_challenge_and_the_way_back_the_verifier(
    app: Flask, provider: Provider
) -> None:
    browser = Browser(app.test_client())
    address = away(browser)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["redirect_uri"] == "http://localhost/sign-in/organisation/back"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 20
    assert len(asked["nonce"]) >= 20
    browser.get(allowed(address, "who-1"))
    verifier = provider.form_of("/oauth2/token")["code_verifier"]
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    assert create_s256_code_challenge(verifier) == asked["code_challenge"]


def test_the_address_counts_the_first_time_only(app: Flask) -> None:
    come(app, "who-1")
    with app.app_context():
        person_of().email = "renamed@example.org"
        db.session.commit()
    browser, response = come(app, "who-1")
    assert response.location == "/start"
    assert "renamed@example.org" in text_of(browser.get("/account"))


@pytest.mark.parametrize(
    ("sub", "why", "says"),
    [
        ("unverified", "unverified", "did not confirm your e-mail address"),
        ("unsaid", "unverified", "did not confirm your e-mail address"),
        ("nameless", "unverified", "did not confirm your e-mail address"),
        ("kelvin", "unverified", "did not confirm your e-mail address"),
        ("stranger", "unknown", "no account for stranger@example.org"),
    ],
)
def test_who_is_not_let_in_is_told_why(app: Flask, sub: str, why: str, says: str) -> None:
    browser, response = come(app, sub)
    assert response.status_code == 403
    assert says in text_of(response)
    assert browser.get("/account").status_code == 302
    assert refusals(app) == [why]
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 5
        assert db.session.scalar(sa.select(sa.func.count()).select_from(SignIn)) == 0


def test_a_provider_that_says_verified_in_words_is_understood(app: Flask) -> None:
    assert come(app, "text")[1].location == "/start"


def test_a_disabled_person_stays_out_also_when_bound(app: Flask) -> None:
    browser, _response = come(app, "who-1")
    with app.app_context():
        person_of().disabled_at = now()
        db.session.commit()
    assert browser.get("/account").status_code == 302
    _browser, response = come(app, "who-1")
    assert response.status_code == 403
    assert "is closed" in text_of(response)
    assert refusals(app) == ["disabled"]


def test_another_account_at_the_provider_with_the_same_address_is_not_let_in_until_released(app: Flask) -> None:
    come(app, "who-1")
    _browser, refused = come(app, "who-2")
    assert refused.status_code == 403
    assert "administrator" in text_of(refused)
    assert refusals(app) == ["other_subject"]
    admin = Browser(app.test_client())
    admin.sign_in("admin@example.org")
    with app.app_context():
        where = f"/people/{person_of().id}"
    assert "Release the single sign-on" in text_of(admin.get(where))
    assert admin.send(where, {"act": "release"}).status_code == 302
    assert admin.send(where, {"act": "release"}).status_code == 422
    assert come(app, "who-2")[1].location == "/start"
    with app.app_context():
        assert "single_sign_on.released" in set(db.session.scalars(sa.select(AuditEntry.act)))


def test_a_nonce_of_another_sign_in_is_refused(app: Flask) -> None:
    browser = Browser(app.test_client())
    address = away(browser)
    nonce = parse_qs(urlsplit(address).query)["nonce"][0]
    response = browser.get(allowed(address.replace(nonce, "x" * len(nonce)), "who-1"))
    assert response.status_code == 400
    assert "Begin again" in text_of(response)
    assert browser.get("/account").status_code == 302


def test_a_state_of_another_browser_is_refused(app: Flask) -> None:
    """Nobody is signed in as somebody else by being sent an address."""
    attacker, victim = Browser(app.test_client()), Browser(app.test_client())
    back = allowed(away(attacker), "who-1")
    away(victim)
    for where in (back, back.split("state=")[0] + "state=guessed", f"{AWAY}/back", f"{AWAY}/back?code=1&state="):
        response = victim.get(where)
        assert response.status_code == 400
        assert "another browser" in text_of(response)
    assert victim.get("/account").status_code == 302
    assert attacker.get(back).location == "/start"


def test_a_way_back_works_once(app: Flask) -> None:
    browser = Browser(app.test_client())
    back = allowed(away(browser), "who-1")
    assert browser.get(back).status_code == 302
    browser.send("/sign-out", at="/account")
    assert browser.get(back).status_code == 400


def test_whoever_says_no_at_the_provider_is_told(app: Flask) -> None:
    browser = Browser(app.test_client())
    address = away(browser)
    back = requests.post(address, data={"action": "deny"}, allow_redirects=False, timeout=5).headers["Location"]
    response = browser.get(back.removeprefix("http://localhost"))
    assert response.status_code == 403
    assert "was asked not to let you in" in text_of(response)


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"])
def test_never_to_another_host(app: Flask, target: str) -> None:
    assert come(app, "who-1", target)[1].location == "/start"


def test_the_way_back_is_the_services_own_whatever_host_was_named(app: Flask) -> None:
    client = app.test_client()
    assert client.get(AWAY, headers={"Host": "evil.example"}).status_code == 400
    assert "evil" not in client.get(AWAY, headers={"X-Forwarded-Host": "evil.example"}).location


def test_a_provider_that_is_down_is_a_clear_page(template_sqlite: Path, tmp_path: Path) -> None:
    app = service(tmp_path, template_sqlite, "http://127.0.0.1:9")
    browser = Browser(app.test_client())
    response = browser.get(AWAY)
    assert response.status_code == 503
    assert "Example ID does not answer" in text_of(response)
    assert browser.sign_in(WHO).location == "/start"
    close(app)


def test_a_provider_that_goes_down_on_the_way_is_a_clear_page(app: Flask, provider: Provider) -> None:
    browser = Browser(app.test_client())
    back = allowed(away(browser), "who-1")

    def broken(response: flask.Response) -> flask.Response:
        if flask.request.path == "/oauth2/token":
            response.set_data("<html>Bad gateway")
            response.status_code = 502
        return response

    provider.spoil = broken
    response = browser.get(back)
    assert response.status_code in (400, 503)
    assert "Example ID" in text_of(response)


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b"null", b"{}", b'{"issuer": "https://other.example"}', b'{"issuer": 7}']
)
def test_a_provider_that_describes_itself_strangely_is_a_clear_page(
    template_sqlite: Path, tmp_path: Path, provider: Provider, answer: bytes
) -> None:
    def strange(response: flask.Response) -> flask.Response:
        response.set_data(answer)
        return response

    provider.spoil = strange
    app = service(tmp_path, template_sqlite, provider.issuer)
    assert Browser(app.test_client()).get(AWAY).status_code == 503
    provider.spoil = None
    assert come(app, "who-1")[1].location == "/start"  # put right, it works without a restart
    close(app)


def test_a_token_without_a_signature_of_the_provider_lets_nobody_in(app: Flask, provider: Provider) -> None:
    def forged(response: flask.Response) -> flask.Response:
        if flask.request.path == "/oauth2/token":
            answer = response.get_json()
            head, body, _signature = answer["id_token"].split(".")
            answer["id_token"] = f"{head}.{body}.{'A' * 342}"
            response.set_data(flask.json.dumps(answer))
        return response

    provider.spoil = forged
    browser, response = come(app, "who-1")
    assert response.status_code in (400, 503)
    assert browser.get("/account").status_code == 302


@pytest.mark.parametrize("audience", ["another", ["matrix", "another"], ["another"], [], None])
def test_a_token_made_for_another_service_lets_nobody_in(app: Flask, audience: Any) -> None:
    """Also where it names us as the one that asked for it (azp)."""
    claims = {"sub": "who-1", "azp": "matrix", "email": "who@example.org", "email_verified": True}
    with app.test_request_context():
        with pytest.raises(ValueError, match="not for this service"):
            identity_from_claims({"userinfo": claims | {"aud": audience}})
        client()  # reads how the provider calls itself
        for ours in ("matrix", ["matrix"]):
            assert identity_from_claims({"userinfo": claims | {"aud": ours}}).email == "who@example.org"


def add_second_factor(app: Flask) -> pyotp.TOTP:
    with app.app_context():
        start(person_of())
        shown = to_show(person_of())
        assert shown
        phone = pyotp.TOTP(shown[1].replace(" ", ""))
        confirm(person_of(), phone.at(now()), now())
        person_of().totp_last_step = 0
        db.session.commit()
        return phone


def test_our_second_factor_is_asked_unless_the_provider_says_it_asked(app: Flask) -> None:
    phone = add_second_factor(app)
    browser, response = come(app, "who-1")
    assert response.location == "/sign-in/code"
    assert browser.get("/account").status_code == 302
    assert browser.send("/sign-in/code", {"code": phone.at(now())}).status_code == 302
    with app.app_context():
        person_of().oidc_subject = None
        db.session.commit()
    assert come(app, "mfa")[1].location == "/start"


def test_where_a_second_factor_is_required_the_providers_counts_when_it_says_so(
    template_sqlite: Path, tmp_path: Path, provider: Provider
) -> None:
    app = service(tmp_path, template_sqlite, provider.issuer, SECOND_FACTOR="required")
    assert come(app, "coordinator")[0].get("/activities").location == "/account/second-factor"
    with app.app_context():
        db.session.execute(sa.text("UPDATE person SET role = 'coordinator' WHERE email = 'who@example.org'"))
        db.session.commit()
    assert come(app, "mfa")[0].get("/activities").status_code == 200
    close(app)


def test_nothing_of_it_is_there_without_a_provider(sqlite_app: Flask) -> None:
    browser = Browser(sqlite_app.test_client())
    assert "Sign in with" not in text_of(browser.get("/sign-in"))
    for address in (AWAY, f"{AWAY}/back?code=1&state=2"):
        assert browser.get(address).status_code == 404


def test_an_open_invitation_of_somebody_else_stays(app: Flask) -> None:
    with app.app_context():
        make_link(db.session, person_of("undp@example.org"), LinkPurpose.INVITATION, base_url="", at=now(), by=None)
        db.session.commit()
    come(app, "who-1")
    with app.app_context():
        assert db.session.scalars(sa.select(OneTimeLink.revoked_at)).one() is None


def test_password_and_single_sign_on_stand_side_by_side(app: Flask) -> None:
    come(app, "who-1")
    assert Browser(app.test_client()).sign_in(WHO, PASSWORD).location == "/start"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"OIDC_ISSUER": "http://id.example.org", "OIDC_CLIENT_ID": "x"}, "https://"),
        ({"OIDC_ISSUER": "http://localhost.evil.example", "OIDC_CLIENT_ID": "x"}, "https://"),
        ({"OIDC_ISSUER": "https://id.example.org"}, "OIDC_CLIENT_ID"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(tmp_path: Path, more: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make_settings(tmp_path, **more)
