"""needs and offers of help, readers for countries, shared messages with versions, and agreement to both

Revision ID: 0029
Revises: 0028
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

import interagency.db.base

revision: str = "0029"
down_revision: str | Sequence[str] | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PRECISIONS = ("day", "month", "early", "mid", "late", "quarter", "half-year", "year")
INDEX = ("audience_key", "entity_id", "activity_id", "event_id")
# A version is agreed to as it was written, and who used it was told once.
APPEND_ONLY = ("message_version", "message_version_entity", "message_use")
instant = interagency.db.base.UtcDateTime


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [other], name=op.f(f"fk_{table}_{column}"), ondelete="RESTRICT")


def _link(table: str, record: str, column: str, other: str, kind: Any) -> None:
    op.create_table(
        table,
        sa.Column(f"{record}_id", sa.Integer(), nullable=False),
        sa.Column(column, kind, nullable=False),
        _refers(table, f"{record}_id", f"{record}.id"),
        _refers(table, column, other),
        sa.PrimaryKeyConstraint(f"{record}_id", column, name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    _create_needs()
    _create_messages()
    _extend_agreement()
    op.create_table(
        "country_reader",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("country_code", sa.String(2), nullable=False),
        _refers("country_reader", "person_id", "person.id"),
        _refers("country_reader", "country_code", "country.code"),
        sa.PrimaryKeyConstraint("person_id", "country_code", name=op.f("pk_country_reader")),
    )
    op.create_index(op.f("ix_country_reader_country_code"), "country_reader", ["country_code"])


def _create_needs() -> None:
    op.create_table(
        "need",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("country_code", sa.String(2), nullable=True),
        sa.Column("is_transit", sa.Boolean(), nullable=False),
        sa.Column("stated_by", _enum("statedby", "government", "others"), nullable=False),
        sa.Column("on_request", sa.Boolean(), nullable=False),
        sa.Column("stated_precision", _enum("stated_precision", *PRECISIONS), nullable=True),
        sa.Column("stated_first", sa.Date(), nullable=True),
        sa.Column("stated_last", sa.Date(), nullable=True),
        sa.Column("source", sa.String(500), nullable=False),
        sa.Column("link", sa.String(2000), nullable=False),
        sa.Column("status", _enum("needstatus", "open", "being met", "met", "withdrawn"), nullable=False),
        sa.Column("shareable", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.CheckConstraint("country_code IS NOT NULL OR is_transit", name=op.f("ck_need_whose")),
        _refers("need", "country_code", "country.code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need")),
    )
    op.create_index(op.f("ix_need_country_code"), "need", ["country_code"])
    _link("need_recommendation", "need", "recommendation_code", "recommendation.code", sa.String(8))
    op.create_index(
        "ix_need_recommendation_recommendation_code", "need_recommendation", ["recommendation_code", "need_id"]
    )
    _link("need_entity", "need", "entity_id", "organisation.id", sa.Integer())
    op.create_index("ix_need_entity_entity_id", "need_entity", ["entity_id", "need_id"])
    op.create_table(
        "need_offer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("entity_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("said_at", instant(), nullable=False),
        sa.Column("said_by_id", sa.Integer(), nullable=True),
        sa.Column("said_by_name", sa.Text(), nullable=False),
        _refers("need_offer", "need_id", "need.id"),
        _refers("need_offer", "entity_id", "organisation.id"),
        _refers("need_offer", "said_by_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_offer")),
        sa.UniqueConstraint("need_id", "entity_id", name=op.f("uq_need_offer_need_id_entity_id")),
    )
    op.create_index(op.f("ix_need_offer_entity_id"), "need_offer", ["entity_id"])


def _create_messages() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", instant(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_table(
        "message_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("chapter_number", sa.Integer(), nullable=True),
        sa.Column("level", _enum("level", "headquarters", "field", "both"), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(500), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_from IS NULL OR valid_until >= valid_from",
            name=op.f("ck_message_version_validity"),
        ),
        _refers("message_version", "message_id", "message.id"),
        _refers("message_version", "chapter_number", "chapter.number"),
        _refers("message_version", "by_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_version")),
        sa.UniqueConstraint("message_id", "number", name=op.f("uq_message_version_message_id_number")),
    )
    op.create_index(op.f("ix_message_version_chapter_number"), "message_version", ["chapter_number"])
    _link("message_version_entity", "message_version", "entity_id", "organisation.id", sa.Integer())
    op.create_index("ix_message_version_entity_entity_id", "message_version_entity", ["entity_id"])
    op.create_table(
        "message_use",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_version_id", sa.Integer(), nullable=False),
        sa.Column("entity_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.String(300), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("told_at", instant(), nullable=False),
        sa.Column("told_by_id", sa.Integer(), nullable=True),
        sa.Column("told_by_name", sa.Text(), nullable=False),
        _refers("message_use", "message_version_id", "message_version.id"),
        _refers("message_use", "entity_id", "organisation.id"),
        _refers("message_use", "told_by_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_use")),
    )
    op.create_index(op.f("ix_message_use_message_version_id"), "message_use", ["message_version_id"])
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


def _extend_agreement() -> None:
    """A column that is added brings its constraints along, which SQLite takes in no other way."""
    op.execute(
        "ALTER TABLE agreement ADD COLUMN need_id INTEGER CONSTRAINT fk_agreement_need_id REFERENCES need (id) "
        "CONSTRAINT ck_agreement_need_alone "
        "CHECK (need_id IS NULL OR (activity_id IS NULL AND event_id IS NULL))"
    )
    op.execute(
        "ALTER TABLE agreement ADD COLUMN message_version_id INTEGER CONSTRAINT fk_agreement_message_version_id "
        "REFERENCES message_version (id) CONSTRAINT ck_agreement_message_alone CHECK "
        "(message_version_id IS NULL OR (activity_id IS NULL AND event_id IS NULL AND need_id IS NULL))"
    )
    op.drop_index("ix_agreement_lookup", table_name="agreement")
    op.create_index("ix_agreement_lookup", "agreement", [*INDEX, "need_id", "message_version_id", "id"])


def downgrade() -> None:
    """What was agreed to of needs and messages goes with them."""
    op.drop_table("country_reader")
    op.drop_index("ix_agreement_lookup", table_name="agreement")
    for column, rule in (("message_version_id", "message_alone"), ("need_id", "need_alone")):
        if op.get_bind().dialect.name != "sqlite":
            op.drop_constraint(op.f(f"ck_agreement_{rule}"), "agreement", type_="check")
        op.drop_column("agreement", column)
    op.create_index("ix_agreement_lookup", "agreement", [*INDEX, "id"])
    for table in ("message_use", "message_version_entity", "message_version", "message"):
        op.drop_table(table)
    for table in ("need_offer", "need_entity", "need_recommendation", "need"):
        op.drop_table(table)
