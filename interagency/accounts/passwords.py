"""What a password must be: long, and not one that everybody tries first (NIST SP 800-63B, 5.1.1.2)."""

from __future__ import annotations

from functools import lru_cache

from flask_babel import gettext as _
from flask_babel import ngettext

SHORTEST, LONGEST = 12, 1000
# Walked along in either direction, these are no words.
ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """Common passwords, and the words of dictionaries, names and films, which are tried next."""
    # Imported here: the lists are large and only needed when a password is chosen.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(word for words in FREQUENCY_LISTS.values() for word in words)


def _unit(text: str) -> str:
    """What `text` is a repetition of (`la` for `lalala`), or itself."""
    size = (text + text).find(text, 1)
    return text[:size]


def _without_rows(text: str) -> str:
    """`text` without its runs of four or more along a row of ROWS: `abcd`, `4321`, `qwerty`."""
    pieces = {row[at : at + 4] for way in ROWS for row in (way, way[::-1]) for at in range(len(row) - 3)}
    walked = {place for at in range(len(text) - 3) if text[at : at + 4] in pieces for place in range(at, at + 4)}
    return "".join(sign for place, sign in enumerate(text) if place not in walked)


def problem_with(password: str, *, email: str = "", name: str = "") -> str:
    """Why `password` cannot be taken and what to choose instead; empty when it can."""
    if len(password) < SHORTEST:
        return str(
            ngettext(
                "Choose at least %(num)s character. Four or five words in a row are easy to remember.",
                "Choose at least %(num)s characters. Four or five words in a row are easy to remember.",
                SHORTEST,
            )
        )
    if len(password) > LONGEST:
        return str(ngettext("Choose at most %(num)s character.", "Choose at most %(num)s characters.", LONGEST))
    plain = password.casefold()
    core = plain.strip("0123456789!.")
    known = any(text in _common() for text in (plain, core, _unit(plain)))
    if known or not core or len(set(plain)) < 5 or len(_without_rows(plain)) < SHORTEST // 2:
        return str(_("This is one of the first that is tried. Choose words that mean something to you alone."))
    own = [
        part
        for part in (*email.casefold().partition("@")[::2], *name.casefold().split(), "interagency")
        if len(part) > 3
    ]
    rest = plain
    for part in own:
        rest = rest.replace(part, "")
    if len(rest) < SHORTEST // 2:
        return str(_("This is little more than your name or address. Choose words that mean something to you alone."))
    return ""
