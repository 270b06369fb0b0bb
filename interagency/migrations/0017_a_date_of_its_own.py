"""what one date of a repeated event says of its own: place, text, status, hours

Revision ID: 0017
Revises: 0016
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | Sequence[str] | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

EMPTY = sa.text("''")


def upgrade() -> None:
    op.add_column("occurrence_change", sa.Column("venue", sa.String(300), nullable=False, server_default=EMPTY))
    op.add_column("occurrence_change", sa.Column("description", sa.Text(), nullable=False, server_default=EMPTY))
    # A constraint comes with its column: SQLite takes none afterwards.
    op.execute(
        "ALTER TABLE occurrence_change ADD COLUMN status VARCHAR(40) CONSTRAINT ck_occurrence_change_status "
        "CHECK (status IN ('tentative', 'confirmed', 'postponed', 'cancelled', 'held'))"
    )
    op.add_column("occurrence_change", sa.Column("has_hours", sa.Boolean()))


def downgrade() -> None:
    for name in ("has_hours", "status", "description", "venue"):
        op.drop_column("occurrence_change", name)
