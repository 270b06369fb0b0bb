"""The activities of a hand-out as IATI 2.03, made from its frozen content alone (docs/iati.md).

Nothing is said that the hand-out does not say. Where the standard asks for more than is known (a share of each
country, a day, a start), the file says beside it what stands there and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from lxml import etree

from interagency.exports.external.content import Content
from interagency.matrix.activities.drafts import FigureDraft, figure_draft
from interagency.matrix.activities.fields import BY_NAME
from interagency.matrix.activities.figure_parts import dates_of_period, progress_of
from interagency.matrix.activities.figures import format_figure
from interagency.matrix.activities.models import FigureKind, Status
from interagency.matrix.framework.file_words import in_words
from interagency.matrix.framework.titles import spoken
from interagency.text.dates import ImpreciseDate
from interagency.text.languages import DEFAULT

# Who hands it out reports, for every lead: one name and one series of identifiers (docs/decisions/010-iati.md).
REPORTER, REPORTER_NAME, MULTILATERAL = "XM-DAC-41128", "United Nations Office on Drugs and Crime", "40"
# Its numbered paragraphs are the vocabulary of recommendations and chapters.
OUTCOME_DOCUMENT = "https://undocs.org/A/RES/S-30/1"
ADOPTED = date(2016, 4, 19)
NARCOTICS_CONTROL = "16063"
UNSPECIFIED = "998"
# Codes of IATI's lists: ActivityStatus, OrganisationRole, ActivityDateType, TagVocabulary, DescriptionType.
STATUS = {
    Status.PLANNED: "1",
    Status.ONGOING: "2",
    Status.COMPLETED: "4",
    Status.CANCELLED: "5",
    Status.SUSPENDED: "6",
}
BEGUN = frozenset({Status.ONGOING, Status.COMPLETED, Status.SUSPENDED})
ACCOUNTABLE, IMPLEMENTING = "2", "4"
PLANNED_START, ACTUAL_START, PLANNED_END, ACTUAL_END = "1", "2", "3", "4"
GOALS, TARGETS, OF_OUR_OWN = "2", "3", "99"
GENERAL, OTHER = "1", "4"

SHARES = _l("Countries stand in equal shares because the standard asks for shares; nobody measured them.")
NO_COUNTRY = _l("No country is named")
FURTHER_PARTNERS = _l("There are further partners.")
OF_THE_DOCUMENT = _l("Not stated; the standard asks for a start, so this day stands here: the outcome document's")
OF_THE_EDITION = _l("Not stated; the standard asks for a start, so this day stands here: the edition's")
PERIOD_NOT_STATED = _l("%(figure)s; of when is not stated")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_FIRST_STANDS = _l("%(date)s: no day is known, so its first stands here")
_LAST_STANDS = _l("%(date)s: no day is known, so its last stands here")
_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_reportable(content: Content) -> bool:
    """Whether there is an IATI file of it: it lists activities, one at least, that have names outside.

    Summaries do not, nor what was handed out before they had any.
    """
    activities = content.get("activities", [])
    return bool(activities) and all(one.get("coded", {}).get("identifier") for one in activities)


def iati_file(content: Content) -> bytes | None:
    """The activities by the IATI Activity Standard 2.03, or None where `is_reportable` says no.

    The same content gives the same bytes.
    """
    if not is_reportable(content):
        return None
    made = f"{content['as_of']}T00:00:00Z"  # the beginning of the edition's day: never later than it was made
    root = etree.Element("iati-activities", {"version": "2.03", "generated-datetime": made})
    for one in content["activities"]:
        activity = etree.SubElement(
            root, "iati-activity", {"last-updated-datetime": made, _LANGUAGE: content.get("language", DEFAULT)}
        )
        _write(activity, one, content)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _write(activity: etree._Element, one: dict[str, Any], content: Content) -> None:
    """An activity, in the order that the schema asks for."""
    coded = one["coded"]
    organisations = coded["organisations"]
    leads = any(org["part"] == "leads" and org["ref"] == REPORTER for org in organisations)
    etree.SubElement(activity, "iati-identifier").text = coded["identifier"]
    reporter = {"ref": REPORTER, "type": MULTILATERAL, "secondary-reporter": "0" if leads else "1"}
    _told(activity, "reporting-org", REPORTER_NAME, reporter)
    own = _own(one)
    _translate(_told(activity, "title", one["title"], own=own), one, "title")
    for kind, text, language in _descriptions(one, content):
        element = _told(activity, "description", text, {"type": kind}, own=language)
        if kind == GENERAL:
            _translate(element, one, "description")
    for org in organisations:
        role = ACCOUNTABLE if org["part"] == "leads" else IMPLEMENTING
        known = {name: org[name] for name in ("ref", "type") if org[name]}
        _told(activity, "participating-org", org["name"], known | {"role": role})
    etree.SubElement(activity, "activity-status", {"code": STATUS[Status(one["status"])]})
    for kind, day, note in _dates(one, date.fromisoformat(content["as_of"])):
        _told(activity, "activity-date", note, {"type": kind, "iso-date": day.isoformat()})
    _places(activity, coded, own)
    _told(activity, "sector", _("Narcotics control"), {"vocabulary": "1", "code": NARCOTICS_CONTROL})
    _tags(activity, one, content)
    if one["link"]:
        link = etree.SubElement(activity, "document-link", {"format": "text/html", "url": _uri(one["link"])})
        _told(link, "title", _("Page about the activity"))
        etree.SubElement(link, "category", {"code": "A12"})
    _results(activity, one, date.fromisoformat(content["as_of"]))


def _clean(text: str) -> str:
    """`text` without the characters that XML 1.0 cannot hold."""
    return _FORBIDDEN.sub("", text)


def _uri(address: str) -> str:
    """`address` with what a URI cannot hold (RFC 3986) written as percent signs and digits, as browsers send it."""
    before, hash_sign, after = _LONE_PERCENT.sub("%25", _clean(address)).partition("#")
    return quote(before, safe="%/:?@!$&'()*+,;=") + hash_sign + quote(after, safe="%/:?@!$&'()*+,;=")


def _told(
    parent: etree._Element, tag: str, text: str, attributes: dict[str, str] | None = None, *, own: str = ""
) -> etree._Element:
    """An element with its narrative; without one where there are no words. `own` is the language of people's words."""
    element = etree.SubElement(parent, tag, attributes or {})
    if text:
        said = {_LANGUAGE: own} if own and own != spoken().language else {}
        etree.SubElement(element, "narrative", said).text = _clean(str(text))
    return element


