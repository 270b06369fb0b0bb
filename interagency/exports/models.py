"""What was taken in from workbooks, and what was handed out to whom."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from interagency.db.base import Model, now
from interagency.db.runs import BatchColumns, RunColumns


class ImportState(enum.StrEnum):
    """How far an import has come."""

    PREVIEWED = "previewed"
    APPLIED = "applied"
    UNDONE = "undone"
    DISCARDED = "discarded"


class MatrixImport(Model):
    """A workbook or CSV sent back: kept with its checksum, its preview and its result."""

    __tablename__ = "matrix_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    at: Mapped[datetime] = mapped_column(default=now)
    file_name: Mapped[str]
    checksum: Mapped[str] = mapped_column(sa.String(64), index=True)
    contents: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    state: Mapped[ImportState]
    preview: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    @property
    def written(self) -> int:
        """How many records were added or changed."""
        counts = self.result.get("counts", {})
        return int(counts.get("added", 0) + counts.get("changed", 0))


class ImportRun(RunColumns, Model):
    """The taking in of a workbook, or its undoing, once begun. Its plan is `{"rows": numbers or null for all without
    doubt, "answers": [[row, field, answer], ...]}`; {} where it undoes.
    """

    __tablename__ = "import_run"

    import_id: Mapped[int] = mapped_column(sa.ForeignKey("matrix_import.id", ondelete="RESTRICT"), primary_key=True)


class ImportBatch(BatchColumns, Model):
    """Rows of a workbook that are done."""

    __tablename__ = "import_batch"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["import_id", "undoes"], ["import_run.import_id", "import_run.undoes"], ondelete="RESTRICT"
        ),
    )


class HeaderMapping(Model):
    """How the headers of a hand-made matrix were mapped, remembered for the next one."""

    __tablename__ = "header_mapping"

    # SHA-256 of the headers.
    headers_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    mapping: Mapped[dict[str, Any]]
    saved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    saved_at: Mapped[datetime] = mapped_column(default=now)


class EditionFile(Model):
    """A file made from an edition once and kept: asked for again, it has the same bytes. Never changed."""

    __tablename__ = "edition_file"

    edition_number: Mapped[int] = mapped_column(sa.ForeignKey("edition.number", ondelete="RESTRICT"), primary_key=True)
    file_format: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    checksum: Mapped[str] = mapped_column(sa.String(64))
    contents: Mapped[bytes] = mapped_column(sa.LargeBinary)
    made_at: Mapped[datetime] = mapped_column(default=now)


class HandOut(Model):
    """An edition handed to somebody outside: to whom, in which form, by which address, until when."""

    __tablename__ = "hand_out"

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_number: Mapped[int] = mapped_column(sa.ForeignKey("edition.number", ondelete="RESTRICT"))
    audience_key: Mapped[str] = mapped_column(sa.ForeignKey("audience.key", ondelete="RESTRICT"))
    # full list, summary by chapter, country extract, joint initiatives
    form: Mapped[str] = mapped_column(sa.String(60))
    country_code: Mapped[str | None] = mapped_column(sa.ForeignKey("country.code", ondelete="RESTRICT"))
    # Code of the language its address says it in, unless it is asked for another.
    language: Mapped[str] = mapped_column(sa.String(10), default="en", server_default="en")
    token_id: Mapped[int] = mapped_column(sa.ForeignKey("access_token.id", ondelete="RESTRICT"), unique=True)
    recipient: Mapped[str]
    # What the audience sees, frozen when it was handed out.
    contents: Mapped[bytes] = mapped_column(sa.LargeBinary)
    checksum: Mapped[str] = mapped_column(sa.String(64))
    handed_at: Mapped[datetime] = mapped_column(default=now)
    handed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))


class HandOutUse(Model):
    """One download of what was handed out."""

    __tablename__ = "hand_out_use"

    id: Mapped[int] = mapped_column(primary_key=True)
    hand_out_id: Mapped[int] = mapped_column(sa.ForeignKey("hand_out.id", ondelete="RESTRICT"), index=True)
    at: Mapped[datetime] = mapped_column(default=now)
    file_format: Mapped[str] = mapped_column(sa.String(20))


class EmbedView(enum.StrEnum):
    """What an embedded calendar shows first."""

    LIST = "list"
    MONTH = "month"


class Embed(Model):
    """A calendar that the named sites may show in a frame: what a subscription or a hand-out holds."""

    __tablename__ = "embed"
    __table_args__ = (sa.CheckConstraint("(subscription_id IS NULL) <> (hand_out_id IS NULL)", name="source"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_id: Mapped[int] = mapped_column(sa.ForeignKey("access_token.id", ondelete="RESTRICT"), unique=True)
    subscription_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("subscription.id", ondelete="RESTRICT"), index=True
    )
    hand_out_id: Mapped[int | None] = mapped_column(sa.ForeignKey("hand_out.id", ondelete="RESTRICT"), index=True)
    # Origins such as https://www.example.org.
    sites: Mapped[list[str]] = mapped_column(sa.JSON)
    view: Mapped[EmbedView]
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    made_at: Mapped[datetime] = mapped_column(default=now)
