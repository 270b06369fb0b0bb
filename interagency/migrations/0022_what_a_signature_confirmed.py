"""an answer keeps which records it confirmed

Revision ID: 0022
Revises: 0016
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | Sequence[str] | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("answer", sa.Column("confirmed", sa.JSON()))


def downgrade() -> None:
    op.drop_column("answer", "confirmed")
