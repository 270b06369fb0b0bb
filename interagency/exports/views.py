"""Downloads."""

from __future__ import annotations

import hashlib
import io

from flask import Blueprint, make_response, request, send_file
from flask.typing import ResponseReturnValue
from flask_login import current_user

from interagency.database import db
from interagency.exports.matrix import edition_workbook as workbook_of
from interagency.exports.matrix import write_current_matrix
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.cycles.edition_views import get_edition, load
from interagency.matrix.filters import read_filters
from interagency.web import instant, settings, today

rooms = Blueprint("exports", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@rooms.get("/exports/matrix.xlsx")
def matrix_workbook() -> ResponseReturnValue:
    """The current matrix under the filters of the query; `hxl=1` adds a row of HXL hashtags."""
    filters = read_filters(db.session, request.args)
    body = io.BytesIO()
    write_current_matrix(
        body,
        db.session,
        filters,
        mine=[entity.key for entity in my_entities()],
        made_by=current_user.name,
        settings=settings(),
        at=instant(),
        hxl=request.args.get("hxl") == "1",
    )
    body.seek(0)
    return send_file(body, mimetype=XLSX, as_attachment=True, download_name=f"matrix-{today():%Y-%m-%d}.xlsx")


@rooms.get("/editions/<month>/matrix.xlsx")
def edition_workbook(month: str) -> ResponseReturnValue:
    """The workbook of an edition: the same bytes each time."""
    edition = get_edition(month, request.args.get("issue", type=int))
    load(edition)
    body = workbook_of(db.session, edition)
    response = make_response(body)
    response.mimetype = XLSX
    response.headers["Content-Disposition"] = f"attachment; filename=matrix-{edition.cycle_month}.xlsx"
    response.headers["Cache-Control"] = "private, max-age=0, must-revalidate"
    response.set_etag(hashlib.sha256(body).hexdigest())
    response.make_conditional(request)
    return response
