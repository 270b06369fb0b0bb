"""What became of a text, word by word: for pages that show what was and what is in one line."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal

Piece = tuple[Literal["same", "gone", "new"], str]
# A comma or stop is a piece of its own: what is one of a list stays the same where others come or go.
_PIECES = re.compile(r"\s+|[,;.:]|[^\s,;.:]+")
# Comparing takes the product of both lengths at worst; what is longer, or shares little, is shown whole.
MAX_PIECES = 600
ALIKE = 0.4


def word_changes(was: str, now: str) -> list[Piece]:
    """The pieces of both texts in reading order; those that are `same` or `new` make up `now`, `same` or `gone` `was`.

    Texts of more than 600 pieces (words, spaces, commas), or that have little in common, are one piece each.
    """
    old, new = _PIECES.findall(was), _PIECES.findall(now)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if max(len(old), len(new)) > MAX_PIECES or matcher.quick_ratio() < ALIKE or matcher.ratio() < ALIKE:
        whole: list[Piece] = [("gone", was), ("new", now)]
        return [piece for piece in whole if piece[1]]
    found: list[Piece] = []
    for act, i1, i2, j1, j2 in matcher.get_opcodes():
        if act == "equal":
            found.append(("same", "".join(old[i1:i2])))
            continue
        gone, come = "".join(old[i1:i2]), "".join(new[j1:j2])
        found += [("gone", gone)] if gone else []
        found += [("new", come)] if come else []
    return found
