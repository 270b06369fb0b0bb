"""Figures as people write them: `more than 450 policymakers`, `about 34,000 patients`, `8 countries`."""

from __future__ import annotations

import re
from decimal import Decimal

from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.models import Qualifier

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
    rf"^(?:(?P<qualifier>{_WORDS})\s+)?(?P<number>\d[\d, \u00a0\u202f]*(?:\.\d{{1,4}})?)\s+(?P<unit>\S.*)$", re.I
)
LARGEST = Decimal(10) ** 13


def read_figure(line: str) -> FigureDraft:
    """The figure a line says. Raises ValueError with a sentence on what to write."""
    match = _FIGURE.match(line.strip())
    if match is None:
        raise ValueError(
            f"We could not read “{line.strip()[:60]}”. Write a number and what it counts, "
            "such as “more than 450 policymakers” or “8 countries”."
        )
    number = Decimal(re.sub(r"[^\d.]", "", match["number"]))
    if number >= LARGEST:
        raise ValueError(f"The number in “{line.strip()[:60]}” is too large to be meant.")
    unit = match["unit"].strip()
    if len(unit) > 200:
        raise ValueError("What a figure counts fits in 200 characters; put the rest into the description.")
    return FigureDraft(number, _QUALIFIERS[(match["qualifier"] or "exactly").lower()], unit)


def format_figure(number: Decimal, qualifier: Qualifier, unit: str) -> str:
    """`more than 450 policymakers`: what a figure is shown as, and what `read_figure` understands."""
    text = f"{number.normalize():,f}"
    prefix = "" if qualifier is Qualifier.EXACTLY else f"{qualifier.value} "
    return f"{prefix}{text} {unit}"
