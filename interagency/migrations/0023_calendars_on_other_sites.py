"""calendars that other sites show in a frame: made from a subscription or a hand-out, for named sites

Revision ID: 0023
Revises: 0020
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from interagency.db.base import UtcDateTime

revision: str = "0023"
down_revision: str | Sequence[str] | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
KINDS = ("feed", "external", "download")


def upgrade() -> None:
    _allow((*KINDS, "embed"))
    views = sa.Enum("list", "month", name="embedview", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "embed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=True),
        sa.Column("hand_out_id", sa.Integer(), nullable=True),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.Column("view", views, nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(subscription_id IS NULL) <> (hand_out_id IS NULL)", name=op.f("ck_embed_source")),
        sa.ForeignKeyConstraint(
            ["token_id"], ["access_token.id"], name=op.f("fk_embed_token_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_embed_subscription_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["hand_out_id"], ["hand_out.id"], name=op.f("fk_embed_hand_out_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_embed_made_by_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embed")),
        sa.UniqueConstraint("token_id", name=op.f("uq_embed_token_id")),
    )
    op.create_index(op.f("ix_embed_subscription_id"), "embed", ["subscription_id"])
    op.create_index(op.f("ix_embed_hand_out_id"), "embed", ["hand_out_id"])
    op.create_index(op.f("ix_embed_made_by_id"), "embed", ["made_by_id"])


def downgrade() -> None:
    op.drop_table("embed")
    op.execute("DELETE FROM access_token WHERE kind = 'embed'")
    _allow(KINDS)


def _allow(kinds: tuple[str, ...]) -> None:
    """Let `kind` be one of these. SQLite changes a constraint only in a copy of the table."""
    with op.batch_alter_table("access_token") as table:
        table.drop_constraint(op.f("ck_access_token_tokenkind"), type_="check")
        table.create_check_constraint(op.f("ck_access_token_tokenkind"), sa.column("kind").in_(kinds))