def _translate(element: etree._Element, one: dict[str, Any], field: str) -> None:
    """The narratives of the translations that stand beside people's words."""
    for language, texts in one.get("translations", {}).items():
        if field in texts:
            said = {} if language == spoken().language else {_LANGUAGE: language}
            etree.SubElement(element, "narrative", said).text = _clean(texts[field])


def _own(one: dict[str, Any]) -> str:
    """The language that an activity was written in."""
    return str(one.get("text_language") or DEFAULT)


def _descriptions(one: dict[str, Any], content: Content) -> Iterator[tuple[str, str, str]]:
    """The description where it may leave; what stands in columns of its own in other files; how to read this one."""
    if one["description"]:
        yield GENERAL, one["description"], _own(one)
    apart = {column.title for name in ("city", "sdg") if (column := BY_NAME[name].column)}  # elements of their own
    for title, text in one["further"].items():
        if text and title not in apart:
            yield OTHER, _("%(title)s: %(text)s", title=in_words(title), text=text), ""
    notes = [
        _(
            "%(title)s, %(period)s. Prepared by %(who)s.",
            title=content["title"], period=content["period"], who=content["prepared_by"],
        )
    ]  # fmt: skip
    if len(one["coded"]["countries"]) > 1:
        notes.append(str(SHARES))
    if one["partners"][-1:] == [in_words("and others")]:
        notes.append(str(FURTHER_PARTNERS))
    yield OTHER, " ".join(notes), ""


def _known(code: str) -> ImpreciseDate | None:
    return ImpreciseDate.from_code(code) if code else None


def _dates(one: dict[str, Any], as_of: date) -> Iterator[tuple[str, date, str]]:
    """Type, day and note of start and end. What lies behind us by its status and the edition's day is actual."""
    start, end = _known(one["coded"]["start"]), _known(one["coded"]["end"])
    has_begun = one["status"] in BEGUN
    if start is not None:
        kind = ACTUAL_START if has_begun and start.first <= as_of else PLANNED_START
        yield kind, start.first, "" if start.is_exact else _FIRST_STANDS % {"date": start.words()}
    elif has_begun:
        # The same day in every edition: the work follows up what was adopted on it.
        yield ACTUAL_START, min(ADOPTED, end.first) if end else ADOPTED, str(OF_THE_DOCUMENT)
    else:
        yield PLANNED_START, min(as_of, end.first) if end else as_of, str(OF_THE_EDITION)
    if end is not None:
        kind = ACTUAL_END if one["status"] == Status.COMPLETED and end.last <= as_of else PLANNED_END
        yield kind, end.last, "" if end.is_exact else _LAST_STANDS % {"date": end.words()}


