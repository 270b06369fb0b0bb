"""words of records in the databases' own full-text indexes

Revision ID: 0006
Revises: 0005
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from interagency.text.folding import search_text

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What makes the number of a row: the place in the list, then the record. See interagency/db/fulltext.py.
MOMENTS = {
    "activity": ("updated_at", "CAST(strftime('%s', {row}updated_at) AS INTEGER)"),
    "event": ("first_day", "CAST(coalesce(julianday({row}first_day), 9999999) AS INTEGER)"),
}
COLUMNS = ("search_title", "search_text")


def upgrade() -> None:
    """A text of the title's words beside the text of all words, and an index on each."""
    for table, (moment, _number) in MOMENTS.items():
        op.create_index(f"ix_{table}_newest", table, ["is_listed", moment, "id"])
        op.add_column(table, sa.Column("search_title", sa.Text(), nullable=False, server_default=sa.text("''")))
        _fill(table)
        if op.get_bind().dialect.name == "sqlite":
            _index_on_sqlite(table)
        else:
            for column in COLUMNS:
                # Stored, not an index on the expression: what reads the rows in order need not make it each time.
                vector = f"array_to_tsvector(array_remove(string_to_array({column}, ' '), ''))"
                op.execute(f"ALTER TABLE {table} ADD {column}_words tsvector GENERATED ALWAYS AS ({vector}) STORED")
                op.execute(f"CREATE INDEX ix_{table}_{column}_words ON {table} USING gin ({column}_words)")


def downgrade() -> None:
    """Without them."""
    for table in MOMENTS:
        if op.get_bind().dialect.name == "sqlite":
            for act in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER {table}_words_{act}")
            op.execute(f"DROP TABLE {table}_words")
            op.execute(f"DROP VIEW {table}_searched")
        else:
            for column in COLUMNS:
                op.execute(f"ALTER TABLE {table} DROP {column}_words")
        op.drop_column(table, "search_title")
        op.drop_index(f"ix_{table}_newest", table)


def _fill(table: str) -> None:
    """The words of the titles; and words as long as an index takes them in the texts that are there."""
    records = sa.table(table, *(sa.column(name) for name in ("id", "title", *COLUMNS)))
    bind = op.get_bind()
    for row in bind.execute(sa.select(records.c.id, records.c.title, records.c.search_text)).all():
        values = {"search_title": search_text(row.title), "search_text": search_text(row.search_text)}
        bind.execute(records.update().where(records.c.id == row.id).values(values))


def _index_on_sqlite(table: str) -> None:
    moment, number = MOMENTS[table]

    def place(row: str) -> str:
        return f"({number.format(row=row)} << 31 | {row}id)"

    names = ", ".join(COLUMNS)
    before, after = (", ".join(f"{row}.{name}" for name in COLUMNS) for row in ("OLD", "NEW"))
    take = f"INSERT INTO {table}_words({table}_words, rowid, {names}) SELECT 'delete', {place('OLD.')}, {before}"
    put = f"INSERT INTO {table}_words(rowid, {names}) SELECT {place('NEW.')}, {after}"
    watched = ("id", "is_listed", moment, *COLUMNS)
    differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in watched)
    for statement in (
        f"CREATE VIEW {table}_searched AS SELECT {place('')} AS place, {names} FROM {table} WHERE is_listed",
        # The words come folded and parted: every sign outside ASCII belongs to a word.
        f"CREATE VIRTUAL TABLE {table}_words USING fts5({names}, content='{table}_searched', content_rowid='place', "
        "tokenize=\"ascii tokenchars '_'\", detail=column, columnsize=0, prefix='4 5 6 7 8 9 10')",
        f"CREATE TRIGGER {table}_words_insert AFTER INSERT ON {table} WHEN NEW.is_listed BEGIN {put}; END",
        f"CREATE TRIGGER {table}_words_delete AFTER DELETE ON {table} WHEN OLD.is_listed BEGIN {take}; END",
        f"CREATE TRIGGER {table}_words_update AFTER UPDATE OF {', '.join(watched)} ON {table} WHEN {differs} "
        f"BEGIN {take} WHERE OLD.is_listed; {put} WHERE NEW.is_listed; END",
        f"INSERT INTO {table}_words({table}_words) VALUES ('rebuild')",
    ):
        op.get_bind().exec_driver_sql(statement)
