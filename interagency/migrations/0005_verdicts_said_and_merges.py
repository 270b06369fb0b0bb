"""every verdict that was said, and merges of activities

Revision ID: 0005
Revises: 0004
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import interagency.db.base

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """A verdict can be changed and its history stays; two activities can become one."""
    op.create_table(
        "verdict_said",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum("same", "related", "distinct", name="verdictkind", native_enum=False, create_constraint=True, length=40), nullable=False),
        sa.Column("said_at", interagency.db.base.UtcDateTime(), nullable=False),
        sa.Column("said_by_id", sa.Integer(), nullable=True),
        sa.Column("said_by_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["first_id"], ["activity.id"], name=op.f("fk_verdict_said_first_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["second_id"], ["activity.id"], name=op.f("fk_verdict_said_second_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["said_by_id"], ["person.id"], name=op.f("fk_verdict_said_said_by_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict_said")),
    )
    op.create_index("ix_verdict_said_pair", "verdict_said", ["first_id", "second_id", "id"], unique=False)
    op.create_index(op.f("ix_verdict_said_second_id"), "verdict_said", ["second_id"], unique=False)
    op.execute(
        "INSERT INTO verdict_said (first_id, second_id, kind, said_at, said_by_id, said_by_name) "
        "SELECT v.first_id, v.second_id, v.kind, v.said_at, v.said_by_id, coalesce(p.name, 'nobody') "
        "FROM verdict v LEFT JOIN person p ON p.id = v.said_by_id ORDER BY v.said_at"
    )
    op.create_table(
        "activity_merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survivor_id", sa.Integer(), nullable=False),
        sa.Column("merged_id", sa.Integer(), nullable=False),
        sa.Column("survivor_version", sa.Integer(), nullable=False),
        sa.Column("merged_version", sa.Integer(), nullable=False),
        sa.Column("at", interagency.db.base.UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("undone_at", interagency.db.base.UtcDateTime(), nullable=True),
        sa.Column("undone_by_id", sa.Integer(), nullable=True),
        sa.Column("undone_by_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["survivor_id"], ["activity.id"], name=op.f("fk_activity_merge_survivor_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["merged_id"], ["activity.id"], name=op.f("fk_activity_merge_merged_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_activity_merge_by_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["undone_by_id"], ["person.id"], name=op.f("fk_activity_merge_undone_by_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_merge")),
    )
    op.create_index(op.f("ix_activity_merge_survivor_id"), "activity_merge", ["survivor_id"], unique=False)
    op.create_index(op.f("ix_activity_merge_merged_id"), "activity_merge", ["merged_id"], unique=False)
    _refuse_changes()


def _refuse_changes() -> None:
    """What was said stays as it was said: the same triggers as for the other logs (see 0001)."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER verdict_said_no_{act.lower()} BEFORE {act} ON verdict_said "
                "BEGIN SELECT RAISE(ABORT, 'verdict_said is append-only'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER verdict_said_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON verdict_said "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Without them; verdicts that stand stay."""
    op.drop_index(op.f("ix_activity_merge_merged_id"), table_name="activity_merge")
    op.drop_index(op.f("ix_activity_merge_survivor_id"), table_name="activity_merge")
    op.drop_table("activity_merge")
    op.drop_index(op.f("ix_verdict_said_second_id"), table_name="verdict_said")
    op.drop_index("ix_verdict_said_pair", table_name="verdict_said")
    op.drop_table("verdict_said")
