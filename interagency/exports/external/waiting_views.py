"""What is withheld from an audience, by entity and reason, and asking those it waits for by mail."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from interagency.accounts.models import Person
from interagency.db.base import db
from interagency.mail.outbox import MailContent, MailKind, in_language, write
from interagency.mail.sending import send_soon
from interagency.matrix.agreement.gate import Passed, Withheld
from interagency.matrix.agreement.models import Audience
from interagency.matrix.agreement.statements import audiences
from interagency.matrix.agreement.waiting import group_withheld
from interagency.matrix.cycles.edition_views import get_edition, load
from interagency.matrix.cycles.editions import all_editions
from interagency.matrix.cycles.models import Edition
from interagency.matrix.desk.withheld import divided
from interagency.matrix.organisations.appointments import focal_points
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import bodies, entities
from interagency.matrix.organisations.readers import as_focal_point
from interagency.text.folding import listed
from interagency.web.access import coordinators_only
from interagency.web.context import settings, today, utc_now

bp = Blueprint("waiting", __name__)
CURRENT = "current"
TITLES_IN_A_MAIL = 30


def _audience() -> Audience:
    offered = audiences(db.session)
    key = request.values.get("audience", "")
    return next((one for one in offered if one.key == key), offered[0])


def _divided(audience: Audience) -> tuple[Passed, Edition | None, list[Edition]]:
    """What the audience may see and what is withheld of an edition, as its hand-out page says it: of the one that the
    address names, else of the newest. Without any, or on `of=current`, of the matrix and the calendar as they stand."""
    editions = all_editions(db.session)
    month = request.values.get("of", "") or (editions[0].cycle_month if editions else CURRENT)
    edition = None if month == CURRENT else get_edition(month, request.values.get("issue", type=int))
    if edition is not None:
        load(edition)  # a clear page when it is damaged
    return divided(db.session, audience, edition, today()), edition, editions


@bp.get("/agreement/waiting")
@coordinators_only
def waiting() -> ResponseReturnValue:
    """Everything withheld from one audience: what waits for whom, who refused, and what stays inside."""
    audience = _audience()
    passed, edition, editions = _divided(audience)
    found = group_withheld(passed.withheld)
    known = [*entities(db.session, retired=True), *bodies(db.session, retired=True)]
    people = focal_points(db.session, today())
    rows = [(one, found.awaited[one.key], found.alone(one.key)) for one in known if one.key in found.awaited]
    return render_template(
        "agreement/waiting.html",
        audience=audience,
        audiences=audiences(db.session),
        edition=edition,
        months=list(dict.fromkeys(one.cycle_month for one in editions)),
        withheld=passed.withheld,
        rows=rows,
        to_ask=sum(one.is_entity and bool(found.to_ask(one.key)) for one, _records, _alone in rows),
        nobody={one.key for one in known if one.is_entity and not people.get(one.id)},
        refused=[(one, found.refused[one.key]) for one in known if one.key in found.refused],
        inside=found.inside,
        bodies=bodies(db.session),
    )


@bp.post("/agreement/waiting")
@coordinators_only
def ask_post() -> ResponseReturnValue:
    """Ask everybody who is awaited, by one mail each and at most once a day."""
    audience = _audience()
    passed, edition, _editions = _divided(audience)
    found = group_withheld(passed.withheld)
    people = focal_points(db.session, today())
    written, nobody = 0, []
    for entity in entities(db.session, retired=True):
        records = found.to_ask(entity.key)
        if not records:
            continue
        if not people.get(entity.id):
            nobody.append(entity.short)
        for person in people.get(entity.id, []):
            written += write(
                db.session,
                f"agreement/{audience.key}/{entity.key}/{today()}/{person.id}",
                to_address=person.email,
                to_name=person.name,
                letter=_letter(audience, entity, person, records),
                at=utc_now(),
                send_if=as_focal_point([entity]),
                kind=MailKind.WAITING,
            )
    db.session.commit()
    send_soon(current_app._get_current_object(), settings())  # type: ignore[attr-defined]
    if written:
        flash(ngettext("%(num)s mail written.", "%(num)s mails written.", written), "success")
    else:
        flash(_("No mail was written: whoever can be asked was asked today already."), "warning")
    if nobody:
        flash(_("Nobody is focal point of %(names)s, so nobody was asked there.", names=listed(nobody)), "warning")
    return redirect(url_for("waiting.waiting", audience=audience.key, of=edition.cycle_month if edition else CURRENT))


def _letter(audience: Audience, entity: Organisation, to: Person, records: list[Withheld]) -> MailContent:
    """What waits for an entity, in the language of who reads it."""
    with in_language(to.language):
        lines = [f"- {one.title}" for one in records[:TITLES_IN_A_MAIL]]
        if (more := len(records) - TITLES_IN_A_MAIL) > 0:
            lines.append(ngettext("- and %(num)s more", "- and %(num)s more", more))
        return MailContent(
            subject=_(
                "%(entity)s: may these be shared with %(audience)s?", entity=entity.short, audience=audience.label
            ),
            greeting=_("Dear %(name)s,", name=to.name),
            paragraphs=(
                _(
                    "The following are not shared with %(audience)s as long as %(entity)s has not agreed. "
                    "They wait for it only or among others:",
                    audience=audience.label,
                    entity=entity.short,
                ),
                "\n".join(lines),
                _("Nothing is shared without your agreement. You may agree, refuse, or set a default for all."),
            ),
            link=f"{settings().base_url}/agreement?entity={entity.key}",
            link_label=_("Open what your entity shares"),
        )
