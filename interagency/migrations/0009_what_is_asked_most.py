"""indexes that answer alone: whether any activity changed, which events feeds hold and by which bytes

Revision ID: 0009
Revises: 0008
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_activity_version", "activity", ["version"])
    op.create_index("ix_event_in_feeds", "event", ["is_listed", "last_day", "cancelled_at"])
    op.create_index("ix_event_block_digest", "event_block", ["form", "event_id", "number", "digest"])


def downgrade() -> None:
    op.drop_index("ix_event_block_digest", table_name="event_block")
    op.drop_index("ix_event_in_feeds", table_name="event")
    op.drop_index("ix_activity_version", table_name="activity")
