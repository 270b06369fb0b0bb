"""Showing why something was found: the words looked for, marked, and the piece of text they stand in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from interagency.text.folding import folded_words, is_found

# A recommendation's code, a sign that is a word of its own, or a word with the accents that stand after its letters.
_PIECE = re.compile(
    r"\b(?:\d|i{1,3}|iv|vi{0,2}|v)\s*\(\s*[a-z]\s*\)"
    "|[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003fffd]"
    r"|[\w\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]+",
    re.IGNORECASE,
)
WIDTH = 180


def _spots(text: str, terms: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where in `text` a word stands that one of `terms` looks for."""
    for piece in _PIECE.finditer(text):
        words = folded_words(piece[0])
        if any(is_found(term, words) for term in terms):
            yield piece.span()


def marked(text: str, terms: tuple[str, ...]) -> Markup:
    """`text` as HTML with the words that `terms` look for in `<mark>`; everything else escaped."""
    done, last = list[Markup](), 0
    for start, end in _spots(text, terms):
        done += [escape(text[last:start]), Markup("<mark>{}</mark>").format(text[start:end])]
        last = end
    return Markup("").join([*done, escape(text[last:])])


def excerpt(text: str, terms: tuple[str, ...], width: int = WIDTH) -> str:
    """The piece of `text` around the first word that is looked for, cut between words; empty when there is none."""
    spot = next(_spots(text, terms), None)
    if spot is None:
        return ""
    begin = max(0, spot[0] - width // 3)
    end = min(len(text), begin + width)
    if begin:
        begin = text.find(" ", begin, spot[0]) + 1 or begin
    if end < len(text):
        last = text.rfind(" ", spot[1], end)
        end = last if last > 0 else max(end, spot[1])
    piece = " ".join(text[begin:end].split())
    return f"{'… ' if begin else ''}{piece}{' …' if end < len(text) else ''}"
