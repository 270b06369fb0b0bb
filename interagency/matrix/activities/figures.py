"""Figures as people write them: `more than 450 policymakers`, `8 countries (June 2024; World Drug Report)`.

Understood as they are typed, or asked about (rule 6): `at least`, `up to`, numbers in words, digits grouped in any way
that leaves no doubt. What could mean two numbers is a question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from flask_babel import gettext as _

from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.figure_parts import EntityReader, as_typed, brackets_of, read_brackets, read_kind
from interagency.matrix.activities.models import Figure, FigureKind, Qualifier
from interagency.matrix.framework.file_words import in_words, spellings
from interagency.text.lines import check_line

_BY_QUALIFIER = {
    Qualifier.MORE_THAN: ("more than", "over", "in excess of", "exceeding", ">"),
    Qualifier.AT_LEAST: (
        "at least", "no fewer than", "no less than", "not less than", "not fewer than", "a minimum of", ">=", "≥",
    ),
    Qualifier.UP_TO: (
        "up to", "at most", "no more than", "not more than", "a maximum of", "as many as", "<=", "≤",
    ),
    Qualifier.NEARLY: ("nearly", "almost", "close to", "just under"),
    Qualifier.LESS_THAN: ("less than", "fewer than", "under", "below", "<"),
    Qualifier.ABOUT: ("about", "approximately", "some", "around", "roughly", "circa", "ca.", "ca", "c.", "~", "≈"),
    Qualifier.ESTIMATED: ("an estimated", "estimated"),
    Qualifier.EXACTLY: ("exactly", "precisely"),
}  # fmt: skip
_QUALIFIERS = {
    word.lower(): qualifier
    for qualifier, words in _BY_QUALIFIER.items()
    for word in (*words, *spellings(qualifier.value))
}
_WORDS = "|".join(
    re.escape(word) + (r"\b" if word.isalpha() else "") for word in sorted(_QUALIFIERS, key=len, reverse=True)
)
_SPACES = " \u00a0\u202f\u2009"
_DIGITS = rf"\d+(?:[.,'’{_SPACES}]+\d+)*"
_BELOW_TWENTY = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_UNITS = {word: number for number, word in enumerate(_BELOW_TWENTY.split(), 1)}
_FROM_TWENTY = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * number for number, word in enumerate(_FROM_TWENTY.split(), 2)}
_SCALES = {"hundred": 100, "thousand": 1000}
_NUMBER_WORD = "|".join([*_TENS, *sorted(_UNITS, key=len, reverse=True), *_SCALES])
_IN_WORDS = rf"(?:an?\s+(?=hundred|thousand))?(?:{_NUMBER_WORD})(?:(?:\s+and\s+|[\s-]+)(?:{_NUMBER_WORD})(?![\w-]))*"
_NUMBER = rf"(?:{_DIGITS}|\b{_IN_WORDS}(?![\w-]))"
_FIGURE = re.compile(
    rf"^(?:(?P<qualifier>{_WORDS})\s*)?(?P<number>{_NUMBER})(?P<more>\+|\s+or\s+more\b)?"
    r"(?:\s+(?P<unit>\S.*)|\s*(?P<share>%.*))$",
    re.I,
)
_RANGE = re.compile(
    rf"^(?:between\s+|from\s+|(?:{_WORDS})\s*)?(?P<low>{_NUMBER})\s*(?:-|–|—|\bto\b|\band\b|\bor\b)\s*"
    rf"(?P<high>{_NUMBER})(?![\w-])\s*(?P<unit>.*)$",
    re.I | re.S,
)
_AND = re.compile(r"\band\b", re.I)
_GROUPED = re.compile(r"(\d{1,3}(?:([ ,.'’])\d{3})(?:\2\d{3})*)(?:([.,])(\d+))?")
_DECIMAL = re.compile(r"\d+(?:[.,]\d+)?")
_BETWEEN_WORDS = re.compile(r"[\s-]+")
_PLAIN_SPACES = str.maketrans(dict.fromkeys(_SPACES, " "))
_FRACTION = re.compile(r"(?:halves|half|thirds?|quarters?|fifths?|tenths?)\b", re.I)
LARGEST = Decimal(10) ** 13
MAX_UNIT_LENGTH, MAX_SOURCE_LENGTH = 200, 300


def read_figure(line: str, entity_of: EntityReader = as_typed) -> FigureDraft:
    """The figure a line says; `entity_of` gives the key of an entity that it names. Raises ValueError with a sentence
    on what to write, or with the question which of two readings is meant: a number is never taken for another one."""
    kind, rest = read_kind(check_line(line).strip())
    text, said = read_brackets(rest, kind, entity_of)
    shown = line.strip()[:60]
    match = _FIGURE.match(text)
    between = _RANGE.match(text)
    if between is not None and not (match and _AND.search(match["number"])):  # `a hundred and twenty`
        low, high = between["low"][:60], between["high"][:60]
        unit = between["unit"][:60] or "countries"
        raise ValueError(
            _(
                "“%(shown)s” names two numbers. Write “at least %(low)s %(unit)s”, “up to %(high)s %(unit)s”, or "
                "both, each on a line of its own.",
                shown=shown,
                low=low,
                unit=unit,
                high=high,
            )
        )
    if match is None or _FRACTION.match(match["unit"] or ""):
        raise ValueError(
            _(
                "We could not read “%(shown)s”. Write a number and what it counts, such as “more than 450 "
                "policymakers” or “8 countries”.",
                shown=shown,
            )
        )
    number = _read_number(match["number"], shown)
    if number >= LARGEST:
        raise ValueError(_("The number in “%(shown)s” is too large to be meant.", shown=shown))
    unit = (match["unit"] or match["share"]).strip()
    if len(unit) > MAX_UNIT_LENGTH:
        raise ValueError(_("What a figure counts fits in 200 characters; put the rest into the description."))
    if len(said.get("source", "")) > MAX_SOURCE_LENGTH:
        raise ValueError(
            _("The source of a figure fits in 300 characters; put the rest into the source of the activity.")
        )
    qualifier = _QUALIFIERS[(match["qualifier"] or "exactly").lower()]
    if match["more"]:
        qualifier = Qualifier.AT_LEAST
    return FigureDraft(number, qualifier, unit, kind=kind, **said)


def _read_number(text: str, shown: str) -> Decimal:
    """The number that digits or words say: `1 200`, `1,200`, `1.200.000`, `1,5`, `twenty-five`.

    Raises ValueError where two numbers could be meant (`34.000` is 34 or 34,000), or none (`2019 400`).
    """
    if not text[0].isdigit():
        return Decimal(_of_words(text))
    plain = text.translate(_PLAIN_SPACES)
    grouped = _GROUPED.fullmatch(plain)
    if grouped is not None and grouped[2] != grouped[3]:
        whole = "".join(sign for sign in grouped[1] if sign.isdigit())
        one_dot = grouped[2] == "." and grouped[1].count(".") == 1 and not grouped[4]
        if one_dot and not plain.startswith("0"):
            raise ValueError(
                _(
                    "“%(plain)s” in “%(shown)s” can be read in two ways. Write %(whole)s, or %(decimal)s.",
                    plain=plain,
                    shown=shown,
                    whole=f"{int(whole):,}",
                    decimal=_digits(Decimal(plain)),
                )
            )
        if one_dot or plain.startswith("0"):
            return _decimal(plain.replace(",", "."), shown)
        return _decimal(f"{whole}.{grouped[4] or '0'}", shown)
    if _DECIMAL.fullmatch(plain):
        return _decimal(plain.replace(",", "."), shown)
    raise ValueError(
        _(
            "We could not read the number “%(plain)s” in “%(shown)s”. Write it such as 1200 or 1,200.",
            plain=plain[:60],
            shown=shown,
        )
    )


def _decimal(plain: str, shown: str) -> Decimal:
    number = Decimal(plain)
    if len(plain.partition(".")[2].rstrip("0")) > 4:
        raise ValueError(_("The number in “%(shown)s” has more than four decimal places; round it.", shown=shown))
    return number


def _of_words(text: str) -> int:
    """The number that words say, such as `a hundred and twenty` or `twenty-five thousand`. Raises ValueError."""
    total = current = last = 0
    for word in _BETWEEN_WORDS.split(text.lower()):
        if word in _SCALES:
            scale = _SCALES[word]
            if last >= scale and current >= scale:
                raise ValueError(_("We could not read the number “%(text)s”. Write it in digits.", text=text[:60]))
            current = max(1, current) * scale
            if scale == 1000:
                total, current = total + current, 0
            last = scale
        elif word not in ("and", "a", "an"):
            value = _UNITS.get(word) or _TENS[word]
            # "twenty five" and "hundred five" go on; "two three" and "five twenty" do not.
            if (last and last < 20) or (20 <= last < 100 and value >= 10):
                raise ValueError(_("We could not read the number “%(text)s”. Write it in digits.", text=text[:60]))
            current, last = current + value, value
    return total + current


def format_figure(figure: FigureDraft | Figure, names: Mapping[str, str] | None = None) -> str:
    """`target: more than 450 policymakers (June 2024; World Drug Report)`: what a figure is shown as, and what
    `read_figure` reads as the same figure. An entity is called by `names`, of keys."""
    begin = "" if figure.kind is FigureKind.FIGURE else f"{in_words(figure.kind.value)}: "
    plain = f"{begin}{quantity(figure)}"
    if said := brackets_of(figure, names):
        return f"{plain} ({said})"
    return f"{plain} ()" if _reads_otherwise(plain, figure) else plain


def quantity(figure: FigureDraft | Figure) -> str:
    """Number and unit alone: `more than 450 policymakers`."""
    prefix = "" if figure.qualifier is Qualifier.EXACTLY else f"{in_words(figure.qualifier.value)} "
    return f"{prefix}{_digits(figure.number)} {figure.unit}"


def _digits(number: Decimal) -> str:
    """`1,234.5`. Three decimal places are written as four: `1.234` could be meant as 1,234."""
    plain = number.normalize()
    return f"{number:,.4f}" if plain.as_tuple().exponent == -3 else f"{plain:,f}"


def _reads_otherwise(plain: str, figure: FigureDraft | Figure) -> bool:
    """Whether the end of a line without brackets of its own would be taken for them."""
    try:
        return read_brackets(plain, figure.kind)[0] != plain
    except ValueError:
        return True
