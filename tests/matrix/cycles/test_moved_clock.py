"""The clock of a server jumps by hours, forth and back, over the day a month is due: nothing is lost or done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import sqlalchemy as sa
from flask import Flask

from interagency.db.audit_chain import chain_problems
from interagency.db.base import db
from interagency.exports.signing import problems
from interagency.mail.models import OutboxMessage
from interagency.matrix.cycles.editions import close_cycle, damaged_editions
from interagency.matrix.cycles.models import Answer, Cycle, Edition
from interagency.matrix.cycles.opening import months_to_open, open_cycle
from interagency.matrix.cycles.reminders import Sender, write_due_reminders
from interagency.signatures.keys import prepare_key, rotate
from interagency.web.context import settings, today
from tests.helpers import Browser
from tests.matrix.conftest import VIENNA, Clock

Enter = Callable[[str | None], Browser]


def tick(app: Flask, clock: Clock) -> None:
    """What the scheduler does, twice at the same hour."""
    for _ in range(2):
        with app.app_context():
            for month in months_to_open(db.session, today()):
                open_cycle(db.session, month, at=clock(), zone=VIENNA, by=None)
            write_due_reminders(db.session, at=clock(), sender=Sender("http://localhost", VIENNA))
            db.session.commit()


def sign(enter: Enter, entity: str) -> int:
    """Sign in anew, as who was signed out by the jump does, and answer for the month."""
    values = {"cycle": "2026-08", "entity": entity, "kind": "nothing" if entity == "undp" else "unchanged"}
    answer = enter(entity).send("/month/sign", values, at="/month/sign")
    return answer.status_code


def test_hours_forth_and_back_over_the_day_a_month_is_due(
    app: Flask, enter: Enter, clock: Clock, open_month: Callable[..., None]
) -> None:
    open_month()
    with app.app_context():
        prepare_key(db.session, settings(), clock())
        db.session.commit()
    for hour in (8, 17, 6):  # nine hours ahead, and eleven back
        clock.move(2026, 9, 5, hour)
        tick(app, clock)
    clock.move(2026, 9, 6, 2)  # past the due date: late, and not locked
    tick(app, clock)
    assert sign(enter, "who") in (302, 303)
    with app.app_context():
        rotate(db.session, settings(), clock(), lost=False)
        db.session.commit()
    clock.move(2026, 9, 5, 15)  # eleven hours back: the answer of "tomorrow" stands, and is in time for nobody else
    tick(app, clock)
    assert sign(enter, "undp") in (302, 303)
    clock.move(2026, 9, 6, 9)
    tick(app, clock)
    clock.move(2026, 9, 5, 23)
    tick(app, clock)
    with app.app_context():
        sent = Counter(db.session.scalars(sa.select(OutboxMessage.dedupe_key)))
        assert max(sent.values()) == 1
        standing = db.session.scalars(sa.select(Answer).where(Answer.ended_at.is_(None))).all()
        assert {one.entity.key for one in standing} == {"who", "undp"}
        reminded = [key.split("/")[2:] for key in sent]
        assert len({tuple(one) for one in reminded}) == len(reminded)
        assert db.session.scalars(sa.select(Cycle.month)).all() == ["2026-08", "2026-09"]
        db.session.rollback()
        # Closed five hours before the key in use began, by the clock that is back.
        close_cycle(db.session, "2026-08", at=clock(), zone=VIENNA, by=None)
    clock.move(2026, 9, 5, 12)
    with app.app_context():
        again = close_cycle(db.session, "2026-08", at=clock(), zone=VIENNA, by=None)
        assert not again.is_new
        assert db.session.scalars(sa.select(Edition.number)).all() == [1]
        assert [*damaged_editions(db.session), *problems(db.session), *chain_problems(db.session)] == []
    assert enter("who").get("/editions/2026-08/signed/edition.json.sig").status_code == 200
