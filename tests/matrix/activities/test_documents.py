"""Documents of an activity: by address or UN symbol, outside only where the owner permits it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.exports.external.content import Form, content_of
from interagency.exports.note.wording import Wording
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.naming import NAMING_PART
from interagency.matrix.agreement.gate import Passed
from interagency.matrix.cycles.contents import gather
from interagency.matrix.organisations.documents import DocumentReader, document_words
from interagency.matrix.organisations.queries import Directory
from tests.exports.external.test_external import DAY
from tests.helpers import Browser, errors_of, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
SHARED = "Conference room paper E/CN.7/2019/CRP.10 | UNODC | may be shared"
LINES = (
    f"{SHARED}\nMarker draft https://example.org/draft.pdf | UNODC\n"
    "Marker orphan https://example.org/o | | may be shared"
)


@pytest.mark.parametrize(
    ("line", "title", "url"),
    [
        ("E/CN.7/2019/CRP.10", "E/CN.7/2019/CRP.10", "https://undocs.org/E/CN.7/2019/CRP.10"),
        ("Outcome document A/RES/S-30/1 | WHO", "Outcome document A/RES/S-30/1", "https://undocs.org/A/RES/S-30/1"),
        ("A/72/225 https://example.org/a | WHO", "A/72/225", "https://example.org/a"),
    ],
)
def test_a_symbol_stands_for_the_address(sqlite_app: Flask, line: str, title: str, url: str) -> None:
    with sqlite_app.app_context():
        reader = DocumentReader(Directory(db.session))
        found = reader.read(line)
        assert (found.title, found.url) == (title, url)
        assert reader.read(document_words(found)) == found
        for wrong in ("Report", "and/or | WHO", "Report a/b/c", "Report ftp://a.org/x"):
            with pytest.raises(ValueError, match="is not a document"):
                reader.read(wrong)


def test_only_what_its_owner_permits_leaves_with_the_record(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    number = add_activity("Training")
    browser, at = enter_sqlite("who"), f"/activities/{number}/edit"

    def send(text: str) -> Any:
        sent = browser.fields(at) | {"documents": text, "verdict-rest": "distinct"}
        return browser.client.post(at, data=sent)

    for wrong, answer in (("Report", "is not a document"), ("E/CN.7/2019/1 | Nobody at all", "do not know")):
        refused = send(wrong)
        assert any(answer in one for one in errors_of(refused)), wrong
        assert wrong in html.fromstring(refused.text).xpath("//textarea[@name='documents']")[0].text
    assert send(LINES).status_code == 302
    words = text_of(browser.get(f"/activities/{number}"))
    assert "Conference room paper E/CN.7/2019/CRP.10 UNODC, may be shared" in words
    assert "Marker draft UNODC, not to be shared" in words
    with sqlite_app.app_context():
        contents = gather(db.session, DAY) | {
            "month": "2026-08", "number": 1, "made_at": "2026-09-06T00:00:00", "zone": "UTC",
        }  # fmt: skip
        entry = next(one for one in contents["activities"] if one["id"] == number)
        outside = content_of(Passed([entry], [], []), contents, audience="commission", form=Form.FULL)
        expected = "Conference room paper E/CN.7/2019/CRP.10 https://undocs.org/E/CN.7/2019/CRP.10"
        assert outside["activities"][0]["further"]["Documents"] == expected
        note = Wording(contents).activity(entry)
        assert note.footnotes == (expected.replace(" https", ": https") + ".",)
        for text in (str(outside["activities"]), repr(note)):
            assert "Marker" not in text and "UNODC" not in text

        old, new = (Directory(db.session).find(key) for key in ("unodc", "who"))
        activity = db.session.get_one(Activity, number)
        assert NAMING_PART.ids(db.session, old.id) == [number]
        kept = NAMING_PART.replace(db.session, [number], old, new, None, "merged")
        db.session.commit()
        assert [one.owner and one.owner.key for one in activity.documents] == ["who", "who", None]
        NAMING_PART.put_back(db.session, kept, old, new, None, "taken back")
        db.session.commit()
        assert [one.owner and one.owner.key for one in activity.documents] == ["unodc", "unodc", None]
