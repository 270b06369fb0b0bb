"""The overview pages: the grid, coverage, mandates."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import sqlalchemy as sa
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.database import db
from interagency.history import audit
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.filters import Filters, read_filters
from interagency.matrix.framework.names import chapters, recommendations
from interagency.matrix.organisations.models import Mandate, Organisation
from interagency.matrix.organisations.queries import entities
from interagency.matrix.overview.coverage import Blank, coverage
from interagency.matrix.overview.grid import COLUMNS, ROWS, Cell, Grid, Line, dimension_words, grid
from interagency.web import instant, refuse, today

rooms = Blueprint("overview", __name__)
WIDTH, HEIGHT, LEFT, TOP = 72, 28, 190, 90
SHADES = ("#ffffff", "#e4f0f8", "#bcdcf0", "#8cc3e2", "#5aa5cf", "#2f80b0")


def _grid() -> tuple[Grid, Filters, str, str]:
    """The grid the address asks for. What is not understood is told among the filters' problems."""
    filters = read_filters(db.session, request.args)
    rows = request.args.get("rows", "entity")
    columns = request.args.get("columns", "chapter")
    problems = list(filters.problems)
    if rows not in ROWS or columns not in COLUMNS or rows == columns:
        problems.append(_("These rows and columns do not go together; entities by chapters are shown."))
        rows, columns = "entity", "chapter"
    shown = Filters(filters.values, filters.labels, tuple(problems))
    mine = [entity.key for entity in my_entities()]
    return grid(db.session, shown, mine, rows, columns), shown, rows, columns


def _address(filters: Filters, *lines: Line) -> str | None:
    """The list of a cell's activities, under the filters of the page; None where no filter says it."""
    values = dict(filters.values)
    for line in lines:
        if line.filter is None:
            return None
        values[line.filter[0]] = (line.filter[1],)
    query = Filters(values).query_string()
    return f"{url_for('activities.activities')}{'?' if query else ''}{query}"


@rooms.get("/matrix")
def matrix() -> ResponseReturnValue:
    """Counts of activities by two dimensions, as a heat map whose cells open their activities."""
    found, filters, rows, columns = _grid()
    return render_template(
        "overview/matrix.html",
        grid=found,
        filters=filters,
        rows=rows,
        columns=columns,
        words=dimension_words(),
        row_choices=ROWS,
        column_choices=COLUMNS,
        address=_address,
        today=today(),
        chapters=chapters(db.session),
        entities=entities(db.session),
        has_mine=bool(my_entities()),
    )


@rooms.get("/matrix.svg")
def matrix_svg() -> ResponseReturnValue:
    """The same as a picture with text that can be selected."""
    found, filters, rows, columns = _grid()
    body = _drawing(found, filters, rows, columns)
    response = Response(body, content_type="image/svg+xml; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename=matrix-{today()}.svg"
    return response


def _drawing(found: Grid, filters: Filters, rows: str, columns: str) -> str:
    words = dimension_words()
    width, height = LEFT + WIDTH * len(found.columns) + 20, TOP + HEIGHT * len(found.rows) + 40
    title = _("Activities: %(rows)s by %(columns)s", rows=words[rows].lower(), columns=words[columns].lower())
    note = _(
        "Number of activities, joint ones in brackets; %(day)s; filters: %(filters)s",
        day=today().isoformat(),
        filters=filters.sentence(),
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label={quoteattr(title)}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="24" font-size="16" font-weight="bold">{escape(title)}</text>',
        f'<text x="10" y="44" fill="#4a5259">{escape(note)}</text>',
    ]
    for place, column in enumerate(found.columns):
        parts.append(_words(LEFT + WIDTH * place + WIDTH // 2, TOP - 8, column.label[:12]))
    for number, row in enumerate(found.rows):
        y = TOP + HEIGHT * number
        parts.append(_words(LEFT - 8, y + 18, row.label[:28], anchor="end"))
        parts += [_drawn(found.at(row, column), LEFT + WIDTH * place, y) for place, column in enumerate(found.columns)]
    return "\n".join([*parts, "</svg>\n"])


def _words(x: int, y: int, text: str, *, anchor: str = "middle", ink: str = "#1b1f23") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{ink}">{escape(text)}</text>'


def _drawn(cell: Cell, x: int, y: int) -> str:
    text = f"{cell.count} ({cell.joint})" if cell.joint else str(cell.count or "")
    box = f'x="{x}" y="{y}" width="{WIDTH - 2}" height="{HEIGHT - 2}" fill="{SHADES[cell.step]}" stroke="#d5d9dc"'
    return f"<rect {box}/>" + _words(x + WIDTH // 2, y + 18, text, ink="#ffffff" if cell.step == 5 else "#1b1f23")


@rooms.get("/coverage")
def coverage_page() -> ResponseReturnValue:
    """The 103 recommendations: who, how many, where, since when, and why nothing where nothing is."""
    return render_template("overview/coverage.html", chapters=coverage(db.session), Blank=Blank, today=today())


# --- Mandates ---


def _entity() -> tuple[Organisation, list[Organisation]]:
    """Whose mandate is shown: an own entity; any for coordinators. 403 for others."""
    offered = entities(db.session) if current_user.is_coordinator else my_entities()
    if not offered:
        refuse(403, _("Only the focal points of an entity declare its mandate."))
    key = request.values.get("entity", "")
    found = next((one for one in offered if one.key == key), None)
    if found is None and key:
        refuse(403, _("You do not speak for this entity."))
    return found or offered[0], offered


@rooms.get("/mandates")
def mandates() -> ResponseReturnValue:
    """Which recommendations an entity says fall within its mandate."""
    entity, offered = _entity()
    declared = set(db.session.scalars(sa.select(Mandate.recommendation_code).where(Mandate.entity_id == entity.id)))
    return render_template(
        "overview/mandates.html",
        entity=entity,
        offered=offered,
        declared=declared,
        chapters=chapters(db.session),
        recommendations=recommendations(db.session),
    )


@rooms.post("/mandates")
def mandates_post() -> ResponseReturnValue:
    """Save the whole declaration."""
    entity, _offered = _entity()
    known = {one.code for one in recommendations(db.session)}
    wanted = set(request.form.getlist("recommendation"))
    if not wanted <= known:
        refuse(400, _("One of these is not a recommendation. Nothing was saved; go back and choose from the list."))
    standing = {
        one.recommendation_code: one
        for one in db.session.scalars(sa.select(Mandate).where(Mandate.entity_id == entity.id))
    }
    for code, one in standing.items():
        if code not in wanted:
            db.session.delete(one)
    for code in wanted - set(standing):
        made = Mandate(
            entity_id=entity.id, recommendation_code=code, declared_by_id=current_user.id, declared_at=instant()
        )
        db.session.add(made)
    if wanted != set(standing):
        audit(
            db.session, "mandate.declared", by=current_user, entity=entity.key, added=sorted(wanted - set(standing)),
            removed=sorted(set(standing) - wanted),
        )  # fmt: skip
    db.session.commit()
    flash(
        _("Saved: %(n)s recommendations within the mandate of %(entity)s.", n=len(wanted), entity=entity.short),
        "success",
    )
    return redirect(url_for("overview.mandates", entity=entity.key))
