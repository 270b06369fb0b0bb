"""The outbox against a real SMTP server on loopback: one that takes, refuses, hangs up and is not there."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from flask import Flask

from interagency.cli.context import settings_of
from interagency.db.base import db
from interagency.mail import outbox, sending
from interagency.mail.bundling import claim
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import MailContent, SendIf, write
from interagency.mail.sending import send_outbox
from interagency.registry import registry
from interagency.settings import Settings
from tests.conftest import make_settings
from tests.crash.killing import killed
from tests.mail_server import Server, settings_for

AT = datetime(2026, 8, 1, 8, tzinfo=UTC)
LETTER = MailContent("Août – 八月", "Dear Farida,", ("One <b>.", "Two."), "http://localhost/month", "Open your month")


@pytest.fixture
def server(mail_server: tuple[Server, int]) -> tuple[Server, int]:
    return mail_server


def put(app: Flask, *once: str, to: str = "who@example.org") -> None:
    with app.app_context():
        for one in once:
            write(db.session, one, to_address=to, to_name="Farida Who", letter=LETTER, at=AT)
        db.session.commit()


def send(app: Flask, settings: Settings, at: datetime = AT) -> tuple[int, int]:
    with app.app_context():
        result = send_outbox(db.session, settings, clock=lambda: at)
        db.session.close()
        return result.sent, result.failed


def all_messages(app: Flask) -> list[OutboxMessage]:
    with app.app_context():
        found = list(db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id)))
        db.session.close()
        return found


def test_a_message_arrives_as_text_and_html(app: Flask, server: tuple[Server, int]) -> None:
    handler, port = server
    put(app, "a")
    assert send(app, settings_for(app, port)) == (1, 0)
    assert send(app, settings_for(app, port)) == (0, 0)
    (envelope,) = handler.taken
    assert envelope.mail_from == "service@example.org"
    assert envelope.rcpt_tos == ["who@example.org"]
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert message["Subject"] == LETTER.subject
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text, page = (part.get_content() for part in message.iter_parts())
    assert "One <b>." in text
    assert "One &lt;b&gt;." in page
    assert "http://localhost/month" in text


def test_what_was_sent_is_not_kept(app: Flask, server: tuple[Server, int]) -> None:
    """A mail holds the secret part of an address that opens an account; the database keeps those hashed."""
    put(app, "a")
    assert send(app, settings_for(app, server[1])) == (1, 0)
    (message,) = all_messages(app)
    assert (message.text, message.html, message.subject) == ("", "", LETTER.subject)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody signed but itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    made = made.add_extension(
        x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False, **usage
        ),
        critical=True,
    )
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    target = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    target.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return target


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_mails_go_to_the_server_its_certificate_names_or_stay(
    sqlite_app: Flask, certificate: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """Whoever stands between offers a certificate of their own."""
    monkeypatch.setattr(sending, "is_loopback", lambda _host: False)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    handler = Server()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    how = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context, "require_starttls": True}
    controller = Controller(handler, hostname="127.0.0.1", port=port, **how)
    controller.start()
    folder = sqlite_app.extensions["interagency_settings"].data_folder
    settings = make_settings(folder, MAIL_URL=f"{scheme}://127.0.0.1:{port}")
    put(sqlite_app, "a")
    try:
        assert send(sqlite_app, settings) == (0, 1)
        assert "CERTIFICATE_VERIFY_FAILED" in all_messages(sqlite_app)[0].last_error
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert send(sqlite_app, settings, AT + timedelta(hours=1)) == (1, 0)
    finally:
        controller.stop()
    assert len(handler.taken) == 1


def test_without_tls_mails_stay_unless_that_is_meant(
    sqlite_app: Flask, server: tuple[Server, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stands between takes the offer of TLS out of the server's answer."""
    monkeypatch.setattr(sending, "is_loopback", lambda _host: False)
    handler, port = server
    put(sqlite_app, "a")
    assert send(sqlite_app, settings_for(sqlite_app, port)) == (0, 1)
    assert "write smtp+plain://" in all_messages(sqlite_app)[0].last_error
    folder = sqlite_app.extensions["interagency_settings"].data_folder
    meant = make_settings(folder, MAIL_URL=f"smtp+plain://127.0.0.1:{port}")
    assert send(sqlite_app, meant, AT + timedelta(hours=1)) == (1, 0)
    assert len(handler.taken) == 1


