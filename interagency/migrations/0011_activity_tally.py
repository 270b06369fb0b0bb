"""how many activities stand under each entity and chapter, in rows that are added up

Revision ID: 0011
Revises: 0010
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Under which entity and chapter the activity {id} counts, as in 0007: 0 stands for any, -1 for none.
_PLACES = """
SELECT e.id, c.number, a.is_joint, a.id FROM activity a
CROSS JOIN (SELECT 0 AS id UNION ALL
    SELECT entity_id FROM activity_entity WHERE activity_id = {id} AND participation <> 'declined' UNION ALL
    SELECT -1 WHERE NOT EXISTS
        (SELECT 1 FROM activity_entity WHERE activity_id = {id} AND participation <> 'declined')) e
CROSS JOIN (SELECT 0 AS number UNION ALL
    SELECT chapter_number FROM activity_chapter WHERE activity_id = {id} UNION ALL
    SELECT -1 WHERE NOT EXISTS (SELECT 1 FROM activity_chapter WHERE activity_id = {id})) c
WHERE a.id = {id} AND a.is_listed"""
_UNDER = "activity_under (entity_id, chapter_number, is_joint, activity_id)"
_KEPT = "SELECT entity_id, chapter_number, is_joint, activity_id FROM activity_under WHERE activity_id = {id}"
# All places away and written anew, which 0007 did; and only what is another place, so that the tally hears of nothing else.
_ALL = f"DELETE FROM activity_under WHERE activity_id = {{id}}; INSERT INTO {_UNDER} {_PLACES};"
_DIFFERENT = (
    "DELETE FROM activity_under WHERE activity_id = {id} AND (entity_id, chapter_number, is_joint, activity_id) "
    f"NOT IN ({_PLACES}); INSERT INTO {_UNDER} {_PLACES} EXCEPT {_KEPT};"
)
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
# What comes into activity_under and what leaves it: (act, its rows, what each adds).
_ACTS = (("INSERT", "NEW", 1), ("DELETE", "OLD", -1))
_PLACE = ("entity_id", "chapter_number", "is_joint")
_ADD = f"INSERT INTO activity_tally ({', '.join(_PLACE)}, change)"


def _count_by(statements: str) -> None:
    """Let the triggers of 0007 do this."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            # A function of PL/pgSQL keeps its plans, where one of SQL, as in 0007, is planned anew at each call.
            "CREATE OR REPLACE FUNCTION count_activity(one integer) RETURNS void LANGUAGE plpgsql AS "
            f"$$ BEGIN {statements.format(id='one')} END $$"
        )
        return
    for table, act, number in _COUNTED:
        name = f"count_{table}_{act.split()[0].lower()}"
        op.execute(f"DROP TRIGGER {name}")
        op.execute(f"CREATE TRIGGER {name} AFTER {act} ON {table} BEGIN {statements.format(id=number)} END")


def _tally_on_sqlite(name: str, act: str, rows: str, change: int) -> None:
    values = ", ".join(f"{rows}.{column}" for column in _PLACE)
    op.execute(f"CREATE TRIGGER {name} AFTER {act} ON activity_under BEGIN {_ADD} VALUES ({values}, {change}); END")


def _tally_on_postgresql(name: str, act: str, rows: str, change: int) -> None:
    values = f"SELECT {', '.join(_PLACE)}, {change} * count(*) FROM concerned GROUP BY {', '.join(_PLACE)}"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_ADD} {values}; RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} AFTER {act} ON activity_under REFERENCING {rows} TABLE AS concerned "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def upgrade() -> None:
    """The table, the triggers that write it, and the activities there are."""
    op.create_table(
        "activity_tally",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entity_id", sa.Integer(), nullable=False),
        sa.Column("chapter_number", sa.Integer(), nullable=False),
        sa.Column("is_joint", sa.Boolean(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_tally")),
    )
    _count_by(_DIFFERENT)
    tally = _tally_on_sqlite if op.get_bind().dialect.name == "sqlite" else _tally_on_postgresql
    for act, rows, change in _ACTS:
        tally(f"tally_activity_under_{act.lower()}", act, rows, change)
    # After the triggers: to make them waits for who is writing, and holds others off until this is committed.
    place = ", ".join(_PLACE)
    op.execute(f"{_ADD} SELECT {place}, count(*) FROM activity_under GROUP BY {place}")


def downgrade() -> None:
    """Without it; it can be made again."""
    for act, *_rest in _ACTS:
        name = f"tally_activity_under_{act.lower()}"
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON activity_under")
            op.execute(f"DROP FUNCTION {name}()")
    _count_by(_ALL)
    op.drop_table("activity_tally")
