"""The directory of organisations in the browser: the list, a page for each, and what coordinators and administrators
change there."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from rapidfuzz.fuzz import token_set_ratio

from interagency.accounts.models import Person
from interagency.db.base import db
from interagency.matrix.activities.models import Activity, ActivityEntity, Status
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.framework.models import Country
from interagency.matrix.organisations import directory, merging
from interagency.matrix.organisations.choices import kind_labels
from interagency.matrix.organisations.directory import PARTNER_KINDS, Act, may_keep_directory
from interagency.matrix.organisations.models import NameKind, Organisation, OrganisationKind
from interagency.matrix.organisations.naming import DirectoryRefusal
from interagency.matrix.organisations.queries import (
    Directory,
    all_organisations,
    focal_points_of,
    names_of,
    organisation_called,
)
from interagency.matrix.organisations.uses import counts
from interagency.matrix.pages.organisation_history import told
from interagency.registry import registry
from interagency.text.folding import clean, fold, name_key
from interagency.text.typed_dates import DateNotUnderstood, read_one_day
from interagency.web.context import today
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect

bp = Blueprint("organisations", __name__)
MAX_SEARCH_LENGTH = 200
ALIKE = 85  # per cent


def _act() -> Act:
    """Who changes the directory; 403 for who may not."""
    if not may_keep_directory(current_user):
        refuse(403, _("Coordinators and administrators keep the directory. Ask one of them."))
    return Act(current_user._get_current_object(), today())


def _organisation(key: str) -> Organisation:
    """The very one of this key, even if it was merged."""
    found = db.session.scalar(sa.select(Organisation).where(Organisation.key == key[:60]))
    if found is None:
        refuse(404, _("There is no such organisation. The directory shows them all."))
    return found


# --- Looking ---


@bp.get("/organisations")
def organisations() -> ResponseReturnValue:
    """The directory: entities, partners by kind, and apart those proposed, retired and refused."""
    text = clean(request.args.get("q", ""), lines=False)[:MAX_SEARCH_LENGTH]
    kind = request.args.get("kind", "")
    found = [one for one in all_organisations(db.session) if one.merged_into_id is None and _is_wanted(one, text, kind)]
    in_use = [one for one in found if one.retired_on is None and not one.is_proposed]
    groups = [(one, [of for of in in_use if of.kind is one]) for one in OrganisationKind]
    return render_template(
        "matrix/organisations.html",
        groups=[(of_kind, kind_labels(of_kind), some) for of_kind, some in groups if some],
        proposed=[one for one in found if one.is_proposed and one.retired_on is None],
        retired=[one for one in found if one.retired_on is not None and not one.is_proposed],
        refused=[one for one in found if one.is_refused],
        number=len(in_use),
        kinds=[(one.value, kind_labels(one)) for one in OrganisationKind],
        tallies=_tallies(),
        text=text,
        kind=kind,
        may_keep=may_keep_directory(current_user),
    )


def _is_wanted(one: Organisation, text: str, kind: str) -> bool:
    if kind and one.kind.value != kind:
        return False
    names = " ".join(fold(name) for name in names_of(one))
    return all(word in names for word in fold(text).split())


def _tallies() -> dict[str, dict[int, int]]:
    return {name: part.tally(db.session) for name, part in registry.naming_parts.items()}


@bp.get("/organisations/<key>")
def organisation(key: str) -> ResponseReturnValue:
    """One organisation. The address of one that was merged leads to the other."""
    found = organisation_called(db.session, key)
    if found is None:
        refuse(404, _("There is no such organisation. The directory shows them all."))
    if found.key != key:
        return redirect(url_for("organisations.organisation", key=found.key), 301)
    return _page(found)


def _page(found: Organisation, problem: DirectoryRefusal | None = None, code: int = 200) -> ResponseReturnValue:
    former = [name for name in found.names if name.kind is NameKind.FORMER]
    may_keep = may_keep_directory(current_user)
    others = all_organisations(db.session) if may_keep else []
    everyone = [one for one in others if one is not found and one.retired_on is None]
    page = render_template(
        "matrix/organisation.html",
        organisation=found,
        former=sorted(former, key=lambda name: (name.until or date.min, name.id)),
        others=[name for name in found.names if name.kind is NameKind.SPELLING],
        kind_label=kind_labels(found.kind),
        kinds=[(one.value, kind_labels(one)) for one in OrganisationKind],
        partner_kinds=[(one.value, kind_labels(one)) for one in PARTNER_KINDS],
        tallies={name: tally.get(found.id, 0) for name, tally in _tallies().items()},
        focal_points=_focal_points(found),
        merged=list(db.session.scalars(sa.select(Organisation).where(Organisation.merged_into_id == found.id))),
        proposed_by=db.session.get(Person, found.proposed_by_id) if found.proposed_by_id else None,
        history=told(db.session, found),
        everyone=everyone,
        alike=_alike(found, everyone),
        country=db.session.get(Country, found.country_code) if found.country_code else None,
        leads=_live_leads(found),
        may_keep=may_keep,
        problem=problem,
        typed=request.form,
        today=today(),
    )
    return page, code


def _alike(found: Organisation, everyone: list[Organisation]) -> list[str]:
    """The names in the directory that are most like that of a proposal, at most three."""
    wanted, near = name_key(found.name), []
    for one in everyone if found.is_proposed else []:
        score = max(token_set_ratio(wanted, name_key(name)) for name in names_of(one))
        if score >= ALIKE and not one.is_proposed:
            near.append((-score, one.full))
    return [name for _score, name in sorted(near)[:3]]


def _live_leads(found: Organisation) -> int:
    """How many activities it leads that are not over."""
    query = (
        sa.select(sa.func.count())
        .select_from(ActivityEntity)
        .join(Activity, Activity.id == ActivityEntity.activity_id)
        .where(
            ActivityEntity.entity_id == found.id,
            ActivityEntity.is_lead,
            Activity.is_listed,
            Activity.status.in_((Status.PLANNED, Status.ONGOING)),
        )
    )
    return db.session.scalar(query) or 0


def _focal_points(found: Organisation) -> list[Person] | None:
    """Who speaks for it, for those who see that on other pages too; None for all others."""
    own = {entity.id for entity in my_entities()}
    if not found.is_entity or not (may_keep_directory(current_user) or found.id in own):
        return None
    return focal_points_of(db.session, found, today())


# --- Adding ---


@bp.get("/organisations/new")
def new() -> ResponseReturnValue:
    """The empty form."""
    _act()
    return _new_page()


def _new_page(problem: DirectoryRefusal | None = None, code: int = 200) -> ResponseReturnValue:
    page = render_template(
        "matrix/organisation_form.html",
        kinds=[(one.value, kind_labels(one)) for one in OrganisationKind],
        problem=problem,
        typed=request.form,
    )
    return page, code


@bp.post("/organisations/new")
@idempotent()
def new_post() -> ResponseReturnValue:
    """Add an organisation."""
    act, form = _act(), request.form
    try:
        made = directory.add(
            db.session,
            act,
            name=form.get("name", ""),
            acronym=form.get("acronym", ""),
            kind=form.get("kind", ""),
            country=form.get("country", ""),
        )
    except DirectoryRefusal as problem:
        db.session.rollback()
        return _new_page(problem, 422)
    address = url_for("organisations.organisation", key=made.key)
    record_redirect(address)
    db.session.commit()
    flash(_("%(name)s stands in the directory, and in every list from now on.", name=made.full), "success")
    return redirect(address)


# --- Changing ---


@bp.post("/organisations/<key>")
def organisation_post(key: str) -> ResponseReturnValue:
    """One act on one organisation, over the version that was read: a second press finds it done and says so."""
    act, found = _act(), _organisation(key)
    try:
        message = _do(found, act, request.form.get("act", ""))
        db.session.flush()
    except DirectoryRefusal as problem:
        db.session.rollback()
        return _page(_organisation(key), problem, 422)
    except StaleVersionError:
        db.session.rollback()
        words = _("A record that names it was saved at the same moment. Nothing was done; press again.")
        return _page(_organisation(key), DirectoryRefusal(words), 409)
    db.session.commit()
    flash(message, "success")
    here = organisation_called(db.session, key)
    return redirect(url_for("organisations.organisation", key=here.key if here else key))


def _day(name: str) -> date | None:
    text = clean(request.form.get(name, ""), lines=False)[:60]
    try:
        return read_one_day(text)
    except DateNotUnderstood as problem:
        raise DirectoryRefusal(str(problem), name) from None


def _do(found: Organisation, act: Act, what: str) -> str:
    """Do what the form says and say so. Raises DirectoryRefusal, StaleVersionError."""
    form, session = request.form, db.session
    read: dict[str, Any] = {"version": form.get("version", 0, type=int)}
    match what:
        case "rename":
            correction = form.get("how") == "correction"
            directory.rename(
                session, found, act, name=form.get("name", ""), acronym=form.get("acronym", ""),
                day=None if correction else _day("day"), correction=correction, **read,
            )  # fmt: skip
            return str(
                _("It is called %(name)s now, on every page and in every file made from today.", name=found.full)
            )
        case "add-name":
            directory.add_name(
                session, found, act, name=form.get("other", ""), language=form.get("language", ""),
                former=form.get("former") == "yes", until=_day("until"), **read,
            )  # fmt: skip
            return str(_("It is found by this name too."))
        case "remove-name":
            directory.remove_name(session, found, act, form.get("number", 0, type=int), **read)
            return str(_("It is no longer found by this name."))
        case "kind":
            directory.set_kind(session, found, act, kind=form.get("kind", ""), country=form.get("country", ""), **read)
            return str(_("Saved what it is."))
        case "retire":
            directory.retire(session, found, act, day=_day("day"), **read)
            return str(_("Retired. Records and editions keep it; nobody chooses it anew."))
        case "unretire":
            directory.unretire(session, found, act, **read)
            return str(_("It is in use again."))
        case "merge":
            return _merge(found, act, read)
        case "unmerge":
            return _told(merging.unmerge(session, found, act, **read), _("Taken back."))
        case "accept":
            merging.accept(session, found, act, kind=form.get("kind", ""), country=form.get("country", ""), **read)
            return str(_("Accepted: from now on it is shared with the records that name it."))
        case "refuse":
            moved = merging.refuse_proposal(session, found, act, reason=form.get("reason", ""), **read)
            return _told(moved, _("Refused. The history of each record says why."))
    raise DirectoryRefusal(_("Choose what to do."))


def _other() -> Organisation:
    """The organisation that the form names. Raises DirectoryRefusal."""
    text = clean(request.form.get("other", ""), lines=False)
    found = Directory(db.session).known(text) if text else None
    if found is None:
        raise DirectoryRefusal(_("Write the name or acronym of one that stands in the directory."), "other")
    return found


def _merge(found: Organisation, act: Act, read: dict[str, Any]) -> str:
    other = _other()
    merging.refuse_merging(db.session, found, other)
    if request.form.get("sure") != other.key:
        raise Unsure(found, other)
    return _told(merging.merge(db.session, found, other, act, **read), _("The two are one now."))


class Unsure(DirectoryRefusal):
    """A merging that was not looked at yet: what it would change is shown first."""

    def __init__(self, old: Organisation, other: Organisation) -> None:
        number = sum(counts(db.session, old).values())
        words = ngettext(
            "%(num)s record would name %(other)s instead of %(old)s. Press again to merge them.",
            "%(num)s records would name %(other)s instead of %(old)s. Press again to merge them.",
            number, other=other.full, old=old.full,
        )  # fmt: skip
        super().__init__(words)
        self.sure = other.key
        self.asks_agreement = other.is_entity and not old.is_entity


def _told(moved: dict[str, int], words: str) -> str:
    number = sum(moved.values())
    said = ngettext("%(num)s record was changed, with history.", "%(num)s records were changed, with history.", number)
    return f"{words} {said}"
