"""Signing what is not signed yet, and checking what is; an edition's files with their signatures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.db.audit_chain import digest_at
from interagency.db.base import db
from interagency.exports.external.hand_outs import sign_hand_outs, unsigned_hand_outs
from interagency.exports.matrix_workbook import edition_workbook
from interagency.exports.media_types import XLSX
from interagency.exports.models import HandOut
from interagency.exports.tables.columns import TABLES
from interagency.exports.tables.sources import edition_source
from interagency.exports.tables.writing import csv_pieces
from interagency.matrix.cycles.edition_signatures import sign_editions, unsigned_editions
from interagency.matrix.cycles.edition_views import get_edition, load
from interagency.matrix.cycles.editions import edition_text
from interagency.matrix.cycles.models import Edition
from interagency.settings import Settings
from interagency.signatures.files import FileSigner, file_signer
from interagency.signatures.keys import KeyRefusal, published_keys
from interagency.signatures.models import RecordSignature
from interagency.signatures.records import signature_problems
from interagency.web.context import settings, utc_now
from interagency.web.errors import refuse

bp = Blueprint("signed", __name__)
FILES = {
    "matrix.xlsx": XLSX,
    "edition.json": "application/json",
    "activities.csv": "text/csv; charset=utf-8",
    "events.csv": "text/csv; charset=utf-8",
}


def sign_what_is_not(session: Session, settings: Settings, at: datetime) -> tuple[int, int]:
    """Sign every edition and hand-out without a signature, uncommitted. Returns how many of each.

    What was made more than an hour ago says in its signature that it was signed later. Raises KeyRefusal.
    """
    return sign_editions(session, settings, at), sign_hand_outs(session, settings, at)


def problems(session: Session) -> Iterator[str]:
    """A line for each signature that is missing or does not hold, each break in a chain, and a shortened audit log.

    Nothing is missing where the service never had a key.
    """
    keys = published_keys(session)
    if not keys:
        return
    yield from signature_problems(session, keys)
    for kind, records in (("edition", unsigned_editions(session)), ("hand-out", unsigned_hand_outs(session))):
        for record in records:
            yield f"{kind} {record.id} is not signed; `interagency cycle tick` signs it where the key is"
    for word, signed, kept in _checksums(session):
        if signed != kept:
            yield f"{word} is not the one that was signed"
    query = sa.select(RecordSignature).where(RecordSignature.is_hand_out.is_(False)).order_by(RecordSignature.number)
    for one in session.scalars(query):
        position, digest = one.said["audit"]
        if digest_at(session, position) != digest:
            yield f"the audit log is not the one that edition {one.number} was signed with, up to its place {position}"


def _checksums(session: Session) -> Iterator[tuple[str, str, str]]:
    for one, checksum in session.execute(
        sa.select(RecordSignature, Edition.checksum).join(Edition, Edition.number == RecordSignature.edition_number)
    ):
        yield f"edition {one.number}", one.said["sha256"], checksum
    for one, checksum in session.execute(
        sa.select(RecordSignature, HandOut.checksum).join(HandOut, HandOut.id == RecordSignature.hand_out_id)
    ):
        yield f"hand-out {one.hand_out_id}", one.said["sha256"], checksum


# --- An edition's files ---


def _file(edition: Edition, name: str) -> bytes:
    """One of FILES, the same bytes each time."""
    if name == "edition.json":
        return edition_text(db.session, edition.number)
    if name == "matrix.xlsx":
        return edition_workbook(db.session, edition)[0]
    table = TABLES[name.removesuffix(".csv")]
    return b"".join(csv_pieces(table.columns, table.rows(edition_source(db.session, edition, (), ()))))


def _name_of(edition: Edition, name: str) -> str:
    """How the file is called where it is kept: with its month."""
    title, _dot, ending = name.partition(".")
    issue = f"-issue-{edition.issue}" if edition.issue > 1 else ""
    return f"{title}-{edition.cycle_month}{issue}.{ending}"


def signer_or_refusal(*, edition: int | None = None) -> FileSigner:
    """What signs files; a clear page where this server cannot."""
    try:
        signer = file_signer(db.session, settings(), utc_now(), edition=edition)
    except KeyRefusal:
        signer = None
    if signer is None:
        refuse(503, _("This server has no key to sign with. Whoever runs this service: run `interagency init`."))
    return signer


def _edition() -> Edition:
    assert request.view_args is not None
    found = get_edition(request.view_args["month"], request.args.get("issue", type=int))
    load(found)
    return found


def _sent(body: bytes, kind: str, name: str) -> Response:
    response = Response(body, content_type=kind)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    response.headers["Cache-Control"] = "private, max-age=0, must-revalidate"
    return response


@bp.get("/editions/<month>/signed.zip")
def edition_archive(month: str) -> ResponseReturnValue:
    """All files of an edition with their signatures, the public keys and the program that verifies them."""
    edition = _edition()
    signer = signer_or_refusal(edition=edition.number)
    body = signer.archive((_name_of(edition, name), _file(edition, name)) for name in FILES)
    return _sent(body, "application/zip", f"edition-{month}-signed.zip")


@bp.get("/editions/<month>/signed/<name>")
def edition_file(month: str, name: str) -> ResponseReturnValue:
    """A file of an edition under the name its signature says, or with `.sig` after the name that signature."""
    wanted = name.removesuffix(".sig")
    if wanted not in FILES:
        refuse(404, _("There is no such file. There are: %(names)s.", names=", ".join(FILES)))
    edition = _edition()
    body, kept_as = _file(edition, wanted), _name_of(edition, wanted)
    if wanted == name:
        return _sent(body, FILES[name], kept_as)
    signature = signer_or_refusal(edition=edition.number).sign(kept_as, body)
    return _sent(signature, "application/json", f"{kept_as}.sig")
