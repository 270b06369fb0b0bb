"""invitations to events by mail, the answers that come back, and mails that hold a calendar

Revision ID: 0032
Revises: 0025
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from interagency.db.base import UtcDateTime

revision: str = "0032"
down_revision: str | Sequence[str] | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ANSWERS = ("none", "accepted", "tentative", "declined")
_OUTCOMES = ("answered", "proposed", "outdated", "over", "returned", "automatic", "aside")
_REASONS = (
    *("no answer", "too large", "not read", "not an answer", "unsigned", "wrongly signed", "two people", "other event"),
    *("other person", "delegated", "unknown answer", "no such date", "never sent"),
)
_OF_MAILS = ("calendar", "calendar_method", "from_address")


def _enum(name: str, *members: str) -> sa.Enum:
    return sa.Enum(*members, name=name, native_enum=False, create_constraint=True, length=40)


def _local(name: str, *, nullable: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.DateTime(timezone=False), nullable=nullable)


def _key(table: str, name: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [target], name=op.f(f"fk_{table}_{name}"), ondelete=ondelete)


def upgrade() -> None:
    for name in _OF_MAILS:
        op.add_column("outbox_message", sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''")))
    _create_invitees()
    _create_invitations()
    _create_dates()
    _create_mails()


def _create_invitees() -> None:
    op.create_table(
        "invitee",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("entity_id", sa.Integer(), nullable=True),
        sa.Column("invited_at", UtcDateTime(), nullable=False),
        sa.Column("invited_by_id", sa.Integer(), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("checked_version", sa.Integer(), nullable=False),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        _key("invitee", "event_id", "event.id", "CASCADE"),
        _key("invitee", "person_id", "person.id", "RESTRICT"),
        _key("invitee", "entity_id", "organisation.id", "RESTRICT"),
        _key("invitee", "invited_by_id", "person.id", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitee")),
        sa.UniqueConstraint("event_id", "address", name=op.f("uq_invitee_event_id_address")),
    )
    op.create_index(op.f("ix_invitee_address"), "invitee", ["address"])
    op.create_index(op.f("ix_invitee_person_id"), "invitee", ["person_id"])


def _create_invitations() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invitee_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("asked_sequence", sa.Integer(), nullable=False),
        sa.Column("sent_count", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("told", sa.JSON(), nullable=True),
        sa.Column("leaving", sa.JSON(), nullable=True),
        sa.Column("answer", _enum("answer", *_ANSWERS), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answered_by", _enum("answeredby", "mail", "link", "person"), nullable=True),
        sa.Column("answer_sequence", sa.Integer(), nullable=True),
        sa.Column("answer_stamp", UtcDateTime(), nullable=True),
        sa.Column("answer_address", sa.String(254), nullable=False),
        sa.Column("comment", sa.String(1000), nullable=False),
        _key("invitation", "invitee_id", "invitee.id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("invitee_id", "number", name=op.f("uq_invitation_invitee_id_number")),
    )


def _create_dates() -> None:
    op.create_table(
        "invited_date",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        _local("original"),
        sa.Column("asked_sequence", sa.Integer(), nullable=False),
        sa.Column("answer", _enum("answer", *_ANSWERS), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answer_sequence", sa.Integer(), nullable=True),
        sa.Column("answer_stamp", UtcDateTime(), nullable=True),
        _key("invited_date", "invitation_id", "invitation.id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invited_date")),
        sa.UniqueConstraint("invitation_id", "original", name=op.f("uq_invited_date_invitation_id_original")),
    )
    op.create_table(
        "invitation_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        _local("original", nullable=True),
        _local("start"),
        _local("end"),
        sa.Column("has_hours", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.String(1000), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        _key("invitation_proposal", "invitation_id", "invitation.id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation_proposal")),
    )
    op.create_index(op.f("ix_invitation_proposal_invitation_id"), "invitation_proposal", ["invitation_id"])


def _create_mails() -> None:
    op.create_table(
        "received_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("from_address", sa.String(254), nullable=False),
        sa.Column("from_name", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("outcome", _enum("outcome", *_OUTCOMES), nullable=False),
        sa.Column("reason", _enum("reason", *_REASONS), nullable=True),
        sa.Column("invitee_id", sa.Integer(), nullable=True),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_by_id", sa.Integer(), nullable=True),
        _key("received_mail", "invitee_id", "invitee.id", "SET NULL"),
        _key("received_mail", "settled_by_id", "person.id", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_mail")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_received_mail_fingerprint")),
    )
    op.create_index(op.f("ix_received_mail_outcome"), "received_mail", ["outcome"])
    op.create_index(op.f("ix_received_mail_invitee_id"), "received_mail", ["invitee_id"])
    op.create_table(
        "mailbox",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_mailbox")),
    )


def downgrade() -> None:
    for table in ("mailbox", "received_mail", "invitation_proposal", "invited_date", "invitation", "invitee"):
        op.drop_table(table)
    for name in reversed(_OF_MAILS):
        op.drop_column("outbox_message", name)
