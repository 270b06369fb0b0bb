"""The commands that take the matrix out and in: `export`, `import`, and the audiences it is shared with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from interagency.cli.context import note_export, settings_of, with_app, write_whole

if TYPE_CHECKING:
    from flask import Flask

    from interagency.exports.incoming.compare import Rights
    from interagency.exports.models import MatrixImport
    from interagency.matrix.agreement.models import Audience
    from interagency.matrix.cycles.models import Edition

SHEET_STATES = {
    "read": "read",
    "other": "not read (--sheet reads it)",
    "derived": "follows from the Matrix sheet, left out",
    "empty": "no rows",
}


@click.group()
def export() -> None:
    """Files that leave the service."""


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
        from interagency.exports.external.files import workbook

        prepared = _prepared_for(audience, month)
        _write_prepared(out, workbook(prepared.content), prepared)
        return
    if month:
        if query:
            raise click.ClickException("An edition is written whole: leave --filter out.")
        _export_edition(out, month)
        return
    from urllib.parse import parse_qsl

    from werkzeug.datastructures import MultiDict

    from interagency.db.base import db as database
    from interagency.exports.matrix_workbook import write_current_matrix
    from interagency.matrix.activities.filters import read_filters, unreadable

    args = MultiDict(parse_qsl(query, keep_blank_values=True))
    filters = read_filters(database.session, args)
    if problems := unreadable(filters, args):
        raise click.ClickException(" ".join(problems))
    write_whole(
        out,
        lambda file: write_current_matrix(
            file, database.session, filters, mine=[], made_by="command line", settings=settings_of(app)
        ),
    )
    note_export("matrix", filters=filters.query_string())
    click.echo(f"Wrote {out}")


@export.command("note")
@click.option("--session", "meeting", required=True, help="The session it is for, e.g. 'CND 70'.")
@click.option("--symbol", default="", help="Its symbol, e.g. E/CN.7/2027/CRP.3.")
@click.option("--item", default="", help="The agenda item, e.g. 'Item 8 of the provisional agenda'.")
@click.option("--place", default="", help="Place and dates of the session, e.g. 'Vienna, 8-12 March 2027'.")
@click.option("--from", "first", required=True, help="The first month, e.g. 2026-01.")
@click.option("--to", "last", required=True, help="The last month, e.g. 2026-12.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The .docx to write.")
@with_app
def export_note(app: Flask, meeting: str, symbol: str, item: str, place: str, first: str, last: str, out: Path) -> None:
    """Draft the Note by the Secretariat from what was agreed for the Commission."""
    from io import BytesIO

    from interagency.db.base import db as database
    from interagency.exports.note.document import write_note
    from interagency.exports.note.request import NoteRefusal, note_request
    from interagency.web.context import today

    body = BytesIO()
    asked = {"session": meeting, "symbol": symbol, "item": item, "place": place, "from": first, "to": last}
    try:
        drafted = write_note(body, database.session, note_request(asked), today())
    except NoteRefusal as problem:
        raise click.ClickException(str(problem)) from None
    write_whole(out, lambda file: file.write(body.getvalue()))
    note_export("note", meeting=meeting)
    used = f"{drafted.used} activities of edition {drafted.edition}"
    click.echo(f"Wrote {out}: {used}, {len(drafted.annex)} agreed ones not used")


@export.command("iati")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The XML file to write.")
@click.option("--audience", required=True, help="What was agreed for an audience: commission, regional, …")
@click.option("--edition", "month", default="", help="The edition of a month, e.g. 2026-08; without it the newest.")
@with_app
def export_iati(app: Flask, out: Path, audience: str, month: str) -> None:
    """Write what an audience may see of the activities of an edition as IATI 2.03."""
    from interagency.exports.external.iati import iati_file
    from interagency.settings import IATI_PREFIX_UNSET

    prepared = _prepared_for(audience, month)
    body = iati_file(prepared.content)
    if body is None:
        raise click.ClickException(
            f"Nothing was written: no activity of this edition is agreed for {prepared.audience.name}, and an IATI "
            "file without one is not valid."
        )
    _write_prepared(out, body, prepared)
    if settings_of(app).iati_prefix == IATI_PREFIX_UNSET:
        click.echo("INTERAGENCY_IATI_PREFIX is not set. Set it before this leaves: identifiers are for ever.", err=True)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What an audience may see of an edition."""

    content: dict[str, Any]
    audience: Audience
    edition: Edition
    activities: int
    withheld: int


