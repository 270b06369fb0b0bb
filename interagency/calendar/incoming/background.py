"""A confirmed calendar file carried on beside the request that confirmed it."""

from __future__ import annotations

from flask import Flask

from interagency.accounts.models import Person
from interagency.calendar.events.models import EventKind
from interagency.calendar.incoming.applying import go_on
from interagency.calendar.incoming.comparing import Importer
from interagency.calendar.incoming.models import CalendarImport
from interagency.db.base import db, reading
from interagency.matrix.organisations.queries import Directory, entities_of
from interagency.web import background
from interagency.web.background import WAIT
from interagency.web.context import today


def carry_on(app: Flask, import_id: int, person_id: int, language: str, *, wait: float = WAIT) -> None:
    """Carry on with an import that was begun, by the rights its person has today, as `web.background` does; its page
    offers to go on where it stopped.
    """

    def work() -> None:
        with reading():
            kept = db.session.get_one(CalendarImport, import_id)
            importer = _importer(db.session.get_one(Person, person_id), kept)
        go_on(db.session, kept, importer)

    background.carry_on(app, f"calendar import {import_id}", work, language, wait=wait)


def _importer(person: Person, kept: CalendarImport) -> Importer:
    mine = tuple(entities_of(db.session, person, today()))
    key = kept.result["organiser"]
    organiser = Directory(db.session).find(key) if key else None
    if not person.is_coordinator and organiser not in mine:
        organiser = mine[0] if mine else None
    return Importer(person, mine, organiser, EventKind(kept.result["kind"]))
