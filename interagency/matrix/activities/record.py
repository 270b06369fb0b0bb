"""The record of an activity: what it says (facts), who may change which part, and saving with history."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.base import now
from interagency.db.history import Action, record_change
from interagency.matrix.activities.drafts import ActivityDraft, FigureDraft, Records, draft_from
from interagency.matrix.activities.facts import FigureValue, facts_of, linked_of
from interagency.matrix.activities.field_types import Facts, Kind, text_of
from interagency.matrix.activities.fields import EDITED, FIELDS
from interagency.matrix.activities.models import (
    Activity,
    ActivityChapter,
    ActivityCountry,
    ActivityDocument,
    ActivityEntity,
    CountryStatus,
    Figure,
    Participation,
)
from interagency.matrix.framework.models import SdgGoal, SdgTarget
from interagency.matrix.framework.titles import names_of_country, names_of_region
from interagency.matrix.organisations.documents import DocumentDraft
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import names_of
from interagency.text.folding import search_text


class StaleVersionError(Exception):
    """The record was saved by somebody else since it was read. Nothing was written."""


class Right(enum.StrEnum):
    """How much of an activity a person may change (rule 10)."""

    ALL = "all"
    PART = "part"
    NOTHING = "nothing"


def facts(activity: Activity) -> Facts:
    """What `activity` says as it stands in memory, saved or not: plain values by stable keys."""
    return facts_of(activity, linked_of(activity))


def draft_of(session: Session, activity: Activity) -> ActivityDraft:
    """A draft that says what `activity` says."""
    return draft_from(Records(session, activity), facts(activity))


def right_to_edit(person: Person, mine: Iterable[Organisation], activity: Activity) -> Right:
    """What `person`, focal point of the entities `mine` today, may change in `activity` (rule 10)."""
    if person.is_coordinator:
        return Right.ALL
    ids = {entity.id for entity in mine}
    parts = {part.entity_id for part in activity.entities}
    lead = activity.lead
    if not ids & parts:
        return Right.NOTHING
    if lead is None or lead.entity_id in ids:
        return Right.ALL
    return Right.PART


def apply_draft(
    activity: Activity,
    draft: ActivityDraft,
    *,
    mine: Iterable[Organisation],
    trusted: bool,
    roles: Mapping[str, str] | None = None,
) -> None:
    """Make `activity` say what `draft` says.

    An entity named anew is asked to confirm, unless it is one of `mine` or the source is `trusted`
    (reference data, not a person of another entity). `roles` are those of its entities by key; None leaves them.
    """
    for field in EDITED:
        if field.kind is Kind.SECTION:
            activity.section_position = draft.section.position if draft.section else None
        elif field.is_column:
            setattr(activity, field.name, getattr(draft, field.name))
    _apply_entities(activity, draft, {entity.id for entity in mine}, trusted)
    if roles is not None:
        for part in activity.entities:
            part.role = roles.get(part.entity.key, "")
    activity.partners = list(draft.partners)
    activity.regions = list(draft.regions)
    activity.recommendations = list(draft.recommendations)
    activity.sdg_goals = [one for one in draft.sdg if isinstance(one, SdgGoal)]
    activity.sdg_targets = [one for one in draft.sdg if isinstance(one, SdgTarget)]
    _apply_countries(activity, draft)
    _apply_country_statuses(activity, draft)
    _apply_chapters(activity, draft)
    kept = [FigureDraft(*map(partial(getattr, figure), FigureValue._fields)) for figure in activity.figures]
    if kept != draft.figures:
        activity.figures = [Figure(position=place, **asdict(figure)) for place, figure in enumerate(draft.figures)]
    documents = [DocumentDraft(one.title, one.url, one.owner, one.is_permitted) for one in activity.documents]
    if documents != draft.documents:
        activity.documents = [
            ActivityDocument(
                position=place, title=one.title, url=one.url, owner=one.owner, is_permitted=one.is_permitted
            )
            for place, one in enumerate(draft.documents)
        ]
    refresh_derived(activity)


def _apply_entities(activity: Activity, draft: ActivityDraft, mine: set[int], trusted: bool) -> None:
    """An entity has one part: it leads, or else it supports, or else it takes part."""
    supporting = [entity for entity in draft.supporting if entity is not draft.lead]
    others = [entity for entity in draft.entities if entity is not draft.lead and entity not in supporting]
    wanted = [*([draft.lead] if draft.lead else []), *others, *supporting]
    present = {part.entity_id: part for part in activity.entities}
    parts = []
    for place, entity in enumerate(wanted):
        part = present.get(entity.id)
        if part is None:
            confirmed = trusted or entity.id in mine
            state = Participation.CONFIRMED if confirmed else Participation.AWAITED
            part = ActivityEntity(entity_id=entity.id, entity=entity, participation=state, role="")
        part.position = place
        part.is_lead = entity is draft.lead
        part.is_supporting = entity in supporting
        parts.append(part)
    activity.entities = parts


def _apply_countries(activity: Activity, draft: ActivityDraft) -> None:
    present = {(link.country_code, link.role): link for link in activity.countries}
    activity.countries = [
        present.get((country.code, role)) or ActivityCountry(country_code=country.code, country=country, role=role)
        for country, role in dict.fromkeys(draft.countries)
    ]


def _apply_country_statuses(activity: Activity, draft: ActivityDraft) -> None:
    present = {one.country_code: one for one in activity.country_statuses}
    links = []
    for country, status in draft.country_statuses:
        link = present.get(country.code) or CountryStatus(country_code=country.code, country=country)
        link.status = status
        links.append(link)
    activity.country_statuses = links


def _apply_chapters(activity: Activity, draft: ActivityDraft) -> None:
    """Chapters follow from recommendations and section; those added by hand are kept apart (rule 3)."""
    followed = {one.chapter_number for one in (*draft.recommendations, draft.section) if one is not None}
    present = {link.chapter_number: link for link in activity.chapters}
    links = []
    for number in sorted(followed | set(draft.chapters)):
        link = present.get(number) or ActivityChapter(chapter_number=number)
        link.by_hand = number not in followed
        links.append(link)
    activity.chapters = links


def refresh_derived(activity: Activity) -> None:
    """Bring what is derived from the record (joint or not, the searched words) up to date."""
    activity.is_joint = len(activity.taking_part) > 1
    activity.search_title, activity.search_text = searched_words(activity)


def searched_words(activity: Activity) -> tuple[str, str]:
    """The words of its title, and all it is found by.

    Contact and remarks are for internal eyes: a filter leaves the service with its feed, so they are not in it.
    """
    organisations = [part.entity for part in activity.entities] + list(activity.partners)
    text = search_text(
        *(text_of(field, getattr(activity, field.name)) for field in FIELDS if field.is_searched and field.is_column),
        *(recommendation.code for recommendation in activity.recommendations),
        *(name for organisation in organisations for name in names_of(organisation)),
        *(name for link in activity.countries for name in names_of_country(link.country)),
        *(name for region in activity.regions for name in names_of_region(region)),
        *(part.role for part in activity.entities),
    )
    return search_text(activity.title), text


def create_activity(
    session: Session,
    draft: ActivityDraft,
    *,
    by: Person | None,
    mine: Iterable[Organisation] = (),
    month: str | None = None,
    by_name: str = "command line",
    sample_key: str | None = None,
    roles: Mapping[str, str] | None = None,
) -> Activity:
    """A new activity with its first history row, flushed. `month` is what the author's entities confirm."""
    activity = Activity(sample_key=sample_key)
    mine = list(mine)
    apply_draft(activity, draft, mine=mine, trusted=by is None, roles=roles)
    _note_month(activity, mine, month)
    session.add(activity)
    session.flush()
    record_change(session, activity, Action.CREATED, before={}, after=facts(activity), by=by, by_name=by_name)
    return activity


