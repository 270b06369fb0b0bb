"""Questions about remarks: those on a record, and those that ask a person."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from interagency.matrix.remarks.models import Remark, RemarkAddressee, SubjectKind

MOST = 200


def remarks_on(
    session: Session, kind: SubjectKind, number: int, part: int = 0, *, also: sa.Select[int] | None = None
) -> list[Remark]:
    """The remarks on a record and on those that `also` selects, oldest first; of very many the newest."""
    numbers: sa.ColumnElement[bool] = Remark.subject_id == number
    if also is not None:
        numbers = sa.or_(numbers, Remark.subject_id.in_(also))
    query = sa.select(Remark).where(Remark.subject_kind == kind, numbers, Remark.subject_part == part)
    return _newest(session, query, MOST)[::-1]


def _newest(session: Session, query: sa.Select[Remark], most: int) -> list[Remark]:
    loaded = query.options(selectinload(Remark.addressees), selectinload(Remark.earlier))
    return list(session.scalars(loaded.order_by(Remark.id.desc()).limit(most)))


def counts_by_part(session: Session, kind: SubjectKind, number: int) -> dict[int, int]:
    """How many remarks each part of a record has."""
    query = sa.select(Remark.subject_part, sa.func.count()).where(
        Remark.subject_kind == kind, Remark.subject_id == number
    )
    rows = session.execute(query.group_by(Remark.subject_part))
    return dict(rows.all())


def asks(person_id: int, entity_ids: Collection[int]) -> sa.ColumnElement[bool]:
    """The condition of remarks that ask the person or one of the entities, and are not the person's own."""
    mine = sa.select(RemarkAddressee.remark_id).where(
        sa.or_(RemarkAddressee.person_id == person_id, RemarkAddressee.entity_id.in_(entity_ids))
    )
    return sa.and_(Remark.id.in_(mine), sa.or_(Remark.by_id.is_(None), Remark.by_id != person_id))


def open_remarks(
    session: Session,
    person_id: int,
    entity_ids: Collection[int],
    *,
    most: int = MOST,
    without: sa.Select[int | None] | None = None,
) -> list[Remark]:
    """The open remarks that ask the person or one of the entities, newest first, but for those `without` selects."""
    query = sa.select(Remark).where(asks(person_id, entity_ids), Remark.answered_at.is_(None))
    if without is not None:
        query = query.where(Remark.id.not_in(without))
    return _newest(session, query, most)


def written_by(session: Session, person_id: int, *, most: int = 50) -> list[Remark]:
    """The newest remarks of a person."""
    query = sa.select(Remark).where(Remark.by_id == person_id)
    return _newest(session, query, most)
