"""A year of use for the demonstration: twelve closed months and the open one, as `year.toml` tells."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.matrix.cycles.answers import return_answer, sign, take_back
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.models import AnswerKind
from interagency.matrix.cycles.months import default_due, first_day, month_after, month_of
from interagency.matrix.cycles.opening import newest_cycle, open_cycle, reopen
from interagency.sample.acts import Acts, hand_out_all
from interagency.sample.clock import Clock, kept_at
from interagency.sample.load import FOLDER, load_sample
from interagency.sample.people import COORDINATOR

MONTHS = 12
OPENS, CLOSES = time(9), time(10)
SIGNS = {
    "U": AnswerKind.UNCHANGED,
    "L": AnswerKind.UNCHANGED,
    "R": AnswerKind.UNCHANGED,
    "B": AnswerKind.UNCHANGED,
    "T": AnswerKind.NOTHING,
    "N": AnswerKind.NOTHING,
}


def read_year() -> dict[str, Any]:
    """What happens in the year."""
    return tomllib.loads((FOLDER / "year.toml").read_text(encoding="utf-8"))


def first_month(at: datetime, zone: ZoneInfo) -> str:
    """The first of the closed months of a year that ends at `at`."""
    return month_after(month_of(at.astimezone(zone).date()), -MONTHS)


def load_records(session: Session, *, at: datetime, zone: ZoneInfo, progress: Callable[[str], object]) -> list[str]:
    """The sample records, kept as of the day before the year begins where no month was opened yet. Returns a line for
    each kind. Does not commit.
    """
    if newest_cycle(session) is not None:
        return load_sample(session, progress)
    begins = datetime.combine(first_day(first_month(at, zone)), OPENS, zone) - timedelta(days=1)
    with kept_at(session, begins.astimezone(UTC)):
        lines = load_sample(session, progress)
        session.flush()
    return lines


def add_year(session: Session, *, at: datetime, zone: ZoneInfo, base_url: str) -> list[str]:
    """Twelve months answered, changed and closed, this month open, and what was agreed and handed out. Commits.

    Everything lies before `at` (UTC). Needs the sample records and the focal points. Does nothing when a month was
    opened before. Returns what was done, a line each; the addresses of what was handed out stand in it alone.
    """
    if newest_cycle(session) is not None:
        return []
    with kept_at(session, at) as clock:
        year = Year(session, clock, at=at, zone=zone)
        for ago in range(MONTHS, 0, -1):
            year.close(ago)
        year.answer_open_month()
        session.commit()
        clock.at = at
        tokens = hand_out_all(session, year.story["hand_out"], by=year.coordinator, at=at, zone=zone)
        session.commit()
    lines = [f"{MONTHS} months answered and closed, {year.month(0)} opened"]
    return lines + [f"handed out: {recipient}: {base_url}/external/{token}/" for recipient, token in tokens]


class Year:
    """The months of the year, one after the other. `ago`: how many months before the present one."""

    def __init__(self, session: Session, clock: Clock, *, at: datetime, zone: ZoneInfo) -> None:
        self.session, self.clock, self.at, self.zone = session, clock, at, zone
        self.story = read_year()
        self.people = {one.email: one for one in session.scalars(sa.select(Person))}
        self.coordinator = self.people[COORDINATOR]
        self.acts = Acts(session, self.story, self.people, clock, self.month)
        self._open(MONTHS)

    def month(self, ago: int) -> str:
        """The month so long ago; a negative number lies ahead."""
        return month_after(month_of(self.at.astimezone(self.zone).date()), -ago)

    def _set(self, day: datetime) -> datetime:
        """Put the clock to an instant that is not past the present. Returns it."""
        self.clock.at = min(day, self.at)
        return self.clock.at

    def _on(self, ago: int, day: int, hour: time = OPENS) -> datetime:
        local = datetime.combine(first_day(self.month(ago)) + timedelta(days=day - 1), hour, self.zone)
        return local.astimezone(UTC)

    def _open(self, ago: int) -> None:
        opened = self._set(self._on(ago, 1))
        open_cycle(self.session, self.month(ago), at=opened, zone=self.zone, by=None)
        self.session.flush()

    def close(self, ago: int) -> None:
        """All that happens in a month until it is closed, and its closing. Commits."""
        self._set(self._on(ago, 12))
        self.acts.do(ago)
        self._open(ago - 1)
        for place, (key, signs) in enumerate(self.story["answers"].items()):
            self._answer(ago, key, signs[MONTHS - ago], place)
        self._close(ago, self._set(self._on(ago - 1, 8, CLOSES)))
        if self.story["reopen"]["month"] == ago:
            self._reopen(ago)

    def _close(self, ago: int, closed: datetime) -> None:
        self.session.commit()
        by = self.session.merge(self.coordinator)
        close_cycle(self.session, self.month(ago), at=closed, zone=self.zone, by=by)

    def _reopen(self, ago: int) -> None:
        key, words = self.story["reopen"]["entity"], self.story["words"]
        moment = self._set(self._on(ago - 1, 9))
        reopen(self.session, self.month(ago), words["reopened"], by=self.coordinator, at=moment)
        self.session.flush()
        self._sign(ago, key, "N", moment + timedelta(hours=1))
        self._close(ago, self._set(self._on(ago - 1, 9, time(15))))

    def _answer(self, ago: int, key: str, how: str, place: int) -> None:
        """What an entity said in a month; each at an hour of its own, in the order of the decision."""
        due = default_due(self.month(ago), self.zone)
        moment = due - timedelta(days=1 + place % 5, hours=6 + place)
        if how in "LB":
            moment = due + timedelta(days=1, hours=place % 4)
        if how == "-":
            return
        if ago == 0:  # not yet due: on the last days, as far as there were any
            opened = min(self._on(0, 1), self.at)
            moment = max(opened, min(moment, self.at - timedelta(hours=25 + 7 * place)))
        moment = min(moment, self.at)
        self._sign(ago, key, how, moment)
        if how not in "RT":
            return
        entity, day = self.acts.entity(key), moment.astimezone(self.zone).date()
        month, by = self.month(ago), self.acts.focal_point(key)
        if how == "T":
            take_back(self.session, month, entity, by=by, at=min(moment + timedelta(hours=2), self.at), day=day)
            return
        note, returned = self.story["words"]["returned"], min(moment + timedelta(hours=20), self.at)
        return_answer(self.session, month, entity, note, by=self.coordinator, at=returned, day=day)
        if ago:
            self._sign(ago, key, "U", min(moment + timedelta(hours=26), self.at))

    def _sign(self, ago: int, key: str, how: str, moment: datetime) -> None:
        self.clock.at = moment
        behalf = how == "B"
        sign(
            self.session,
            self.month(ago),
            self.acts.entity(key),
            SIGNS[how],
            by=self.coordinator if behalf else self.acts.focal_point(key),
            at=moment,
            day=moment.astimezone(self.zone).date(),
            on_behalf_reason=self.story["words"]["on_behalf"] if behalf else "",
        )

    def answer_open_month(self) -> None:
        """What happened so far in the present month."""
        self._set(max(self._on(0, 12), self.clock.at))
        self.acts.do(0)
        for place, (key, how) in enumerate(self.story["open"].items()):
            self._answer(0, key, how, place)
