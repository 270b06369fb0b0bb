"""The audit log: what it holds beside the acts that write their own line, and the page where administrators read it.

Downloads and refusals are noted here, in one place: a download is the one kind of reading that leaves a line behind,
because what it took is then out of our hands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_login import current_user
from sqlalchemy.exc import DBAPIError
from werkzeug.datastructures import MultiDict

from interagency.db.audit_chain import link_entries
from interagency.db.base import db
from interagency.db.history import AuditEntry
from interagency.exports.lists import csv_line
from interagency.operations.audit_labels import action_label
from interagency.operations.logs import log
from interagency.text.folding import clean
from interagency.text.typed_dates import DateNotUnderstood, read_date
from interagency.web.access import administrators_only
from interagency.web.context import today, utc_now, viewer_zone

bp = Blueprint("auditing", __name__)
PAGE = 100
NEVER = 2**31 - 1

# What people download, by endpoint. Hand-outs have a log of their own beside this one.
DOWNLOADS = frozenset(
    {
        "exports.matrix_workbook", "exports.edition_workbook", "exports.matrix_csv", "exports.matrix_json",
        "exports.calendar_csv", "exports.calendar_json", "editions.edition_json", "external.note_file",
        "practices.portal", "auditing.audit_csv", "signed.edition_archive", "signed.edition_file",
        "external.note_archive", "registers.needs_workbook", "registers.needs_csv",
        "briefings.briefing_file", "briefings.country_document", "briefings.country_workbook",
        "registers.messages_csv", "registers.messages_document",
    }
)  # fmt: skip

SIGN_INS = ("sign_in", "sign_out", "link.", "password.", "sessions", "second_factor.", "single_sign_on.")
# The kinds of acts people look for, by the first words of their names. Each act is of one kind or more.
KINDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "sign-ins": (lazy_gettext("Sign-ins and links"), SIGN_INS),
    "refusals": (lazy_gettext("Refusals"), ("refused", "sign_in.refused", "link.reset.nobody")),
    "rights": (
        lazy_gettext("Accounts and rights"),
        ("account.", "appointment.", "mandate.", "token.", "mails.", "view."),
    ),
    "agreement": (lazy_gettext("Agreement"), ("agreement.",)),
    "exports": (lazy_gettext("Downloads"), ("exported",)),
    "hand-outs": (lazy_gettext("Hand-outs"), ("handed_out", "hand_out.", "embed.")),
    "months": (lazy_gettext("Months and letters"), ("cycle.", "notice.")),
    "imports": (lazy_gettext("Files taken in"), ("matrix.import", "calendar.import")),
    "records": (lazy_gettext("Merged activities and milestones"), ("activity.", "milestone.", "remark.")),
    "invitations": (lazy_gettext("Invitations to events"), ("invitation.",)),
    "messages": (lazy_gettext("Shared messages"), ("message.",)),
    "organisations": (lazy_gettext("Organisations"), ("organisation.",)),
    "operation": (lazy_gettext("Operation"), ("backup.", "keys.")),
}


# --- Writing: downloads and refusals ---


def _note(response: Response) -> Response:
    """Keep that something was downloaded, or refused to somebody; the answer goes out in any case."""
    downloaded = response.status_code == 200 and request.method == "GET" and request.endpoint in DOWNLOADS
    if not downloaded and response.status_code != 403:
        return response  # most answers; nothing is asked of the database for them
    try:
        if getattr(current_user, "is_authenticated", False):
            by_id, by_name = current_user.id, current_user.name
            db.session.rollback()  # ends the reading, so that the write begins a transaction of its own
            act, details = ("exported", _download()) if downloaded else ("refused", _refusal())
            values = {"act": act, "at": utc_now(), "by_id": by_id, "by_name": by_name, "details": details}
            db.session.execute(sa.insert(AuditEntry).values(values))  # one row needs no unit of work
            link_entries(db.session)
            db.session.commit()
    except DBAPIError as error:
        db.session.rollback()
        log.error("the audit log could not be written", exc_info=error)
    return response


def _download() -> dict[str, Any]:
    filters = urlencode(list(request.args.items(multi=True)))[:500]
    return {"what": request.endpoint, "filters": filters, **(request.view_args or {})}


def _refusal() -> dict[str, Any]:
    numbers = {name: value for name, value in (request.view_args or {}).items() if isinstance(value, int)}
    return {"what": request.endpoint, "method": request.method, **numbers}


bp.after_app_request(_note)


# --- Reading ---


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the log is asked for; `problems` are sentences about what was not understood."""

    kind: str = ""
    who: str = ""
    first: date | None = None
    last: date | None = None
    problems: list[str] = field(default_factory=list)

    def query_string(self, **more: Any) -> str:
        """The same as an address would say it."""
        pairs = {"kind": self.kind, "who": self.who, "first": self.first, "last": self.last} | more
        return urlencode({name: value for name, value in pairs.items() if value})


