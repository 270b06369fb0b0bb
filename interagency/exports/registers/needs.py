"""Needs as rows of a workbook and a CSV: all of them for insiders, for an audience what passed the gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interagency.exports.columns import Cell, Column, joined
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.needs.models import Need

Value = Callable[[Need], Cell]


def _yes(name: str) -> Value:
    return lambda need: "yes" if getattr(need, name) else "no"


def _chapters(need: Need) -> str:
    return ", ".join(ROMAN[number] for number in sorted({one.chapter_number for one in need.recommendations}))


def _offers(need: Need) -> str:
    return joined(f"{one.entity.short}: {one.word}" if one.word else one.entity.short for one in need.offers)


def _text(name: str) -> Value:
    return lambda need: str(getattr(need, name) or "")


# What may leave, named column by column.
OUTSIDE: tuple[Column, ...] = (
    Column("Country", lambda need: need.country.name if need.country else "", 26, hxl="#country+name"),
    Column("ISO 3166", _text("country_code"), 10, hxl="#country+code"),
    Column("Of transit countries", _yes("is_transit"), 12, hxl="#country+transit"),
    Column("Need", _text("title"), 50, hxl="#need+name"),
    Column("In words", _text("details"), 60, hxl="#description"),
    Column("Recommendations", lambda need: joined(one.code for one in need.recommendations), 18,
           hxl="#sector+recommendation"),
    Column("Chapters", _chapters, 10, hxl="#sector"),
    Column("Stated", lambda need: need.stated.words() if need.stated else "", 16, hxl="#date+text"),
    Column("Stated by", lambda need: need.stated_by.value, 14, hxl="#meta+stated_by"),
    Column("On request", _yes("on_request"), 10, hxl="#meta+request"),
    Column("Status", lambda need: need.status.value, 12, hxl="#status"),
    Column("Source", _text("source"), 40, hxl="#meta+source"),
    Column("Link", _text("link"), 30, hxl="#meta+url"),
)  # fmt: skip
INSIDE: tuple[Column, ...] = (
    Column("ID", lambda need: need.id, 7, "number", hxl="#need+id"),
    *OUTSIDE,
    Column("Kept by", lambda need: joined(one.short for one in need.entities), 18, internal=True, hxl="#org"),
    Column("Can help", _offers, 40, internal=True, hxl="#org+offer"),
    Column("May be shared", _yes("shareable"), 12, internal=True, hxl="#meta+shareable"),
    Column(
        "Last changed (UTC)", lambda need: f"{need.updated_at:%Y-%m-%d %H:%M}", 18, internal=True, hxl="#date+updated"
    ),
)


def outside_order(need: Need) -> Any:
    """The order of what leaves follows from what leaves alone."""
    return tuple(str(column.value(need)).casefold() for column in OUTSIDE)
