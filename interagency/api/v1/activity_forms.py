"""Facts put into the form of an activity, so that what the API takes is what the page takes, with the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from interagency.db.base import db
from interagency.matrix.activities.drafts import figure_draft
from interagency.matrix.activities.field_types import Field, Kind
from interagency.matrix.activities.fields import COUNTRIES_BY_ROLE, EDITED
from interagency.matrix.activities.figures import format_figure
from interagency.matrix.activities.forms import ActivityForm
from interagency.matrix.activities.models import Activity, CountryRole
from interagency.matrix.organisations.documents import document_line
from interagency.matrix.organisations.models import Organisation
from interagency.web.problems import Problem

_FORM_NAMES = {one.form_name: "countries" for one in COUNTRIES_BY_ROLE}


def form_of(facts: Mapping[str, Any], *, activity: Activity | None = None, mine: list[Organisation]) -> ActivityForm:
    """The form that says what `facts` say. Raises Problem where a fact cannot even be written into it."""
    sent: MultiDict[str, str] = MultiDict()
    errors: dict[str, list[str]] = {}
    for field in EDITED:
        try:
            for name, value in _written(field, facts[field.name]):
                sent.add(name, value)
        except (ValueError, ArithmeticError, TypeError) as problem:
            errors[field.name] = [str(problem) or _("This cannot be read.")]
    if errors:
        raise Problem(422, _("Nothing was saved; each field says why."), errors=errors)
    return ActivityForm(db.session, activity, mine, sent=sent)


def _written(field: Field, fact: Any) -> list[tuple[str, str]]:
    """What the form would send for a fact."""
    name = field.name
    match field.kind:
        case Kind.FLAG:
            return [(name, "y")] if fact else []
        case Kind.COUNTRIES:
            return _countries(fact)
        case Kind.DOCUMENTS:
            lines = (document_line(str(title), str(url), owner or "", may is True) for title, url, owner, may in fact)
            return [(name, "\n".join(lines))]
        case Kind.COUNTRY_STATUSES:
            return [(name, "\n".join(f"{code}: {status}" for code, status in fact))]
        case Kind.FIGURES:
            return [(name, "\n".join(format_figure(figure_draft(figure)) for figure in fact))]
        case Kind.RECORDS | Kind.SDG | Kind.CHAPTERS | Kind.CHOICES:
            return [(name, str(key)) for key in fact]
        case _:
            return [(name, "" if fact is None else str(fact))]


def _countries(pairs: list[list[str]]) -> list[tuple[str, str]]:
    known = {role.value for role in CountryRole}
    if strange := [role for _code, role in pairs if role not in known]:
        raise ValueError(
            _("There is no role “%(role)s”. There are: %(roles)s.", role=strange[0], roles=", ".join(CountryRole))
        )
    written = []
    for one in COUNTRIES_BY_ROLE:
        codes = [code for code, role in pairs if role == one.role.value]
        if one.form_name == "countries":
            written += [(one.form_name, code) for code in codes]
        else:
            written.append((one.form_name, "\n".join(codes)))
    return written


def problems_of(form: Any) -> dict[str, list[str]]:
    """What is wrong, by the names of facts."""
    found: dict[str, list[str]] = {}
    for widget in form:
        if widget.errors:
            found.setdefault(_FORM_NAMES.get(widget.name, widget.name), []).extend(map(str, widget.errors))
    return found


def require_form(form: ActivityForm) -> None:
    """422 with the words of the form at each member."""
    fine = form.validate()
    errors = problems_of(form)
    for widget in form.dates_to_show:
        errors.setdefault(widget.name, []).append(
            _("Write the date as a code, such as %(code)s.", code=widget.read_code)
        )
    if not fine or errors:
        raise Problem(422, _("Nothing was saved; each field says why."), errors=errors)
