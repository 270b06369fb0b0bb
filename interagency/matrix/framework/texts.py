"""The official text of each recommendation, as the outcome document has it, and short names of its chapters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.framework.load import read_file
from interagency.matrix.framework.models import RecommendationText
from interagency.matrix.framework.titles import spoken
from interagency.text.languages import DEFAULT


@cache
def official_texts() -> dict[str, str]:
    """The paragraph of the outcome document (resolution S-30/1, annex) of each recommendation, by its code."""
    texts: dict[str, str] = read_file("outcome-document.json")["texts"]
    return texts


@cache
def chapter_names() -> dict[int, str]:
    """Our own short name of each chapter, for the heads of tables: the official titles are sentences."""
    return {chapter["number"]: chapter["short"] for chapter in read_file("framework.json")["chapters"]}


def official_text(code: str) -> str:
    """The English paragraph of one recommendation, without the semicolon that leads on to the next. Raises KeyError."""
    return official_texts()[code].removesuffix(";")


@dataclass(frozen=True, slots=True)
class OfficialText:
    """The official text of a recommendation, and the code of the language it is in."""

    text: str
    language: str


def text_in_language(session: Session, code: str) -> OfficialText:
    """The official text in the language that is spoken, where it was read in; else the English one. Raises KeyError."""
    language = spoken().language
    found = None if language == DEFAULT else session.get(RecommendationText, (language, code))
    if found is None:
        return OfficialText(official_text(code), DEFAULT)
    return OfficialText(found.text.rstrip(";；؛ "), language)


def keep_texts(session: Session, language: str, texts: Mapping[str, str], source: str) -> None:
    """Keep the official texts of a language, by code, in place of those that were kept before; the caller commits."""
    session.execute(sa.delete(RecommendationText).where(RecommendationText.language == language))
    session.add_all(
        RecommendationText(language=language, code=code, text=text, source=source) for code, text in texts.items()
    )
