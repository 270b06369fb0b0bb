"""One activity in the browser: page, new, edit, history."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency.db.base import acquire_write_lock, db, defer_write_lock
from interagency.db.history import changes_of
from interagency.matrix.activities import queries, record
from interagency.matrix.activities.choice_labels import PRACTICE_LABELS
from interagency.matrix.activities.fields import COUNTRY_ROLE_LABELS, FILTERED, STATUS_LABELS
from interagency.matrix.activities.figure_parts import PROGRESS_LABELS, period_words, progress_of
from interagency.matrix.activities.figures import format_figure, quantity
from interagency.matrix.activities.forms import ActivityForm, OwnPartForm
from interagency.matrix.activities.labels import FactLabels, field_lines
from interagency.matrix.activities.models import TITLE_LENGTH, Activity, FigureKind, Participation
from interagency.matrix.activities.record import Right, StaleVersionError
from interagency.matrix.activities.state.light import LIGHT_LABELS, LIGHT_RULES, light_of_activity
from interagency.matrix.agreement.gate import ACTIVITY, asked_of_activity
from interagency.matrix.agreement.statements import standings
from interagency.matrix.agreement.views import may_say
from interagency.matrix.cycles.answers import month_being_updated
from interagency.matrix.organisations.directory import Act
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overlaps.asking import Question, alike_by_title, question_on
from interagency.matrix.overlaps.undoing import merges_of
from interagency.matrix.overlaps.verdicts import related_to
from interagency.matrix.pages.moved import moved_page
from interagency.matrix.pages.next_acts import back_address, next_acts
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.folding import clean, listed
from interagency.text.typed_dates import AmbiguousDate, DateNotUnderstood, read_date
from interagency.web.context import today, utc_now, viewer_language
from interagency.web.extensions import limiter
from interagency.web.idempotency import idempotent, record_redirect

bp = Blueprint("activities", __name__)
ROLE_LENGTH = 1000
HINTS, MAX_HINTED = "30 per minute", 3


def _reader() -> str:
    return f"hints of {current_user.get_id()}"


@bp.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "status_labels": STATUS_LABELS,
        "country_role_labels": COUNTRY_ROLE_LABELS,
        "field_filters": FILTERED,
        "field_lines": field_lines,
        "format_figure": format_figure,
        "quantity": quantity,
        "light_labels": LIGHT_LABELS,
        "practice_labels": PRACTICE_LABELS,
        "light_rules": LIGHT_RULES,
        "date_words": lambda code: ImpreciseDate.from_code(code).words(),
        "period_words": period_words,
        "progress_labels": PROGRESS_LABELS,
        "FigureKind": FigureKind,
        "words_between": words_between,
    }


@bp.get("/activities/<int:activity_id>")
def activity(activity_id: int) -> ResponseReturnValue:
    """One activity."""
    found = queries.get_activity(activity_id)
    mine = queries.my_entities()
    right = record.right_to_edit(current_user, mine, found)
    own = {entity.id for entity in mine}
    changes = changes_of(db.session, "activity", found.id)
    asked = asked_of_activity(found)
    return render_template(
        "matrix/activity.html",
        activity=found,
        right=right,
        light=light_of_activity(found, today()),
        shorts=queries.shorts_of(found),
        progress=progress_of(found.figures, today()),
        own_ids=own,
        changes=changes[:3],
        Right=Right,
        standings=standings(db.session, asked, ACTIVITY, found.id, today()),
        related=related_to(db.session, found.id),
        merges=merges_of(db.session, found.id),
        speaking_for=may_say(asked),
        back=back_address(),
        next_acts=next_acts(
            f"activity-{found.id}",
            add=url_for("activities.new"),
            add_label=str(_("Add another")),
            event_of=found.id,
        ),
    )


@bp.get("/activities/<int:activity_id>/history")
def history(activity_id: int) -> ResponseReturnValue:
    """Every change of one activity and of those merged into it: who, when, what was, what is."""
    found = queries.get_activity(activity_id)
    return render_template(
        "matrix/history.html",
        activity=found,
        histories=[
            (one, changes_of(db.session, "activity", one.id))
            for one in [found, *queries.merged_into(db.session, found.id)]
        ],
        words=FactLabels(db.session),
    )


@bp.get("/activities/new")
def new() -> ResponseReturnValue:
    """The empty form."""
    mine = queries.my_entities()
    if not queries.may_add_activities(current_user, mine):
        abort(403)
    form = ActivityForm(db.session, mine=mine)
    form.text_language.data = form.text_language.default = viewer_language().code  # a guess, to be changed
    return _form_page(form, None)


@bp.post("/activities/new")
@idempotent()
def new_post() -> ResponseReturnValue:
    """Save a new activity."""
    mine = queries.my_entities()
    if not queries.may_add_activities(current_user, mine):
        abort(403)
    form = ActivityForm(db.session, mine=mine)
    form.text_language.default = viewer_language().code
    fine = form.validate()
    if fine and not current_user.is_coordinator:
        fine = _names_own_entity(form, mine)
    if not fine or form.dates_to_show:
        return _form_page(form, None, 422)
    draft = form.draft()
    question = question_on(db.session, draft, request.form)
    if question.same is not None:
        flash(_("Nothing was added. If your entity takes part in this one, ask its lead to name you in it."), "success")
        return redirect(url_for("activities.activity", activity_id=question.same))
    if question.is_open:
        return _form_page(form, None, 409, question=question)
    form.propose(draft, Act(current_user._get_current_object(), today()))
    question.hold(db.session)
    made = record.create_activity(db.session, draft, by=current_user, mine=mine, month=_month(mine))
    question.keep(db.session, made.id, current_user, utc_now())
    title = made.title  # read after the commit it costs the record once more
    address = url_for("activities.activity", activity_id=made.id, saved="activity-new", back=back_address())
    record_redirect(address)
    db.session.commit()
    flash(_("Saved: “%(title)s”.", title=title), "success")
    return redirect(address)


@bp.get("/activities/alike")
@limiter.limit(HINTS, key_func=_reader)
def alike() -> ResponseReturnValue:
    """A piece of HTML: the look-alikes of a title that was just typed, for who may add activities."""
    if not queries.may_add_activities(current_user, queries.my_entities()):
        abort(403)
    title = clean(request.args.get("title", ""), lines=False)[:TITLE_LENGTH]
    found = alike_by_title(db.session, title, request.args.get("own", type=int))
    return render_template("matrix/_alike_hint.html", alike=found[:MAX_HINTED])


def _form_page(
    form: ActivityForm,
    activity: Activity | None,
    code: int = 200,
    *,
    conflict: dict[str, Any] | None = None,
    question: Question | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "matrix/activity_form.html", form=form, activity=activity, conflict=conflict, question=question
    )
    return page, code


def _month(mine: list[Organisation]) -> str | None:
    """The month an edit confirms."""
    return month_being_updated(db.session, [entity.id for entity in mine])


def _names_own_entity(form: ActivityForm, mine: list[Organisation]) -> bool:
    """A focal point adds activities of their own entities only."""
    draft = form.draft()
    named = {one.id for one in (draft.lead, *draft.entities, *draft.supporting) if one is not None}
    if named & {entity.id for entity in mine}:
        return True
    words = ngettext(
        "You speak for %(names)s: choose it as lead, or among the other UN entities.",
        "You speak for %(names)s: choose one of them as lead, or among the other UN entities.",
        len(mine),
        names=listed(entity.short for entity in mine),
    )
    form.lead.errors = [*form.lead.errors, words]
    return False


@bp.get("/activities/<int:activity_id>/edit")
def edit(activity_id: int) -> ResponseReturnValue:
    """The form with the record as it stands, or the own part of it."""
    found, right, mine = queries.get_activity_for_edit(activity_id)
    if right is Right.PART:
        return _own_part_page(found, mine)
    return _form_page(ActivityForm(db.session, found, mine), found)


@bp.post("/activities/<int:activity_id>/edit")
@defer_write_lock
def edit_post(activity_id: int) -> ResponseReturnValue:
    """Save over the version that was read; a stale save is a conflict shown, and look-alikes are asked about."""
    found, right, mine = queries.get_activity_for_edit(activity_id, merged=True)
    if found.merged_into_id is not None:
        return moved_page(found, right, mine)
    if right is Right.PART:
        return _save_own_part(found, mine)
    form = ActivityForm(db.session, found, mine)
    if not form.validate() or form.dates_to_show:
        return _form_page(form, found, 422)
    version, draft = _version(form.version.data), form.draft()
    if found.version != version:
        return _conflict(found.id, form, mine)
    question = question_on(db.session, draft, request.form, found)
    if question.is_open:
        return _form_page(form, found, 409, question=question)
    month = _month(mine)
    acquire_write_lock()
    form.propose(draft, Act(current_user._get_current_object(), today()))
    question.hold(db.session, activity_id)
    try:
        changed = record.save_activity(
            db.session, found, draft, version=version, by=current_user, mine=mine, month=month
        )
    except StaleVersionError:
        db.session.rollback()  # where somebody was faster by a hair, nothing can be asked before
        return _conflict(activity_id, form, mine)
    question.keep(db.session, activity_id, current_user, utc_now())
    title = found.title  # read after the commit it costs the record once more
    db.session.commit()
    flash(_("Saved: “%(title)s”.", title=title) if changed else _("Nothing was different."), "success")
    if question.same is not None:
        first, second = sorted((activity_id, question.same))
        return redirect(url_for("overlaps.pair", first_id=first, second_id=second))
    return redirect(_page_after_saving(activity_id))


def _page_after_saving(activity_id: int) -> str:
    """The page of an activity that was edited: its draft can go, and it offers the way back."""
    saved = f"activity-{activity_id}"
    return url_for("activities.activity", activity_id=activity_id, saved=saved, back=back_address())


def _version(text: str | None) -> int:
    """The version a form was read at; 0, which never stands, when it is not a number."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _conflict(activity_id: int, form: ActivityForm, mine: list[Organisation]) -> ResponseReturnValue:
    """Both versions side by side; saving again keeps what was typed."""
    draft = form.draft()
    db.session.rollback()
    theirs = queries.get_activity(activity_id, merged=True)
    if theirs.merged_into_id is not None:
        return moved_page(theirs, Right.ALL, mine)
    stands = record.facts(theirs)
    record.apply_draft(theirs, draft, mine=mine, trusted=False)
    typed = record.facts(theirs)
    version = theirs.version
    db.session.rollback()
    theirs = queries.get_activity(activity_id)
    last = next(iter(changes_of(db.session, "activity", activity_id)), None)
    rows = FactLabels(db.session).changed({name: (stands[name], typed[name]) for name in stands})
    form.version.data = str(version)
    conflict = {"rows": rows, "last": last}
    return _form_page(form, theirs, 409, conflict=conflict)


