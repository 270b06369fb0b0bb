"""The `interagency` command. Each command is a thin door: safe to run twice, one line when it fails."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from interagency.cli_cycle import check, cycle
from interagency.cli_data import backup_command, copy_command, restore_command
from interagency.cli_serve import serve
from interagency.command import settings_of, with_app
from interagency.search.commands import search

if TYPE_CHECKING:
    from flask import Flask


DEMO_ACCOUNTS = (
    ("coordinator@example.org", "Clara Coordinator", "coordinator", None),
    ("focal.who@example.org", "Farida Who", "reader", "who"),
    ("focal.undp@example.org", "Felix Undp", "reader", "undp"),
    ("focal.unodc@example.org", "Fumiko Unodc", "reader", "unodc"),
    ("reader@example.org", "Rui Reader", "reader", None),
    ("admin@example.org", "Ada Admin", "administrator", None),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Matrix of activities, joint calendar and monthly cycle of the UN entities."""


main.add_command(cycle)
main.add_command(check)
for _command in (serve, backup_command, restore_command, copy_command, search):
    main.add_command(_command)


@main.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
@with_app
def db_upgrade(app: Flask) -> None:
    """Bring the database to the newest migration; do nothing when it is there."""
    from interagency.database import alembic

    with app.app_context():  # its end lets alembic's connection go, which locks an SQLite file
        before = {script.revision for script in alembic.current()}
        alembic.upgrade()
        after = {script.revision for script in alembic.current()}
    _ready_feeds(app)
    click.echo("Database: up to date" if before == after else f"Database: upgraded to {', '.join(sorted(after))}")


def _ready_feeds(app: Flask) -> None:
    """Keep the bytes of events that have none, or of an earlier version: readers need not wait for them."""
    from interagency.calendar.blocks import keep_missing
    from interagency.database import db as database

    made = keep_missing(database.session, settings_of(app).base_url)
    if made:
        click.echo(f"{made} events made ready for feeds")


@main.group()
def framework() -> None:
    """The reference lists."""


@framework.command("load")
@with_app
def framework_load(app: Flask) -> None:
    """Bring chapters, recommendations, SDGs, countries and organisations into line with the data files."""
    from interagency.database import db as database
    from interagency.matrix.framework.load import load_framework
    from interagency.matrix.organisations.load import load_organisations
    from interagency.search.upkeep import bring_up_to_date

    tallies = (*load_framework(database.session), *load_organisations(database.session))
    for tally in tallies:
        click.echo(str(tally))
    if any(tally.added or tally.changed for tally in tallies):  # records are found by these names, too
        click.echo(f"search: {bring_up_to_date(database.session)} records found by other names than before")
    database.session.commit()
    _ready_feeds(app)


@main.command()
@with_app
def demo(app: Flask) -> None:
    """Load the sample data and the demo accounts. What is there already stays as it is."""
    from interagency.database import db as database
    from interagency.sample.load import load_sample
    from interagency.sample.months import add_months
    from interagency.web import instant

    for line in load_sample(database.session, progress=click.echo):
        click.echo(line)
    database.session.commit()
    password = settings_of(app).demo_password
    made = _demo_accounts(app, password)
    click.echo(f"demo accounts: {made} added, {len(DEMO_ACCOUNTS) - made} left as they were")
    for line in add_months(database.session, at=instant(), zone=settings_of(app).zone):
        click.echo(line)


@main.group()
def sample() -> None:
    """Made-up data of any size."""


@sample.command("generate")
@click.option("--activities", type=click.IntRange(0, 1_000_000), required=True)
@click.option("--events", type=click.IntRange(0, 1_000_000), required=True)
@click.option("--entities", type=click.IntRange(1, 500), default=11, show_default=True)
@click.option("--years", type=click.IntRange(1, 30), default=5, show_default=True, help="How far back it reaches.")
@click.option("--editions", type=click.IntRange(0, 24), default=3, show_default=True, help="Months closed before this.")
@click.option("--seed", default="1", show_default=True, help="The same seed gives the same facts.")
@click.option("--add", is_flag=True, help="Add to a database that holds records.")
@with_app
def sample_generate(
    app: Flask, activities: int, events: int, entities: int, years: int, editions: int, seed: str, add: bool
) -> None:
    """Fill an empty database with activities, events, histories, closed months and feeds."""
    from interagency.database import db as database
    from interagency.sample.generate import NotEmptyError, Wanted, generate
    from interagency.web import instant

    settings = settings_of(app)
    wanted = Wanted(activities, events, entities, years, seed, editions)
    try:
        generate(
            database.session,
            wanted,
            at=instant(),
            zone=settings.zone,
            base_url=settings.base_url,
            password=settings.demo_password,
            add=add,
            progress=click.echo,
        )
    except NotEmptyError as refusal:
        raise click.ClickException(str(refusal)) from None


