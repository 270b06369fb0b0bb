"""The lists that the choosers of forms read, once for all pages; and each as a page for who types names."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from interagency.db.base import db
from interagency.matrix.activities.choice_lists import LISTS, as_json, versions
from interagency.matrix.framework.titles import name_of
from interagency.web.headers import YEAR_SECONDS

bp = Blueprint("choices", __name__)
bp.add_app_template_filter(name_of, "name_of")


@bp.get("/choices/<name>")
def page(name: str) -> ResponseReturnValue:
    """A list to read: what a chooser understands where names are typed into it."""
    if name not in LISTS:
        abort(404)
    return render_template("matrix/choices.html", one=LISTS[name], groups=LISTS[name].groups(db.session))


@bp.get("/choices/<name>.<language>.<version>.json")
def as_file(name: str, language: str, version: str) -> ResponseReturnValue:
    """A list for the script, kept by the browser until there is a newer version of it.

    Asked for by an old address it is answered as it stands now, and not kept.
    """
    if name not in LISTS:
        abort(404)
    now = versions(db.session, [name])[name]
    response = make_response(as_json(LISTS[name].groups(db.session)))
    response.mimetype = "application/json"
    response.set_etag(f"{language}-{now}")
    if (language, version) == (str(get_locale()), now):
        response.headers["Cache-Control"] = f"private, max-age={YEAR_SECONDS}, immutable"
    else:
        response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)
