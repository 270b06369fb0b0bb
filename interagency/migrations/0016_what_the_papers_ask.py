"""what the papers ask of an activity: kind, pillars, on request, funding, lessons, city, section, support; figures

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
    op.execute(
        "ALTER TABLE activity ADD COLUMN section_position INTEGER CONSTRAINT fk_activity_section_position "
        "REFERENCES section (position)"
    )
    op.add_column("activity_entity", sa.Column("is_supporting", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("figure", sa.Column("as_of", sa.String(40), nullable=False, server_default=EMPTY))
    op.add_column("figure", sa.Column("source", sa.String(300), nullable=False, server_default=EMPTY))
    op.add_column("activity", sa.Column("kinds", sa.JSON()))
    op.add_column("activity", sa.Column("pillars", sa.JSON()))
    op.add_column("activity", sa.Column("on_request", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("activity", sa.Column("lessons", sa.Text(), nullable=False, server_default=EMPTY))
    op.add_column("activity", sa.Column("city", sa.Text(), nullable=False, server_default=EMPTY))


def downgrade() -> None:
    op.drop_column("figure", "source")
    op.drop_column("figure", "as_of")
    op.drop_column("activity_entity", "is_supporting")
    for name in ("city", "lessons", "on_request", "pillars", "kinds", "section_position", "funding"):
        op.drop_column("activity", name)
