"""An activity as good practice: proposed by one of its entities with reason and evidence, confirmed by its lead or a
coordinator (Post-UNGASS paper, page 76: a portal to retain and collect good practices)."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.matrix.activities.forms import WHOLE
from interagency.matrix.activities.models import Activity, Practice
from interagency.matrix.activities.record import StaleVersionError, facts, finish, refresh_derived
from interagency.matrix.organisations.models import Organisation
from interagency.text.folding import clean

MAX_REASON_LENGTH, MAX_EVIDENCE_LENGTH = 2000, 1000


class PracticeRefusal(ValueError):
    """It cannot be done; the text says why and what to do. Nothing was written."""


def may_propose(person: Person, mine: list[Organisation], activity: Activity) -> bool:
    """Coordinators, and who speaks for an entity that takes part."""
    return person.is_coordinator or any(one in mine for one in _taking_part(activity))


def may_confirm(person: Person, mine: list[Organisation], activity: Activity) -> bool:
    """Coordinators, and who speaks for the lead."""
    return person.is_coordinator or (activity.lead is not None and activity.lead.entity in mine)


def _taking_part(activity: Activity) -> list[Organisation]:
    return [part.entity for part in activity.taking_part]


def propose(
    session: Session,
    activity: Activity,
    *,
    reason: str,
    evidence: str,
    version: int,
    by: Person,
    mine: list[Organisation],
) -> None:
    """Propose it, or say anew why: what was confirmed is proposed again. Raises PracticeRefusal, StaleVersionError."""
    reason, evidence = clean(reason).strip(), clean(evidence, lines=False).strip()
    if not reason or len(reason) > MAX_REASON_LENGTH:
        raise PracticeRefusal(
            _("Say why it is good practice, in up to %(max)s characters.", max=f"{MAX_REASON_LENGTH:,}")
        )
    if not WHOLE.match(evidence) or len(evidence) > MAX_EVIDENCE_LENGTH:
        raise PracticeRefusal(_("Give the evidence as a whole address that begins with https://."))
    speaking = next((one.key for one in _taking_part(activity) if one in mine), "")
    before = _begin(activity, version)
    activity.practice, activity.practice_by = Practice.PROPOSED, speaking
    activity.practice_reason, activity.practice_evidence = reason, evidence
    _end(session, activity, before, by)


def confirm(session: Session, activity: Activity, *, version: int, by: Person) -> None:
    """Confirm what was proposed. Raises PracticeRefusal, StaleVersionError."""
    if activity.practice is not Practice.PROPOSED:
        raise PracticeRefusal(_("Nothing is proposed any more: look at the page as it stands."))
    before = _begin(activity, version)
    activity.practice = Practice.CONFIRMED
    _end(session, activity, before, by)


def withdraw(session: Session, activity: Activity, *, version: int, by: Person) -> None:
    """Take the mark away; history keeps what it said. Raises StaleVersionError."""
    before = _begin(activity, version)
    activity.practice = None
    activity.practice_reason = activity.practice_evidence = activity.practice_by = ""
    _end(session, activity, before, by)


def _begin(activity: Activity, version: int) -> dict[str, object]:
    if activity.version != version:
        raise StaleVersionError
    return facts(activity)


def _end(session: Session, activity: Activity, before: dict[str, object], by: Person) -> None:
    refresh_derived(activity)
    finish(session, activity, before, by=by)
