"""the directory of organisations is kept in the service: versions, proposals, merges, names in other languages

Revision ID: 0025
Revises: 0024
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | Sequence[str] | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_REFERENCES = {"proposed_by_id": "person", "merged_into_id": "organisation"}


def upgrade() -> None:
    """What stands in the directory was neither proposed nor merged."""
    op.add_column("organisation", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("organisation", sa.Column("is_proposed", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name, table in _REFERENCES.items():
        op.execute(
            f"ALTER TABLE organisation ADD COLUMN {name} INTEGER CONSTRAINT fk_organisation_{name} "
            f"REFERENCES {table} (id)"
        )
    op.add_column("organisation", sa.Column("moved", sa.JSON()))
    op.add_column(
        "organisation_name", sa.Column("language", sa.String(12), nullable=False, server_default=sa.text("''"))
    )


def downgrade() -> None:
    op.drop_column("organisation_name", "language")
    for name in ("moved", *_REFERENCES, "is_proposed", "version"):
        op.drop_column("organisation", name)
