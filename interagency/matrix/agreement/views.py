"""Agreement at the pages: an entity's defaults, one activity, and what waits for whom."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import sqlalchemy as sa
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency import mail
from interagency.database import db
from interagency.dates import DateNotUnderstood, read_date
from interagency.mail import Letter
from interagency.matrix.activities.bulk import entries
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import get_activity, my_entities
from interagency.matrix.agreement.gate import ACTIVITY, Stance, entities_of_activity, stance, statements_for
from interagency.matrix.agreement.models import Audience, Decision
from interagency.matrix.agreement.statements import AgreementRefusal, audiences, log_of, say
from interagency.matrix.cycles.board import focal_points
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.web import for_coordinators, instant, refuse, settings, today
from interagency.words import clean

rooms = Blueprint("agreement", __name__)


def _own_entity() -> tuple[Organisation, list[Organisation]]:
    """The entity the person speaks for here, and all they could choose. 403 for who speaks for none."""
    mine = my_entities()
    if not mine:
        refuse(403, _("Only the focal points of an entity say what it shares."))
    key = request.values.get("entity", "")
    found = next((one for one in mine if one.key == key), None)
    if found is None and key:
        refuse(403, _("You do not speak for this entity. An appointment that has ended gives no more rights."))
    return found or mine[0], mine


def read_statement() -> tuple[Audience, Decision, date | None, bool]:
    """What the form says. Raises AgreementRefusal with what to write."""
    audience = db.session.get(Audience, request.form.get("audience", "")[:60])
    try:
        decision = Decision(request.form.get("decision", ""))
    except ValueError:
        raise AgreementRefusal(_("Choose whether it may be shared.")) from None
    if audience is None:
        raise AgreementRefusal(_("There is no such audience. Choose one of the list."))
    try:
        until = read_date(clean(request.form.get("until", ""), lines=False)[:60])
    except DateNotUnderstood as problem:
        raise AgreementRefusal(str(problem)) from None
    if until is not None and not until.is_exact:
        raise AgreementRefusal(_("Write a day, such as 31 December 2027, or leave it empty."))
    return audience, decision, until.first if until else None, request.form.get("beyond") == "yes"


def _page(error: str = "", code: int = 200) -> ResponseReturnValue:
    entity, mine = _own_entity()
    offered = audiences(db.session)
    statements = {audience.key: statements_for(db.session, audience.key) for audience in offered}
    page = render_template(
        "agreement/agreement.html",
        entity=entity,
        mine=mine,
        audiences=offered,
        defaults={key: some.get((entity.key, "", None)) for key, some in statements.items()},
        stances={key: stance(some, entity.key, "", 0, today()) for key, some in statements.items()},
        exceptions={
            key: sum(1 for (who, kind, _id) in some if who == entity.key and kind) for key, some in statements.items()
        },
        log=log_of(db.session, entity.id),
        titles=_titles(entity.id),
        error=error,
        typed=request.form,
        Stance=Stance,
    )
    return page, code


def _titles(entity_id: int) -> dict[int, str]:
    ids = {one.activity_id for one in log_of(db.session, entity_id) if one.activity_id is not None}
    query = sa.select(Activity.id, Activity.title).where(Activity.id.in_(ids))
    return dict(db.session.execute(query).all())


@rooms.get("/agreement")
def agreement() -> ResponseReturnValue:
    """What an entity shares by default with each audience."""
    return _page()


@rooms.post("/agreement")
def default_post() -> ResponseReturnValue:
    """Set or withdraw an entity's default for one audience."""
    entity, _mine = _own_entity()
    try:
        audience, decision, until, _beyond = read_statement()
        changed = say(db.session, audience, entity, decision, by=current_user, at=instant(), day=today(), until=until)
    except AgreementRefusal as refusal:
        db.session.rollback()
        return _page(str(refusal), 422)
    db.session.commit()
    flash(
        _("Kept: %(entity)s, %(audience)s.", entity=entity.short, audience=audience.name)
        if changed
        else _("Nothing was different."),
        "success",
    )
    return redirect(url_for("agreement.agreement", entity=entity.key))


