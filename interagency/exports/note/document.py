"""The draft Note by the Secretariat on inter-agency cooperation, as a Word document.

The form is that of the notes of 2018 and 2020: chapters of the outcome document as headings, numbered paragraphs,
joint initiatives set apart, then meetings. Only what every entity concerned agreed to share with the
Commission is in it, also in its annex. Sentences are put together from the records' own words and facts, never
invented; a person edits the rest. Each paragraph carries a comment that names its record and can be removed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph
from lxml import etree
from sqlalchemy.orm import Session

from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.agreement.gate import entities_of_activity, through_the_gate
from interagency.matrix.cycles import editions
from interagency.matrix.cycles.contents import placed_in
from interagency.matrix.cycles.months import first_day, format_month, month_after
from interagency.matrix.framework.models import ROMAN
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.folding import clean

AUDIENCE = "commission"
DRAFT = "Draft: not edited"
VERBS = {
    "planned": "plan",
    "ongoing": "carry out",
    "completed": "have completed",
    "suspended": "have suspended",
}
SINGULAR = {
    "planned": "plans",
    "ongoing": "carries out",
    "completed": "has completed",
    "suspended": "has suspended",
}
INTER_COMMISSION = ("session", "thematic discussion", "side event", "briefing", "expert group meeting")
FOOTNOTES_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"


# A title is quoted, so what it quotes itself stands in single marks.
_INNER_QUOTES = str.maketrans({"“": "‘", "”": "’", '"': "’"})


class NoteRefusal(ValueError):
    """The note cannot be drafted; the text says why and what to do."""


@dataclass(slots=True)
class Names:
    """Names of entities: spelled out at the first mention, by acronym from then on."""

    organisations: dict[str, dict[str, Any]]
    mentioned: set[str] = field(default_factory=set)

    def of(self, key: str) -> str:
        one = self.organisations.get(key)
        if one is None:
            return key
        if key in self.mentioned or one["short"] == one["name"]:
            return str(one["short"])
        self.mentioned.add(key)
        return f"{one['name']} ({one['short']})"


def joined(parts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    words = list(parts)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of it: how many records became paragraphs, and how many agreed ones were not used."""

    paragraphs: int
    unused: int
    edition: int


def write_note(
    target: BinaryIO, session: Session, *, meeting: str, first_month: str, last_month: str, day: date
) -> Drafted:
    """Draft the note for `meeting` (such as `CND 70`) over the months from `first_month` to `last_month`.

    It is drafted from the newest edition, through the gate as it stands on `day`. Raises NoteRefusal.
    """
    if last_month < first_month:
        raise NoteRefusal("The last month lies before the first. Write them the other way round.")
    edition = editions.newest_edition(session)
    if edition is None:
        raise NoteRefusal("No month was closed yet. The note is drafted from an edition: close a month first.")
    contents = editions.load(session, edition.number)
    passed = through_the_gate(session, contents, AUDIENCE, day)
    writer = _Writer(contents, edition.number, meeting, first_month, last_month)
    used = writer.write(passed.activities, passed.events)
    writer.document.save(target)
    return Drafted(used, len(passed.activities) - used, edition.number)


