"""Whether the index says what the records say, and making it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from interagency.calendar.events import record as calendar
from interagency.calendar.events.models import Event, EventOrganisation
from interagency.db import fulltext
from interagency.matrix.activities import record as matrix
from interagency.matrix.activities.models import Activity, ActivityEntity
from interagency.matrix.organisations.models import Organisation

Words = Callable[[Any], tuple[str, str]]
RECORDS: Sequence[tuple[type[Any], Words, Sequence[ORMOption]]] = (
    (
        Activity,
        matrix.searched_words,
        (
            selectinload(Activity.entities).joinedload(ActivityEntity.entity).selectinload(Organisation.names),
            selectinload(Activity.partners).selectinload(Organisation.names),
            selectinload(Activity.countries),
            selectinload(Activity.regions),
            selectinload(Activity.recommendations),
        ),
    ),
    (
        Event,
        calendar.searched_words,
        (
            selectinload(Event.organisations)
            .joinedload(EventOrganisation.organisation)
            .selectinload(Organisation.names),
            selectinload(Event.exceptions),
            joinedload(Event.country),
            joinedload(Event.series),
        ),
    ),
)


def bring_up_to_date(session: Session) -> int:
    """Give each record the words it should be found by, say after a name was added to an organisation.

    Returns how many had others. The caller commits; triggers and generated columns follow by themselves.
    """
    return sum(
        fulltext.repair_texts(session, model, fulltext.stale(session, model, words_of, loading))
        for model, words_of, loading in RECORDS
    )


def rebuild(session: Session) -> int:
    """The words of all records, and the indexes from nothing. Returns how many records had other words."""
    wrong = bring_up_to_date(session)
    for model, _words_of, _loading in RECORDS:
        fulltext.rebuild_index(session, model)
    return wrong


def problems(session: Session) -> Iterator[str]:
    """A line for each index that does not fit the records, and each record that is not found by what it says."""
    for model, words_of, loading in RECORDS:
        yield from fulltext.index_problems(session, model)
        for record_id, _title, _text in fulltext.stale(session, model, words_of, loading):
            yield f"{model.__tablename__} {record_id} is not found by what it says; run: interagency search rebuild"
