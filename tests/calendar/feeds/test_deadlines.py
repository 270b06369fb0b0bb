"""Deadlines of the month in feeds: what comes later has a higher SEQUENCE, never below 0 (RFC 5545, 3.8.7.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import Flask

from interagency.calendar.feeds.deadlines import deadlines_of
from interagency.db.base import db
from interagency.matrix.cycles.models import Cycle, CycleState
from interagency.matrix.organisations.models import Organisation

# Opened long after the day its updates were due.
OPENED = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_the_sequence_of_a_deadline_never_falls(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        who = list(db.session.scalars(sa.select(Organisation).where(Organisation.key == "who")))
        cycle = Cycle(
            month="2026-09", opened_at=OPENED, due_at=datetime(2026, 10, 5, 21, 59, tzinfo=UTC), state=CycleState.OPEN
        )
        db.session.add(cycle)
        db.session.flush()
        found = [deadlines_of(db.session, who, "http://localhost")[0].sequence]
        # Later, earlier than ever, and a second after that.
        for days, seconds in ((20, 3600), (-40, 7200), (3, 7201)):
            cycle.due_at += timedelta(days=days)
            cycle.due_set_at = OPENED + timedelta(seconds=seconds)
            db.session.flush()
            (entry,) = (one for one in deadlines_of(db.session, who, "http://localhost") if "2026-09" in one.uid)
            found.append(entry.sequence)
        assert found[0] >= 0
        assert found == sorted(set(found))
