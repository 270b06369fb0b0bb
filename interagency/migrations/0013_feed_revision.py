"""the bytes of events are cached by each process: triggers raise a revision and remove nothing

Revision ID: 0013
Revises: 0012
"""

from collections.abc import Iterator, Sequence
from importlib import import_module

import sqlalchemy as sa
from alembic import op

import interagency.db.base

revision: str = "0013"
down_revision: str | Sequence[str] | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The tables and triggers this one replaces.
before = import_module("interagency.migrations.0007_event_blocks")

ANY = ("INSERT", "UPDATE", "DELETE")
# {now}: whole seconds, as the service writes them. {once}: PostgreSQL need not count twice in one transaction.
RAISE = "UPDATE feed_revision SET number = number + 1, changed_at = {now} WHERE id = 1{once};"
# Raising an event's own version updates the event, whose trigger raises the revision.
EVENTS = "UPDATE event SET feed_version = feed_version + 1 WHERE "
ITSELF = (
    f"{EVENTS}(id = NEW.id AND feed_version = OLD.feed_version) OR (parent_id = NEW.id AND NEW.uid <> OLD.uid);"
)
PART = f"{EVENTS}id IN ({{event_id}});"
DAY = f"{EVENTS}id IN (SELECT event_id FROM segment WHERE id IN ({{segment_id}}));"
NAMED = f"{EVENTS}id IN (SELECT event_id FROM event_organisation WHERE organisation_id = NEW.id);"
THERE = f"{EVENTS}country_code = NEW.code;"

# What feeds show: the table, the acts, the columns that an update must touch (none: any), what is done.
WATCHED: list[tuple[str, tuple[str, ...], str, str]] = [
    ("event", ("INSERT", "DELETE"), "", RAISE),
    ("event", ("UPDATE",), "", RAISE + ITSELF),
    ("segment", ANY, "", PART),
    ("segment_day", ANY, "", DAY),
    ("occurrence_change", ANY, "", PART),
    # Confirming events each month is not shown.
    ("event_organisation", ANY, "event_id, organisation_id, part, position", PART),
    ("event_chapter", ANY, "", PART),
    ("event_link", ANY, "", PART),
    ("organisation", ("UPDATE",), "", RAISE + NAMED),
    ("country", ("UPDATE",), "", THERE),
    # A reader's own deadlines, the rights feeds go by, and their names.
    ("cycle", ANY, "", RAISE),
    ("answer", ANY, "", RAISE),
    ("extension", ANY, "", RAISE),
    ("appointment", ANY, "", RAISE),
    ("subscription", ("UPDATE",), "", RAISE),
]


def _triggers(dialect: str) -> Iterator[tuple[str, str, str, str]]:
    """Name, table, acts and statements of each trigger: on SQLite it takes one for each act."""
    for table, acts, columns, statements in WATCHED:
        update = f"UPDATE OF {columns}" if columns else "UPDATE"
        words = [update if act == "UPDATE" else act for act in acts]
        for some in [words] if dialect == "postgresql" else [[word] for word in words]:
            rows = _rows([word.split()[0] for word in some])
            name = "_".join(["feed", table, *(word.split()[0].lower() for word in some)])
            done = statements.format(
                event_id=", ".join(f"{row}.event_id" for row in rows),
                segment_id=", ".join(f"{row}.segment_id" for row in rows),
                **_WORDS[dialect],
            )
            yield name, table, " OR ".join(some), done


def _rows(acts: Sequence[str]) -> list[str]:
    """The rows a trigger of these acts can see: an event that a part leaves is another event, too."""
    old, new = set(acts) & {"UPDATE", "DELETE"}, set(acts) & {"INSERT", "UPDATE"}
    return ["OLD"] * bool(old) + ["NEW"] * bool(new)


_WORDS = {
    "sqlite": {"now": "strftime('%Y-%m-%d %H:%M:%S', 'now') || '.000000'", "once": ""},
    "postgresql": {
        "now": "date_trunc('second', clock_timestamp())",
        "once": " AND xmin::text <> (txid_current() % 4294967296)::text",
    },
}


def upgrade() -> None:
    """Without the blocks: an event's version in feeds, one revision, and triggers that raise them."""
    dialect = op.get_bind().dialect.name
    _drop((name, table) for name, table, _act, _concerned, _number in before._triggers())
    op.drop_table("event_block")
    op.execute("DELETE FROM feed_revision WHERE id = 2")
    op.add_column("event", sa.Column("feed_version", sa.Integer(), server_default="0", nullable=False))
    for name, table, acts, statements in _triggers(dialect):
        if dialect == "sqlite":
            op.execute(f"CREATE TRIGGER {name} AFTER {acts} ON {table} BEGIN {statements} END")
        else:
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN {statements} RETURN NULL; END $$"
            )
            op.execute(f"CREATE TRIGGER {name} AFTER {acts} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _drop(triggers: Iterator[tuple[str, str]]) -> None:
    for name, table in triggers:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")


def downgrade() -> None:
    """As 0007 and 0009 made it; the blocks are made again by the program of that time."""
    dialect = op.get_bind().dialect.name
    _drop((name, table) for name, table, _acts, _statements in _triggers(dialect))
    op.drop_column("event", "feed_version")
    op.create_table(
        "event_block",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(length=32), nullable=False),
        sa.Column("begins", sa.DateTime(), nullable=True),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("tzid", sa.Text(), nullable=True),
        sa.Column("first_year", sa.Integer(), nullable=True),
        sa.Column("last_year", sa.Integer(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_event_block_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "number", name=op.f("pk_event_block")),
    )
    op.create_index("ix_event_block_digest", "event_block", ["form", "event_id", "number", "digest"])
    revisions = sa.table(
        "feed_revision",
        sa.column("id", sa.Integer()),
        sa.column("number", sa.BigInteger()),
        sa.column("changed_at", interagency.db.base.UtcDateTime()),
    )
    op.get_bind().execute(revisions.insert().values(id=2, number=1, changed_at=interagency.db.base.now()))
    if dialect == "sqlite":
        before._on_sqlite()
    else:
        before._on_postgresql()
