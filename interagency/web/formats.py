"""Dates and instants as pages show them, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from flask import Flask
from flask_babel import gettext
from markupsafe import Markup

from interagency.text.date_words import month_name, say_day, say_moment, say_month, weekday_name
from interagency.text.dates import ImpreciseDate
from interagency.text.languages import commas, semicolons
from interagency.web.context import viewer_zone


def format_date_value(value: ImpreciseDate | date | None) -> str:
    """`5 Nov 2026`, `June 2016`, or `date not known`."""
    if value is None:
        return str(gettext("date not known"))
    return value.words(short=True) if isinstance(value, ImpreciseDate) else say_day(value, short=True)


def format_instant(value: datetime | None) -> str:
    """`5 Nov 2026, 23:59`, in the reader's zone. The zone stands in the page's footer."""
    return "" if value is None else say_moment(value.astimezone(viewer_zone()), short=True)


def bdi(text: object) -> Markup:
    """A name, a code or what somebody wrote, in the direction of its own signs, whatever stands around it."""
    return Markup("<bdi>{}</bdi>").format(text)


def codes(names: Iterable[object]) -> Markup:
    """Codes one after another, `1(a), 5(v)`: in Arabic too each from left to right."""
    return Markup(commas(map(bdi, names)))  # noqa: S704  (each was escaped)


def prepare(app: Flask) -> None:
    """Give the templates of `app` the filters that say dates and lists."""
    app.jinja_env.filters.update(
        format_date_value=format_date_value,
        format_instant=format_instant,
        bdi=bdi,
        codes=codes,
        commas=commas,
        semicolons=semicolons,
        say_day=say_day,
        say_month=lambda day, *, short=False: say_month(day.year, day.month, short=short),
        month_name=lambda day, *, short=False: month_name(day.month, short=short),
        weekday_name=lambda day, **how: weekday_name(day.weekday(), **how),
    )
