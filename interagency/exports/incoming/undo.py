"""Taking back what an import did: each record says again what it said, and so do the parts of its entities."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import audit
from interagency.exports.incoming.batches import Standing
from interagency.exports.incoming.compare import Rights
from interagency.exports.models import ImportState, MatrixImport
from interagency.matrix.activities import record
from interagency.matrix.activities.drafts import Records, draft_from
from interagency.matrix.activities.models import Activity, Participation
from interagency.matrix.activities.record import StaleVersionError

Item = dict[str, Any]


def parts_of(activity: Activity) -> dict[str, list[Any]]:
    """What stands of each entity's part beside the facts: its answer, when and by whom, and the month confirmed."""
    return {
        part.entity.key: [
            part.participation.value,
            part.answered_at.isoformat() if part.answered_at else None,
            part.answered_by_id,
            part.confirmed_month,
        ]
        for part in activity.entities
    }


def _put_parts_back(activity: Activity, parts: dict[str, list[Any]]) -> None:
    for part in activity.entities:
        if (was := parts.get(part.entity.key)) is not None:
            participation, answered_at, part.answered_by_id, part.confirmed_month = was
            part.participation = Participation(participation)
            part.answered_at = datetime.fromisoformat(answered_at) if answered_at else None


class Undoing(Standing[Item]):
    """What an import did, the last first, put back where nobody has built on it and the person may change it today.

    History grows by what the undoing did; all else is as it was, but for version and time of the record. What was
    added is no longer listed.
    """

    def __init__(self, session: Session, kept: MatrixImport, rights: Rights, done: Sequence[Item]) -> None:
        super().__init__(session, lambda item: item["id"])
        self.kept, self.rights, self.done = kept, rights, done
        self.records = Records(session)
        self.reason = f"Import {kept.id} undone"

    def todo(self, noted: Sequence[Item]) -> list[Item]:
        """What is still to be put back when so much is `noted`."""
        return list(reversed(self.done))[len(noted) :]

    def do(self, item: Item) -> Item:
        """Put one record back; whether that was possible, for the journal."""
        activity = self.standing(item)
        title = activity.title if activity else _("record %(id)s", id=item["id"])
        is_undone = activity is not None and activity.version == item["version"] and self._may_change(activity)
        if activity is not None and is_undone:
            try:
                with self.session.begin_nested():
                    (self._unlist if item["new"] else self._put_back)(activity, item)
            except StaleVersionError:  # saved by somebody else this very moment
                is_undone = False
        return {"id": item["id"], "title": title, "undone": is_undone}

    def _may_change(self, activity: Activity) -> bool:
        """By today's appointments: who sent the file may since have left the entity."""
        rights = self.rights
        return rights.person is None or record.right_to_edit(rights.person, rights.mine, activity) is record.Right.ALL

    def _put_back(self, activity: Activity, item: Item) -> None:
        before = record.facts(activity)
        facts = before | {name: was for name, (was, _now) in item["fields"].items()}
        draft, person = draft_from(self.records, facts), self.rights.person
        record.apply_draft(activity, draft, mine=self.rights.mine, trusted=person is None, roles=facts["roles"])
        _put_parts_back(activity, item.get("parts", {}))
        record.refresh_derived(activity)
        record.finish(self.session, activity, before, by=person, reason=self.reason)

    def _unlist(self, activity: Activity, _item: Item) -> None:
        before = record.facts(activity)
        activity.is_listed = False
        record.finish(self.session, activity, before, by=self.rights.person, reason=self.reason)

    def numbers(self, items: Sequence[Item]) -> dict[str, int]:
        """How many records were put back and how many were left, by the journal `items`."""
        undone = sum(item["undone"] for item in items)
        return {"undone": undone, "left": len(items) - undone}

    def finish(self, numbers: dict[str, int], person: Person | None, at: datetime) -> None:
        """Say that the import was taken back; short, for others wait. The caller commits."""
        self.kept.state, self.kept.undone_at = ImportState.UNDONE, at
        audit(self.session, "matrix.import_undone", by=person, by_name="command line", **numbers)
