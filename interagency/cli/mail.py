"""The `interagency mail` commands: what a scheduler calls to take in the answers to invitations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interagency.cli.context import settings_of, with_app

if TYPE_CHECKING:
    from flask import Flask


@click.group()
def mail() -> None:
    """Mails that come in: answers to invitations."""


@mail.command("receive")
@with_app
def receive(app: Flask) -> None:
    """Take in the answers that came into the folder of INTERAGENCY_IMAP_URL.

    For a scheduler, every ten minutes. Safe to run twice at once.
    """
    from interagency.calendar.invitations.collecting import collect
    from interagency.calendar.invitations.mailbox import MailboxNotRead
    from interagency.db.base import db
    from interagency.web.context import utc_now

    url = settings_of(app).imap_url
    if not url:
        click.echo("no mails are read (INTERAGENCY_IMAP_URL is not set)")
        return
    try:
        counts = collect(db.session, url, utc_now)
    except MailboxNotRead as problem:
        db.session.rollback()
        raise click.ClickException(f"The mailbox cannot be read: {problem}") from None
    words = ", ".join(f"{number} {outcome.value}" for outcome, number in sorted(counts.items()))
    click.echo(f"mails: {counts.total()} new{': ' if words else ''}{words}")
