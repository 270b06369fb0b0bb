"""What the rows of one page of a month show: read for these records alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session, load_only, selectinload

from interagency.matrix.activities.fields import STATUS_LABELS
from interagency.matrix.activities.figures import format_figure
from interagency.matrix.activities.models import Activity, ActivityEntity
from interagency.matrix.cycles.answers import answered_until
from interagency.matrix.cycles.confirming import ACTIVITY
from interagency.matrix.cycles.month.others import Told, told
from interagency.matrix.cycles.month.reasons import Reason, confirmed_label
from interagency.matrix.cycles.month.records import EntityMonth, Listed
from interagency.registry import MonthRow, registry
from interagency.text.dates import words_between
from interagency.text.folding import listed as in_words
from interagency.text.languages import commas
from interagency.web.formats import format_instant

MAX_DESCRIPTION_LENGTH = 800  # what a row unfolds; the record's page has the rest

SHOWN = (
    Activity.title, Activity.description, Activity.status, Activity.results, Activity.is_joint, Activity.version,
    Activity.start_precision, Activity.start_first, Activity.start_last,
    Activity.end_precision, Activity.end_first, Activity.end_last,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the page. `why`: its reasons in words; `changes`: what others changed."""

    listed: Listed
    row: MonthRow
    why: Sequence[str]
    changes: Sequence[Told]
    last_confirmed: str

    @property
    def over_label(self) -> str:
        """What one press can say of a record whose end has passed; empty where it cannot."""
        kind = self.listed.record.kind
        if Reason.ENDED not in self.listed.record.reasons or not self.row.is_lead:
            return ""
        return str(_("It is completed")) if kind == ACTIVITY else registry.cycle_parts[kind].over_label()

    @property
    def may_begin(self) -> bool:
        """Whether one press can say that it has begun."""
        return Reason.NOT_BEGUN in self.listed.record.reasons and self.is_led and not self.over_label

    @property
    def is_led(self) -> bool:
        return self.listed.record.kind == ACTIVITY and self.row.is_lead


def shown_rows(session: Session, month: EntityMonth, records: Iterable[Listed]) -> dict[str, Shown]:
    """The rows of these records, by the place of each (`activity-12`)."""
    wanted = list(records)
    by_kind: dict[str, list[int]] = defaultdict(list)
    for one in wanted:
        by_kind[one.record.kind].append(one.record.id)
    rows = {(ACTIVITY, number): row for number, row in _activities(session, by_kind.get(ACTIVITY, ()), month).items()}
    for name, part in registry.cycle_parts.items():
        if name in by_kind:
            rows |= {(name, number): row for number, row in part.rows(session, by_kind[name]).items()}
    since = answered_until(session, month.cycle, month.entity.id)
    changed = [one.record.id for one in wanted if Reason.CHANGED in one.reasons]
    changes = told(session, month.entity.id, since, changed)
    found = {}
    for one in wanted:
        row = rows[one.key]
        theirs = changes.get(one.record.id, []) if one.record.kind == ACTIVITY else []
        why = [_why(reason, one, row, theirs, month.cycle.month) for reason in one.reasons]
        label = confirmed_label(one.record.confirmed_month, month.cycle.month)
        found[one.anchor] = Shown(one, row, [words for words in why if words], theirs, label)
    return found


def _why(reason: Reason, listed: Listed, row: MonthRow, changes: Sequence[Told], month: str) -> str:
    """One reason in words, for the row."""
    match reason:
        case Reason.ASKED if row.lead:
            return str(_("%(lead)s named you: do you take part?", lead=row.lead))
        case Reason.ASKED:
            return str(_("You were named: do you take part?"))
        case Reason.CHANGED if changes:
            names = in_words(dict.fromkeys(field[0] for change in changes for field in change.fields))
            newest = changes[0]
            when = format_instant(newest.at)
            return str(_("Changed by %(who)s, %(when)s: %(fields)s", who=newest.by_name, when=when, fields=names))
        case Reason.CHANGED:
            return str(_("Changed by others since you last confirmed it"))
        case Reason.ENDED:
            return row.overdue
        case Reason.NOT_BEGUN if Reason.ENDED in listed.reasons:
            return ""  # said already
        case Reason.NOT_BEGUN:
            return str(_("From %(start)s, and still planned", start=row.begins))
        case Reason.STALE:
            before = listed.single.before if listed.single else listed.record.confirmed_month
            return confirmed_label(before, month)
        case Reason.RETURNED:
            return str(_("Your answer was returned with a note: confirm it again"))


def _activities(session: Session, ids: Sequence[int], month: EntityMonth) -> dict[int, MonthRow]:
    if not ids:
        return {}
    query = (
        sa.select(Activity)
        .where(Activity.id.in_(list(ids)))
        .options(
            load_only(*SHOWN),
            selectinload(Activity.entities).joinedload(ActivityEntity.entity),
            selectinload(Activity.recommendations),
            selectinload(Activity.figures),
        )
    )
    return {activity.id: _row(activity, month.entity.id) for activity in session.scalars(query)}


def _row(activity: Activity, entity_id: int) -> MonthRow:
    lead = activity.lead
    others = [
        _("%(entity)s (lead)", entity=other.entity.short) if other.is_lead else other.entity.short
        for other in activity.taking_part
        if other.entity_id != entity_id
    ]
    own = next((part.role for part in activity.entities if part.entity_id == entity_id), "")
    shorts = {part.entity.key: part.entity.short for part in activity.entities}
    details = [
        (_("Our part"), [own] if own else []),
        (_("Figures"), [format_figure(one, shorts) for one in activity.figures]),
        (_("Recommendations"), [f"{one.code} {one.title}" for one in activity.recommendations]),
        (_("Results"), [shortened(activity.results)] if activity.results else []),
    ]
    status, ends = str(STATUS_LABELS[activity.status]).lower(), activity.end.words(short=True) if activity.end else ""
    return MonthRow(
        id=activity.id,
        title=activity.title,
        address=url_for("activities.activity", activity_id=activity.id),
        edit_address=url_for("activities.edit", activity_id=activity.id),
        status=activity.status.value,
        status_label=status,
        when=words_between(activity.start, activity.end, short=True),
        begins=activity.start.words(short=True) if activity.start else "",
        ends=ends,
        overdue=str(_("Until %(end)s, and still %(status)s", end=ends, status=status)),
        lead=lead.entity.short if lead else "",
        note=commas(others),
        is_lead=lead is None or lead.entity_id == entity_id,
        is_joint=activity.is_joint,
        description=activity.description,
        details=[(str(heading), lines) for heading, lines in details if lines],
    )


def shortened(text: str) -> str:
    """The beginning of a long text, cut between words."""
    if len(text) <= MAX_DESCRIPTION_LENGTH:
        return text
    return f"{text[:MAX_DESCRIPTION_LENGTH].rsplit(None, 1)[0]} …"
