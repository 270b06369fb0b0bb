"""The cast and the databases that all tests share."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.engine import make_url
from werkzeug.routing import Rule

from interagency import create_app
from interagency.accounts import models
from interagency.accounts.models import Person, Role
from interagency.database import alembic, db, now
from interagency.matrix.activities.models import Status
from interagency.matrix.activities.record import create_activity
from interagency.matrix.framework.load import load_framework
from interagency.matrix.organisations.load import load_organisations
from interagency.matrix.organisations.models import Appointment
from interagency.matrix.organisations.queries import Directory
from interagency.sample.load import load_sample
from interagency.sample.months import add_months
from interagency.settings import Settings, read_settings
from tests.helpers import PASSWORD, Browser, activity_draft
from tests.mail_server import Server, listening

# What makes a hash dear is looked at in tests/accounts/test_sign_in.py; everywhere else it would be waited for.
REAL_HASHER = models.hasher
models.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
models._NOBODYS_HASH = models.hasher.hash("nobody's")


class Compiled(BytecodeCache):
    """Templates are the same for every service that a test makes: compiled once."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


def _compile_addresses_once() -> None:
    """So are addresses: to make functions of a hundred and forty of them takes most of the time of a new service."""
    own, made = Rule._compile_builder, {}

    def compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (append_unknown, tuple(rule._trace), repr(rule.defaults))
        if key not in made:
            made[key] = own(rule, append_unknown)
        return made[key]

    Rule._compile_builder = compile_once


_compile_addresses_once()
EVERYTHING = os.environ.get("INTERAGENCY_TEST_EVERYTHING") == "yes"
# Nothing is timed in tests: a busy machine is no fault.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

POSTGRESQL = os.environ.get("INTERAGENCY_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1/postgres")
REDIS = os.environ.get("INTERAGENCY_TEST_REDIS", "redis://127.0.0.1:6379")
NEEDS = {
    "browser": (lambda: shutil.which("chromium") is not None, "install Debian's chromium"),
    "khal": (
        lambda: shutil.which("khal") is not None and shutil.which("vdirsyncer") is not None,
        "install Debian's khal and vdirsyncer",
    ),
    "nginx": (
        lambda: shutil.which("nginx") is not None and shutil.which("openssl") is not None,
        "install Debian's nginx-light and openssl",
    ),
    "office": (lambda: _office_is_there(), "install Debian's libreoffice-calc-nogui and libreoffice-writer-nogui"),
    "redis": (lambda: _redis_answers(), "start a Redis server and set INTERAGENCY_TEST_REDIS"),
    "postgresql": (lambda: _postgresql_answers(), "start a PostgreSQL server and set INTERAGENCY_TEST_POSTGRESQL"),
}
CAST = (
    ("coordinator@example.org", "Clara Coordinator", Role.COORDINATOR, None),
    ("who@example.org", "Farida Who", Role.READER, "who"),
    ("undp@example.org", "Felix Undp", Role.READER, "undp"),
    ("reader@example.org", "Rui Reader", Role.READER, None),
    ("admin@example.org", "Ada Admin", Role.ADMINISTRATOR, None),
)


def _office_is_there() -> bool:
    found = shutil.which("soffice")
    return found is not None and (Path(found).resolve().parent / "libswlo.so").exists()


def _postgresql_answers() -> bool:
    server = sa.create_engine(POSTGRESQL, connect_args={"connect_timeout": 3})
    try:
        with server.connect():
            return True
    except sa.exc.SQLAlchemyError:
        return False
    finally:
        server.dispose()


