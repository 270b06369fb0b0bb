"""Texts made to keep a reader busy, patterns taken apart, and a limit on the processor's time of this process."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from re import _parser  # type: ignore[attr-defined]  # the tree of a pattern, which no other part of re gives
from typing import Any

# A step for each sign takes milliseconds at this length; a step for each two signs takes seconds, often minutes.
SIGNS = 32_000


class TooSlow(Exception):
    """More of the processor was used than a reader may take."""


@contextmanager
def processor_seconds(most: float) -> Iterator[None]:
    """Raise TooSlow within, once this process has computed for `most` seconds; what others compute does not count."""

    def stop(_number: int, _frame: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


# What is repeated, by name; AROUND stands before and after it.
PUMPS = {
    "commas": ",", "spaces": " ", "opening": "(", "closing": ")", "brackets": "()", "digits": "1", "dashes": "-",
    "en dashes": "–", "letters": "a", "words": "a ", "semicolons": ";", "lines": "\n", "colons": ":", "bars": "|",
    "slashes": "/", "quotes": '"', "apostrophes": "'", "question marks": "?", "at": "@", "equals": "=", "points": ".",
    "backslashes": "\\", "accents": "\u0301\u0316", "marks of Tibetan": "\u0f73", "letters with accents": "e\u0301",
    "ligatures": "\ufdfa", "Chinese": "中", "emoji": "\U0001f469\u200d", "capitals that grow": "ẞİ",
    "half characters": "\ud800",
    "hours": ", 15:00-", "days": "12 October 2026, ", "to": " to ", "addresses": "https://a ", "bars and addresses":
    "https://a|", "kinds": "page: ", "codes": "1(a)", "open codes": "1 ( ", "figures": "1 000 ", "about": "about 1, ",
    "dated": "9 a (June 2024; b) ", "parts": "a;a,a\n", "lists": "a, " * 40 + "\n",
    "numbers": "#1 \n", "cells": "<c r", "tags": "<a ",
    "and": "9 and 10 ", "months": "2026-10-", "mails": "a@a.", "repeats": "FREQ=DAILY;", "properties": 'A;B="',
    "blocks": "BEGIN:VEVENT\n", "folds": "a\n ", "zones": "Europe/", "the": "the ", "none": "none (", "roman": "iv",
}  # fmt: skip
AROUND = (("", "!"), ("12 October 2026: a ", "\n!"))


def texts(signs: int = SIGNS) -> Iterator[tuple[str, str]]:
    """`(name, text)` of each, `signs` long."""
    for name, pump in PUMPS.items():
        for head, tail in AROUND:
            yield f"{head!r} {name} {tail!r}", head + pump * (signs // len(pump)) + tail


# --- Patterns ---


def _sample(parsed: Any, last: bool = False) -> str:
    """A text that a piece of a pattern matches, as short as can be; with `last` by the last of its choices."""
    found = ""
    for kind, value in parsed:
        name = str(kind)
        if name in ("LITERAL", "RANGE"):
            found += chr(value if name == "LITERAL" else value[0])
        elif name == "NOT_LITERAL":
            found += "b" if value == ord("a") else "a"
        elif name == "ANY":
            found += "a"
        elif name == "IN":
            found += _of_set(value, last)
        elif name == "BRANCH":
            found += _sample(value[1][-1 if last else 0], last)
        elif name == "SUBPATTERN":
            found += _sample(value[-1], last)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            found += _sample(value[2], last) * max(value[0], 1)
        elif name == "ATOMIC_GROUP":
            found += _sample(value, last)
    return found


def _of_set(items: Any, last: bool) -> str:
    if str(items[0][0]) == "NEGATE":
        pattern = _parser.parse("x")
        pattern.data = [(_parser.IN, list(items))]
        from re import _compiler  # type: ignore[attr-defined]

        compiled = _compiler.compile(pattern)
        return next(sign for sign in ("a", "1", " ", "-", "(", "b", "\0") if compiled.match(sign))
    kind, value = items[-1 if last else 0]
    if str(kind) == "CATEGORY":
        return {"DIGIT": "1", "SPACE": " ", "WORD": "a"}.get(str(value).rsplit("_", 1)[-1], "a")
    return chr(value if str(kind) == "LITERAL" else value[0])


def _repeats(parsed: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """For each repetition of a pattern: what matches the part before it, and what it repeats."""
    for place, (kind, value) in enumerate(parsed):
        lead = before + _sample(list(parsed)[:place])
        name = str(kind)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            if value[1] > 40:
                yield from ((lead, _sample(value[2], last)) for last in (False, True))
            yield from _repeats(value[2], lead)
        elif name == "BRANCH":
            for branch in value[1]:
                yield from _repeats(branch, lead)
        elif name == "SUBPATTERN":
            yield from _repeats(value[-1], lead)


def near_matches(pattern: re.Pattern[Any], signs: int) -> set[str]:
    """Texts that `pattern` nearly matches: each of its repetitions at length, behind what may stand before it; the
    beginnings of a match, over and over; and each sign it knows."""
    parsed = _parser.parse(pattern.pattern, pattern.flags)
    found: set[str] = set()
    wholes = {_sample(parsed), _sample(parsed, last=True)}
    pumps = {("", piece[:end]) for piece in wholes for end in range(1, min(len(piece), 30) + 1)}
    pumps |= {("", sign) for piece in wholes for sign in piece} | {("", sign) for sign in " a1,\n"}
    for lead, body in _repeats(list(parsed)):
        pumps |= {(lead, body), ("", lead[-3:] + body), (lead, " "), (lead, "1"), (lead, "a"), (lead, lead[-1:] + body)}
    for lead, body in pumps:
        if body:
            filled = lead + body * (signs // len(body))
            found |= {filled, filled + "\n!", filled + "\x00"}
    return found
