"""The page of those who run the service."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from interagency.db.base import db
from interagency.operations.state import State, read_state
from interagency.web.access import administrators_only
from interagency.web.context import settings, utc_now

bp = Blueprint("operation", __name__)
# The alerts of deploy/interagency-alerts.yml begin at the same.
TICK_LATE, BACKUP_LATE, CERTIFICATE_ENDS = timedelta(hours=3), timedelta(hours=36), timedelta(days=14)
DISK_LEAST = 0.2


def warnings_of(state: State, at: datetime) -> list[str]:
    """What needs somebody, in words; empty where all is well."""
    found = []
    if not state.is_migrated:
        found.append(_("The database is not at the newest migration. Run `interagency db upgrade`."))
    if state.last_tick is None:
        found.append(_("The scheduler never ran: no month opens by itself and no mail leaves. See docs/operating.md."))
    elif at - state.last_tick > TICK_LATE:
        found.append(_("The scheduler has not run for hours: no month opens by itself and no mail leaves."))
    if state.last_tick_problem:
        found.append(_("The scheduler stopped at: %(problem)s", problem=state.last_tick_problem))
    if not state.has_mail_server:
        found.append(_("No mail server is set (INTERAGENCY_MAIL_URL): mails stay in the outbox."))
    if state.oldest_failed_mail is not None:
        found.append(_("Mails fail: %(error)s", error=state.mail_error or "–"))
    if state.last_backup is None or at - state.last_backup > BACKUP_LATE:
        found.append(_("There is no backup of the last day and a half. Run `interagency backup FILE`."))
    if state.disk_free < DISK_LEAST * state.disk_total:
        found.append(_("Less than a fifth of the disk is free."))
    if state.signing_key is None:
        found.append(_("This server has no key to sign with, or cannot read it. See docs/verifying.md."))
    if state.certificate_problem:
        found.append(
            _("The certificate of single sign-on does not hold: %(problem)s", problem=state.certificate_problem)
        )
    elif state.certificate_until is not None and state.certificate_until - at < CERTIFICATE_ENDS:
        found.append(_("The certificate of single sign-on ends within two weeks."))
    return found


@bp.get("/admin/operation")
@administrators_only
def operation() -> ResponseReturnValue:
    """Version, database, mail, scheduler, backups and what is not well."""
    state = read_state(db.session, settings())
    return render_template("auditing/operation.html", state=state, warnings=warnings_of(state, utc_now()))
