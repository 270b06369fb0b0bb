"""Lists in one cell: where one name ends and the next begins. Knows no names itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from flask_babel import gettext as _

from interagency.text.lines import MAX_LINES, split_lines

_SEMICOLONS = str.maketrans("；؛", ";;")
_LETTER = re.compile(r"\( ?([a-z]) ?\)", re.I)
MAX_PARTS, MAX_NAMES = 60, 2 * MAX_LINES  # of a line, of a cell
MAX_NAME_LENGTH = 300
# All of them read lines with single spaces, see `lines_of`.
_SEPARATOR = re.compile(r"( ?[,，、/&+|] ?| (?:and|et|y|e|или|и|und|or|与|和|و) )")
_LETTERS = r"\(? ?([a-z]) ?\)?"
_CHAPTER = r"(\d|[ivx]{1,3})"
_RANGE = re.compile(
    rf"\b{_CHAPTER} ?[.\-]? ?{_LETTERS} ?(?:-|–|—|\bto\b|\bthrough\b) ?(?:\1 ?\.? ?)?{_LETTERS}(?![\w(])", re.I
)
_FURTHER = re.compile(rf"\b{_CHAPTER} ?\( ?[a-z] ?\)(?: ?(?:,|&|\band\b|, ?and\b) ?\( ?[a-z] ?\))+", re.I)
_LEADING = re.compile(
    r"(?:^|(?<=[;\n,])) ?(?:operational )?"
    r"(?:recommendations?|chapters?|ch\b\.?|recs?\b\.?|paragraphs?|paras?\b\.?|or\b) ?(?=[\divx(])",
    re.I,
)


def lines_of(raw: Any) -> list[str]:
    """The parts of a cell between semicolons or line breaks, without blank ones and with single spaces.

    Raises ValueError with a sentence where there are too many.
    """
    return [" ".join(part.split()) for part in split_lines(str(raw).translate(_SEMICOLONS))]


def names_of(raw: Any) -> list[str]:
    """The lines of a cell of names, each of which may hold several. Raises ValueError with a sentence for too many."""
    parts = lines_of(raw)
    number = len(parts) + sum(len(_SEPARATOR.findall(part)) for part in parts)
    if number > MAX_NAMES:
        raise ValueError(
            _(
                "This cell holds %(number)s names; up to %(most)s are taken. Shorten the list.",
                number=number,
                most=MAX_NAMES,
            )
        )
    return parts


def separated(text: str, is_known: Callable[[str], bool], *, apart: bool = False) -> list[str]:
    """The names in `text`, which commas, slashes, ampersands and `and` may part.

    A separator parts only where that leaves fewer words that `is_known` does not know: a comma in a name never splits
    it, and an unknown name stays whole unless a known one stands beside it. `apart`: names never hold a separator.
    """
    pieces = _SEPARATOR.split(text)
    if len(pieces) == 1 or len(pieces) > 2 * MAX_PARTS or is_known(text.strip()):
        return [text.strip()]
    if apart:
        return [name for piece in pieces[::2] if (name := piece.strip())]
    count = (len(pieces) + 1) // 2

    @cache
    def best(first: int) -> tuple[int, int, tuple[str, ...]]:
        """Of the pieces from `first` on: how many are unknown, in how many names, and the names."""
        if first == count:
            return 0, 0, ()
        ways = []
        for last in range(count, first, -1):
            name = "".join(pieces[2 * first : 2 * last - 1]).strip()
            unknown, names, rest = best(last)
            known = not name or (len(name) <= MAX_NAME_LENGTH and is_known(name))
            ways.append((unknown + (0 if known else last - first), names + 1, (*((name,) if name else ()), *rest)))
        return min(ways, key=lambda way: way[:2])

    return list(best(0)[2])


def several_codes(text: str) -> str:
    """Codes of recommendations written out: `1(a)-(c)` and `1(a), (b) and (c)` as `1(a); 1(b); 1(c)`; `OR 1(a)` too."""
    text = _LEADING.sub("", "\n".join(lines_of(text)))

    def all_of(match: re.Match[str]) -> str:
        first, last = match[2].lower(), match[3].lower()
        if first >= last:
            return match[0]
        return "; ".join(f"{match[1]}({chr(letter)})" for letter in range(ord(first), ord(last) + 1))

    def each(match: re.Match[str]) -> str:
        return "; ".join(f"{match[1]}({letter})" for letter in _LETTER.findall(match[0]))

    return _FURTHER.sub(each, _RANGE.sub(all_of, text))
