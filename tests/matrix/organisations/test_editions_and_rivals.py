"""Editions keep the names of their day; two who change the directory at once make one change, and the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.matrix.activities.models import Activity
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.models import Edition
from interagency.matrix.cycles.opening import open_cycle
from interagency.matrix.organisations import directory, merging
from interagency.matrix.organisations.directory import Act
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import Directory
from tests.helpers import ACTIVITY, EVENT, Browser, text_of

Enter = Callable[[str | None], Browser]
ACT = Act(None, date(2026, 11, 30))
VIENNA = ZoneInfo("Europe/Vienna")


def change_everything(session: Any) -> None:
    """A new name for the entity and the partner of the records, and the partner merged into another."""
    known = Directory(session)
    directory.rename(session, known.find("who"), ACT, name="World Health Body", acronym="WHB")
    directory.rename(session, known.find("interpol"), ACT, name="World Police", acronym="WP")
    other = directory.add(session, ACT, name="Police of the world", acronym="POW", kind="international_organisation")
    merging.merge(session, known.find("interpol"), other, ACT)
    session.commit()


def test_an_edition_is_the_same_before_and_after_and_everything_else_follows(app: Flask, enter: Enter) -> None:
    browser = enter("coordinator")
    activity = browser.send("/activities/new", ACTIVITY | {"partners": ["interpol"]}).location.split("?")[0]
    event = browser.send("/events/new", EVENT | {"participants": ["interpol"]}).location.split("?")[0]
    with app.app_context():
        at = datetime(2026, 9, 6, tzinfo=UTC)
        open_cycle(db.session, "2026-08", at=at, zone=VIENNA, by=None)
        db.session.commit()
        close_cycle(db.session, "2026-08", at=at, zone=VIENNA, by=None)
    pages = ("/editions/2026-08", "/editions/2026-08/matrix.xlsx", "/editions/2026-08/edition.json")

    def editions() -> list[Any]:
        with app.app_context():
            checksums = list(db.session.scalars(sa.select(Edition.checksum)))
        answers = [browser.get(page) for page in pages]
        assert [answer.status_code for answer in answers] == [200] * len(pages)
        return [checksums, text_of(answers[0]), *(answer.data for answer in answers[1:])]

    browser.get("/")  # what was said of the saving is read
    before = editions()
    assert "WHO" in before[1]
    with app.app_context():
        change_everything(db.session)
    assert editions() == before
    for page in (
        activity,
        event,
        "/activities",
        "/activities?entity=WHO",
        "/activities?partner=interpol",
        "/search?q=WHO",
    ):
        text = text_of(browser.get(page))
        assert "WHB" in text, page
    assert "POW" in text_of(browser.get(activity))
    assert "POW" in text_of(browser.get(event))
    assert "INTERPOL" not in text_of(browser.get(activity))
    csv = browser.get("/exports/matrix.csv").text
    assert "WHB" in csv
    assert "POW" in csv


def test_a_feed_says_the_new_name_at_once(app: Flask, enter: Enter) -> None:
    browser = enter("who")
    browser.send("/events/new", EVENT)
    page = browser.send("/subscriptions", {"name": "Mine"})
    address = page.text.split("/feeds/")[1].split(".ics")[0]
    first = browser.client.get(f"/feeds/{address}.ics").text
    assert "WHO" in first
    with app.app_context():
        directory.rename(db.session, Directory(db.session).find("who"), ACT, name="World Health Body", acronym="WHB")
        db.session.commit()
    assert "WHB" in browser.client.get(f"/feeds/{address}.ics").text


@pytest.mark.parametrize("act", ["add", "rename", "merge"])
def test_of_two_at_once_one_does_it_and_the_other_is_told(app: Flask, act: str) -> None:
    with app.app_context():
        one = directory.add(db.session, ACT, name="Quiet Rivers", kind="academia")
        directory.add(db.session, ACT, name="Other Rivers", kind="academia")
        db.session.commit()
        version = one.version
    start, done = threading.Barrier(2), []

    def rival(number: int) -> None:
        with app.app_context():
            known = Directory(db.session)
            mine, other = known.find("quiet-rivers"), known.find("other-rivers")
            start.wait()
            try:
                if act == "add":
                    directory.add(db.session, ACT, name=["New-Rivers", "new rivers"][number], kind="academia")
                elif act == "rename":
                    directory.rename(db.session, mine, ACT, name=f"Name {number}", version=version)
                else:
                    merging.merge(db.session, mine, other, ACT, version=version)
                db.session.commit()
                done.append("done")
            except ValueError as refusal:
                db.session.rollback()
                done.append(str(refusal))
            finally:
                db.session.close()

    threads = [threading.Thread(target=rival, args=(number,)) for number in range(2)]
    if app.extensions["interagency_settings"].is_sqlite:
        # Whoever writes holds the whole database from its beginning: they come one after the other.
        start = threading.Barrier(1)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 2
    assert done.count("done") == 1, done
    told = next(words for words in done if words != "done")
    assert "a moment ago" in told or "is a name of" in told or "merged" in told


def test_a_record_saved_while_two_are_merged_names_the_one_that_is_left(app: Flask, enter: Enter) -> None:
    browser = enter("who")
    with app.app_context():
        for name in ("Old Rivers", "New Rivers"):
            directory.add(db.session, ACT, name=name, kind="academia")
        db.session.commit()
    page = browser.send("/activities/new", ACTIVITY | {"partners": ["old-rivers"]}).location.split("?")[0]
    fields = browser.fields(f"{page}/edit") | {"title": "Another title"}
    with app.app_context():
        known = Directory(db.session)
        merging.merge(db.session, known.find("Old Rivers"), known.find("New Rivers"), ACT)
        db.session.commit()
    conflict = browser.client.post(f"{page}/edit", data=fields)
    assert conflict.status_code == 409, "the record was changed by the merging: both versions are shown"
    assert "Another title" in conflict.text
    with app.app_context():
        names = [one.key for one in db.session.scalars(sa.select(Activity)).one().partners]
        assert names == ["new-rivers"]
        assert db.session.scalars(sa.select(Organisation).where(Organisation.key == "old-rivers")).one().retired_on
