"""Editions are signed in the transaction that makes them; one that could not be is signed before the next, or later."""

from __future__ import annotations

import logging
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from interagency.matrix.cycles.models import Edition
from interagency.settings import Settings
from interagency.signatures.keys import KeyRefusal, key_in_use
from interagency.signatures.models import RecordSignature
from interagency.signatures.records import Record, sign_record
from interagency.web.context import settings, utc_now

log = logging.getLogger("interagency")


def unsigned_editions(session: Session) -> list[Record]:
    """The editions without a signature, the oldest first."""
    query = (
        sa.select(Edition.number, Edition.checksum, Edition.made_at, Edition.cycle_month, Edition.issue)
        .outerjoin(RecordSignature, RecordSignature.edition_number == Edition.number)
        .where(RecordSignature.id.is_(None))
        .order_by(Edition.number)
    )
    return [
        Record(number, checksum, made_at, {"month": month, "issue": issue})
        for number, checksum, made_at, month, issue in session.execute(query)
    ]


def sign_editions(session: Session, settings: Settings, at: datetime) -> int:
    """Sign every edition that is not, in the caller's transaction; none where this server has no key.

    Returns how many. Raises KeyRefusal where the key cannot be read, IntegrityError where another
    server signs at the same moment.
    """
    records = unsigned_editions(session)
    key = key_in_use(session, settings, at) if records else None
    if key is None:
        return 0
    for record in records:
        record.about["service"] = settings.base_url
        sign_record(session, key, record, at)
    return len(records)


def sign_edition_being_made(session: Session) -> None:
    """Sign what `close_cycle` makes. Where that fails the month is closed all the same; `cycle tick` signs it."""
    try:
        with session.begin_nested():
            sign_editions(session, settings(), utc_now())
    except (KeyRefusal, IntegrityError) as problem:
        log.error("the edition was not signed: %s", problem)
