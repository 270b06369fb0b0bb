"""Agreement at the pages: an entity's defaults, one activity, and what waits for whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency.db.base import db
from interagency.matrix.activities.locks import lock
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import get_activity, my_entities, survivor_of
from interagency.matrix.agreement.gate import ACTIVITY, Stance, asked_of_activity, stance, statements_for
from interagency.matrix.agreement.models import Audience, Decision
from interagency.matrix.agreement.statements import (
    AgreementRefusal,
    Said,
    SharingRow,
    audiences,
    log_of,
    say_to_each,
    sharing_row,
)
from interagency.matrix.agreement.waiting import joint_activities, waits_for
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import bodies
from interagency.matrix.organisations.speaking import entity_named
from interagency.text.folding import clean
from interagency.text.languages import commas
from interagency.text.typed_dates import DateNotUnderstood, read_one_day
from interagency.web.context import today, utc_now
from interagency.web.errors import refuse

bp = Blueprint("agreement", __name__)


def my_voices() -> list[Organisation]:
    """Those for whom the person who is here says what may be shared: the entities they are focal point of and, of a
    coordinator, every body (rule 20), retired ones too: records go on naming them."""
    mine = my_entities()
    return [*mine, *bodies(db.session, retired=True)] if current_user.is_coordinator else mine


def may_say(asked: Iterable[Organisation]) -> list[Organisation]:
    """Of those whose agreement a record needs, the ones for whom the person who is here speaks."""
    own = {entity.id for entity in my_entities()}
    return [one for one in asked if one.id in own or (one.is_body and current_user.is_coordinator)]


def _own_entity() -> tuple[Organisation, list[Organisation]]:
    """The entity or body the person speaks for here, and all they could choose. 403 for who speaks for none."""
    mine = my_voices()
    if not mine:
        refuse(403, _("Only the focal points of an entity say what it shares."))
    return entity_named(mine), mine


def _chosen(name: str) -> list[str]:
    """What was ticked; “all” means all that was shown, never what came to be since."""
    return request.form.getlist("shown" if request.form.get("all") == "yes" else name)


def _decision(text: str) -> Decision:
    try:
        return Decision(text)
    except ValueError:
        raise AgreementRefusal(_("Choose whether it may be shared.")) from None


def _last_day(text: str) -> date | None:
    try:
        return read_one_day(clean(text, lines=False)[:60])
    except DateNotUnderstood as problem:
        more = _("Leave it empty for no last day.") if problem.hint else ""
        raise AgreementRefusal(f"{problem} {more}".strip()) from None


def _words() -> tuple[Decision, date | None, bool]:
    """What the form says of all records ticked. Raises AgreementRefusal with what to write."""
    decision = _decision(request.form.get("decision", ""))
    return decision, _last_day(request.form.get("until", "")), request.form.get("beyond") == "yes"


def _audiences_chosen(keys: list[str]) -> list[Audience]:
    known = {audience.key: audience for audience in audiences(db.session)}
    if not keys:
        raise AgreementRefusal(_("Tick the audiences you speak of, or “all”."))
    if any(key not in known for key in keys):
        raise AgreementRefusal(_("There is no such audience. Choose one of the list."))
    return [audience for key, audience in known.items() if key in keys]


def read_choices() -> list[Said]:
    """What the form says anew of everything or one record, audience by audience; empty where nothing was changed.

    Raises AgreementRefusal with what to write.
    """
    form, found = request.form, []
    known = {audience.key: audience for audience in audiences(db.session)}
    for name, choice in form.items():
        if not name.startswith("say-"):
            continue
        key = name.removeprefix("say-")
        if key not in known:
            raise AgreementRefusal(_("There is no such audience. Choose one of the list."))
        decision, typed, beyond = _decision(choice), form.get(f"until-{key}", ""), form.get("beyond") == "yes"
        stood = (form.get(f"stood-{key}"), form.get(f"stood-until-{key}", ""))
        widens = beyond and decision is Decision.AGREED and form.get(f"counts-{key}") == "no"
        if (choice, typed.strip()) != stood or widens:
            found.append(Said([known[key]], decision, _last_day(typed), beyond))
    return found


def say_all(said: list[Said], entity: Organisation, **about: Any) -> int:
    """Say all of it, about everything or the record that `about` names; how many statements are new."""
    return sum(
        say_to_each(db.session, one, entity, by=current_user, at=utc_now(), day=today(), **about) for one in said
    )


def flash_kept(entity: Organisation, said: list[Said]) -> None:
    """Tell what was kept, to whom it was said by name."""
    if not said:
        flash(_("Nothing was different."), "success")
    for decision in Decision:
        chosen = [audience for one in said if one.decision is decision for audience in one.audiences]
        names = commas(audience.label for audience in sorted(chosen, key=lambda one: (one.position, one.key)))
        if not chosen:
            continue
        if decision is Decision.AGREED:
            kept = _("Kept: %(entity)s agrees to sharing with %(names)s.", entity=entity.short, names=names)
        elif decision is Decision.REFUSED:
            kept = _("Kept: %(entity)s refuses sharing with %(names)s.", entity=entity.short, names=names)
        else:
            kept = _("Kept: what %(entity)s said is taken back for %(names)s.", entity=entity.short, names=names)
        flash(kept, "success")


def _rows(entity: Organisation, kind: str, record_id: int | None, typed: Mapping[str, str]) -> list[SharingRow]:
    """The choices for everything (no kind and id) or one record, as they stand, with what was typed."""
    rows = []
    for audience in audiences(db.session):
        statements = statements_for(db.session, audience.key)
        counts = stance(statements, entity.key, kind, record_id or 0, today()) is Stance.AGREED
        said = statements.get((entity.key, kind, record_id))
        rows.append(sharing_row(audience, said, counts=counts, typed=typed))
    return rows


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
        waits=waits_for(db.session, entity, statements, offered, today()),
        log=log_of(db.session, entity.id),
        titles=_titles(entity.id),
        error=error,
        typed=request.form,
        rows=_rows(entity, "", None, request.form),
        Stance=Stance,
    )
    return page, code


def _titles(entity_id: int) -> dict[int, str]:
    ids = {one.activity_id for one in log_of(db.session, entity_id) if one.activity_id is not None}
    query = sa.select(Activity.id, Activity.title).where(Activity.id.in_(ids))
    return dict(db.session.execute(query).all())


@bp.get("/agreement")
def agreement() -> ResponseReturnValue:
    """What an entity shares by default with each audience."""
    return _page()


@bp.post("/agreement")
def default_post() -> ResponseReturnValue:
    """Set or withdraw an entity's defaults, audience by audience."""
    entity, _mine = _own_entity()
    try:
        said = read_choices()
        kept = say_all(said, entity)
    except AgreementRefusal as refusal:
        db.session.rollback()
        return _page(str(refusal), 422)
    db.session.commit()
    flash_kept(entity, said if kept else [])
    return redirect(url_for("agreement.agreement", entity=entity.key))