def read_wanted(values: MultiDict[str, str]) -> Wanted:
    """What the query string asks for. An unknown kind or date is told and left out."""
    problems: list[str] = []

    def day(name: str) -> date | None:
        try:
            found = read_date(clean(values.get(name, ""), lines=False)[:60])
        except DateNotUnderstood as problem:
            problems.append(str(problem))
            return None
        if found is None:
            return None
        return found.first if name == "first" else found.last

    kind = values.get("kind", "")
    if kind and kind not in KINDS:
        problems.append(_("There is no such kind; all are shown."))
        kind = ""
    who = clean(values.get("who", ""), lines=False)[:200]
    return Wanted(kind, who, day("first"), day("last"), problems)


def entries(wanted: Wanted, *, before: int = NEVER) -> sa.Select[AuditEntry]:
    """The lines asked for, newest first, older than the one numbered `before`."""
    query = sa.select(AuditEntry).where(AuditEntry.id < before).order_by(AuditEntry.id.desc())
    if wanted.kind:
        _words, starts = KINDS[wanted.kind]
        query = query.where(sa.or_(*[AuditEntry.act.startswith(start, autoescape=True) for start in starts]))
    if wanted.who:
        query = query.where(AuditEntry.by_name.icontains(wanted.who, autoescape=True))
    if wanted.first:
        query = query.where(AuditEntry.at >= _midnight(wanted.first))
    if wanted.last and wanted.last < date.max:
        query = query.where(AuditEntry.at < _midnight(wanted.last + timedelta(days=1)))
    return query


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=viewer_zone())


def format_details(details: dict[str, Any]) -> str:
    """`name: value; …`, in the order of the names."""
    return "; ".join(
        f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in sorted(details.items())
        if value not in (None, "")
    )


@bp.get("/audit")
@administrators_only
def audit() -> ResponseReturnValue:
    """The log, newest first, under the filters of the query."""
    wanted = read_wanted(request.args)
    before = request.args.get("before", NEVER, type=int)
    found = list(db.session.scalars(entries(wanted, before=max(0, min(before, NEVER))).limit(PAGE + 1)))
    older = wanted.query_string(before=found[PAGE - 1].id) if len(found) > PAGE else ""
    return render_template(
        "auditing/audit.html",
        rows=found[:PAGE],
        older=older,
        wanted=wanted,
        kinds=KINDS,
        format_details=format_details,
        action_label=action_label,
    )


@bp.get("/audit.csv")
@administrators_only
def audit_csv() -> ResponseReturnValue:
    """All lines under the filters of the query, as CSV."""
    query = entries(read_wanted(request.args)).execution_options(yield_per=PAGE)

    def lines() -> Iterator[bytes]:
        yield "\ufeff".encode() + csv_line(["number", "at", "act", "by", "person", "details"])
        for one in db.session.scalars(query):
            at = one.at.isoformat().replace("+00:00", "Z")
            yield csv_line([one.id, at, one.act, one.by_name, one.by_id, format_details(one.details)])

    # Read whole before it is sent: the line that notes the download ends the reading.
    response = Response(b"".join(lines()), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename=audit-{today()}.csv"
    return response
