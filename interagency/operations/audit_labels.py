"""The acts of the audit log in words. A name that is not here is shown as it is."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

ACTS: dict[str, Any] = {
    "sign_in": _l("signed in"),
    "sign_in.refused": _l("sign-in refused"),
    "sign_out": _l("signed out"),
    "sessions.ended": _l("ended sessions"),
    "password.changed": _l("changed the password"),
    "second_factor.on": _l("switched the second factor on"),
    "second_factor.off": _l("switched the second factor off"),
    "second_factor.reset": _l("reset somebody's second factor"),
    "second_factor.new_codes": _l("made new recovery codes"),
    "second_factor.recovery_code": _l("used a recovery code"),
    "single_sign_on.bound": _l("single sign-on bound to the account"),
    "single_sign_on.released": _l("single sign-on released"),
    "link.invitation": _l("invited"),
    "link.invitation.used": _l("took an invitation up"),
    "link.reset": _l("wrote a link for a new password"),
    "link.reset.used": _l("chose a new password by link"),
    "link.reset.nobody": _l("new password asked for an unknown address"),
    "link.revoked": _l("revoked a link"),
    "account.role": _l("changed a role"),
    "account.disabled": _l("disabled an account"),
    "account.enabled": _l("enabled an account"),
    "token.made": _l("made a private address or a token"),
    "token.reset": _l("gave a private address or a token a new secret"),
    "token.revoked": _l("revoked a private address or a token"),
    "appointment.made": _l("appointed a focal point"),
    "appointment.ended": _l("ended an appointment"),
    "appointment.taken_back": _l("took an appointment back"),
    "mandate.declared": _l("declared a mandate"),
    "agreement.said": _l("said what may be shared"),
    "handed_out": _l("handed an edition out"),
    "hand_out.revoked": _l("revoked a hand-out"),
    "embed.made": _l("made a calendar for another site"),
    "embed.revoked": _l("revoked a calendar on another site"),
    "exported": _l("downloaded"),
    "refused": _l("was refused"),
    "cycle.opened": _l("opened a month"),
    "cycle.due": _l("moved a due date"),
    "cycle.extended": _l("extended an entity's due date"),
    "cycle.signed": _l("signed for an entity"),
    "cycle.taken_back": _l("took an answer back"),
    "cycle.returned": _l("returned an answer"),
    "cycle.record_confirmed": _l("confirmed a record for a month"),
    "cycle.record_unconfirmed": _l("took the confirming of a record back"),
    "cycle.closed": _l("closed a month"),
    "cycle.reopened": _l("reopened a month"),
    "notice.sent": _l("sent a letter to focal points"),
    "activity.merged": _l("merged two activities"),
    "activity.merge_undone": _l("took a merging back"),
    "matrix.imported": _l("took a workbook in"),
    "matrix.import_undone": _l("took an import back"),
    "calendar.imported": _l("took a calendar in"),
    "calendar.import_undone": _l("took a calendar back"),
    "milestone.add": _l("added a milestone"),
    "milestone.change": _l("changed a milestone"),
    "milestone.reached": _l("said that a milestone was reached"),
    "milestone.unreached": _l("said that a milestone was not reached after all"),
    "milestone.remove": _l("removed a milestone"),
    "milestone.moved": _l("moved a milestone"),
    "backup.made": _l("made a backup"),
    "organisation.added": _l("added a partner from a file"),
    "organisation.spelling_added": _l("had a spelling of an organisation remembered"),
}


def action_label(act: str) -> str:
    """`signed in`, for the name of an act."""
    return str(ACTS.get(act, act))
