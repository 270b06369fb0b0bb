"""The `interagency account` commands: who may come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interagency.cli.context import settings_of, with_app

if TYPE_CHECKING:
    from flask import Flask

    from interagency.accounts.models import Person


@click.group()
def account() -> None:
    """People and their accounts."""


@account.command("list")
@with_app
def account_list(app: Flask) -> None:
    """Everybody with an account."""
    from interagency.accounts.queries import all_people
    from interagency.db.base import db as database
    from interagency.matrix.organisations.queries import entities_of
    from interagency.web.context import today

    for person in all_people(database.session):
        for_whom = ", ".join(entity.short for entity in entities_of(database.session, person, today()))
        state = "" if person.is_active else " (disabled)"
        click.echo(f"{person.email}\t{person.name}\t{person.role.value}\t{for_whom}{state}")


def _person(email: str) -> Person:
    from interagency.accounts.queries import person_by_email
    from interagency.db.base import db as database

    person = person_by_email(database.session, email)
    if person is None:
        raise click.ClickException(f"There is no account {email}. See: interagency account list")
    return person


@account.command("invite")
@click.argument("email")
@click.option("--name", default="", help="The person's name; needed for a new account.")
@click.option("--role", type=click.Choice(["reader", "coordinator", "administrator"]), default="reader")
@click.option("--entity", "key", default="", help="Appoint as focal point of this entity from today on, e.g. who.")
@with_app
def account_invite(app: Flask, email: str, name: str, role: str, key: str) -> None:
    """Make an account if it is missing and print a one-time link to choose a password; earlier links end."""
    from interagency.accounts.links import invite
    from interagency.accounts.models import Role
    from interagency.db.base import db as database
    from interagency.matrix.organisations.appointments import appoint, appointed
    from interagency.matrix.organisations.queries import Directory
    from interagency.web.context import today, utc_now

    try:
        person, address = invite(
            database.session, email, name, Role(role), base_url=settings_of(app).base_url, at=utc_now(), by=None
        )
        entity = Directory(database.session).find(key) if key else None
        if entity is not None and appointed(database.session, person, entity, today(), today()) is None:
            appoint(database.session, person, entity, today(), None, by=None)
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    database.session.commit()
    if person.role is not Role(role):
        click.echo(f"{person.email}: has an account already and stays {person.role.value}. Change it under /people.")
    click.echo(f"{person.email}: invited. The link works once, for seven days:\n{address}")


@account.command("reset")
@click.argument("email")
@click.option("--second-factor", is_flag=True, help="Take the second factor away too, for who lost it.")
@with_app
def account_reset(app: Flask, email: str, second_factor: bool) -> None:
    """End all sessions of an account and print a one-time link to choose a new password."""
    from interagency.accounts import second_factor as factor
    from interagency.accounts.links import reset
    from interagency.db.base import db as database
    from interagency.web.context import utc_now

    person = _person(email)
    try:
        address = reset(database.session, person, base_url=settings_of(app).base_url, at=utc_now(), by=None)
        if second_factor and person.totp_secret:
            factor.reset(person, by=None, at=utc_now())
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    database.session.commit()
    click.echo(f"{person.email}: signed out everywhere. The link works once, for one day:\n{address}")


@account.command("disable")
@click.argument("email")
@with_app
def account_disable(app: Flask, email: str) -> None:
    """Close an account: its sessions and feeds end at once; what the person did stays."""
    from interagency.accounts.links import disable
    from interagency.db.base import db as database
    from interagency.web.context import utc_now

    person = _person(email)
    disable(database.session, person, by=None, at=utc_now())
    database.session.commit()
    click.echo(f"{person.email}: disabled")
