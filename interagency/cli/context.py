"""What the `interagency` commands share: running inside the application, writing a file whole, noting it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flask import Flask

    from interagency.settings import Settings


def application(**overrides: Any) -> Flask:
    """The application; made late, so that `--help` loads nothing."""
    from interagency import create_app
    from interagency.settings import SettingError

    try:
        app = create_app(patient=True, **overrides)
    except SettingError as error:
        raise click.ClickException(str(error)) from None
    settings_of(app).data_folder.mkdir(parents=True, exist_ok=True)
    return app


def settings_of(app: Flask) -> Settings:
    """The settings of the application."""
    kept: Settings = app.extensions["interagency_settings"]
    return kept


def with_app(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command inside the application; a database that is not ready is one clear line."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        from sqlalchemy.exc import DBAPIError

        from interagency.db.base import db as database

        app = application()
        with app.app_context():
            try:
                return command(app, *args, **kwargs)
            except DBAPIError as error:
                text = str(error.orig).splitlines()[0]
                if "no such table" in text or "does not exist" in text:
                    text = "The database is not ready. Run: interagency db upgrade"
                raise click.ClickException(text) from None
            finally:
                database.session.close()
                for engine in database.engines.values():
                    engine.dispose()

    return run


def write_whole(out: Path, write: Callable[[Any], None]) -> None:
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


def note_export(what: str, **details: str) -> None:
    """Keep in the audit log that something left the service."""
    from interagency.db.base import db as database
    from interagency.db.history import audit

    database.session.rollback()
    audit(database.session, "exported", by_name="command line", what=what, **details)
    database.session.commit()
