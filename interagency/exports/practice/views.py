"""Good practice and lessons learned: what is marked, listed and searched across; the files for the portal."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from interagency.db.base import db
from interagency.db.paging import page_within
from interagency.exports.media_types import DOCX
from interagency.exports.practice.content import json_file, portal_content, word_file
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import read_filters
from interagency.matrix.activities.models import Activity, ActivityEntity
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.agreement.statements import audiences
from interagency.matrix.organisations.queries import entities
from interagency.text.folding import clean
from interagency.web.access import coordinators_only
from interagency.web.context import today
from interagency.web.errors import refuse

bp = Blueprint("practices", __name__)
SIZE, MAX_WORDS, MAX_WORDS_LENGTH = 50, 8, 200


@bp.get("/good-practice")
def practices() -> ResponseReturnValue:
    """What is marked as good practice, under the filters of lists."""
    return _list("practice/practices.html", Activity.practice.is_not(None))


@bp.get("/lessons")
def lessons() -> ResponseReturnValue:
    """Lessons learned across activities, under the filters of lists; `words` stand in the lessons, all of them."""
    words = clean(request.args.get("words", ""), lines=False)[:MAX_WORDS_LENGTH].split()[:MAX_WORDS]
    found = [Activity.lessons.icontains(word, autoescape=True) for word in words]
    return _list("practice/lessons.html", sa.and_(Activity.lessons != "", *found), words=" ".join(words))


def _list(template: str, wanted: sa.ColumnElement[bool], **more: str) -> ResponseReturnValue:
    filters = read_filters(db.session, request.args)
    conditions = [*activity_conditions(filters, [one.key for one in my_entities()]), wanted]
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Activity).where(*conditions)) or 0
    number, pages = page_within(request.args.get("page", 1, type=int), total, SIZE)
    query = (
        sa.select(Activity)
        .where(*conditions)
        .options(sa.orm.selectinload(Activity.entities).joinedload(ActivityEntity.entity))
        .order_by(sa.func.lower(Activity.title), Activity.id)
        .limit(SIZE)
        .offset(SIZE * (number - 1))
    )
    return render_template(
        template,
        activities=list(db.session.scalars(query)),
        total=total,
        number=number,
        pages=pages,
        filters=filters,
        entities=entities(db.session, retired=True),
        audiences=audiences(db.session),
        shorts_of=lambda one: {part.entity.key: part.entity.short for part in one.entities},
        **more,
    )


@bp.get("/good-practice/portal.<kind>")
@coordinators_only
def portal(kind: str) -> ResponseReturnValue:
    """The file for the portal: what every entity agreed to share with the audience asked for."""
    asked = request.args.get("audience", "")
    audience = next((one for one in audiences(db.session) if one.key == asked), None)
    if kind not in ("json", "docx"):
        abort(404)
    if audience is None:
        refuse(404, _("Choose who it is for: there is no such audience."))
    content = portal_content(db.session, audience.key, today())
    body = json_file(content) if kind == "json" else word_file(content)
    response = Response(body, content_type=DOCX if kind == "docx" else "application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="good-practice-{content["as_of"]}.{kind}"'
    return response
