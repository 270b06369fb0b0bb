"""The overview pages: the grid, its picture, coverage, where and together."""

from __future__ import annotations

from flask import Blueprint, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from interagency.matrix.overview.coverage import Blank, coverage
from interagency.matrix.overview.drawing import Drawing, draw
from interagency.matrix.overview.frame import asked, frame
from interagency.matrix.overview.grid import COLUMNS, ROWS, Grid, Line, dimension_words, grid
from interagency.matrix.overview.together import together
from interagency.matrix.overview.where import where
from interagency.web.context import today, utc_now
from interagency.web.errors import refuse

bp = Blueprint("overview", __name__)


@bp.app_template_global()
def activities_of(filters: Filters, *lines: Line) -> str:
    """The address of the list of what a cell counts: the filters of the page, and those of its row and column."""
    if "activities_address" not in g:  # asked for hundreds of times by one page
        g.activities_address = url_for("activities.activities")
    for line in lines:
        filters = filters.narrowed(*line.filter)
    return filters.address(g.activities_address)


def _grid() -> tuple[Grid, Filters, list[str], str, str]:
    """The grid the address asks for. What is not understood is told among the filters' problems."""
    filters, mine = asked()
    rows = request.args.get("rows", "entity")
    columns = request.args.get("columns", "chapter")
    problems = list(filters.problems)
    if rows not in ROWS or columns not in COLUMNS or rows == columns:
        problems.append(_("These rows and columns do not go together; entities by chapters are shown."))
        rows, columns = "entity", "chapter"
    shown = Filters(filters.values, filters.labels, tuple(problems))
    return grid(db.session, shown, mine, rows, columns), shown, mine, rows, columns


@bp.get("/matrix")
def matrix() -> ResponseReturnValue:
    """Counts of activities by two dimensions, as a heat map whose numbers open their activities."""
    found, filters, mine, rows, columns = _grid()
    return render_template(
        "overview/matrix.html",
        grid=found,
        rows=rows,
        columns=columns,
        words=dimension_words(),
        row_choices=ROWS,
        column_choices=COLUMNS,
        **frame(filters, mine),
    )


@bp.get("/matrix.svg")
def matrix_svg() -> ResponseReturnValue:
    """The same as a picture with text that can be selected."""
    found, filters, _mine, rows, columns = _grid()
    if filters.problems:
        refuse(400, " ".join(filters.problems))
    picture: Drawing = draw(found, filters, rows, columns, today())
    response = Response(
        render_template("overview/matrix.svg", picture=picture), content_type="image/svg+xml; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f"attachment; filename=matrix-{today()}.svg"
    return response


@bp.get("/coverage")
def coverage_page() -> ResponseReturnValue:
    """The 103 recommendations: who, how many, where, since when, and why nothing where nothing is."""
    filters, mine = asked()
    found = coverage(db.session, filters, mine, at=utc_now())
    return render_template("overview/coverage.html", found=found, Blank=Blank, **frame(filters, mine))


@bp.get("/where")
def where_page() -> ResponseReturnValue:
    """By region and country, as a table and a map of tiles."""
    filters, mine = asked()
    return render_template("overview/where.html", found=where(db.session, filters, mine), **frame(filters, mine))


@bp.get("/together")
def together_page() -> ResponseReturnValue:
    """Which entities work with which, as a table and a picture, and chapter by chapter."""
    filters, mine = asked()
    return render_template("overview/together.html", found=together(db.session, filters, mine), **frame(filters, mine))
