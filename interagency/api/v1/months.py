"""Months with their answers, editions and what changed between two of them; answering and confirming."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_babel import gettext as _
from flask_login import current_user
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from interagency.api.v1 import gate
from interagency.api.v1.schemas import Confirmation, NewAnswer
from interagency.db.base import db
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.cycles import answers, editions
from interagency.matrix.cycles.answers import CycleRefusal
from interagency.matrix.cycles.confirming import confirm_all
from interagency.matrix.cycles.differences import Kind
from interagency.matrix.cycles.models import AnswerKind, Cycle, Edition
from interagency.matrix.cycles.month.records import entity_month, in_order
from interagency.matrix.cycles.months import MonthNotUnderstood, read_month
from interagency.matrix.cycles.opening import editions_of
from interagency.matrix.cycles.standing import EntityStanding, standings
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.text.folding import clean
from interagency.web.context import today, utc_now
from interagency.web.problems import Problem

bp = Blueprint("api_months", __name__, url_prefix="/api/v1", description="Months, answers, editions, comparisons")
gate.prepare(bp)


class AnswerSchema(Schema):
    """Where an entity stands in a month."""

    entity = fields.String()
    answer = fields.String(metadata={"description": "updated, confirmed unchanged, nothing to report, silent …"})
    due_at = fields.String()
    signed_at = fields.String(allow_none=True)
    comment = fields.String()


class CycleSchema(Schema):
    """A month of updating."""

    month = fields.String()
    state = fields.String()
    opened_at = fields.String()
    due_at = fields.String()
    closed_at = fields.String(allow_none=True)
    answers = fields.List(fields.Nested(AnswerSchema))


class CyclesSchema(Schema):
    """All months, the newest first."""

    items = fields.List(fields.Nested(CycleSchema))


def _cycle_item(cycle: Cycle) -> dict[str, Any]:
    return {
        "month": cycle.month,
        "state": cycle.state.value,
        "opened_at": cycle.opened_at.isoformat(),
        "due_at": cycle.due_at.isoformat(),
        "closed_at": cycle.closed_at.isoformat() if cycle.closed_at else None,
    }


def _standing(one: EntityStanding) -> dict[str, Any]:
    answer = one.answer if one.has_answered else None
    return {
        "entity": one.entity.key,
        "answer": one.state.value,
        "due_at": one.due_at.isoformat(),
        "signed_at": answer.signed_at.isoformat() if answer else None,
        "comment": answer.comment if answer else "",
    }


def _month(text: str) -> str:
    try:
        return read_month(text)
    except MonthNotUnderstood as problem:
        raise Problem(404, str(problem)) from None


def _cycle(text: str) -> Cycle:
    found = db.session.get(Cycle, _month(text))
    if found is None:
        raise Problem(404, _("This month has not been opened."))
    return found


@bp.route("/cycles", methods=["GET"])
@bp.response(200, CyclesSchema)
def cycles() -> Any:
    """All months, the newest first."""
    return {"items": [_cycle_item(one) for one in db.session.scalars(sa.select(Cycle).order_by(Cycle.month.desc()))]}


@bp.route("/cycles/<month>", methods=["GET"])
@bp.response(200, CycleSchema)
def cycle(month: str) -> Any:
    """One month, and where each entity stands in it."""
    found = _cycle(month)
    return _cycle_item(found) | {"answers": [_standing(one) for one in standings(db.session, found, utc_now())]}


def _speaks_for(key: str) -> tuple[Organisation, bool]:
    """The entity, and whether one speaks for it as a coordinator. 403 for somebody else's."""
    mine = my_entities()
    found = next((one for one in mine if one.key == key), None)
    if found is not None:
        return found, False
    others = entities(db.session) if current_user.is_coordinator else []
    found = next((one for one in others if one.key == key), None)
    if found is None:
        raise Problem(403, _("You do not speak for that entity."))
    return found, True


