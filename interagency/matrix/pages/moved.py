"""A save that comes too late: the activity was merged into another while somebody was writing.

Nothing is saved and nothing is lost: the words that were typed are shown beside what stands, and, for who may edit
all of it, stand in the form of the activity it went to.
"""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from interagency.db.base import db
from interagency.db.history import changes_of, facts_at
from interagency.matrix.activities import record
from interagency.matrix.activities.drafts import Records, draft_from
from interagency.matrix.activities.forms import ActivityForm
from interagency.matrix.activities.labels import FactLabels, field_labels
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import get_activity, survivor_of
from interagency.matrix.activities.record import Right
from interagency.matrix.organisations.models import Organisation
from interagency.text.folding import clean

# Who takes part is settled by the merging; it is not put into the other's form.
LEFT = ("lead", "entities", "roles", "participation", "is_listed")


def moved_page(merged: Activity, right: Right, mine: list[Organisation]) -> ResponseReturnValue:
    """What was typed into the form of a merged activity, and where it can be saved now. Writes nothing."""
    last = next(iter(changes_of(db.session, "activity", merged.id)), None)
    standing = survivor_of(db.session, merged)
    survivor_id, title, old_title = standing.id, standing.title, merged.title
    if right is Right.PART:
        rows: list[tuple[str, str, str]] = [
            (entity.short, "", clean(request.form.get(f"role-{entity.id}", ""))) for entity in mine
        ]
        typed: dict[str, Any] = {}
    else:
        rows, typed = _typed(merged, mine, survivor_id)
    db.session.rollback()
    survivor = get_activity(survivor_id)
    where = record.right_to_edit(current_user, mine, survivor)
    form = _form_with(survivor, typed, mine) if right is Right.ALL and where is Right.ALL else None
    page = render_template(
        "matrix/moved.html",
        form=form,
        activity=survivor,
        stands_title=title,
        merged_title=old_title,
        rows=[row for row in rows if row[2]],
        last=last,
        right=where,
        Right=Right,
        conflict=None,
        question=None,
        action=url_for("activities.edit_post", activity_id=survivor_id),
    )
    db.session.rollback()
    return page, 409


def _typed(
    merged: Activity, mine: list[Organisation], survivor_id: int
) -> tuple[list[tuple[str, str, str]], dict[str, Any]]:
    """What the person changed: rows of heading, what stands now, what was typed; and the facts by field."""
    form = ActivityForm(db.session, merged, mine)
    if not form.validate():
        fields = (form.title, form.description, form.results)
        return [(str(field.label.text), "", field.data or "") for field in fields], {}
    version, draft = form.version.data or "", form.draft()
    read_at = int(version) if version.isdecimal() and len(version) < 10 else merged.version
    was = facts_at(record.facts(merged), changes_of(db.session, "activity", merged.id), read_at)
    record.apply_draft(merged, draft, mine=mine, trusted=False)
    says = record.facts(merged)
    db.session.rollback()
    stands, words, headings = record.facts(get_activity(survivor_id)), FactLabels(db.session), field_labels()
    changed = [name for name in headings if name not in LEFT and says[name] != was.get(name)]
    rows = [(headings[name], words.say(name, stands[name]), words.say(name, says[name])) for name in changed]
    return rows, {name: says[name] for name in changed}


def _form_with(survivor: Activity, typed: dict[str, Any], mine: list[Organisation]) -> ActivityForm:
    """The survivor's form with the typed words in place of its own; the caller rolls back."""
    draft = draft_from(Records(db.session, survivor), record.facts(survivor) | typed)
    record.apply_draft(survivor, draft, mine=mine, trusted=True)
    return ActivityForm(db.session, survivor, mine, unsent=True)