@bp.post("/agreement/records")
def records_post() -> ResponseReturnValue:
    """Say for one's entity whether the joint activities ticked may be shared, each with its audience."""
    entity, _mine = _own_entity()
    try:
        decision, until, beyond = _words()
        chosen = _records_chosen(entity)
        kept = 0
        for audience, ids in chosen.items():
            said = Said(_audiences_chosen([audience]), decision, until, beyond)
            kept += say_to_each(
                db.session, said, entity, by=current_user, at=utc_now(), day=today(), activity_ids=tuple(ids)
            )
    except AgreementRefusal as refusal:
        db.session.rollback()
        return _page(str(refusal), 422)
    db.session.commit()
    flash(
        ngettext("%(num)s statement kept for %(entity)s.", "%(num)s statements kept for %(entity)s.", kept,
                 entity=entity.short), "success",
    )  # fmt: skip
    return redirect(url_for("agreement.agreement", entity=entity.key))


def _records_chosen(entity: Organisation) -> dict[str, list[int]]:
    """By audience key the activities that were ticked, each as it was shown: `audience id version`.

    Raises AgreementRefusal for what is not the entity's to say, and for what was changed since.
    """
    ticked = [value.split(" ") for value in dict.fromkeys(_chosen("record"))]
    if not ticked:
        raise AgreementRefusal(_("Tick the activities you speak of, or “all”."))
    lock(db.session, [_number(parts, 1) for parts in ticked])
    own = joint_activities(db.session, entity)
    found: dict[str, list[int]] = defaultdict(list)
    for parts in ticked:
        joint = own.get(_number(parts, 1))
        if joint is None:
            raise AgreementRefusal(
                _("%(entity)s takes no part in one of these any more. Tick again.", entity=entity.short)
            )
        if joint.version != _number(parts, 2):
            raise AgreementRefusal(
                _("“%(title)s” was changed since this page was opened. Read it again, then tick it.", title=joint.title)
            )
        found[parts[0]].append(_number(parts, 1))
    return found


