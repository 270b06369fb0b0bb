"""Pages of a list by cursor, with the address of the next as a link (RFC 8288); tombstones for who follows changes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.activities.filters import Filters, unreadable
from interagency.web.context import settings, utc_now
from interagency.web.problems import Problem

# A save notes its instant before it is committed: who asks again looks back so far.
LOOK_BACK = timedelta(minutes=5)
OWN = ("limit", "cursor", "fields", "updated_since")
MAX_ID = 2**31 - 1
Item = dict[str, Any]


def refuse_unreadable(filters: Filters, known: Sequence[str]) -> None:
    """422 where a value of a filter was not understood, or a parameter is none: no list is wider than its address."""
    if problems := unreadable(filters, (name for name in request.args if name not in OWN), (*known, *OWN)):
        raise Problem(422, " ".join(problems))


def chosen_names(text: str, known: Collection[str]) -> frozenset[str] | None:
    """The members that `fields=` asks for; None for all. 422 for one that there is not."""
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if strange := sorted(names - set(known)):
        words = _("There is no member “%(name)s”.", name=strange[0][:60])
        raise Problem(422, words, errors={"fields": [words]})
    return names | {"id", "gone"} if names else None


def narrowed(item: Item, names: Collection[str] | None) -> Item:
    """An item with these members only."""
    return item if names is None else {name: value for name, value in item.items() if name in names}


def _cursor(at: datetime | None, number: int) -> str:
    text = f"{at.isoformat() if at else ''}~{number}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime | None, int]:
    """Where a page begins, from its cursor. 422 for one that we did not make."""
    try:
        at, _sign, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition("~")
        moment = datetime.fromisoformat(at) if at else None
        place = int(number)
        if (moment is not None and moment.tzinfo is None) or not 0 <= place <= MAX_ID:
            raise ValueError
    except (ValueError, binascii.Error):
        words = _("This is no cursor of ours. Use the address of “next” as it is.")
        raise Problem(422, words, errors={"cursor": [words]}) from None
    return moment, place


def list_page(
    session: Session,
    model: Any,
    conditions: Sequence[sa.ColumnElement[bool]],
    query: dict[str, Any],
    read: Callable[[Sequence[int]], Iterable[Item]],
    tombstone: Callable[[Any], Item],
) -> dict[str, Any]:
    """A page of the records of `model` (with id, updated_at and version) under `conditions`.

    By number; with `updated_since` by when they were saved, all that were, and those that are not under `conditions`
    as tombstones. `read(ids)` gives the items of some records, `tombstone(row)` that of one that is gone.
    """
    since, limit = query["updated_since"], query["limit"]
    begins, after = _place(query["cursor"]) if query["cursor"] else (None, 0)
    asked_at = utc_now()
    ids = sa.select(model.id, model.updated_at).limit(limit + 1)
    if since is None:
        rows = session.execute(ids.where(*conditions, model.id > after).order_by(model.id)).all()
    else:
        ids = ids.where(model.updated_at >= since)
        if begins is not None:
            place = sa.tuple_(model.updated_at, model.id)
            types = (sa.literal(begins, model.updated_at.type), sa.literal(after))
            ids = ids.where(place > sa.tuple_(*types))
        rows = session.execute(ids.order_by(model.updated_at, model.id)).all()
    shown = [row.id for row in rows[:limit]]
    found = {item["id"]: item for item in read(_matching(session, model, conditions, shown, since))}
    gone = [number for number in shown if number not in found]
    found |= {row.id: tombstone(row) for row in _rows(session, model, gone)}
    names = query["names"]
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    return {
        "items": [narrowed(found[number], names) for number in shown if number in found],
        "next": _address(_cursor(last.updated_at if since else None, last.id)) if last is not None else None,
        "next_updated_since": (asked_at - LOOK_BACK).isoformat(),
    }


def _matching(
    session: Session, model: Any, conditions: Sequence[sa.ColumnElement[bool]], ids: Sequence[int], since: Any
) -> Sequence[int]:
    if since is None or not ids:
        return ids
    return session.scalars(sa.select(model.id).where(*conditions, model.id.in_(ids))).all()


def _rows(session: Session, model: Any, ids: Sequence[int]) -> Sequence[Any]:
    return session.scalars(sa.select(model).where(model.id.in_(ids))).all() if ids else ()


def _address(cursor: str) -> str:
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    return f"{settings().base_url}{request.path}?{urlencode([*pairs, ('cursor', cursor)])}"


def links(page: dict[str, Any]) -> dict[str, str]:
    """The headers of a page."""
    return {"Link": f'<{page["next"]}>; rel="next"'} if page["next"] else {}
