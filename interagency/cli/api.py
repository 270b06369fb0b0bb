"""The `interagency api` commands: tokens for programs that run on the service's own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interagency.cli.context import with_app

if TYPE_CHECKING:
    from flask import Flask

SCOPES = ("read", "write", "coordinate")


@click.group()
def api() -> None:
    """The API for programs."""


@api.command("token")
@click.argument("email")
@click.option("--label", required=True, help="What it is for.")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, default=["read"], show_default=True)
@click.option("--days", type=click.IntRange(1, 730), default=90, show_default=True, help="How long it lives.")
@with_app
def token(app: Flask, email: str, label: str, scopes: tuple[str, ...], days: int) -> None:
    """Make a token that acts for the account EMAIL and print it, once. The account page lists and revokes it."""
    from datetime import timedelta

    from interagency.accounts.models import Scope, TokenKind
    from interagency.accounts.queries import person_by_email
    from interagency.accounts.tokens import make_token
    from interagency.db.base import db as database
    from interagency.web.context import utc_now

    person = person_by_email(database.session, email)
    if person is None or not person.is_active:
        raise click.ClickException(f"There is no living account {email}. See: interagency account list")
    if "coordinate" in scopes and not person.is_coordinator:
        raise click.ClickException(f"{email} is no coordinator, so no token of theirs coordinates.")
    chosen = [Scope(name) for name in dict.fromkeys(scopes)]
    until = utc_now() + timedelta(days=days)
    _kept, made = make_token(database.session, TokenKind.API, person, label[:100], expires_at=until, scopes=chosen)
    database.session.commit()
    click.echo(made)
