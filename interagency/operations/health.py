"""Whether the service is well, for those who watch it."""

from __future__ import annotations

from importlib.metadata import version

import sqlalchemy as sa
from flask import Blueprint
from flask.typing import ResponseReturnValue
from tzdata import IANA_VERSION  # type: ignore[import-untyped]

from interagency.db.base import alembic, db
from interagency.web.access import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """The database answers and stands at the newest migration, or at one that a newer version of the service made.

    While versions are exchanged server by server, the old ones go on beside the newer database.
    """
    known = {script.revision for script in alembic.script_directory.walk_revisions()}
    newest = set(alembic.script_directory.get_heads())
    found = set(db.session.scalars(sa.text("SELECT version_num FROM alembic_version")))
    versions = {
        "version": version("interagency"),
        "tzdata": IANA_VERSION,
        "migration": ", ".join(sorted(newest)),
        "database_migration": ", ".join(sorted(found)),
    }
    if found == newest:
        return {"status": "ready", **versions}
    if found - known:
        do = "put the newer version of the service in place here too; this one goes on serving until then"
        return {"status": "ready, older than the database", "do": do, **versions}
    return {"status": "not migrated", "do": "run `interagency db upgrade`", **versions}, 503
