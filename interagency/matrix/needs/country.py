"""What the country team of one country finds beside activities and events: needs, and whom to ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity
from interagency.matrix.needs.listing import needs_under
from interagency.matrix.needs.models import Need, NeedStatus
from interagency.matrix.organisations.appointments import focal_points
from interagency.matrix.organisations.country_readers import readers_for
from interagency.matrix.organisations.models import Organisation

MAX_NEEDS, MAX_CONTACTS = 50, 50


@dataclass(frozen=True, slots=True)
class Contacts:
    """Whom to ask: readers for the country, focal points of the entities at work there, and those that activities name
    (number and title of the activity, the contact as it is written)."""

    readers: list[Person]
    focal_points: list[tuple[Organisation, list[Person]]]
    of_activities: list[tuple[int, str, str]]


def unmet_needs(session: Session, code: str) -> list[Need]:
    """The needs of a country that nobody has met yet."""
    unmet = Need.status.in_([NeedStatus.OPEN, NeedStatus.BEING_MET])
    return needs_under(session, [Need.country_code == code, unmet], MAX_NEEDS)


def contacts_in(session: Session, code: str, at_work: Iterable[Organisation], *, viewer: Person, day: date) -> Contacts:
    """Whom `viewer` finds for a country. Focal points are told to coordinators, administrators and the country's own
    readers only, as elsewhere; what an activity says of its contact to everybody with an account."""
    filters = Filters({"country": (code,)})
    query = (
        sa.select(Activity.id, Activity.title, Activity.contact)
        .where(*activity_conditions(filters), Activity.contact != "")
        .order_by(sa.func.lower(Activity.title), Activity.id)
        .limit(MAX_CONTACTS)
    )
    named = [(number, title, contact) for number, title, contact in session.execute(query)]
    readers = readers_for(session, code)
    known: list[tuple[Organisation, list[Person]]] = []
    if viewer.is_coordinator or viewer.is_administrator or viewer.id in {one.id for one in readers}:
        speaking = focal_points(session, day)
        known = [(one, speaking[one.id]) for one in at_work if speaking.get(one.id)]
    return Contacts(readers, known, named)
