"""What changed between two states of the matrix and the calendar (rule 18). Knows no database.

Compared are the facts of each record by its id. `apply` turns the older facts into the newer with nothing
but the difference: a property test holds that no change is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_pgettext, ngettext

from interagency.db.history import difference
from interagency.text.labelled import Labelled
from interagency.text.languages import commas

Facts = dict[str, Any]
ENDED = frozenset({"completed", "cancelled"})
# Events come to their end as held or cancelled.
ENDED_EVENT = frozenset({"held", "cancelled"})


class Kind(Labelled):
    """What became of a record."""

    NEW = "new", lazy_pgettext("what became of a record", "new")
    REAPPEARED = "reappeared", lazy_pgettext("what became of a record", "reappeared")
    CHANGED = "changed", lazy_pgettext("what became of a record", "changed")
    ENDED = "ended", lazy_pgettext("what became of a record", "ended")
    GONE = "no longer listed", lazy_pgettext("what became of a record", "no longer listed")
    UNCHANGED = "unchanged", lazy_pgettext("what became of a record", "unchanged")


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What became of one record: the fields that differ as `{field: [was, is]}`; all of them for a new one."""

    id: int
    kind: Kind
    title: str
    fields: dict[str, list[Any]] = field(default_factory=dict)
    # Of one that is gone: the record it was merged into.
    merged_into: int | None = None

    @property
    def words(self) -> str:
        """What became of it, as it is told."""
        if self.merged_into is None:
            return str(self.kind.label)
        return str(_("merged into %(record)s", record=self.merged_into))


@dataclass(frozen=True, slots=True)
class Difference:
    """Every record of both states, by id, with what became of it."""

    records: dict[int, RecordChange]

    def of(self, *kinds: Kind) -> list[RecordChange]:
        """The records of these kinds, by title."""
        found = [record for record in self.records.values() if record.kind in kinds]
        return sorted(found, key=lambda record: (record.title.casefold(), record.id))

    def counts(self) -> dict[str, int]:
        """How many records of each kind."""
        numbers = {kind.value: 0 for kind in Kind}
        for record in self.records.values():
            numbers[record.kind.value] += 1
        return numbers

    def told(self) -> str:
        """The counts in words, without those of none: `3 new, 1 changed`; empty where there is nothing to compare."""
        return commas(counted(kind, number) for kind, number in self.counts().items() if number)


def counted(kind: Kind | str, number: int) -> str:
    """How many records of a kind there are: `3 new`."""
    match Kind(kind):
        case Kind.NEW:
            words = ngettext("%(num)s new", "%(num)s new", number)
        case Kind.REAPPEARED:
            words = ngettext("%(num)s reappeared", "%(num)s reappeared", number)
        case Kind.CHANGED:
            words = ngettext("%(num)s changed", "%(num)s changed", number)
        case Kind.ENDED:
            words = ngettext("%(num)s ended", "%(num)s ended", number)
        case Kind.GONE:
            words = ngettext("%(num)s no longer listed", "%(num)s no longer listed", number)
        case Kind.UNCHANGED:
            words = ngettext("%(num)s unchanged", "%(num)s unchanged", number)
    return str(words)


def compare(
    before: Mapping[int, Facts],
    after: Mapping[int, Facts],
    *,
    seen_earlier: Collection[int] = (),
    ended: Collection[str] = ENDED,
    merged: Mapping[int, int] | None = None,
) -> Difference:
    """What became of each record between the facts `before` and `after`, both by id.

    `seen_earlier` are ids that stood in some edition before `before` and not in it; `merged` are those that became
    part of another record, and of which.
    """
    records: dict[int, RecordChange] = {}
    earlier = frozenset(seen_earlier)
    for record_id, facts in after.items():
        records[record_id] = became(record_id, before.get(record_id), facts, earlier, ended)
    for record_id, facts in before.items():
        if record_id not in after:
            into = (merged or {}).get(record_id)
            records[record_id] = RecordChange(record_id, Kind.GONE, facts["title"], difference(facts, {}), into)
    return Difference(records)


def became(
    record_id: int, was: Facts | None, facts: Facts, earlier: Collection[int], ended: Collection[str] = ENDED
) -> RecordChange:
    """What became of one record that says `facts` now and said `was` before; `earlier` as `seen_earlier` above."""
    if was is None:
        kind = Kind.REAPPEARED if record_id in earlier else Kind.NEW
        return RecordChange(record_id, kind, facts["title"], _whole(facts))
    fields = difference(was, facts)
    if not fields:
        kind = Kind.UNCHANGED
    elif facts.get("status") in ended and was.get("status") not in ended:
        kind = Kind.ENDED
    else:
        kind = Kind.CHANGED
    return RecordChange(record_id, kind, facts["title"], fields)


def _whole(facts: Facts) -> dict[str, list[Any]]:
    """Every field of a new record, also those that say nothing."""
    return {name: [None, value] for name, value in facts.items()}


def apply(found: Difference, before: Mapping[int, Facts]) -> dict[int, Facts]:
    """The newer facts, made from the older and the difference alone."""
    after: dict[int, Facts] = {}
    for record_id, record in found.records.items():
        if record.kind is Kind.GONE:
            continue
        facts = dict(before.get(record_id, {}))
        for name, (_was, value) in record.fields.items():
            facts[name] = value
        after[record_id] = facts
    return after


def facts_by_id(entries: list[dict[str, Any]]) -> dict[int, Facts]:
    """The facts of an edition's entries, by id."""
    return {entry["id"]: entry["facts"] for entry in entries}


def compare_contents(before: dict[str, Any] | None, after: dict[str, Any], name: str) -> Difference:
    """What became of the records called `name` (`activities`, `event`) between two contents."""
    older = before or {}
    return compare(
        facts_by_id(older.get(name, [])),
        facts_by_id(after.get(name, [])),
        seen_earlier=older.get("gone", {}).get(name, ()),
        ended=ENDED if name == "activities" else ENDED_EVENT,
        merged=merged_of(after, name),
    )


def merged_of(contents: Mapping[str, Any], name: str) -> dict[int, int]:
    """What each merged record called `name` became part of, as `contents` know it."""
    return dict(contents.get("merged", {}).get(name, ()))
