"""a date of a repeated event that was never meant to take place is left out, not cancelled

Revision ID: 0020
Revises: 0019
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | Sequence[str] | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """What was taken in as cancelled stays so: only the file it came from knows the difference."""
    op.add_column(
        "occurrence_change", sa.Column("is_left_out", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.execute("UPDATE occurrence_change SET is_cancelled = is_left_out WHERE is_left_out")
    op.drop_column("occurrence_change", "is_left_out")
