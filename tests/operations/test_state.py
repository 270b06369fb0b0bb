"""Administrators see how the service does, in words; Prometheus is alerted by measures that exist."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_server

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask

from interagency.cli import main
from interagency.db.base import db
from interagency.db.history import audit
from interagency.mail.models import OutboxMessage
from interagency.operations.metrics import Asked
from interagency.operations.state import certificate_end, note_run
from tests.helpers import Browser, text_of

ALERTS = Path(__file__).parents[2] / "deploy" / "interagency-alerts.yml"


def measures(app: Flask) -> dict[str, float]:
    return {one.name: sample.value for one in Asked(app).collect() for sample in one.samples if not sample.labels}


def test_the_page_says_what_needs_somebody_and_the_measures_agree(
    app: Flask, enter: Callable[[str | None], Browser]
) -> None:
    at = datetime(2026, 11, 30, 12, tzinfo=UTC)
    app.config["CLOCK"] = lambda: at
    assert enter("coordinator").get("/admin/operation").status_code == 403
    admin = enter("admin")
    said = text_of(admin.get("/admin/operation"))
    for words in ("The scheduler never ran", "No mail server is set", "There is no backup", "Newest migration"):
        assert words in said
    assert app.extensions["interagency_settings"].is_sqlite == ("SQLite" in said)
    assert ("PostgreSQL" in said) != ("SQLite" in said)
    found = measures(app)
    assert (found["interagency_migrated"], found["interagency_last_tick_timestamp_seconds"]) == (1, 0)
    assert found["interagency_database_size_bytes"] > 100_000
    assert 0 < found["interagency_disk_free_bytes"] < found["interagency_disk_size_bytes"]
    with app.app_context():
        note_run(db.session, "tick", at - timedelta(hours=1))
        note_run(db.session, "tick", at - timedelta(minutes=5))
        note_run(db.session, "certificate", at, until=at + timedelta(days=5))
        audit(db.session, "backup.made", by_name="command line", sha256="0")
        mail = OutboxMessage(
            dedupe_key="k", message_id="m", written_at=at, tries=9, last_error="550 <nobody>", subject="S", text="",
            to_address="a@example.org", to_name="A", html="", send_if_args={},
        )  # fmt: skip
        db.session.add(mail)
        db.session.flush()
        mail.next_try_at = None
        db.session.commit()
    said = text_of(admin.get("/admin/operation"))
    assert "The scheduler" not in said
    assert "Mails fail: 550 <nobody>" in said
    assert "ends within two weeks" in said
    found = measures(app)
    assert found["interagency_last_tick_timestamp_seconds"] == (at - timedelta(minutes=5)).timestamp()
    assert found["interagency_outbox_given_up"] == 1
    app.config["CLOCK"] = lambda: at + timedelta(hours=5)
    assert "has not run for hours" in text_of(enter("admin").get("/admin/operation"))


@pytest.mark.one_database
def test_the_scheduler_notes_that_it_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "test" * 10)
    # A provider whose certificate nobody vouches for: nothing listens there.
    monkeypatch.setenv("INTERAGENCY_OIDC_ISSUER", "https://127.0.0.1:1")
    monkeypatch.setenv("INTERAGENCY_OIDC_CLIENT_ID", "x")
    for command in (["init"], ["cycle", "tick"]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0, result.output
    from interagency import create_app

    app = create_app()
    found = measures(app)
    assert found["interagency_last_tick_timestamp_seconds"] > 0
    assert found["interagency_last_tick_failed"] == 0
    assert found["interagency_single_sign_on_certificate_end_timestamp_seconds"] == 1


def test_the_end_of_a_certificate_is_read_only_where_it_holds(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin, end = datetime.now(UTC).replace(microsecond=0), datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begin, end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "both.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(path)
    with create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(2):
                plain, _address = server.accept()
                with plain, suppress(OSError):
                    offered.wrap_socket(plain, server_side=True).close()

        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        assert certificate_end("localhost", port, ssl.create_default_context(cafile=str(path))) == end
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            certificate_end("localhost", port)
        thread.join()


@pytest.mark.one_database
def test_alerts_ask_for_measures_that_are_there(sqlite_app: Flask) -> None:
    """By promtool where it is installed; its shape, and the names of its measures, in any case."""
    text = ALERTS.read_text(encoding="utf-8")
    if promtool := shutil.which("promtool"):
        done = subprocess.run([promtool, "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    rules = re.split(r"^      - alert: ", text, flags=re.MULTILINE)[1:]
    assert len(rules) == text.count("alert:") >= 10
    assert len({rule.split()[0] for rule in rules}) == len(rules)
    there = {one.name for one in Asked(sqlite_app).collect()}
    there |= {"interagency_requests_total", "interagency_request_seconds_bucket"}
    for rule in rules:
        lines = [line.strip() for line in rule.splitlines()[1:] if line.strip() and not line.lstrip().startswith("#")]
        kinds = [line.split(":")[0] for line in lines]
        assert kinds in (["expr", "for", "labels", "annotations"], ["expr", "labels", "annotations"]), rule
        assert re.fullmatch(r"labels: \{severity: (page|ticket)\}", lines[-2])
        assert re.fullmatch(r'annotations: \{summary: "[^"]+"\}', lines[-1])
        assert lines[0].count("(") == lines[0].count(")")
        assert (names := set(re.findall(r"interagency_\w+", lines[0]))), rule
        assert names <= there, names - there
