"""Downloads."""

from __future__ import annotations

import io
from datetime import datetime

from flask import Blueprint, request, send_file
from flask.typing import ResponseReturnValue
from flask_login import current_user

from interagency.database import db
from interagency.exports.matrix import write_current_matrix
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.filters import read_filters
from interagency.web import settings

rooms = Blueprint("exports", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@rooms.get("/exports/matrix.xlsx")
def matrix_workbook() -> ResponseReturnValue:
    """The current matrix under the filters of the query."""
    filters = read_filters(db.session, request.args)
    body = io.BytesIO()
    write_current_matrix(
        body,
        db.session,
        filters,
        mine=[entity.key for entity in my_entities()],
        made_by=current_user.name,
        settings=settings(),
    )
    body.seek(0)
    name = f"matrix-{datetime.now(settings().zone):%Y-%m-%d}.xlsx"
    return send_file(body, mimetype=XLSX, as_attachment=True, download_name=name)
