"""What entities agreed to share, and saying so."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_login import current_user
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from interagency.api.v1 import gate, versions
from interagency.api.v1.schemas import NewStatement
from interagency.db.base import db
from interagency.matrix.activities.locks import lock
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import MAX_ID, get_activity
from interagency.matrix.activities.record import facts
from interagency.matrix.agreement.gate import ACTIVITY, asked_of_activity
from interagency.matrix.agreement.models import Decision
from interagency.matrix.agreement.statements import AgreementRefusal, Said, audiences, log_of, say_to_each, standings
from interagency.matrix.agreement.views import may_say, my_voices
from interagency.matrix.organisations.models import Organisation
from interagency.web.context import today, utc_now
from interagency.web.problems import Problem

bp = Blueprint("api_agreement", __name__, url_prefix="/api/v1", description="Agreement to sharing")
gate.prepare(bp)


class StatementSchema(Schema):
    """What an entity said."""

    audience = fields.String()
    activity = fields.Integer(allow_none=True)
    event = fields.Integer(allow_none=True)
    need = fields.Integer(allow_none=True)
    message_version = fields.Integer(allow_none=True)
    decision = fields.String()
    beyond_default = fields.Boolean()
    until = fields.String(allow_none=True)
    said_at = fields.String()


class StatementsSchema(Schema):
    """What one's entity said, the newest first."""

    items = fields.List(fields.Nested(StatementSchema))


class StandingSchema(Schema):
    """Where the entities of an activity stand for one audience."""

    audience = fields.String()
    may_leave = fields.Boolean(metadata={"description": "Whether the gate lets the activity through."})
    agreed = fields.List(fields.String())
    awaited = fields.List(fields.String())
    refused = fields.List(fields.String())


class StandingsSchema(Schema):
    """By audience."""

    items = fields.List(fields.Nested(StandingSchema))


def _own(key: str) -> Organisation:
    """One of one's own entities: nobody else agrees for it, a coordinator neither. For a body coordinators do."""
    found = next((one for one in my_voices() if one.key == key), None)
    if found is None:
        raise Problem(403, _("You do not speak for that entity."))
    return found


@bp.route("/agreement/<key>", methods=["GET"])
@bp.response(200, StatementsSchema)
def statements(key: str) -> Any:
    """What one's own entity said, the newest first, up to a hundred."""
    return {
        "items": [
            {
                "audience": one.audience_key,
                "activity": one.activity_id,
                "event": one.event_id,
                "need": one.need_id,
                "message_version": one.message_version_id,
                "decision": one.decision.value,
                "beyond_default": one.beyond_default,
                "until": one.until.isoformat() if one.until else None,
                "said_at": one.said_at.isoformat(),
            }
            for one in log_of(db.session, _own(key).id)
        ]
    }


def _activity(number: int) -> Activity:
    if not 0 < number <= MAX_ID or db.session.get(Activity, number) is None:
        raise Problem(404, _("There is no such activity."))
    found = get_activity(number, merged=True)
    if found.merged_into_id is not None:
        raise Problem(410, _("This activity was merged into another."), merged_into=found.merged_into_id)
    return found


def _keys(some: list[Organisation]) -> list[str]:
    return [one.key for one in some]


@bp.route("/activities/<int:activity_id>/agreement", methods=["GET"])
@bp.response(200, StandingsSchema)
@bp.alt_response(410, description="Merged into another")
def standing(activity_id: int) -> Any:
    """Who agreed that an activity is shared with whom."""
    found = _activity(activity_id)
    return {
        "items": [
            {"audience": one.audience.key, "may_leave": one.may_leave, "agreed": _keys(one.agreed),
             "awaited": _keys(one.awaited), "refused": _keys(one.refused)}
            for one in standings(db.session, asked_of_activity(found), ACTIVITY, found.id, today())
        ]
    }  # fmt: skip


class KeptSchema(Schema):
    """What was kept."""

    kept = fields.Integer(metadata={"description": "How many statements are new."})


@bp.route("/agreement", methods=["POST"])
@bp.arguments(NewStatement)
@bp.response(200, KeptSchema)
@bp.alt_response(410, description="The activity was merged into another")
@bp.alt_response(412, description="The activity was saved since it was read")
@bp.alt_response(428, description="Of an activity without If-Match")
def agree(sent: dict[str, Any]) -> Any:
    """Say what may be shared: an entity's default, or of one activity as it was read (If-Match)."""
    entity = _own(sent["entity"])
    known = {one.key: one for one in audiences(db.session)}
    if strange := [key for key in sent["audiences"] if key not in known]:
        words = _("There is no audience “%(key)s”.", key=strange[0])
        raise Problem(422, words, errors={"audiences": [words]})
    ids: tuple[int, ...] = ()
    if sent["activity"] is not None:
        lock(db.session, [sent["activity"]])
        found = _activity(sent["activity"])
        if entity not in may_say(asked_of_activity(found)):
            raise Problem(403, _("Your entity takes no part in this activity."))
        versions.version_read(found.version, facts(found))
        ids = (found.id,)
    said = Said([known[key] for key in dict.fromkeys(sent["audiences"])], Decision(sent["decision"]), sent["until"],
                sent["beyond_default"])  # fmt: skip
    try:
        kept = say_to_each(db.session, said, entity, by=current_user, at=utc_now(), day=today(), activity_ids=ids)
    except AgreementRefusal as refusal:
        raise Problem(422, str(refusal)) from None
    db.session.commit()
    return {"kept": kept}
