"""tokens of data addresses and of the API, and what the latter may be used for

Revision ID: 0024
Revises: 0023
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | Sequence[str] | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = "'feed', 'external', 'download'"
AFTER = "'feed', 'external', 'data', 'api'"


def upgrade() -> None:
    _allow(BEFORE, AFTER)  # nothing ever made a download
    op.add_column("access_token", sa.Column("scopes", sa.String(60), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    op.execute("DELETE FROM subscription WHERE token_id IN (SELECT id FROM access_token WHERE kind IN ('data', 'api'))")
    op.execute("DELETE FROM access_token WHERE kind IN ('data', 'api')")
    op.drop_column("access_token", "scopes")
    _allow(AFTER, BEFORE)


def _allow(old: str, new: str) -> None:
    """Other kinds in the CHECK constraint.

    SQLite changes none, and a table that others refer to cannot be copied within a transaction. What a CHECK says is
    not in the pages of the table: its text is replaced where SQLite keeps it (sqlite.org/lang_altertable.html, 7).
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint("tokenkind", "access_token", type_="check")
        op.create_check_constraint("tokenkind", "access_token", f"kind IN ({new})")
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'access_token'",
        (f"({old})", f"({new})"),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")
