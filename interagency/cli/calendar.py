"""The commands that take the calendar out and in: `calendar feed` and `calendar import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from interagency.cli.context import note_export, settings_of, with_app, write_whole

if TYPE_CHECKING:
    from flask import Flask


@click.group()
def calendar() -> None:
    """The joint calendar."""


@calendar.command("feed")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The .ics to write.")
@click.option("--all", "whole_past", is_flag=True, help="The whole past too.")
@with_app
def calendar_feed(app: Flask, out: Path, whole_past: bool) -> None:
    """Write the whole calendar as an iCalendar file."""
    from interagency.calendar.feeds.subscriptions import build_feed
    from interagency.db.base import db as database
    from interagency.matrix.activities.filters import Filters

    base = settings_of(app).base_url
    made = build_feed(database.session, Filters(), [], "UN interagency calendar", f"{base}/calendar", base, whole_past)
    write_whole(out, lambda file: file.write(made.body))
    note_export("calendar")
    click.echo(f"Wrote {out}")


@calendar.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what it would do and write nothing.")
@click.option("--entity", "key", default="", help="The entity new events are given to, e.g. who.")
@click.option("--kind", "kind", default="workshop", help="The kind of new events whose categories name none.")
@with_app
def calendar_import(app: Flask, file: Path, dry_run: bool, key: str, kind: str) -> None:
    """Take the events of an .ics file in: new ones, and newer versions of known ones.

    What looks like an event that stands here, was changed here since, or is marked private is not taken; the page
    lets a person tick it.
    """
    from interagency.calendar.events.models import EventKind
    from interagency.calendar.incoming.applying import begin, go_on
    from interagency.calendar.incoming.comparing import Importer, chosen_by_default, preview
    from interagency.calendar.incoming.reading import MAX_FILE_SIZE, CalendarNotRead
    from interagency.db.base import db as database
    from interagency.matrix.organisations.queries import Directory

    try:
        organiser = Directory(database.session).find(key) if key else None
        if file.stat().st_size > MAX_FILE_SIZE:
            raise CalendarNotRead("The file is larger than 20 MB. Export a shorter period, or send it in parts.")
        if kind not in {one.value for one in EventKind}:
            raise ValueError(f"“{kind}” is no kind of event. Choose one of: {', '.join(EventKind)}.")
        importer = Importer(None, (), organiser, EventKind(kind))
        kept = preview(database.session, file.read_bytes(), file.name, importer, settings_of(app).timezone)
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    items = kept.result["items"]
    chosen = chosen_by_default(items)
    for place, item in enumerate(items):
        reasons = [item.get("reason", ""), item.get("conflict", ""), *item["notes"]]
        reasons += [f"likely the same as event {one['event_id']}" for one in item.get("alike", [])]
        act = item["act"] if place in chosen or "event" not in item else f"not taken ({item['act']})"
        click.echo(f"{act}: {item['title']} {item['when']} {' '.join(filter(None, reasons))}".rstrip())
    if dry_run:
        database.session.rollback()
        click.echo("dry run: nothing was written")
        return
    begin(database.session, kept, chosen, kind)
    go_on(database.session, kept, importer, say=lambda done: _say(done, len(chosen)))
    click.echo(", ".join(f"{count} {name}" for name, count in kept.result["counts"].items()))


def _say(done: int, of: int) -> None:
    """A line each few hundred events, so that a long import is seen to go on."""
    if done < of and done % 250 < 25:
        click.echo(f"{done} of {of}")
