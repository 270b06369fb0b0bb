"""an answer keeps which records it confirmed; a figure may be at least, up to, nearly or less than its number

Revision ID: 0018
Revises: 0017
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | Sequence[str] | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OLD = ("exactly", "about", "more than", "estimated")
NEW = ("at least", "up to", "nearly", "less than")


def upgrade() -> None:
    op.add_column("answer", sa.Column("confirmed", sa.JSON()))
    _allow(OLD + NEW)


def downgrade() -> None:
    figure = sa.table("figure", sa.column("qualifier", sa.String()))
    for newer, older in zip(NEW, ("more than", "about", "about", "about"), strict=True):
        op.execute(sa.update(figure).where(figure.c.qualifier == newer).values(qualifier=older))
    _allow(OLD)
    op.drop_column("answer", "confirmed")


def _allow(words: tuple[str, ...]) -> None:
    """Let `qualifier` be one of these. SQLite changes a constraint only in a copy of the table."""
    with op.batch_alter_table("figure") as table:
        table.drop_constraint(op.f("ck_figure_qualifier"), type_="check")
        table.create_check_constraint(op.f("ck_figure_qualifier"), sa.column("qualifier").in_(words))
