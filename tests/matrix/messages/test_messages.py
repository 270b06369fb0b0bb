"""Shared messages: written in versions, each agreed to by itself, used outside only once all agreed."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from docx import Document
from flask import Flask

from interagency.db.base import db
from interagency.matrix.messages.models import MessageVersion
from tests.helpers import Browser, choices, errors_of, statements_seen, text_of
from tests.matrix.conftest import Clock

Enter = Callable[[str | None], Browser]
MESSAGE = {
    "title": "People first",
    "chapter": "1",
    "level": "both",
    "text_en": "Prevention works where it rests on evidence.",
    "text_ar": "الوقاية فعالة",
    "source": "A/RES/S-30/1",
    "valid_from": "1 March 2026",
    "valid_until": "31 December 2026",
    "entities": ["who", "undp"],
}
AGREED = ("commission", "agreed")


def written(browser: Browser, **more: object) -> int:
    answer = browser.send("/messages/new", MESSAGE | more)
    assert answer.status_code == 302, errors_of(answer)
    return int(answer.location.split("/messages/")[1].split("?")[0])


def outside(coordinator: Browser) -> list[dict[str, str]]:
    text = coordinator.get("/messages.csv?audience=commission").data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def parts_of(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_a_message_is_used_outside_once_every_entity_agreed_to_that_text(
    app: Flask, enter: Enter, clock: Clock
) -> None:
    coordinator, who, undp = enter("coordinator"), enter("who"), enter("undp")
    who.send("/agreement", choices("commission", "agreed", entity="who"))
    undp.send("/agreement", choices("commission", "agreed", entity="undp"))
    files = ("/messages.csv?audience=commission", "/messages.docx?audience=commission")
    before = [coordinator.get(address).data for address in files]
    number = written(who, title="Marker Quetzal", text_en="Marker Quetzal.")
    agreement = f"/messages/{number}/agreement"

    def is_unchanged() -> bool:
        now = [coordinator.get(address).data for address in files]
        return now[0] == before[0] and parts_of(now[1]) == parts_of(before[1])

    assert is_unchanged(), "what entities share by default is no agreement to a message"
    assert "draft: for the entities only" in text_of(who.get("/messages"))
    unsaid = "your entity has not said yet"
    assert unsaid in text_of(who.get("/messages"))
    who.send(agreement, choices(*AGREED, entity="who", version="1"))
    assert is_unchanged(), "one of two"
    assert (unsaid in text_of(who.get("/messages")), unsaid in text_of(undp.get("/messages"))) == (False, True)
    assert "awaiting UNDP" in text_of(who.get(f"/messages/{number}"))
    assert enter("reader").send(agreement, choices(*AGREED, entity="who")).status_code == 403
    assert who.send(agreement, choices(*AGREED, entity="undp")).status_code == 403
    assert undp.send(agreement, choices(*AGREED, entity="undp", version="7")).status_code == 409
    undp.send(agreement, choices(*AGREED, entity="undp", version="1"))
    assert [row["English"] for row in outside(coordinator)] == ["Marker Quetzal."]
    assert set(outside(coordinator)[0]) & {"ID", "Version", "By", "Written"} == set()
    assert "agreed for: The Commission and Member States" in text_of(who.get("/messages"))
    told = "\n".join(one.text for one in Document(io.BytesIO(coordinator.get(files[1]).data)).paragraphs)
    assert "Marker Quetzal." in told
    assert "الوقاية فعالة" in told
    fields = who.fields(f"/messages/{number}/edit")
    who.send(f"/messages/{number}/edit", fields | {"text_en": "Another Ibis.", "note": "Shorter"})
    assert [row["English"] for row in outside(coordinator)] == ["Marker Quetzal."], "the draft is agreed to by nobody"
    assert "a newer draft is being agreed" in text_of(who.get("/messages"))
    stale = undp.send(f"/messages/{number}/edit", fields | {"text_en": "A third."})
    assert stale.status_code == 409
    assert "Farida Who wrote version 2" in text_of(stale)
    assert "A third." in stale.text
    for browser, key in ((who, "who"), (undp, "undp")):
        browser.send(agreement, choices(*AGREED, entity=key, version="2"))
    assert [row["English"] for row in outside(coordinator)] == ["Another Ibis."]
    clock.move(2027, 1, 1, 12)
    assert outside(enter("coordinator")) == [], "no longer valid"
    clock.move(2026, 8, 20, 12)
    coordinator = enter("coordinator")
    who.send(f"/messages/{number}/state", {"act": "withdraw"})
    assert is_unchanged()
    assert "Another Ibis" not in who.get("/messages").text
    assert "withdrawn: not to be used" in text_of(who.get("/messages?withdrawn=yes"))
    who.send(f"/messages/{number}/state", {"act": "take-back"})
    assert [row["English"] for row in outside(coordinator)] == ["Another Ibis."]
    undp.send(agreement, choices("commission", "refused", entity="undp", version="2"))
    assert [row["English"] for row in outside(coordinator)] == ["Marker Quetzal."], "the version before stands"
    assert who.get(files[0]).status_code == 403
    with app.app_context(), pytest.raises(sa.exc.DBAPIError, match="append-only"):
        db.session.execute(sa.update(MessageVersion).values(title="x"))


@pytest.mark.one_database
def test_versions_are_compared_word_by_word_and_uses_are_told(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock
) -> None:
    who = enter_sqlite("who")
    number = written(who)
    fields = who.fields(f"/messages/{number}/edit")
    assert who.send(f"/messages/{number}/edit", fields).location.endswith(f"saved=message-{number}")
    assert "Version 2" not in who.get(f"/messages/{number}").text, "what says the same is no version"
    who.send(
        f"/messages/{number}/edit", fields | {"text_en": "Prevention works if it rests on evidence.", "level": "field"}
    )
    page = who.get(f"/messages/{number}/compare").text
    assert "<del" in page
    assert "where</del>" in page
    assert "if</ins>" in page
    assert who.get(f"/messages/{number}/compare?from=9&to=x").status_code == 200
    assert "of_version" not in who.get(f"/messages/versions/{1}").location
    assert who.get("/messages/versions/1").location == f"/messages/{number}?version=1"
    uses, use = f"/messages/{number}/uses", {"place": "Statement at the 70th session", "entity": "who", "version": "1"}
    for more, message in (
        ({"place": ""}, "Write where it was used"), ({"place": "x" * 301}, "Write where it was used"),
        ({"entity": "moon"}, "There is no such entity"), ({"day": "the other day"}, "the other day"),
        ({"day": "1 January 2030"}, "still to come"),
    ):  # fmt: skip
        answer = who.send(uses, use | more)
        assert answer.status_code == 422, more
        assert message in text_of(answer), more
    who.send(uses, use | {"day": "14 March 2026"})
    told = text_of(who.get(f"/messages/{number}"))
    assert "WHO Statement at the 70th session 14 Mar 2026 · version 1, told by Farida Who" in told
    for query, found in {
        "": True, "chapter=1": True, "chapter=2": False, "chapter=none": False, "level=field": True,
        "level=headquarters": False, "language=ar": True, "language=xx": True, "page=99": True, "page=x": True,
        "_external=1&endpoint=x": True,
    }.items():  # fmt: skip
        assert ("People first" in text_of(who.get(f"/messages?{query}"))) is found, query
    written(who, title="Of no chapter", chapter="")
    assert "All chapters Of no chapter draft" in text_of(who.get("/messages"))
    assert 'lang="ar"' in who.get("/messages?language=ar").text
    assert "Not in the language chosen" in text_of(who.get("/messages?language=fr"))
    own = who.get("/messages.csv").data.decode("utf-8-sig")
    assert own.splitlines()[0].startswith(
        "ID,Version,Chapter,About,For,English,Français,Español,العربية,中文,Русский,Source"
    )


@pytest.mark.one_database
def test_bad_input_to_a_message_is_told_at_its_field(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    for more, message in (
        ({"title": ""}, "what the message is about"), ({"title": "x" * 201}, "longer than 200"),
        ({"text_en": "", "text_ar": ""}, "one language at least"), ({"text_en": "x" * 10_001}, "longer than 10000"),
        ({"chapter": "8"}, "Not a valid choice"), ({"level": "moon"}, "Not a valid choice"),
        ({"entities": []}, "in whose name it speaks"), ({"entities": ["undp"]}, "Choose WHO among"),
        ({"entities": ["unwto"]}, "is not on the list"), ({"valid_from": "in spring"}, "in spring"),
        ({"valid_from": "June 2026"}, "June 2026"), ({"valid_until": "1 January 2026"}, "before the first"),
    ):  # fmt: skip
        answer = who.send("/messages/new", MESSAGE | more)
        assert answer.status_code == 422, more
        assert message in " ".join(errors_of(answer)), (more, errors_of(answer))
    number = written(enter_sqlite("coordinator"), entities=["undp"])
    for name, address, code in (
        ("reader", "/messages/new", 403), ("who", f"/messages/{number}/edit", 403),
        ("undp", f"/messages/{number}/edit", 200),
        ("who", "/messages/99999999999", 404), ("who", "/messages/versions/0", 404),
    ):  # fmt: skip
        assert enter_sqlite(name).get(address).status_code == code, (name, address)
    assert who.send(f"/messages/{number}/state", {"act": "withdraw"}).status_code == 403
    assert enter_sqlite("undp").send(f"/messages/{number}/state", {"act": "burn"}).status_code == 422


@pytest.mark.one_database
def test_the_list_of_messages_takes_a_fixed_number_of_statements(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    counts = []
    for _round in range(2):
        number = written(who)
        who.get("/messages")
        with statements_seen(sqlite_app) as seen:
            who.get("/messages")
            who.get(f"/messages/{number}")
        counts.append(len(seen))
        for place in range(3):
            written(who, title=f"Another {place}", chapter=str(place + 2), entities=["who"])
    assert counts[0] == counts[1]