class _Writer:
    """One note being written."""

    def __init__(self, contents: dict[str, Any], number: int, meeting: str, first: str, last: str) -> None:
        self.contents, self.number, self.meeting = contents, number, meeting
        self.first, self.last = first_day(first), first_day(month_after(last))
        self.period = f"{format_month(first)} to {format_month(last)}"
        self.words = FactLabels.of_edition(contents)
        self.names = Names(contents["organisations"])
        self.document: WordDocument = Document()
        self.count = 0
        self.places: dict[int, int] = {}
        _prepare(self.document, meeting)

    def write(self, activities: list[dict[str, Any]], events: list[dict[str, Any]]) -> int:
        """Everything, in its order. Returns how many activities became paragraphs."""
        used = [entry for entry in activities if self._in_period(entry)]
        self._head()
        self._heading("I. Inter-agency cooperation")
        self._introduction(used)
        for chapter in self.contents["chapters"]:
            self._chapter(chapter, used)
        self._without_chapter(used)
        self._heading("II. Meetings and inter-commission events")
        self._meetings(events)
        self._annex([entry for entry in activities if not self._in_period(entry)])
        return len(used)

    # --- What is in it ---

    def _in_period(self, entry: dict[str, Any]) -> bool:
        """Whether an activity overlaps the period; one without dates counts while it lasts. Cancelled ones never."""
        facts = entry["facts"]
        if facts["status"] == "cancelled":
            return False
        start = ImpreciseDate.from_code(facts["start"]) if facts["start"] else None
        end = ImpreciseDate.from_code(facts["end"]) if facts["end"] else None
        if start is None and end is None:
            return facts["status"] in ("planned", "ongoing")
        begun = start is None or start.first < self.last
        lasting = facts["status"] in ("planned", "ongoing") if end is None else end.last >= self.first
        if end is None and start is not None and start.last >= self.first:
            lasting = True
        return begun and lasting

    # --- Its parts ---

    def _head(self) -> None:
        title = self.document.add_paragraph("Commission on Narcotic Drugs", style="Subtitle")
        title.paragraph_format.space_after = Pt(0)
        self.document.add_paragraph(self.meeting, style="Subtitle")
        self.document.add_paragraph(
            "Inter-agency cooperation and coordination of efforts in addressing and countering the world drug problem",
            style="Title",
        )
        self.document.add_paragraph("Note by the Secretariat", style="Subtitle")
        self.document.add_paragraph(DRAFT, style="Intense Quote")

    def _heading(self, text: str, level: int = 1) -> None:
        self.document.add_heading(clean(text, lines=False), level)

    def _numbered(self, text: str, record: str = "") -> Paragraph:
        self.count += 1
        paragraph = self.document.add_paragraph(style="List Number")
        run = paragraph.add_run(clean(text))
        if record:
            self.document.add_comment(run, text=record, author="Matrix", initials="M")
        return paragraph

    def _introduction(self, used: list[dict[str, Any]]) -> None:
        joint = sum(entry["joint"] for entry in used)
        entities = sorted(
            {key for entry in used for key in entities_of_activity(entry["facts"])},
            key=lambda key: self.names.organisations.get(key, {}).get("position", 9999),
        )
        paragraph = self._numbered(
            f"The following is drawn from the matrix of action of United Nations entities in follow-up to the special "
            f"session of the General Assembly on the world drug problem held in 2016, for {self.period}."
        )
        _footnote(
            self.document, paragraph,
            f"Edition {self.number} of the matrix, {format_month(self.contents['month'])}; only what each entity "
            "concerned agreed to share with the Commission.",
        )  # fmt: skip
        if not used:
            self._numbered("No activity was agreed for sharing with the Commission for this period.")
            return
        self._numbered(
            f"It presents {_count(len(used), 'activity', 'activities')}, {joint} of them joint, "
            f"by {joined(self.names.of(key) for key in entities)}."
        )

    def _chapter(self, chapter: dict[str, Any], used: list[dict[str, Any]]) -> None:
        number = chapter["number"]
        self._heading(f"Chapter {ROMAN[number]}. {chapter['title']}", 2)
        under = [entry for entry in used if number in entry["chapters"]]
        fresh = sorted((e for e in under if e["id"] not in self.places), key=lambda e: self._order(e, number))
        known = sorted(self.places[e["id"]] for e in under if e["id"] in self.places)
        joint = [entry for entry in fresh if entry["joint"]]
        if joint:
            self._heading("Joint initiatives", 3)
            for entry in joint:
                self._activity(entry)
        section = None
        for entry in (entry for entry in fresh if not entry["joint"]):
            _place, here = placed_in(self.contents, entry["facts"], number)
            if here != section:
                section = here
                self._heading(section or "Further activities", 3)
            self._activity(entry)
        if known:
            places = joined(str(place) for place in known)
            self._numbered(f"See also {'paragraph' if len(known) == 1 else 'paragraphs'} {places}.")
        if not under:
            self.document.add_paragraph("Nothing was agreed for sharing under this chapter.")

    def _order(self, entry: dict[str, Any], number: int) -> tuple[int, str, str, int]:
        place, heading = placed_in(self.contents, entry["facts"], number)
        return (place, heading, entry["facts"]["title"].casefold(), entry["id"])

    def _without_chapter(self, used: list[dict[str, Any]]) -> None:
        rest = [entry for entry in used if not entry["chapters"]]
        if rest:
            self._heading("Coordination", 2)
            for entry in sorted(rest, key=lambda entry: (entry["facts"]["title"].casefold(), entry["id"])):
                self._activity(entry)

    def _activity(self, entry: dict[str, Any]) -> None:
        record = f"Record {entry['id']}, version {entry['version']}, edition {self.number} of the matrix"
        self._numbered(self.sentence(entry), record)
        self.places[entry["id"]] = self.count

    def sentence(self, entry: dict[str, Any]) -> str:
        """A paragraph from the record's own words and facts."""
        facts = entry["facts"]
        taking_part = entities_of_activity(facts)
        supporting = [key for key in taking_part if key in facts["supporting"]]
        entities = [key for key in taking_part if key not in supporting] or taking_part
        who = joined(self.names.of(key) for key in entities)
        support = [self.names.of(key) for key in supporting if key not in entities]
        partners = [self.names.of(key) for key in facts["partners"]] + ["others"] * bool(facts["partners_incomplete"])
        countries = sorted({self.words.countries.get(code, code) for code, _role in facts["countries"]})
        start = ImpreciseDate.from_code(facts["start"]) if facts["start"] else None
        end = ImpreciseDate.from_code(facts["end"]) if facts["end"] else None
        verb = (SINGULAR if len(entities) == 1 else VERBS)[facts["status"]]
        parts = [f"{who[:1].upper()}{who[1:]}"]
        if partners:
            parts.append(f", together with {joined(partners)},")
        if support:
            parts.append(f"{'' if partners else ','} supported by {joined(support)},")
        title = facts["title"].rstrip(".").translate(_INNER_QUOTES)
        parts.append(f" {verb} “{title}”")
        if countries:
            parts.append(f" in {joined(countries)}")
        if start or end:
            parts.append(f" ({words_between(start, end)})")
        text = "".join(parts) + "."
        if facts["figures"]:
            text += f" Figures: {self.words.say('figures', facts['figures'])}."
        if facts["results"]:
            text += f" {facts['results'].strip()}"
        if facts["recommendations"]:
            text += f" (Recommendations {', '.join(facts['recommendations'])}.)"
        return text

    def _meetings(self, events: list[dict[str, Any]]) -> None:
        shown = [
            (day, entry)
            for entry in events if entry["facts"]["kind"] in INTER_COMMISSION
            for day in (StoredOccurrence(*values) for values in entry["days"])
            if not day.is_cancelled and day.first_day and day.last_day
            and day.first_day < self.last and day.last_day >= self.first
        ]  # fmt: skip
        for day, entry in sorted(shown, key=lambda pair: (pair[0].first, pair[1]["facts"]["title"], pair[1]["id"])):
            facts = entry["facts"]
            who = joined(self.names.of(key) for key in facts["organisers"])
            place = day.venue or ", ".join(
                part for part in (facts["city"], self.words.countries.get(facts["country"] or "", "")) if part
            )
            text = f"{day.title.rstrip('.')}: {facts['kind']}, {day.when}"
            text += f", {place}" if place else ""
            text += f", organised by {who}" if who else ""
            self._numbered(f"{text}.", f"Event {entry['id']}, version {entry['version']}, edition {self.number}")
        if not shown:
            self.document.add_paragraph("No meeting was agreed for sharing for this period.")

    def _annex(self, unused: list[dict[str, Any]]) -> None:
        self.document.add_page_break()  # type: ignore[no-untyped-call]
        self._heading("Annex. Agreed records that were not used")
        self.document.add_paragraph(
            "For the editor, to be removed. They lie outside the period, or were cancelled."
            if unused
            else "None: every record agreed for sharing with the Commission is in the note."
        )
        if not unused:
            return
        table = self.document.add_table(rows=1, cols=3, style="Table Grid")
        for cell, text in zip(table.rows[0].cells, ("Record", "Title", "Status and period"), strict=True):
            cell.text = text
        for entry in sorted(unused, key=lambda entry: entry["id"]):
            facts = entry["facts"]
            start = ImpreciseDate.from_code(facts["start"]) if facts["start"] else None
            end = ImpreciseDate.from_code(facts["end"]) if facts["end"] else None
            cells = table.add_row().cells
            cells[0].text = str(entry["id"])
            cells[1].text = clean(facts["title"], lines=False)
            cells[2].text = f"{facts['status']}, {words_between(start, end)}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


