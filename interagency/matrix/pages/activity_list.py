"""The list of activities in the browser, and the same as one page for paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import db
from interagency.matrix.activities import queries
from interagency.matrix.activities.filters import Filters, read_filters
from interagency.matrix.activities.listing import SIZE, SORTS, page_of_activities
from interagency.matrix.activities.models import TITLE_LENGTH
from interagency.matrix.framework.names import chapters, recommendations
from interagency.matrix.organisations.queries import entities
from interagency.matrix.pages.activity_views import bp
from interagency.web.context import utc_now

__all__ = ["bp"]
MAX_KEY_LENGTH = 2 * TITLE_LENGTH
MAX_PRINTED = 2000
FIRST_ORDER = "newest"


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the list as the page offers it: `address` sorts by it, or turns it round where it is the present one.

    `direction` is `ascending` or `descending` in the present order, else empty; `in_words` says that order.
    """

    label: str
    address: str
    direction: str
    in_words: str


def _orders(filters: Filters, present: str) -> dict[str, Order]:
    """The orders there are, by their name without direction, with addresses that keep the filters."""
    words = {
        "newest": (_("Last changed"), _("last changed first"), ""),
        "title": (_("Activity"), _("by title, A to Z"), _("by title, Z to A")),
        "start": (_("When"), _("by begin, earliest first"), _("by begin, latest first")),
        "status": (_("Status"), _("by status"), _("by status, in reverse")),
    }
    found = {}
    for name, (label, up, down) in words.items():
        turned = present == name and f"-{name}" in SORTS
        is_up, is_down = present == name, present == f"-{name}"
        found[name] = Order(
            label=str(label),
            address=_address(filters, f"-{name}" if turned else name),
            direction="ascending" if is_up else "descending" if is_down else "",
            in_words=str(down if is_down else up),
        )
    return found


def _address(filters: Filters, sort: str, **more: Any) -> str:
    """The list under `filters` in the order `sort`."""
    own = {} if sort == FIRST_ORDER else {"sort": sort}
    query = urlencode([*filters.pairs(), *(own | more).items()])
    return url_for("activities.activities") + (f"?{query}" if query else "")


@bp.get("/activities")
def activities() -> ResponseReturnValue:
    """The list under the filters and in the order of the query; `print=all`: all of it on one page, for paper."""
    mine = queries.my_entities()
    filters = read_filters(db.session, request.args)
    keys = [entity.key for entity in mine]
    sort = request.args.get("sort", FIRST_ORDER)
    sort = sort if sort in SORTS else FIRST_ORDER
    for_paper = request.args.get("print") == "all"
    page = page_of_activities(
        db.session,
        filters,
        mine=keys,
        number=1 if for_paper else request.args.get("page", 1, type=int),
        sort=sort,
        after="" if for_paper else request.args.get("after", "")[:MAX_KEY_LENGTH],
        before="" if for_paper else request.args.get("before", "")[:MAX_KEY_LENGTH],
        size=MAX_PRINTED if for_paper else SIZE,
    )
    shown = {
        "page": page,
        "filters": filters,
        "orders": (orders := _orders(filters, sort)),
        "order_in_words": orders[sort.removeprefix("-")].in_words,
        "chapters": chapters(db.session),
        "at": utc_now(),
        "list_address": _address(filters, sort),
    }
    if for_paper:
        return render_template("matrix/activities_on_paper.html", **shown)
    return render_template(
        "matrix/activities.html",
        **shown,
        counts=queries.counts_by_chapter(db.session, filters, keys),
        entities=entities(db.session, retired=True),
        recommendations=recommendations(db.session),
        may_add=queries.may_add_activities(current_user, mine),
        has_mine=bool(mine),
        may_declare=bool(mine) or current_user.is_coordinator,
        sort=sort,
        paper_address=_address(filters, sort, print="all"),
        previous=_address(filters, sort, page=page.number - 1, before=page.first) if page.number > 1 else "",
        following=_address(filters, sort, page=page.number + 1, after=page.last) if page.number < page.pages else "",
    )
