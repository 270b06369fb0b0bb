"""A confirmed import carried on beside the request that confirmed it, so that no page waits for thousands of rows."""

from __future__ import annotations

import logging
from threading import Thread

from flask import Flask

from interagency.accounts.models import Person
from interagency.db.base import db, reading
from interagency.exports.incoming.apply import go_on
from interagency.exports.incoming.compare import Rights
from interagency.exports.models import MatrixImport
from interagency.matrix.organisations.queries import entities_of
from interagency.web.context import today, utc_now

WAIT = 8.0  # seconds: what is done by then is answered as done
log = logging.getLogger("interagency")


def carry_on(app: Flask, import_id: int, person_id: int, *, wait: float = WAIT) -> None:
    """Carry on with an import that was begun, by the rights its person has today; returns when it is done, or after
    `wait` seconds while it goes on. Raises what it failed with within them; what fails later is logged, and the page
    of the import offers to go on.
    """
    failed: list[Exception] = []

    def work() -> None:
        with app.app_context():
            try:
                with reading():
                    person = db.session.get_one(Person, person_id)
                    rights = Rights(person, tuple(entities_of(db.session, person, today())))
                    kept = db.session.get_one(MatrixImport, import_id)
                go_on(db.session, kept, rights, at=utc_now())
            except Exception as problem:
                log.exception("import %s stopped", import_id)
                failed.append(problem)

    # Ends with the process: what is noted is done, and the rest can be gone on with.
    thread = Thread(target=work, name=f"import-{import_id}", daemon=True)
    thread.start()
    thread.join(wait)
    if failed:
        raise failed[0]
