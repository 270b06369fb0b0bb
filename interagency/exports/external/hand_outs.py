"""Handing out: what would leave, handing it to somebody under an address of its own, and the log of it."""

from __future__ import annotations

import hashlib
import json
import logging
import zlib
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale
from sqlalchemy.orm import Session

from interagency.accounts.models import AccessToken, Person, TokenKind
from interagency.accounts.tokens import find_token, make_token
from interagency.db.base import canonical_json
from interagency.db.history import audit
from interagency.exports.external.coded import identifier_of
from interagency.exports.external.content import Content, Form, content_of
from interagency.exports.models import HandOut, HandOutUse
from interagency.matrix.activities.translation_views import translations_of
from interagency.matrix.agreement.gate import Passed, through_the_gate
from interagency.matrix.agreement.models import Audience
from interagency.matrix.cycles import editions
from interagency.matrix.cycles.models import Edition
from interagency.settings import Settings
from interagency.signatures.keys import KeyRefusal, key_in_use
from interagency.signatures.models import RecordSignature
from interagency.signatures.records import Record, sign_record, wait_for_hand_outs
from interagency.text.languages import DEFAULT
from interagency.web.context import settings, utc_now

log = logging.getLogger("interagency")
DAYS = 90
MAX_DAYS = 730


def prepare(
    session: Session, edition: Edition, audience: Audience, form: Form, country: str | None, day: date
) -> tuple[Content, Passed]:
    """What `audience` would get of an edition on `day`, and what is withheld and why (for coordinators)."""
    contents = editions.load(session, edition.number)
    passed = through_the_gate(session, contents, audience.key, day)
    identify = partial(identifier_of, prefix=settings().iati_prefix, secret=settings().iati_secret)
    translations = translations_of(session, [entry["id"] for entry in passed.activities])
    with force_locale(DEFAULT):  # one content, said in the language it is asked in
        content = content_of(
            passed, contents, audience=audience.name, form=form, country=country, identify=identify,
            translations=translations,
        )  # fmt: skip
    return content, passed


def hand_out(
    session: Session,
    edition: Edition,
    audience: Audience,
    form: Form,
    country: str | None,
    *,
    recipient: str,
    days: int,
    by: Person,
    at: datetime,
    day: date,
    token: str | None = None,
    language: str = DEFAULT,
) -> tuple[HandOut, str]:
    """Freeze what the audience sees now and give it an address; the token is returned once and kept as a hash.

    `language` is what the address says it in unless it is asked for another.
    """
    content, passed = prepare(session, edition, audience, form, country, day)
    text = canonical_json(content).encode()
    kept, token = make_token(
        session, TokenKind.EXTERNAL, None, recipient[:200], token=token, expires_at=at + timedelta(days=days)
    )
    made = HandOut(
        edition_number=edition.number,
        audience_key=audience.key,
        form=form.value,
        country_code=country,
        token_id=kept.id,
        recipient=recipient,
        contents=zlib.compress(text, 6),
        checksum=hashlib.sha256(text).hexdigest(),
        language=language,
        handed_at=at,
        handed_by_id=by.id,
    )
    session.add(made)
    session.flush()
    audit(
        session, "handed_out", by=by, edition=edition.number, audience=audience.key, form=form.value, to=recipient,
        activities=len(passed.activities), events=len(passed.events), checksum=made.checksum,
    )  # fmt: skip
    try:
        sign_hand_outs(session, settings(), utc_now())
    except KeyRefusal as problem:  # it is handed out all the same; `cycle tick` signs it
        log.error("the hand-out was not signed: %s", problem)
    return made, token


def unsigned_hand_outs(session: Session) -> list[Record]:
    """The hand-outs without a signature, the oldest first."""
    query = (
        sa.select(HandOut.id, HandOut.checksum, HandOut.handed_at)
        .outerjoin(RecordSignature, RecordSignature.hand_out_id == HandOut.id)
        .where(RecordSignature.id.is_(None))
        .order_by(HandOut.id)
    )
    return [Record(number, checksum, at, {}, is_hand_out=True) for number, checksum, at in session.execute(query)]


def sign_hand_outs(session: Session, settings: Settings, at: datetime) -> int:
    """Sign every hand-out that is not, in the caller's transaction; none where this server has no key.

    Returns how many. Raises KeyRefusal where the key cannot be read.
    """
    wait_for_hand_outs(session)
    records = unsigned_hand_outs(session)
    key = key_in_use(session, settings, at) if records else None
    if key is None:
        return 0
    for record in records:
        record.about["service"] = settings.base_url
        sign_record(session, key, record, at)
    return len(records)


def content_by_token(session: Session, token: str, at: datetime) -> tuple[HandOut, Content] | None:
    """What an address opens, or None for an unknown, revoked or expired one."""
    kept = find_token(session, TokenKind.EXTERNAL, token)
    if kept is None or not kept.is_alive(at):
        return None
    found = session.scalar(sa.select(HandOut).where(HandOut.token_id == kept.id))
    if found is None:
        return None
    content: Content = json.loads(zlib.decompress(found.contents))
    return found, content


def note_use(session: Session, hand_out_id: int, file_format: str, at: datetime) -> None:
    """Keep that something handed out was fetched; a transaction of its own."""
    session.rollback()
    session.add(HandOutUse(hand_out_id=hand_out_id, file_format=file_format, at=at))
    session.commit()


def all_hand_outs(session: Session) -> list[dict[str, Any]]:
    """Every hand-out, newest first, with its address's state and how often it was fetched."""
    uses = (
        sa.select(HandOutUse.hand_out_id, sa.func.count().label("count"), sa.func.max(HandOutUse.at).label("last"))
        .group_by(HandOutUse.hand_out_id)
        .subquery()
    )
    query = (
        sa.select(HandOut, AccessToken, Audience.name, Edition.cycle_month, uses.c.count, uses.c.last)
        .options(sa.orm.defer(HandOut.contents))
        .join(AccessToken, AccessToken.id == HandOut.token_id)
        .join(Audience, Audience.key == HandOut.audience_key)
        .join(Edition, Edition.number == HandOut.edition_number)
        .outerjoin(uses, uses.c.hand_out_id == HandOut.id)
        .order_by(HandOut.id.desc())
    )
    return [
        {"made": made, "token": token, "audience": name, "month": month, "uses": count or 0, "last": last}
        for made, token, name, month, count, last in session.execute(query)
    ]
