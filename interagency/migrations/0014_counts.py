"""activities are counted when they are asked for, from indexes that answer alone; no table or trigger counts ahead

Revision ID: 0014
Revises: 0012
"""

from collections.abc import Sequence
from importlib import import_module

from alembic import op

revision: str = "0014"
down_revision: str | Sequence[str] | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# They made what goes here, and so know how it goes and how it comes back: released migrations do not change.
_under = import_module("interagency.migrations.0007_event_blocks")
_tally = import_module("interagency.migrations.0011_activity_tally")


def upgrade() -> None:
    _tally.downgrade()
    _under._no_longer_count()
    op.create_index("ix_activity_counted", "activity", ["is_listed", "is_joint", "id"])
    op.create_index("ix_activity_entity_counted", "activity_entity", ["activity_id", "entity_id", "participation"])


def downgrade() -> None:
    """With the tables and triggers again, and the activities there are counted."""
    op.drop_index("ix_activity_entity_counted", table_name="activity_entity")
    op.drop_index("ix_activity_counted", table_name="activity")
    _under._count_activities()
    _tally.upgrade()
