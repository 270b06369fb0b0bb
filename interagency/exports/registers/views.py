"""Files of needs and shared messages: for insiders, and by coordinators for an audience, through the gate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import db
from interagency.exports.columns import Column
from interagency.exports.lists import write_csv
from interagency.exports.media_types import DOCX, XLSX
from interagency.exports.registers.messages import INSIDE as MESSAGES_INSIDE
from interagency.exports.registers.messages import OUTSIDE as MESSAGES_OUTSIDE
from interagency.exports.registers.messages import write_messages
from interagency.exports.registers.needs import INSIDE, OUTSIDE, outside_order
from interagency.exports.rows.book import Book
from interagency.exports.sheets import Sheet
from interagency.exports.workbook import add_table
from interagency.matrix.activities.filters import unreadable
from interagency.matrix.agreement.gate import NEED, let_through
from interagency.matrix.agreement.models import Audience
from interagency.matrix.messages.record import agreed_versions, all_messages
from interagency.matrix.needs.listing import NAMES, need_conditions, needs_under, read_need_filters
from interagency.matrix.needs.models import Need
from interagency.web.context import today
from interagency.web.errors import refuse

bp = Blueprint("registers", __name__)


def audience_asked() -> Audience | None:
    """The audience a file is asked for; None for insiders. 403 for who is no coordinator, 400 for one there is not."""
    key = request.args.get("audience", "")
    if not key:
        return None
    if not current_user.is_coordinator:
        refuse(403, _("Coordinators make files for those outside. Ask one of them."))
    found = db.session.get(Audience, key[:60])
    if found is None:
        refuse(400, _("There is no such audience. Choose one of the list."))
    return found


def attachment(body: bytes, mimetype: str, name: str) -> Response:
    """A file to be downloaded, named with the day."""
    response = Response(body, content_type=mimetype)
    stem, _dot, ending = name.rpartition(".")
    response.headers["Content-Disposition"] = f"attachment; filename={stem}-{today()}.{ending}"
    return response


def workbook(title: str, sheets: Iterable[Sheet]) -> bytes:
    """A workbook of tables; the same tables on the same day give the same bytes."""
    book = Book(title, "United Nations", datetime.combine(today(), time(12), UTC))
    for sheet in sheets:
        add_table(book, sheet)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def _needs() -> tuple[Sequence[Column], list[Need]]:
    """The needs under the filters of the address, and the columns that the file may have."""
    audience = audience_asked()
    filters = read_need_filters(db.session, request.args)
    if problems := unreadable(filters, (name for name in request.args if name != "audience"), NAMES):
        refuse(400, " ".join(problems))
    found = needs_under(db.session, need_conditions(filters))
    if audience is None:
        return INSIDE, found
    passed: list[Any] = let_through(db.session, NEED, found, audience.key, today())
    return OUTSIDE, sorted(passed, key=outside_order)


@bp.get("/needs.xlsx")
def needs_workbook() -> ResponseReturnValue:
    """The needs under the filters of the query, as a workbook."""
    columns, rows = _needs()
    body = workbook(_("Needs that countries state"), [Sheet("Needs", tuple(columns), rows, freeze="C2")])
    return attachment(body, XLSX, "needs.xlsx")


@bp.get("/needs.csv")
def needs_csv() -> ResponseReturnValue:
    """The same as CSV."""
    columns, rows = _needs()
    return attachment(write_csv(columns, rows), "text/csv; charset=utf-8", "needs.csv")


def _messages() -> list[Any]:
    """The versions that a file may have: for insiders the newest of each message in use, for an audience those that
    every entity named in them agreed to and that are valid today."""
    audience = audience_asked()
    found = [one for one in all_messages(db.session) if one.withdrawn_at is None]
    if audience is None:
        return [one.newest for one in found]
    passed = agreed_versions(db.session, found, audience.key, today()).values()
    return sorted(passed, key=lambda one: (one.chapter_number or 0, one.title.casefold(), sorted(one.texts.items())))


@bp.get("/messages.csv")
def messages_csv() -> ResponseReturnValue:
    """The shared messages, a row for each, with a column for each language."""
    columns = MESSAGES_OUTSIDE if request.args.get("audience") else MESSAGES_INSIDE
    return attachment(write_csv(columns, _messages()), "text/csv; charset=utf-8", "messages.csv")


@bp.get("/messages.docx")
def messages_document() -> ResponseReturnValue:
    """The same as a document to copy from."""
    audience = audience_asked()
    body = write_messages(_messages(), audience.name if audience else "", today())
    return attachment(body, DOCX, "messages.docx")
