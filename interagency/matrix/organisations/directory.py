"""The directory of organisations: adding, renaming, other names, kinds, retiring; with history and audit lines.

One function for each act, for pages, commands and imports alike. Each takes the directory for itself until the
transaction ends, so that two who change it at once wait for each other, and raises DirectoryRefusal in words on what
to do. The caller commits. What names an organisation keeps its key, so a new name holds everywhere at once; editions
keep the names of their day (rule 8).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import Action, audit, record_change
from interagency.matrix.framework.names import gazetteer
from interagency.matrix.organisations.models import NameKind, Organisation, OrganisationKind, OrganisationName
from interagency.matrix.organisations.naming import (
    DirectoryRefusal,
    free_key,
    read_acronym,
    read_language,
    read_name,
    refuse_if_taken,
)
from interagency.matrix.organisations.uses import bound_by, counts
from interagency.registry import registry
from interagency.text.folding import name_key

# What partners may be: entities of the United Nations are another thing, with focal points and agreement.
PARTNER_KINDS = tuple(kind for kind in OrganisationKind if kind is not OrganisationKind.UN_ENTITY)
_COMMAND = "command line"


@dataclass(frozen=True, slots=True)
class Act:
    """Who changes the directory, and on which day (today, where the service is). `by` is None for a command."""

    by: Person | None
    today: date


def may_keep_directory(person: Person) -> bool:
    """Coordinators and administrators keep the directory."""
    return person.is_coordinator or person.is_administrator


def take_directory(session: Session) -> None:
    """Hold the directory until the transaction ends: who changes it meanwhile waits, who reads it does not.

    On SQLite whoever writes holds the whole database already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("LOCK TABLE organisation IN SHARE ROW EXCLUSIVE MODE"))


def facts(organisation: Organisation) -> dict[str, Any]:
    """What the directory says of an organisation, as plain values: for its history."""
    others = [name for name in organisation.names if name.kind is NameKind.SPELLING]
    return {
        "name": organisation.name,
        "acronym": organisation.acronym,
        "kind": organisation.kind.value,
        "country": organisation.country_code,
        "former": [
            [name.name, name.until.isoformat() if name.until else ""]
            for name in organisation.names
            if name.kind is NameKind.FORMER
        ],
        "others": sorted([name.name, name.language] for name in others),
        "retired_on": organisation.retired_on.isoformat() if organisation.retired_on else None,
        "proposed": organisation.is_proposed,
        "merged_into": organisation.merged_into_id,
    }


@contextmanager
def changing(
    session: Session,
    organisation: Organisation,
    act: Act,
    done: str,
    *,
    version: int | None = None,
    reason: str = "",
    action: Action = Action.CHANGED,
    **details: Any,
) -> Iterator[None]:
    """Hold the directory, let the block change `organisation` as it stands now, and keep history and an audit line.

    `version` is the one that was read (None: whatever stands). What names it is found by its new names. Nothing is
    written where the block changes nothing. Raises DirectoryRefusal where somebody else was faster.
    """
    take_directory(session)
    session.refresh(organisation)
    if version is not None and organisation.version != version:
        raise DirectoryRefusal(
            _(
                "Somebody changed %(name)s in the directory a moment ago. Nothing of yours was saved; look at how it "
                "stands now, and save again if it is still wanted.",
                name=organisation.short,
            )
        )
    before = facts(organisation)
    yield
    after = facts(organisation)
    if after == before:
        return
    sa.orm.attributes.flag_modified(organisation, "retired_on")  # the version rises though only names changed
    session.flush()
    record_change(session, organisation, action, before=before, after=after, by=act.by, by_name=_COMMAND, reason=reason)
    audit(session, f"organisation.{done}", by=act.by, by_name=_COMMAND, organisation=organisation.key, **details)
    for part in registry.naming_parts.values():
        part.refresh(session, organisation.id)


# --- Adding ---


