"""Two organisations that are one, and proposals of those who met one that is not on the list.

What points to one points to the other, record by record and with history; what it took is kept with the one that went,
so that it can be taken back.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person, Role
from interagency.db.history import Action
from interagency.mail.outbox import MailContent, MailKind, SendIf, in_language, write
from interagency.matrix.organisations.directory import (
    PARTNER_KINDS,
    Act,
    add,
    changing,
    read_country,
    read_kind,
)
from interagency.matrix.organisations.models import NameKind, Organisation, OrganisationKind, OrganisationName
from interagency.matrix.organisations.naming import DirectoryRefusal, read_name
from interagency.matrix.organisations.queries import Directory
from interagency.matrix.organisations.readers import COORDINATOR
from interagency.matrix.organisations.uses import bound_by
from interagency.registry import registry
from interagency.text.folding import clean, listed
from interagency.web.context import settings, utc_now

REASON_LENGTH = 1000
# What somebody proposed is this until a coordinator has said what it is.
_UNTOLD = OrganisationKind.CIVIL_SOCIETY


def refuse_merging(session: Session, old: Organisation, into: Organisation) -> None:
    """Raise DirectoryRefusal where `old` cannot become `into`, with the reason and what to do instead."""
    if old is into:
        raise DirectoryRefusal(_("An organisation is not merged with itself. Choose the other one."), "other")
    if old.merged_into_id is not None:
        raise DirectoryRefusal(_("%(name)s was merged already.", name=old.short), "other")
    if into.merged_into_id is not None or into.retired_on is not None:
        raise DirectoryRefusal(
            _("%(name)s is no longer in use. Merge into one that is, or take it back into use first.", name=into.short),
            "other",
        )
    if into.is_proposed:
        raise DirectoryRefusal(
            _("%(name)s was only proposed. Accept it first, or merge the other way round.", name=into.short), "other"
        )
    if old.answers:
        raise DirectoryRefusal(
            _(
                "%(name)s is one of the entities that answer each month: it is not merged away. If it became part of "
                "another, retire it with the day; if it has another name, rename it.",
                name=old.short,
            ),
            "other",
        )
    if old.is_entity and not into.is_entity:
        raise DirectoryRefusal(
            _(
                "%(old)s is a UN entity and %(into)s is a partner: what needs the entity's agreement would leave "
                "without it. Merge the partner into the entity.",
                old=old.short,
                into=into.short,
            ),
            "other",
        )
    if bound := bound_by(session, old):
        raise DirectoryRefusal(
            _(
                "%(name)s has %(what)s, which stay its own. Retire it instead, or merge the other into it.",
                name=old.short,
                what=listed(bound),
            ),
            "other",
        )


def merge(
    session: Session, old: Organisation, into: Organisation, act: Act, *, version: int | None = None
) -> dict[str, int]:
    """Let everything that names `old` name `into`, which is found by its names from now on. `old` leads there.

    Returns how many records of each kind were changed. Raises DirectoryRefusal; and StaleVersionError when such a
    record was saved at the same moment: the caller rolls back.
    """
    said = _("%(old)s is %(into)s in the directory.", old=old.full, into=into.full)
    with changing(session, old, act, "merged", version=version, action=Action.MERGED, reason=said, into=into.key):
        session.refresh(into)
        refuse_merging(session, old, into)
        old.moved = _replace(session, old, into, act, said) | {"was_retired_on": _iso(old)}
        old.merged_into_id, old.retired_on = into.id, old.retired_on or act.today
        session.flush()
    with changing(session, into, act, "name_added", reason=said, merged=old.key):
        new = _names_to_take(old, into)
        into.names.extend(new)
    old.moved = {**old.moved, "names": [one.name for one in new]}
    children = sa.update(Organisation).where(Organisation.parent_id == old.id, Organisation.id != into.id)
    session.execute(children.values(parent_id=into.id).execution_options(synchronize_session=False))
    session.flush()
    return _told(old.moved)


def _iso(old: Organisation) -> str | None:
    return old.retired_on.isoformat() if old.retired_on else None


def _names_to_take(old: Organisation, into: Organisation) -> list[OrganisationName]:
    """The names by which the survivor was not found yet; what was a former name of one is one of the other."""
    known = {into.name, into.acronym, *(one.name for one in into.names)}
    offered = [
        OrganisationName(name=name, kind=NameKind.SPELLING, language="") for name in (old.name, old.acronym) if name
    ]
    offered += [
        OrganisationName(name=one.name, kind=one.kind, until=one.until, language=one.language) for one in old.names
    ]
    return list({one.name: one for one in offered if one.name not in known}.values())


def _replace(session: Session, old: Organisation, new: Organisation | None, act: Act, reason: str) -> dict[str, Any]:
    return {
        name: part.replace(session, part.ids(session, old.id), old, new, act.by, reason)
        for name, part in registry.naming_parts.items()
    }


def _told(moved: dict[str, Any]) -> dict[str, int]:
    return {name: len(moved.get(name, ())) for name in registry.naming_parts}


def unmerge(session: Session, old: Organisation, act: Act, *, version: int | None = None) -> dict[str, int]:
    """Take a merging back: records name `old` again where they still name the other, as far as nobody changed that.

    Returns how many records of each kind were changed. Raises DirectoryRefusal, StaleVersionError.
    """
    into = session.get(Organisation, old.merged_into_id or 0)
    if into is None:
        raise DirectoryRefusal(_("It is not merged."))
    said = _("%(old)s is not %(into)s after all.", old=old.full, into=into.full)
    with changing(session, old, act, "unmerged", version=version, reason=said, into=into.key):
        if old.merged_into_id is None:
            raise DirectoryRefusal(_("It is not merged."))
        if into.merged_into_id is not None:
            raise DirectoryRefusal(_("%(name)s was merged itself since. Take that back first.", name=into.short))
        moved = old.moved or {}
        before = moved.get("was_retired_on")
        old.merged_into_id, old.moved = None, None
        old.retired_on = type(act.today).fromisoformat(before) if before else None
        with changing(session, into, act, "name_removed", reason=said, merged=old.key):
            taken = set(moved.get("names", ()))
            into.names = [one for one in into.names if one.name not in taken]
        done = _put_back(session, moved, old, into, act, said)
    return done


def _put_back(
    session: Session, moved: dict[str, Any], old: Organisation, new: Organisation | None, act: Act, reason: str
) -> dict[str, int]:
    return {
        name: part.put_back(session, moved.get(name, []), old, new, act.by, reason)
        for name, part in registry.naming_parts.items()
    }


# --- Proposals ---


def propose(session: Session, act: Act, name: str) -> Organisation:
    """The organisation called `name`, proposed where the directory does not know it: it can be named at once, and
    outside nobody hears of it before a coordinator has accepted it. Raises DirectoryRefusal."""
    found = Directory(session).known(read_name(name))
    if found is not None and found.is_refused:
        raise DirectoryRefusal(_("It was proposed before and refused. Ask a coordinator, or leave it out."), "name")
    if found is not None:
        return found
    made = add(session, act, name=name, kind=_UNTOLD.value, proposed=True)
    if act.by is not None:
        _tell_coordinators(session, made, act.by, act.today)
    return made


def _tell_coordinators(session: Session, organisation: Organisation, by: Person, day: date) -> None:
    """Let each coordinator know by one mail a day at most: the list says what else waits."""
    coordinators = sa.select(Person).where(
        Person.role == Role.COORDINATOR, Person.disabled_at.is_(None), Person.id != by.id
    )
    for person in session.scalars(coordinators):
        with in_language(person.language):
            letter = _letter(organisation, by, person)
        write(
            session,
            f"organisations/proposed/{day}/{person.id}",
            to_address=person.email,
            to_name=person.name,
            letter=letter,
            at=utc_now(),
            send_if=SendIf(COORDINATOR),
            kind=MailKind.NOTICES,
        )


def _letter(organisation: Organisation, by: Person, to: Person) -> MailContent:
    return MailContent(
        subject=_("Proposed for the directory: %(name)s", name=organisation.name),
        greeting=_("Dear %(name)s,", name=to.name),
        paragraphs=(
            _(
                "%(by)s named “%(organisation)s”, which is not in the directory. The record is saved with it; "
                "outside nobody hears of it until it is accepted.",
                by=by.name,
                organisation=organisation.name,
            ),
            _("Accept it, merge it into one that is there, or refuse it. What else is proposed stands there, too."),
        ),
        link=f"{settings().base_url}/organisations",
        link_label=_("Open the directory"),
    )


def accept(
    session: Session,
    organisation: Organisation,
    act: Act,
    *,
    kind: str,
    country: str = "",
    version: int | None = None,
) -> None:
    """Take what was proposed, or refused before, into the directory as a partner of this kind.

    Records from which a refusal took it name it again. Raises DirectoryRefusal, StaleVersionError.
    """
    chosen = read_kind(kind)
    if chosen not in PARTNER_KINDS:
        raise DirectoryRefusal(
            _("A UN entity is added first, and the proposal merged into it: it is asked whether it takes part."), "kind"
        )
    with changing(session, organisation, act, "accepted", version=version, kind=chosen.value):
        if not organisation.is_proposed or organisation.merged_into_id is not None:
            raise DirectoryRefusal(_("It is not proposed any more: somebody decided already."))
        organisation.kind, organisation.country_code = chosen, read_country(session, country, chosen)
        organisation.is_proposed, organisation.retired_on = False, None
        moved, organisation.moved = organisation.moved or {}, None
        said = _("%(name)s was accepted into the directory after all.", name=organisation.full)
        _put_back(session, moved, organisation, None, act, said)


def refuse_proposal(
    session: Session, organisation: Organisation, act: Act, *, reason: str, version: int | None = None
) -> dict[str, int]:
    """Take what was proposed not into the directory, for a reason that the histories of the records tell.

    The records name it no more; it stays among those that were refused and can be accepted after all. Returns how many
    records of each kind were changed. Raises DirectoryRefusal, StaleVersionError.
    """
    why = clean(reason, lines=False)
    if not why:
        raise DirectoryRefusal(_("Say why: whoever proposed it reads it in the history of the record."), "reason")
    if len(why) > REASON_LENGTH:
        raise DirectoryRefusal(_("This is longer than %(max)d characters.", max=REASON_LENGTH), "reason")
    said = _("%(name)s is not taken into the directory: %(why)s", name=organisation.full, why=why)
    with changing(session, organisation, act, "refused", version=version, action=Action.DECLINED, reason=why):
        if not organisation.is_proposed or organisation.retired_on is not None:
            raise DirectoryRefusal(_("It is not proposed any more: somebody decided already."))
        organisation.moved = _replace(session, organisation, None, act, said)
        organisation.retired_on = act.today
    return _told(organisation.moved or {})
