"""Figures as people write them: `more than 450 policymakers`, `8 countries (June 2024; World Drug Report)`."""

from __future__ import annotations

import re
from decimal import Decimal

from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.models import Figure, Qualifier
from interagency.text.dates import ImpreciseDate
from interagency.text.lines import check_line
from interagency.text.typed_dates import AmbiguousDate, DateNotUnderstood, read_date

_QUALIFIERS = {
    "more than": Qualifier.MORE_THAN,
    "over": Qualifier.MORE_THAN,
    "at least": Qualifier.MORE_THAN,
    "about": Qualifier.ABOUT,
    "approximately": Qualifier.ABOUT,
    "some": Qualifier.ABOUT,
    "around": Qualifier.ABOUT,
    "ca.": Qualifier.ABOUT,
    "an estimated": Qualifier.ESTIMATED,
    "estimated": Qualifier.ESTIMATED,
    "exactly": Qualifier.EXACTLY,
}
_WORDS = "|".join(re.escape(word) for word in sorted(_QUALIFIERS, key=len, reverse=True))
_FIGURE = re.compile(
    rf"^(?:(?P<qualifier>{_WORDS})\s+)?"
    r"(?P<number>\d+(?:[, \u00a0\u202f]+\d+)*(?:\.\d{1,4}|,+)?)\s+(?P<unit>\S.*)$",
    re.IGNORECASE,
)
_NO_PART_OF_A_NUMBER = re.compile(r"[^\d.]")
LARGEST = Decimal(10) ** 13
LONGEST_UNIT, LONGEST_SOURCE = 200, 300
_SOURCE = re.compile(r"^source\s*:\s*", re.I)


def read_figure(line: str) -> FigureDraft:
    """The figure a line says. Raises ValueError with a sentence on what to write."""
    text, as_of, source = _without_origin(check_line(line).strip())
    match = _FIGURE.match(text)
    if match is None:
        raise ValueError(
            f"We could not read “{line.strip()[:60]}”. Write a number and what it counts, "
            "such as “more than 450 policymakers” or “8 countries”."
        )
    number = Decimal(_NO_PART_OF_A_NUMBER.sub("", match["number"]))
    if number >= LARGEST:
        raise ValueError(f"The number in “{line.strip()[:60]}” is too large to be meant.")
    unit = match["unit"].strip()
    if len(unit) > LONGEST_UNIT:
        raise ValueError("What a figure counts fits in 200 characters; put the rest into the description.")
    if len(source) > LONGEST_SOURCE:
        raise ValueError("The source of a figure fits in 300 characters; put the rest into the source of the activity.")
    return FigureDraft(number, _QUALIFIERS[(match["qualifier"] or "exactly").lower()], unit, as_of, source)


def _without_origin(text: str) -> tuple[str, str, str]:
    """A line less the brackets at its end that say of when and from where: `(June 2024; World Drug Report)`,
    `(June 2024)`, `(source: World Drug Report)`, or `()`, which says that brackets before it belong to the unit.

    Returns the rest, the code of the date and the source, "" for what is not said. Raises ValueError.
    """
    begin = _last_bracket(text)
    if begin is None:
        return text, "", ""
    rest, inner = text[:begin].rstrip(), text[begin + 1 : -1].strip()
    if not inner:
        return rest, "", ""
    if _SOURCE.match(inner):
        return rest, "", _SOURCE.sub("", inner).strip()
    day, _semicolon, source = inner.partition(";")
    try:
        found = read_date(day)
    except AmbiguousDate as question:
        raise ValueError(str(question)) from None
    except DateNotUnderstood:
        return text, "", ""  # words that belong to the unit: `8 countries (in Africa)`
    if found is None:
        return text, "", ""
    return rest, found.code, _SOURCE.sub("", source.strip()).strip()


def _last_bracket(text: str) -> int | None:
    """Where the bracket opens that the last sign of `text` closes."""
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        depth += (text[place] == ")") - (text[place] == "(")
        if depth == 0:
            return place if text.endswith(")") else None
    return None


def format_figure(figure: FigureDraft | Figure) -> str:
    """`more than 450 policymakers (June 2024; World Drug Report)`: what a figure is shown as, and what `read_figure`
    reads as the same figure."""
    prefix = "" if figure.qualifier is Qualifier.EXACTLY else f"{figure.qualifier.value} "
    plain = f"{prefix}{figure.number.normalize():,f} {figure.unit}"
    if figure.as_of:
        words = ImpreciseDate.from_code(figure.as_of).words()
        return f"{plain} ({words}; {figure.source})" if figure.source else f"{plain} ({words})"
    if figure.source:
        return f"{plain} (source: {figure.source})"
    return f"{plain} ()" if _reads_otherwise(plain) else plain


def _reads_otherwise(plain: str) -> bool:
    """Whether the end of a line without date and source would be taken for them."""
    try:
        return _without_origin(plain)[0] != plain
    except ValueError:
        return True
