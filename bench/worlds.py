"""Databases to measure on, made once by the generator and kept under build/bench until the code that makes them changes."""  # noqa: E501

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine import make_url

from interagency import create_app
from interagency.accounts.queries import person_by_email
from interagency.calendar.subscriptions import subscribe
from interagency.database import alembic, db, now
from interagency.matrix.filters import Filters
from interagency.matrix.framework.load import load_framework
from interagency.matrix.organisations.load import load_organisations
from interagency.sample.generate import Wanted, generate
from interagency.settings import Settings, read_settings

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "bench"
BASE = "http://127.0.0.1:8000"
SECRET, PASSWORD = "bench" * 10, "a long enough password"
POSTGRESQL = os.environ.get("INTERAGENCY_BENCH_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1/postgres")
ENTITIES, YEARS = 12, 4


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
    """What a kept database was made by."""
    folders = [ROOT / "interagency" / name for name in ("sample", "migrations", "calendar", "reference")]
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".json", ".toml"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def _fill(app: Flask, activities: int, events: int) -> None:
    alembic.upgrade()
    db.session.close()
    load_framework(db.session)
    load_organisations(db.session)
    db.session.commit()
    zone = app.extensions["interagency_settings"].zone
    wanted = Wanted(activities, events, ENTITIES, YEARS, editions=0)
    generate(db.session, wanted, at=now(), zone=zone, base_url=BASE, password=PASSWORD, progress=lambda _line: None)


def close(app: Flask) -> None:
    """End the connections of `app`."""
    with app.app_context():
        db.session.close()
        for engine in db.engines.values():
            engine.dispose()


def _sqlite(activities: int, events: int) -> Path:
    """The kept database of this size."""
    path = KEPT / f"{activities}-{events}-{_made_by()}.sqlite3"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        folder = KEPT / f"making-{uuid.uuid4().hex[:8]}"
        folder.mkdir()
        app = create_app(settings_for(folder))
        with app.app_context():
            _fill(app, activities, events)
        close(app)
        (folder / "interagency.sqlite3").replace(path)
        shutil.rmtree(folder)
    return path


@contextlib.contextmanager
def world(engine: str, activities: int, events: int) -> Iterator[tuple[Flask, Settings]]:
    """A service on a database of this size, of its own, gone afterwards."""
    folder = KEPT / f"world-{uuid.uuid4().hex[:8]}"
    name = f"interagency_bench_{uuid.uuid4().hex[:12]}"
    if engine == "sqlite":
        source = _sqlite(activities, events)
        folder.mkdir(parents=True)
        shutil.copy(source, folder / "interagency.sqlite3")
        settings = settings_for(folder)
    else:
        folder.mkdir(parents=True)
        _on_server(f'CREATE DATABASE "{name}"')
        address = make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
        settings = settings_for(folder, address)
    app = create_app(settings, RATELIMIT_ENABLED=False)
    try:
        if engine != "sqlite":
            with app.app_context():
                _fill(app, activities, events)
        yield app, settings
    finally:
        close(app)
        if engine != "sqlite":
            _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')
        shutil.rmtree(folder)


def _on_server(statement: str) -> None:
    server = sa.create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(statement))
    server.dispose()


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
