"""The compared words of all listed activities, kept by each process: asking about one reads only what changed since.

When what is kept is wrong: never unseen. The state of the activities tells of every change (`activities/state.py`).
Then what was written lately is read; if that does not give the state, everything is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from rapidfuzz import fuzz, process
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.state import Kept, State
from interagency.matrix.overlaps.likeness import DESCRIBED, LIKENESS, described_words, sorted_words

# A transaction is seen when it ends, with the time of its writing; servers' clocks differ a little.
LATELY = timedelta(minutes=15)
BATCH = 500


@dataclass(frozen=True, slots=True)
class Texts:
    """By number the version of each activity, and the compared words of those listed."""

    versions: dict[int, int] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)
    descriptions: dict[int, str] = field(default_factory=dict)
    newest: datetime = datetime(1, 1, 2, tzinfo=UTC)

    @property
    def state(self) -> State:
        """What `state_of` says while these are right."""
        return len(self.versions), sum(self.versions.values())

    def alike(self, title: str, description: str) -> dict[int, tuple[float, float]]:
        """The likeness of title and description, by number, of the activities that are alike in one of them."""
        by_title = _alike(sorted_words(title), self.titles)
        by_description = _alike(described_words(description), self.descriptions)
        both = by_title.keys() | by_description.keys()
        return {number: (by_title.get(number, 0.0), by_description.get(number, 0.0)) for number in both}

    def of(self, number: int) -> Texts:
        """The same of one activity alone."""
        return Texts(
            titles={number: self.titles.get(number, "")}, descriptions={number: self.descriptions.get(number, "")}
        )


def _alike(words: str, others: dict[int, str]) -> dict[int, float]:
    if not words:
        return {}
    found = process.extract(words, others, scorer=fuzz.ratio, score_cutoff=LIKENESS, limit=None)
    return {number: score for _words, score, number in found}


def known_texts(session: Session) -> Texts:
    """The texts as they stand in the database for this session. One statement while nothing changed."""
    return _kept.now(session)


def _made(session: Session, state: State, before: Texts | None) -> Texts:
    brought_up = _brought_up(session, before) if before is not None else None
    return brought_up if brought_up is not None and brought_up.state == state else _brought_up(session, Texts())


_kept = Kept(_made)


def _brought_up(session: Session, kept: Texts) -> Texts:
    """`kept` with what was written since; a new value, for others may be reading the old one."""
    since = kept.newest - LATELY if kept.versions else kept.newest
    written = sa.select(Activity.id, Activity.version, Activity.is_listed, Activity.updated_at)
    written = written.where(Activity.is_listed.in_([True, False]), Activity.updated_at >= since)
    versions, titles, descriptions = dict(kept.versions), dict(kept.titles), dict(kept.descriptions)
    newest, changed = kept.newest, []
    for number, version, is_listed, updated_at in session.execute(written):
        newest = max(newest, updated_at)
        if versions.get(number) != version:
            versions[number] = version
            titles.pop(number, None)
            descriptions.pop(number, None)
            if is_listed:
                changed.append(number)
    for number, title, description in _read(session, changed):
        titles[number] = sorted_words(title)
        descriptions[number] = described_words(description)
    return Texts(versions, titles, descriptions, newest)


def _read(session: Session, numbers: Sequence[int]) -> Iterator[tuple[int, str, str]]:
    """Number, title and the compared part of the description of the activities `numbers`, in one statement."""
    query = sa.select(Activity.id, Activity.title, sa.func.substr(Activity.description, 1, DESCRIBED))
    few = len(numbers) <= BATCH  # a longer list of numbers costs more than reading all
    wanted = set(numbers)
    for row in session.execute(query.where(Activity.id.in_(numbers) if few else Activity.is_listed)):
        if row[0] in wanted:
            yield row[0], row[1], row[2]
