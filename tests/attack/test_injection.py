"""Text with markers planted in every field comes out as text everywhere: page, workbook, CSV, calendar, Word."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from docx import Document
from icalendar import Calendar as Feed
from lxml import etree, html
from openpyxl import load_workbook

from interagency.calendar.events.models import Event
from interagency.db.base import db
from interagency.matrix.activities.models import Activity
from tests.attack.conftest import World
from tests.helpers import ACTIVITY, EVENT, Browser

MARKERS = {
    "element": "<b id=planted>M1</b>",
    "attribute": '"\' onmouseover=planted() x="M2',
    "script": "</title></script><script>planted('M3')</script>",
    "formula": '=HYPERLINK("http://planted.example","M4")',
    "command": "@SUM(1+1)*cmd|' /C planted'!A0 M5",
    "line": "M6\r\nX-Planted: yes\r\n\r\nplanted",
    "calendar": "M7\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:planted",
    "template": "{{ config }}{% raw %} ${7*7} M8",
    "xml": "]]><planted/>&planted; M9",
    "escape": "_x000D_planted M10",
}
BIDI = "\u202egpj.exe M11"


@pytest.fixture
def planted(world: World) -> Iterator[World]:
    """An activity and an event for each marker, with it in every text there is, saved by WHO."""
    who = world.enter("who")
    for name, marker in {**MARKERS, "bidi": BIDI}.items():
        texts = dict.fromkeys(("title", "description", "results", "source", "contact", "remarks", "figures"), marker)
        texts["figures"] = f"3 {marker}".replace("\r\n", " ").replace(";", " ")
        activity = {**ACTIVITY, **texts, "countries": ["AF"]}
        answer = who.send("/activities/new", activity)
        if answer.status_code == 409:  # looks like the others: it does not
            shown = dict.fromkeys(_verdicts(answer.text), "distinct")
            answer = who.send("/activities/new", {**activity, **shown})
        assert answer.status_code == 302, (name, answer.status_code)
        event = {**EVENT, "title": marker, "venue": marker, "city": marker, "description": marker, "series": marker}
        event = {key: value.replace("\r\n", " ") if isinstance(value, str) else value for key, value in event.items()}
        answer = who.send("/events/new", {**event, "segments": "1-2 December 2026"})
        assert answer.status_code in (200, 302), (name, answer.status_code)
    assert who.get("/activities?q=M4").text.count("HYPERLINK") >= 1
    yield world


def _verdicts(page: str) -> set[str]:
    return {node.get("name") for node in html.fromstring(page).xpath("//input[starts-with(@name, 'verdict-')]")}


def _records(world: World) -> list[tuple[str, int]]:
    with world.app.app_context():
        return [
            (kind, number)
            for kind, model in (("activities", Activity), ("events", Event))
            for number in db.session.scalars(sa.select(model.id).order_by(model.id.desc()).limit(len(MARKERS) + 1))
        ]


def _pages(world: World, browser: Browser) -> Iterator[tuple[str, bytes, str, dict[str, str]]]:
    for query in ("", "?country=AF&q=planted"):
        for rule in world.rules("GET"):
            address = world.address(rule) + query
            answer = browser.get(address)
            yield address, answer.data, answer.mimetype, dict(answer.headers)
            answer.close()
    for kind, number in _records(world):
        for more in ("", "/edit", "/history", ".ics"):
            answer = browser.get(f"/{kind}/{number}{more}")
            yield f"/{kind}/{number}{more}", answer.data, answer.mimetype, dict(answer.headers)


def _check_markup(address: str, data: bytes) -> None:
    tree = html.fromstring(data)
    assert not tree.xpath("//*[@id='planted'] | //planted"), address
    assert not tree.xpath("//*[@*[starts-with(name(), 'on')]]"), address
    for script in tree.xpath("//script"):
        assert script.get("src") and not (script.text or "").strip(), address
    for link in tree.xpath("//@href | //@src | //@action"):
        assert not link.strip().lower().startswith(("javascript:", "data:text", "vbscript:")), (address, link)


def _check_svg(address: str, data: bytes) -> None:
    tree = etree.fromstring(data, etree.XMLParser(resolve_entities=False))
    assert not [node for node in tree.iter() if "planted" in str(node.tag) or "script" in str(node.tag)], address


def _check_workbook(address: str, data: bytes) -> None:
    for sheet in load_workbook(io.BytesIO(data)):
        for row in sheet.iter_rows():
            for cell in row:
                if "planted" in str(cell.value):
                    assert cell.data_type != "f", (address, cell.coordinate)
                    assert cell.hyperlink is None or "planted" not in str(cell.hyperlink.target), address


def _check_csv(address: str, data: bytes) -> None:
    for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))):
        for cell in row:
            if any(mark in cell for mark in ("planted", "M4", "M5")):
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (address, cell)


def _check_calendar(address: str, data: bytes) -> None:
    calendar = Feed.from_ical(data)
    assert not [event for event in calendar.walk("VEVENT") if str(event["UID"]) == "planted"], address
    assert b"\nX-PLANTED" not in data.upper(), address


def _check_word(address: str, data: bytes) -> None:
    Document(io.BytesIO(data))
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for name in parts.namelist():
            assert b"<planted" not in parts.read(name), (address, name)


CHECKS = {
    "text/html": _check_markup,
    "image/svg+xml": _check_svg,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _check_workbook,
    "text/csv": _check_csv,
    "text/calendar": _check_calendar,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _check_word,
}


def test_what_was_planted_is_text_wherever_it_comes_out(planted: World) -> None:
    seen = set()
    for address, data, kind, headers in _pages(planted, planted.enter("coordinator")):
        assert "X-Planted" not in headers, address
        if kind in CHECKS and data:
            CHECKS[kind](address, data)
            if b"planted" in data or kind.startswith("application"):
                seen.add(kind)
    assert {"text/html", "text/csv", "text/calendar"} <= seen


HOSTS = ("planted.example", "planted.example:80", "127.0.0.1@planted.example", "localhost\t", "a" * 300)


@pytest.mark.parametrize("host", HOSTS)
def test_no_link_is_made_from_the_name_a_stranger_asks_under(world: World, host: str) -> None:
    nobody = world.app.test_client()
    for address in ("/sign-in", "/forgotten", "/activities", "/nowhere", f"/external/{world.parts['external']}/"):
        answer = nobody.get(address, headers={"Host": host, "X-Forwarded-Host": "planted.example"})
        assert "planted.example" not in answer.text, address
        assert "planted.example" not in answer.headers.get("Location", ""), address


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static/..%2f..%2fpyproject.toml",
        "/static//etc/passwd",
        "/static/%00",
        "/external/{external}/..%2f..%2fpyproject.toml",
        "/external/{external}/%2e%2e",
        "/feeds/../../etc/passwd.ics",
    ],
)
def test_no_path_leads_out_of_its_folder(world: World, path: str) -> None:
    answer = world.app.test_client().get(path.format(external=world.parts["external"]))
    assert answer.status_code in (302, 308, 400, 404)
    assert "INTERAGENCY_" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "//planted.example",
        "https://planted.example",
        "/\\planted.example",
        "\\\\planted.example",
        "/%0d%0aX-Planted:yes",
        "javascript:planted()",
        "/\t/planted.example",
        "///planted.example",
        " //planted.example",
        "https:planted.example",
    ],
)
def test_signing_in_leads_to_no_other_host(world: World, target: str) -> None:
    browser = Browser(world.app.test_client())
    data = {"email": "who@example.org", "password": "a long enough password", "csrf_token": browser.token("/sign-in")}
    answer = browser.client.post("/sign-in", query_string={"next": target}, data=data)
    assert answer.status_code == 302
    assert answer.location.startswith("/")
    assert not answer.location.startswith(("//", "/\\"))
    assert "X-Planted" not in answer.headers
