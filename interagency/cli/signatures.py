"""The `interagency keys` commands, and `verify`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from interagency.cli.context import settings_of, with_app

if TYPE_CHECKING:
    from flask import Flask


@click.group()
def keys() -> None:
    """The keys that editions, hand-outs and their files are signed with."""


@keys.command("list")
@with_app
def list_keys(app: Flask) -> None:
    """Every public key with the days it counts; a star before the one this server signs with."""
    from interagency.db.base import db
    from interagency.signatures.keys import KeyRefusal, published_keys, read_private_key

    try:
        own = read_private_key(settings_of(app))
    except KeyRefusal as problem:
        raise click.ClickException(str(problem)) from None
    for one in published_keys(db.session):
        mark = "*" if own is not None and own.id == one["id"] else " "
        click.echo(f"{mark} {one['id']}\t{one['public']}\tfrom {one['from']}\tuntil {one['until'] or 'now'}")


@keys.command("rotate")
@click.option("--lost", is_flag=True, help="The key in use is gone or was stolen: it does not vouch for the new one.")
@with_app
def rotate_key(app: Flask, lost: bool) -> None:
    """Make a new key, which the one in use vouches for. What was signed stays so, by the old key."""
    from interagency.db.base import db
    from interagency.db.history import audit
    from interagency.signatures.keys import KeyRefusal, rotate
    from interagency.web.context import utc_now

    try:
        key_id, path = rotate(db.session, settings_of(app), utc_now(), lost=lost)
    except (KeyRefusal, OSError) as problem:
        raise click.ClickException(str(problem)) from None
    audit(db.session, "keys.rotated", by_name="command line", key=key_id, lost=lost)
    db.session.commit()
    if settings_of(app).signing_key:
        click.echo(f"Key {key_id} is in {path}. Within a day: make its text INTERAGENCY_SIGNING_KEY on every server,")
        click.echo("restart them, run `interagency init`, and delete the file.")
    else:
        click.echo(f"Key {key_id} is in use from now on. Copy {path} to the other servers, if there are any.")


@click.command("verify")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--keys", "known", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The public keys you know."
)
def verify_command(files: tuple[Path, ...], known: Path | None) -> None:
    """Verify FILES by the .sig files beside them, without the service; of editions their chain too."""
    from interagency.signatures import verify

    sys.argv = ["verify", *(["--keys", str(known)] if known else []), *map(str, files)]
    runpy.run_path(verify.__file__, run_name="__main__")
