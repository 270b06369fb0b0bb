"""The `interagency search` commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from interagency.cli.context import with_app

if TYPE_CHECKING:
    from flask import Flask


@click.group()
def search() -> None:
    """What records are found by."""


@search.command("rebuild")
@with_app
def rebuild(app: Flask) -> None:
    """Make the words of all records and the indexes over them again. People may go on working."""
    from interagency.db.base import db
    from interagency.search.upkeep import rebuild as make_again

    wrong = make_again(db.session)
    db.session.commit()
    click.echo(f"search: the indexes are made again; {wrong} records had other words than they should")
