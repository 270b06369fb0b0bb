"""How a person is told: chosen on their account page, and silenced from a mail without signing in."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from interagency.accounts.models import Person
from interagency.accounts.queries import person_by_email
from interagency.db.base import db
from interagency.db.history import audit
from interagency.following.changes import watched_titles
from interagency.following.models import Frequency
from interagency.following.watching import kept_settings, newest_ids, settings_of_person, silence, watches_of
from interagency.mail.content import KIND_LABELS, MailKind
from interagency.mail.models import OutboxMessage
from interagency.mail.silencing import read_silence_token
from interagency.matrix.activities.queries import my_entities
from interagency.web.access import public
from interagency.web.context import settings, today
from interagency.web.errors import refuse
from interagency.web.extensions import csrf, limiter

bp = Blueprint("mails", __name__)
ATTEMPTS = "30 per minute; 300 per hour"
FREQUENCY_LABELS = {
    Frequency.MONTHLY: _l("once a month, when the month opens"),
    Frequency.WEEKLY: _l("once a week, on Mondays, when there is something new"),
    Frequency.DAILY: _l("once a day, when there is something new"),
    Frequency.NEVER: _l("never"),
}


@bp.get("/account/mails")
def preferences() -> ResponseReturnValue:
    """What I get by mail, how often, and what I watch."""
    watches = watches_of(db.session, current_user.id)
    titles = watched_titles(db.session, watches)
    return render_template(
        "following/mails.html",
        kept=settings_of_person(db.session, current_user.id),
        frequencies=FREQUENCY_LABELS,
        kinds=KIND_LABELS,
        mine=my_entities(),
        watches=[(one, *titles[one.kind, one.target]) for one in watches if (one.kind, one.target) in titles],
    )


@bp.post("/account/mails")
def preferences_post() -> ResponseReturnValue:
    """Keep what I chose."""
    chosen = request.form.get("frequency", "")
    if chosen not in set(Frequency):
        refuse(400, _("Choose how often you want a digest."))
    kept = kept_settings(db.session, current_user.id)
    if kept.frequency is Frequency.NEVER and chosen != Frequency.NEVER:
        # What happened meanwhile was not wanted.
        kept.changes_told, kept.remarks_told = newest_ids(db.session)
        kept.digest_on = kept.events_told = today()
    kept.frequency = Frequency(chosen)
    wanted = set(request.form.getlist("kind"))
    kept.silenced = [kind.value for kind in KIND_LABELS if kind.value not in wanted]
    audit(db.session, "mails.chosen", by=current_user, frequency=chosen, silenced=kept.silenced)
    db.session.commit()
    flash(_("Kept. It holds from your next mail on."), "success")
    return redirect(url_for("mails.preferences"))


def _named(token: str) -> tuple[Person, list[MailKind]]:
    """Whom a signed address is of, and the kinds it silences; 404 for any other address."""
    read = read_silence_token(settings(), token)
    message = db.session.get(OutboxMessage, read[0]) if read is not None else None
    person = person_by_email(db.session, message.to_address) if message is not None else None
    if read is None or person is None:
        refuse(404, _("This address is not one of ours, or not whole. Copy it from the mail once more."))
    return person, read[1]


@bp.get("/silence/<token>")
@public
@limiter.limit(ATTEMPTS)
def silence_page(token: str) -> ResponseReturnValue:
    """What the address would silence, with one button: programs that open links of mails silence nothing."""
    person, kinds = _named(token)
    with force_locale(person.language or "en"):
        page = render_template("following/silence.html", kinds=kinds, labels=KIND_LABELS, is_done=False)
    return _alone(page)


@bp.post("/silence/<token>")
@public
@csrf.exempt  # type: ignore[untyped-decorator]
@limiter.limit(ATTEMPTS)
def silence_post(token: str) -> ResponseReturnValue:
    """Silence the kinds, for the button of the page and for mail programs (RFC 8058). The address is the proof."""
    person, kinds = _named(token)
    silence(db.session, person, kinds, way="address in a mail")
    db.session.commit()
    with force_locale(person.language or "en"):
        page = render_template("following/silence.html", kinds=kinds, labels=KIND_LABELS, is_done=True)
    return _alone(page)


def _alone(page: str) -> ResponseReturnValue:
    return page, 200, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
