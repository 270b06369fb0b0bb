"""`/style`: every part of the pages once, for those who work on them. Only where INTERAGENCY_DEVELOPMENT is yes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField

from interagency.db.base import db
from interagency.matrix.activities.choice_lists import list_addresses
from interagency.matrix.activities.filters import Filters
from interagency.text.dates import ImpreciseDate
from interagency.web.access import public
from interagency.web.forms import (
    CleanStringField,
    CleanTextField,
    ImpreciseDateField,
    Option,
    RecordsField,
    to_choices,
)

bp = Blueprint("style", __name__)

STATUSES = ("planned", "ongoing", "completed", "suspended", "cancelled", "tentative", "confirmed", "postponed", "held")
COLOURS = {
    "paper": ("ink", "soft", "accent"),
    "sheet": ("ink", "soft", "accent", "good", "warn", "bad"),
    "quiet-soft": ("ink", "soft"),
    "accent-soft": ("ink", "accent"),
    "good-soft": ("ink", "good"),
    "warn-soft": ("ink", "warn"),
    "bad-soft": ("ink", "bad"),
    "accent": ("on-accent",),
}


class SampleForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """One field of each kind."""

    title = CleanStringField("Title", description="What is done, in a few words. Up to 300 characters.")
    description = CleanTextField("Description", description="One to three plain sentences.", render_kw={"rows": 3})
    status = SelectField("Status", choices=to_choices([("planned", "Planned"), ("ongoing", "Ongoing")]))
    start = ImpreciseDateField("Begins", description="As you know it: 12 October 2026, June 2016.")
    end = ImpreciseDateField("Ends", description="The last day, month or year.")
    incomplete = BooleanField("and others: the list is not complete")
    recommendations = RecordsField("Recommendations", description="By code or words.")


def _form() -> SampleForm:
    """The form as it comes back: one field wrong, one date that can be two."""
    form = SampleForm(formdata=None)
    form.title.errors = ["An activity needs a title. Say in a few words what is done."]
    form.start.data = ImpreciseDate.from_code("2016-06")
    form.start.needs_showing, form.start.typed = True, "jun 2016"
    form.end.choices = [ImpreciseDate.from_code("2026-10-12"), ImpreciseDate.from_code("2026-12-10")]
    form.end.typed = "12/10/2026"
    form.end.errors = ["12/10/2026 could be 12 October 2026 or 10 December 2026. Choose one."]
    return form


def _chosen() -> list[Option]:
    return [Option("1(a)", "1(a)", "Primary prevention: inform young people, build skills")]


def _conflict() -> Any:
    return SimpleNamespace(last=None, rows=[("Title", "Guide for prisons", "Guide for prisons and probation")])


@bp.get("/style")
@public
def style() -> ResponseReturnValue:
    """Every part of the pages once."""
    chosen = {("chapter", "1"): "chapter I", ("joint", "yes"): "joint"}
    filters = Filters(values={name: (value,) for name, value in chosen}, labels=chosen)
    return render_template(
        "style.html",
        form=_form(),
        chosen=_chosen(),
        lists=list_addresses(db.session, {"": "recommendations"})[""],
        conflict=_conflict(),
        filters=filters,
        statuses=STATUSES,
        colours=COLOURS,
    )
