"""when a due date was moved

Revision ID: 0003
Revises: 0002
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import interagency.db.base

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Calendars must hear of a moved date as of a change."""
    op.add_column("cycle", sa.Column("due_set_at", interagency.db.base.UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Without it."""
    op.drop_column("cycle", "due_set_at")
