"""the language of what is handed out, of feeds and of what people write; translations and official texts

Revision ID: 0027
Revises: 0026
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from interagency.db.base import UtcDateTime

revision: str = "0027"
down_revision: str | Sequence[str] | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WRITTEN = ("activity", "event")
SAID_IN = ("hand_out", "subscription")
LANGUAGES = "'ar', 'zh', 'en', 'fr', 'ru', 'es'"


def upgrade() -> None:
    """What was handed out and subscribed to is in English; what people wrote says no language yet."""
    for table in SAID_IN:
        op.add_column(table, sa.Column("language", sa.String(10), nullable=False, server_default="en"))
    for table in WRITTEN:
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN text_language VARCHAR(40) "
            f"CONSTRAINT ck_{table}_textlanguage CHECK (text_language IN ({LANGUAGES}))"
        )
    op.create_table(
        "recommendation_text",
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("code", sa.String(8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("loaded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["code"], ["recommendation.code"], name=op.f("fk_recommendation_text_code"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("language", "code", name=op.f("pk_recommendation_text")),
    )
    op.create_table(
        "text_translation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.String(40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("original", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_text_translation_by_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_translation")),
    )
    op.create_index("ix_text_translation_record", "text_translation", ["record_type", "record_id"])
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER text_translation_no_{act.lower()} BEFORE {act} ON text_translation "
                "BEGIN SELECT RAISE(ABORT, 'text_translation is append-only'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER text_translation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON text_translation "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """The triggers go with their table."""
    op.drop_index("ix_text_translation_record", table_name="text_translation")
    op.drop_table("text_translation")
    op.drop_table("recommendation_text")
    for table in WRITTEN:
        op.drop_column(table, "text_language")
    for table in SAID_IN:
        op.drop_column(table, "language")
