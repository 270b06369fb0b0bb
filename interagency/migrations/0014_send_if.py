"""what must hold when a message leaves, as a name and named arguments; `once` is called what it is, a dedupe key

Revision ID: 0014
Revises: 0013
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | Sequence[str] | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MESSAGES = sa.table(
    "outbox_message",
    sa.column("id", sa.Integer),
    sa.column("only_while", sa.Text),
    sa.column("send_if", sa.String),
    sa.column("send_if_args", sa.JSON),
)


def _read(words: str) -> tuple[str, dict[str, Any]]:
    """`focal_point who undp` as a name and arguments. What is not understood keeps its first word, and waits."""
    name, *rest = words.split() or [""]
    if name == "focal_point":
        return name, {"entities": rest}
    if name == "unanswered" and rest:
        return name, {"month": rest[0], "entities": rest[1:]}
    if name == "returned" and len(rest) == 2 and rest[0].isdecimal():
        return name, {"answer": int(rest[0]), "entity": rest[1]}
    return name, {}


def _written(name: str, args: dict[str, Any]) -> str:
    """The words of a condition, as they were before."""
    first = [args[key] for key in ("month", "answer", "entity") if key in args]
    return " ".join(str(word) for word in [name, *first, *args.get("entities", ())])


def upgrade() -> None:
    op.add_column("outbox_message", sa.Column("send_if", sa.String(40), nullable=False, server_default=sa.text("''")))
    op.add_column("outbox_message", sa.Column("send_if_args", sa.JSON()))
    connection = op.get_bind()
    connection.execute(sa.update(MESSAGES).values(send_if_args={}))
    waiting = sa.select(MESSAGES.c.id, MESSAGES.c.only_while).where(MESSAGES.c.only_while != "")
    for message_id, words in connection.execute(waiting).all():
        name, args = _read(words)
        connection.execute(
            sa.update(MESSAGES).where(MESSAGES.c.id == message_id).values(send_if=name[:40], send_if_args=args)
        )
    with op.batch_alter_table("outbox_message") as table:
        table.drop_column("only_while")
        table.alter_column("send_if_args", existing_type=sa.JSON(), nullable=False)
    _rename("once", "dedupe_key")


def downgrade() -> None:
    _rename("dedupe_key", "once")
    op.add_column("outbox_message", sa.Column("only_while", sa.Text(), nullable=False, server_default=sa.text("''")))
    connection = op.get_bind()
    waiting = sa.select(MESSAGES.c.id, MESSAGES.c.send_if, MESSAGES.c.send_if_args).where(MESSAGES.c.send_if != "")
    for message_id, name, args in connection.execute(waiting).all():
        words = _written(name, args)
        connection.execute(sa.update(MESSAGES).where(MESSAGES.c.id == message_id).values(only_while=words))
    op.drop_column("outbox_message", "send_if_args")
    op.drop_column("outbox_message", "send_if")


def _rename(old: str, new: str) -> None:
    """Rename the column and its constraint, which on SQLite only a copy of the table can."""
    with op.batch_alter_table("outbox_message") as table:
        table.drop_constraint(op.f(f"uq_outbox_message_{old}"), type_="unique")
        table.alter_column(old, new_column_name=new, existing_type=sa.String(200), existing_nullable=False)
    with op.batch_alter_table("outbox_message") as table:  # by its new name it is known only now
        table.create_unique_constraint(op.f(f"uq_outbox_message_{new}"), [new])
