"""The commands that keep the data safe: backup, restore, and moving to another database."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from interagency.cli.context import with_app

if TYPE_CHECKING:
    from flask import Flask


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup_command(file: Path) -> None:
    """Copy everything to FILE, consistently, while people work."""
    from interagency.operations.backup import BackupRefusal, backup, restore_obstacles
    from interagency.settings import SettingError, read_settings

    try:
        settings = read_settings()
        digest = backup(settings, file)
        obstacles = restore_obstacles(settings)
    except (BackupRefusal, SettingError, OSError) as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(f"Wrote {file}, SHA-256 of the database {digest}")
    try:
        _note_backup(digest)
    except click.ClickException as problem:
        click.echo(f"The backup is good, but it could not be noted in the audit log: {problem.message}", err=True)
    if obstacles:
        words = " ".join(obstacles)
        raise click.ClickException(f"The backup was written, but could not be restored here by the same role. {words}")


@with_app
def _note_backup(app: Flask, digest: str) -> None:
    """Tell the audit log, and through it the measures, that a backup was made."""
    from interagency.db.base import db
    from interagency.db.history import audit

    audit(db.session, "backup.made", by_name="command line", sha256=digest)
    db.session.commit()


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Replace a database that holds something. Stop the service first.")
def restore_command(file: Path, replace: bool) -> None:
    """Bring a backup back; a damaged one is refused, and whatever fails, what was there stays."""
    from interagency.operations.backup import BackupRefusal, restore
    from interagency.settings import SettingError, read_settings

    try:
        settings = read_settings()
        settings.data_folder.mkdir(parents=True, exist_ok=True)
        manifest = restore(settings, file, replace=replace)
    except (BackupRefusal, SettingError, OSError) as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(f"Restored the backup of {manifest['made_at']}. Next: interagency db upgrade, then interagency check")


@click.command("copy-to")
@click.argument("url")
@click.option("--replace", is_flag=True, help="Replace what the target holds; if it fails, that stays.")
def copy_command(url: str, replace: bool) -> None:
    """Copy the whole database into the one at URL, such as postgresql+psycopg://user@host/name, and compare.

    Stop the service first: what is saved during and after the copy stays behind.
    """
    from interagency import create_app
    from interagency.operations.backup import BackupRefusal
    from interagency.operations.copying import CopyRefusal, copy_to
    from interagency.settings import SettingError, read_settings

    try:
        done = copy_to(
            read_settings(), url, create_app=partial(create_app, patient=True), replace_target=replace, tell=click.echo
        )
    except (BackupRefusal, CopyRefusal, SettingError, OSError) as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(f"Copied {done.rows} rows of {done.tables} tables; every value was compared and is equal.")
    click.echo("Next: set INTERAGENCY_DATABASE_URL to the new address, then interagency check")
