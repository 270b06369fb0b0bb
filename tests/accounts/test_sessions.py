"""Sessions: the server knows them, ends them, and nothing typed is lost when one runs out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.accounts.models import Person, SignIn, token_hash
from interagency.accounts.sessions import label_of
from interagency.db.base import db
from tests.conftest import close, make_app, make_settings
from tests.helpers import ACTIVITY, PASSWORD, Browser, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
BEGIN = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEW = "seven quiet rivers bend"


def clock(app: Flask, *, minutes: int = 0) -> None:
    """Set the clock to so many minutes after the beginning."""
    app.config["CLOCK"] = lambda: BEGIN + timedelta(minutes=minutes)


def rows(app: Flask) -> list[SignIn]:
    with app.app_context():
        return list(db.session.scalars(sa.select(SignIn).order_by(SignIn.id)))


def sent_again(browser: Browser, page: str) -> dict[str, list[str]]:
    """What the form of a held-back page would send."""
    form = html.fromstring(page).xpath("//main//form")[0]
    values: dict[str, list[str]] = {}
    for name, value in form.form_values():
        values.setdefault(name, []).append(value)
    return values | {"action": [form.get("action")]}


def test_the_cookie_holds_no_number_of_a_person_and_the_row_no_secret(app: Flask, enter: Enter) -> None:
    browser = enter("who")
    with browser.client.session_transaction() as kept:
        token = kept["sign_in"]
        assert set(kept) <= {"sign_in", "_permanent", "csrf_token", "_flashes"}
    (row,) = rows(app)
    assert row.token_hash == token_hash(token)
    assert len(token) >= 32


def test_a_session_ends_when_it_is_not_used_and_stays_while_it_is(app: Flask, enter: Enter) -> None:
    clock(app)
    browser = enter("who")
    for minutes in (119, 230, 340):
        clock(app, minutes=minutes)
        assert browser.get("/account").status_code == 200, minutes
    clock(app, minutes=340 + 120)
    assert browser.get("/account").location == "/sign-in?next=/account"


@pytest.mark.both_databases
def test_a_session_ends_after_its_hours_also_while_it_is_used(app: Flask, enter: Enter) -> None:
    clock(app)
    browser = enter("who")
    for minutes in range(0, 12 * 60, 60):
        clock(app, minutes=minutes)
        assert browser.get("/account").status_code == 200
    clock(app, minutes=12 * 60 - 1)
    assert browser.get("/account").status_code == 200
    clock(app, minutes=12 * 60)
    assert browser.get("/account").status_code == 302


@pytest.mark.both_databases
def test_last_seen_is_written_every_few_minutes_and_no_more(app: Flask, enter: Enter) -> None:
    clock(app)
    browser = enter("who")
    seen = []
    for minutes in (1, 4, 5, 6, 9, 12):
        clock(app, minutes=minutes)
        browser.get("/account")
        seen.append(int((rows(app)[0].last_seen_at - BEGIN).total_seconds() // 60))
    assert seen == [0, 0, 5, 5, 5, 12]


def test_a_busy_database_holds_up_no_page_for_the_note(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    clock(sqlite_app)
    browser = enter_sqlite("who")
    clock(sqlite_app, minutes=30)
    with sqlite_app.app_context(), db.engine.connect() as busy:
        busy.execute(sa.text("UPDATE person SET name = name"))
        assert browser.get("/account").status_code == 200
    assert rows(sqlite_app)[0].last_seen_at == BEGIN
    browser.get("/account")
    assert rows(sqlite_app)[0].last_seen_at == BEGIN + timedelta(minutes=30)


def test_what_a_refused_page_left_unsaved_is_not_saved_with_the_note(app: Flask, enter: Enter) -> None:
    clock(app)
    browser = enter("who")
    token = browser.token("/account")
    clock(app, minutes=30)
    browser.client.post("/account", data={"timezone": "Mars/Olympus", "csrf_token": token})
    assert rows(app)[0].last_seen_at == BEGIN + timedelta(minutes=30)
    with app.app_context():
        assert set(db.session.scalars(sa.select(Person.timezone))) == {""}


@pytest.mark.both_databases
def test_a_person_sees_where_they_are_signed_in_and_ends_one(app: Flask, enter: Enter) -> None:
    here, other = enter("who"), enter(None)
    other.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    other.sign_in("who@example.org")
    enter("undp")
    page = here.get("/account").text
    assert page.count("(this one)") == 1
    assert page.count("Firefox on Windows") == 2  # in the table and on its button
    assert len(html.fromstring(page).xpath("//table//tbody/tr")) == 2
    other_id = rows(app)[1].id
    here.send(f"/account/sessions/{other_id}/end", at="/account")
    assert other.get("/account").status_code == 302
    assert here.get("/account").status_code == 200


@pytest.mark.both_databases
def test_all_others_are_ended_at_once_and_nobody_elses(enter: Enter) -> None:
    here, others, stranger = enter("who"), [enter("who"), enter("who")], enter("undp")
    here.send("/account/sessions/end-others", at="/account")
    assert [one.get("/account").status_code for one in others] == [302, 302]
    assert here.get("/account").status_code == 200
    assert stranger.get("/account").status_code == 200


def test_somebody_elses_session_is_not_ended(app: Flask, enter: Enter) -> None:
    who, undp = enter("who"), enter("undp")
    undps = rows(app)[1].id
    assert "nothing to end" in text_of(who.get(who.send(f"/account/sessions/{undps}/end", at="/account").location))
    who.send("/account/sessions/99999999999/end", at="/account")
    assert undp.get("/account").status_code == 200


def test_ending_this_session_is_signing_out(enter: Enter, app: Flask) -> None:
    who = enter("who")
    assert who.send(f"/account/sessions/{rows(app)[0].id}/end", at="/account").location == "/sign-in"
    assert who.get("/account").status_code == 302


def test_signing_out_ends_the_row_so_that_a_copied_cookie_is_worthless(app: Flask, enter: Enter) -> None:
    who = enter("who")
    stolen = who.client.get_cookie("session")
    assert stolen is not None
    who.send("/sign-out", at="/account")
    thief = Browser(app.test_client())
    thief.client.set_cookie("session", stolen.value)
    assert thief.get("/account").status_code == 302
    assert rows(app)[0].ended_at is not None


def test_signing_out_twice_is_one_act(enter: Enter) -> None:
    who = enter("who")
    token = who.token("/account")
    for _ in range(2):
        response = who.client.post("/sign-out", data={"csrf_token": token})
        token = who.token("/sign-in")
        assert response.location == "/sign-in"


def test_signing_out_needs_the_token_of_a_page(enter: Enter) -> None:
    who = enter("who")
    assert who.client.post("/sign-out").status_code == 400
    assert who.client.get("/sign-out").status_code == 405
    assert who.get("/account").status_code == 200


def test_what_was_planted_in_the_browser_before_does_not_stay(app: Flask, enter: Enter) -> None:
    """Session fixation: the secret, and the token of forms, are new when somebody signs in."""
    browser = enter(None)
    before = browser.token("/sign-in")
    with browser.client.session_transaction() as kept:
        kept["sign_in"] = "planted"
        kept["extra"] = "planted"
        raw = kept["csrf_token"]
    browser.client.post("/sign-in", data={"email": "who@example.org", "password": PASSWORD, "csrf_token": before})
    browser.get("/account")
    with browser.client.session_transaction() as kept:
        assert kept["sign_in"] != "planted"
        assert kept["csrf_token"] != raw
        assert "extra" not in kept
    assert browser.client.post("/account", data={"timezone": "", "csrf_token": before}).status_code == 400


def test_signing_in_anew_ends_the_session_this_browser_had(app: Flask, enter: Enter) -> None:
    browser = enter("who")
    data = {"email": "undp@example.org", "password": PASSWORD, "csrf_token": browser.token("/account")}
    assert browser.client.post("/sign-in", data=data).status_code == 302
    first, second = rows(app)
    assert first.ended_at is not None
    assert second.ended_at is None


def test_a_form_sent_after_the_session_ran_out_is_kept_and_sent_again(app: Flask, enter: Enter) -> None:
    clock(app)
    browser = enter("who")
    typed = ACTIVITY | {
        "description": 'First line\n"second" & <third>',
        "csrf_token": browser.token("/activities/new"),
    }
    clock(app, minutes=121)
    held = browser.client.post("/activities/new", data=typed)
    assert held.status_code == 403
    assert "Your sign-in has ended" in text_of(held)
    values = sent_again(browser, held.text)
    (action,) = values.pop("action")
    assert action == "/activities/new"
    assert values == {name: value if isinstance(value, list) else [value] for name, value in typed.items()}
    browser.sign_in("who@example.org")
    saved = browser.client.post(action, data=values)
    assert saved.status_code == 302, errors(saved.text)
    assert "<third>" in text_of(browser.get(saved.location))


def errors(page: str) -> str:
    return " ".join(html.fromstring(page).xpath("//main")[0].text_content().split())


def test_the_page_left_open_by_one_person_is_no_form_of_another(app: Flask, enter: Enter) -> None:
    clock(app)
    browser = enter("who")
    typed = ACTIVITY | {"csrf_token": browser.token("/activities/new")}
    clock(app, minutes=121)
    browser.sign_in("undp@example.org")
    refused = browser.client.post("/activities/new", data=typed)
    assert refused.status_code == 400
    assert ACTIVITY["title"] in text_of(refused)  # to copy
    assert "Send it again" not in text_of(refused)


def test_a_page_from_before_the_password_was_changed_is_no_form_any_more(app: Flask, enter: Enter) -> None:
    browser = enter("who")
    old = browser.token("/activities/new")
    with app.app_context():
        person = db.session.scalars(sa.select(Person).where(Person.email == "who@example.org")).one()
        person.set_password(NEW)
        db.session.commit()
    browser.sign_in("who@example.org", NEW)
    assert browser.client.post("/activities/new", data=ACTIVITY | {"csrf_token": old}).status_code == 400


def test_passwords_are_never_put_into_a_page(app: Flask, enter: Enter) -> None:
    clock(app)
    browser = enter("who")
    data = {"current": "secret one", "password": "secret two", "again": "secret two"}
    data["csrf_token"] = browser.token("/account")
    clock(app, minutes=121)
    held = browser.client.post("/account/password", data=data)
    assert held.status_code == 403
    assert "secret" not in held.text
    assert "Send it again" not in held.text


def test_a_file_cannot_be_kept_and_the_page_says_so(app: Flask, enter: Enter) -> None:
    clock(app)
    browser = enter("who")
    token = browser.token("/imports")
    clock(app, minutes=121)
    with Path(__file__).open("rb") as file:
        held = browser.client.post("/imports", data={"file": (file, "x.xlsx"), "csrf_token": token})
    assert "choose it again" in text_of(held)
    assert "Send it again" not in held.text


def test_a_form_without_any_session_is_shown_to_copy(enter: Enter) -> None:
    held = enter(None).client.post("/activities/new", data={"title": "Long text <b>"})
    assert held.status_code == 403
    assert "Long text <b>" in text_of(held)
    assert "Send it again" not in held.text


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        (FIREFOX, "Firefox on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/18 Safari/605.1", "Safari on macOS"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537 Chrome/140.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Version/18 Safari/604.1", "Safari on iPhone"),
        ("<script>alert(1)</script>" * 50, "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_named_in_known_words_only(agent: str, label: str) -> None:
    assert label_of(agent) == label


@pytest.mark.parametrize(
    ("more", "name", "secure"),
    [
        ({}, "session", False),
        ({"SECURE_COOKIES": "yes"}, "__Host-session", True),
        ({"BASE_URL": "https://matrix.example.org"}, "__Host-session", True),
    ],
)
def test_every_attribute_of_the_cookie(
    template_sqlite: Path, tmp_path: Path, more: dict[str, str], name: str, secure: bool
) -> None:
    shutil.copy(template_sqlite, tmp_path / "interagency.sqlite3")
    app = make_app(make_settings(tmp_path, **more))
    client = app.test_client()
    scheme = "https" if secure else "http"
    page = client.get("/sign-in", base_url=f"{scheme}://localhost")
    token = html.fromstring(page.text).xpath("//input[@name='csrf_token']/@value")[0]
    signed_in = client.post(
        "/sign-in",
        base_url=f"{scheme}://localhost",
        headers={"Referer": f"{scheme}://localhost/sign-in"},
        data={"email": "who@example.org", "password": PASSWORD, "csrf_token": token},
    )
    assert signed_in.status_code == 302
    for response in (page, signed_in):
        (cookie,) = [one for one in response.headers.getlist("Set-Cookie") if "device" not in one.split("=")[0]]
        parts = cookie.split("; ")
        assert parts[0].startswith(f"{name}=")
        wanted = {"HttpOnly", "SameSite=Lax", "Path=/"} | ({"Secure"} if secure else set())
        assert wanted == {part for part in parts[1:] if not part.startswith(("Expires", "Max-Age"))}
    static = client.get("/static/base.css", base_url=f"{scheme}://localhost")
    assert "Set-Cookie" not in static.headers
    close(app)


@pytest.mark.parametrize("text", ["0", "-5", "soon", ""])
def test_an_idle_limit_that_lets_nobody_in_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="INTERAGENCY_IDLE_MINUTES"):
        make_settings(tmp_path, IDLE_MINUTES=text)