def _prepared_for(key: str, month: str) -> _Prepared:
    from interagency.db.base import db as database
    from interagency.exports.external.content import Form
    from interagency.exports.external.hand_outs import prepare
    from interagency.matrix.agreement.statements import audiences
    from interagency.matrix.cycles.editions import newest_edition
    from interagency.matrix.cycles.months import MonthNotUnderstood, read_month
    from interagency.web.context import today

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
    return _Prepared(content, audience, edition, len(passed.activities), len(passed.withheld))


def _write_prepared(out: Path, body: bytes, prepared: _Prepared) -> None:
    """Write the file, keep in the audit log that it left, and say what is in it."""
    from interagency.db.base import db as database
    from interagency.db.history import audit

    write_whole(out, lambda file: file.write(body))
    audit(
        database.session, "exported", by_name="command line", audience=prepared.audience.key,
        edition=prepared.edition.number,
    )  # fmt: skip
    database.session.commit()
    click.echo(f"Wrote {out}: {prepared.activities} activities, {prepared.withheld} records withheld")


def _export_edition(out: Path, month: str) -> None:
    from interagency.db.base import db as database
    from interagency.exports.matrix_workbook import edition_workbook
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
    write_whole(out, lambda file: file.write(body))
    note_export("matrix", edition=month)
    click.echo(f"Wrote {out}")


@click.group("import")
def import_() -> None:
    """Files taken in."""


@import_.command("matrix")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what it would do and write nothing.")
@click.option("--as", "email", default="", help="Whose rights hold, by e-mail address; without it all may be changed.")
@click.option("--sheet", default="", help="The sheet to read; without it the one most like our matrix.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="HEADING=COLUMN",
    help="What a column of the file is, e.g. 'Project title=Title'; 'Heading=' leaves it out. Several times.",
)
@with_app
def import_matrix(app: Flask, file: Path, dry_run: bool, email: str, sheet: str, columns: tuple[str, ...]) -> None:
    """Take a matrix sent back as a workbook or CSV in.

    Conflicts, questions, likely duplicates and rows that would empty many cells of a column are left out and told.
    """
    from interagency.db.base import db as database
    from interagency.db.base import reading
    from interagency.exports.incoming.apply import begin, compared, counts
    from interagency.exports.incoming.cells import OFFERED
    from interagency.exports.incoming.opening import FileNotRead

    mapping = {heading: title for heading, _equals, title in (one.rpartition("=") for one in columns)}
    for title in mapping.values():
        if title and title not in OFFERED:
            raise click.ClickException(f"There is no column {title}. Choose: {', '.join(OFFERED)}.")
    with reading():  # so that others can save meanwhile
        rights = _rights_of(email)
        try:
            kept = compared(database.session, file.read_bytes(), file.name, rights, mapping or None, sheet=sheet)
        except FileNotRead as problem:
            raise click.ClickException(str(problem)) from None
        database.session.commit()
    if sheet and kept.preview["sheet"] != sheet:
        names = ", ".join(one["name"] for one in kept.preview["sheets"])
        raise click.ClickException(f"No matrix can be read from a sheet {sheet}. The file has: {names}.")
    _tell_preview(kept.preview)
    click.echo(", ".join(f"{number} {name}" for name, number in counts(kept.preview["rows"]).items()))
    if dry_run:
        click.echo("dry run: nothing was written")
        return
    database.session.add(kept)
    begin(database.session, kept, rows=None, answers={})
    _carry_on(kept, rights)


@import_.command("go-on")
@click.argument("number", type=int)
@click.option("--as", "email", default="", help="Whose rights hold, by e-mail address; without it all may be changed.")
@click.option("--put-back", is_flag=True, help="Put back what was written instead.")
@with_app
def import_go_on(app: Flask, number: int, email: str, put_back: bool) -> None:
    """Go on with an import that was stopped before its end, or with putting it back, by its number."""
    from interagency.db.base import db as database
    from interagency.exports.incoming.apply import begin_undo
    from interagency.exports.incoming.batches import under_way
    from interagency.exports.models import MatrixImport
    from interagency.web.context import utc_now

    kept = database.session.get(MatrixImport, number)
    if kept is None or under_way(database.session, number) is None:
        raise click.ClickException(f"No import {number} was begun and is not done.")
    rights = _rights_of(email)
    if put_back:
        begin_undo(database.session, kept, rights.person, utc_now())
    database.session.commit()
    _carry_on(kept, rights)


