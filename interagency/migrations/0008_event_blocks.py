"""the bytes of each event in feeds, kept until a row they come from changes

Revision ID: 0008
Revises: 0003
"""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

import interagency.database

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

EVENTS, READERS = 1, 2
# Where an event's bytes come from: (table, act, the events concerned).
_SAID = (
    "uid, sequence, title, kind, status, description, venue, city, country_code, latitude, longitude, timezone, "
    "parent_id, rrule, participants_incomplete, cancelled_at, is_listed, first_day, last_day, search_text, "
    "created_at, updated_at"
)
OF_EVENTS = [
    ("event", "INSERT", None),
    ("event", "DELETE", None),
    ("event", f"UPDATE OF {_SAID}", "event_id = NEW.id"),
]
for table, columns in (
    ("segment", ""),
    ("occurrence_change", ""),
    ("event_organisation", " OF organisation_id, part, position"),
    ("event_chapter", ""),
    ("event_link", ""),
):
    OF_EVENTS += [
        (table, "INSERT", "event_id = NEW.event_id"),
        (table, f"UPDATE{columns}", "event_id = NEW.event_id"),
        (table, "DELETE", "event_id = OLD.event_id"),
    ]
_DAY = "event_id IN (SELECT event_id FROM segment WHERE id = {row}.segment_id)"
_NAMED = "event_id IN (SELECT event_id FROM event_organisation WHERE organisation_id = NEW.id)"
OF_EVENTS += [
    ("segment_day", "INSERT", _DAY.format(row="NEW")),
    ("segment_day", "UPDATE", _DAY.format(row="NEW")),
    ("segment_day", "DELETE", _DAY.format(row="OLD")),
    ("organisation", "UPDATE OF key, acronym, name, is_entity", _NAMED),
    ("country", "UPDATE OF name", "event_id IN (SELECT id FROM event WHERE country_code = NEW.code)"),
]
# What a reader's feed holds beside events: own deadlines, the name, whose entities are theirs.
OF_READERS = [
    (table, act, None)
    for table in ("answer", "extension", "cycle", "appointment", "subscription")
    for act in ("INSERT", "UPDATE", "DELETE")
]


def _triggers() -> Iterator[tuple[str, str, str, str | None, int]]:
    for number, rows in ((EVENTS, OF_EVENTS), (READERS, OF_READERS)):
        for table, act, concerned in rows:
            yield f"feed_{table}_{act.split()[0].lower()}", table, act, concerned, number


def _on_sqlite() -> None:
    for name, table, act, concerned, number in _triggers():
        rise = (
            "UPDATE feed_revision SET number = number + 1, "
            f"changed_at = strftime('%Y-%m-%d %H:%M:%S', 'now') || '.000000' WHERE id = {number};"
        )
        forget = f" DELETE FROM event_block WHERE {concerned};" if concerned else ""
        op.execute(f"CREATE TRIGGER {name} AFTER {act} ON {table} BEGIN {rise}{forget} END")


def _on_postgresql() -> None:
    for name, table, act, concerned, number in _triggers():
        # Once in a transaction. It takes the row's lock before blocks are removed, and whoever makes a block has
        # taken it too: so none made from what was is left.
        rise = (
            "UPDATE feed_revision SET number = number + 1, changed_at = date_trunc('second', clock_timestamp()) "
            f"WHERE id = {number} AND xmin::text <> (txid_current() % 4294967296)::text;"
        )
        forget = f" DELETE FROM event_block WHERE {concerned};" if concerned else ""
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {rise}{forget} RETURN NULL; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} AFTER {act} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def upgrade() -> None:
    """The table, the two rows that rise, and the triggers that remove what is no longer right."""
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
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_block_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "number", name=op.f("pk_event_block")),
    )
    instant = interagency.database.now()
    revisions = sa.table(
        "feed_revision",
        sa.column("id", sa.Integer()),
        sa.column("number", sa.BigInteger()),
        sa.column("changed_at", interagency.database.UtcDateTime()),
    )
    there = set(op.get_bind().scalars(sa.select(revisions.c.id)))
    for number in (EVENTS, READERS):
        if number not in there:
            op.get_bind().execute(revisions.insert().values(id=number, number=1, changed_at=instant))
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()


def downgrade() -> None:
    """Without the table; the bytes can be made again."""
    for name, table, _act, _concerned, _number in _triggers():
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("event_block")
    op.execute("DELETE FROM feed_revision WHERE id = 2")
