"""A Word document from right to left, and what Word calls the languages."""

from __future__ import annotations

from typing import Any

from docx.document import Document as WordDocument
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

# By the codes of ISO 639-1, those of Word.
LOCALES = {"ar": "ar-SA", "zh": "zh-CN", "en": "en-GB", "fr": "fr-FR", "ru": "ru-RU", "es": "es-ES"}
# What stands after w:bidi in a paragraph's properties (ISO 29500-1, 17.3.1.26), and before w:bidiVisual in a table's.
_AFTER_BIDI = ("adjustRightInd", "snapToGrid", "spacing", "ind", "contextualSpacing", "mirrorIndents",
               "suppressOverlap", "jc", "textDirection", "textAlignment", "textboxTightWrap", "outlineLvl", "divId",
               "cnfStyle", "rPr", "sectPr", "pPrChange")  # fmt: skip
_BEFORE_VISUAL = ("tblStyle", "tblpPr", "tblOverlap")


def turn_right_to_left(document: WordDocument) -> None:
    """Set paragraphs and runs from right to left and tables from the right; what Word calls left is the start then."""
    section = document.sections[0]
    for part in (document.element.body, section.header._element, section.footer._element):
        for paragraph in part.iter(qn("w:p")):
            _turn_paragraph(paragraph)
        for table in part.iter(qn("w:tbl")):
            _turn_table(table)


def _turn_paragraph(paragraph: Any) -> None:
    properties = paragraph.get_or_add_pPr()
    if properties.find(qn("w:bidi")) is None:
        properties.insert_element_before(OxmlElement("w:bidi"), *(f"w:{name}" for name in _AFTER_BIDI))
    for run in paragraph.iter(qn("w:r")):
        own = run.get_or_add_rPr()
        if own.find(qn("w:rtl")) is None:
            own.append(OxmlElement("w:rtl"))


def _turn_table(table: Any) -> None:
    properties = table.tblPr
    if properties.find(qn("w:bidiVisual")) is None:
        place = sum(properties.find(qn(f"w:{name}")) is not None for name in _BEFORE_VISUAL)
        properties.insert(place, OxmlElement("w:bidiVisual"))
