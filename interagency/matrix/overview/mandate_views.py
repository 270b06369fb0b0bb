"""The page on which an entity declares its mandate."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.framework.names import recommendations
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.matrix.organisations.speaking import entity_named
from interagency.matrix.overview.mandates import declarations, declare
from interagency.text.languages import commas
from interagency.web.context import utc_now
from interagency.web.errors import refuse

bp = Blueprint("mandates", __name__)


def _entity() -> tuple[Organisation, list[Organisation]]:
    """Whose mandate is shown: an own entity; any for coordinators. 403 for others."""
    offered = entities(db.session) if current_user.is_coordinator else my_entities()
    if not offered:
        refuse(403, _("Only the focal points of an entity declare its mandate."))
    return entity_named(offered), offered


@bp.get("/mandates")
def mandates() -> ResponseReturnValue:
    """Which recommendations an entity says fall within its mandate."""
    entity, offered = _entity()
    found = declarations(db.session, entity)
    worked_on = [
        one.code
        for chapter in found
        for section in chapter.sections
        for one in section.recommendations
        if one.activities and not one.declared
    ]
    return render_template(
        "overview/mandates.html",
        entity=entity,
        offered=offered,
        found=found,
        is_own=entity in my_entities(),
        worked_on=worked_on,
        ticked=worked_on if request.args.get("tick") == "activities" else [],
        filters=Filters(),
        may_declare=True,
    )


@bp.post("/mandates")
def mandates_post() -> ResponseReturnValue:
    """Save what was ticked and cleared on the page; what somebody else saved meanwhile stays."""
    entity, _offered = _entity()
    known = {one.code for one in recommendations(db.session)}
    wanted = set(request.form.getlist("recommendation"))
    seen = set(request.form["seen"].split()) if "seen" in request.form else None
    if not wanted <= known or not (seen or set()) <= known:
        refuse(400, _("One of these is not a recommendation. Nothing was saved; go back and choose from the list."))
    saved = declare(db.session, entity, wanted, seen, by=current_user, at=utc_now())
    db.session.commit()
    flash(
        ngettext(
            "Saved: %(num)s recommendation within the mandate of %(entity)s.",
            "Saved: %(num)s recommendations within the mandate of %(entity)s.",
            saved.total,
            entity=entity.short,
        ),
        "success",
    )
    if saved.meanwhile:
        flash(
            _(
                "While you were ticking, somebody else changed %(codes)s. Both their changes and yours are kept.",
                codes=commas(saved.meanwhile),
            ),
            "warning",
        )
    return redirect(url_for("mandates.mandates", entity=entity.key))
