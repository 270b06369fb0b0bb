"""The one registry: where a lower package takes along what only a higher one knows.

Imports point one way, so the mail, the cycle and the merging of activities cannot import what stands above them. A
higher package hands its hooks over here instead, and the lower one asks `registry` for them. There are six kinds:

=====================  ============================================  ========================================
Registered by          Asked for by                                  Handed over by
=====================  ============================================  ========================================
register_cycle_part    the cycle: a focal point's month, answers,    calendar/monthly: events
                       editions, differences
register_after_closing the cycle, once an edition is committed       exports/matrix: its workbook
register_merge_part    merging two activities, and undoing it        calendar/merging: events of activities
register_naming        the directory: renaming and merging an        activities/naming, calendar/merging
                       organisation, in the records that name it
register_condition     the outbox, when a message is about to leave  organisations/readers, cycles/reminders,
                                                                      desk/notices, following
register_after_sending the outbox, when a message has left           calendar/invitations: what was told
register_start_page    signing in, for where it leads                following/saved_view_views: one's own view
=====================  ============================================  ========================================

`create_app` fills it, in one function that lists every hook (`_fill_registry`). There is one registry per process,
whatever the number of applications in it; registering the same name again replaces the hook by itself. Hooks are
called in the order in which their names were registered first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from interagency.accounts.models import Person
    from interagency.mail.outbox import MailContent
    from interagency.matrix.organisations.models import Organisation

    AfterClosing = Callable[[Session, int], object]
    Condition = Callable[..., bool | MailContent]  # (session, message, at, **args)
    AfterSending = Callable[..., object]  # the same
    StartPage = Callable[[Session, Person], str | None]


class MonthRecord(NamedTuple):
    """One record in an entity's month, as far as listing, counting and signing go.

    `confirmed_month` (`YYYY-MM`): for which month the entity last confirmed it. `reasons`: what its fields alone give
    cause to look at (values of `cycles.month.reasons.Reason`). `matches`: whether it holds the words that were asked
    for. `is_asked`: the entity has not said yet whether it takes part.
    """

    kind: str
    id: int
    version: int
    title: str
    status: str
    confirmed_month: str | None
    reasons: tuple[str, ...]
    matches: bool
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class MonthRow:
    """One record of a page of the month, with what its row shows and unfolds.

    `address` and `edit_address` are paths of the service, `when` and `begins` are in words. `overdue`: that its end has
    passed, in words. `status_label` is empty where the status goes without saying. `details` are headings, each with
    its lines.
    """

    id: int
    title: str
    address: str
    edit_address: str
    status: str
    when: str
    status_label: str = ""
    begins: str = ""
    ends: str = ""
    overdue: str = ""
    lead: str = ""
    note: str = ""
    is_lead: bool = True
    is_joint: bool = False
    description: str = ""
    details: Sequence[tuple[str, Sequence[str]]] = ()


@dataclass(frozen=True, slots=True)
class CyclePart:
    """A kind of record that is confirmed each month and frozen in editions, beside the activities.

    `name`: also the `record_type` of its history and its key in an edition.
    `ids(entity id)`: selects the records of an entity.
    `records(session, entity id, month, day, terms)`: those that the entity's month lists, in their order, with what is
    to be noticed on `day`; they match where they hold the search terms, and all do without any.
    `rows(session, ids)`: some of them by id, with all that their rows show.
    `say_over(session, id, version, person, entities, month)`: has the person, who speaks for the entities, say that a
    record whose end has passed is over; `over_label()` is that in words. Returns its title. Raises StaleVersionError,
    and LookupError for what is not theirs or needs no saying.
    `confirm(session, entity id, month, ids)`: notes the month (`YYYY-MM`) for the records `ids` (None: all that
    `records` gives) and returns, by id, the month each was confirmed for before. `restore(session, entity id, month,
    that)` takes it back and returns how many.
    `entries(session, day)`: all records as plain values, for an edition of that day.
    `empty`: the facts of a record that says nothing, so that a fact which older editions do not have reads as such.
    `labels()`: those of the facts that a comparison names, by key; `say(fact words, key, value)`: one of them in words.
    """

    name: str
    ids: Callable[[int], sa.Select[int]]
    records: Callable[[Session, int, str, date, tuple[str, ...]], list[MonthRecord]]
    rows: Callable[[Session, Collection[int]], dict[int, MonthRow]]
    say_over: Callable[[Session, int, int, Person, Sequence[Organisation], str | None], str]
    over_label: Callable[[], str]
    confirm: Callable[[Session, int, str, Collection[int] | None], dict[int, str | None]]
    restore: Callable[[Session, int, str, Mapping[int, str | None]], int]
    entries: Callable[[Session, date], list[dict[str, Any]]]
    empty: Mapping[str, Any]
    labels: Callable[[], dict[str, str]]
    say: Callable[[Any, str, Any], str]


@dataclass(frozen=True, slots=True)
class MergePart:
    """A kind of record linked to activities that goes along when two activities become one.

    `carry(session, from id, to id, person)`: links what hangs on one activity to another instead, and returns what is
    needed to take that back, as plain values.
    `take_back(session, those values, from id, to id, person)`: does so.
    Both write in the caller's transaction and raise StaleVersionError when such a record was saved at the same moment.
    """

    name: str
    carry: Callable[[Session, int, int, Person], list[Any]]
    take_back: Callable[[Session, list[Any], int, int, Person], None]


@dataclass(frozen=True, slots=True)
class NamingPart:
    """A kind of record that names organisations, and what becomes of it when the directory changes.

    `name`: also the `record_type` of its history.
    `ids(session, organisation id)`: the listed records that name it, by number.
    `tally(session)`: how many records the list under a filter by an organisation shows, by its id.
    `replace(session, ids, old, new, person, reason)`: lets these name `new` instead of the organisation `old` (None:
    nobody), with history, and returns what is needed to take that back, as plain values.
    `put_back(session, those values, old, new, person, reason)`: does so, and returns in how many records.
    `refresh(session, organisation id)`: lets them be found by the names it has by now; they are no other for that.
    All write in the caller's transaction; the first two raise StaleVersionError when such a record was saved at the
    same moment.
    """

    name: str
    ids: Callable[[Session, int], list[int]]
    tally: Callable[[Session], dict[int, int]]
    replace: Callable[..., list[Any]]
    put_back: Callable[..., int]
    refresh: Callable[[Session, int], None]


@dataclass(frozen=True, slots=True)
class Registry:
    """Every hook by its name. Register with the methods; read the dictionaries."""

    cycle_parts: dict[str, CyclePart] = field(default_factory=dict)
    merge_parts: dict[str, MergePart] = field(default_factory=dict)
    naming_parts: dict[str, NamingPart] = field(default_factory=dict)
    after_closing: dict[str, AfterClosing] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=dict)
    after_sending: dict[str, AfterSending] = field(default_factory=dict)
    start_pages: dict[str, StartPage] = field(default_factory=dict)

    def register_cycle_part(self, part: CyclePart) -> None:
        """Let a kind of record take part in the monthly cycle."""
        self.cycle_parts[part.name] = part

    def register_merge_part(self, part: MergePart) -> None:
        """Let a kind of record go along when activities are merged."""
        self.merge_parts[part.name] = part

    def register_naming(self, part: NamingPart) -> None:
        """Let records of a kind follow when an organisation they name is renamed or merged."""
        self.naming_parts[part.name] = part

    def register_after_closing(self, name: str, prepare: AfterClosing) -> None:
        """Let `prepare(session, edition number)` be called once an edition is committed.

        It must be safe to call again: `cycle tick` does so for the newest edition.
        """
        self.after_closing[name] = prepare

    def register_condition(self, name: str, condition: Condition) -> None:
        """Say what a message's `send_if` of this name means, at the instant (UTC) when the message may leave.

        It is called with the session, the message, the instant and the message's `send_if_args` by name.

        False takes the message back, True lets it go as it was written, a MailContent is what it says by now. A message
        can wait hours for a server that is away: who had a right when it was written may have it no more.
        """
        self.conditions[name] = condition

    def register_after_sending(self, name: str, note: AfterSending) -> None:
        """Let `note` be called, as the condition of this name is, once the server has taken the message: in the
        transaction that notes so.
        """
        self.after_sending[name] = note

    def register_start_page(self, name: str, find: StartPage) -> None:
        """Let `find(session, person)` say to which path signing in leads the person; None: to where it does else."""
        self.start_pages[name] = find

    def start_page(self, session: Session, person: Person) -> str | None:
        """The first path that a start page names for the person."""
        paths = (find(session, person) for find in self.start_pages.values())
        return next((path for path in paths if path is not None), None)

    def prepare_edition(self, session: Session, number: int) -> None:
        """Call everything registered for after a closing, for the edition `number`."""
        for prepare in self.after_closing.values():
            prepare(session, number)


registry = Registry()
