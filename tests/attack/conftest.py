"""A filled service to attack: sample data, an open month, an edition, and somebody's feed, hand-out and imports."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from interagency.db.base import db
from interagency.signatures.keys import prepare_key
from interagency.web.context import settings, utc_now
from tests.conftest import close, make_app, make_settings, once
from tests.helpers import Browser

# How many inputs each fuzzing test sends; `make attack` raises it.
INPUTS = int(os.environ.get("INTERAGENCY_TEST_INPUTS", "10"))
SIGNING_KEY = b64encode(bytes(range(32))).decode()
EVERYBODY = (None, "reader", "who", "undp", "coordinator", "admin")


@dataclass(frozen=True, slots=True)
class World:
    """The service, and what its addresses need to be opened."""

    app: Flask
    parts: dict[str, str]

    def enter(self, name: str | None) -> Browser:
        """Somebody at the pages; `None` is nobody."""
        browser = Browser(self.app.test_client())
        if name:
            browser.sign_in(f"{name}@example.org")
        return browser

    def address(self, rule: Rule, **other: str) -> str:
        """The address of a rule with parts that exist, or with `other` ones."""
        own = {"token": self.parts["external"]} if rule.rule.startswith("/external") else {}
        if rule.rule.startswith("/remarks/on"):
            own = {"kind": "activity"}
        if rule.rule.startswith("/data"):
            own = {"token": self.parts["data"], "name": "activities.csv"}
        parts = self.parts | own | other
        parts |= {} if "month" in other else {"int:month": "12"}
        return re.sub(r"<(\w+:)?(\w+)>", lambda found: parts.get(found[0][1:-1], parts.get(found[2], "1")), rule.rule)

    def rules(self, method: str) -> list[Rule]:
        """Every rule that takes `method`, in a fixed order."""
        return sorted((r for r in self.app.url_map.iter_rules() if method in (r.methods or ())), key=lambda r: r.rule)


@pytest.fixture(scope="session")
def attacked_sqlite(sample_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The database, made once, and the parts of its addresses."""

    def make(folder: Path) -> None:
        shutil.copy(sample_sqlite, folder / "interagency.sqlite3")
        world = World(make_app(make_settings(folder, SIGNING_KEY=SIGNING_KEY)), {})
        with world.app.app_context():
            prepare_key(db.session, settings(), utc_now())
            db.session.commit()
        (folder / "parts.json").write_text(json.dumps(_furnish(world)))
        close(world.app)

    folder = once(tmp_path_factory, "attacked", make)
    return folder / "interagency.sqlite3", json.loads((folder / "parts.json").read_text())


def _furnish(world: World) -> dict[str, str]:
    """Things that belong to UNDP or a coordinator, made through the pages."""
    undp, coordinator = world.enter("undp"), world.enter("coordinator")
    month = re.findall(r"/editions/(\d{4}-\d\d)", coordinator.get("/editions").text)[0]
    feed = undp.send("/subscriptions", {"name": "Felix's own"})
    token = re.findall(r"/feeds/([\w-]+)\.ics", feed.text or undp.get("/subscriptions").text)[0]
    tables = undp.send("/subscriptions/data", {"name": "Felix's tables"})
    data = re.findall(r"/data/([\w-]+)/activities", tables.text)[0]
    book = undp.get("/exports/matrix.xlsx").data
    undp.client.post("/imports", data={"csrf_token": undp.token("/imports"), "file": (io.BytesIO(book), "undp.xlsx")})
    calendar = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20261101T000000Z\r\n"
    calendar += b"DTSTART;VALUE=DATE:20261201\r\nSUMMARY:Course\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    undp.client.post(
        "/imports/calendar",
        data={
            "csrf_token": undp.token("/imports/calendar"),
            "file": (io.BytesIO(calendar), "undp.ics"),
            "organiser": "undp",
        },
    )
    handed = coordinator.send(
        f"/editions/{month}/hand-out",
        {"audience": "public", "form": "full", "recipient": "somebody", "days": "30"},
    )
    external = re.findall(r"/external/([\w-]+)/", handed.text or coordinator.get("/hand-outs").text)
    need = {"title": "A need", "country": "GH", "status": "open", "stated_by": "government", "entities": ["undp"]}
    undp.send("/needs/new", need)
    undp.send("/messages/new", {"title": "A message", "level": "both", "text_en": "One voice.", "entities": ["undp"]})
    lone = re.findall(r"/activities/(\d+)", undp.get("/activities?entity=undp&joint=no").text)
    return {
        "activity_id": lone[0],
        "second_id": "2",
        "event_id": "29",
        "token": token,
        "data": data,
        "key": "who",
        "need_id": "1",
        "message_id": "1",
        "version_id": "1",
        "code": "GH",
        "external": external[0] if external else "none",
        "import_id": "1",
        "month": month,
        "year": "2026",
        "day": "2026-12-03",
        "name": "matrix.xlsx",
        "filename": "base.css",
    }


@pytest.fixture
def world(attacked_sqlite: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[World]:
    """A fresh copy of the service for one test."""
    database, parts = attacked_sqlite
    shutil.copy(database, tmp_path / "interagency.sqlite3")
    app = make_app(make_settings(tmp_path, SIGNING_KEY=SIGNING_KEY))
    yield World(app, parts)
    close(app)
