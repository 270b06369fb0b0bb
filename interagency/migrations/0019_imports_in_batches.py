"""imports are taken in batch by batch: what was confirmed, and a journal of what is done

Revision ID: 0019
Revises: 0018
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from interagency.db.base import UtcDateTime

revision: str = "0019"
down_revision: str | Sequence[str] | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "import_run",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("undoes", sa.Boolean(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["matrix_import.id"], name="fk_import_run_import_id", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("import_id", "undoes", name="pk_import_run"),
    )
    op.create_table(
        "import_batch",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("undoes", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("handled", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("contents", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id", "undoes"],
            ["import_run.import_id", "import_run.undoes"],
            name="fk_import_batch_import_id_undoes",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("import_id", "undoes", "number", name="pk_import_batch"),
    )


def downgrade() -> None:
    op.drop_table("import_batch")
    op.drop_table("import_run")
