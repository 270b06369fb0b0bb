"""indexes in the orders a list of activities can be sorted by, so that a page reads no more than it shows

Revision ID: 0012
Revises: 0011
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | Sequence[str] | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What is sorted by must be said here as the query says it (`listing.SORTS`), or the index is not used.
_ORDERS = {
    "ix_activity_by_title": "lower(title)",
    "ix_activity_by_start": "coalesce(start_first, '9999-12-31')",
    "ix_activity_by_status": "((status || '~') || lower(title))",
}


def upgrade() -> None:
    for name, order in _ORDERS.items():
        op.create_index(name, "activity", ["is_listed", sa.text(order), "id"])


def downgrade() -> None:
    for name in _ORDERS:
        op.drop_index(name, table_name="activity")
