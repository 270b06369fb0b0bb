"""from activity to result: targets and results among figures, status by country, good practice, documents

Revision ID: 0028
Revises: 0027
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | Sequence[str] | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

EMPTY = sa.text("''")
_TEXTS = ("practice_reason", "practice_evidence", "practice_by")


def upgrade() -> None:
    """Figures that stand describe the activity; whoever knows says which of them are targets or results."""
    # A constraint comes with its column: SQLite takes none afterwards.
    op.execute(
        "ALTER TABLE figure ADD COLUMN kind VARCHAR(40) DEFAULT 'figure' NOT NULL "
        "CONSTRAINT ck_figure_kind CHECK (kind IN ('figure', 'target', 'achieved'))"
    )
    for name, length in (("due", 40), ("period", 40), ("entity", 60), ("evidence", 1000)):
        op.add_column("figure", sa.Column(name, sa.String(length), nullable=False, server_default=EMPTY))
    op.execute(
        "ALTER TABLE activity ADD COLUMN practice VARCHAR(40) "
        "CONSTRAINT ck_activity_practice CHECK (practice IN ('proposed', 'confirmed'))"
    )
    for name in _TEXTS:
        op.add_column("activity", sa.Column(name, sa.Text(), nullable=False, server_default=EMPTY))
    op.create_table(
        "country_status",
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("country_code", sa.String(2), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.CheckConstraint(
            "status IN ('planned', 'ongoing', 'completed', 'suspended', 'cancelled')", name=op.f("ck_country_status_status")
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_country_status_activity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["country_code"], ["country.code"], name=op.f("fk_country_status_country_code"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("activity_id", "country_code", name=op.f("pk_country_status")),
    )
    op.create_index("ix_country_status_country_code", "country_status", ["country_code", "activity_id"])
    op.create_table(
        "activity_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Integer()),
        sa.Column("is_permitted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_activity_document_activity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["organisation.id"], name=op.f("fk_activity_document_owner_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_document")),
    )
    op.create_index(op.f("ix_activity_document_activity_id"), "activity_document", ["activity_id"])


def downgrade() -> None:
    """Of targets and results number, unit, date and source stay."""
    op.drop_table("activity_document")
    op.drop_table("country_status")
    for name in (*_TEXTS, "practice"):
        op.drop_column("activity", name)
    for name in ("evidence", "entity", "period", "due", "kind"):
        op.drop_column("figure", name)