@contextmanager
def _refused_in_words() -> Iterator[None]:
    """409 with its words where the month does not take an answer."""
    try:
        yield
    except CycleRefusal as refusal:
        raise Problem(409, str(refusal)) from None


class MonthRecords(Schema):
    """The records that an entity's month lists."""

    records = fields.List(fields.Dict(), metadata={"description": "Each with `shown`, to be sent back when signing."})


@bp.route("/cycles/<month>/entities/<key>", methods=["GET"])
@bp.response(200, MonthRecords)
def month_of_entity(month: str, key: str) -> Any:
    """What an entity looks at before it signs: its records, when each was last confirmed, and how it is named."""
    entity, _on_behalf = _speaks_for(key)
    found = _cycle(month)
    return {
        "records": [
            {"record_type": one.record.kind, "id": one.record.id, "title": one.record.title,
             "status": one.record.status, "confirmed": one.record.confirmed_month, "version": one.record.version,
             "takes_part": not one.record.is_asked, "reasons": [reason.value for reason in one.reasons],
             "shown": one.shown_as}
            for one in in_order(entity_month(db.session, found, entity, utc_now()).records)
        ]
    }  # fmt: skip


def _still(found: Cycle, entity: Organisation, shown: list[str]) -> dict[str, list[int]]:
    """Of the records that were seen those that still stand as they were, by kind."""
    seen = set(shown)
    still: dict[str, list[int]] = {}
    for one in entity_month(db.session, found, entity, utc_now()).own:
        if one.shown_as in seen:
            still.setdefault(one.record.kind, []).append(one.record.id)
    return still


class ConfirmedSchema(Schema):
    """What was confirmed."""

    month = fields.String()
    entity = fields.String()
    confirmed = fields.Integer(metadata={"description": "How many records it confirmed."})


class SignedSchema(ConfirmedSchema):
    """What was signed."""

    answer = fields.String()


@bp.route("/cycles/<month>/answers", methods=["POST"])
@bp.arguments(NewAnswer)
@bp.response(200, SignedSchema)
@bp.alt_response(409, description="The month does not take it; why is said")
def sign(sent: dict[str, Any], month: str) -> Any:
    """Sign an entity's answer. “Confirmed unchanged” confirms the records that were `shown`, no others."""
    entity, on_behalf = _speaks_for(sent["entity"])
    found = _cycle(month)
    reason = clean(sent["reason"])
    if on_behalf and not reason:
        words = _("You answer for another entity: write why, it is kept.")
        raise Problem(422, words, errors={"reason": [words]})
    with _refused_in_words():
        answers.cycle_for_answer(db.session, found.month, entity, today())
        made = answers.sign(
            db.session, found.month, entity, AnswerKind(sent["kind"]), by=current_user, at=utc_now(), day=today(),
            comment=clean(sent["comment"]), on_behalf_reason=reason if on_behalf else "",
            shown=_still(found, entity, sent["shown"]),
        )  # fmt: skip
    told = {"month": found.month, "entity": entity.key, "answer": made.kind.value,
            "confirmed": sum(map(len, (made.confirmed or {}).values()))}  # fmt: skip
    db.session.commit()
    return told


@bp.route("/cycles/<month>/answers/<key>", methods=["DELETE"])
@bp.response(204)
@bp.alt_response(409, description="The month does not take it; why is said")
def take_back(month: str, key: str) -> Any:
    """Take an entity's answer back until the month is closed."""
    entity, _on_behalf = _speaks_for(key)
    found = _cycle(month)
    with _refused_in_words():
        answers.take_back(db.session, found.month, entity, by=current_user, at=utc_now(), day=today())
    db.session.commit()
    return None


