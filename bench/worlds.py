"""Databases to measure on: made once by the generator and kept, until what it makes changes.

SQLite's stand under build/bench, PostgreSQL's on its server, named interagency_bench_…; `python -m bench --forget`
removes both.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine import make_url

from bench.generated.generate import Wanted, generate
from interagency import create_app
from interagency.accounts.queries import person_by_email
from interagency.calendar.feeds.subscriptions import subscribe
from interagency.db.base import alembic, db, now
from interagency.matrix.activities.filters import Filters
from interagency.matrix.agreement.load import load_audiences
from interagency.matrix.framework.load import load_framework
from interagency.matrix.organisations.load import load_organisations
from interagency.operations.copying import copy_to
from interagency.settings import Settings, read_settings

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "bench"
BASE = "http://127.0.0.1:8000"
SECRET, PASSWORD = "bench" * 10, "a long enough password"
POSTGRESQL = os.environ.get("INTERAGENCY_BENCH_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1/postgres")
ENTITIES, YEARS = 12, 4
FEW_EVENTS = 500  # where activities are what is measured
PREFIX = "interagency_bench_"
making: list[float] = []  # seconds spent on databases that are kept


def settings_for(folder: Path, address: str = "") -> Settings:
    """Settings of a service in `folder`, on SQLite unless an address is given."""
    values = {"DATA_FOLDER": str(folder), "SECRET_KEY": SECRET, "BASE_URL": BASE, "DATABASE_URL": address}
    return read_settings({f"INTERAGENCY_{name}": value for name, value in values.items()})


def environment(settings: Settings) -> dict[str, str]:
    """The same settings for a server."""
    return dict(os.environ) | {
        "INTERAGENCY_DATA_FOLDER": str(settings.data_folder),
        "INTERAGENCY_DATABASE_URL": settings.database_url,
        "INTERAGENCY_SECRET_KEY": SECRET,
        "INTERAGENCY_BASE_URL": BASE,
        "PYTHONPATH": str(ROOT),
    }


@cache
def _made_by() -> str:
    """What a kept database was made by. Later migrations are made up for when it is used."""
    folders = [ROOT / "bench" / "generated", ROOT / "interagency" / "reference"]
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".json"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def _fill(app: Flask, activities: int, events: int) -> None:
    alembic.upgrade()
    db.session.close()
    load_framework(db.session)
    load_organisations(db.session)
    load_audiences(db.session)
    db.session.commit()
    zone = app.extensions["interagency_settings"].zone
    wanted = Wanted(activities, events, ENTITIES, YEARS, editions=0)
    generate(db.session, wanted, at=now(), zone=zone, password=PASSWORD, progress=lambda _line: None)


def close(app: Flask) -> None:
    """End the connections of `app`."""
    with app.app_context():
        db.session.close()
        for engine in db.engines.values():
            engine.dispose()


@cache
def _sqlite(activities: int, events: int) -> Path:
    """The kept database of this size, at the newest migration."""
    folder = KEPT / f"{activities}-{events}-{_made_by()}"
    if not folder.exists():
        begun = time.monotonic()
        unready = KEPT / f"making-{uuid.uuid4().hex[:8]}"
        unready.mkdir(parents=True)
        app = create_app(settings_for(unready))
        with app.app_context():
            _fill(app, activities, events)
        close(app)
        unready.replace(folder)
        making.append(time.monotonic() - begun)
    _bring_up(settings_for(folder))
    return folder / "interagency.sqlite3"


@cache
def _postgresql(activities: int, events: int) -> str:
    """The name of the kept database of this size: a copy of SQLite's."""
    name = f"{PREFIX}{activities}_{events}_{_made_by()}"
    if name not in _on_server("SELECT datname FROM pg_database"):
        unready = f"{PREFIX}making_{uuid.uuid4().hex[:8]}"
        _on_server(f'CREATE DATABASE "{unready}"')
        with world("sqlite", activities, events) as (_app, settings):
            begun = time.monotonic()
            copy_to(settings, _address(unready), create_app=create_app, replace_target=False, tell=lambda _line: None)
            making.append(time.monotonic() - begun)
        _on_server(f'ALTER DATABASE "{unready}" RENAME TO "{name}"')
    _bring_up(settings_for(KEPT, _address(name)))
    return name


def _bring_up(settings: Settings) -> None:
    """The newest schema, and what the server's own upkeep would have done by now."""
    app = create_app(settings)
    with app.app_context():  # its end lets alembic's connection go, which locks an SQLite file
        alembic.upgrade()
    with app.app_context():
        if settings.is_sqlite:
            db.session.execute(sa.text("ANALYZE"))
            db.session.commit()
    close(app)
    if not settings.is_sqlite:
        _on_server("VACUUM (ANALYZE)", settings.database_url)


def _address(name: str) -> str:
    return make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)


@contextlib.contextmanager
def world(engine: str, activities: int, events: int) -> Iterator[tuple[Flask, Settings]]:
    """A service on a database of this size, of its own, gone afterwards."""
    folder = KEPT / f"world-{uuid.uuid4().hex[:8]}"
    name = f"{PREFIX}world_{uuid.uuid4().hex[:8]}"
    if engine == "sqlite":
        source = _sqlite(activities, events)
        folder.mkdir(parents=True)
        shutil.copy(source, folder / "interagency.sqlite3")
        settings = settings_for(folder)
    else:
        _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{_postgresql(activities, events)}"')
        folder.mkdir(parents=True)
        settings = settings_for(folder, _address(name))
    app = create_app(settings, RATELIMIT_ENABLED=False)
    try:
        yield app, settings
    finally:
        close(app)
        if engine != "sqlite":
            _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')
        shutil.rmtree(folder)


def forget() -> None:
    """Remove what is kept."""
    shutil.rmtree(KEPT, ignore_errors=True)
    if has_postgresql():
        for name in _on_server("SELECT datname FROM pg_database"):
            if name.startswith(PREFIX):
                _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


def _on_server(statement: str, address: str = POSTGRESQL) -> list[str]:
    """Do it; the first column of what it gives."""
    server = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            done = connection.execute(sa.text(statement))
            return list(done.scalars()) if done.returns_rows else []
    finally:
        server.dispose()


def engines() -> list[tuple[str, str]]:
    """The databases there are, each as a word and by its name."""
    return [("sqlite", "SQLite"), *([("postgresql", "PostgreSQL")] if has_postgresql() else [])]


def has_postgresql() -> bool:
    """Whether a server answers."""
    try:
        _on_server("SELECT 1")
    except sa.exc.SQLAlchemyError:
        return False
    return True


def add_feed(app: Flask) -> str:
    """The path of a new feed of everything, the coordinator's."""
    with app.app_context():
        person = person_by_email(db.session, "coordinator@example.org")
        assert person is not None
        _subscription, token = subscribe(db.session, person, "All", replace(Filters()))
        db.session.commit()
    return f"/feeds/{token}.ics?past=all"