def _number(parts: list[str], place: int) -> int:
    """The number at `place` of what a tick says; 0, which nothing has, when there is none."""
    text = parts[place] if place < len(parts) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _takes_part(activity: Activity, entity: Organisation) -> bool:
    return entity in may_say(asked_of_activity(activity))


@bp.post("/activities/<int:activity_id>/agreement")
def activity_post(activity_id: int) -> ResponseReturnValue:
    """Say for one's entity with which audiences one activity, as it was read, may be shared."""
    entity, _mine = _own_entity()
    lock(db.session, [activity_id])
    activity = get_activity(activity_id, merged=True)
    if not _takes_part(activity, entity):
        refuse(403, _("Your entity takes no part in this activity."))
    if activity.merged_into_id is not None:
        return _say_of_survivor(activity, entity)
    if not as_it_was_read(activity.version):
        return say_again(_spoken_of(activity), entity, changed_since(activity.title), 409)
    as_read = _spoken_of(activity)  # before the lock goes, and with it the version that was read
    try:
        said = read_choices()
        say_all(said, entity, activity_ids=(activity.id,))
    except AgreementRefusal as refusal:
        db.session.rollback()
        return say_again(as_read, entity, str(refusal), 422)
    db.session.commit()
    flash_kept(entity, said)
    return redirect(url_for("activities.activity", activity_id=activity_id, _anchor="sharing"))


def _say_of_survivor(activity: Activity, entity: Organisation) -> ResponseReturnValue:
    stands = get_activity(survivor_of(db.session, activity).id)
    why = _(
        "“%(old)s” was merged into “%(title)s” since you opened it. What you say would be of what that says now.",
        old=activity.title,
        title=stands.title,
    )
    return say_again(_spoken_of(stands), entity, str(why), 409, takes_part=_takes_part(stands, entity))


@dataclass(frozen=True, slots=True)
class SpokenOf:
    """The record an entity speaks of: its title and version, where it is read, and where what is said goes."""

    title: str
    version: int
    page: str
    history: str
    address: str
    kind: str
    number: int


def _spoken_of(activity: Activity) -> SpokenOf:
    number = activity.id
    return SpokenOf(
        title=activity.title,
        version=activity.version,
        page=url_for("activities.activity", activity_id=number),
        history=url_for("activities.history", activity_id=number),
        address=url_for("agreement.activity_post", activity_id=number),
        kind=ACTIVITY,
        number=number,
    )


def as_it_was_read(version: int) -> bool:
    """Whether what is said is said of a record of this version. A form that names none is taken at its word."""
    return request.form.get("version", str(version)) == str(version)


def changed_since(title: str) -> str:
    """Why it is to be said again."""
    words = _("“%(title)s” was changed since you opened it. What you say would be of what it says now.", title=title)
    return str(words)


def say_again(
    record: SpokenOf, entity: Organisation, why: str, code: int, *, takes_part: bool = True
) -> ResponseReturnValue:
    """What was said of a record and not kept, with what was typed, to be mended and said again."""
    page = render_template(
        "agreement/say_again.html",
        record=record,
        entity=entity,
        why=why,
        rows=_rows(entity, record.kind, record.number, request.form),
        takes_part=takes_part,
        typed=request.form,
    )
    return page, code
