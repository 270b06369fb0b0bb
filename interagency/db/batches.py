"""Many records read by Core, a batch at a time, and what hangs on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

BATCH = 1000


def batches(session: Session, query: sa.Select[Any], number: sa.ColumnElement[int]) -> Iterator[Sequence[sa.Row[Any]]]:
    """The rows of `query` by `number`, their first column, so many at a time that memory stays flat.

    The session may begin another transaction in between.
    """
    query, last = query.order_by(number).limit(BATCH), 0
    while True:
        rows = session.connection().execute(query.where(number > last)).all()
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        last = rows[-1][0]


def rows_by(
    connection: sa.Connection,
    ids: Sequence[int],
    owner: sa.ColumnElement[int],
    *columns: sa.ColumnElement[Any],
    join: sa.ColumnElement[bool] | None = None,
    order: tuple[sa.ColumnElement[Any], ...] = (),
) -> dict[int, list[tuple[Any, ...]]]:
    """The `columns` of what hangs on the records `ids` (in ascending order), by the record that `owner` names.

    Asked for by range where most numbers in it are wanted, which is a shorter question.
    """
    first, last = ids[0], ids[-1]
    owned = owner.between(first, last) if last - first < 2 * len(ids) else owner.in_(ids)
    query = sa.select(owner, *columns).where(owned).order_by(*order)
    if join is not None:
        query = query.where(join)
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in connection.execute(query).all():
        found[row[0]].append(row[1:])
    return found
