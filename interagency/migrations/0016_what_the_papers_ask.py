"""what the papers ask of an activity: kind, pillars, on request, funding, lessons learned, city

Revision ID: 0016
Revises: 0015
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | Sequence[str] | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

EMPTY = sa.text("''")


def upgrade() -> None:
    # A constraint comes with its column: SQLite takes none afterwards.
    op.execute(
        "ALTER TABLE activity ADD COLUMN funding VARCHAR(40) "
        "CONSTRAINT ck_activity_funding CHECK (funding IN ('funded', 'seeking funds'))"
    )
    op.add_column("activity", sa.Column("kinds", sa.JSON()))
    op.add_column("activity", sa.Column("pillars", sa.JSON()))
    op.add_column("activity", sa.Column("on_request", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("activity", sa.Column("lessons", sa.Text(), nullable=False, server_default=EMPTY))
    op.add_column("activity", sa.Column("city", sa.Text(), nullable=False, server_default=EMPTY))


def downgrade() -> None:
    for name in ("city", "lessons", "on_request", "pillars", "kinds", "funding"):
        op.drop_column("activity", name)