@rooms.post("/activities/<int:activity_id>/agreement")
def activity_post(activity_id: int) -> ResponseReturnValue:
    """Say for one's entity whether one activity may be shared with one audience."""
    entity, _mine = _own_entity()
    activity = get_activity(activity_id)
    if all(part.entity_id != entity.id for part in activity.taking_part):
        refuse(403, _("Your entity takes no part in this activity."))
    here = url_for("activities.activity", activity_id=activity_id, _anchor="sharing")
    try:
        audience, decision, until, beyond = read_statement()
        say(
            db.session, audience, entity, decision, by=current_user, at=instant(), day=today(),
            activity_id=activity.id, until=until, beyond_default=beyond and decision is Decision.AGREED,
        )  # fmt: skip
    except AgreementRefusal as refusal:
        db.session.rollback()
        flash(str(refusal), "error")
        return redirect(here)
    db.session.commit()
    flash(_("Kept: %(entity)s, %(audience)s.", entity=entity.short, audience=audience.name), "success")
    return redirect(here)


# --- What waits for whom ---


def waiting_for(audience: str, day: date) -> dict[str, list[tuple[int, str]]]:
    """By entity key, the live activities whose sharing with `audience` waits for it, though somebody has agreed."""
    statements = statements_for(db.session, audience)
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for entry in entries(db.session, [Activity.is_listed.is_(True)]):
        named = entities_of_activity(entry["facts"])
        stances = {key: stance(statements, key, ACTIVITY, entry["id"], day) for key in named}
        if Stance.AGREED not in stances.values() or Stance.REFUSED in stances.values():
            continue
        for key, one in stances.items():
            if one is Stance.AWAITED:
                found[key].append((entry["id"], entry["facts"]["title"]))
    return found


def _audience() -> Audience:
    offered = audiences(db.session)
    key = request.values.get("audience", "")
    return next((one for one in offered if one.key == key), offered[0])


@rooms.get("/agreement/waiting")
@for_coordinators
def waiting() -> ResponseReturnValue:
    """What waits for whom, for one audience."""
    audience = _audience()
    known = {entity.key: entity for entity in entities(db.session, retired=True)}
    found = waiting_for(audience.key, today())
    return render_template(
        "agreement/waiting.html",
        audience=audience,
        audiences=audiences(db.session),
        rows=sorted(((known[key], records) for key, records in found.items()), key=lambda pair: pair[0].position),
    )


@rooms.post("/agreement/waiting")
@for_coordinators
def ask_post() -> ResponseReturnValue:
    """Ask everybody who is awaited, by one mail each and at most once a day."""
    audience = _audience()
    known = {entity.key: entity for entity in entities(db.session, retired=True)}
    people = focal_points(db.session, today())
    written = 0
    for key, records in waiting_for(audience.key, today()).items():
        entity = known[key]
        titles = "\n".join(f"- {title}" for _id, title in records[:30])
        for person in people.get(entity.id, []):
            letter = Letter(
                subject=f"{entity.short}: may these be shared with {audience.name}?",
                greeting=f"Dear {person.name},",
                paragraphs=(
                    f"Other entities have agreed to share the following joint activities with {audience.name}. "
                    f"They wait for {entity.short} only or among others:",
                    titles,
                    "Nothing is shared without your agreement. You may agree, refuse, or set a default for all.",
                ),
                link=f"{settings().base_url}/agreement?entity={entity.key}",
                link_words="Open what your entity shares",
            )
            once = f"agreement/{audience.key}/{entity.key}/{today()}/{person.id}"
            written += mail.write(
                db.session, once, to_address=person.email, to_name=person.name, letter=letter, at=instant()
            )
    db.session.commit()
    mail.send_soon(current_app._get_current_object(), settings())  # type: ignore[attr-defined]
    flash(ngettext("%(num)s mail written.", "%(num)s mails written.", written), "success")
    return redirect(url_for("agreement.waiting", audience=audience.key))
