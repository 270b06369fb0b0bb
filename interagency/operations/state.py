"""The state of the service as those who run it watch it: `/admin/operation` shows it, `/metrics` measures the same."""

from __future__ import annotations

import shutil
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column
from tzdata import IANA_VERSION  # type: ignore[import-untyped]

from interagency.db.base import MIGRATIONS, Model
from interagency.db.history import AuditEntry
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import pending_count
from interagency.settings import Settings
from interagency.signatures.keys import KeyRefusal, read_private_key

# How often the provider of single sign-on is asked for its certificate, and how long it has for an answer.
ASK_AGAIN, ANSWER_SECONDS = timedelta(hours=6), 5


class LastRun(Model):
    """When something that runs by itself ran last, and what it found."""

    __tablename__ = "last_run"

    # `tick`, or `certificate`: of the provider of single sign-on.
    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    at: Mapped[datetime]
    # Of the certificate: until when it is valid.
    until: Mapped[datetime | None]
    problem: Mapped[str]


def note_run(session: Session, name: str, at: datetime, *, until: datetime | None = None, problem: str = "") -> None:
    """Keep that it ran; in a transaction of its own. Of two at the same moment one is kept."""
    session.rollback()
    try:
        kept = session.get(LastRun, name) or LastRun(name=name)
        kept.at, kept.until, kept.problem = at, until, problem
        session.add(kept)
        session.commit()
    except IntegrityError:
        session.rollback()


def certificate_end(host: str, port: int, context: ssl.SSLContext | None = None) -> datetime:
    """Until when (UTC) the certificate of a server is valid. Raises OSError, also where it does not hold."""
    context = context or ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=ANSWER_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as line,
    ):
        found = line.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)


def note_certificate(session: Session, settings: Settings, at: datetime) -> None:
    """Ask the provider of single sign-on, if there is one, for its certificate, every few hours."""
    address = urlsplit(settings.oidc_issuer)
    if address.scheme != "https" or not address.hostname:
        return
    kept = session.get(LastRun, "certificate")
    if kept is not None and at - kept.at < ASK_AGAIN and not kept.problem:
        return
    session.rollback()  # nothing is held while the network is waited for
    until, problem = None, ""
    try:
        until = certificate_end(address.hostname, address.port or 443)
    except (OSError, KeyError, ValueError) as fault:
        problem = f"{type(fault).__name__}: {fault}"[:200]
    note_run(session, "certificate", at, until=until, problem=problem)


@dataclass(frozen=True, slots=True)
class State:
    """What is shown and measured. Sizes in bytes, instants in UTC; None: never, or not known."""

    version: str
    zone_data: str
    migration: str
    newest_migration: str
    engine: str
    database_size: int | None
    disk_free: int
    disk_total: int
    mails_waiting: int
    mails_given_up: int
    oldest_failed_mail: datetime | None
    mail_error: str
    has_mail_server: bool
    last_tick: datetime | None
    last_tick_problem: str
    last_backup: datetime | None
    certificate_until: datetime | None
    certificate_problem: str
    has_single_sign_on: bool
    signing_key: str | None

    @property
    def is_migrated(self) -> bool:
        """Whether the database is where this version of the service needs it."""
        return self.migration == self.newest_migration


def read_state(session: Session, settings: Settings) -> State:
    """The state at this moment."""
    one = OutboxMessage
    given_up = sa.select(sa.func.count()).select_from(one).where(one.sent_at.is_(None), one.next_try_at.is_(None))
    failed = sa.select(one).where(one.sent_at.is_(None), one.tries > 0).order_by(one.written_at).limit(1)
    oldest = session.scalar(failed)
    runs = {run.name: run for run in session.scalars(sa.select(LastRun))}
    tick, certificate = runs.get("tick"), runs.get("certificate")
    disk = shutil.disk_usage(settings.data_folder)
    backed_up: Any = sa.select(sa.func.max(AuditEntry.at)).where(AuditEntry.act == "backup.made")
    engine, size = _database(session, settings)
    return State(
        version=version("interagency"),
        zone_data=IANA_VERSION,
        migration=", ".join(sorted(session.scalars(sa.text("SELECT version_num FROM alembic_version")))),
        newest_migration=", ".join(sorted(ScriptDirectory(MIGRATIONS, version_locations=[MIGRATIONS]).get_heads())),
        engine=engine,
        database_size=size,
        disk_free=disk.free,
        disk_total=disk.total,
        mails_waiting=pending_count(session),
        mails_given_up=session.scalar(given_up) or 0,
        oldest_failed_mail=oldest.written_at if oldest is not None else None,
        mail_error=oldest.last_error if oldest is not None else "",
        has_mail_server=bool(settings.mail_url),
        last_tick=tick.at if tick is not None else None,
        last_tick_problem=tick.problem if tick is not None else "",
        last_backup=session.scalar(backed_up),
        certificate_until=certificate.until if certificate is not None else None,
        certificate_problem=certificate.problem if certificate is not None else "",
        has_single_sign_on=bool(settings.oidc_issuer),
        signing_key=_signing_key(settings),
    )


def _signing_key(settings: Settings) -> str | None:
    try:
        key = read_private_key(settings)
    except KeyRefusal:
        return None
    return key.id if key is not None else None


def _database(session: Session, settings: Settings) -> tuple[str, int | None]:
    """The engine with its version, and how many bytes the database has."""
    if session.get_bind().dialect.name == "postgresql":
        said = session.execute(
            sa.text("SELECT current_setting('server_version'), pg_database_size(current_database())")
        ).one()
        return f"PostgreSQL {said[0].split()[0]}", int(said[1])
    name = f"SQLite {session.scalar(sa.text('SELECT sqlite_version()'))}"
    path = Path(make_url(settings.database_url).database or "")
    parts = [path, path.with_name(f"{path.name}-wal")]
    return name, sum(part.stat().st_size for part in parts if part.is_file())