def save_activity(
    session: Session,
    activity: Activity,
    draft: ActivityDraft,
    *,
    version: int,
    by: Person | None,
    mine: Iterable[Organisation],
    month: str | None = None,
    roles: Mapping[str, str] | None = None,
    reason: str = "",
) -> bool:
    """Save `draft`, and the `roles` of its entities by key, over the record read at `version`.

    Returns whether anything changed. Raises StaleVersionError when somebody else saved in between.
    """
    if activity.version != version:
        raise StaleVersionError
    before = facts(activity)
    mine = list(mine)
    apply_draft(activity, draft, mine=mine, trusted=by is None, roles=roles)
    return finish(session, activity, before, by=by, mine=mine, month=month, reason=reason)


def save_own_part(
    session: Session,
    activity: Activity,
    *,
    roles: dict[int, str],
    participations: dict[int, Participation],
    version: int,
    by: Person,
    mine: Iterable[Organisation],
    month: str | None = None,
) -> bool:
    """Save an entity's own part: its role and whether it confirms. Keys are ids of the entities `mine`.

    Raises StaleVersionError when somebody else saved in between.
    """
    if activity.version != version:
        raise StaleVersionError
    before = facts(activity)
    own = {entity.id for entity in mine}
    for part in activity.entities:
        if part.entity_id not in own:
            continue
        part.role = roles.get(part.entity_id, part.role)
        said = participations.get(part.entity_id, part.participation)
        if said is not part.participation:
            part.participation, part.answered_at, part.answered_by_id = said, now(), by.id
    refresh_derived(activity)
    return finish(session, activity, before, by=by, mine=mine, month=month)


def finish(
    session: Session,
    activity: Activity,
    before: dict[str, Any],
    *,
    by: Person | None,
    mine: Iterable[Organisation] = (),
    month: str | None = None,
    reason: str = "",
    action: Action = Action.CHANGED,
) -> bool:
    """Write version and history of a record whose facts were `before`; note the month for the entities `mine`.

    A plain change that changes nothing writes no history. Returns whether history was written. Raises
    StaleVersionError when somebody else saved in between; the caller then rolls back.
    """
    after = facts(activity)
    _note_month(activity, mine, month)
    if after == before and action is Action.CHANGED:
        session.flush()
        return False
    activity.updated_at = max(now(), activity.updated_at)
    sa.orm.attributes.flag_modified(activity, "updated_at")  # the version rises though only links changed
    if before["lead"] != after["lead"]:
        _free_the_lead(session, activity)
    try:
        session.flush()
    except sa.orm.exc.StaleDataError:
        raise StaleVersionError from None
    record_change(session, activity, action, before=before, after=after, by=by, reason=reason)
    return True


def _free_the_lead(session: Session, activity: Activity) -> None:
    """Take the lead from who had it before another gets it: the index allows one at every moment of a flush."""
    leads = sa.and_(ActivityEntity.activity_id == activity.id, ActivityEntity.is_lead)
    statement = sa.update(ActivityEntity).where(leads).values(is_lead=False)
    session.execute(statement.execution_options(synchronize_session=False))


def _note_month(activity: Activity, mine: Iterable[Organisation], month: str | None) -> None:
    """An entity that saves the record has confirmed it for the month."""
    own = {entity.id for entity in mine}
    for part in activity.entities:
        if month and part.entity_id in own:
            part.confirmed_month = max(month, part.confirmed_month or "")
