"""Many people save at once, on two workers: none is refused by a lock, none is lost, none overwrites another unseen."""

from __future__ import annotations

import secrets
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.calendar.events.models import Event
from interagency.cli.cycle import _broken_links
from interagency.db.base import db
from interagency.db.history import Change
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.record import create_activity
from interagency.matrix.organisations.queries import Directory
from tests.conftest import close, make_app, make_settings
from tests.helpers import ACTIVITY, EVENT, activity_draft
from tests.served import Served, Visitor
from tests.servers import Databases

pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("many at once")]
PEOPLE, AT_ONCE, EDITORS, INSISTING = 200, 50, 20, 8


@contextmanager
def _serving(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[Flask, Served]]:
    own, name = {}, None
    template = request.getfixturevalue(f"template_{request.param}")
    if request.param == "sqlite":
        shutil.copy(template, folder / "interagency.sqlite3")
    else:
        name = request.getfixturevalue("databases").create(template)
        own = {"DATABASE_URL": Databases.address(name)}
    app, served = make_app(make_settings(folder, **own)), Served(folder, **own)
    close(app)
    yield app, served.start()
    served.kill()
    close(app)
    if name is not None:
        request.getfixturevalue("databases").drop(name)


ON_EACH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="module", params=ON_EACH)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Served]]:
    """A served service on each database in turn, with two workers, and the same database from here.

    The tests share it, as starting it takes as long as they do.
    """
    with _serving(request, tmp_path_factory.mktemp("served")) as found:
        yield found


@pytest.fixture(params=ON_EACH)
def own_service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Flask, Served]]:
    """The same for one test that fills it."""
    with _serving(request, tmp_path) as found:
        yield found


def in_as_many(served: Served, count: int) -> tuple[list[Visitor], str]:
    """`count` visitors signed in as one focal point, and a token of that session."""
    first = Visitor(served.address).sign_in("who@example.org")
    token = first.token("/activities/new")
    visitors = []
    for _ in range(count):
        one = Visitor(served.address)
        one.session.cookies.update(first.session.cookies)
        visitors.append(one)
    return visitors, token


def test_two_hundred_saves_at_once(own_service: tuple[Flask, Served]) -> None:
    app, served = own_service
    visitors, token = in_as_many(served, AT_ONCE)
    titles = [uuid.uuid4().hex for _ in range(PEOPLE)]

    def save(number: int) -> int:
        values = {"title": titles[number], "status": "ongoing", "lead": "who"}
        return visitors[number % AT_ONCE].post("/activities/new", values, token=token, timeout=120).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(pool.map(save, range(PEOPLE)))
    assert answers == {302: PEOPLE}, served.lines()[-3000:]
    with app.app_context():
        kept = db.session.execute(sa.select(Activity.id, Activity.title).where(Activity.title.in_(titles))).all()
        assert sorted(title for _id, title in kept) == sorted(titles)
        of_these = Change.record_id.in_([record for record, _title in kept])
        query = sa.select(sa.func.count()).select_from(Change).where(Change.record_type == "activity", of_these)
        assert db.session.scalar(query) == PEOPLE
        assert _broken_links() == []
        db.session.close()


@pytest.mark.parametrize(("address", "table"), [("/activities/new", Activity), ("/events/new", Event)])
def test_the_same_form_twenty_times_at_once(
    service: tuple[Flask, Served], address: str, table: type[Activity | Event]
) -> None:
    app, served = service
    visitors, token = in_as_many(served, EDITORS)
    values = (ACTIVITY if table is Activity else EVENT) | {"form_key": secrets.token_urlsafe(16)}

    def send(number: int) -> tuple[int, str]:
        answer = visitors[number].post(address, values, token=token, timeout=120)
        return answer.status_code, answer.headers.get("Location", "")

    with ThreadPoolExecutor(EDITORS) as pool:
        answers = Counter(pool.map(send, range(EDITORS)))
    assert len(answers) == 1, answers
    assert next(iter(answers))[0] == 302
    with app.app_context():
        query = sa.select(sa.func.count()).select_from(table).where(table.title == values["title"])
        assert db.session.scalar(query) == 1
        assert _broken_links() == []
        db.session.close()


def test_twenty_people_at_the_same_record(service: tuple[Flask, Served]) -> None:
    app, served = service
    with app.app_context():
        draft = activity_draft("Everybody's", lead=Directory(db.session).find("who"))
        record = create_activity(db.session, draft, by=None, by_name="test").id
        db.session.commit()
        db.session.close()
    visitors, token = in_as_many(served, EDITORS)

    def edit(number: int) -> tuple[int, str]:
        """Save what was read at version 1; when that is stale, the page shows both and nothing is overwritten."""
        title = f"Title of editor {number}"
        values = {"title": title, "status": "ongoing", "lead": "who", "version": "1"}
        answer = visitors[number].post(f"/activities/{record}/edit", values, token=token, timeout=120)
        shown = answer.status_code == 409 and title in answer.text
        return answer.status_code, "both shown" if shown else ""

    with ThreadPoolExecutor(EDITORS) as pool:
        answers = Counter(pool.map(edit, range(EDITORS)))
    assert answers == {(302, ""): 1, (409, "both shown"): EDITORS - 1}, served.lines()[-3000:]

    def insist(number: int) -> int:
        """Read, save, and on a conflict save again from the page that shows it: until it is in."""
        page = visitors[number].get(f"/activities/{record}/edit").text
        for tries in range(200):
            version = page.split('name="version"')[1].split('value="')[1].split('"')[0]
            values = {"title": f"Insisted by {number}", "status": "ongoing", "lead": "who", "version": version}
            answer = visitors[number].post(f"/activities/{record}/edit", values, token=token, timeout=120)
            if answer.status_code == 302:
                return tries
            assert answer.status_code == 409, answer.text[:300]
            page = answer.text
        raise AssertionError("never got in")

    with ThreadPoolExecutor(INSISTING) as pool:
        list(pool.map(insist, range(INSISTING)))
    with app.app_context():
        versions = sa.select(Change.record_version).where(Change.record_type == "activity", Change.record_id == record)
        assert sorted(db.session.scalars(versions)) == list(range(1, INSISTING + 3))
        db.session.close()
