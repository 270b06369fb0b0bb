"""The second factor: set up by a confirmed code, each code once, limited, required where the setting says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from interagency.accounts.links import make_link
from interagency.accounts.models import LinkPurpose, Person, RecoveryCode, SignIn
from interagency.accounts.second_factor import TooManyCodesError, verify_code
from interagency.cli import main
from interagency.db.base import db
from interagency.db.history import AuditEntry
from interagency.mail.models import OutboxMessage
from tests.conftest import make_settings
from tests.helpers import ACTIVITY, PASSWORD, Browser, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
BEGIN = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
WHERE = "/account/second-factor"
WHO = "who@example.org"


def clock(app: Flask, seconds: float = 0) -> datetime:
    """Set the clock to so many seconds after the beginning."""
    app.config["CLOCK"] = lambda: BEGIN + timedelta(seconds=seconds)
    return BEGIN + timedelta(seconds=seconds)


def person_of(email: str = WHO) -> Person:
    return db.session.scalars(sa.select(Person).where(Person.email == email)).one()


def secret_in(page: str) -> str:
    return html.fromstring(page).xpath("//main//code/text()")[0].replace(" ", "")


def codes_in(page: str) -> list[str]:
    return [str(code) for code in html.fromstring(page).xpath("//main//li/code/text()")]


def set_up(app: Flask, browser: Browser, at: float = 0) -> tuple[pyotp.TOTP, list[str]]:
    """Turn the second factor on by the pages; the app, and the recovery codes."""
    now = clock(app, at)
    app_on_phone = pyotp.TOTP(secret_in(browser.send(WHERE, {"password": PASSWORD}).text))
    done = browser.send(f"{WHERE}/confirm", {"code": app_on_phone.at(now)}, at=WHERE)
    assert done.status_code == 200
    return app_on_phone, codes_in(done.text)


def half(app: Flask, email: str = WHO) -> Browser:
    """A new browser whose password was right."""
    browser = Browser(app.test_client())
    assert browser.sign_in(email).location == "/sign-in/code"
    return browser


def give(browser: Browser, code: str) -> TestResponse:
    return browser.send("/sign-in/code", {"code": code})


def test_it_counts_only_when_a_code_was_confirmed(app: Flask, enter: Enter) -> None:
    clock(app)
    who = enter("who")
    shown = who.send(WHERE, {"password": PASSWORD})
    assert "<svg" in shown.text
    assert "no-store" in shown.headers["Cache-Control"]
    wrong = who.send(f"{WHERE}/confirm", {"code": "000000"}, at=WHERE)
    assert wrong.status_code == 422
    assert secret_in(wrong.text) == secret_in(shown.text)
    assert enter(None).sign_in(WHO).location == "/start"
    assert secret_in(shown.text) not in who.get(WHERE).text
    set_up(app, who)
    assert enter(None).sign_in(WHO).location == "/sign-in/code"


def test_who_confirms_by_two_clicks_is_told_where_recovery_codes_come_from(app: Flask, enter: Enter) -> None:
    who = enter("who")
    phone, _codes = set_up(app, who)
    again = who.send(f"{WHERE}/confirm", {"code": phone.at(clock(app))}, at=WHERE)
    assert again.location == WHERE
    assert "if you did not see them, make new ones" in text_of(who.get(WHERE))


def test_half_signed_in_opens_nothing(app: Flask, enter: Enter) -> None:
    set_up(app, enter("who"))
    browser = half(app)
    for address in ("/account", "/activities", WHERE):
        assert browser.get(address).location.startswith("/sign-in?")
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(SignIn)) == 1


@pytest.mark.both_databases
def test_a_code_lets_in_once_and_one_lands_where_one_wanted(app: Flask, enter: Enter) -> None:
    phone, _codes = set_up(app, enter("who"))
    now = clock(app, 300)
    browser = Browser(app.test_client())
    browser.send("/sign-in?next=/activities?chapter=1", {"email": WHO, "password": PASSWORD})
    assert give(browser, phone.at(now)).location == "/activities?chapter=1"
    assert browser.get("/account").status_code == 200
    again = give(half(app), phone.at(now))
    assert again.status_code == 422
    assert "was used already" in text_of(again)
    # An earlier one than the one used is no good either, a later one is.
    assert give(half(app), phone.at(now - timedelta(seconds=30))).status_code == 422
    assert give(half(app), phone.at(now + timedelta(seconds=30))).status_code == 302


@pytest.mark.parametrize(("off", "code"), [(-30, 302), (30, 302), (-90, 422), (90, 422)])
def test_a_clock_half_a_minute_off_still_works(sqlite_app: Flask, enter_sqlite: Enter, off: int, code: int) -> None:
    phone, _codes = set_up(sqlite_app, enter_sqlite("who"))
    now = clock(sqlite_app, 600)
    assert give(half(sqlite_app), phone.at(now + timedelta(seconds=off))).status_code == code


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "١٢٣٤٥٦", "1" * 5000, "\x00", "' OR 1=1", "-" * 24])
def test_what_is_no_code_is_refused_in_words(sqlite_app: Flask, enter_sqlite: Enter, code: str) -> None:
    set_up(sqlite_app, enter_sqlite("who"))
    refused = give(half(sqlite_app), code)
    assert refused.status_code == 422
    assert "not right" in text_of(refused)


def test_the_password_alone_is_remembered_for_five_minutes(app: Flask, enter: Enter) -> None:
    phone, _codes = set_up(app, enter("who"))
    clock(app, 1000)
    browser = half(app)
    token = browser.token("/sign-in/code")
    now = clock(app, 1300)
    late = browser.client.post("/sign-in/code", data={"code": phone.at(now), "csrf_token": token})
    assert late.location == "/sign-in"
    assert "within five minutes" in text_of(browser.get("/sign-in"))


@pytest.mark.parametrize("act", ["password", "disabled"])
def test_a_changed_password_or_a_disabled_account_ends_the_half_way_too(app: Flask, enter: Enter, act: str) -> None:
    phone, _codes = set_up(app, enter("who"))
    now = clock(app, 1000)
    browser = half(app)
    token = browser.token("/sign-in/code")
    with app.app_context():
        if act == "password":
            person_of().set_password("seven quiet rivers bend")
        else:
            person_of().disabled_at = now
        db.session.commit()
    answer = browser.client.post("/sign-in/code", data={"code": phone.at(now), "csrf_token": token})
    assert answer.location == "/sign-in"


def test_a_new_password_by_link_does_not_get_round_it(app: Flask, enter: Enter) -> None:
    set_up(app, enter("who"))
    with app.app_context():
        address = make_link(db.session, person_of(), LinkPurpose.RESET, base_url="", at=clock(app, 60), by=None)
        db.session.commit()
    somebody = Browser(app.test_client())
    words = "seven quiet rivers bend"
    assert somebody.send(address, {"password": words, "again": words}).location == "/sign-in"
    assert somebody.get("/activities").location.startswith("/sign-in?")
    assert somebody.sign_in(WHO, words).location == "/sign-in/code"


@pytest.mark.both_databases
def test_each_recovery_code_works_once_in_any_spelling(app: Flask, enter: Enter) -> None:
    _phone, codes = set_up(app, enter("who"))
    assert len(set(codes)) == 10
    browser = half(app)
    assert give(browser, f" {codes[0].upper().replace('-', ' ')} ").status_code == 302
    assert give(half(app), codes[0]).status_code == 422
    assert give(half(app), codes[1]).status_code == 302
    assert "8 recovery codes are left" in text_of(browser.get(WHERE))
    with app.app_context():
        kept = list(db.session.scalars(sa.select(RecoveryCode.code_hash)))
    assert not {code.replace("-", "") for code in codes} & set(kept)


def test_few_recovery_codes_left_are_said(app: Flask, enter: Enter) -> None:
    _phone, codes = set_up(app, enter("who"))
    for code in codes[:6]:
        give(half(app), code)
    browser = half(app)
    give(browser, codes[6])
    assert "3 recovery codes are left" in text_of(browser.get("/account"))


@pytest.mark.parametrize("kind", ["app", "recovery"])
@pytest.mark.both_databases
def test_a_code_sent_twice_at_once_lets_one_in(app: Flask, enter: Enter, kind: str) -> None:
    phone, codes = set_up(app, enter("who"))
    now = clock(app, 600)
    code = phone.at(now) if kind == "app" else codes[0]
    barrier, taken = threading.Barrier(4), []

    def send() -> None:
        with app.app_context():
            person = person_of()
            db.session.commit()
            barrier.wait()
            taken.append(verify_code(person, code, now))
            db.session.commit()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False, False, False, True]


def test_guessing_codes_is_limited_for_the_account_whatever_the_browser(app: Flask, enter: Enter) -> None:
    phone, codes = set_up(app, enter("who"))
    now = clock(app, 600)
    browsers = [half(app), half(app)]
    for number in range(10):
        assert "not right" in text_of(give(browsers[number % 2], "000000"))
    third = half(app)
    for code in (phone.at(now), codes[0]):
        assert "Too many codes were wrong" in text_of(give(third, code))
    # Another account is not held up, and after a while this one opens again.
    assert enter(None).sign_in("undp@example.org").location == "/start"
    now = clock(app, 600 + 16 * 60)
    assert give(half(app), phone.at(now)).status_code == 302


@pytest.mark.both_databases
def test_codes_guessed_at_once_are_counted_one_by_one(app: Flask, enter: Enter) -> None:
    set_up(app, enter("who"))
    now = clock(app, 600)
    barrier, looked_at = threading.Barrier(13), []

    def guess() -> None:
        with app.app_context():
            person = person_of()
            db.session.commit()
            barrier.wait()
            with suppress(TooManyCodesError):
                looked_at.append(verify_code(person, "000000", now))
            db.session.commit()

    threads = [threading.Thread(target=guess) for _ in range(13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert looked_at == [False] * 10


@pytest.mark.both_databases
def test_guessing_is_limited_over_a_day(app: Flask, enter: Enter) -> None:
    phone, _codes = set_up(app, enter("who"))
    for quarter in range(3):
        clock(app, 600 + quarter * 1000)
        browser = half(app)
        for _ in range(10):
            give(browser, "000000")
    now = clock(app, 600 + 4000)
    assert "Too many" in text_of(give(half(app), phone.at(now)))
    now = clock(app, 600 + 25 * 3600)
    assert give(half(app), phone.at(now)).status_code == 302


def test_guessing_is_limited_per_address(counting: Flask) -> None:
    set_up(counting, _signed_in(counting))
    browser = half(counting)
    token = browser.token("/sign-in/code")
    answers = [
        browser.client.post("/sign-in/code", data={"code": "0", "csrf_token": token}).status_code for _ in range(21)
    ]
    assert set(answers[:20]) == {422}
    assert answers[20] == 429


def _signed_in(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in(WHO)
    return browser


def test_new_recovery_codes_end_the_old_and_need_password_and_code(app: Flask, enter: Enter) -> None:
    who = enter("who")
    phone, old = set_up(app, who)
    now = clock(app, 600)
    for values in ({"password": "wrong", "code": phone.at(now)}, {"password": PASSWORD, "code": "000000"}):
        refused = who.send(f"{WHERE}/codes", values, at=WHERE)
        assert refused.status_code == 422
        assert not codes_in(refused.text)
    made = who.send(f"{WHERE}/codes", {"password": PASSWORD, "code": phone.at(now)}, at=WHERE)
    new = codes_in(made.text)
    assert len(new) == 10
    assert "no-store" in made.headers["Cache-Control"]
    assert not any(code in who.get(WHERE).text for code in new)
    assert give(half(app), old[0]).status_code == 422
    assert give(half(app), new[0]).status_code == 302


def test_turning_it_off_needs_password_and_code_and_is_told_by_mail(app: Flask, enter: Enter) -> None:
    who = enter("who")
    phone, codes = set_up(app, who)
    now = clock(app, 600)
    for values in ({}, {"password": PASSWORD}, {"code": codes[0]}, {"password": "x", "code": phone.at(now)}):
        assert who.send(f"{WHERE}/off", values, at=WHERE).status_code == 422
    assert who.send(f"{WHERE}/off", {"password": PASSWORD, "code": codes[0]}, at=WHERE).status_code == 302
    assert enter(None).sign_in(WHO).location == "/start"
    with app.app_context():
        assert person_of().totp_secret is None
        assert db.session.scalar(sa.select(sa.func.count()).select_from(RecoveryCode)) == 0
        assert db.session.scalars(sa.select(OutboxMessage.to_address)).all() == [WHO]
        acts = set(db.session.scalars(sa.select(AuditEntry.act)))
    assert {"second_factor.on", "second_factor.off", "second_factor.refused"} <= acts


def test_setting_up_needs_the_password_and_ends_other_sessions(app: Flask, enter: Enter) -> None:
    clock(app)
    who, elsewhere = enter("who"), enter("who")
    assert who.send(WHERE, {"password": "wrong"}).status_code == 422
    set_up(app, who)
    assert elsewhere.get("/account").status_code == 302
    assert who.get("/account").status_code == 200


def test_it_is_not_set_up_anew_over_one_in_force(app: Flask, enter: Enter) -> None:
    who = enter("who")
    phone, _codes = set_up(app, who)
    now = clock(app, 600)
    assert who.send(WHERE, {"password": PASSWORD}, at=WHERE).status_code == 302
    assert who.send(f"{WHERE}/confirm", {"code": phone.at(now)}, at=WHERE).status_code == 302
    assert give(half(app), phone.at(now)).status_code == 302


def test_without_one_there_is_nothing_to_turn_off_or_confirm(enter: Enter) -> None:
    who = enter("who")
    for act in ("off", "codes", "confirm"):
        assert who.send(f"{WHERE}/{act}", {"password": PASSWORD, "code": "1"}, at=WHERE).status_code == 302


def test_the_secret_is_kept_encrypted_under_the_services_key(app: Flask, enter: Enter) -> None:
    phone, codes = set_up(app, enter("who"))
    now = clock(app, 600)
    with app.app_context():
        assert phone.secret not in (person_of().totp_secret or "")
    app.extensions["interagency_settings"] = make_settings(Path("/nowhere"), SECRET_KEY="another" * 6)
    assert give(half(app), phone.at(now)).status_code == 422
    assert give(half(app), codes[0]).status_code == 302  # recovery codes need no key


def test_an_administrator_takes_a_lost_one_away(app: Flask, enter: Enter) -> None:
    who = enter("who")
    set_up(app, who)
    admin = enter("admin")
    with app.app_context():
        where, other = f"/people/{person_of().id}", f"/people/{person_of('undp@example.org').id}"
    assert "Take the second factor away" in text_of(admin.get(where))
    assert admin.send(where, {"act": "second-factor"}).status_code == 302
    assert who.get("/account").status_code == 302
    assert enter(None).sign_in(WHO).location == "/start"
    assert admin.send(other, {"act": "second-factor"}).status_code == 422
    with app.app_context():
        entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.act == "second_factor.reset")).one()
        assert entry.by_name == "Ada Admin"
        assert db.session.scalars(sa.select(OutboxMessage.to_address)).all() == [WHO]


def test_the_command_line_takes_a_lost_one_away(
    sqlite_app: Flask, enter_sqlite: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(sqlite_app, enter_sqlite("who"))
    for name, value in (("DATA_FOLDER", str(tmp_path)), ("SECRET_KEY", "test" * 10)):
        monkeypatch.setenv(f"INTERAGENCY_{name}", value)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["account", "reset", WHO, "--second-factor"])
    assert done.exit_code == 0, done.output
    assert enter_sqlite(None).sign_in(WHO).location == "/start"


@pytest.fixture
def strict(app: Flask) -> Flask:
    """The service where a second factor is required of coordinators and administrators."""
    kept = app.extensions["interagency_settings"]
    app.extensions["interagency_settings"] = make_settings(
        kept.data_folder, DATABASE_URL=kept.database_url, SECOND_FACTOR="required"
    )
    return app


@pytest.mark.parametrize("name", ["coordinator", "admin"])
def test_where_required_nothing_opens_before_it_is_set_up(strict: Flask, enter: Enter, name: str) -> None:
    clock(strict)
    browser = enter(name)
    for address in ("/", "/activities", "/account", "/exports/matrix.xlsx", "/start"):
        assert browser.get(address).location == WHERE, address
    held = browser.send("/activities/new", ACTIVITY, at=WHERE)
    assert held.status_code == 403
    assert ACTIVITY["title"] in held.text
    assert "needs a second factor" in text_of(browser.get(WHERE))
    assert browser.get("/static/base.css").status_code == 200
    set_up(strict, browser)
    assert browser.get("/activities").status_code == 200


def test_where_required_it_is_led_to_again_when_turned_off(strict: Flask, enter: Enter) -> None:
    browser = enter("coordinator")
    _phone, codes = set_up(strict, browser)
    browser.send(f"{WHERE}/off", {"password": PASSWORD, "code": codes[0]}, at=WHERE)
    assert browser.get("/activities").location == WHERE


def test_where_required_others_are_asked_for_nothing_and_signing_out_is_open(strict: Flask, enter: Enter) -> None:
    assert enter("who").get("/activities").status_code == 200
    assert enter("reader").get("/activities").status_code == 200
    assert enter("admin").send("/sign-out", at=WHERE).location == "/sign-in"


def test_where_required_a_new_office_asks_at_once(strict: Flask, enter: Enter) -> None:
    reader = enter("reader")
    assert reader.get("/activities").status_code == 200
    with strict.app_context():
        db.session.execute(sa.text("UPDATE person SET role = 'coordinator' WHERE email = 'reader@example.org'"))
        db.session.commit()
    assert reader.get("/activities").location == WHERE


def test_the_setting_takes_its_words_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="optional or required"):
        make_settings(tmp_path, SECOND_FACTOR="yes")


def test_an_administrator_turns_their_own_off_with_password_and_code_only(app: Flask, enter: Enter) -> None:
    admin = enter("admin")
    set_up(app, admin)
    with app.app_context():
        where = f"/people/{person_of('admin@example.org').id}"
    refused = admin.send(where, {"act": "second-factor"})
    assert refused.status_code == 422
    assert "on your account page" in text_of(refused)
    assert enter(None).sign_in("admin@example.org").location == "/sign-in/code"