def _redis_answers() -> bool:
    try:
        with redis.Redis.from_url(REDIS, socket_connect_timeout=3) as server:
            return bool(server.ping())
    except redis.RedisError:
        return False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what cannot run here, in one line each; or, where everything is required, let it fail."""
    missing = {name: how for name, (there, how) in NEEDS.items() if not there()}
    if EVERYTHING and missing:
        pytest.exit(f"required but missing: {', '.join(f'{name} ({how})' for name, how in missing.items())}", 1)
    for item in items:
        for name, how in missing.items():
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=f"left out: {how}"))


def make_settings(folder: Path, **more: str) -> Settings:
    """Settings of a service in `folder`."""
    values = {
        "DATA_FOLDER": str(folder),
        "SECRET_KEY": "test" * 10,
        "BASE_URL": "http://localhost",
        "TRUSTED_HOSTS": "localhost, 127.0.0.1",
    } | more
    return read_settings({f"INTERAGENCY_{name}": value for name, value in values.items()})


def make_app(settings: Settings) -> Flask:
    """A service for tests: no limits of attempts, unless a test is about them."""
    app = create_app(settings, TESTING=True, RATELIMIT_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
    app.jinja_env.bytecode_cache = COMPILED
    with app.app_context():
        _share_statements(db.engine)
    return app


_shared: dict[str, tuple[sa.Dialect, Any]] = {}


def _share_statements(engine: sa.Engine) -> None:
    """Statements are compiled once for all services on the same kind of database, as they would be for one."""
    first = _shared.setdefault(engine.dialect.name, (engine.dialect, engine._compiled_cache))
    engine.dialect, engine._compiled_cache = first


def fill(app: Flask) -> None:
    """Migrations, reference lists and the cast."""
    with app.app_context():
        alembic.upgrade()
        load_framework(db.session)
        load_organisations(db.session)
        directory = Directory(db.session)
        for email, name, role, entity in CAST:
            person = Person(email=email, name=name, role=role, session_epoch=0)
            person.set_password(PASSWORD)
            db.session.add(person)
            db.session.flush()
            if entity:
                appointment = Appointment(
                    person_id=person.id, entity_id=directory.find(entity).id, first_day=date(2020, 1, 1)
                )
                db.session.add(appointment)
        db.session.commit()


def close(app: Flask) -> None:
    """End all connections of `app`."""
    with app.app_context():
        db.session.close()
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture(scope="session")
def template_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled SQLite database, copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    app = make_app(make_settings(folder))
    fill(app)
    close(app)  # closing the last connection brings the log into the file
    return folder / "interagency.sqlite3"


@pytest.fixture(scope="session")
def sample_sqlite(template_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the sample data and its first months, copied for each served service."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copy(template_sqlite, folder / "interagency.sqlite3")
    app = make_app(make_settings(folder))
    with app.app_context():
        load_sample(db.session, progress=lambda _line: None)
        db.session.commit()
        add_months(db.session, at=now(), zone=ZoneInfo("Europe/Vienna"))
    close(app)
    return folder / "interagency.sqlite3"


@pytest.fixture(scope="session")
def template_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a filled PostgreSQL database, the template of each test's own."""
    name = f"interagency_test_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    address = make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    app = make_app(make_settings(tmp_path_factory.mktemp("pg"), DATABASE_URL=address))
    fill(app)
    close(app)
    yield name
    with server.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A service with reference lists and the cast, on each database in turn."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("template_sqlite")
        shutil.copy(template, tmp_path / "interagency.sqlite3")
        made = make_app(make_settings(tmp_path))
        yield made
        close(made)
        return
    source: str = request.getfixturevalue("template_postgresql")
    name = f"interagency_test_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE "{source}"'))
    address = make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    made = make_app(make_settings(tmp_path, DATABASE_URL=address))
    yield made
    close(made)
    with server.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.dispose()


@pytest.fixture
def sqlite_app(template_sqlite: Path, tmp_path: Path) -> Iterator[Flask]:
    """The same on SQLite only, for what does not depend on the database."""
    shutil.copy(template_sqlite, tmp_path / "interagency.sqlite3")
    made = make_app(make_settings(tmp_path))
    yield made
    close(made)


@pytest.fixture
def mail_server() -> Iterator[tuple[Server, int]]:
    """An SMTP server on loopback and its port."""
    with listening() as found:
        yield found


@pytest.fixture
def counting(template_sqlite: Path, tmp_path: Path) -> Iterator[Flask]:
    """A service that counts attempts, as it is run; on SQLite only."""
    shutil.copy(template_sqlite, tmp_path / "interagency.sqlite3")
    app = create_app(make_settings(tmp_path), TESTING=True, RATELIMIT_ENABLED=True)
    yield app
    close(app)


def _signed_in(app: Flask) -> Callable[[str | None], Browser]:
    def enter(name: str | None) -> Browser:
        client: FlaskClient = app.test_client()
        browser = Browser(client)
        if name is not None:
            browser.sign_in(f"{name}@example.org")
        return browser

    return enter


@pytest.fixture
def enter(app: Flask) -> Callable[[str | None], Browser]:
    """`enter("who")` is the WHO focal point at the pages; `enter(None)` is nobody."""
    return _signed_in(app)


@pytest.fixture
def enter_sqlite(sqlite_app: Flask) -> Callable[[str | None], Browser]:
    """The same on SQLite only."""
    return _signed_in(sqlite_app)


@pytest.fixture
def add_activity(request: pytest.FixtureRequest) -> Callable[..., int]:
    """Add an activity and give its id: `add_activity(lead="who", entities=["undp"], title="…")`."""
    app: Flask = request.getfixturevalue("app" if "app" in request.fixturenames else "sqlite_app")

    def add(
        title: str = "An activity", lead: str | None = "who", entities: tuple[str, ...] = (), **more: object
    ) -> int:
        with app.app_context():
            directory = Directory(db.session)
            draft = activity_draft(
                title=title,
                status=Status.ONGOING,
                lead=directory.find(lead) if lead else None,
                entities=[directory.find(key) for key in entities],
                **more,  # type: ignore[arg-type]
            )
            made = create_activity(db.session, draft, by=None, by_name="test")
            db.session.commit()
            return made.id

    return add