def _rights_of(email: str) -> Rights:
    from interagency.accounts.queries import person_by_email
    from interagency.db.base import db as database
    from interagency.exports.incoming.compare import Rights
    from interagency.matrix.organisations.queries import entities_of
    from interagency.web.context import today

    person = person_by_email(database.session, email) if email else None
    if email and (person is None or not person.is_active):
        raise click.ClickException(f"There is no account {email}.")
    return Rights(person, tuple(entities_of(database.session, person, today())) if person else ())


def _carry_on(kept: MatrixImport, rights: Rights) -> None:
    """Take in what was begun, saying every thousand rows how far it is."""
    from interagency.db.base import db as database
    from interagency.exports.incoming.apply import go_on
    from interagency.web.context import utc_now

    number, told = kept.id, 0

    def say(rows: int) -> None:
        nonlocal told
        if rows - told >= 1000:
            told = rows
            click.echo(f"{rows} rows are written")

    try:
        numbers = go_on(database.session, kept, rights, at=utc_now(), say=say)
    except KeyboardInterrupt:
        raise click.ClickException(_STOPPED.format(number=number)) from None
    if numbers is None:
        raise click.ClickException(_STOPPED.format(number=number))
    if "undone" in numbers:
        sentence = "{undone} records are as they were before, {left} left because of what was done since"
        click.echo(sentence.format(**numbers))
    else:
        click.echo(", ".join(f"{count} {name}" for name, count in numbers.items()))


_STOPPED = (
    "Stopped. What is written stays: `interagency import go-on {number}` goes on, with --put-back it is taken back."
)


def _tell_preview(told: dict[str, Any]) -> None:
    """Say what a file would do; refuses one of which no column is known as the title."""
    if not {"Title", "ID"} & {heading["title"] for heading in told["headings"]}:
        names = ", ".join(heading["name"] for heading in told["headings"])
        raise click.ClickException(
            f"No column of sheet {told['sheet']} is known as the title. Say which: --column 'HEADING=Title'. "
            f"It has: {names}."
        )
    for one in told["sheets"]:
        click.echo(f"sheet {one['name']}: {SHEET_STATES[one['state']]}, {one['rows']} rows")
    for note in told["notes"]:
        click.echo(note)
    for title, number in told["clearing"].items():
        click.echo(f"{number} cells of {title} would become empty: those rows are left out.")
    for name in told["names"]:
        click.echo(f"unknown organisation: {name['name']} ({name['count']} times, {', '.join(name['columns'])})")
    for row in told["rows"]:
        if row["outcome"] == "unchanged" and not row["cells"]:
            continue
        click.echo(" ".join([f"row {row['number']}: {row['outcome']}: {row['title']}", row["reason"], *row["notes"]]))
        for cell in row["cells"]:
            why = f" ({cell['reason']})" if cell["reason"] else ""
            meant = f" = {cell['understood'][:100]}" if cell["understood"] else ""
            click.echo(
                f"  {cell['letter']}{row['number']} {cell['title']}: {cell['state']}: {cell['sent'][:100]}{meant}{why}"
            )


@click.group("audience")
def audience() -> None:
    """Whom something may be shared with."""


@audience.command("add")
@click.argument("key")
@click.argument("name")
@with_app
def audience_add(app: Flask, key: str, name: str) -> None:
    """Add an audience; nothing is shared with it until entities agree."""
    import sqlalchemy as sa

    from interagency.db.base import db as database
    from interagency.db.base import is_conflict
    from interagency.matrix.agreement.models import Audience, is_audience_key
    from interagency.matrix.agreement.statements import audiences

    if not is_audience_key(key):
        raise click.ClickException("The key is of small letters, digits and hyphens, such as world-bank.")
    known = audiences(database.session)
    if any(one.key == key for one in known):
        click.echo(f"{key}: there already")
        return
    database.session.add(Audience(key=key, name=" ".join(name.split())[:200], position=len(known)))
    try:
        database.session.commit()
    except sa.exc.IntegrityError as error:
        if not is_conflict(error):
            raise
        raise click.ClickException(f"There is an audience called “{name}” already.") from None
    click.echo(f"{key}: added")
