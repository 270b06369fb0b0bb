"""The second factor: codes of an app (TOTP, RFC 6238) and recovery codes; each works once.

The app's secret is kept encrypted under a key made from the service's own, so that a copy of the database alone makes
no codes. With another INTERAGENCY_SECRET_KEY the codes of apps fail and recovery codes still work.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime, timedelta

import pyotp
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from flask_babel import gettext as _

from interagency.accounts.models import Person, RecoveryCode, token_hash
from interagency.db.base import db
from interagency.db.history import AuditEntry, audit
from interagency.mail.outbox import MailContent, in_language, write
from interagency.web.context import settings

STEP_SECONDS = 30
# A clock half a minute off, before or behind, still works (RFC 6238, 5.2).
STEPS = (0, -1, 1)
CODES = 10
GROUPS, GROUP_LENGTH = 4, 6
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that reads like another
# Counted in the audit log: on all servers, through restarts, for the account whatever the browser.
WRONG_CODES = ((timedelta(minutes=15), 10), (timedelta(days=1), 30))
REFUSED = "second_factor.refused"


class TooManyCodesError(ValueError):
    """So many codes were wrong that none is looked at for a while."""


def _sealer() -> Fernet:
    key = hashlib.sha256(b"interagency second factor:" + settings().secret_key.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def _app_of(person: Person) -> pyotp.TOTP | None:
    """What the app of `person` computes; None without one, or when the key is another than it was sealed with."""
    try:
        return pyotp.TOTP(_sealer().decrypt(person.totp_secret).decode()) if person.totp_secret else None
    except InvalidToken:
        return None


def start(person: Person) -> None:
    """Give `person` a secret to put into an app. It counts once a code of it was confirmed."""
    person.totp_secret = _sealer().encrypt(pyotp.random_base32().encode()).decode()
    person.totp_since = person.totp_last_step = None


def to_show(person: Person) -> tuple[str, str] | None:
    """The secret being set up, as an address for the camera and as text to type; None when there is none."""
    app = None if person.has_second_factor else _app_of(person)
    if app is None:
        return None
    text = " ".join(app.secret[at : at + 4] for at in range(0, len(app.secret), 4))
    return app.provisioning_uri(name=person.email, issuer_name="Interagency"), text


def _plain(code: str) -> str:
    return "".join(sign for sign in code[:100].lower() if sign not in " -\t\u00a0\u2011\u2013")


def _step_of(person: Person, code: str, at: datetime) -> int | None:
    """The half minute the app shows `code` in, near the instant `at`."""
    app, now = _app_of(person), int(at.timestamp()) // STEP_SECONDS
    if app is None or not (code.isascii() and code.isdigit()):
        return None
    return next((now + off for off in STEPS if secrets.compare_digest(app.generate_otp(now + off), code)), None)


def confirm(person: Person, code: str, at: datetime) -> list[str]:
    """Put the second factor in force by a first code of it, and give the recovery codes. Raises ValueError."""
    step = None if person.has_second_factor else _step_of(person, _plain(code), at)
    if step is None:
        raise ValueError(
            _("This is not the code the app shows now. Wait for the next one; if that fails too, set its clock.")
        )
    person.totp_since, person.totp_last_step = at, step
    audit(db.session, "second_factor.on", by=person)
    return new_recovery_codes(person)


def new_recovery_codes(person: Person) -> list[str]:
    """Ten fresh recovery codes, to be shown once; those before end."""
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    codes = [
        "-".join("".join(secrets.choice(LETTERS) for _n in range(GROUP_LENGTH)) for _g in range(GROUPS))
        for _c in range(CODES)
    ]
    db.session.add_all(RecoveryCode(person_id=person.id, code_hash=token_hash(_plain(code))) for code in codes)
    return codes


def codes_left(person: Person) -> int:
    """How many recovery codes still work."""
    query = sa.select(sa.func.count()).where(RecoveryCode.person_id == person.id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(query) or 0


def _use_up(statement: sa.Update) -> bool:
    """Whether `statement` changed a row: of two who send the same code at once, one does."""
    done = db.session.execute(statement, execution_options={"synchronize_session": False})
    return done.rowcount == 1  # type: ignore[attr-defined,no-any-return]


def verify_code(person: Person, code: str, at: datetime) -> bool:
    """Whether `code` is the app's or a recovery code of `person`, not used before; it is used up.

    Wrong ones are counted in the audit log, which the caller commits in either case. Raises TooManyCodesError.
    """
    # One at a time for each account: codes sent at once would all be looked at before the first is counted.
    db.session.execute(sa.select(Person.id).where(Person.id == person.id).with_for_update())
    for span, most in WRONG_CODES:
        query = sa.select(sa.func.count()).where(
            AuditEntry.act == REFUSED, AuditEntry.by_id == person.id, AuditEntry.at > at - span
        )
        if (db.session.scalar(query) or 0) >= most:
            raise TooManyCodesError(
                _("Too many codes were wrong. Wait, fifteen minutes at first and up to a day, or ask an administrator.")
            )
    plain = _plain(code)
    step = _step_of(person, plain, at)
    if step is not None:
        unused = sa.or_(Person.totp_last_step.is_(None), Person.totp_last_step < step)
        right = _use_up(sa.update(Person).where(Person.id == person.id, unused).values(totp_last_step=step))
    else:
        kept = RecoveryCode.person_id == person.id, RecoveryCode.code_hash == token_hash(plain)
        right = _use_up(sa.update(RecoveryCode).where(*kept, RecoveryCode.used_at.is_(None)).values(used_at=at))
        if right:
            audit(db.session, "second_factor.recovery_code", by=person)
    if not right:
        db.session.add(AuditEntry(act=REFUSED, at=at, by_id=person.id, by_name=person.name, details={}))
    return right


def turn_off(person: Person, *, by: Person | None, at: datetime, by_name: str = "command line") -> None:
    """Take the second factor away, with its recovery codes, and tell the person by mail."""
    person.totp_secret = person.totp_since = person.totp_last_step = None
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    own = by is not None and by.id == person.id
    audit(db.session, "second_factor.off" if own else "second_factor.reset", by=by, by_name=by_name, person=person.id)
    with in_language(person.language):
        letter = _letter(person)
    once = f"second_factor/{person.id}/{secrets.token_hex(8)}"
    write(db.session, once, to_address=person.email, to_name=person.name, letter=letter, at=at)


def _letter(person: Person) -> MailContent:
    return MailContent(
        subject=_("Your second factor was turned off"),
        greeting=_("Dear %(name)s,", name=person.name),
        paragraphs=(
            _(
                "The second factor of your account in the interagency matrix and calendar was turned off, by "
                "yourself or by an administrator."
            ),
            _(
                "If you know of it, set it up again on your account page when you can. If you do not, tell an "
                "administrator at once."
            ),
        ),
        link=f"{settings().base_url}/account/second-factor",
        link_label=_("Set it up again"),
    )


def reset(person: Person, *, by: Person | None, at: datetime) -> None:
    """Take the second factor of somebody who lost it away; their sessions end. Raises ValueError without one."""
    if not person.totp_secret:
        raise ValueError(_("There is no second factor to take away."))
    person.session_epoch += 1
    turn_off(person, by=by, at=at)
