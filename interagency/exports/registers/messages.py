"""Shared messages as CSV and as a document to copy from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from itertools import groupby

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from flask_babel import gettext as _

from interagency.exports.columns import Cell, Column, joined
from interagency.exports.registers.document import bytes_of, new_document
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.messages.labels import LEVELS, validity
from interagency.matrix.messages.models import LANGUAGES, MessageVersion
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import clean


def _text(code: str) -> Callable[[MessageVersion], Cell]:
    return lambda one: one.texts.get(code, "")


# What may leave, named column by column.
OUTSIDE: tuple[Column, ...] = (
    Column("Chapter", lambda one: ROMAN[one.chapter_number] if one.chapter_number else "", 9, hxl="#sector"),
    Column("About", lambda one: one.title, 40, hxl="#message+name"),
    Column("For", lambda one: one.level.value, 14, hxl="#message+level"),
    *(Column(name, _text(code), 60, hxl=f"#message+text+i_{code}") for code, name in LANGUAGES.items()),
    Column("Source", lambda one: one.source, 40, hxl="#meta+source"),
    Column("Valid from", lambda one: one.valid_from, 12, "date", hxl="#date+start"),
    Column("Valid until", lambda one: one.valid_until, 12, "date", hxl="#date+end"),
    Column("In the name of", lambda one: joined(e.short for e in one.entities), 24, hxl="#org"),
)
INSIDE: tuple[Column, ...] = (
    Column("ID", lambda one: one.message_id, 7, "number", hxl="#message+id"),
    Column("Version", lambda one: one.number, 8, "number", hxl="#message+version"),
    *OUTSIDE,
    Column("Written", lambda one: one.at.date(), 12, "date", internal=True, hxl="#date+written"),
    Column("By", lambda one: one.by_name, 20, internal=True, hxl="#contact+name"),
)


def write_messages(versions: Iterable[MessageVersion], audience: str, day: date) -> bytes:
    """The messages under their chapters, each in all its languages, as a .docx; `audience` is "" for insiders."""
    title = str(_("Shared messages"))
    document = new_document(title, audience or str(_("For the United Nations entities only")))
    dated = ImpreciseDate.day(day).words()
    if audience:
        about = _("As of %(day)s. Agreed by every United Nations entity in whose name it speaks.", day=dated)
    else:
        about = _("As of %(day)s. With drafts that are not agreed: do not pass it on.", day=dated)
    document.add_paragraph().add_run(about).italic = True
    chosen = sorted(versions, key=lambda one: one.chapter_number or 0)
    if not chosen:
        document.add_paragraph(_("No message is agreed for use.") if audience else _("No message was written yet."))
    for number, some in groupby(chosen, key=lambda one: one.chapter_number or 0):
        group = list(some)
        chapter = group[0].chapter
        heading = f"{ROMAN[number]}. {chapter.title}" if chapter else str(_("All chapters"))
        document.add_heading(heading, 1)
        for one in group:
            document.add_heading(clean(one.title, lines=False), 2)
            for code, text in one.translations:
                for line in clean(text).splitlines():
                    _in_language(document.add_paragraph(line), code)
            names = ", ".join(entity.short for entity in one.entities)
            parts = [names, str(LEVELS[one.level]).lower(), validity(one), one.source]
            said = document.add_paragraph()
            said.add_run(clean("; ".join(filter(None, parts)), lines=False)).italic = True
    return bytes_of(document)


def _in_language(paragraph: Paragraph, code: str) -> None:
    """Tell Word the language of a paragraph, and its direction."""
    for run in paragraph.runs:
        if code == "ar":
            run._r.get_or_add_rPr().append(OxmlElement("w:rtl"))
        language = OxmlElement("w:lang")
        for name in ("w:val", "w:eastAsia", "w:bidi"):
            language.set(qn(name), code)
        run._r.get_or_add_rPr().append(language)
    if code == "ar":  # from the right, where such a paragraph begins
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
