"""The cast and the databases that all tests share."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings

from interagency import create_app
from interagency.accounts import models
from interagency.accounts.models import Person, Role
from interagency.db.base import alembic, db, now
from interagency.matrix.activities.models import Status
from interagency.matrix.activities.record import create_activity
from interagency.matrix.agreement.load import load_audiences
from interagency.matrix.framework.load import load_framework
from interagency.matrix.organisations.load import load_organisations
from interagency.matrix.organisations.models import Appointment
from interagency.matrix.organisations.queries import Directory
from interagency.matrix.overlaps import pair_cache
from interagency.sample.load import load_sample
from interagency.sample.months import add_months
from interagency.settings import Settings, read_settings
from tests import imap_server, servers
from tests.compiled import COMPILED, RuleCompiledOnce, share_statements
from tests.helpers import PASSWORD, Browser, activity_draft
from tests.mail_server import Server, listening
from tests.servers import Databases

# What makes a hash dear is looked at in tests/accounts/test_sign_in.py; everywhere else it would be waited for.
REAL_HASHER = models.hasher
models.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
pair_cache.WAIT = pair_cache.WAIT_FOR_NUMBERS = 60  # a busy machine is no fault
models.DUMMY_HASH = models.nobodys_hash()


Flask.url_rule_class = RuleCompiledOnce
# Fixtures that the tests of a file share, fixtures that say of a test that it is slow, and marks of what begins first.
SHARED = {"serve", "chromium"}
SLOW = {"serve", "attacked_sqlite"}
FIRST = {"browser", "crash", "office", "slow"}
ICAL_JS = Path(__file__).parents[1] / "node_modules" / "ical.js"  # a reader of calendars, see package.json
EVERYTHING = os.environ.get("INTERAGENCY_TEST_EVERYTHING") == "yes"
# Nothing is timed in tests: a busy machine is no fault.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

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
    "curl": (lambda: shutil.which("curl") is not None, "install Debian's curl"),
    "node": (
        lambda: shutil.which("node") is not None and ICAL_JS.is_dir(),
        "install Node and npm, then `make lint-pages`",
    ),
    "imap": (imap_server.is_there, "install Debian's dovecot-imapd"),
    "redis": (lambda: servers.REDIS in os.environ, "install Debian's redis-server or set INTERAGENCY_TEST_REDIS"),
    "postgresql": (
        lambda: servers.POSTGRESQL in os.environ,
        "install Debian's postgresql or set INTERAGENCY_TEST_POSTGRESQL",
    ),
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


def pytest_configure(config: pytest.Config) -> None:
    """The run itself starts the servers of the tests; its workers inherit where they are."""
    gc.set_threshold(50_000, 20, 20)  # a test makes many objects and keeps few: looking for circles took a tenth
    if not hasattr(config, "workerinput"):
        servers.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End them."""
    servers.end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what cannot run here, in one line each; or, where everything is required, let it fail.

    What does not depend on the database runs on SQLite alone. What takes long comes first, so that no worker is left
    alone with it at the end. What shares a served service or a browser within a file stays with one worker.
    """
    items[:] = [item for item in items if not _is_repeated(item)]
    for item in items:
        if SHARED & _fixtures(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
        if SLOW & _fixtures(item):
            item.add_marker("slow")
    gc.freeze()  # what was collected stays to the end
    items.sort(key=lambda item: FIRST.isdisjoint(mark.name for mark in item.iter_markers()))
    missing = {name: how for name, (there, how) in NEEDS.items() if not there()}
    if EVERYTHING and missing:
        pytest.exit(f"required but missing: {', '.join(f'{name} ({how})' for name, how in missing.items())}", 1)
    for item in items:
        for name, how in missing.items():
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=f"left out: {how}"))


def _is_repeated(item: pytest.Item) -> bool:
    """Whether PostgreSQL would only be asked again what SQLite was: see `one_database` in pyproject.toml."""
    if item.get_closest_marker("one_database") is None or item.get_closest_marker("both_databases") is not None:
        return False
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return "postgresql" in parameters


def _fixtures(item: pytest.Item) -> set[str]:
    return set(item.fixturenames) if isinstance(item, pytest.Function) else set()


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
        share_statements(db.engine)
    return app


def fill(app: Flask) -> None:
    """Migrations, reference lists and the cast."""
    with app.app_context():
        alembic.upgrade()
        load_framework(db.session)
        load_organisations(db.session)
        load_audiences(db.session)
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


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder of this run, which its workers share."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` of this run, filled by `make`: once, however many workers need it."""
    shared = shared_folder(factory)
    folder, part = shared / name, shared / f"{name}.part"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(folder)
    return folder


@pytest.fixture(scope="session")
def template_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled SQLite database, copied for each test."""

    def make(folder: Path) -> None:
        app = make_app(make_settings(folder))
        fill(app)
        close(app)  # closing the last connection brings the log into the file

    return once(tmp_path_factory, "template", make) / "interagency.sqlite3"


def load(settings: Settings) -> None:
    """Add the sample data to a filled database."""
    app = make_app(settings)
    with app.app_context():
        load_sample(db.session, progress=lambda _line: None)
        db.session.commit()
    close(app)


@pytest.fixture(scope="session")
def loaded_sqlite(template_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the sample data, copied for each test that asks for `sample_data`."""

    def make(folder: Path) -> None:
        shutil.copy(template_sqlite, folder / "interagency.sqlite3")
        load(make_settings(folder))

    return once(tmp_path_factory, "loaded", make) / "interagency.sqlite3"


