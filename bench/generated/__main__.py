"""Fill the empty database of the settings: `python -m bench.generated --activities 2000 --events 1000`."""

from __future__ import annotations

import click
from flask import Flask

from bench.generated.generate import NotEmptyError, Wanted, generate
from interagency.cli.context import settings_of, with_app
from interagency.db.base import db, now


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--activities", type=click.IntRange(0, 1_000_000), required=True)
@click.option("--events", type=click.IntRange(0, 1_000_000), required=True)
@click.option("--entities", type=click.IntRange(1, 500), default=11, show_default=True)
@click.option("--years", type=click.IntRange(1, 30), default=5, show_default=True, help="How far back it reaches.")
@click.option("--editions", type=click.IntRange(0, 24), default=3, show_default=True, help="Months closed before this.")
@click.option("--seed", default="1", show_default=True, help="The same seed gives the same facts.")
@click.option("--add", is_flag=True, help="Add to a database that holds records.")
@with_app
def main(
    app: Flask, activities: int, events: int, entities: int, years: int, editions: int, seed: str, add: bool
) -> None:
    """Fill an empty database with activities, events, histories, closed months and feeds.

    The database is the one of the INTERAGENCY_* settings, after `interagency init`.
    """
    settings = settings_of(app)
    try:
        generate(
            db.session,
            Wanted(activities, events, entities, years, seed, editions),
            at=now(),
            zone=settings.zone,
            password=settings.demo_password,
            add=add,
            progress=click.echo,
        )
    except NotEmptyError as refusal:
        raise click.ClickException(str(refusal)) from None


if __name__ == "__main__":
    main()
