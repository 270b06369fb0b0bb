"""Downloads."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user

from interagency.calendar.events.queries import NAMES as EVENT_NAMES
from interagency.calendar.events.queries import read_event_filters
from interagency.db.base import db
from interagency.exports.calendar_columns import CALENDAR
from interagency.exports.columns import MATRIX, Column
from interagency.exports.language import asked_language
from interagency.exports.lists import write_csv, write_json
from interagency.exports.matrix_workbook import edition_workbook as workbook_of
from interagency.exports.matrix_workbook import edition_workbook_in, kept_checksum, write_current_matrix
from interagency.exports.media_types import XLSX
from interagency.exports.snapshot import ActivityRow, EventRow, event_rows, live_snapshot
from interagency.exports.tables.writing import pieces_of
from interagency.matrix.activities.filters import NAMES, Filters, read_filters, unreadable
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.cycles.edition_views import get_edition, load
from interagency.matrix.framework.titles import spoken
from interagency.text.languages import DEFAULT
from interagency.web.context import settings, today, utc_now
from interagency.web.errors import refuse

bp = Blueprint("exports", __name__)
# What the address of a file may say beside filters.
OF_FILE = frozenset({"hxl", "language"})


def _filters_of_file(filters: Filters, known: Sequence[str]) -> Filters:
    """The filters of the address; 400 with the valid ones where one cannot be read: no file is wider than its name."""
    if problems := unreadable(filters, (name for name in request.args if name not in OF_FILE), known):
        refuse(400, " ".join(problems))
    return filters


@bp.get("/exports/matrix.xlsx")
def matrix_workbook() -> ResponseReturnValue:
    """The current matrix under the filters of the query; `hxl=1` adds a row of HXL hashtags, `language=fr` says it in
    another language than the reader's."""
    filters = _filters_of_file(read_filters(db.session, request.args), NAMES)
    # Whole before the first byte is sent: what goes wrong is a page, not half a file. Not held in memory.
    body = tempfile.TemporaryFile()  # noqa: SIM115  (closed once it is sent)
    with force_locale(asked_language()):
        write_current_matrix(
            body,
            db.session,
            filters,
            mine=[entity.key for entity in my_entities()],
            made_by=current_user.name,
            settings=settings(),
            at=utc_now(),
            hxl=request.args.get("hxl") == "1",
        )
    response = Response(pieces_of(body), mimetype=XLSX)
    response.call_on_close(body.close)
    response.content_length = body.tell()
    response.headers["Content-Disposition"] = f"attachment; filename=matrix-{today():%Y-%m-%d}.xlsx"
    return response


@bp.get("/editions/<month>/matrix.xlsx")
def edition_workbook(month: str) -> ResponseReturnValue:
    """The workbook of an edition: the same bytes each time, and none for who has them. In English, unless
    `language=fr` asks for another: that one is made anew from what the edition holds."""
    edition = get_edition(month, request.args.get("issue", type=int))
    language = asked_language(DEFAULT)
    tag = kept_checksum(db.session, edition.number) if language == DEFAULT else f"{edition.checksum}-{language}"
    response = Response(mimetype=XLSX)
    if tag is not None and request.if_none_match.contains(tag):
        response.status_code = 304
    else:
        try:
            if language == DEFAULT:
                response.data, tag = workbook_of(db.session, edition, tag)
            else:
                response.data = edition_workbook_in(db.session, edition, language)
        except ValueError:
            load(edition)  # says that the edition is damaged
            raise
    assert tag is not None
    of = "" if language == DEFAULT else f"-{language}"
    response.headers["Content-Disposition"] = f"attachment; filename=matrix-{edition.cycle_month}{of}.xlsx"
    response.headers["Cache-Control"] = "private, max-age=0, must-revalidate"
    response.set_etag(tag)
    return response.make_conditional(request)


# --- Lists for machines: the same rows and columns ---


def _activities() -> tuple[list[ActivityRow], dict[str, Any]]:
    filters = _filters_of_file(read_filters(db.session, request.args), NAMES)
    mine = [entity.key for entity in my_entities()]
    picture = live_snapshot(db.session, filters, mine=mine, day=today())
    return picture.activities(), _about(_("Matrix of UNGASS-related action"), filters)


def _events() -> tuple[list[EventRow], dict[str, Any]]:
    filters = _filters_of_file(read_event_filters(db.session, request.args), EVENT_NAMES)
    mine = [entity.key for entity in my_entities()]
    return event_rows(db.session, filters, mine=mine, day=today()), _about(_("Joint calendar of events"), filters)


def _about(title: str, filters: Filters) -> dict[str, Any]:
    return {
        "title": title,
        "language": spoken().language,
        "made_at": utc_now().isoformat(),
        "filters": filters.sentence(),
        "problems": [],  # where there are any, no file is made
        "sharing": "internal",
    }


def _list_file(columns: tuple[Column, ...], rows: Sequence[Any], about: dict[str, Any], name: str) -> Response:
    """The rows as the file the address asks for, in the language that is spoken."""
    if request.path.endswith(".csv"):
        body, kind = write_csv(columns, rows, hxl=request.args.get("hxl") == "1"), "text/csv; charset=utf-8"
    else:
        body, kind = write_json(columns, rows, about=about), "application/json"
    response = Response(body, content_type=kind)
    response.headers["Content-Disposition"] = f"attachment; filename={name}-{today()}.{request.path.rsplit('.', 1)[1]}"
    return response


@bp.get("/exports/matrix.csv")
def matrix_csv() -> ResponseReturnValue:
    """The activities under the filters of the query, as CSV; `hxl=1` adds hashtags."""
    with force_locale(asked_language()):
        rows, about = _activities()
        return _list_file(MATRIX, rows, about, "matrix")


@bp.get("/exports/matrix.json")
def matrix_json() -> ResponseReturnValue:
    """The activities under the filters of the query, as JSON."""
    with force_locale(asked_language()):
        rows, about = _activities()
        return _list_file(MATRIX, rows, about, "matrix")


@bp.get("/exports/calendar.csv")
def calendar_csv() -> ResponseReturnValue:
    """The events under the filters of the query, as CSV; `hxl=1` adds hashtags."""
    with force_locale(asked_language()):
        rows, about = _events()
        return _list_file(CALENDAR, rows, about, "calendar")


@bp.get("/exports/calendar.json")
def calendar_json() -> ResponseReturnValue:
    """The events under the filters of the query, as JSON."""
    with force_locale(asked_language()):
        rows, about = _events()
        return _list_file(CALENDAR, rows, about, "calendar")


@bp.get("/exports/dictionary")
def dictionary() -> ResponseReturnValue:
    """What each column means: made from the descriptions the files are made from."""
    return render_template("exports/dictionary.html", lists=[(_("Activities"), MATRIX), (_("Events"), CALENDAR)])