@bp.route("/cycles/<month>/confirmations", methods=["POST"])
@bp.arguments(Confirmation)
@bp.response(200, ConfirmedSchema)
@bp.alt_response(409, description="The month does not take it; why is said")
def confirm(sent: dict[str, Any], month: str) -> Any:
    """Confirm records that were seen, without signing."""
    entity, _on_behalf = _speaks_for(sent["entity"])
    found = _cycle(month)
    with _refused_in_words():
        answers.cycle_for_answer(db.session, found.month, entity, today())
    kept = confirm_all(db.session, entity.id, found.month, _still(found, entity, sent["shown"]))
    told = {"month": found.month, "entity": entity.key, "confirmed": sum(map(len, kept.values()))}
    db.session.commit()
    return told


class EditionSchema(Schema):
    """The frozen matrix and calendar of a closed month."""

    number = fields.Integer()
    month = fields.String()
    issue = fields.Integer()
    made_at = fields.String()
    made_by = fields.String()
    checksum = fields.String(metadata={"description": "SHA-256 of its contents."})
    activities = fields.Integer()
    events = fields.Integer()


class EditionsSchema(Schema):
    """All editions, the newest first."""

    items = fields.List(fields.Nested(EditionSchema))


def _edition_item(edition: Edition) -> dict[str, Any]:
    return {
        "number": edition.number,
        "month": edition.cycle_month,
        "issue": edition.issue,
        "made_at": edition.made_at.isoformat(),
        "made_by": edition.made_by_name,
        "checksum": edition.checksum,
        "activities": edition.activity_count,
        "events": edition.event_count,
    }


def _edition(month: str) -> Edition:
    found = editions_of(db.session, _month(month))
    if not found:
        raise Problem(404, _("There is no such edition. A month has one once it is closed."))
    return found[0]


@bp.route("/editions", methods=["GET"])
@bp.response(200, EditionsSchema)
def all_editions() -> Any:
    """All editions, the newest first."""
    return {"items": [_edition_item(one) for one in editions.all_editions(db.session)]}


@bp.route("/editions/<month>", methods=["GET"])
@bp.response(200, EditionSchema)
def edition(month: str) -> Any:
    """The newest edition of a month."""
    found = _edition(month)
    return _edition_item(found), 200, {"ETag": f'"{found.checksum}"'}


class ContentsSchema(Schema):
    """What an edition holds, as its checksum is of: `contents.py` describes it."""


@bp.route("/editions/<month>/contents", methods=["GET"])
@bp.response(200, ContentsSchema)
def edition_contents(month: str) -> Any:
    """All of an edition, with the names of its day: the very text its checksum is of."""
    found = _edition(month)
    try:
        text = editions.edition_text(db.session, found.number)
    except ValueError:
        raise Problem(503, _("This edition does not match its checksum and is not shown.")) from None
    return Response(text, content_type="application/json", headers={"ETag": f'"{found.checksum}"'})


class ComparisonQuery(Schema):
    """The two months."""

    class Meta:
        unknown = "exclude"

    before = fields.String(required=True, validate=validate.Length(1, 20), data_key="from")
    after = fields.String(required=True, validate=validate.Length(1, 20), data_key="to")


class ChangeSchema(Schema):
    """What became of one record."""

    id = fields.Integer()
    kind = fields.String()
    title = fields.String()
    fields_ = fields.Dict(data_key="fields", attribute="fields", metadata={"description": "By field: was, is."})
    merged_into = fields.Integer(allow_none=True)


class ComparisonSchema(Schema):
    """What changed between two editions."""

    activities = fields.List(fields.Nested(ChangeSchema))
    event = fields.List(fields.Nested(ChangeSchema))


@bp.route("/comparisons", methods=["GET"])
@bp.arguments(ComparisonQuery, location="query")
@bp.response(200, ComparisonSchema)
def comparison(query: dict[str, Any]) -> Any:
    """What changed from one edition to another, without what did not."""
    before, after = _edition(query["before"]), _edition(query["after"])
    try:
        found = editions.changes_since(db.session, after, before)
    except ValueError:
        raise Problem(503, _("An edition does not match its checksum and is not shown.")) from None
    return {
        name: [one for _number, one in sorted(difference.records.items()) if one.kind is not Kind.UNCHANGED]
        for name, difference in found.items()
    }
