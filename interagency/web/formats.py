"""Dates and instants as pages show them."""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import format_date, gettext

from interagency.text.dates import ImpreciseDate
from interagency.web.context import viewer_zone


def format_date_value(value: ImpreciseDate | date | None) -> str:
    """`5 Nov 2026`, `June 2016`, or `date not known`."""
    if value is None:
        return str(gettext("date not known"))
    if isinstance(value, ImpreciseDate):
        return value.words(short=True)
    month: str = format_date(value, "MMM")
    return f"{value.day} {month} {value.year}"


def format_instant(value: datetime | None) -> str:
    """`5 Nov 2026, 23:59`, in the reader's zone. The zone stands in the page's footer."""
    if value is None:
        return ""
    local = value.astimezone(viewer_zone())
    return f"{format_date_value(local.date())}, {local:%H:%M}"
