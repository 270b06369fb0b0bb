"""what is kept ready: the bytes of each event in feeds, and under which entity and chapter an activity counts

Revision ID: 0007
Revises: 0006
"""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

import interagency.db.base

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
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


# Under which entity and chapter an activity counts; 0 stands for any, -1 for none. {id} is the activity.
_UNDER = """
INSERT INTO activity_under (entity_id, chapter_number, is_joint, activity_id)
SELECT e.id, c.number, a.is_joint, a.id FROM activity a
CROSS JOIN (SELECT 0 AS id UNION ALL
    SELECT entity_id FROM activity_entity WHERE activity_id = {id} AND participation <> 'declined' UNION ALL
    SELECT -1 WHERE NOT EXISTS
        (SELECT 1 FROM activity_entity WHERE activity_id = {id} AND participation <> 'declined')) e
CROSS JOIN (SELECT 0 AS number UNION ALL
    SELECT chapter_number FROM activity_chapter WHERE activity_id = {id} UNION ALL
    SELECT -1 WHERE NOT EXISTS (SELECT 1 FROM activity_chapter WHERE activity_id = {id})) c
WHERE a.id = {id} AND a.is_listed"""
_COUNTED = [
    ("activity", "INSERT", "NEW.id"),
    ("activity", "UPDATE OF is_listed, is_joint", "NEW.id"),
    *(
        (table, act, f"{row}.activity_id")
        for table, columns in (
            ("activity_entity", " OF entity_id, participation"),
            ("activity_chapter", " OF chapter_number"),
        )
        for act, row in (("INSERT", "NEW"), (f"UPDATE{columns}", "NEW"), ("DELETE", "OLD"))
    ),
]


def _count_activities() -> None:
    """The table, its triggers, and the activities there are. Nobody but the triggers writes it."""
    op.create_table(
        "activity_under",
        sa.Column("entity_id", sa.Integer(), nullable=False),
        sa.Column("chapter_number", sa.Integer(), nullable=False),
        sa.Column("is_joint", sa.Boolean(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_activity_under_activity_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "entity_id", "chapter_number", "is_joint", "activity_id", name=op.f("pk_activity_under")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_activity_under_activity_id", "activity_under", ["activity_id"])
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if not on_sqlite:
        op.execute(
            "CREATE FUNCTION count_activity(one integer) RETURNS void LANGUAGE sql AS $$ "
            f"DELETE FROM activity_under WHERE activity_id = one; {_UNDER.format(id='one')} $$"
        )
    for table, act, number in _COUNTED:
        name = f"count_{table}_{act.split()[0].lower()}"
        if on_sqlite:
            forget = f"DELETE FROM activity_under WHERE activity_id = {number};"
            op.execute(f"CREATE TRIGGER {name} AFTER {act} ON {table} BEGIN {forget} {_UNDER.format(id=number)}; END")
        else:
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN PERFORM count_activity({number}); RETURN NULL; END $$"
            )
            op.execute(f"CREATE TRIGGER {name} AFTER {act} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    op.execute("UPDATE activity SET is_joint = is_joint")


def _no_longer_count() -> None:
    for table, act, _number in _COUNTED:
        name = f"count_{table}_{act.split()[0].lower()}"
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION count_activity(integer)")
    op.drop_table("activity_under")


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
    """The tables, the two rows that rise, and the triggers that remove what is no longer right."""
    _count_activities()
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
    instant = interagency.db.base.now()
    revisions = sa.table(
        "feed_revision",
        sa.column("id", sa.Integer()),
        sa.column("number", sa.BigInteger()),
        sa.column("changed_at", interagency.db.base.UtcDateTime()),
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
    """Without the tables; what is in them can be made again."""
    _no_longer_count()
    for name, table, _act, _concerned, _number in _triggers():
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("event_block")
    op.execute("DELETE FROM feed_revision WHERE id = 2")
