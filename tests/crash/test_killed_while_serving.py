"""Workers and the whole service die at random moments while people save: what was acknowledged is there."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

import pytest
import requests
import sqlalchemy as sa
from flask import Flask

from interagency.cli.cycle import _broken_links
from interagency.db.base import db
from interagency.db.history import Change
from interagency.matrix.activities.models import Activity
from tests.served import Served, Visitor
from tests.stalling import ATTACK

pytestmark = pytest.mark.crash
SAVERS = 4
KILLS = 6 if ATTACK else 3  # every third ends the whole service
ENOUGH = 10


class Saver(threading.Thread):
    """Adds and edits activities until told to stop, and notes what was acknowledged."""

    def __init__(self, visitor: Visitor, token: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.visitor, self.token, self.stop = visitor, token, stop
        self.added: list[str] = []
        self.refused: list[str] = []

    def run(self) -> None:
        while not self.stop.is_set():
            title = uuid.uuid4().hex
            values = {"title": title, "status": "ongoing", "lead": "who"}
            try:
                answer = self.visitor.post("/activities/new", values, token=self.token, timeout=30)
            except requests.RequestException:
                time.sleep(0.05)  # the service is away for a moment
                continue
            if answer.status_code == 302 and answer.headers["Location"].startswith("/activities/"):
                self.added.append(title)
            elif answer.status_code != 503:
                self.refused.append(f"{answer.status_code} {answer.text[:200]}")


def test_nothing_acknowledged_is_lost_and_nothing_is_half(app: Flask, serve_app: Callable[..., Served]) -> None:
    served = serve_app()
    chance, stop = random.Random(17), threading.Event()
    visitor = Visitor(served.address).sign_in("who@example.org")
    token, cookies = visitor.token("/activities/new"), visitor.session.cookies
    savers = []
    for _ in range(SAVERS):
        one = Visitor(served.address)
        one.session.cookies.update(cookies)
        savers.append(Saver(one, token, stop))
        savers[-1].start()
    for number in range(KILLS):
        before = sum(len(saver.added) for saver in savers)
        for _ in range(600):  # saves come through again after each death
            if sum(len(saver.added) for saver in savers) >= before + ENOUGH:
                break
            time.sleep(0.05)
        else:
            raise AssertionError(f"no saves after death {number}: {served.lines()[-2000:]}")
        time.sleep(chance.random() / 5)
        if number % 3 == 2:
            served.kill()
            served.start()
        else:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(served.worker_ids()), signal.SIGKILL)
    stop.set()
    for saver in savers:
        saver.join(60)
    served.kill()
    acknowledged = [title for saver in savers for title in saver.added]
    assert [line for saver in savers for line in saver.refused] == []
    with app.app_context():
        kept = list(db.session.scalars(sa.select(Activity.title)))
        assert len(kept) == len(set(kept))
        assert set(acknowledged) <= set(kept)
        histories = db.session.scalar(sa.select(sa.func.count()).select_from(Change))
        assert histories == len(kept)
        assert _broken_links() == []
        db.session.close()
    assert len(acknowledged) >= KILLS * ENOUGH
