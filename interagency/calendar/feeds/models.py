"""Subscriptions to feeds, and the revision of what feeds show."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from interagency.db.base import Model, now


class Subscription(Model):
    """A person's feed: a name, the filters, and the token of its address."""

    __tablename__ = "subscription"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    token_id: Mapped[int] = mapped_column(sa.ForeignKey("access_token.id", ondelete="RESTRICT"), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    # The filters of the query string, by name: {"chapter": ["1"]}.
    filters: Mapped[dict[str, Any]]
    # Code of the language of what is no person's own text.
    language: Mapped[str] = mapped_column(sa.String(10), default="en", server_default="en")
    made_at: Mapped[datetime] = mapped_column(default=now)


class FeedRevision(Model):
    """One row that triggers raise in the transaction of any change a feed can show (migration 0013)."""

    __tablename__ = "feed_revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(sa.BigInteger)
    changed_at: Mapped[datetime] = mapped_column(default=now)
