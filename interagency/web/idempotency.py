"""The key of a form: what makes something anew is done once, however often the same form is sent.

A page draws the key into such a form (`form_key` in `_macros.html`). The act writes it into its own transaction, so
that two at once meet on the primary key: the second waits, is refused by the database and led to where the first led.

"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

import sqlalchemy as sa
from flask import Flask, flash, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from interagency.db.base import Model, acquire_write_lock, canonical_json, db, is_conflict
from interagency.web.access import View
from interagency.web.context import settings, utc_now
from interagency.web.preserved_form import preserve_form

FIELD = "form_key"
# 128 bits as a page writes them; anything else is no key.
WRITTEN = re.compile(r"[A-Za-z0-9_-]{22}")
# Second clicks come within seconds, pages left open within days.
KEPT = timedelta(days=7)
Again = Callable[[], ResponseReturnValue | None]


class FormKey(Model):
    """A form that was sent and whose act was done. A key is its person's own: in other hands it is another one."""

    __tablename__ = "form_key"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), primary_key=True)
    # The key itself stays in the page: secrets are made from it, see `derived_secret`.
    key_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    # What was sent with it, so that other words under the same key are not taken for the same act.
    sent_hash: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    # Where the act led. Empty only until the act is done.
    address: Mapped[str] = mapped_column(default="")


def prepare(app: Flask) -> None:
    """Give templates the key to draw."""
    app.jinja_env.globals["new_form_key"] = new_form_key


def new_form_key() -> str:
    """A key for a form of this page: a new one, or the one that came with a form which is shown again."""
    return g.get("key_in_hand") or secrets.token_urlsafe(16)


def submitted_key() -> str | None:
    """The key that came with the form; None without one, and for what cannot be one."""
    key = request.form.get(FIELD, "")
    return key if WRITTEN.fullmatch(key) and current_user.is_authenticated else None


def idempotent(again: Again | None = None) -> Callable[[View], View]:
    """Mark a view that makes something anew: a form with a key is taken once.

    The view calls `record_redirect` before it commits. A form that was taken already leads there; `again` answers
    instead where it can, by showing anew what is shown once. A view that `defer_write_lock` reads first, and takes the
    key itself by `take_key`.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def once(**values: Any) -> ResponseReturnValue:
            if hasattr(view, "defer_write_lock"):
                key = submitted_key()
                earlier = None if key is None else _earlier(key)
                repeated = None if earlier is None else _repeat_response(earlier, again)
            else:
                repeated = _take(again)
            answer: ResponseReturnValue = repeated or view(**values)
            return answer

        once.idempotent = True  # type: ignore[attr-defined]
        return once  # type: ignore[return-value]

    return mark


def take_key() -> ResponseReturnValue | None:
    """The end of reading in a view that `defer_write_lock`: take its form, once for all calls of one request.

    Returns the answer to a form that was taken already, by somebody faster by a hair.
    """
    acquire_write_lock()
    return None if "key_taken" in g else _take(None)


def _take(again: Again | None) -> ResponseReturnValue | None:
    key = submitted_key()
    while key is not None and not _is_taken_now(key):
        if (earlier := _earlier(key)) is not None:
            return _repeat_response(earlier, again)
    return None


def _earlier(key: str) -> FormKey | None:
    return db.session.scalars(sa.select(FormKey).where(*_is_row(key))).first()


class KeyUsedOtherwise(Exception):
    """A key under which something else was sent before."""


def take_header_key(key: str) -> str | None:
    """Take the key that a program sent, in this transaction; where the act led that was done with it, or None.

    Raises KeyUsedOtherwise.
    """
    while not _is_taken_now(key):
        if (earlier := _earlier(key)) is not None:
            if earlier.sent_hash != _request_fingerprint():
                raise KeyUsedOtherwise
            return earlier.address
    return None


def record_redirect(address: str) -> None:
    """Note where the act led. Before the commit, so that act and key are kept together or not at all."""
    g.pop("key_in_hand", None)  # a page that comes after draws another
    key = g.get("key_taken")
    if key is not None:
        db.session.execute(sa.update(FormKey).where(*_is_row(key)).values(address=address))


def derived_secret() -> str:
    """A secret for an address, 192 bits: the same again when the same form is sent again, so that it can be shown
    again. Nobody makes it from the database: that has only the hash of the key.
    """
    key = submitted_key()
    if key is None:
        return secrets.token_urlsafe(24)
    words = f"{FIELD} {current_user.id} {key}".encode()
    made = hmac.digest(settings().secret_key.encode(), words, "sha256")
    return base64.urlsafe_b64encode(made[:24]).decode()


def delete_expired(person_id: int, at: datetime) -> None:
    """Remove the keys of a person that serve nobody any more."""
    db.session.execute(sa.delete(FormKey).where(FormKey.person_id == person_id, FormKey.at < at - KEPT))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _is_row(key: str) -> tuple[sa.ColumnElement[bool], ...]:
    return FormKey.person_id == current_user.id, FormKey.key_hash == _hash(key)


def _is_taken_now(key: str) -> bool:
    """Take the key in this transaction; False when an act was done with it. Waits for one that is being done."""
    row = sa.insert(FormKey).values(
        person_id=current_user.id, key_hash=_hash(key), sent_hash=_request_fingerprint(), at=utc_now(), address=""
    )
    try:
        db.session.execute(row)
    except IntegrityError as error:
        db.session.rollback()
        if not is_conflict(error):
            raise
        return False
    g.key_in_hand = g.key_taken = key
    return True


def _request_fingerprint() -> str:
    """One fingerprint of the form, its files and the address it was sent to."""
    sent = [pair for pair in request.form.items(multi=True) if pair[0] not in (FIELD, "csrf_token")]
    found = hashlib.sha256(canonical_json([request.full_path, sent]).encode("utf-8", "surrogatepass"))
    if request.is_json:
        found.update(request.get_data())
    for name, file in request.files.items(multi=True):
        found.update(canonical_json([name, file.filename]).encode("utf-8", "surrogatepass"))
        file.stream.seek(0)  # the view may have read it
        while block := file.stream.read(65536):
            found.update(block)
        file.stream.seek(0)
    return found.hexdigest()


def _repeat_response(earlier: FormKey, again: Again | None) -> ResponseReturnValue:
    if earlier.sent_hash != _request_fingerprint():
        message = _(
            "This form was saved already, with other words. To change what was saved, open it and edit it there. If "
            "this is another one, send it again: it will stand beside the first."
        )
        new = {FIELD: secrets.token_urlsafe(16)}
        return preserve_form(message, earlier.address, _("Look at what was saved"), code=409, instead=new)
    flash(_("This was saved already; nothing was done a second time."), "success")
    address = earlier.address
    return (again and again()) or redirect(address)
