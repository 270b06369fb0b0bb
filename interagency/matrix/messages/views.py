"""stub"""

from flask import Blueprint

bp = Blueprint("messages", __name__)


@bp.get("/messages")
def messages():
    return ""


@bp.get("/messages/versions/<int:version_id>")
def of_version(version_id):
    return ""