@pytest.fixture(scope="session")
def sample_sqlite(loaded_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with its first months, copied for each served service."""

    def make(folder: Path) -> None:
        shutil.copy(loaded_sqlite, folder / "interagency.sqlite3")
        app = make_app(make_settings(folder))
        with app.app_context():
            add_months(db.session, at=now(), zone=ZoneInfo("Europe/Vienna"))
        close(app)

    return once(tmp_path_factory, "sample", make) / "interagency.sqlite3"


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """`databases.create()` makes a database on the tests' PostgreSQL."""
    made = Databases()
    yield made
    made.close()


@pytest.fixture(scope="session")
def template_postgresql(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a filled PostgreSQL database, the template of each test's own."""

    def make(folder: Path) -> None:
        name = databases.create()
        app = make_app(make_settings(folder, DATABASE_URL=databases.address(name)))
        fill(app)
        close(app)
        (folder / "name").write_text(name)

    return (once(tmp_path_factory, "template-postgresql", make) / "name").read_text()


@pytest.fixture(scope="session")
def loaded_postgresql(template_postgresql: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of one with the sample data."""

    def make(folder: Path) -> None:
        name = databases.create(template_postgresql)
        load(make_settings(folder, DATABASE_URL=databases.address(name)))
        (folder / "name").write_text(name)

    return (once(tmp_path_factory, "loaded-postgresql", make) / "name").read_text()


@pytest.fixture
def sample_data() -> None:
    """Who asks for it finds the sample data in the database of `app` or `sqlite_app`."""


@pytest.fixture(scope="session")
def redis_address() -> str:
    """Where the tests' Redis is."""
    servers.wait_for(servers.redis_answers)
    return os.environ[servers.REDIS]


@pytest.fixture
def empty_postgresql(databases: Databases) -> Iterator[str]:
    """The address of a PostgreSQL database with nothing in it."""
    name = databases.create()
    yield databases.address(name)
    databases.drop(name)


def _template(request: pytest.FixtureRequest, kind: str) -> Any:
    state = "loaded" if "sample_data" in request.fixturenames else "template"
    return request.getfixturevalue(f"{state}_{kind}")


@pytest.fixture
def sqlite_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an SQLite database with reference lists and the cast."""
    shutil.copy(_template(request, "sqlite"), tmp_path / "interagency.sqlite3")
    return make_settings(tmp_path)


@pytest.fixture
def postgresql_settings(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[Settings]:
    """The same on PostgreSQL."""
    name = databases.create(_template(request, "postgresql"))
    yield make_settings(tmp_path, DATABASE_URL=databases.address(name))
    databases.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """A service with reference lists and the cast, on each database in turn."""
    made = make_app(request.getfixturevalue(f"{request.param}_settings"))
    yield made
    close(made)


@pytest.fixture
def sqlite_app(sqlite_settings: Settings) -> Iterator[Flask]:
    """The same on SQLite only, for what does not depend on the database."""
    made = make_app(sqlite_settings)
    yield made
    close(made)


@pytest.fixture(scope="module")
def shared_app(template_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A service on SQLite that the tests of a file share, because they only read."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copy(template_sqlite, folder / "interagency.sqlite3")
    made = make_app(make_settings(folder))
    yield made
    close(made)


@pytest.fixture
def mail_server() -> Iterator[tuple[Server, int]]:
    """An SMTP server on loopback and its port."""
    with listening() as found:
        yield found


@pytest.fixture
def counting(sqlite_settings: Settings) -> Iterator[Flask]:
    """A service that counts attempts, as it is run; on SQLite only."""
    app = create_app(sqlite_settings, TESTING=True, RATELIMIT_ENABLED=True)
    yield app
    close(app)


def signed_in(app: Flask) -> Callable[[str | None], Browser]:
    """`signed_in(app)("who")` is the WHO focal point at the pages of `app`; of None nobody."""

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
    return signed_in(app)


@pytest.fixture
def enter_sqlite(sqlite_app: Flask) -> Callable[[str | None], Browser]:
    """The same on SQLite only."""
    return signed_in(sqlite_app)


@pytest.fixture
def add_activity(request: pytest.FixtureRequest) -> Callable[..., int]:
    """Add an activity and give its id: `add_activity(lead="who", entities=["undp"], title="…")`."""
    app: Flask = request.getfixturevalue("app" if "app" in request.fixturenames else "sqlite_app")

    def add(
        title: str = "An activity",
        lead: str | None = "who",
        entities: tuple[str, ...] = (),
        status: Status = Status.ONGOING,
        **more: object,
    ) -> int:
        with app.app_context():
            directory = Directory(db.session)
            draft = activity_draft(
                title=title,
                status=status,
                lead=directory.find(lead) if lead else None,
                entities=[directory.find(key) for key in entities],
                **more,  # type: ignore[arg-type]
            )
            made = create_activity(db.session, draft, by=None, by_name="test")
            db.session.commit()
            return made.id

    return add
