"""Saved views: a page under its filters by a name, for oneself, one's entity or everybody."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session, joinedload
from werkzeug.datastructures import MultiDict

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event
from interagency.calendar.events.queries import NAMES as EVENT_NAMES
from interagency.calendar.events.queries import event_conditions, read_event_filters
from interagency.db.history import audit
from interagency.following.models import NAME_LENGTH, QUERY_LENGTH, SavedView, ViewKind, ViewScope, Watch, WatchKind
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import NAMES as ACTIVITY_NAMES
from interagency.matrix.activities.filters import Filters, read_filters, unreadable
from interagency.matrix.activities.listing import SORTS
from interagency.matrix.activities.models import Activity
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overview.grid import COLUMNS, ROWS
from interagency.text.folding import clean

MOST_OF_A_PERSON = 100


class ViewRefusal(ValueError):
    """A view cannot be saved so; the text says why and what to do. `field` is the part of the form it is about."""

    def __init__(self, message: str, field: str = "name") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Page:
    """A page that can be saved: its path, what it is called, and what its address says beside the filters, with the
    choices there are."""

    path: str
    label: object
    extras: dict[str, frozenset[str]]
    is_calendar: bool = False


PAGES = {
    ViewKind.ACTIVITIES: Page(
        "/activities",
        _l("List of activities"),
        {"sort": frozenset(SORTS)},
    ),
    ViewKind.CALENDAR: Page("/calendar", _l("Calendar"), {"past": frozenset({"yes"})}, is_calendar=True),
    ViewKind.MATRIX: Page("/matrix", _l("Matrix of numbers"), {"rows": frozenset(ROWS), "columns": frozenset(COLUMNS)}),
    ViewKind.COVERAGE: Page("/coverage", _l("Coverage"), {"only": frozenset({"gaps"})}),
    ViewKind.WHERE: Page("/where", _l("Map"), {}),
}


@dataclass(frozen=True, slots=True)
class ReadView:
    """What a view's query says today. `problems`: why it no longer makes sense, where it does not."""

    filters: Filters
    query: str
    problems: tuple[str, ...]


def read_query(session: Session, kind: ViewKind, query: str | MultiDict[str, str]) -> ReadView:
    """Read a view's query as its page does."""
    pairs = parse_qsl(query, max_num_fields=200) if isinstance(query, str) else list(query.items(multi=True))
    args, page = MultiDict(pairs), PAGES[kind]
    names = EVENT_NAMES if page.is_calendar else ACTIVITY_NAMES
    filters = read_event_filters(session, args) if page.is_calendar else read_filters(session, args)
    problems = unreadable(filters, [name for name in args if name not in page.extras], names)
    extras = []
    for name, choices in page.extras.items():
        value = args.get(name, "")[:40]
        if value and value in choices:
            extras.append((name, value))
        elif value:
            problems.append(_("“%(value)s” is no choice for “%(name)s” on that page.", value=value, name=name))
    pairs = [(name, value) for name in names for value in filters.get(name)]
    return ReadView(filters, urlencode([*pairs, *extras]), tuple(problems))


def path_of(view: SavedView) -> str:
    """The page of the service that the view is of."""
    path = PAGES[view.kind].path
    return f"{path}?{view.query}" if view.query else path


def visible_to(person: Person, mine: Collection[Organisation]) -> sa.ColumnElement[bool]:
    """The condition of views that a person, focal point of `mine`, sees."""
    return sa.or_(
        SavedView.person_id == person.id,
        SavedView.scope == ViewScope.EVERYBODY,
        sa.and_(SavedView.scope == ViewScope.ENTITY, SavedView.entity_id.in_([one.id for one in mine])),
    )


def views_of(session: Session, person: Person, mine: Collection[Organisation]) -> list[SavedView]:
    """The views that a person sees, by name."""
    query = sa.select(SavedView).where(visible_to(person, mine))
    loaded = query.options(joinedload(SavedView.person), joinedload(SavedView.entity))
    return list(session.scalars(loaded.order_by(sa.func.lower(SavedView.name), SavedView.id).limit(500)))


def view_for(session: Session, view_id: int, person: Person, mine: Collection[Organisation]) -> SavedView | None:
    """One view, for whom may see it."""
    return session.scalar(sa.select(SavedView).where(SavedView.id == view_id, visible_to(person, mine)))


def may_change(person: Person, view: SavedView) -> bool:
    """Its maker; and coordinators what everybody sees."""
    return view.person_id == person.id or (person.is_coordinator and view.scope is ViewScope.EVERYBODY)


def read_name(typed: str) -> str:
    """The name of a view. Raises ViewRefusal."""
    name = clean(typed, lines=False)
    if not name:
        raise ViewRefusal(_("Give the view a name."))
    if len(name) > NAME_LENGTH:
        raise ViewRefusal(_("Shorten the name to %(max)s characters.", max=NAME_LENGTH))
    return name


def read_scope(typed: str, person: Person, mine: Collection[Organisation]) -> tuple[ViewScope, int | None]:
    """Who is to see a view: `own`, `everybody`, or `entity:KEY`. Raises ViewRefusal."""
    kind, _colon, key = typed.partition(":")
    if kind == ViewScope.OWN:
        return ViewScope.OWN, None
    entity = next((one for one in mine if one.key == key), None)
    if kind == ViewScope.ENTITY and entity is not None:
        return ViewScope.ENTITY, entity.id
    if kind == ViewScope.EVERYBODY and (person.is_coordinator or mine):
        return ViewScope.EVERYBODY, None
    raise ViewRefusal(_("Choose for whom the view is."), "scope")


def save_view(
    session: Session, kind: ViewKind, read: ReadView, name: str, scope: tuple[ViewScope, int | None], *,
    by: Person, at: datetime,
) -> SavedView:  # fmt: skip
    """Save a view of `by`. Raises ViewRefusal for filters that make no sense."""
    if read.problems:
        raise ViewRefusal(" ".join(read.problems), "query")
    if len(read.query) > QUERY_LENGTH:
        raise ViewRefusal(_("These are too many filters for one view. Save two."), "query")
    own = sa.select(sa.func.count()).select_from(SavedView).where(SavedView.person_id == by.id)
    if (session.scalar(own) or 0) >= MOST_OF_A_PERSON:
        raise ViewRefusal(_("You have %(n)s views. Delete one first.", n=MOST_OF_A_PERSON))
    view = SavedView(
        name=name, kind=kind, query=read.query, scope=scope[0], entity_id=scope[1], person_id=by.id, made_at=at
    )
    session.add(view)
    session.flush()
    audit(session, "view.saved", by=by, view=view.id, scope=view.scope.value)
    return view


def delete_view(session: Session, view: SavedView, *, by: Person) -> None:
    """Delete a view, and whoever watched it watches it no more; what it showed stays."""
    session.execute(sa.delete(Watch).where(Watch.kind == WatchKind.VIEW, Watch.target == str(view.id)))
    audit(session, "view.deleted", by=by, view=view.id, scope=view.scope.value)
    session.delete(view)


def record_ids(view: SavedView, read: ReadView, mine: Collection[Organisation]) -> tuple[str, sa.Select[int]]:
    """The kind of record that a view is about, and the numbers of those it shows to who speaks for `mine`."""
    keys = [one.key for one in mine]
    if PAGES[view.kind].is_calendar:
        return "event", sa.select(Event.id).where(*event_conditions(read.filters, keys))
    return "activity", sa.select(Activity.id).where(*activity_conditions(read.filters, keys))