def _own_part_page(
    found: Activity, mine: list[Organisation], *, conflict: bool = False, typed: dict[int, str] | None = None
) -> ResponseReturnValue:
    """The form of an entity's own part, with what was typed when it could not be saved."""
    own = {entity.id for entity in mine}
    parts = [part for part in found.entities if part.entity_id in own]
    too_long = [part for part in parts if len((typed or {}).get(part.entity_id, "")) > ROLE_LENGTH]
    form = OwnPartForm()
    form.version.data = found.version
    page = render_template(
        "matrix/own_part.html",
        activity=found,
        parts=parts,
        form=form,
        conflict=conflict,
        typed=typed or {},
        too_long=too_long,
        back=back_address(),
        role_length=ROLE_LENGTH,
    )
    return page, 409 if conflict else 422 if too_long else 200


def _save_own_part(found: Activity, mine: list[Organisation]) -> ResponseReturnValue:
    """The entity's sentence on its role, and whether it confirms that it takes part."""
    form = OwnPartForm()
    roles: dict[int, str] = {}
    said: dict[int, Participation] = {}
    for entity in mine:
        roles[entity.id] = clean(request.form.get(f"role-{entity.id}", ""))
        if (choice := request.form.get(f"participation-{entity.id}", "")) in ("confirmed", "declined"):
            said[entity.id] = Participation(choice)
    version = form.version.data if form.validate() else 0
    if any(len(role) > ROLE_LENGTH for role in roles.values()):
        return _own_part_page(found, mine, typed=roles)
    month = _month(mine)
    acquire_write_lock()
    try:
        record.save_own_part(
            db.session,
            found,
            roles=roles,
            participations=said,
            version=version or 0,
            by=current_user,
            mine=mine,
            month=month,
        )
    except StaleVersionError:
        db.session.rollback()
        theirs = queries.get_activity(found.id, merged=True)
        if theirs.merged_into_id is not None:
            return moved_page(theirs, Right.PART, mine)
        return _own_part_page(theirs, mine, conflict=True, typed=roles)
    number, title = found.id, found.title
    db.session.commit()
    flash(_("Your part in “%(title)s” is saved.", title=title), "success")
    return redirect(_page_after_saving(number))


@bp.get("/dates")
def read_a_date() -> ResponseReturnValue:
    """What a date typed by a person is read as: for the words shown beside the field."""
    text = clean(request.args.get("text", ""), lines=False)
    try:
        found = read_date(text)
    except AmbiguousDate as question:
        return jsonify(message=str(question), choices=[[date.code, date.words()] for date in question.choices])
    except DateNotUnderstood as problem:
        return jsonify(message=str(problem))
    return jsonify(code=found.code if found else "", words=found.words() if found else "")
