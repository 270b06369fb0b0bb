"""Sessions the server knows: begun, found again by the secret in the cookie, ended by time or by will.

The cookie holds a random token, the SignIn row its hash. A session lives while its row was not ended, the person is
active and of the same epoch, and neither limit has passed: the idle one and the absolute one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import g, request, session
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from interagency.accounts.devices import remember_device
from interagency.accounts.models import Person, SignIn, new_token, token_hash
from interagency.db.base import db, write_best_effort
from interagency.web import idempotency as form_keys
from interagency.web.context import settings, utc_now
from interagency.web.signing import CLOCK_SKEW

KEY = "sign_in"
HALF = "pending_two_factor"
HALF_LASTS = timedelta(minutes=5)
SEEN_NOTED_EVERY = timedelta(minutes=5)
# Rows of ended sessions serve nobody for longer; the newest stays, so that the last sign-in is known.
ROWS_KEPT = timedelta(days=90)
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Current:
    """The session of this request."""

    id: int
    last_seen_at: datetime
    second_factor: bool


def label_of(user_agent: str) -> str:
    """`Firefox on Windows`: how a person knows which session it is. Nothing else is kept of the browser."""
    browser = next((name for sign, name in BROWSERS if sign in user_agent), str(_("A browser")))
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    return str(_("%(browser)s on %(system)s", browser=browser, system=system)) if system else browser


def idle_timeout() -> timedelta:
    """How long a session may lie unused."""
    return timedelta(minutes=settings().idle_minutes)


def absolute_timeout() -> timedelta:
    """How long a session may last at all."""
    return timedelta(hours=settings().session_hours)


def _kept() -> tuple[SignIn, Person] | None:
    """The row the cookie names and whose it is, living or not."""
    token = session.get(KEY)
    if not isinstance(token, str):
        return None
    query = sa.select(SignIn, Person).join(Person, Person.id == SignIn.person_id)
    row = db.session.execute(query.where(SignIn.token_hash == token_hash(token))).first()
    return (row[0], row[1]) if row else None


def _was_not_ended(row: SignIn, person: Person) -> bool:
    return row.ended_at is None and row.epoch == person.session_epoch and person.is_active


def session_person() -> Person | None:
    """Who is here, by the cookie of this request; None when the session was ended or its time is over."""
    found = _kept()
    if found is None:
        return None
    row, person = found
    at = utc_now()
    in_time = at - row.last_seen_at < idle_timeout() and at - row.began_at < absolute_timeout()
    if not (in_time and _was_not_ended(row, person)):
        return None
    g.current_session = Current(row.id, row.last_seen_at, row.second_factor)
    return person


def current_session() -> Current:
    """The session of this request; only where somebody is signed in."""
    kept: Current = g.current_session
    return kept


def start_two_factor(person: Person, target: str) -> None:
    """Remember in the cookie that the password of `person` was right and a code is awaited, for a few minutes."""
    renew_cookie(person)
    since = int(utc_now().timestamp())
    session[HALF] = {"person": person.id, "epoch": person.session_epoch, "since": since, "target": target}


def pending_two_factor() -> tuple[Person, str] | None:
    """Whose code is awaited in this browser, and where they want to go; None when the time is over."""
    half = session.get(HALF)
    if not isinstance(half, dict):
        return None
    age = timedelta(seconds=utc_now().timestamp() - half["since"])
    if not -CLOCK_SKEW <= age < HALF_LASTS:
        return None
    person = db.session.get(Person, half["person"])
    if person is None or not person.is_active or person.session_epoch != half["epoch"]:
        return None
    return person, half["target"]


def renew_cookie(person: Person) -> None:
    """Empty the browser's session before `person` comes in, so that nothing planted in it stays.

    Only where this browser's last session was the same person's and merely ran out, the forms it left open keep
    working: what was typed in them can still be sent.
    """
    found, forms = _kept(), session.get("csrf_token")
    returns = found is not None and found[1].id == person.id and _was_not_ended(*found)
    returns = returns or session.get(HALF, {}).get("person") == person.id
    if found is not None and found[0].ended_at is None:
        found[0].ended_at = utc_now()
    session.clear()
    session.permanent = True
    if returns and forms:
        session["csrf_token"] = forms


def begin(person: Person, *, second_factor: bool) -> None:
    """A new session for `person` in this browser. The caller has checked who it is, and commits."""
    renew_cookie(person)
    at, token = utc_now(), new_token()
    db.session.execute(sa.delete(SignIn).where(SignIn.person_id == person.id, SignIn.began_at < at - ROWS_KEPT))
    form_keys.delete_expired(person.id, at)
    row = SignIn(
        person_id=person.id,
        token_hash=token_hash(token),
        began_at=at,
        last_seen_at=at,
        epoch=person.session_epoch,
        second_factor=second_factor,
        label=label_of(request.user_agent.string),
    )
    db.session.add(row)
    session[KEY] = token
    remember_device(person.email)


def end_current_session() -> None:
    """End the session of this browser, if it has one."""
    found = _kept()
    if found is not None and found[0].ended_at is None:
        found[0].ended_at = utc_now()
    session.clear()


def mark_second_factor(person: Person, *, shown: bool) -> None:
    """Note that this session has shown a second factor or has none any more; all others of `person` end."""
    here = current_session().id
    end_sessions(person, but=here)
    db.session.get_one(SignIn, here).second_factor = shown


def active_sessions(person: Person) -> list[SignIn]:
    """The sessions of `person` that are open now, last seen first."""
    at = utc_now()
    query = sa.select(SignIn).where(
        SignIn.person_id == person.id,
        SignIn.epoch == person.session_epoch,
        SignIn.ended_at.is_(None),
        SignIn.last_seen_at > at - idle_timeout(),
        SignIn.began_at > at - absolute_timeout(),
    )
    return list(db.session.scalars(query.order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())))


def end_sessions(person: Person, *, only: int | None = None, but: int | None = None) -> int:
    """End the open sessions of `person`: one by its id, or all but one. How many there were."""
    chosen = [one for one in active_sessions(person) if one.id != but and only in (None, one.id)]
    for one in chosen:
        one.ended_at = utc_now()
    return len(chosen)


def last_sign_ins() -> dict[int, datetime]:
    """When each person last signed in, by the person's id."""
    query = sa.select(SignIn.person_id, sa.func.max(SignIn.began_at)).group_by(SignIn.person_id)
    return {row[0]: row[1] for row in db.session.execute(query)}


def note_seen(response: Response) -> Response:
    """Remember after the page is made that its reader was here, at most once every few minutes."""
    here: Current | None = g.pop("current_session", None)
    at = utc_now()
    if here is not None and at - here.last_seen_at >= min(SEEN_NOTED_EVERY, idle_timeout() / 10):
        write_best_effort(sa.update(SignIn).where(SignIn.id == here.id).values(last_seen_at=at))
    return response
