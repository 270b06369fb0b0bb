"""files of editions, and the outbox

Revision ID: 0002
Revises: 0001
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import interagency.db.base

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "edition_file"


def _outbox() -> None:
    instant = interagency.db.base.UtcDateTime
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("once", sa.String(length=200), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("written_at", instant(), nullable=False),
        sa.Column("next_try_at", instant(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sending_since", instant(), nullable=True),
        sa.Column("sent_at", instant(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_message_id")),
        sa.UniqueConstraint("once", name=op.f("uq_outbox_message_once")),
    )
    op.create_index(op.f("ix_outbox_message_next_try_at"), "outbox_message", ["next_try_at"])


def upgrade() -> None:
    """The outbox of mails, and a table for the files made from editions, which the database refuses to change."""
    _outbox()
    op.create_table(
        TABLE,
        sa.Column("edition_number", sa.Integer(), nullable=False),
        sa.Column("file_format", sa.String(length=20), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("contents", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", interagency.db.base.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_number"],
            ["edition.number"],
            name=op.f("fk_edition_file_edition_number"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("edition_number", "file_format", name=op.f("pk_edition_file")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
            )
    else:
        op.execute(
            f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Without the tables; the files can be made again."""
    op.drop_table("outbox_message")
    op.drop_table(TABLE)
