"""calendars that other sites show in a frame, for named sites; calendar files are taken in batch by batch

Revision ID: 0023
Revises: 0022
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from interagency.db.base import UtcDateTime

revision: str = "0023"
down_revision: str | Sequence[str] | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
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
    _create_journal()
    _end_what_was_under_way()


def _create_journal() -> None:
    op.create_table(
        "calendar_run",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("undoes", sa.Boolean(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["calendar_import.id"], name="fk_calendar_run_import_id", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("import_id", "undoes", name="pk_calendar_run"),
    )
    op.create_table(
        "calendar_batch",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("undoes", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("handled", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("contents", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id", "undoes"],
            ["calendar_run.import_id", "calendar_run.undoes"],
            name="fk_calendar_batch_import_id_undoes",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("import_id", "undoes", "number", name="pk_calendar_batch"),
    )


def _end_what_was_under_way() -> None:
    """An import that was cut short ends where it stands: what is left is new when the file is sent again."""
    imports = sa.table("calendar_import", sa.column("id", sa.Integer()), sa.column("result", sa.JSON()))
    connection = op.get_bind()
    for number, result in connection.execute(sa.select(imports.c.id, imports.c.result)).all():
        if result["state"] == "applying":
            items = [{name: value for name, value in item.items() if name != "event"} for item in result["items"]]
            ended = result | {"state": "applied", "to_do": [], "items": items}
            connection.execute(sa.update(imports).where(imports.c.id == number).values(result=ended))


def downgrade() -> None:
    op.drop_table("calendar_batch")
    op.drop_table("calendar_run")
    op.execute("UPDATE access_token SET revoked_at = made_at WHERE id IN (SELECT token_id FROM embed)")
    op.drop_table("embed")