def add(
    session: Session,
    act: Act,
    *,
    name: str,
    acronym: str = "",
    kind: str,
    country: str = "",
    proposed: bool = False,
) -> Organisation:
    """A new organisation, flushed. `kind` by its value, `country` by name, of a government. Raises DirectoryRefusal."""
    take_directory(session)
    said, short = read_name(name), read_acronym(acronym)
    refuse_if_taken(session, said, "name")
    if short is not None:
        refuse_if_taken(session, short, "acronym")
    chosen = read_kind(kind)
    made = Organisation(
        key=free_key(session, short, said),
        name=said,
        acronym=short,
        kind=chosen,
        is_entity=chosen is OrganisationKind.UN_ENTITY,
        country_code=read_country(session, country, chosen),
        is_proposed=proposed,
        proposed_by_id=act.by.id if proposed and act.by else None,
        names=[],
    )
    session.add(made)
    session.flush()
    record_change(session, made, Action.CREATED, before={}, after=facts(made), by=act.by, by_name=_COMMAND)
    done = "organisation.proposed" if proposed else "organisation.added"
    audit(session, done, by=act.by, by_name=_COMMAND, organisation=made.key, name=said)
    return made


def read_kind(text: str) -> OrganisationKind:
    """A kind by its value. Raises DirectoryRefusal."""
    try:
        return OrganisationKind(text)
    except ValueError:
        raise DirectoryRefusal(_("Choose what kind of organisation it is."), "kind") from None


def read_country(session: Session, text: str, kind: OrganisationKind) -> str | None:
    """The country of a government by name or code; None for all others. Raises DirectoryRefusal."""
    if not text.strip() or kind is not OrganisationKind.GOVERNMENT:
        return None
    try:
        return gazetteer(session).country(text)
    except ValueError as problem:
        raise DirectoryRefusal(str(problem), "country") from None


# --- Names ---


def rename(
    session: Session,
    organisation: Organisation,
    act: Act,
    *,
    name: str,
    acronym: str = "",
    day: date | None = None,
    correction: bool = False,
    version: int | None = None,
) -> None:
    """Call it `name` from `day` on (today, where none is given); what it was called is kept as a former name until the
    day before. With `correction` it was only misspelt: the old spelling is kept as another name.

    Raises DirectoryRefusal.
    """
    done = "corrected" if correction else "renamed"
    said, short, since = read_name(name), read_acronym(acronym), day or act.today
    with changing(session, organisation, act, done, version=version, name=said, day=since.isoformat()):
        _refuse_merged(organisation)
        for new, field in ((said, "name"), (short, "acronym")):
            if new is not None:
                refuse_if_taken(session, new, field, but=organisation)
                _refuse_as_of_merged(session, new, field, organisation)
        if (said, short) == (organisation.name, organisation.acronym):
            raise DirectoryRefusal(_("It is called so already. Write another name or acronym."), "name")
        if not correction:
            _check_day(organisation, since, act.today)
        gone = [
            old
            for old, new in ((organisation.name, said), (organisation.acronym, short))
            if old is not None and old != new
        ]
        organisation.name, organisation.acronym = said, short
        _drop_spellings(organisation, {said, short})
        session.flush()  # a name that goes and comes back stands once
        kind = NameKind.SPELLING if correction else NameKind.FORMER
        until = None if correction else since - timedelta(days=1)
        for old in gone:
            _keep(organisation, old, kind, until)


def _check_day(organisation: Organisation, day: date, today: date) -> None:
    if day > today:
        raise DirectoryRefusal(
            _("The day lies ahead. Rename it on the day itself, so that nobody reads a name that does not hold yet."),
            "day",
        )
    last = max((name.until for name in organisation.names if name.until is not None), default=None)
    if last is not None and day <= last + timedelta(days=1):
        raise DirectoryRefusal(
            _(
                "It has its name of today since %(day)s. Write a later day, or say that it is a correction.",
                day=(last + timedelta(days=1)).isoformat(),
            ),
            "day",
        )


def _drop_spellings(organisation: Organisation, names: set[str | None]) -> None:
    """What it is called today is no other name of it; that it was called so before stays."""
    for other in [one for one in organisation.names if one.name in names and one.kind is NameKind.SPELLING]:
        organisation.names.remove(other)


def _keep(organisation: Organisation, name: str, kind: NameKind, until: date | None) -> None:
    known = next((one for one in organisation.names if one.name == name), None)
    if known is None:
        organisation.names.append(OrganisationName(name=name, kind=kind, until=until, language=""))
    elif kind is NameKind.FORMER:
        known.kind, known.until = kind, until


def _refuse_merged(organisation: Organisation) -> None:
    if organisation.merged_into_id is not None:
        raise DirectoryRefusal(_("It was merged into another one. Change that one, or take the merging back."))


