"""The Note as a Word document, in the form of the notes of 2018 and 2020.

Masthead, headings, numbered paragraphs and footnotes are what a person goes on editing. Each paragraph carries a
comment that names its record and can be removed; every page says that it is a draft.
"""

from __future__ import annotations

from datetime import date
from typing import BinaryIO

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph as WordParagraph
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from lxml import etree
from sqlalchemy.orm import Session

from interagency.exports.note.content import BODY, TITLE, Heading, Note, Remark, draft_note
from interagency.exports.note.request import NoteRequest
from interagency.exports.note.right_to_left import LOCALES, turn_right_to_left
from interagency.exports.note.wording import Paragraph
from interagency.matrix.framework.file_words import is_right_to_left
from interagency.matrix.framework.titles import spoken
from interagency.text.folding import clean

DRAFT = _l("Draft: not edited")
UNEDITED = _l("This document has not been edited.")
FONT = "Times New Roman"
FOOTNOTES_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
# What a masthead says of a document that is issued in one language.
_ONLY = {
    "ar": "بالعربية فقط", "zh": "仅有中文本", "en": "English only", "fr": "Français seulement",
    "ru": "Только на русском языке", "es": "Español solamente",
}  # fmt: skip
_HEADING_SIZES = {1: 14, 2: 11, 3: 10}
_INDENT = Mm(12)


def write_note(target: BinaryIO, session: Session, request: NoteRequest, day: date) -> Note:
    """Draft the note as `content.draft_note` does, and write it as a .docx. Raises NoteRefusal."""
    note = draft_note(session, request, day)
    _Writer(note).document().save(target)
    return note


class _Writer:
    """One note being written."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._language = spoken().language
        self._document: WordDocument = Document()
        self._footnotes = _Footnotes()

    def document(self) -> WordDocument:
        """The whole document."""
        _prepare(self._document, self._note)
        self._masthead()
        for block in self._note.blocks:
            if isinstance(block, Heading):
                self._document.add_heading(block.text, block.level)
            elif isinstance(block, Remark):
                self._document.add_paragraph(clean(block.text)).paragraph_format.left_indent = _INDENT
            else:
                self._numbered(block)
        self._annex()
        self._footnotes.attach(self._document)
        if is_right_to_left():
            turn_right_to_left(self._document)
        return self._document

    def _masthead(self) -> None:
        """As a document of the Commission begins: whose it is, its symbol, its date and language; session and item."""
        request = self._note.request
        table = self._document.add_table(rows=2, cols=2)
        table.autofit = False
        for column, width in zip(table.columns, (Mm(110), Mm(50)), strict=True):
            column.width = width
            for cell in column.cells:
                cell.width = width
        (nations, symbol), (council, dated) = (row.cells for row in table.rows)
        _write(nations, _("United Nations"), size=14)
        _write(symbol, request.symbol or "E/CN.7/…/CRP.…", size=12, bold=bool(request.symbol), right=True)
        _write(council, _("Economic and Social Council"), size=16, bold=True)
        _write(dated, self._note.dated)
        dated.add_paragraph(_ONLY[self._language])
        for cell in (nations, symbol):
            _line_below(cell, 4)
        for cell in (council, dated):
            _line_below(cell, 18)
        for text, is_bold in (
            (BODY, True), (request.session, True), (request.place, False), (request.item, False), (TITLE, True),
        ):  # fmt: skip
            if text:
                paragraph = self._document.add_paragraph()
                paragraph.paragraph_format.space_after = Pt(0)
                paragraph.add_run(clean(str(text), lines=False)).bold = is_bold
        title = self._document.add_paragraph(style="Title")
        title.add_run(str(TITLE))
        self._footnotes.add(title, str(UNEDITED))
        self._document.add_paragraph(_("Note by the Secretariat"), style="Subtitle")

    def _numbered(self, block: Paragraph) -> None:
        paragraph = self._document.add_paragraph(style="List Number")
        runs = []
        if block.title:
            runs.append(paragraph.add_run(block.title))
            runs[0].italic = self._language != "zh"  # Chinese has no slanted letters
        runs.append(paragraph.add_run(f" {block.text}" if block.title else block.text))
        if block.record:
            self._document.add_comment(runs, text=block.record, author="Matrix", initials="M")
        for text in block.footnotes:
            self._footnotes.add(paragraph, text)

    def _annex(self) -> None:
        unused = self._note.annex
        self._document.add_page_break()  # type: ignore[no-untyped-call]
        self._document.add_heading(_("Annex. Agreed records that were not used"), 1)
        self._document.add_paragraph(
            _(
                "For the editor, to be removed. They lie outside the period, ended on a date not known, or were "
                "cancelled."
            )
            if unused
            else _("None: every record agreed for sharing with the Commission is in the note.")
        )
        if not unused:
            return
        table = self._document.add_table(rows=1, cols=3, style="Table Grid")
        for cell, text in zip(table.rows[0].cells, (_("Record"), _("Title"), _("Status and period")), strict=True):
            cell.text = text
        for one in unused:
            for cell, text in zip(table.add_row().cells, (str(one.record_id), one.title, one.state), strict=True):
                cell.text = text


# --- The page ---


def _prepare(document: WordDocument, note: Note) -> None:
    """A4, a header that says draft, page numbers, the type of the Commission's documents, no personal data."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    for name, size in (("Normal", 10), ("Title", 14), ("Subtitle", 11), ("List Number", 10)):
        set_type(document, name, size)
    for level, size in _HEADING_SIZES.items():
        set_type(document, f"Heading {level}", size)
        style = document.styles[f"Heading {level}"]
        style.font.bold, style.font.italic = level < 3, level == 3 and spoken().language != "zh"
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(14 - 2 * level), Pt(6)
        style.paragraph_format.left_indent = Mm(0) if level == 1 else _INDENT
    document.styles["Title"].font.bold = document.styles["Subtitle"].font.bold = True
    document.styles["Subtitle"].font.italic = False
    spacing = document.styles["Subtitle"].element.rPr.find(qn("w:spacing"))
    if spacing is not None:
        spacing.getparent().remove(spacing)
    numbered = document.styles["List Number"].paragraph_format
    numbered.space_after = Pt(6)
    numbered.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    _number_at_margin(document)
    title = document.styles["Title"]
    title.paragraph_format.space_before, title.paragraph_format.space_after = Pt(18), Pt(6)
    for border in title.element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)
    header = section.header.paragraphs[0]
    header.text = str(DRAFT)
    header.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    footer._p.append(field)
    properties = document.core_properties
    properties.author = properties.last_modified_by = "Secretariat"
    session = note.request.session
    title_of_file = _("Note by the Secretariat, %(session)s: %(draft)s", session=session, draft=DRAFT)
    properties.title, properties.language = title_of_file[:255], spoken().language
    properties.comments = ""


