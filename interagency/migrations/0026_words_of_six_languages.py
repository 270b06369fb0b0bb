"""words of records as search folds them now: Arabic letters that stand for each other, digits of any script

Revision ID: 0026
Revises: 0025
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from interagency.text.folding import search_text

revision: str = "0026"
down_revision: str | Sequence[str] | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = ("search_title", "search_text")


def upgrade() -> None:
    """Fold the words that are there once more; triggers and generated columns bring the indexes along."""
    bind = op.get_bind()
    for table in ("activity", "event"):
        records = sa.table(table, *(sa.column(name) for name in ("id", *COLUMNS)))
        for row in bind.execute(sa.select(records)).all():
            words = {name: search_text(text) for name in COLUMNS if not (text := getattr(row, name)).isascii()}
            if any(words[name] != getattr(row, name) for name in words):
                bind.execute(records.update().where(records.c.id == row.id).values(words))


def downgrade() -> None:
    """The words stay: those of before are found by them too, but for letters that stood for each other."""
