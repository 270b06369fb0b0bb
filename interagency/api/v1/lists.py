"""What records refer to, and the search: organisations, the framework, audiences."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_login import current_user
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from interagency.api.v1 import gate
from interagency.db.base import db
from interagency.matrix.agreement.statements import audiences
from interagency.matrix.cycles.contents import names_of_the_day
from interagency.matrix.framework.models import SdgGoal, SdgTarget
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import all_organisations, survivor_of, survivors
from interagency.search.everything import KINDS, LONGEST, read_question, search
from interagency.web.context import today
from interagency.web.problems import Problem

bp = Blueprint("api_lists", __name__, url_prefix="/api/v1", description="What records refer to, and the search")
gate.prepare(bp)


class OrganisationSchema(Schema):
    """A UN entity or a partner."""

    key = fields.String(metadata={"description": "Its stable short name."})
    acronym = fields.String(allow_none=True)
    name = fields.String()
    kind = fields.String()
    is_entity = fields.Boolean(metadata={"description": "Whether it takes part as a UN entity."})
    retired_on = fields.String(allow_none=True)
    is_proposed = fields.Boolean(metadata={"description": "Whether no coordinator has taken it into the directory."})
    merged_into = fields.String(allow_none=True, metadata={"description": "The key of the one that stands for it."})
    other_names = fields.List(fields.String(), metadata={"description": "Former names and spellings."})


class OrganisationsSchema(Schema):
    """All of them."""

    items = fields.List(fields.Nested(OrganisationSchema))


def _organisation(one: Organisation, stands_for: Organisation) -> dict[str, Any]:
    return {
        "key": one.key,
        "acronym": one.acronym,
        "name": one.name,
        "kind": one.kind.value,
        "is_entity": one.is_entity,
        "retired_on": one.retired_on.isoformat() if one.retired_on else None,
        "is_proposed": one.is_proposed,
        "merged_into": stands_for.key if stands_for is not one else None,
        "other_names": [other.name for other in one.names],
    }


@bp.route("/organisations", methods=["GET"])
@bp.response(200, OrganisationsSchema)
def organisations() -> Any:
    """All entities and partners, retired ones too."""
    everyone = all_organisations(db.session)
    stand_for = survivors(everyone)
    return {"items": [_organisation(one, stand_for[one.id]) for one in everyone]}


@bp.route("/organisations/<key>", methods=["GET"])
@bp.response(200, OrganisationSchema)
def organisation(key: str) -> Any:
    """One organisation by its key."""
    found = None if "\x00" in key else db.session.scalar(sa.select(Organisation).where(Organisation.key == key))
    if found is None:
        raise Problem(404, _("There is no organisation with this key."))
    return _organisation(found, survivor_of(db.session, found))


class FrameworkSchema(Schema):
    """The lists that records name by key."""

    chapters = fields.List(fields.Dict())
    sections = fields.Dict(metadata={"description": "By their place in the outcome document."})
    recommendations = fields.Dict(metadata={"description": "By their codes, 1(a) to 7(l)."})
    countries = fields.Dict(metadata={"description": "Names by codes of ISO 3166."})
    regions = fields.Dict()
    sdg_goals = fields.Dict()
    sdg_targets = fields.Dict()
    audiences = fields.Dict(metadata={"description": "Whom something may be shared with."})


@bp.route("/framework", methods=["GET"])
@bp.response(200, FrameworkSchema)
def framework() -> Any:
    """Chapters, sections, recommendations, countries, regions, goals and targets, audiences."""
    names = names_of_the_day(db.session)
    goals = db.session.execute(sa.select(SdgGoal.number, SdgGoal.title).order_by(SdgGoal.number))
    targets = db.session.execute(sa.select(SdgTarget.code, SdgTarget.title).order_by(SdgTarget.position))
    return {name: names[name] for name in ("chapters", "sections", "recommendations", "countries", "regions")} | {
        "sdg_goals": {str(number): title for number, title in goals},
        "sdg_targets": dict(targets.all()),
        "audiences": {one.key: one.name for one in audiences(db.session)},
    }


class SearchQuery(Schema):
    """What is looked for."""

    class Meta:
        unknown = "exclude"

    q = fields.String(required=True, validate=validate.Length(1, LONGEST))
    only_ = fields.String(data_key="only", load_default=None, validate=validate.OneOf(KINDS))


class HitSchema(Schema):
    """Something that was found."""

    key = fields.String(metadata={"description": "Which one of its kind: a number, a code or a key."})
    title = fields.String()
    line = fields.String()
    excerpt = fields.String()


class GroupSchema(Schema):
    """What was found of one kind."""

    kind = fields.String()
    total = fields.Integer(allow_none=True)
    hits = fields.List(fields.Nested(HitSchema))


class SearchSchema(Schema):
    """All that was found, by kind."""

    groups = fields.List(fields.Nested(GroupSchema))


@bp.route("/search", methods=["GET"])
@bp.arguments(SearchQuery, location="query")
@bp.response(200, SearchSchema)
def find(query: dict[str, Any]) -> Any:
    """Everything that holds the words, as the search of the pages finds it."""
    question = read_question(query["q"])
    return {"groups": search(db.session, question, current_user, today(), only=query["only_"])}
