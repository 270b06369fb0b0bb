"""The audit log is a chain: what was changed, taken away or put in is named, whoever writes at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Flask

from interagency.db.audit_chain import AuditLink, chain_end, chain_problems, link_entries
from interagency.db.base import db
from interagency.db.history import AuditEntry, audit
from interagency.exports.signing import problems as signature_problems
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.opening import open_cycle
from interagency.signatures.keys import prepare_key
from interagency.web.context import settings, utc_now
from tests.helpers import Browser

WRITERS, EACH = 6, 15


def write(app: Flask, name: str) -> None:
    for number in range(EACH):
        with app.app_context():
            audit(db.session, "backup.made", by_name=name, number=number, text="« Überprüfung »")
            if number % 5 == 4:
                db.session.flush()
                db.session.rollback()  # what is given up leaves no link
            else:
                db.session.commit()


def tamper(app: Flask, *statements: str) -> list[str]:
    """What `check` says of the log once somebody with all rights on the database did this."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            for table in ("audit_entry", "audit_link"):
                for act in ("update", "delete"):
                    db.session.execute(sa.text(f"DROP TRIGGER IF EXISTS {table}_no_{act}"))
        else:
            for table in ("audit_entry", "audit_link"):
                db.session.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        for statement in statements:
            db.session.execute(sa.text(statement))
        db.session.flush()
        found = [*chain_problems(db.session), *signature_problems(db.session)]
        db.session.rollback()
        return found


def test_writers_at_once_make_one_chain_and_any_change_is_named(
    app: Flask, enter: Callable[[str | None], Browser]
) -> None:
    writers = [threading.Thread(target=write, args=(app, f"writer {number}")) for number in range(WRITERS)]
    for one in writers:
        one.start()
    # Meanwhile a month is closed, in a transaction that sees the log of before, and somebody downloads.
    with app.app_context():
        prepare_key(db.session, settings(), utc_now())
        open_cycle(db.session, "2026-08", at=utc_now(), zone=ZoneInfo("Europe/Vienna"), by=None)
        db.session.commit()
        at = datetime(2026, 9, 6, tzinfo=UTC)
        close_cycle(db.session, "2026-08", at=at, zone=ZoneInfo("Europe/Vienna"), by=None)
    assert enter("reader").get("/exports/matrix.csv").status_code == 200
    for one in writers:
        one.join()
    with app.app_context():
        count = db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) or 0
        assert count >= WRITERS * EACH * 4 // 5 + 3
        assert list(chain_problems(db.session)) == []
        assert list(signature_problems(db.session)) == []
        position, digest = chain_end(db.session)
        assert (position, len(digest)) == (count, 64)
        assert link_entries(db.session, all_of_them=True) == 0
        some = db.session.scalars(sa.select(AuditLink.entry_id).where(AuditLink.position == 5)).one()
        signed_at = db.session.scalars(sa.text("SELECT payload FROM record_signature")).one()
        db.session.rollback()
    assert '"audit":[' in signed_at

    changed = tamper(app, f"UPDATE audit_entry SET by_name = 'Somebody else' WHERE id = {some}")
    assert changed == [f"audit entry {some} is not what was written, or an entry before it was exchanged"]
    gone = tamper(app, f"DELETE FROM audit_link WHERE entry_id = {some}", f"DELETE FROM audit_entry WHERE id = {some}")
    assert gone[0] == "the audit log lacks what stood at place 5 of its chain"
    put_in = tamper(
        app,
        "INSERT INTO audit_entry (id, at, act, by_name, details) "
        "VALUES (900000, '2026-01-01 00:00:00', 'sign_in', 'Nobody', '{}')",
    )
    assert put_in == ["audit entry 900000 is not in the chain; an older version wrote it, or somebody else"]
    # Who takes away the end leaves a chain that holds; the signed edition tells where it was.
    cut = tamper(app, "DELETE FROM audit_link WHERE position > 0", "DELETE FROM audit_entry WHERE id > 0")
    assert cut[0].startswith("the audit log is not the one that edition 1 was signed with")
