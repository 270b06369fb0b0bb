"""from activity to result: targets and results among figures

Revision ID: 0028
Revises: 0025
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | Sequence[str] | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

EMPTY = sa.text("''")


def upgrade() -> None:
    """Figures that stand describe the activity; whoever knows says which of them are targets or results."""
    # A constraint comes with its column: SQLite takes none afterwards.
    op.execute(
        "ALTER TABLE figure ADD COLUMN kind VARCHAR(40) DEFAULT 'figure' NOT NULL "
        "CONSTRAINT ck_figure_kind CHECK (kind IN ('figure', 'target', 'achieved'))"
    )
    for name, length in (("due", 40), ("period", 40), ("entity", 60), ("evidence", 1000)):
        op.add_column("figure", sa.Column(name, sa.String(length), nullable=False, server_default=EMPTY))


def downgrade() -> None:
    """Of targets and results number, unit, date and source stay."""
    for name in ("evidence", "entity", "period", "due", "kind"):
        op.drop_column("figure", name)
