"""Asking about look-alikes while an activity is added or changed: before it is saved, and each pair once (rule 13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.matrix.activities.drafts import ActivityDraft, Records, draft_from
from interagency.matrix.activities.fields import empty_facts
from interagency.matrix.activities.locks import lock
from interagency.matrix.activities.models import Activity, Status
from interagency.matrix.overlaps.finder import Overlap, overlaps_of
from interagency.matrix.overlaps.models import VerdictKind
from interagency.matrix.overlaps.verdicts import keep_verdict, verdicts_of

REST = "verdict-rest"  # what is said of all that nothing else was said of
ASKED = "verdict-asked"  # the ids of those that the form asked about, between spaces
SHORTEST_TITLE = 8  # what is shorter is like too many


@dataclass(frozen=True, slots=True)
class Question:
    """The look-alikes of a draft that nobody has judged, what the person said of them just now, and of which they were
    asked before and said nothing.
    """

    alike: list[Overlap]
    said: dict[int, VerdictKind]
    missing: frozenset[int] = frozenset()

    @property
    def first_missing(self) -> int | None:
        """The likest of those of which nothing was said though it was asked."""
        return next((one.activity_id for one in self.alike if one.activity_id in self.missing), None)

    @property
    def is_open(self) -> bool:
        """Whether one of them is still to be judged."""
        return any(one.activity_id not in self.said for one in self.alike)

    @property
    def same(self) -> int | None:
        """The likest of those said to be the same, or None."""
        return next((one.activity_id for one in self.alike if self.said.get(one.activity_id) is VerdictKind.SAME), None)

    def hold(self, session: Session, *besides: int) -> None:
        """Before anything is saved: lock what verdicts will name, and `besides`, in the order in which merging does."""
        if self.alike:
            lock(session, (*besides, *(one.activity_id for one in self.alike)))

    def keep(self, session: Session, activity_id: int, by: Person, at: datetime) -> None:
        """Keep what was said, once the activity is saved."""
        for one in self.alike:
            keep_verdict(session, activity_id, one.activity_id, self.said[one.activity_id], by, at)


def question_on(
    session: Session, draft: ActivityDraft, answers: Mapping[str, str], activity: Activity | None = None
) -> Question:
    """What is to be asked before `draft` is saved; `answers` are the fields of the form.

    Of an activity that exists only what matters is asked, and no pair that was judged before.
    """
    if activity is not None and not changes_what_matters(activity, draft):
        return Question([], {})
    own_id, judged = (activity.id, verdicts_of(session, activity.id)) if activity is not None else (None, {})
    alike = overlaps_of(session, draft, own_id=own_id, besides=judged)
    kinds = {kind.value: kind for kind in VerdictKind}
    rest = kinds.get(answers.get(REST, "")) if answers.get(REST) != VerdictKind.SAME else None
    said = {one.activity_id: kinds.get(answers.get(f"verdict-{one.activity_id}", ""), rest) for one in alike}
    asked = set(answers.get(ASKED, "").split())
    missing = frozenset(number for number, kind in said.items() if kind is None and str(number) in asked)
    return Question(alike, {number: kind for number, kind in said.items() if kind is not None}, missing)


def alike_by_title(session: Session, title: str, own_id: int | None = None) -> list[Overlap]:
    """The look-alikes of something that has no more than a title yet; none of a title that says too little."""
    if len(title) < SHORTEST_TITLE:
        return []
    draft = draft_from(Records(session), empty_facts() | {"title": title, "status": Status.ONGOING.value})
    judged = verdicts_of(session, own_id) if own_id is not None else {}
    return overlaps_of(session, draft, own_id=own_id, besides=judged)


def changes_what_matters(activity: Activity, draft: ActivityDraft) -> bool:
    """Whether a draft changes something overlaps are found by: words, time, countries, recommendations."""
    countries = {(link.country_code, link.role) for link in activity.countries}
    return (
        (activity.title, activity.description, activity.start, activity.end)
        != (draft.title, draft.description, draft.start, draft.end)
        or countries != {(country.code, role) for country, role in draft.countries}
        or {one.code for one in activity.recommendations} != {one.code for one in draft.recommendations}
    )