def _refuse_as_of_merged(session: Session, name: str, field: str, organisation: Organisation) -> None:
    """Two records never have the same name, one that was merged into this one included."""
    column = Organisation.name if field == "name" else Organisation.acronym
    other = session.scalar(sa.select(Organisation).where(column == name, Organisation.id != organisation.id))
    if other is not None:
        raise DirectoryRefusal(
            _(
                "This is what the record merged into it is called. Take the merging back, and merge the two the other "
                "way round."
            ),
            field,
        )


def add_name(
    session: Session,
    organisation: Organisation,
    act: Act,
    *,
    name: str,
    language: str = "",
    former: bool = False,
    until: date | None = None,
    version: int | None = None,
) -> None:
    """Let it be found by `name` too: another spelling, its name in a language (`fr`), or what it was called `until` a
    day. Raises DirectoryRefusal."""
    said, code = read_name(name, field="other"), read_language(language)
    with changing(session, organisation, act, "name_added", version=version, name=said):
        _refuse_merged(organisation)
        refuse_if_taken(session, said, "other", but=organisation)
        if until is not None and until >= act.today:
            raise DirectoryRefusal(_("A former name ended before today."), "until")
        same = [one for one in organisation.names if name_key(one.name) == name_key(said)]
        if said in (organisation.name, organisation.acronym) or any(one.name == said for one in same):
            raise DirectoryRefusal(_("It is found by this name already."), "other")
        kind = NameKind.FORMER if former else NameKind.SPELLING
        organisation.names.append(
            OrganisationName(name=said, kind=kind, until=until if former else None, language="" if former else code)
        )


def remove_name(
    session: Session, organisation: Organisation, act: Act, number: int, *, version: int | None = None
) -> None:
    """Let it no longer be found by another name, by the name's id. A former name stays (rule 8).

    Raises DirectoryRefusal.
    """
    found = next((one for one in organisation.names if one.id == number), None)
    if found is None:
        raise DirectoryRefusal(_("It has no such name any more."))
    if found.kind is NameKind.FORMER:
        raise DirectoryRefusal(_("What it was called before stays: old files and editions call it so."))
    with changing(session, organisation, act, "name_removed", version=version, name=found.name):
        organisation.names = [one for one in organisation.names if one.id != number]


# --- Kind ---


def set_kind(
    session: Session,
    organisation: Organisation,
    act: Act,
    *,
    kind: str,
    country: str = "",
    version: int | None = None,
) -> None:
    """Say what it is. Whether it is a UN entity changes only as long as nothing names it. Raises DirectoryRefusal."""
    chosen = read_kind(kind)
    is_entity = chosen is OrganisationKind.UN_ENTITY
    with changing(session, organisation, act, "kind", version=version, kind=chosen.value):
        _refuse_merged(organisation)
        if is_entity != organisation.is_entity:
            _refuse_if_used(session, organisation)
        organisation.kind, organisation.is_entity = chosen, is_entity
        organisation.country_code = read_country(session, country, chosen)


def _refuse_if_used(session: Session, organisation: Organisation) -> None:
    if organisation.answers or any(counts(session, organisation).values()) or bound_by(session, organisation):
        raise DirectoryRefusal(
            _(
                "Records name it, and with a UN entity come answers and agreement. If it is another thing than was "
                "said, add that one and merge this one into it."
            ),
            "kind",
        )


# --- Retiring ---


def retire(
    session: Session, organisation: Organisation, act: Act, *, day: date | None = None, version: int | None = None
) -> None:
    """Let nobody choose it anew from `day` on (today, where none is given). Records and editions keep it.

    Raises DirectoryRefusal.
    """
    last = day or act.today
    with changing(session, organisation, act, "retired", version=version, action=Action.ENDED, day=last.isoformat()):
        _refuse_merged(organisation)
        if organisation.is_proposed:
            raise DirectoryRefusal(_("It was proposed. Accept, merge or refuse it first."))
        if organisation.retired_on is not None:
            raise DirectoryRefusal(_("It was retired on %(day)s already.", day=organisation.retired_on.isoformat()))
        if last > act.today:
            raise DirectoryRefusal(_("The day lies ahead. Retire it on the day itself."), "day")
        organisation.retired_on = last


def unretire(session: Session, organisation: Organisation, act: Act, *, version: int | None = None) -> None:
    """Let it be chosen again. Raises DirectoryRefusal."""
    with changing(session, organisation, act, "unretired", version=version):
        _refuse_merged(organisation)
        if organisation.retired_on is None or organisation.is_proposed:
            raise DirectoryRefusal(_("It is not retired."))
        organisation.retired_on = None
