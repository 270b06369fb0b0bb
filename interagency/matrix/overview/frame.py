"""What all pictures of the overview share: the filters of the address, and what the filter form offers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import request
from flask_login import current_user

from interagency.db.base import db
from interagency.matrix.activities.filters import Filters, read_filters
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.framework.names import chapters, recommendations
from interagency.matrix.organisations.queries import entities
from interagency.matrix.overview.count_cache import cached_counts
from interagency.matrix.overview.grid import regions_in_order
from interagency.web.context import today


def asked() -> tuple[Filters, list[str]]:
    """The filters of the address, and the keys of the entities of the person who is here."""
    return read_filters(db.session, request.args), [entity.key for entity in my_entities()]


def frame(filters: Filters, mine: list[str]) -> dict[str, Any]:
    """What every page of the overview hands its template."""
    return {
        "filters": filters,
        "today": today(),
        "chapters": chapters(db.session),
        "entities": entities(db.session, retired=True),
        "recommendations": recommendations(db.session),
        "regions": regions_in_order(db.session),
        "years": _years(),
        "has_mine": bool(mine),
        "may_declare": bool(mine) or current_user.is_coordinator,
    }


def _years() -> list[int]:
    """The years in which activities begin."""
    year = sa.cast(sa.extract("year", Activity.start_first), sa.Integer)
    query = sa.select(year).where(Activity.is_listed, Activity.start_first.is_not(None)).distinct()
    return cached_counts(db.session, ("years",), Filters(), (), lambda: sorted(db.session.scalars(query)))