# --- The page ---


def _prepare(document: WordDocument, meeting: str) -> None:
    """A4, a header that says draft, page numbers, no personal data in the properties."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    document.styles["Normal"].font.name = "Times New Roman"
    document.styles["Normal"].font.size = Pt(11)
    header = section.header.paragraphs[0]
    header.text = DRAFT
    header.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    footer._p.append(field)
    properties = document.core_properties
    properties.author = properties.last_modified_by = "Secretariat"
    properties.title = f"Note by the Secretariat, {meeting}: {DRAFT}"
    properties.comments = ""


def _footnote(document: WordDocument, paragraph: Paragraph, text: str) -> None:
    """A real footnote at the end of `paragraph`; python-docx writes none itself. For one footnote a document."""
    body = (
        f"<w:footnotes {nsdecls('w')}>"
        '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
        '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p>'
        "</w:footnote>"
        '<w:footnote w:id="1"><w:p><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteRef/></w:r>'
        '<w:r><w:t xml:space="preserve"> </w:t></w:r></w:p></w:footnote></w:footnotes>'
    )
    root = parse_xml(body)
    run = OxmlElement("w:r")
    words = OxmlElement("w:t")
    words.text = clean(text, lines=False)
    run.append(words)
    root[-1][0].append(run)
    part = Part(
        PackURI("/word/footnotes.xml"),
        FOOTNOTES_TYPE,
        etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True),
        document.part.package,
    )
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    reference = parse_xml(
        f'<w:r {nsdecls("w")}><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteReference w:id="1"/></w:r>'
    )
    paragraph._p.append(reference)
