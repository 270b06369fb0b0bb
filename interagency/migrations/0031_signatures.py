"""signing keys, signatures of editions and hand-outs, the chain over the audit log, and when the scheduler ran

Revision ID: 0031
Revises: 0025
"""

import hashlib
import json
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import interagency.db.base

revision: str = "0031"
down_revision: str | Sequence[str] | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

APPEND_ONLY = ("signing_key", "record_signature", "audit_link")
BATCH = 1000


def upgrade() -> None:
    """What the audit log holds already is chained in the order of its numbers; `interagency db upgrade` signs afterwards."""
    op.create_table(
        "signing_key",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("public", sa.String(44), nullable=False),
        sa.Column("begins_at", interagency.db.base.UtcDateTime(), nullable=False),
        sa.Column("endorsed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "record_signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("is_hand_out", sa.Boolean(), nullable=False),
        sa.Column("edition_number", sa.Integer(), nullable=True),
        sa.Column("hand_out_id", sa.Integer(), nullable=True),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(88), nullable=False),
        sa.CheckConstraint("(edition_number IS NULL) <> (hand_out_id IS NULL)", name=op.f("ck_record_signature_of")),
        sa.CheckConstraint(
            "edition_number IS NULL OR edition_number = number", name=op.f("ck_record_signature_number")
        ),
        sa.ForeignKeyConstraint(
            ["edition_number"], ["edition.number"], name=op.f("fk_record_signature_edition_number"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["hand_out_id"], ["hand_out.id"], name=op.f("fk_record_signature_hand_out_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["key_id"], ["signing_key.id"], name=op.f("fk_record_signature_key_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_signature")),
        sa.UniqueConstraint("edition_number", name=op.f("uq_record_signature_edition_number")),
        sa.UniqueConstraint("hand_out_id", name=op.f("uq_record_signature_hand_out_id")),
        sa.UniqueConstraint("is_hand_out", "number", name=op.f("uq_record_signature_is_hand_out_number")),
    )
    op.create_index(op.f("ix_record_signature_key_id"), "record_signature", ["key_id"])
    op.create_table(
        "audit_link",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["audit_entry.id"], name=op.f("fk_audit_link_entry_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_link")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_link_entry_id")),
    )
    op.create_table(
        "last_run",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("at", interagency.db.base.UtcDateTime(), nullable=False),
        sa.Column("until", interagency.db.base.UtcDateTime(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_last_run")),
    )
    _link_what_is_there()
    for table in APPEND_ONLY:
        if op.get_bind().dialect.name == "sqlite":
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def _link_what_is_there() -> None:
    entry = sa.table(
        "audit_entry",
        sa.column("id", sa.Integer),
        sa.column("at", interagency.db.base.UtcDateTime()),
        sa.column("act", sa.Text),
        sa.column("by_id", sa.Integer),
        sa.column("by_name", sa.Text),
        sa.column("details", sa.JSON),
    )
    link = sa.table("audit_link", sa.column("position"), sa.column("entry_id"), sa.column("digest"))
    last, position, digest = 0, 0, "0" * 64
    while True:
        query = sa.select(entry).where(entry.c.id > last).order_by(entry.c.id).limit(BATCH)
        rows = op.get_bind().execute(query).all()
        if not rows:
            return
        links = []
        for number, at, *rest in rows:
            text = json.dumps(
                [number, at.isoformat(), *rest], sort_keys=True, ensure_ascii=False, separators=(",", ":")
            )
            position, digest = position + 1, hashlib.sha256(f"{digest}{text}".encode()).hexdigest()
            links.append({"position": position, "entry_id": number, "digest": digest})
        op.get_bind().execute(sa.insert(link), links)
        last = rows[-1].id


def downgrade() -> None:
    """The triggers go with their tables."""
    for table in ("last_run", *reversed(APPEND_ONLY)):
        op.drop_table(table)