def shares(number: int) -> list[str]:
    """100 per cent in `number` parts as equal as hundredths allow, which add up to exactly 100."""
    each, left = divmod(10_000, number)
    parts = [each + (place < left) for place in range(number)]
    return [f"{part // 100}.{part % 100:02}" if part % 100 else str(part // 100) for part in parts]


def _places(activity: etree._Element, coded: dict[str, Any], own: str) -> None:
    countries = coded["countries"]
    if not countries:
        _told(activity, "recipient-region", str(NO_COUNTRY), {"vocabulary": "1", "code": UNSPECIFIED})
    else:
        for (code, name), share in zip(countries, shares(len(countries)), strict=True):
            _told(activity, "recipient-country", name, {"code": code, "percentage": share})
    if coded["city"]:
        _told(etree.SubElement(activity, "location"), "name", coded["city"], own=own)


def _tags(activity: etree._Element, one: dict[str, Any], content: Content) -> None:
    ours = {"vocabulary": OF_OUR_OWN, "vocabulary-uri": OUTCOME_DOCUMENT}
    for code in one["recommendations"]:
        _told(activity, "tag", f"{code} {content['codes'].get(code, '')}".strip(), {"code": code} | ours)
    titles = {chapter["numeral"]: chapter["title"] for chapter in content["chapters"]}
    for numeral in one["chapters"]:
        _told(
            activity,
            "tag",
            _("Chapter %(roman)s: %(title)s", roman=numeral, title=titles[numeral]),
            {"code": numeral} | ours,
        )
    for code in one["coded"]["sdg"]:
        etree.SubElement(activity, "tag", {"code": code, "vocabulary": TARGETS if "." in code else GOALS})


def _results(activity: etree._Element, one: dict[str, Any], as_of: date) -> None:
    """Each figure as an indicator of its own, never to be added up; results in words as one that has no number."""
    apart = {"aggregation-status": "0"}
    if one["coded"]["figures"]:
        result = etree.SubElement(activity, "result", {"type": "1"} | apart)
        _told(result, "title", in_words("Figures"))
        for members in _indicators(one["coded"]["figures"]):
            _indicator(result, members, one, as_of)
    if one["results"]:
        result = etree.SubElement(activity, "result", {"type": "2"} | apart)
        _told(result, "title", in_words("Results"))
        _told(result, "description", one["results"], own=_own(one))
        _told(etree.SubElement(result, "indicator", {"measure": "5"}), "title", _("Results in words"))


def _indicators(facts: list[list[str]]) -> list[list[FigureDraft]]:
    """Each figure of its own, but a target and what was achieved of it together: one unit, period and entity."""
    figures = [figure_draft(fact) for fact in facts]
    together = [[*one.targets, *reversed(one.achieved)] for one in progress_of(figures, date.max)]
    return [*([one] for one in figures if one.kind is FigureKind.FIGURE), *together]


def _indicator(result: etree._Element, members: list[FigureDraft], one: dict[str, Any], as_of: date) -> None:
    measure = "2" if members[0].unit.startswith("%") else "1"
    indicator = etree.SubElement(result, "indicator", {"measure": measure, "aggregation-status": "0"})
    _told(indicator, "title", members[0].unit, own=_own(one))
    for figure in members:
        _period(indicator, figure, one, as_of)


def _period(indicator: etree._Element, figure: FigureDraft, one: dict[str, Any], as_of: date) -> None:
    """One number with its period: the one it counts for, else when it was counted or is due, else since the start."""
    period = etree.SubElement(indicator, "period")
    start, known = _known(one["coded"]["start"]), _known(figure.due or figure.as_of)
    span = dates_of_period(figure.period) or ((known, known) if known else None)
    first, last = min(start.first, as_of) if start else as_of, as_of
    if span is not None:
        last = span[1].last
        first = min(first, last) if figure.due and not figure.period else span[0].first
    etree.SubElement(period, "period-start", {"iso-date": first.isoformat()})
    etree.SubElement(period, "period-end", {"iso-date": last.isoformat()})
    planned = figure.kind is FigureKind.FIGURE and one["status"] == Status.PLANNED
    kind = "target" if figure.kind is FigureKind.TARGET or planned else "actual"
    said = format_figure(figure)
    words = said if span else PERIOD_NOT_STATED % {"figure": said}
    _told(etree.SubElement(period, kind, {"value": f"{figure.number:f}"}), "comment", words)
