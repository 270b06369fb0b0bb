"""Fields of several lines, split in one place, and what of them is read at most.

Readers of a line may take it for granted that it is short: nothing that one person typed keeps the others waiting.
"""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import ngettext

MAX_LINES = 300
MAX_LINE_LENGTH = 3_000  # an address takes 2,000 characters, its title 500
MAX_TEXT_LENGTH = MAX_LINES * MAX_LINE_LENGTH // 4


def split_lines(text: str) -> list[str]:
    """The lines of a field that takes several: between line breaks and semicolons, without the blank ones.

    Raises ValueError with a sentence where there are too many.
    """
    return _counted(text.replace(";", "\n").split("\n"))


def split_outside_brackets(text: str) -> list[str]:
    """The same, where a semicolon within brackets separates nothing: `8 countries (June 2024; World Drug Report)`."""
    if len(text) > MAX_TEXT_LENGTH:
        raise ValueError(
            ngettext(
                "This is longer than %(most)s character. Shorten it; nothing you typed is lost.",
                "This is longer than %(most)s characters. Shorten it; nothing you typed is lost.",
                MAX_TEXT_LENGTH,
                most=f"{MAX_TEXT_LENGTH:,}",
            )
        )
    return _counted(part for line in text.split("\n") for part in _outside_brackets(line))


def check_line(line: str) -> str:
    """`line`, if it is short enough to be read. Raises ValueError with a sentence."""
    if len(line) > MAX_LINE_LENGTH:
        raise ValueError(
            ngettext(
                "The line “%(line)s…” is longer than %(most)s character. Shorten it; nothing you typed is lost.",
                "The line “%(line)s…” is longer than %(most)s characters. Shorten it; nothing you typed is lost.",
                MAX_LINE_LENGTH,
                line=line.strip()[:40],
                most=f"{MAX_LINE_LENGTH:,}",
            )
        )
    return line


def _counted(lines: Iterable[str]) -> list[str]:
    found = [line.strip() for line in lines if line.strip()]
    if len(found) > MAX_LINES:
        raise ValueError(
            _(
                "These are %(number)s lines; up to %(most)s are taken. Shorten the list; nothing you typed is lost.",
                number=f"{len(found):,}",
                most=MAX_LINES,
            )
        )
    return found


def _outside_brackets(line: str) -> list[str]:
    opened: list[int] = []
    within = [0] * (len(line) + 1)
    for place, sign in enumerate(line):
        if sign == "(":
            opened.append(place)
        elif sign == ")" and opened:
            within[opened.pop()] += 1
            within[place] -= 1
    found: list[str] = []
    begin = depth = 0
    for place, sign in enumerate(line):
        depth += within[place]
        if sign == ";" and not depth:
            found.append(line[begin:place])
            begin = place + 1
    return [*found, line[begin:]]
