"""Agreement: an entity's consent that something be shared with an audience. Nothing is external without."""

from __future__ import annotations

import re
from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from interagency.db.base import Model, now
from interagency.matrix.organisations.models import Organisation
from interagency.text.labelled import Labelled

_KEY = re.compile(r"[a-z][a-z0-9-]{1,39}")


def is_audience_key(text: str) -> bool:
    """Whether an audience may have the key `text`: small letters, digits and hyphens."""
    return _KEY.fullmatch(text) is not None


class Audience(Model):
    """Whom something may be shared with."""

    __tablename__ = "audience"

    key: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int]

    @property
    def label(self) -> str:
        """Its name in the reader's language; as it is kept where it is one of your own."""
        return str(_AUDIENCES.get(self.name, self.name))


# The names it is loaded with, for those who translate them.
_AUDIENCES = {
    "The Commission and Member States": _l("The Commission and Member States"),
    "Regional organisations": _l("Regional organisations"),
    "Civil society": _l("Civil society"),
    "The public": _l("The public"),
}


class Decision(Labelled):
    """What an entity says. No statement is no agreement."""

    AGREED = "agreed", lazy_pgettext("what an entity says of sharing", "agreed")
    REFUSED = "refused", lazy_pgettext("what an entity says of sharing", "refused")
    # Back to what the entity's default says.
    AS_DEFAULT = "as default", lazy_pgettext("what an entity says of sharing", "as default")


class Agreement(Model):
    """One statement of an entity, about everything (its default) or one record. The newest counts; all stay."""

    __tablename__ = "agreement"
    __table_args__ = (
        sa.CheckConstraint("activity_id IS NULL OR event_id IS NULL", name="one_record"),
        sa.CheckConstraint("need_id IS NULL OR (activity_id IS NULL AND event_id IS NULL)", name="need_alone"),
        sa.CheckConstraint(
            "message_version_id IS NULL OR (activity_id IS NULL AND event_id IS NULL AND need_id IS NULL)",
            name="message_alone",
        ),
        sa.Index(
            "ix_agreement_lookup",
            *("audience_key", "entity_id", "activity_id", "event_id", "need_id", "message_version_id", "id"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    audience_key: Mapped[str] = mapped_column(sa.ForeignKey("audience.key", ondelete="RESTRICT"))
    entity_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"))
    activity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("activity.id", ondelete="RESTRICT"))
    event_id: Mapped[int | None] = mapped_column(sa.ForeignKey("event.id", ondelete="RESTRICT"))
    # Without ON DELETE, which SQLite takes for no column that is added: nothing of these is ever deleted.
    need_id: Mapped[int | None] = mapped_column(sa.ForeignKey("need.id"))
    # One version of a message: what was agreed to is never another text.
    message_version_id: Mapped[int | None] = mapped_column(sa.ForeignKey("message_version.id"))
    decision: Mapped[Decision]
    # The person said expressly that this goes beyond the entity's default.
    beyond_default: Mapped[bool] = mapped_column(default=False)
    # Last day it counts; None is without end.
    until: Mapped[date | None]
    said_at: Mapped[datetime] = mapped_column(default=now)
    said_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    said_by_name: Mapped[str]
    entity: Mapped[Organisation] = relationship()
