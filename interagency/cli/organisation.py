"""The `interagency organisation` commands: the directory of entities and partners, by the functions of its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from interagency.cli.context import with_app

if TYPE_CHECKING:
    from datetime import date

    from flask import Flask

    from interagency.matrix.organisations.directory import Act
    from interagency.matrix.organisations.models import Organisation

_DAY = "The day, e.g. 2026-12-01; today without it."


@click.group()
def organisation() -> None:
    """Entities and partners: their names, kinds and days. An organisation is named by its key, acronym or any name."""


@organisation.command("list")
@click.option("--kind", default="", help="Only of one kind, e.g. private_sector.")
@click.option("--all", "everything", is_flag=True, help="Those retired, proposed, refused and merged too.")
@with_app
def organisation_list(app: Flask, kind: str, everything: bool) -> None:
    """The directory: key, acronym, name, kind, other names and state, between tabs."""
    from interagency.db.base import db as database
    from interagency.matrix.organisations.directory import read_kind
    from interagency.matrix.organisations.queries import all_organisations

    try:
        wanted = read_kind(kind) if kind else None
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    everyone = all_organisations(database.session)
    keys = {one.id: one.key for one in everyone}
    for one in everyone:
        if wanted not in (None, one.kind) or not (everything or (one.retired_on is None and not one.is_proposed)):
            continue
        others = "; ".join(name.name for name in one.names)
        click.echo("\t".join([one.key, one.acronym or "", one.name, one.kind.value, others, _state(one, keys)]))


def _state(one: Organisation, keys: dict[int, str]) -> str:
    if one.merged_into_id is not None:
        return f"merged into {keys[one.merged_into_id]}"
    if one.is_proposed:
        return "refused" if one.is_refused else "proposed"
    return f"retired on {one.retired_on}" if one.retired_on else ""


@organisation.command("add")
@click.argument("name")
@click.option("--acronym", default="", help="Its acronym, where it has one.")
@click.option(
    "--kind", required=True, help="un_entity, un_body, regional_organisation, civil_society, private_sector …"
)
@click.option("--country", default="", help="Of a government: its country.")
@with_app
def organisation_add(app: Flask, name: str, acronym: str, kind: str, country: str) -> None:
    """Add an organisation. One of this very name and kind is left as it is."""
    from interagency.db.base import db as database
    from interagency.matrix.organisations.directory import add
    from interagency.matrix.organisations.queries import Directory

    there = Directory(database.session).known(name)
    if there is not None and (there.name, there.kind.value) == (name, kind) and there.retired_on is None:
        click.echo(f"{there.key}: is there already")
        return
    made = _done(lambda act: add(database.session, act, name=name, acronym=acronym, kind=kind, country=country))
    click.echo(f"{made.key}: added")


@organisation.command("rename")
@click.argument("which")
@click.argument("name")
@click.option("--acronym", default=None, help="Its new acronym; without it the acronym stays, '' takes it away.")
@click.option("--day", default="", help=_DAY)
@click.option("--correction", is_flag=True, help="It was only misspelt: the old spelling is no former name.")
@with_app
def organisation_rename(app: Flask, which: str, name: str, acronym: str | None, day: str, correction: bool) -> None:
    """Call an organisation otherwise from a day on; its former name is kept and found."""
    from interagency.db.base import db as database
    from interagency.matrix.organisations.directory import rename

    one = _find(which)
    short = (one.acronym or "") if acronym is None else acronym
    since = _day(day)
    if (one.name, one.acronym or "") == (name, short):
        click.echo(f"{one.key}: is called so already")
        return
    _done(lambda act: rename(database.session, one, act, name=name, acronym=short, day=since, correction=correction))
    click.echo(f"{one.key}: is called {one.full} now")


@organisation.command("merge")
@click.argument("which")
@click.argument("into")
@click.option("--undo", is_flag=True, help="Take the merging of WHICH into INTO back.")
@with_app
def organisation_merge(app: Flask, which: str, into: str, undo: bool) -> None:
    """Let everything that names WHICH name INTO: the two are one."""
    from interagency.db.base import db as database
    from interagency.matrix.organisations.merging import merge, unmerge

    other = _find(into)
    one = _find(which, merged=True)
    if undo:
        moved = _done(lambda act: unmerge(database.session, one, act))
        click.echo(f"{one.key}: is no longer {other.key}; {_said(moved)}")
        return
    if one.merged_into_id == other.id:
        click.echo(f"{one.key}: is merged into {other.key} already")
        return
    moved = _done(lambda act: merge(database.session, one, other, act))
    click.echo(f"{one.key}: is {other.key} now; {_said(moved)}")


def _said(moved: dict[str, int]) -> str:
    return ", ".join(f"{name} records changed: {number}" for name, number in moved.items())


@organisation.command("retire")
@click.argument("which")
@click.option("--day", default="", help=_DAY)
@click.option("--undo", is_flag=True, help="Take it back into use.")
@with_app
def organisation_retire(app: Flask, which: str, day: str, undo: bool) -> None:
    """Let nobody choose an organisation anew. Records and editions keep it."""
    from interagency.db.base import db as database
    from interagency.matrix.organisations.directory import retire, unretire

    one = _find(which)
    last = _day(day)
    if undo:
        if one.retired_on is None:
            click.echo(f"{one.key}: is not retired")
            return
        _done(lambda act: unretire(database.session, one, act))
        click.echo(f"{one.key}: is in use again")
        return
    if one.retired_on is not None and last in (None, one.retired_on):
        click.echo(f"{one.key}: was retired on {one.retired_on} already")
        return
    _done(lambda act: retire(database.session, one, act, day=last))
    click.echo(f"{one.key}: retired on {one.retired_on}")


def _find(text: str, *, merged: bool = False) -> Organisation:
    """The organisation of this key or name; with `merged` also one that is another by now."""
    import sqlalchemy as sa

    from interagency.db.base import db as database
    from interagency.matrix.organisations.models import Organisation
    from interagency.matrix.organisations.queries import Directory

    if merged:
        found = database.session.scalar(sa.select(Organisation).where(Organisation.key == text))
        if found is not None:
            return found
    try:
        return Directory(database.session).find(text)
    except ValueError as problem:
        raise click.ClickException(f"{problem} See: interagency organisation list --all") from None


def _day(text: str) -> date | None:
    from interagency.text.typed_dates import read_one_day

    try:
        return read_one_day(text)
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None


def _done(change: Callable[[Act], Any]) -> Any:
    """What `change` gives, committed; a refusal is one clear line."""
    from interagency.db.base import db as database
    from interagency.matrix.activities.record import StaleVersionError
    from interagency.matrix.organisations.directory import Act
    from interagency.web.context import today

    try:
        made = change(Act(None, today()))
        database.session.commit()
    except ValueError as problem:
        database.session.rollback()
        raise click.ClickException(str(problem)) from None
    except StaleVersionError:
        database.session.rollback()
        raise click.ClickException("A record was saved at the same moment. Nothing was done; try again.") from None
    return made
