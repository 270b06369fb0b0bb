"""A briefing as a Word document of two pages: the type of the Commission's documents, nothing personal in it."""

from __future__ import annotations

from io import BytesIO

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from flask_babel import gettext as _

from interagency.exports.note.document import set_type
from interagency.exports.registers.briefing import Briefing
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import clean


def new_document(title: str, header: str) -> WordDocument:
    """An empty A4 document with a title, a line at its head and numbers of pages."""
    document: WordDocument = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin = section.bottom_margin = Mm(15)
    for name, size in (("Normal", 10), ("Title", 15), ("Heading 1", 11), ("Heading 2", 10), ("List Bullet", 9)):
        set_type(document, name, size)
        style = document.styles[name].paragraph_format
        style.space_before, style.space_after = Pt(0), Pt(2)
    document.styles["Heading 1"].paragraph_format.space_before = Pt(7)
    document.styles["Title"].font.bold = document.styles["Heading 1"].font.bold = True
    for border in document.styles["Title"].element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)
    head = section.header.paragraphs[0]
    head.text, head.alignment = clean(header, lines=False), WD_ALIGN_PARAGRAPH.RIGHT
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    number = OxmlElement("w:fldSimple")
    number.set(qn("w:instr"), "PAGE")
    footer._p.append(number)
    properties = document.core_properties
    properties.author = properties.last_modified_by = "United Nations"
    properties.title, properties.comments = clean(title, lines=False)[:255], ""
    document.add_paragraph(clean(title, lines=False), style="Title")
    return document


def bytes_of(document: WordDocument) -> bytes:
    """The file."""
    target = BytesIO()
    document.save(target)
    return target.getvalue()


def briefing_document(briefing: Briefing) -> bytes:
    """The briefing as a .docx."""
    header = _("For the United Nations entities only") if not briefing.audience else briefing.audience
    document = new_document(briefing.title, header)
    dated = ImpreciseDate.day(briefing.day).words()
    if briefing.audience:
        about = _(
            "As of %(day)s. What each United Nations entity concerned agreed to share, which is not all that is done.",
            day=dated,
        )
    else:
        about = _("As of %(day)s. It holds what was not agreed for sharing: do not pass it on.", day=dated)
    document.add_paragraph().add_run(about).italic = True
    for section in briefing.sections:
        document.add_heading(section.heading, 1)
        for text in section.sentences:
            document.add_paragraph(clean(text, lines=False))
        for text in section.lines:
            document.add_paragraph(clean(text, lines=False), style="List Bullet")
    return bytes_of(document)
