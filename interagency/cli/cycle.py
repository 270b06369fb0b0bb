"""The `interagency cycle` commands: what a scheduler and a coordinator at a terminal do. And `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from interagency.cli.context import settings_of, with_app

if TYPE_CHECKING:
    from flask import Flask


@click.group()
def cycle() -> None:
    """The monthly cycle: opening, reminding, closing."""


def _month(text: str) -> str:
    from interagency.matrix.cycles.months import MonthNotUnderstood, read_month

    try:
        return read_month(text)
    except MonthNotUnderstood as problem:
        raise click.ClickException(str(problem)) from None


def _sender(app: Flask) -> Any:
    from interagency.matrix.cycles.reminders import Sender

    return Sender(base_url=settings_of(app).base_url, zone=settings_of(app).zone)


@cycle.command("status")
@with_app
def status(app: Flask) -> None:
    """Every month, newest first: state, due date, how many answered, and who is silent in the open ones."""
    from interagency.db.base import db
    from interagency.matrix.cycles.board import board, cycle_lines, unanswered
    from interagency.matrix.cycles.months import format_due
    from interagency.web.context import utc_now

    lines = cycle_lines(db.session, utc_now())
    if not lines:
        click.echo("No month was opened yet. Open one with: interagency cycle open YYYY-MM")
    for line in lines:
        one = line.cycle
        state = "late" if one.is_late(utc_now()) else one.state.value
        edition = f"\tedition {line.edition.number}" if line.edition else ""
        due = format_due(one.due_at, settings_of(app).zone)
        click.echo(f"{one.month}\t{state}\t{line.answered} of {line.expected} answered\tdue {due}{edition}")
        if one.is_open:
            asked = unanswered(board(db.session, one, utc_now()))
            click.echo(f"\tsilent: {', '.join(row.entity.short for row in asked.silent) or 'nobody'}")
            for row in asked.withdrawn:
                click.echo(f"\t{row.state.value}: {row.entity.short}")
            for due_at, rows in asked.in_time:
                names = ", ".join(row.entity.short for row in rows)
                click.echo(f"\tnot answered yet, due {format_due(due_at, settings_of(app).zone)}: {names}")


@cycle.command("open")
@click.argument("month")
@with_app
def open_month(app: Flask, month: str) -> None:
    """Open MONTH, such as 2026-08."""
    from interagency.db.base import db
    from interagency.matrix.cycles.answers import CycleRefusal
    from interagency.matrix.cycles.opening import open_cycle
    from interagency.web.context import utc_now

    month = _month(month)
    try:
        is_new = open_cycle(db.session, month, at=utc_now(), zone=settings_of(app).zone, by=None)
    except CycleRefusal as refusal:
        raise click.ClickException(str(refusal)) from None
    db.session.commit()
    click.echo(f"{month}: opened" if is_new else f"{month}: open already")


@cycle.command("remind")
@click.argument("month")
@with_app
def remind_month(app: Flask, month: str) -> None:
    """Remind all who have not answered for MONTH, at most once a day each, and send what is in the outbox."""
    from interagency.db.base import db
    from interagency.matrix.cycles.models import Cycle
    from interagency.matrix.cycles.reminders import remind
    from interagency.web.context import utc_now

    found = db.session.get(Cycle, _month(month))
    if found is None or not found.is_open:
        raise click.ClickException(f"{month} is not open. See: interagency cycle status")
    reminded = remind(db.session, found, entity_ids=None, at=utc_now(), sender=_sender(app))
    db.session.commit()
    click.echo(f"{month}: {reminded.written} reminders written")
    if reminded.nobody:
        click.echo(f"nobody is focal point of: {', '.join(entity.short for entity in reminded.nobody)}")
    _send(app)


@cycle.command("close")
@click.argument("month")
@with_app
def close_month(app: Flask, month: str) -> None:
    """Close MONTH and make its edition; do nothing when it is closed."""
    from functools import partial

    from interagency.db.base import db
    from interagency.matrix.cycles.answers import CycleRefusal
    from interagency.matrix.cycles.editions import close_cycle
    from interagency.matrix.cycles.reminders import announce_edition
    from interagency.registry import registry
    from interagency.web.context import utc_now

    month = _month(month)
    click.echo(f"{month}: making the edition …", err=True)
    try:
        closed = close_cycle(
            db.session,
            month,
            at=utc_now(),
            zone=settings_of(app).zone,
            by=None,
            announce=partial(announce_edition, sender=_sender(app)),
        )
    except CycleRefusal as refusal:
        raise click.ClickException(str(refusal)) from None
    number, checksum = closed.edition.number, closed.edition.checksum
    said = "closed" if closed.is_new else "closed already"
    click.echo(f"{month}: {said}, edition {number}, SHA-256 {checksum}")
    registry.prepare_edition(db.session, number)
    _send(app)


@cycle.command("tick")
@with_app
def tick(app: Flask) -> None:
    """What a scheduler calls, every hour or more often: open the month on day 1, write due reminders, digests and
    what people invited to events are to be told, send mails.

    Safe to run twice at once.
    """
    from interagency.calendar.invitations.telling import write_due_invitations
    from interagency.db.base import db
    from interagency.following.digest import write_due_digests
    from interagency.following.urgent import write_urgent
    from interagency.matrix.cycles.answers import CycleRefusal
    from interagency.matrix.cycles.editions import all_editions
    from interagency.matrix.cycles.opening import months_to_open, open_cycle
    from interagency.matrix.cycles.reminders import write_due_reminders
    from interagency.operations.state import note_certificate, note_run
    from interagency.registry import registry
    from interagency.web.context import today, utc_now

    at, problem = utc_now(), None
    try:
        for month in months_to_open(db.session, today()):
            if open_cycle(db.session, month, at=at, zone=settings_of(app).zone, by=None):
                click.echo(f"{month}: opened")
    except CycleRefusal as refusal:
        db.session.rollback()
        problem = str(refusal)
    db.session.commit()
    if problem is None:
        written = write_due_reminders(db.session, at=at, sender=_sender(app))
        db.session.commit()
        click.echo(f"{written} reminders written")
    if invitations := write_due_invitations(db.session, at):
        click.echo(f"{invitations} mails to people invited written")
    db.session.commit()
    urgent = write_urgent(db.session, at=at)
    digests = write_due_digests(db.session, at=at)
    db.session.commit()
    click.echo(f"{digests} digests and {urgent} urgent mails written")
    for edition in all_editions(db.session)[:1]:
        registry.prepare_edition(db.session, edition.number)
    _sign(app)
    _send(app)
    note_certificate(db.session, settings_of(app), utc_now())
    note_run(db.session, "tick", utc_now(), problem=problem or "")
    if problem is not None:
        raise click.ClickException(problem)


def _sign(app: Flask) -> None:
    """Sign what could not be signed when it was made, and link audit entries that no server linked."""
    from sqlalchemy.exc import IntegrityError

    from interagency.db.audit_chain import link_entries
    from interagency.db.base import db
    from interagency.exports.signing import sign_what_is_not
    from interagency.signatures.keys import KeyRefusal
    from interagency.web.context import utc_now

    db.session.rollback()
    try:
        editions, hand_outs = sign_what_is_not(db.session, settings_of(app), utc_now())
        link_entries(db.session, all_of_them=True)
        db.session.commit()
    except (IntegrityError, KeyRefusal) as problem:
        db.session.rollback()
        click.echo(f"signatures: {problem if isinstance(problem, KeyRefusal) else 'another server signs'}", err=True)
        return
    if editions or hand_outs:
        click.echo(f"signed: {editions} editions, {hand_outs} hand-outs")


def _send(app: Flask) -> None:
    from interagency.db.base import db
    from interagency.mail.outbox import pending_count
    from interagency.mail.sending import send_outbox

    db.session.rollback()
    sent = send_outbox(db.session, settings_of(app))
    waiting = pending_count(db.session)
    db.session.rollback()
    note = "" if settings_of(app).mail_url else " (INTERAGENCY_MAIL_URL is not set)"
    withdrawn = f", {sent.withdrawn} taken back" if sent.withdrawn else ""
    click.echo(f"mails: {sent.sent} sent, {sent.failed} failed{withdrawn}, {waiting} waiting{note}")


@click.command()
@with_app
def check(app: Flask) -> None:
    """Verify what is kept: checksums and signatures of editions, hand-outs and files, the audit log, links, search."""
    import sqlalchemy as sa

    from interagency.db.audit_chain import chain_end, chain_problems
    from interagency.db.base import db
    from interagency.exports.matrix_workbook import damaged_files
    from interagency.exports.signing import problems as signature_problems
    from interagency.matrix.cycles.editions import all_editions, damaged_editions
    from interagency.search.upkeep import problems as search_problems
    from interagency.signatures.models import RecordSignature

    count = len(all_editions(db.session))
    problems = [*damaged_editions(db.session), *damaged_files(db.session), *_broken_links()]
    problems += [*signature_problems(db.session), *chain_problems(db.session)]
    # What is made from the records can be made again.
    unfit = list(search_problems(db.session))
    for problem in (*problems, *unfit):
        click.echo(problem, err=True)
    if problems:
        raise click.ClickException(f"{len(problems)} problems. Restore from a backup; nothing was changed.")
    if unfit:
        raise click.ClickException(f"{len(unfit)} problems of the search. Run: interagency search rebuild")
    click.echo(f"{count} editions: every checksum holds; records, links, history and search fit together")
    count = db.session.scalar(sa.select(sa.func.count()).select_from(RecordSignature)) or 0
    entries, digest = chain_end(db.session)
    click.echo(f"{count} signatures hold; {entries} audit entries are chained, the last digest is {digest}")


def _broken_links() -> list[str]:
    """A line for each foreign key that leads nowhere, and each record whose history says another version."""
    import sqlalchemy as sa

    from interagency.calendar.events.models import Event
    from interagency.db.base import db
    from interagency.db.history import Change
    from interagency.matrix.activities.models import Activity

    lines = []
    if db.engine.dialect.name == "sqlite":  # PostgreSQL refuses them at all times
        for table, row, parent, _key in db.session.execute(sa.text("PRAGMA foreign_key_check")):
            lines.append(f"{table} {row} leads to a missing {parent}")
    for model in (Activity, Event):
        newest = (
            sa.select(Change.record_id, sa.func.max(Change.record_version).label("version"))
            .where(Change.record_type == model.__tablename__)
            .group_by(Change.record_id)
            .subquery()
        )
        query = (
            sa.select(model.id, model.version, newest.c.version)
            .outerjoin(newest, newest.c.record_id == model.id)
            .where(sa.or_(newest.c.version.is_(None), newest.c.version > model.version))
        )
        for record_id, version, said in db.session.execute(query):
            history = f"says version {said}" if said else "is missing"
            lines.append(f"{model.__tablename__} {record_id} is at version {version}, its history {history}")
    return lines
