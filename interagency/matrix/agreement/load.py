"""Bring the audiences in the database into line with the list below. Safe to repeat."""

from __future__ import annotations

from sqlalchemy.orm import Session

from interagency.matrix.agreement.models import Audience
from interagency.matrix.framework.load import Tally, align

AUDIENCES = (
    ("commission", "The Commission and Member States"),
    ("regional", "Regional organisations"),
    ("civil-society", "Civil society"),
    ("public", "The public"),
)


def load_audiences(session: Session) -> Tally:
    """The audiences something can be shared with. Returns what was done."""
    rows = [{"key": key, "name": name, "position": position} for position, (key, name) in enumerate(AUDIENCES)]
    return align(session, Audience, "key", rows, "audiences")
