"""The overview pages: the grid, its picture, coverage, where and together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar, cast
from urllib.parse import quote_plus

from flask import Blueprint, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from interagency.matrix.framework.texts import chapter_names
from interagency.matrix.framework.titles import spoken
from interagency.matrix.overview.coverage import coverage
from interagency.matrix.overview.drawing import Drawing, draw
from interagency.matrix.overview.frame import asked, frame
from interagency.matrix.overview.grid import COLUMNS, ROWS, Grid, Line, dimension_words, grid
from interagency.matrix.overview.together import LISTED, together
from interagency.matrix.overview.where import where
from interagency.web.context import today, utc_now
from interagency.web.errors import refuse

bp = Blueprint("overview", __name__)
VALUE = "VALUEOFTHELINE"  # stands in an address for what differs from line to line


@bp.app_template_global()
def activities_of(filters: Filters, *lines: Line) -> str:
    """The address of the list of what a cell counts: the filters of the page, and those of its row and column."""
    return _address("activities.activities", filters, *lines)


@bp.app_template_global()
def where_of(filters: Filters, line: Line) -> str:
    """The address of the map of what a line counts."""
    return _address("overview.where_page", filters, line)


def _address(endpoint: str, filters: Filters, *lines: Line) -> str:
    for line in lines[:-1]:
        filters = _kept(filters, line.filter, partial(_narrowed, filters, *line.filter))
    if not lines:
        return filters.address(url_for(endpoint))
    name, value = lines[-1].filter
    if filters.get(name):
        return filters.narrowed(name, value).address(url_for(endpoint))
    before, after = _kept(filters, (endpoint, name), partial(_around, filters, name, endpoint))
    return f"{before}{quote_plus(value)}{after}"


def _narrowed(filters: Filters, name: str, value: str) -> Filters:
    return filters.narrowed(name, value)


def _around(filters: Filters, name: str, endpoint: str) -> list[str]:
    """The address under `filters` and one more, before and after the value of that one."""
    return filters.narrowed(name, VALUE).address(url_for(endpoint)).split(VALUE)


Made = TypeVar("Made")


def _kept(filters: Filters, what: tuple[str, str], make: Callable[[], Made]) -> Made:
    """What `make` makes, once in a request: one page asks for hundreds of addresses under the same filters."""
    kept = g.setdefault("addresses_under", {})
    key = (id(filters), what)
    if key not in kept:
        kept[key] = (filters, make())  # with the filters, so that no others take their place in memory
    return cast("Made", kept[key][1])


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
        chapter_names={number: spoken().short_chapter(number, name) for number, name in chapter_names().items()}
        if columns == "chapter"
        else {},
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
    only = request.args.get("only") == "gaps"
    return render_template("overview/coverage.html", found=found, only_gaps=only, **frame(filters, mine))


@bp.get("/where")
def where_page() -> ResponseReturnValue:
    """By region and country, as a table and a map of tiles."""
    filters, mine = asked()
    return render_template("overview/where.html", found=where(db.session, filters, mine), **frame(filters, mine))


@bp.get("/together")
def together_page() -> ResponseReturnValue:
    """Which entities work with which, as a table and a picture, and chapter by chapter."""
    filters, mine = asked()
    alone = request.args.get("alone", "")[:60]
    found = together(db.session, filters, mine, alone=alone)
    if alone and found.alone is None:
        problem = _("“%(key)s” has no joint activities here; all entities are shown.", key=alone)
        filters = replace(filters, problems=(*filters.problems, problem))
    return render_template("overview/together.html", found=found, listed=LISTED, **frame(filters, mine))
