"""Writing remarks, changing and answering them: the only way remarks come and go on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import audit
from interagency.matrix.remarks.addressing import Addressed
from interagency.matrix.remarks.models import TEXT_LENGTH, Remark, RemarkAddressee, RemarkEarlier, SubjectKind
from interagency.text.folding import clean

# Signs that show nothing and let words be read otherwise than they stand: zero width, those that turn the direction
# round (Unicode TR 9, section 2), invisible operators, tags. Joiners, and marks of one sign, are part of languages.
_HIDDEN = re.compile("[\u00ad\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufeff\U000e0000-\U000e007f]")


class RemarkRefusal(ValueError):
    """A remark cannot be written so; the text says why and what to do. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a remark is on: the kind of record, its number, the part of it, and the version that was read."""

    kind: SubjectKind
    id: int
    part: int = 0
    version: int | None = None


def read_text(typed: str) -> str:
    """The words of a remark, without signs that show nothing. Raises RemarkRefusal."""
    text = _HIDDEN.sub("", clean(typed, lines=True)).strip()
    if not text.strip("\u200c\u200d\u200e\u200f \n\t"):
        raise RemarkRefusal(_("Write what you want to say."))
    if len(text) > TEXT_LENGTH:
        raise RemarkRefusal(
            ngettext(
                "A remark has at most %(most)s signs; this one has %(num)s. Shorten it, or write two.",
                "A remark has at most %(most)s signs; this one has %(num)s. Shorten it, or write two.",
                len(text),
                most=TEXT_LENGTH,
            )
        )
    return text


def write_remark(
    session: Session,
    subject: Subject,
    text: str,
    addressed: Addressed,
    *,
    by: Person,
    at: datetime,
    reply_to: Remark | None = None,
) -> Remark:
    """Write a remark of `by`; one that answers another lets that be answered. `text` comes from `read_text`."""
    remark = Remark(
        subject_kind=subject.kind,
        subject_id=subject.id,
        subject_part=subject.part,
        subject_version=subject.version,
        text=text,
        at=at,
        by_id=by.id,
        by_name=by.name,
        reply_to_id=reply_to.id if reply_to is not None else None,
        addressees=_addressees(addressed),
        earlier=[],
    )
    session.add(remark)
    if reply_to is not None and reply_to.is_open:
        set_answered(session, reply_to, by=by, at=at)
    session.flush()
    return remark


def _addressees(addressed: Addressed) -> list[RemarkAddressee]:
    return [
        *(RemarkAddressee(entity_id=one.id) for one in addressed.entities),
        *(RemarkAddressee(person_id=one.id) for one in addressed.people),
    ]


def edit_remark(session: Session, remark: Remark, text: str, addressed: Addressed, *, by: Person, at: datetime) -> bool:
    """Let a remark say something else and keep what it said. False when nothing changed. Raises RemarkRefusal once
    its time has passed."""
    if not remark.is_editable(by.id, at):
        raise RemarkRefusal(
            _("A remark can be changed by its writer for 15 minutes. It stands as it is; answer it with another one.")
        )
    wanted = {(None, one.id) for one in addressed.people} | {(one.id, None) for one in addressed.entities}
    if text == remark.text and wanted == {(one.entity_id, one.person_id) for one in remark.addressees}:
        return False
    if text != remark.text:
        session.add(RemarkEarlier(remark_id=remark.id, text=remark.text, until=at))
        remark.text, remark.edited_at = text, at
    remark.addressees = _addressees(addressed)
    session.flush()
    return True


def set_answered(session: Session, remark: Remark, *, by: Person, at: datetime) -> None:
    """Let a remark be answered, by words or because it is done."""
    remark.answered_at, remark.answered_by_id, remark.answered_by_name = at, by.id, by.name
    audit(session, "remark.answered", by=by, remark=remark.id)


def reopen(session: Session, remark: Remark, *, by: Person) -> None:
    """Let a remark be open again."""
    remark.answered_at, remark.answered_by_id, remark.answered_by_name = None, None, ""
    audit(session, "remark.reopened", by=by, remark=remark.id)


def answer_all(session: Session, ids: sa.Select[int | None], *, by: Person, at: datetime) -> None:
    """Let all open remarks of `ids` be answered by an act of `by`."""
    for remark in session.scalars(sa.select(Remark).where(Remark.id.in_(ids), Remark.answered_at.is_(None))):
        set_answered(session, remark, by=by, at=at)
