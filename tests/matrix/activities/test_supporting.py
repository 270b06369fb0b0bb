"""An entity that supports is a UN entity of the activity: asked, counted, needed for agreement (rules 2, 10, 20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.exports.external.content import Form, content_of
from interagency.matrix.activities.models import Activity, ActivityEntity
from interagency.matrix.activities.reader import entries
from interagency.matrix.agreement.gate import Passed, entities_of_activity
from interagency.matrix.cycles.contents import gather
from interagency.matrix.overlaps.fields import united
from tests.exports.external.test_external import DAY
from tests.helpers import ACTIVITY, Browser, text_of

Enter = Callable[[str | None], Browser]


def entry_of(activity_id: int) -> dict[str, Any]:
    return next(iter(entries(db.session, [Activity.id == activity_id])))


def add_by(browser: Browser, **said: Any) -> int:
    saved = browser.send("/activities/new", ACTIVITY | said)
    assert saved.status_code == 302
    return int(saved.location.split("?")[0].rsplit("/", 1)[1])


def test_it_is_asked_to_confirm_counts_and_must_agree(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    number = add_by(enter_sqlite("who"), supporting=["undp"])
    with sqlite_app.app_context():
        entry = entry_of(number)
        assert entry["joint"]
        assert entry["facts"]["participation"] == {"undp": "awaited"}
        assert entities_of_activity(entry["facts"]) == ["who", "undp"]
    assert "· supporting" in text_of(enter_sqlite("who").get(f"/activities/{number}"))
    assert "Confirm or decline" in text_of(enter_sqlite("undp").get(f"/activities/{number}"))
    assert f"/activities/{number}" in enter_sqlite("undp").get("/activities?mine=yes").text


def test_an_entity_has_one_part(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    number = add_by(enter_sqlite("who"), entities=["who", "undp", "unicef"], supporting=["who", "undp"])
    with sqlite_app.app_context():
        facts = entry_of(number)["facts"]
        assert (facts["lead"], facts["entities"], facts["supporting"]) == ("who", ["unicef"], ["undp"])


def test_one_that_declined_is_named_nowhere_outside(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    number = add_by(enter_sqlite("who"), entities=["unicef"], supporting=["undp"])
    with sqlite_app.app_context():
        part = sa.update(ActivityEntity).where(ActivityEntity.is_supporting, ActivityEntity.activity_id == number)
        db.session.execute(part.values(participation="declined"))
        db.session.commit()
        contents = gather(db.session, DAY) | {"month": "2026-08", "made_at": "2026-09-06T00:00:00", "zone": "UTC"}
        shown = content_of(Passed([entry_of(number)], [], []), contents, audience="x", form=Form.FULL)
        assert "UNICEF" in str(shown["activities"])
        assert "UNDP" not in str(shown["activities"])


def test_who_supports_both_of_two_merged_supports_and_who_takes_part_in_one_takes_part(
    sqlite_app: Flask, enter_sqlite: Enter
) -> None:
    who = enter_sqlite("who")
    one = add_by(who, title="A handbook for prisons", supporting=["undp", "unicef"])
    two = add_by(who, title="Seeds", recommendations=["7(b)"], supporting=["undp"], entities=["unicef"])
    with sqlite_app.app_context():
        draft = united(db.session, db.session.get_one(Activity, one), db.session.get_one(Activity, two), {})
        assert [entity.key for entity in draft.supporting] == ["undp"]
        assert "unicef" in [entity.key for entity in draft.entities]
