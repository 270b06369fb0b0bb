"""remarks on records, saved views, watching, and one mail a person and day

Revision ID: 0030
Revises: 0025
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import interagency.db.base

revision: str = "0030"
down_revision: str | Sequence[str] | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UTC = interagency.db.base.UtcDateTime
# What a remark said before stays as it was; a remark itself is changed, and never removed.
REFUSED = {"remark_earlier": ("UPDATE", "DELETE"), "remark": ("DELETE",)}
OUTBOX = ("content", "is_urgent", "kind")


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _key(table: str, column: str, target: str, *, ondelete: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def upgrade() -> None:
    _remarks()
    _notes_of_returned_answers()
    _views()
    op.add_column("outbox_message", sa.Column("kind", sa.String(20), nullable=False, server_default=sa.text("''")))
    op.add_column("outbox_message", sa.Column("is_urgent", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("outbox_message", sa.Column("content", sa.JSON(), nullable=True))
    op.create_index(op.f("ix_outbox_message_to_address"), "outbox_message", ["to_address"])


def _remarks() -> None:
    op.create_table(
        "remark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "subject_kind", _choice("subjectkind", "activity", "event", "answer", "import", "pair"), nullable=False
        ),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("subject_part", sa.Integer(), nullable=False),
        sa.Column("subject_version", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UTC(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("edited_at", UTC(), nullable=True),
        sa.Column("reply_to_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", UTC(), nullable=True),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.Column("answered_by_name", sa.Text(), nullable=False),
        _key("remark", "by_id", "person.id"),
        _key("remark", "reply_to_id", "remark.id"),
        _key("remark", "answered_by_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remark")),
    )
    op.create_index("ix_remark_subject", "remark", ["subject_kind", "subject_id", "subject_part"])
    op.create_index(op.f("ix_remark_by_id"), "remark", ["by_id"])
    op.create_index(op.f("ix_remark_reply_to_id"), "remark", ["reply_to_id"])
    op.create_table(
        "remark_addressee",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("remark_id", sa.Integer(), nullable=False),
        sa.Column("entity_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(entity_id IS NULL) <> (person_id IS NULL)", name=op.f("ck_remark_addressee_who")),
        _key("remark_addressee", "remark_id", "remark.id"),
        _key("remark_addressee", "entity_id", "organisation.id"),
        _key("remark_addressee", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remark_addressee")),
    )
    for column in ("remark_id", "entity_id", "person_id"):
        op.create_index(op.f(f"ix_remark_addressee_{column}"), "remark_addressee", [column])
    op.create_table(
        "remark_earlier",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("remark_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("until", UTC(), nullable=False),
        _key("remark_earlier", "remark_id", "remark.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remark_earlier")),
    )
    op.create_index(op.f("ix_remark_earlier_remark_id"), "remark_earlier", ["remark_id"])
    for table, acts in REFUSED.items():
        if op.get_bind().dialect.name == "sqlite":
            for act in acts:
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        else:
            name = f"{table}_append_only" if "UPDATE" in acts else f"{table}_no_delete"
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {' OR '.join((*acts, 'TRUNCATE'))} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def _notes_of_returned_answers() -> None:
    """A note that came with a returned answer is a remark on it from here on; one that was signed anew is answered."""
    op.execute(
        "ALTER TABLE answer ADD COLUMN returned_with_id INTEGER CONSTRAINT fk_answer_returned_with_id "
        "REFERENCES remark (id)"
    )
    op.execute(
        "INSERT INTO remark (subject_kind, subject_id, subject_part, text, at, by_id, by_name, answered_at, "
        "answered_by_id, answered_by_name) "
        "SELECT 'answer', a.id, 0, a.return_note, coalesce(a.ended_at, a.signed_at), a.ended_by_id, "
        "coalesce(p.name, 'nobody'), s.signed_at, s.signed_by_id, "
        "CASE WHEN s.id IS NULL THEN '' ELSE coalesce(q.name, 'nobody') END "
        "FROM answer a LEFT JOIN person p ON p.id = a.ended_by_id "
        "LEFT JOIN answer s ON s.cycle_month = a.cycle_month AND s.entity_id = a.entity_id AND s.ended_at IS NULL "
        "LEFT JOIN person q ON q.id = s.signed_by_id WHERE a.return_note <> '' ORDER BY a.id"
    )
    op.execute(
        "INSERT INTO remark_addressee (remark_id, entity_id) "
        "SELECT r.id, a.entity_id FROM remark r JOIN answer a ON a.id = r.subject_id ORDER BY r.id"
    )
    op.execute(
        "UPDATE answer SET returned_with_id = (SELECT r.id FROM remark r WHERE r.subject_id = answer.id) "
        "WHERE return_note <> ''"
    )
    op.drop_column("answer", "return_note")


def _views() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column(
            "kind", _choice("viewkind", "activities", "calendar", "matrix", "coverage", "where"), nullable=False
        ),
        sa.Column("query", sa.String(2000), nullable=False),
        sa.Column("scope", _choice("viewscope", "own", "entity", "everybody"), nullable=False),
        sa.Column("entity_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("made_at", UTC(), nullable=False),
        _key("saved_view", "entity_id", "organisation.id"),
        _key("saved_view", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index(op.f("ix_saved_view_entity_id"), "saved_view", ["entity_id"])
    op.create_index(op.f("ix_saved_view_person_id"), "saved_view", ["person_id"])
    op.create_table(
        "watch",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", _choice("watchkind", "activity", "event", "view", "country"), nullable=False),
        sa.Column("target", sa.String(20), nullable=False),
        sa.Column("at", UTC(), nullable=False),
        _key("watch", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("person_id", "kind", "target", name=op.f("pk_watch")),
    )
    op.create_table(
        "digest_settings",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("frequency", _choice("frequency", "monthly", "weekly", "daily", "never"), nullable=False),
        sa.Column("silenced", sa.JSON(), nullable=False),
        sa.Column("start_view_id", sa.Integer(), nullable=True),
        sa.Column("digest_on", sa.Date(), nullable=True),
        sa.Column("changes_told", sa.Integer(), nullable=False),
        sa.Column("remarks_told", sa.Integer(), nullable=False),
        sa.Column("events_told", sa.Date(), nullable=True),
        _key("digest_settings", "person_id", "person.id"),
        _key("digest_settings", "start_view_id", "saved_view.id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_digest_settings")),
    )


def downgrade() -> None:
    """The notes go back to their answers; other remarks, views and watches go with their tables."""
    op.drop_index(op.f("ix_outbox_message_to_address"), table_name="outbox_message")
    for name in OUTBOX:
        op.drop_column("outbox_message", name)
    for table in ("digest_settings", "watch", "saved_view"):
        op.drop_table(table)
    op.add_column("answer", sa.Column("return_note", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.execute(
        "UPDATE answer SET return_note = (SELECT r.text FROM remark r WHERE r.id = answer.returned_with_id) "
        "WHERE returned_with_id IS NOT NULL"
    )
    op.drop_column("answer", "returned_with_id")
    for table in ("remark_earlier", "remark_addressee", "remark"):
        op.drop_table(table)
