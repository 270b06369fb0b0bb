"""The commands that set a service up: database, reference lists, demonstration."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from interagency.cli.context import settings_of, with_app
from interagency.cli.serve import serve

if TYPE_CHECKING:
    from flask import Flask


@click.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
@with_app
def db_upgrade(app: Flask) -> None:
    """Bring the database to the newest migration; do nothing when it is there."""
    from alembic.util import CommandError

    try:
        before, after = _upgrade(app)
    except CommandError as problem:
        if "Can't locate revision" not in str(problem):
            raise
        raise click.ClickException(
            "The database is of a newer version of the service than this one. Put that version in place, or restore "
            "the backup made before the upgrade."
        ) from None
    click.echo("Database: up to date" if before == after else f"Database: upgraded to {', '.join(sorted(after))}")
    prepare_signatures(app)


def _upgrade(app: Flask) -> tuple[set[str], set[str]]:
    """Migrate. Returns at which migrations the database was and is."""
    from interagency.db.base import alembic

    with app.app_context():  # its end lets alembic's connection go, which locks an SQLite file
        before = {script.revision for script in alembic.current()}
        alembic.upgrade()
        after = {script.revision for script in alembic.current()}
    return before, after


def prepare_signatures(app: Flask) -> None:
    """Make the first signing key; sign what was made before there was one, and say so."""
    from interagency.db.audit_chain import link_entries
    from interagency.db.base import db as database
    from interagency.exports.signing import sign_what_is_not
    from interagency.signatures.keys import KeyRefusal, prepare_key
    from interagency.web.context import utc_now

    try:
        click.echo(prepare_key(database.session, settings_of(app), utc_now()))
        editions, hand_outs = sign_what_is_not(database.session, settings_of(app), utc_now())
    except KeyRefusal as problem:
        raise click.ClickException(str(problem)) from None
    link_entries(database.session, all_of_them=True)
    database.session.commit()
    if editions or hand_outs:
        click.echo(f"Signed later than they were made: {editions} editions, {hand_outs} hand-outs")


@click.group()
def framework() -> None:
    """The reference lists."""


@framework.command("load")
@with_app
def framework_load(app: Flask) -> None:
    """Bring chapters, recommendations, SDGs, countries and organisations into line with the data files."""
    from interagency.db.base import db as database
    from interagency.matrix.agreement.load import load_audiences
    from interagency.matrix.framework.load import load_framework
    from interagency.matrix.organisations.load import load_organisations
    from interagency.search.upkeep import bring_up_to_date

    tallies = (
        *load_framework(database.session),
        load_organisations(database.session),
        load_audiences(database.session),
    )
    for tally in tallies:
        click.echo(str(tally))
    if any(tally.added or tally.changed for tally in tallies):  # records are found by these names, too
        click.echo(f"search: {bring_up_to_date(database.session)} records found by other names than before")
    database.session.commit()


@framework.command("texts")
@click.argument("language", type=click.Choice(["ar", "zh", "fr", "ru", "es"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_app
def framework_texts(app: Flask, language: str, file: Path) -> None:
    """Take the official text of the recommendations from resolution S-30/1 in LANGUAGE, a .docx or .txt FILE."""
    from hashlib import sha256

    from interagency.db.base import db as database
    from interagency.matrix.framework.resolution import TextNotRead, read_resolution
    from interagency.matrix.framework.texts import keep_texts

    try:
        body = file.read_bytes()
        texts = read_resolution(body, file.name)
    except OSError as problem:
        raise click.ClickException(f"{file}: {problem.strerror}") from None
    except TextNotRead as problem:
        raise click.ClickException(f"{file.name}: {problem}") from None
    keep_texts(database.session, language, texts, f"{file.name}, SHA-256 {sha256(body).hexdigest()}")
    database.session.commit()
    click.echo(f"{len(texts)} recommendations in {language}: official")


@click.command()
def init() -> None:
    """Migrate the database, make the signing key and load the reference lists."""
    context = click.get_current_context()
    context.invoke(db_upgrade)
    context.invoke(framework_load)


@click.command()
@with_app
def demo(app: Flask) -> None:
    """Load the sample data, the demo accounts and a year of use. What is there already stays as it is."""
    from interagency.db.base import db as database
    from interagency.matrix.cycles.months import first_day
    from interagency.sample.people import ACCOUNTS, add_people
    from interagency.sample.year import add_year, first_month, load_records
    from interagency.web.context import utc_now

    at, settings = utc_now(), settings_of(app)
    for line in load_records(database.session, at=at, zone=settings.zone, progress=click.echo):
        click.echo(line)
    database.session.commit()
    made = add_people(database.session, settings.demo_password, first_day(first_month(at, settings.zone)))
    click.echo(f"demo accounts: {made} added, {len(ACCOUNTS) - made} left as they were")
    for line in add_year(database.session, at=at, zone=settings.zone, base_url=settings.base_url):
        click.echo(line)


def keep_secret(path: Path, made: str) -> str:
    """The secret in the file `path`, which is made with `made` and readable by its owner alone if missing."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(made + "\n")
    return made


@click.command()
@click.option("--port", default=8000, show_default=True, help="Where to listen on 127.0.0.1.")
def run(port: int) -> None:
    """Set everything up, load the sample data and serve: what `make run` calls."""
    from interagency.sample.people import ACCOUNTS
    from interagency.settings import SettingError, read_settings

    try:
        folder = read_settings().data_folder
    except SettingError as error:
        raise click.ClickException(str(error)) from None
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("INTERAGENCY_SECRET_KEY", keep_secret(folder / "secret-key", secrets.token_urlsafe(48)))
    own = os.environ.get("INTERAGENCY_DEMO_PASSWORD")
    password = own or keep_secret(folder / "demo-password", secrets.token_urlsafe(9))
    os.environ["INTERAGENCY_DEMO_PASSWORD"] = password
    os.environ.setdefault("INTERAGENCY_BASE_URL", f"http://127.0.0.1:{port}")
    context = click.get_current_context()
    for command in (db_upgrade, framework_load, demo):
        context.invoke(command)
    click.echo(f"\nOpen http://127.0.0.1:{port} and sign in with one of:")
    for email, name, _role, _entity in ACCOUNTS:
        click.echo(f"  {email:<26} {name}")
    click.echo(f"Password of all of them: {password}\nStop with Ctrl-C.\n")
    context.invoke(serve, bind=f"127.0.0.1:{port}", workers=2, threads=8)
