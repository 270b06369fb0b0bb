"""A confirmed import carried on beside the request that confirmed it."""

from __future__ import annotations

from flask import Flask

from interagency.accounts.models import Person
from interagency.db.base import db, reading
from interagency.exports.incoming.apply import go_on
from interagency.exports.incoming.compare import Rights
from interagency.exports.models import MatrixImport
from interagency.matrix.organisations.queries import entities_of
from interagency.web import background
from interagency.web.background import WAIT
from interagency.web.context import today, utc_now


def carry_on(app: Flask, import_id: int, person_id: int, language: str, *, wait: float = WAIT) -> None:
    """Carry on with an import that was begun, by the rights its person has today, as `web.background` does; its page
    offers to go on where it stopped.
    """

    def work() -> None:
        with reading():
            person = db.session.get_one(Person, person_id)
            rights = Rights(person, tuple(entities_of(db.session, person, today())))
            kept = db.session.get_one(MatrixImport, import_id)
        go_on(db.session, kept, rights, at=utc_now())

    background.carry_on(app, f"import {import_id}", work, language, wait=wait)