def _number_at_margin(document: WordDocument) -> None:
    """Numbers of paragraphs at the margin, their text after a tab and then below the number, as the notes have it."""
    number = document.styles["List Number"].element.pPr.numPr.numId.val
    numbering = document.part.numbering_part.element
    (kind,) = numbering.xpath(f"w:num[@w:numId='{number}']/w:abstractNumId/@w:val")
    (level,) = numbering.xpath(f"w:abstractNum[@w:abstractNumId='{kind}']/w:lvl[@w:ilvl='0']")
    twips = int(_INDENT.pt * 20)
    for old in level.findall(qn("w:pPr")):
        level.remove(old)
    level.append(
        parse_xml(
            f'<w:pPr {nsdecls("w")}><w:tabs><w:tab w:val="num" w:pos="{twips}"/></w:tabs>'
            '<w:ind w:left="0" w:firstLine="0"/></w:pPr>'
        )
    )
    for apart in document.styles["List Number"].element.findall(f".//{qn('w:contextualSpacing')}"):
        apart.getparent().remove(apart)
    format_of_style = document.styles["List Number"].paragraph_format
    format_of_style.left_indent = format_of_style.first_line_indent = Mm(0)
    format_of_style.tab_stops.add_tab_stop(_INDENT)


def set_type(document: WordDocument, name: str, size: int) -> None:
    """Black, in the type of the document, whatever the theme of the program says."""
    style = document.styles[name]
    style.font.name, style.font.size, style.font.color.rgb = FONT, Pt(size), RGBColor(0, 0, 0)
    fonts = style.element.rPr.rFonts
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    # What East Asian and Arabic letters are set in: the first name has none of either.
    fonts.set(qn("w:eastAsia"), "SimSun")
    fonts.set(qn("w:cs"), FONT)
    language = style.element.rPr.find(qn("w:lang"))
    if language is None:
        language = OxmlElement("w:lang")
        style.element.rPr.append(language)
    code = LOCALES[spoken().language]
    language.set(qn("w:val"), code)
    language.set(qn("w:eastAsia"), LOCALES["zh"])
    language.set(qn("w:bidi"), LOCALES["ar"])


def _write(cell: _Cell, text: str, *, size: int = 10, bold: bool = False, right: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(clean(text, lines=False))
    run.bold, run.font.size = bold, Pt(size)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _line_below(cell: _Cell, eighths: int) -> None:
    """A line below a cell, `eighths` of a point thick."""
    cell._tc.get_or_add_tcPr().append(
        parse_xml(
            f'<w:tcBorders {nsdecls("w")}><w:bottom w:val="single" w:sz="{eighths}" w:space="0" w:color="000000"/>'
            "</w:tcBorders>"
        )
    )


class _Footnotes:
    """The footnotes of a document; python-docx writes none itself."""

    def __init__(self) -> None:
        self._root = parse_xml(
            f"<w:footnotes {nsdecls('w')}>"
            '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
            '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p>'
            "</w:footnote></w:footnotes>"
        )

    def add(self, paragraph: WordParagraph, text: str) -> None:
        """A numbered footnote at the end of `paragraph`."""
        number = len(self._root) - 1
        raised = '<w:rPr><w:b w:val="0"/><w:vertAlign w:val="superscript"/></w:rPr>'
        one = parse_xml(
            f'<w:footnote {nsdecls("w")} w:id="{number}"><w:p><w:pPr><w:spacing w:after="0"/></w:pPr>'
            f"<w:r>{raised}<w:footnoteRef/></w:r>"
            '<w:r><w:rPr><w:sz w:val="17"/></w:rPr><w:t xml:space="preserve"> </w:t></w:r></w:p></w:footnote>'
        )
        words = one.find(f".//{qn('w:t')}")
        assert words is not None
        words.text = f" {clean(text, lines=False)}"
        self._root.append(one)
        paragraph._p.append(
            parse_xml(f'<w:r {nsdecls("w")}>{raised}<w:footnoteReference w:id="{number}"/></w:r>')
        )  # fmt: skip

    def attach(self, document: WordDocument) -> None:
        """Put them into the document, once it is written."""
        part = Part(
            PackURI("/word/footnotes.xml"),
            FOOTNOTES_TYPE,
            etree.tostring(self._root, xml_declaration=True, encoding="UTF-8", standalone=True),
            document.part.package,
        )
        document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
