"""What a Note is asked for: the session it goes to, its symbol, agenda item and place, and its months."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from interagency.matrix.cycles.months import MonthNotUnderstood, read_month
from interagency.text.folding import clean

SESSION_LENGTH, SYMBOL_LENGTH, ITEM_LENGTH, PLACE_LENGTH = 100, 60, 200, 100
_NUMBER_OF_SESSION = re.compile(r"(?:CND )?([1-9][0-9]?)", re.I | re.ASCII)
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


class NoteRefusal(ValueError):
    """The note cannot be drafted; the text says why and what to do, `field` at which field of its form, "" for none."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, slots=True)
class NoteRequest:
    """`session` as its masthead says it, `Seventieth session`; months as `2026-08`. What is not known is empty."""

    session: str
    first_month: str
    last_month: str
    symbol: str = ""
    item: str = ""
    place: str = ""


def note_request(values: Mapping[str, str]) -> NoteRequest:
    """What a form or a command asks for, by the names `session`, `symbol`, `item`, `place`, `from`, `to`.

    Raises NoteRefusal, with the name of the field.
    """

    def line(name: str, longest: int, what: str) -> str:
        text = clean(values.get(name, ""), lines=False)
        if len(text) > longest:
            raise NoteRefusal(
                _("%(what)s fits in %(most)s characters; this has %(number)s. Shorten it.", what=what, most=longest,
                  number=len(text)), name,
            )  # fmt: skip
        return text

    def month(name: str) -> str:
        try:
            return read_month(values.get(name, ""))
        except MonthNotUnderstood as problem:
            raise NoteRefusal(str(problem), name) from None

    session = line("session", SESSION_LENGTH, _("The session"))
    if not session:
        raise NoteRefusal(_("Write the session it is for, such as “Seventieth session” or CND 70."), "session")
    found = NoteRequest(
        session_in_words(session),
        month("from"),
        month("to"),
        symbol=line("symbol", SYMBOL_LENGTH, _("The symbol")),
        item=line("item", ITEM_LENGTH, _("The agenda item")),
        place=line("place", PLACE_LENGTH, _("Place and dates")),
    )
    if found.last_month < found.first_month:
        raise NoteRefusal(_("The last month lies before the first. Choose them the other way round."), "to")
    return found


def session_in_words(text: str) -> str:
    """`CND 70` or `70` as a document of the Commission says it, `Seventieth session`; anything else as it is."""
    number = _NUMBER_OF_SESSION.fullmatch(text)
    if number is None:
        return text
    tens, ones = divmod(int(number[1]), 10)
    if tens < 2:
        words = _ORDINALS.split()[int(number[1])]
    else:
        ten = _TENS.split()[tens - 2]
        words = f"{ten}-{_ORDINALS.split()[ones]}" if ones else f"{ten.removesuffix('y')}ieth"
    return f"{words.capitalize()} session"
