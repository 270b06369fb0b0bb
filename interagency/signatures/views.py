"""What a stranger needs to verify a file: the public keys, and a program."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from interagency.db.base import db
from interagency.signatures.files import KEYS_FILE, SCRIPT_FILE, keys_file, script
from interagency.signatures.keys import published_keys
from interagency.web.access import public

bp = Blueprint("signatures", __name__)


@bp.get(f"/.well-known/{KEYS_FILE}")
@public
def keys() -> ResponseReturnValue:
    """The public keys with the days they count, the oldest first."""
    return Response(keys_file(published_keys(db.session)), content_type="application/json")


@bp.get(f"/.well-known/{SCRIPT_FILE}")
@public
def program() -> ResponseReturnValue:
    """The program that verifies files by itself."""
    response = Response(script(), content_type="text/x-python; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={SCRIPT_FILE}"
    return response
