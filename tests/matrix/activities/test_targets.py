"""Targets and results from the form to what leaves, and what becomes of the entity that counted them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale
from lxml import html

from interagency.db.base import db
from interagency.exports.external.content import Form, content_of
from interagency.exports.note.wording import Wording
from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.figures import format_figure, read_figure
from interagency.matrix.activities.models import Activity, ActivityEntity, FigureKind, Participation, Qualifier
from interagency.matrix.activities.naming import NAMING_PART
from interagency.matrix.agreement.gate import Passed
from interagency.matrix.cycles.contents import gather
from interagency.matrix.organisations.queries import Directory
from interagency.text.languages import LANGUAGES
from tests.exports.external.test_external import DAY
from tests.helpers import Browser, errors_of, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
LINES = (
    "8 countries",
    "target: 500 officers trained (by December 2026)",
    "achieved: 510 officers trained (June 2026; entity: UNDP; evidence: https://example.org/r; Annual report)",
    "achieved: 450 officers trained (May 2026)",
)


def test_what_is_typed_stands_on_the_page_and_a_mistake_is_told_at_the_field(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    number, browser = add_activity("Training", entities=("undp",)), enter_sqlite("who")
    at = f"/activities/{number}/edit"

    def send(*lines: str) -> object:
        sent = browser.fields(at) | {"figures": "\n".join(lines), "verdict-rest": "distinct"}
        return browser.client.post(at, data=sent)

    for line, answer in (
        ("target: 500", "Write a number and what it counts"),
        ("achieved: 5 labs (June 2026; entity: Nobody)", "is not a UN entity"),
        ("achieved: 5 labs (June 2026; entity: INTERPOL)", "is not a UN entity"),
        ("achieved: 5 labs (evidence: see file)", "is not an address"),
    ):
        refused = send(line)
        assert any(answer in one for one in errors_of(refused)), line  # type: ignore[arg-type]
        assert line in html.fromstring(refused.text).xpath("//textarea[@name='figures']")[0].text  # type: ignore[attr-defined]
    assert send(*LINES).status_code == 302  # type: ignore[attr-defined]
    page = browser.get(f"/activities/{number}")
    words = text_of(page)
    assert "500 officers trained by December 2026" in words and "Below the target" in words
    assert "officers trained UNDP" in words and "No target" in words  # another entity's count is not compared
    assert "%" not in words and "960" not in words
    assert html.fromstring(page.text).xpath("//a[@href='https://example.org/r']/text()") == ["Evidence"]
    assert "entity: UNDP" in browser.fields(at)["figures"][0]
    assert "target: 500 officers trained" in text_of(browser.get(f"/activities/{number}/history"))


def test_outside_and_in_the_note_only_those_that_take_part_are_named(sqlite_app: Flask, add_activity: Add) -> None:
    target = FigureDraft(Decimal(500), Qualifier.EXACTLY, "officers", kind=FigureKind.TARGET, due="2026")
    counted = FigureDraft(
        Decimal(510),
        Qualifier.EXACTLY,
        "officers",
        "2026-06",
        "A report",
        FigureKind.ACHIEVED,
        evidence="https://a.org",
    )
    own = FigureDraft(Decimal(7), Qualifier.EXACTLY, "labs", kind=FigureKind.ACHIEVED, entity="undp")
    number = add_activity("Training", entities=("undp",), figures=[target, counted, own])
    with sqlite_app.app_context():
        made = {"month": "2026-08", "number": 1, "made_at": "2026-09-06T00:00:00", "zone": "UTC"}

        def told() -> tuple[str, str]:
            contents = gather(db.session, DAY) | made
            entry = next(one for one in contents["activities"] if one["id"] == number)
            content = content_of(Passed([entry], [], []), contents, audience="commission", form=Form.FULL)
            return str(content["activities"]), repr(Wording(contents).activity(entry))

        outside, note = told()
        assert "target: 500 officers (by 2026)" in outside and "entity: UNDP" in outside
        assert "The target is 500 officers by 2026; achieved: 510 officers. The result is 7 labs." in note
        assert "510 officers: June 2026, A report, https://a.org." in note and "7 labs: UNDP." in note
        part = db.session.get_one(ActivityEntity, (number, Directory(db.session).find("undp").id))
        part.participation = Participation.DECLINED
        db.session.commit()
        outside, note = told()
        assert "7 labs" in outside and "7 labs" in note
        assert "UNDP" not in outside and "undp" not in outside and "UNDP" not in note


def test_what_an_entity_counted_goes_with_its_name_and_comes_back(sqlite_app: Flask, add_activity: Add) -> None:
    own = FigureDraft(Decimal(7), Qualifier.EXACTLY, "labs", kind=FigureKind.ACHIEVED, entity="undp")
    number = add_activity("Training", entities=("undp",), figures=[own])
    with sqlite_app.app_context():
        old, new = (Directory(db.session).find(key) for key in ("undp", "unicef"))
        activity = db.session.get_one(Activity, number)
        kept = NAMING_PART.replace(db.session, [number], old, new, None, "merged")
        db.session.commit()
        assert [one.entity for one in activity.figures] == ["unicef"]
        NAMING_PART.put_back(db.session, kept, old, new, None, "taken back")
        db.session.commit()
        assert [one.entity for one in activity.figures] == ["undp"]
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Activity)) == 1


def test_a_line_is_said_in_each_language_and_read_in_any(sqlite_app: Flask) -> None:
    written = (
        *LINES,
        "target: 40 courses (by June 2027; for 2025 to 2026)",
        "achieved: about 12 courses (for 2025; entity: WHO; source: Annual report)",
    )
    meant = [read_figure(line) for line in written]
    with sqlite_app.app_context():
        for language in LANGUAGES:
            with force_locale(language.code):
                said = [format_figure(one) for one in meant]
                assert [read_figure(line) for line in said] == meant, said
            assert [read_figure(line) for line in said] == meant, said
            assert language.code == "en" or not any("target" in line or "evidence" in line for line in said), said
