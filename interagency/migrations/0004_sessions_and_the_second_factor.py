"""sessions the server knows, and the second factor

Revision ID: 0004
Revises: 0003
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import interagency.db.base

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _sessions(*more: sa.Column) -> None:
    instant = interagency.db.base.UtcDateTime
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("began_at", instant(), nullable=False),
        sa.Column("last_seen_at", instant(), nullable=False),
        sa.Column("ended_at", instant(), nullable=True),
        *more,
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_sign_in_person_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_token_hash")),
    )
    op.create_index(op.f("ix_sign_in_person_id"), "sign_in", ["person_id"])


def upgrade() -> None:
    """A session keeps the epoch it began in; a second factor is confirmed before it counts.

    The table of sessions is made anew: nothing wrote to it before.
    """
    op.drop_table("sign_in")
    _sessions(
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
    )
    op.add_column("person", sa.Column("totp_since", interagency.db.base.UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Without them: everybody signs in again."""
    op.drop_column("person", "totp_since")
    op.drop_table("sign_in")
    _sessions()
