"""The matrix as a workbook: the live one under filters, and the one of an edition, which is always the same."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime
from threading import Lock
from typing import BinaryIO
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from interagency.db.base import is_conflict, now
from interagency.exports.models import EditionFile
from interagency.exports.snapshot import Snapshot, edition_picture, streaming_snapshot
from interagency.exports.workbook import Origin, write_workbook
from interagency.matrix.activities.filters import Filters
from interagency.matrix.cycles.models import Edition
from interagency.matrix.cycles.months import format_month
from interagency.settings import Settings
from interagency.signatures.models import RecordSignature, SigningKey
from interagency.text.dates import ImpreciseDate
from interagency.text.languages import DEFAULT

WORKBOOK = "xlsx"
BACK = _l(
    "Edit the Matrix sheet and send the file back under Imports, or sign in and edit the record there. Untouched "
    "cells do nothing, also when the record moved on meanwhile."
)


def write_current_matrix(
    target: BinaryIO,
    session: Session,
    filters: Filters,
    *,
    mine: list[str],
    made_by: str,
    settings: Settings,
    at: datetime | None = None,
    hxl: bool = False,
) -> None:
    """Write the matrix as it stands, under `filters`, with the events of the same filters up to a year ahead.

    In memory there are a thousand activities at a time, the events, and the edition before as long as it is compared.
    """
    made_at = (at or now()).astimezone(settings.zone)
    picture = streaming_snapshot(session, filters, mine=mine, day=made_at.date())
    day = ImpreciseDate.day(made_at.date()).words()
    origin = Origin(
        title=_("Matrix of UNGASS-related action, as it stood on %(day)s", day=day),
        made_at=made_at,
        zone=settings.timezone,
        made_by=made_by,
        period=_("As it stood on %(day)s; not an edition.", day=day),
        filters=filters.sentence(),
        counts=_counts(picture),
        address=settings.base_url,
        hxl=hxl,
        notes=[(_("Corrections"), f"{BACK} {settings.base_url}")],
    )
    write_workbook(target, origin, picture)


def _counts(picture: Snapshot) -> list[tuple[str, int | str]]:
    counts = picture.contents["counts"]
    return [
        (_("Activities"), counts["activities"]),
        (_("Joint activities"), counts["joint"]),
        (_("Events"), len(picture.contents["event"])),
    ]


def kept_checksum(session: Session, number: int) -> str | None:
    """The SHA-256 of the kept workbook of an edition; None when it was not made yet."""
    query = sa.select(EditionFile.checksum)
    return session.scalar(query.where(EditionFile.edition_number == number, EditionFile.file_format == WORKBOOK))


class _AtHand:
    """The workbooks asked for last, by their SHA-256. What is under a checksum has it, so it is never wrong."""

    MOST = 2

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}
        self._lock = Lock()

    def get(self, checksum: str) -> bytes | None:
        with self._lock:
            body = self._bodies.pop(checksum, None)
            if body is not None:
                self._bodies[checksum] = body  # the last asked for stands last
            return body

    def keep(self, checksum: str, body: bytes) -> bool:
        """Keep `body` unless it is not what `checksum` says; whether it is."""
        if hashlib.sha256(body).hexdigest() != checksum:
            return False
        with self._lock:
            self._bodies[checksum] = body
            while len(self._bodies) > self.MOST:
                del self._bodies[next(iter(self._bodies))]
        return True

    def clear(self) -> None:
        with self._lock:
            self._bodies.clear()


cached_workbook = _AtHand()


def edition_workbook(session: Session, edition: Edition, checksum: str | None = None) -> tuple[bytes, str]:
    """The workbook of an edition and its SHA-256: kept when it was made before, else made; the same bytes each time.

    `checksum` is what `kept_checksum` gave, where it was asked already. Raises ValueError when the workbook has to
    be made and the edition does not match its checksum.
    """
    checksum = checksum or kept_checksum(session, edition.number)
    if checksum is not None and (ready := cached_workbook.get(checksum)) is not None:
        return ready, checksum
    query = sa.select(EditionFile.contents, EditionFile.checksum)
    kept = session.execute(
        query.where(EditionFile.edition_number == edition.number, EditionFile.file_format == WORKBOOK)
    ).first()
    if kept is not None and cached_workbook.keep(kept.checksum, kept.contents):
        return kept.contents, kept.checksum
    body = edition_workbook_in(session, edition, DEFAULT)
    return body, hashlib.sha256(body).hexdigest()


def edition_workbook_in(session: Session, edition: Edition, language: str) -> bytes:
    """The workbook of an edition in a language, from what it holds. Raises ValueError as `edition_workbook`."""
    with force_locale(language):
        return _make_edition_workbook(session, edition)


def _make_edition_workbook(session: Session, edition: Edition) -> bytes:
    picture = edition_picture(session, edition)
    zone = picture.contents["zone"]
    made_at = edition.made_at.astimezone(ZoneInfo(zone))
    names = {"number": edition.number, "month": format_month(edition.cycle_month), "issue": edition.issue}
    if edition.issue > 1:
        period = _("Edition %(number)s: %(month)s, issue %(issue)s. It never changes.", **names)
    else:
        period = _("Edition %(number)s: %(month)s. It never changes.", **names)
    origin = Origin(
        title=_("Matrix of UNGASS-related action: %(month)s", month=names["month"]),
        made_at=made_at,
        zone=zone,
        made_by=edition.made_by_name,
        period=period,
        filters=_("none"),
        counts=_counts(picture),
        address="",
        notes=[
            (_("Checksum"), _("SHA-256 of the edition's contents: %(checksum)s", checksum=edition.checksum)),
            *_signed(session, edition.number),
            (_("Corrections"), str(BACK)),
        ],
    )
    body = io.BytesIO()
    write_workbook(body, origin, picture)
    return body.getvalue()


def _signed(session: Session, number: int) -> list[tuple[str, str]]:
    """By which key the edition was signed when it was made: a signature of later would change the workbook."""
    made = session.scalar(sa.select(RecordSignature).where(RecordSignature.edition_number == number))
    if made is None or made.said["signed_later"]:
        return []
    public = session.scalars(sa.select(SigningKey.public).where(SigningKey.id == made.key_id)).one()
    words = _("Ed25519, public key %(key)s. The signature of this file is beside it; it ends in .sig.", key=public)
    return [(_("Signed"), words)]


def keep_edition_workbook(session: Session, number: int) -> bool:
    """Make the workbook of an edition once and keep it with its checksum. False when it is kept already."""
    if session.get(EditionFile, (number, WORKBOOK)) is not None:
        return False
    edition = session.get(Edition, number)
    if edition is None:
        return False
    body = edition_workbook_in(session, edition, DEFAULT)
    session.rollback()  # what follows writes; nothing was held while the workbook was made
    try:
        session.add(
            EditionFile(
                edition_number=number,
                file_format=WORKBOOK,
                checksum=hashlib.sha256(body).hexdigest(),
                contents=body,
                made_at=now(),
            )
        )
        session.commit()
    except sa.exc.IntegrityError as error:  # somebody else kept it meanwhile
        session.rollback()
        if not is_conflict(error):
            raise
        return False
    return True


def damaged_files(session: Session) -> list[str]:
    """A line for each kept file that does not match its checksum."""
    lines = []
    for number, kind, checksum, contents in session.execute(
        sa.select(EditionFile.edition_number, EditionFile.file_format, EditionFile.checksum, EditionFile.contents)
    ):
        if hashlib.sha256(contents).hexdigest() != checksum:
            lines.append(f"the {kind} of edition {number} does not match its checksum")
    return lines
