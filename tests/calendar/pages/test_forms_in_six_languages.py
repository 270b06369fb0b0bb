"""The form of a record as it is filled in each language, sent back as it stands, changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Any

import pytest
from flask import Flask

from interagency.calendar.events import record
from interagency.calendar.events.models import Event
from interagency.db.base import db
from interagency.db.history import changes_of
from interagency.matrix.activities.models import Activity, Qualifier
from interagency.text.languages import LANGUAGES
from tests.calendar.events.test_fields import Pair, make, whole, world  # noqa: F401
from tests.helpers import EVENT, Browser, errors_of
from tests.matrix.activities.test_fields import everything_changed, save, says

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
pytestmark = pytest.mark.one_database
AS_OF = ("2024-06-15", "2024-06", "2024-Q3", "2024-H2", "2024-early", "2024-mid", "2024-late", "2024")
FIGURES = [[str(450 + place), one.value, "policymakers"] for place, one in enumerate(Qualifier)]
FIGURES += [[f"{place}.5", "at least", "countries", day, ""] for place, day in enumerate(AS_OF, 1)]
FIGURES += [["7", "about", "laws", "", "A report (2024); page 3"], ["8", "up to", "laws", "2024-05", "Another one"]]
RULES = {
    "FREQ=MONTHLY;BYDAY=2TU,4TH;BYMONTH=3,9,10": "2026-10-13",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20271231": "2026-10-12",
}
SEGMENTS: tuple[list[Any], ...] = (
    [],
    [["2027-early", "2027-early", None, None, []], ["2028-Q1", "2028-Q1", None, None, []],
     ["2028-04", "2028-06", None, None, []]],
    [["2027-03-30", "2027-04-02", None, None, [["2027-03-30", 1, "opening"], ["2027-04-01", None, "general debate"]]],
     ["2027-11-01", "2027-11-01", "15:00", "16:30", []]],
)  # fmt: skip


def send_back(browser: Browser, address: str) -> None:
    """Send each language's form as it stands, outside the test's own application context, which keeps a language."""
    Context().run(_send_back, browser, address)


def _send_back(browser: Browser, address: str) -> None:
    for language in LANGUAGES:
        browser.send("/language", {"language": language.code, "next": "/"})
        page = browser.get(address)
        assert page.status_code == 200, (page.status_code, page.location, page.text[:3000])
        answer = browser.send(address, browser.fields(address))
        assert answer.status_code == 302, (language.code, address, errors_of(answer))


def test_an_activity_that_says_everything_is_not_changed(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    number = add_activity("A form", entities=("unodc",))
    browser = enter_sqlite("coordinator")
    with sqlite_app.app_context():
        save(number, everything_changed() | {"figures": FIGURES, "start": "2026-03-01", "end": "2027-late"})
        before, changes = says(number), len(changes_of(db.session, "activity", number))
        db.session.rollback()
        send_back(browser, f"/activities/{number}/edit")
        assert says(number) == before
        assert len(changes_of(db.session, "activity", number)) == changes
        assert db.session.get_one(Activity, number).version > 1


def test_events_that_say_everything_are_not_changed(
    world: Callable[..., Pair],  # noqa: F811
    enter_sqlite: Enter,
) -> None:
    event, facts = whole(world)
    event.is_listed = True
    db.session.commit()
    single: dict[str, Any] = {"is_listed": True, "exceptions": [], "parent": None, "participants": ["unodc"]}
    variants = [
        facts | single | {"rrule": rule, "segments": [[day, day, "12:00", "13:00", []]]} for rule, day in RULES.items()
    ]
    variants += [facts | single | {"rrule": "", "segments": segments} for segments in SEGMENTS]
    numbers = [event.id, *(make(one).id for one in variants)]
    db.session.rollback()
    browser = enter_sqlite("coordinator")
    for number in numbers:
        before = record.facts(db.session.get_one(Event, number))
        changes = len(changes_of(db.session, "event", number))
        db.session.rollback()
        send_back(browser, f"/events/{number}/edit")
        db.session.expire_all()
        assert record.facts(db.session.get_one(Event, number)) == before
        assert len(changes_of(db.session, "event", number)) == changes
        db.session.rollback()


@pytest.mark.parametrize(
    ("code", "typed", "words"),
    [
        ("ru", "второй вторник и четвертый четверг", "второй вторник и последняя пятница"),
        ("ar", "الثلاثاء الثاني والخميس الرابع", "الثلاثاء الثاني والجمعة الأخيرة"),
        ("zh", "第二个星期二和第四个星期四", "第二个星期二和最后一个星期五"),
    ],
)
def test_a_repetition_is_typed_in_the_language_of_who_types(
    sqlite_app: Flask, enter_sqlite: Enter, code: str, typed: str, words: str
) -> None:
    who = enter_sqlite("who")
    who.send("/language", {"language": code, "next": "/"})
    values = EVENT | {"segments": "2026-10-13", "repeats": "monthly", "repeat_on": typed}
    values["segments_read"] = who.get("/events/dates?text=2026-10-13").get_json()["words"]
    added = who.send("/events/new", values)
    assert added.status_code == 302, errors_of(added)
    number = int(added.location.split("/")[2].split("?")[0])
    address = f"/events/{number}/edit"

    def rule() -> str:
        with sqlite_app.app_context():
            return db.session.get_one(Event, number).rrule

    assert rule() == "FREQ=MONTHLY;BYDAY=2TU,4TH"
    assert who.send(address, who.fields(address)).status_code == 302
    assert rule() == "FREQ=MONTHLY;BYDAY=2TU,4TH"
    refused = who.send(address, who.fields(address) | {"repeat_on": f"{typed} xyz"})
    assert refused.status_code == 422
    assert typed in " ".join(errors_of(refused))
    assert rule() == "FREQ=MONTHLY;BYDAY=2TU,4TH"
    assert who.send(address, who.fields(address) | {"repeat_on": words}).status_code == 302
    assert rule() == "FREQ=MONTHLY;BYDAY=2TU,-1FR"
