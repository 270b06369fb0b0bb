"""What people of the demonstration do besides answering: change records, agree, judge look-alikes, write letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.record import create_event
from interagency.exports.external.content import Form
from interagency.exports.external.hand_outs import hand_out
from interagency.exports.models import HandOutUse
from interagency.mail.models import OutboxMessage
from interagency.matrix.activities.drafts import Records, draft_from
from interagency.matrix.activities.models import Participation
from interagency.matrix.activities.record import create_activity, facts, save_activity, save_own_part
from interagency.matrix.agreement.models import Audience, Decision
from interagency.matrix.agreement.statements import Said, say_to_each
from interagency.matrix.cycles.editions import newest_edition
from interagency.matrix.cycles.months import month_after
from interagency.matrix.desk.notices import Letter, Recipient, send_notice
from interagency.matrix.organisations.models import Appointment, Organisation
from interagency.matrix.overlaps.models import VerdictKind
from interagency.matrix.overlaps.verdicts import keep_verdict
from interagency.matrix.overview.mandates import declare
from interagency.sample.clock import Clock
from interagency.sample.load import SampleLoader
from interagency.sample.people import COORDINATOR, focal_address

ILLUSTRATIVE = "Illustrative: not from the papers"
MONTHS_OF_MANDATES = 12


class Acts:
    """The acts of a month, each in the transaction of the caller and under the clock's time.

    `month_of(ago)` is the month so long before the present one, `YYYY-MM`.
    """

    def __init__(
        self,
        session: Session,
        story: Mapping[str, Any],
        people: Mapping[str, Person],
        clock: Clock,
        month_of: Callable[[int], str],
    ) -> None:
        self.session, self.story, self.people, self.clock, self.month_of = session, story, people, clock, month_of
        self.loader = SampleLoader(session)
        self.audiences = {one.key: one for one in session.scalars(sa.select(Audience))}

    def entity(self, key: str) -> Organisation:
        """The entity with this key."""
        return self.loader.directory.find(key)

    def focal_point(self, key: str) -> Person:
        """The demonstration's focal point of an entity."""
        return self.people[focal_address(key)]

    def do(self, ago: int) -> None:
        """All acts of a month, an hour apart, flushed."""
        if ago == MONTHS_OF_MANDATES:
            for key, codes in self.story["mandates"].items():
                declare(self.session, self.entity(key), codes, None, by=self.focal_point(key), at=self.clock.at)
        for kind, act in (
            ("activity", self._add_activity),
            ("event", self._add_event),
            ("change", self._change),
            ("agreement", self._agree),
            ("verdict", self._judge),
            ("letter", self._write),
        ):
            for entry in self.story[kind]:
                if entry["month"] == ago:
                    act(entry, self.month_of(ago))
                    self.session.flush()
                    self.clock.at += timedelta(minutes=20)

    def _near(self, month: str, code: str) -> str:
        """A month as it is told: `+2` is two months later than `month`; anything else stands as it is."""
        return month_after(month, int(code)) if code.startswith(("+", "-")) else code

    def _add_activity(self, entry: dict[str, Any], month: str) -> None:
        said = {"source": ILLUSTRATIVE, **entry}
        said |= {name: self._near(month, entry[name]) for name in ("start", "end") if name in entry}
        by, mine = self.focal_point(entry["by"]), [self.entity(entry["by"])]
        draft = self.loader.activity_draft(said)
        made = create_activity(self.session, draft, by=by, mine=mine, month=month, sample_key=entry["key"])
        self.loader.activities[entry["key"]] = made
        for name, answer in (("confirm", Participation.CONFIRMED), ("decline", Participation.DECLINED)):
            for key in entry.get(name, []):
                own = self.entity(key)
                save_own_part(
                    self.session, made, roles={}, participations={own.id: answer}, version=made.version,
                    by=self.focal_point(key), mine=[own], month=month,
                )  # fmt: skip

    def _add_event(self, entry: dict[str, Any], month: str) -> None:
        held, first = self.month_of(entry["held_in"]), entry["day"]
        said = {"source": ILLUSTRATIVE, "status": "confirmed", **entry}
        said |= {"start": f"{held}-{first:02}", "end": f"{held}-{first + entry['days'] - 1:02}"}
        create_event(
            self.session,
            self.loader.event_draft(said),
            by=self.focal_point(entry["by"]),
            mine=[self.entity(entry["by"])],
            month=month,
            sample_key=entry["key"],
            uid=f"{entry['key']}@sample.interagency",
            illustrative=True,
        )

    def _change(self, entry: dict[str, Any], month: str) -> None:
        activity = self.loader.activities[entry["key"]]
        said = {
            name: self._near(month, value) if name in ("start", "end") else value
            for name, value in entry["set"].items()
        }
        draft = draft_from(Records(self.session, activity), {**facts(activity), **said})
        by, mine = self.focal_point(entry["by"]), [self.entity(entry["by"])]
        save_activity(
            self.session, activity, draft, version=activity.version, by=by, mine=mine, month=month,
            reason=entry.get("reason", ""),
        )  # fmt: skip

    def _agree(self, entry: dict[str, Any], _month: str) -> None:
        said = Said(
            [self.audiences[key] for key in entry["audiences"]],
            Decision(entry["decision"]),
            beyond=entry.get("beyond", False),
        )
        ids = tuple(self.loader.activities[key].id for key in entry.get("keys", []))
        for key in entry["entities"]:
            say_to_each(
                self.session, said, self.entity(key), by=self.focal_point(key), at=self.clock.at,
                day=self.clock.at.date(), activity_ids=ids,
            )  # fmt: skip
            self.session.flush()

    def _judge(self, entry: dict[str, Any], _month: str) -> None:
        one, other = (self.loader.activities[key].id for key in entry["pair"])
        by = self.focal_point(entry["by"])
        keep_verdict(self.session, one, other, VerdictKind(entry["kind"]), by, self.clock.at)

    def _write(self, entry: dict[str, Any], _month: str) -> None:
        letter = Letter(entry["subject"], entry["text"], None, self.people[COORDINATOR])
        notice = send_notice(self.session, letter, self._recipients(), at=self.clock.at)
        self.session.flush()
        sent = OutboxMessage.dedupe_key.startswith(f"notice/{notice.id}/")
        for message in self.session.scalars(sa.select(OutboxMessage).where(sent)):  # they were sent long ago
            message.sent_at, message.next_try_at = self.clock.at, None

    def _recipients(self) -> list[Recipient]:
        """Whoever speaks for an entity in the demonstration."""
        found: dict[int, Recipient] = {}
        for one in self.session.scalars(sa.select(Appointment).order_by(Appointment.person_id, Appointment.id)):
            person = self.session.get_one(Person, one.person_id)
            found.setdefault(person.id, Recipient(person)).entities.append(one.entity)
        return sorted(found.values(), key=lambda one: one.person.name)


def hand_out_all(
    session: Session, entries: Iterable[dict[str, Any]], *, by: Person, at: datetime, zone: ZoneInfo
) -> list[tuple[str, str]]:
    """Hand the last edition out as the entries say, at `at` (UTC). Returns each recipient with the token."""
    edition = newest_edition(session)
    assert edition is not None
    made = []
    for entry in entries:
        kept, token = hand_out(
            session, edition, session.get_one(Audience, entry["audience"]), Form(entry["form"]), entry.get("country"),
            recipient=entry["recipient"], days=90, by=by, at=at, day=at.astimezone(zone).date(),
        )  # fmt: skip
        session.add_all(HandOutUse(hand_out_id=kept.id, file_format=name, at=at) for name in entry["uses"])
        made.append((entry["recipient"], token))
    return made