def _demo_accounts(app: Flask, password: str) -> int:
    """Add the demo accounts that are missing; with a password set, give it to all of them."""
    from interagency.accounts.models import Person, Role, password_is_right
    from interagency.accounts.queries import person_by_email
    from interagency.database import db as database
    from interagency.matrix.organisations.models import Appointment
    from interagency.matrix.organisations.queries import Directory

    directory = Directory(database.session)
    made = 0
    for email, name, role, entity in DEMO_ACCOUNTS:
        person = person_by_email(database.session, email)
        if person is None:
            person = Person(email=email, name=name, role=Role(role), session_epoch=0)
            database.session.add(person)
            database.session.flush()
            if entity:
                database.session.add(
                    Appointment(person_id=person.id, entity_id=directory.find(entity).id, first_day=date(2026, 1, 1))
                )
            made += 1
        if password and not password_is_right(person, password):
            person.set_password(password)
    database.session.commit()
    return made


def keep_secret(path: Path, made: str) -> str:
    """The secret in the file `path`, which is made with `made` and readable by its owner alone if missing."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(made + "\n")
    return made


@main.command()
@click.option("--port", default=8000, show_default=True, help="Where to listen on 127.0.0.1.")
def run(port: int) -> None:
    """Set everything up, load the sample data and serve: what `make run` calls."""
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
    for email, name, _role, _entity in DEMO_ACCOUNTS:
        click.echo(f"  {email:<26} {name}")
    click.echo(f"Password of all of them: {password}\nStop with Ctrl-C.\n")
    context.invoke(serve, bind=f"127.0.0.1:{port}", workers=2, threads=8)


@main.group("audience")
def audience() -> None:
    """Whom something may be shared with."""


@audience.command("add")
@click.argument("key")
@click.argument("name")
@with_app
def audience_add(app: Flask, key: str, name: str) -> None:
    """Add an audience; nothing is shared with it until entities agree."""
    import re

    import sqlalchemy as sa

    from interagency.database import db as database
    from interagency.matrix.agreement.models import Audience
    from interagency.matrix.agreement.statements import audiences

    if not re.fullmatch(r"[a-z][a-z0-9-]{1,39}", key):
        raise click.ClickException("The key is of small letters, digits and hyphens, such as world-bank.")
    known = audiences(database.session)
    if any(one.key == key for one in known):
        click.echo(f"{key}: there already")
        return
    database.session.add(Audience(key=key, name=" ".join(name.split())[:200], position=len(known)))
    try:
        database.session.commit()
    except sa.exc.IntegrityError:
        raise click.ClickException(f"There is an audience called “{name}” already.") from None
    click.echo(f"{key}: added")


@main.group()
def export() -> None:
    """What leaves the house."""


@export.command("matrix")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The workbook to write.")
@click.option("--filter", "query", default="", help="A query string as in the browser, e.g. 'entity=WHO&chapter=1'.")
@click.option(
    "--edition", "month", default="", help="The edition of a month, e.g. 2026-08, instead of the current matrix."
)
@click.option("--audience", default="", help="Only what was agreed for an audience: commission, regional, …")
@with_app
def export_matrix(app: Flask, out: Path, query: str, month: str, audience: str) -> None:
    """Write the current matrix, an edition, or what an audience may see of one, as a workbook."""
    if audience:
        if query:
            raise click.ClickException("What an audience may see is written whole: leave --filter out.")
        _export_for_audience(out, month, audience)
        return
    if month:
        if query:
            raise click.ClickException("An edition is written whole: leave --filter out.")
        _export_edition(out, month)
        return
    from urllib.parse import parse_qsl

    from werkzeug.datastructures import MultiDict

    from interagency.database import db as database
    from interagency.exports.matrix import write_current_matrix
    from interagency.matrix.filters import read_filters

    filters = read_filters(database.session, MultiDict(parse_qsl(query)))
    if filters.problems:
        raise click.ClickException(" ".join(filters.problems))
    _write_whole(
        out,
        lambda file: write_current_matrix(
            file, database.session, filters, mine=[], made_by="command line", settings=settings_of(app)
        ),
    )
    _note("matrix", filters=filters.query_string())
    click.echo(f"Wrote {out}")


@export.command("note")
@click.option("--session", "meeting", required=True, help="The session it is for, e.g. 'CND 70'.")
@click.option("--from", "first", required=True, help="The first month, e.g. 2026-01.")
@click.option("--to", "last", required=True, help="The last month, e.g. 2026-12.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The .docx to write.")
@with_app
def export_note(app: Flask, meeting: str, first: str, last: str, out: Path) -> None:
    """Draft the Note by the Secretariat from what was agreed for the Commission."""
    from io import BytesIO

    from interagency.database import db as database
    from interagency.exports.note import NoteRefusal, write_note
    from interagency.matrix.cycles.months import MonthNotUnderstood, read_month
    from interagency.web import today

    body = BytesIO()
    try:
        drafted = write_note(
            body,
            database.session,
            meeting=meeting,
            first_month=read_month(first),
            last_month=read_month(last),
            day=today(),
        )
    except (NoteRefusal, MonthNotUnderstood) as problem:
        raise click.ClickException(str(problem)) from None
    _write_whole(out, lambda file: file.write(body.getvalue()))
    _note("note", meeting=meeting)
    used = f"{drafted.paragraphs} activities of edition {drafted.edition}"
    click.echo(f"Wrote {out}: {used}, {drafted.unused} agreed ones not used")


def _export_for_audience(out: Path, month: str, key: str) -> None:
    from interagency.database import db as database
    from interagency.exports.external.content import Form
    from interagency.exports.external.files import workbook
    from interagency.exports.external.hand_outs import prepare
    from interagency.history import audit
    from interagency.matrix.agreement.statements import audiences
    from interagency.matrix.cycles.editions import newest_edition
    from interagency.matrix.cycles.months import MonthNotUnderstood, read_month
    from interagency.web import today

    offered = audiences(database.session)
    audience = next((one for one in offered if key in (one.key, one.name)), None)
    if audience is None:
        raise click.ClickException(f"There is no audience {key}. Choose: {', '.join(one.key for one in offered)}.")
    try:
        edition = newest_edition(database.session, read_month(month) if month else None)
    except MonthNotUnderstood as problem:
        raise click.ClickException(str(problem)) from None
    if edition is None:
        raise click.ClickException("There is no such edition: the month has not been closed.")
    content, passed = prepare(database.session, edition, audience, Form.FULL, None, today())
    body = workbook(content)
    _write_whole(out, lambda file: file.write(body))
    audit(database.session, "exported", by_name="command line", audience=audience.key, edition=edition.number)
    database.session.commit()
    click.echo(f"Wrote {out}: {len(passed.activities)} activities, {len(passed.withheld)} records withheld")


def _export_edition(out: Path, month: str) -> None:
    from interagency.database import db as database
    from interagency.exports.matrix import edition_workbook
    from interagency.matrix.cycles.editions import newest_edition
    from interagency.matrix.cycles.months import MonthNotUnderstood, read_month

    try:
        edition = newest_edition(database.session, read_month(month))
        if edition is None:
            raise click.ClickException(f"There is no edition of {month}: the month has not been closed.")
        body, _checksum = edition_workbook(database.session, edition)
    except MonthNotUnderstood as problem:
        raise click.ClickException(str(problem)) from None
    except ValueError as damage:
        raise click.ClickException(f"The edition of {month} {damage}. Run: interagency check") from None
    _write_whole(out, lambda file: file.write(body))
    _note("matrix", edition=month)
    click.echo(f"Wrote {out}")


def _note(what: str, **details: str) -> None:
    """Keep in the audit log that something left the house."""
    from interagency.database import db as database
    from interagency.history import audit

    database.session.rollback()
    audit(database.session, "exported", by_name="command line", what=what, **details)
    database.session.commit()


def _write_whole(out: Path, write: Callable[[Any], None]) -> None:
    """Write a file whole or not at all."""
    part = out.with_name(out.name + ".part")
    try:
        with part.open("wb") as file:
            write(file)
        part.replace(out)
    except OSError as error:
        raise click.ClickException(f"Could not write {out}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


@main.group("import")
def import_() -> None:
    """What comes into the house."""


@import_.command("matrix")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what it would do and write nothing.")
@click.option("--as", "email", default="", help="Whose rights hold, by e-mail address; without it all may be changed.")
@with_app
def import_matrix(app: Flask, file: Path, dry_run: bool, email: str) -> None:
    """Take a matrix sent back as a workbook or CSV in; conflicts and likely duplicates are left out and told."""
    from interagency.accounts.queries import person_by_email
    from interagency.database import db as database
    from interagency.exports.incoming.apply import apply, counts, preview
    from interagency.exports.incoming.compare import Rights
    from interagency.exports.incoming.reading import FileNotRead
    from interagency.matrix.organisations.queries import entities_of
    from interagency.web import instant, today

    person = person_by_email(database.session, email) if email else None
    if email and (person is None or not person.is_active):
        raise click.ClickException(f"There is no account {email}.")
    mine = tuple(entities_of(database.session, person, today())) if person else ()
    rights = Rights(person, mine)
    try:
        kept = preview(database.session, file.read_bytes(), file.name, rights)
    except FileNotRead as problem:
        raise click.ClickException(str(problem)) from None
    rows = kept.preview["rows"]
    for note in kept.preview["notes"]:
        click.echo(note)
    for row in rows:
        if row["outcome"] == "unchanged" and not row["cells"]:
            continue
        click.echo(f"row {row['number']}: {row['outcome']}: {row['title']} {row['reason']}".rstrip())
        for cell in row["cells"]:
            told = f" ({cell['reason']})" if cell["reason"] else ""
            click.echo(
                f"  {cell['letter']}{row['number']} {cell['title']}: {cell['state']}: {cell['sent'][:100]}{told}"
            )
    click.echo(", ".join(f"{number} {name}" for name, number in counts(rows).items()))
    if dry_run:
        database.session.rollback()
        click.echo("dry run: nothing was written")
        return
    numbers = apply(database.session, kept, rights, rows=None, answers={}, at=instant())
    database.session.commit()
    click.echo(", ".join(f"{number} {name}" for name, number in numbers.items()))


@main.group()
def calendar() -> None:
    """The joint calendar."""


@calendar.command("feed")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The .ics to write.")
@click.option("--all", "whole_past", is_flag=True, help="The whole past too.")
@with_app
def calendar_feed(app: Flask, out: Path, whole_past: bool) -> None:
    """Write the whole calendar as an iCalendar file."""
    from interagency.calendar.subscriptions import build_feed
    from interagency.database import db as database
    from interagency.matrix.filters import Filters

    base = settings_of(app).base_url
    made = build_feed(database.session, Filters(), [], "UN interagency calendar", f"{base}/calendar", base, whole_past)
    _write_whole(out, lambda file: file.write(made.body))
    _note("calendar")
    click.echo(f"Wrote {out}")


@calendar.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what it would do and write nothing.")
@click.option("--entity", "key", default="", help="The entity new events are given to, e.g. who.")
@with_app
def calendar_import(app: Flask, file: Path, dry_run: bool, key: str) -> None:
    """Take the events of an .ics file in: new ones, and newer versions of known ones."""
    from interagency.calendar.ics import LARGEST_FILE, CalendarNotRead
    from interagency.calendar.ics_apply import apply
    from interagency.calendar.ics_import import Importer, chosen_by_default, preview
    from interagency.database import db as database
    from interagency.matrix.organisations.queries import Directory

    try:
        organiser = Directory(database.session).find(key) if key else None
        if file.stat().st_size > LARGEST_FILE:
            raise CalendarNotRead("The file is larger than 20 MB. Export a shorter period, or send it in parts.")
        importer = Importer(None, (), organiser)
        kept = preview(database.session, file.read_bytes(), file.name, importer, settings_of(app).timezone)
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    items = kept.result["items"]
    for item in items:
        reasons = [item.get("reason", ""), item.get("conflict", ""), *item["notes"]]
        reasons += [f"likely the same as event {one['event_id']}" for one in item.get("alike", [])]
        click.echo(f"{item['act']}: {item['title']} {item['when']} {' '.join(filter(None, reasons))}".rstrip())
    if dry_run:
        database.session.rollback()
        click.echo("dry run: nothing was written")
        return
    counts = apply(database.session, kept, chosen_by_default(items), importer)
    database.session.commit()
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items()))


@main.group()
def account() -> None:
    """People and their accounts."""


@account.command("list")
@with_app
def account_list(app: Flask) -> None:
    """Everybody with an account."""
    from interagency.accounts.queries import all_people
    from interagency.database import db as database
    from interagency.matrix.organisations.queries import entities_of
    from interagency.web import today

    for person in all_people(database.session):
        for_whom = ", ".join(entity.short for entity in entities_of(database.session, person, today()))
        state = "" if person.is_active else " (disabled)"
        click.echo(f"{person.email}\t{person.name}\t{person.role.value}\t{for_whom}{state}")


def _person(email: str) -> Any:
    from interagency.accounts.queries import person_by_email
    from interagency.database import db as database

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
    from interagency.database import db as database
    from interagency.matrix.organisations.appointments import appoint, appointed
    from interagency.matrix.organisations.queries import Directory
    from interagency.web import instant, today

    try:
        person, address = invite(
            database.session, email, name, Role(role), base_url=settings_of(app).base_url, at=instant(), by=None
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
    from interagency.database import db as database
    from interagency.web import instant

    person = _person(email)
    try:
        address = reset(database.session, person, base_url=settings_of(app).base_url, at=instant(), by=None)
        if second_factor and person.totp_secret:
            factor.reset(person, by=None, at=instant())
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
    from interagency.database import db as database
    from interagency.web import instant

    person = _person(email)
    disable(database.session, person, by=None, at=instant())
    database.session.commit()
    click.echo(f"{person.email}: disabled")


@main.command()
def init() -> None:
    """Migrate the database and load the reference lists."""
    context = click.get_current_context()
    context.invoke(db_upgrade)
    context.invoke(framework_load)
