"""Whether the service is well, for those who watch it."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint
from flask.typing import ResponseReturnValue

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
    """The database answers and stands at the newest migration."""
    db.session.execute(sa.text("SELECT 1"))
    if set(alembic.current()) != set(alembic.heads()):
        return {"status": "not migrated", "do": "run `interagency db upgrade`"}, 503
    return {"status": "ready"}