def test_the_same_step_writes_once(app: Flask) -> None:
    put(app, "a", "a", "b")
    put(app, "b")
    assert [message.dedupe_key for message in all_messages(app)] == ["a", "b"]


def test_what_is_rolled_back_is_never_sent(app: Flask, server: tuple[Server, int]) -> None:
    with app.app_context():
        write(db.session, "a", to_address="x@example.org", to_name="X", letter=LETTER, at=AT)
        db.session.rollback()
    assert send(app, settings_for(app, server[1])) == (0, 0)


def send_all(app: Flask, port: int) -> tuple[int, int, int]:
    with app.app_context():
        result = send_outbox(db.session, settings_for(app, port), clock=lambda: AT)
        db.session.close()
        return result.sent, result.failed, result.withdrawn


def test_what_must_hold_of_the_reader_is_asked_when_a_mail_leaves(
    app: Flask, server: tuple[Server, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, port = server
    by_now = MailContent("By now", "Dear Farida,", ("Otherwise.",))
    says: dict[str, bool | MailContent] = {"yes": True, "no": False, "new": by_now}
    monkeypatch.setitem(
        registry.conditions, "test", lambda _session, _message, at, *, answer: at == AT and says[answer]
    )
    with app.app_context():
        for one in (*says, ""):
            who = {"to_address": "who@example.org", "to_name": "Farida Who"}
            send_if = SendIf("test", {"answer": one}) if one else None
            assert write(db.session, f"step {one}", **who, letter=LETTER, at=AT, send_if=send_if)
        db.session.commit()
    assert send_all(app, port) == (3, 0, 1)
    assert [message.dedupe_key for message in all_messages(app)] == ["step yes", "step new", "step "]
    found = [email.message_from_bytes(one.content, policy=email.policy.default) for one in handler.taken]
    assert [one["Subject"] for one in found] == [LETTER.subject, "By now", LETTER.subject]
    assert "Otherwise." in next(found[1].iter_parts()).get_content()
    put(app, "step no")  # its step may write again
    assert len(all_messages(app)) == 4


def test_a_condition_that_cannot_be_asked_keeps_its_own_mail_and_no_other(
    app: Flask, server: tuple[Server, int]
) -> None:
    with app.app_context():
        who = {"to_address": "who@example.org", "to_name": "Farida Who"}
        write(db.session, "strange", **who, letter=LETTER, at=AT, send_if=SendIf("of another version"))
        db.session.commit()
    put(app, "plain")
    assert send_all(app, server[1]) == (1, 1, 0)
    strange, plain = all_messages(app)
    assert plain.sent_at is not None
    assert "KeyError" in strange.last_error
    assert strange.next_try_at is not None


@pytest.mark.parametrize("say", ["451 later", "554 no", "hang up"])
def test_a_failure_is_retried_with_growing_pauses(sqlite_app: Flask, server: tuple[Server, int], say: str) -> None:
    handler, port = server
    put(sqlite_app, "a", "b")
    handler.say = say
    at, pauses = AT, []
    for _ in range(len(sending.PAUSES)):
        assert send(sqlite_app, settings_for(sqlite_app, port), at) == (0, 2)
        message = all_messages(sqlite_app)[0]
        assert message.next_try_at is not None
        pauses.append(message.next_try_at - at)
        assert send(sqlite_app, settings_for(sqlite_app, port), at) == (0, 0), "not before its time"
        at = message.next_try_at
    assert pauses == list(sending.PAUSES)
    assert message.last_error
    handler.say = "250 OK"
    assert send(sqlite_app, settings_for(sqlite_app, port), at) == (2, 0)
    assert len(handler.taken) == 2


def test_after_the_last_try_it_is_given_up_and_can_be_tried_again(
    sqlite_app: Flask, server: tuple[Server, int]
) -> None:
    handler, port = server
    handler.refuse = {"who@example.org"}
    put(sqlite_app, "a")
    at = AT
    for pause in (*sending.PAUSES, timedelta()):
        send(sqlite_app, settings_for(sqlite_app, port), at)
        at += pause
    (message,) = all_messages(sqlite_app)
    assert message.has_failed
    assert "550 no such mailbox" in message.last_error
    handler.refuse = set()
    with sqlite_app.app_context():
        assert outbox.retry_now(db.session, message.id, at)
        db.session.commit()
    assert send(sqlite_app, settings_for(sqlite_app, port), at) == (1, 0)


def test_one_bad_address_does_not_stop_the_others(app: Flask, server: tuple[Server, int]) -> None:
    handler, port = server
    handler.refuse = {"gone@example.org"}
    put(app, "a", to="gone@example.org")
    put(app, "b")
    put(app, "c", to="not an address")
    assert send(app, settings_for(app, port)) == (1, 2)
    assert [envelope.rcpt_tos for envelope in handler.taken] == [["who@example.org"]]


def test_a_server_that_is_not_there_or_hangs(
    sqlite_app: Flask, server: tuple[Server, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(sqlite_app, "a")
    with socket.socket() as silent:  # listens, and never says a word
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 0.3)
        assert send(sqlite_app, settings_for(sqlite_app, silent.getsockname()[1])) == (0, 1)
        port = silent.getsockname()[1]
    assert send(sqlite_app, settings_for(sqlite_app, port), AT + timedelta(hours=1)) == (0, 1)
    assert send(sqlite_app, settings_for(sqlite_app, server[1]), AT + timedelta(hours=9)) == (1, 0)


def test_two_senders_at_once_send_each_message_once(app: Flask, server: tuple[Server, int]) -> None:
    handler, port = server
    put(app, *(f"message {number}" for number in range(12)))
    settings = settings_for(app, port)
    results: list[tuple[int, int]] = []
    threads = [threading.Thread(target=lambda: results.append(send(app, settings))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sent for sent, _failed in results) == 12
    assert len(handler.taken) == 12


def test_a_sender_that_died_leaves_a_claim_that_is_taken_over(app: Flask, server: tuple[Server, int]) -> None:
    handler, port = server
    put(app, "a")
    with app.app_context():
        assert len(claim(db.session, AT, settings_for(app, port).zone)) == 1
        db.session.close()
    assert send(app, settings_for(app, port), AT + timedelta(minutes=1)) == (0, 0)
    assert send(app, settings_for(app, port), AT + sending.CLAIM + timedelta(seconds=1)) == (1, 0)
    assert len(handler.taken) == 1


def test_without_a_mail_server_everything_stays(app: Flask) -> None:
    put(app, "a")
    assert send(app, app.extensions["interagency_settings"]) == (0, 0)
    assert all_messages(app)[0].sent_at is None


def test_killed_at_any_moment_of_sending_loses_nothing_and_doubles_nothing_unnamed(
    sqlite_app: Flask, server: tuple[Server, int]
) -> None:
    handler, port = server
    settings = settings_for(sqlite_app, port)
    deaths, moments = 0, 0
    for point in range(1, 40, 2):
        handler.taken.clear()
        put(sqlite_app, f"{point} a", f"{point} b")
        died = killed(settings, _send, point) is None
        moments += 1
        deaths += died
        later = AT + timedelta(days=point)
        send(sqlite_app, settings, later)
        arrived = [
            email.message_from_bytes(envelope.content, policy=email.policy.default)["Message-ID"]
            for envelope in handler.taken
        ]
        assert len(set(arrived)) == 2, f"lost when killed at statement {point}"
        assert len(arrived) <= 3, "at most the one message in hand goes out again, under its own name"
        assert all(message.sent_at for message in all_messages(sqlite_app))
        if not died:
            break
    assert deaths >= 5
    assert moments > deaths, "at last it gets through"


def _send(app: Flask, count: Callable[[], None]) -> None:
    with app.app_context():
        count()
        send_outbox(db.session, settings_of(app), clock=lambda: AT)
