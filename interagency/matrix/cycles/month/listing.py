"""The list of a month, one page at a time: which records it shows, in which groups, and its address."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from flask_babel import gettext as _

from interagency.db.paging import page_within
from interagency.matrix.cycles.confirming import ACTIVITY
from interagency.matrix.cycles.month.reasons import HEADINGS
from interagency.matrix.cycles.month.records import EntityMonth, Listed, in_order
from interagency.text.folding import clean

PAGE = 20
WORDS_LENGTH = 100
LAST_PAGE = 100_000


class Show(enum.StrEnum):
    """Which records are listed."""

    LOOK = "look"
    OPEN = "open"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for: which records, with which words, which page. `show` None: what is most useful.

    `kept`: the record that was just acted on (`activity-12`), listed in its place even if it is no longer of the kind.
    """

    show: Show | None = None
    words: str = ""
    page: int = 1
    kept: str = ""

    def values(self, **other: Any) -> dict[str, Any]:
        """Values of an address that asks for the same, with some replaced; what is not set stays out of it."""
        wanted = replace(self, **other)
        page = wanted.page if wanted.page > 1 else None
        return {"show": wanted.show, "q": wanted.words or None, "page": page, "kept": wanted.kept or None}


def wanted_in(values: Mapping[str, str]) -> Wanted:
    """What an address or a form asks for. What cannot be read is as if it were not there."""
    show, page = values.get("show", ""), values.get("page", "")
    return Wanted(
        show=Show(show) if show in set(Show) else None,
        words=clean(values.get("q", "")[:WORDS_LENGTH], lines=False),
        page=min(int(page), LAST_PAGE) if page.isascii() and page.isdecimal() and len(page) < 10 else 1,
        kept=values.get("kept", "")[:40],
    )


@dataclass(frozen=True, slots=True)
class Group:
    """Records under one heading: what this page has of the `count` that there are."""

    heading: str
    count: int
    records: list[Listed]


@dataclass(frozen=True, slots=True)
class MonthPage:
    """One page of a month's list. `counts`: how many records each choice has, whatever the words."""

    wanted: Wanted
    show: Show
    counts: Mapping[Show, int]
    found: int
    page: int
    pages: int
    groups: list[Group]

    @property
    def records(self) -> list[Listed]:
        return [one for group in self.groups for one in group.records]


def page_of(month: EntityMonth, wanted: Wanted) -> MonthPage:
    """The page that is wanted; the last one where there are fewer."""
    of_choice = {Show.LOOK: month.to_look_at, Show.OPEN: month.unconfirmed, Show.ALL: month.records}
    counts = {show: len(records) for show, records in of_choice.items()}
    show = wanted.show or _most_useful(month, counts, wanted.words)
    chosen = {one.key for one in of_choice[show]}
    found = [
        one
        for one in month.records
        if (one.key in chosen or one.anchor == wanted.kept) and (one.record.matches or one.anchor == wanted.kept)
    ]
    found = in_order(found)
    page, pages = page_within(wanted.page, len(found), PAGE)
    counted = Counter(map(_group_of, found))
    groups = _groups(found[(page - 1) * PAGE : page * PAGE], counted)
    return MonthPage(wanted, show, counts, len(found), page, pages, groups)


def _most_useful(month: EntityMonth, counts: Mapping[Show, int], words: str) -> Show:
    """Where nobody chose: what needs a look, else what is not confirmed, else all. Who looks for words looks in all."""
    if not words and month.cycle.is_open and month.answer is None:
        for show in (Show.LOOK, Show.OPEN):
            if counts[show]:
                return show
    return Show.ALL


def _group_of(listed: Listed) -> str:
    """Below which heading a record stands: that of its first reason, else of its kind."""
    return listed.reasons[0] if listed.reasons else listed.record.kind


def _groups(records: list[Listed], counted: Mapping[str, int]) -> list[Group]:
    headings: dict[str, Any] = {ACTIVITY: _("Activities")} | dict(HEADINGS)
    other = _("Events you organise")
    return [
        Group(str(headings.get(group, other)), counted[group], list(found))
        for group, found in groupby(records, key=_group_of)
    ]


def signed_groups(records: list[Listed]) -> list[Group]:
    """Records for the page of a signature, in groups by the first reason to look at them; `records` in their order."""
    return _groups(records, Counter(map(_group_of, records)))
