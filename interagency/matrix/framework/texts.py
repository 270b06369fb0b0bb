"""The official text of each recommendation, as the outcome document has it, and short names of its chapters."""

from __future__ import annotations

from functools import cache

from interagency.matrix.framework.load import read_file


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
    """The paragraph of one recommendation, without the semicolon that leads on to the next. Raises KeyError."""
    return official_texts()[code].removesuffix(";")
