"""the whole domain

Revision ID: 0001
Revises: 
Create Date: 2026-11-21 03:21:57.967756

"""
from collections.abc import Sequence

from alembic import op
import sqlalchemy as sa

import interagency.db.base


# revision identifiers, used by Alembic.
revision: str = '0001'
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = ('default',)
depends_on: str | Sequence[str] | None = None


# What was said and done is never unsaid: the database itself refuses to change these rows.
APPEND_ONLY = ("change", "audit_entry", "edition", "agreement", "hand_out_use")


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _allow_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for act in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_no_{act}")
        return
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    op.execute("DROP FUNCTION refuse_change()")


def upgrade() -> None:
    """Every table of the domain."""
    op.create_table('activity',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('sample_key', sa.String(length=60), nullable=True),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('start_precision', sa.Enum('day', 'month', 'early', 'mid', 'late', 'quarter', 'half-year', 'year', name='start_precision', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('level', sa.Enum('headquarters', 'field', 'both', name='level', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('scope', sa.Enum('global', 'interregional', 'regional', 'national', name='scope', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('status', sa.Enum('planned', 'ongoing', 'completed', 'suspended', 'cancelled', name='status', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('start_first', sa.Date(), nullable=True),
    sa.Column('start_last', sa.Date(), nullable=True),
    sa.Column('end_first', sa.Date(), nullable=True),
    sa.Column('end_last', sa.Date(), nullable=True),
    sa.Column('end_precision', sa.Enum('day', 'month', 'early', 'mid', 'late', 'quarter', 'half-year', 'year', name='end_precision', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('partners_incomplete', sa.Boolean(), nullable=False),
    sa.Column('results', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('link', sa.Text(), nullable=False),
    sa.Column('contact', sa.Text(), nullable=False),
    sa.Column('remarks', sa.Text(), nullable=False),
    sa.Column('is_listed', sa.Boolean(), nullable=False),
    sa.Column('merged_into_id', sa.Integer(), nullable=True),
    sa.Column('is_joint', sa.Boolean(), nullable=False),
    sa.Column('search_text', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('updated_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.CheckConstraint('start_first IS NULL OR end_last IS NULL OR end_last >= start_first', name=op.f('ck_activity_period')),
    sa.ForeignKeyConstraint(['merged_into_id'], ['activity.id'], name=op.f('fk_activity_merged_into_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_activity')),
    sa.UniqueConstraint('sample_key', name=op.f('uq_activity_sample_key'))
    )
    op.create_index(op.f('ix_activity_is_joint'), 'activity', ['is_joint'], unique=False)
    op.create_index('ix_activity_listed', 'activity', ['is_listed', 'start_first', 'id'], unique=False)
    op.create_table('audience',
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_audience')),
    sa.UniqueConstraint('name', name=op.f('uq_audience_name'))
    )
    op.create_table('chapter',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_chapter'))
    )
    op.create_table('event_series',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_series')),
    sa.UniqueConstraint('title', name=op.f('uq_event_series_title'))
    )
    op.create_table('feed_revision',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('changed_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feed_revision'))
    )
    op.create_table('person',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('role', sa.Enum('reader', 'coordinator', 'administrator', name='role', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=True),
    sa.Column('timezone', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=10), nullable=False),
    sa.Column('created_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('disabled_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.Column('session_epoch', sa.Integer(), nullable=False),
    sa.Column('totp_secret', sa.Text(), nullable=True),
    sa.Column('totp_last_step', sa.Integer(), nullable=True),
    sa.Column('oidc_subject', sa.String(length=400), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sa.UniqueConstraint('email', name=op.f('uq_person_email')),
    sa.UniqueConstraint('oidc_subject', name=op.f('uq_person_oidc_subject'))
    )
    op.create_table('region',
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('parent_code', sa.String(length=40), nullable=True),
    sa.Column('other_names', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['parent_code'], ['region.code'], name=op.f('fk_region_parent_code'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_region')),
    sa.UniqueConstraint('name', name=op.f('uq_region_name'))
    )
    op.create_table('sdg_goal',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_sdg_goal'))
    )
    op.create_table('access_token',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('feed', 'external', 'download', name='tokenkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('label', sa.String(length=200), nullable=False),
    sa.Column('made_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('expires_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.Column('revoked_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.Column('last_used_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_access_token_person_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_access_token')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_access_token_token_hash'))
    )
    op.create_index(op.f('ix_access_token_person_id'), 'access_token', ['person_id'], unique=False)
    op.create_table('activity_chapter',
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.Column('chapter_number', sa.Integer(), nullable=False),
    sa.Column('by_hand', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_activity_chapter_activity_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['chapter_number'], ['chapter.number'], name=op.f('fk_activity_chapter_chapter_number'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('activity_id', 'chapter_number', name=op.f('pk_activity_chapter'))
    )
    op.create_index('ix_activity_chapter_chapter', 'activity_chapter', ['chapter_number', 'activity_id'], unique=False)
    op.create_table('activity_region',
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.Column('region_code', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_activity_region_activity_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_activity_region_region_code'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('activity_id', 'region_code', name=op.f('pk_activity_region'))
    )
    op.create_index('ix_activity_region_region_code', 'activity_region', ['region_code', 'activity_id'], unique=False)
    op.create_table('activity_sdg_goal',
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.Column('goal_number', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_activity_sdg_goal_activity_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['goal_number'], ['sdg_goal.number'], name=op.f('fk_activity_sdg_goal_goal_number'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('activity_id', 'goal_number', name=op.f('pk_activity_sdg_goal'))
    )
    op.create_index('ix_activity_sdg_goal_goal_number', 'activity_sdg_goal', ['goal_number', 'activity_id'], unique=False)
    op.create_table('audit_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('act', sa.String(length=60), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('by_name', sa.Text(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['person.id'], name=op.f('fk_audit_entry_by_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entry'))
    )
    op.create_index(op.f('ix_audit_entry_act'), 'audit_entry', ['act'], unique=False)
    op.create_index(op.f('ix_audit_entry_at'), 'audit_entry', ['at'], unique=False)
    op.create_table('calendar_import',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('checksum', sa.String(length=64), nullable=False),
    sa.Column('result', sa.JSON(), nullable=False),
    sa.Column('undone_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_calendar_import_person_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_import'))
    )
    op.create_table('change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('record_type', sa.String(length=40), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('record_version', sa.Integer(), nullable=False),
    sa.Column('action', sa.Enum('created', 'changed', 'confirmed', 'declined', 'merged', 'ended', name='action', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('by_name', sa.Text(), nullable=False),
    sa.Column('fields', sa.JSON(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['person.id'], name=op.f('fk_change_by_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change'))
    )
    op.create_index('ix_change_record', 'change', ['record_type', 'record_id', 'id'], unique=False)
    op.create_table('country',
    sa.Column('code', sa.String(length=2), nullable=False),
    sa.Column('alpha3', sa.String(length=3), nullable=False),
    sa.Column('m49', sa.String(length=3), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('is_member_state', sa.Boolean(), nullable=False),
    sa.Column('region_code', sa.String(length=40), nullable=False),
    sa.Column('other_names', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_country_region_code'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_country')),
    sa.UniqueConstraint('alpha3', name=op.f('uq_country_alpha3')),
    sa.UniqueConstraint('m49', name=op.f('uq_country_m49')),
    sa.UniqueConstraint('name', name=op.f('uq_country_name'))
    )
    op.create_index(op.f('ix_country_region_code'), 'country', ['region_code'], unique=False)
    op.create_table('cycle',
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('state', sa.Enum('open', 'closed', name='cyclestate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('opened_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('due_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('waits_for_all', sa.Boolean(), nullable=False),
    sa.Column('closed_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.Column('closed_by_id', sa.Integer(), nullable=True),
    sa.Column('reopened_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.Column('reopened_reason', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['closed_by_id'], ['person.id'], name=op.f('fk_cycle_closed_by_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('month', name=op.f('pk_cycle'))
    )
    op.create_table('figure',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('number', sa.Numeric(precision=18, scale=4), nullable=False),
    sa.Column('qualifier', sa.Enum('exactly', 'about', 'more than', 'estimated', name='qualifier', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('unit', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_figure_activity_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_figure'))
    )
    op.create_index(op.f('ix_figure_activity_id'), 'figure', ['activity_id'], unique=False)
    op.create_table('header_mapping',
    sa.Column('headers_hash', sa.String(length=64), nullable=False),
    sa.Column('mapping', sa.JSON(), nullable=False),
    sa.Column('saved_by_id', sa.Integer(), nullable=True),
    sa.Column('saved_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['saved_by_id'], ['person.id'], name=op.f('fk_header_mapping_saved_by_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('headers_hash', name=op.f('pk_header_mapping'))
    )
    op.create_table('matrix_import',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('checksum', sa.String(length=64), nullable=False),
    sa.Column('contents', sa.LargeBinary(), nullable=True),
    sa.Column('state', sa.Enum('previewed', 'applied', 'undone', 'discarded', name='importstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('preview', sa.JSON(), nullable=False),
    sa.Column('result', sa.JSON(), nullable=False),
    sa.Column('applied_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.Column('undone_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_matrix_import_person_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_matrix_import'))
    )
    op.create_index(op.f('ix_matrix_import_checksum'), 'matrix_import', ['checksum'], unique=False)
    op.create_index(op.f('ix_matrix_import_person_id'), 'matrix_import', ['person_id'], unique=False)
    op.create_table('milestone',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('due_first', sa.Date(), nullable=True),
    sa.Column('due_last', sa.Date(), nullable=True),
    sa.Column('due_precision', sa.Enum('day', 'month', 'early', 'mid', 'late', 'quarter', 'half-year', 'year', name='due_precision', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('reached_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_milestone_activity_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_milestone'))
    )
    op.create_index(op.f('ix_milestone_activity_id'), 'milestone', ['activity_id'], unique=False)
    op.create_table('one_time_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.Enum('invitation', 'reset', name='linkpurpose', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('made_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('made_by_id', sa.Integer(), nullable=True),
    sa.Column('expires_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('used_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.Column('revoked_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['made_by_id'], ['person.id'], name=op.f('fk_one_time_link_made_by_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_one_time_link_person_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_one_time_link')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_one_time_link_token_hash'))
    )
    op.create_index(op.f('ix_one_time_link_person_id'), 'one_time_link', ['person_id'], unique=False)
    op.create_table('recovery_code',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('used_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_recovery_code_person_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery_code'))
    )
    op.create_index(op.f('ix_recovery_code_person_id'), 'recovery_code', ['person_id'], unique=False)
    op.create_table('sdg_target',
    sa.Column('code', sa.String(length=8), nullable=False),
    sa.Column('goal_number', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['goal_number'], ['sdg_goal.number'], name=op.f('fk_sdg_target_goal_number'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_sdg_target')),
    sa.UniqueConstraint('position', name=op.f('uq_sdg_target_position'))
    )
    op.create_index(op.f('ix_sdg_target_goal_number'), 'sdg_target', ['goal_number'], unique=False)
    op.create_table('section',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('chapter_number', sa.Integer(), nullable=False),
    sa.Column('parent_id', sa.Integer(), nullable=True),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['chapter_number'], ['chapter.number'], name=op.f('fk_section_chapter_number'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['parent_id'], ['section.id'], name=op.f('fk_section_parent_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_section')),
    sa.UniqueConstraint('chapter_number', 'title', name=op.f('uq_section_chapter_number_title')),
    sa.UniqueConstraint('position', name=op.f('uq_section_position'))
    )
    op.create_table('sign_in',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('began_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('last_seen_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('ended_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.Column('label', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_sign_in_person_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_sign_in_token_hash'))
    )
    op.create_index(op.f('ix_sign_in_person_id'), 'sign_in', ['person_id'], unique=False)
    op.create_table('verdict',
    sa.Column('first_id', sa.Integer(), nullable=False),
    sa.Column('second_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('same', 'related', 'distinct', name='verdictkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('said_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('said_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('first_id < second_id', name=op.f('ck_verdict_order')),
    sa.ForeignKeyConstraint(['first_id'], ['activity.id'], name=op.f('fk_verdict_first_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['said_by_id'], ['person.id'], name=op.f('fk_verdict_said_by_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['second_id'], ['activity.id'], name=op.f('fk_verdict_second_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('first_id', 'second_id', name=op.f('pk_verdict'))
    )
    op.create_index(op.f('ix_verdict_second_id'), 'verdict', ['second_id'], unique=False)
    op.create_table('activity_country',
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.Column('country_code', sa.String(length=2), nullable=False),
    sa.Column('role', sa.Enum('beneficiary', 'host', 'partner', 'subject', name='countryrole', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_activity_country_activity_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['country_code'], ['country.code'], name=op.f('fk_activity_country_country_code'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('activity_id', 'country_code', 'role', name=op.f('pk_activity_country'))
    )
    op.create_index('ix_activity_country_country', 'activity_country', ['country_code', 'activity_id'], unique=False)
    op.create_table('activity_sdg_target',
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.Column('target_code', sa.String(length=8), nullable=False),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_activity_sdg_target_activity_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['target_code'], ['sdg_target.code'], name=op.f('fk_activity_sdg_target_target_code'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('activity_id', 'target_code', name=op.f('pk_activity_sdg_target'))
    )
    op.create_index('ix_activity_sdg_target_target_code', 'activity_sdg_target', ['target_code', 'activity_id'], unique=False)
    op.create_table('edition',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('cycle_month', sa.String(length=7), nullable=False),
    sa.Column('issue', sa.Integer(), nullable=False),
    sa.Column('made_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('made_by_name', sa.Text(), nullable=False),
    sa.Column('format_version', sa.Integer(), nullable=False),
    sa.Column('checksum', sa.String(length=64), nullable=False),
    sa.Column('contents', sa.LargeBinary(), nullable=False),
    sa.Column('activity_count', sa.Integer(), nullable=False),
    sa.Column('event_count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['cycle_month'], ['cycle.month'], name=op.f('fk_edition_cycle_month'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_edition')),
    sa.UniqueConstraint('cycle_month', 'issue', name=op.f('uq_edition_cycle_month_issue'))
    )
    op.create_table('event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('sample_key', sa.String(length=60), nullable=True),
    sa.Column('uid', sa.String(length=255), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('kind', sa.Enum('session', 'thematic discussion', 'side event', 'expert group meeting', 'training', 'workshop', 'briefing', 'launch', 'web meeting', 'observance', 'deadline', name='eventkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('status', sa.Enum('tentative', 'confirmed', 'postponed', 'cancelled', 'held', name='eventstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('mode', sa.Enum('in person', 'online', 'hybrid', 'webcast', name='mode', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('venue', sa.Text(), nullable=False),
    sa.Column('city', sa.Text(), nullable=False),
    sa.Column('country_code', sa.String(length=2), nullable=True),
    sa.Column('latitude', sa.Double(), nullable=True),
    sa.Column('longitude', sa.Double(), nullable=True),
    sa.Column('timezone', sa.Text(), nullable=True),
    sa.Column('meant_for', sa.Text(), nullable=False),
    sa.Column('shareable', sa.Boolean(), nullable=False),
    sa.Column('parent_id', sa.Integer(), nullable=True),
    sa.Column('series_id', sa.Integer(), nullable=True),
    sa.Column('series_number', sa.Integer(), nullable=True),
    sa.Column('milestone_id', sa.Integer(), nullable=True),
    sa.Column('rrule', sa.Text(), nullable=False),
    sa.Column('participants_incomplete', sa.Boolean(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('remarks', sa.Text(), nullable=False),
    sa.Column('illustrative', sa.Boolean(), nullable=False),
    sa.Column('cancelled_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.Column('is_listed', sa.Boolean(), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=True),
    sa.Column('last_day', sa.Date(), nullable=True),
    sa.Column('search_text', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('updated_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['country_code'], ['country.code'], name=op.f('fk_event_country_code'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['milestone_id'], ['milestone.id'], name=op.f('fk_event_milestone_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['parent_id'], ['event.id'], name=op.f('fk_event_parent_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['series_id'], ['event_series.id'], name=op.f('fk_event_series_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event')),
    sa.UniqueConstraint('sample_key', name=op.f('uq_event_sample_key')),
    sa.UniqueConstraint('uid', name=op.f('uq_event_uid'))
    )
    op.create_index(op.f('ix_event_country_code'), 'event', ['country_code'], unique=False)
    op.create_index(op.f('ix_event_parent_id'), 'event', ['parent_id'], unique=False)
    op.create_index('ix_event_period', 'event', ['first_day', 'last_day', 'id'], unique=False)
    op.create_table('organisation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('acronym', sa.String(length=40), nullable=True),
    sa.Column('name', sa.String(length=300), nullable=False),
    sa.Column('kind', sa.Enum('un_entity', 'un_body', 'international_organisation', 'regional_organisation', 'international_financial_institution', 'civil_society', 'academia', 'government', 'private_sector', 'network', name='organisationkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('is_entity', sa.Boolean(), nullable=False),
    sa.Column('answers', sa.Boolean(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('parent_id', sa.Integer(), nullable=True),
    sa.Column('country_code', sa.String(length=2), nullable=True),
    sa.Column('retired_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['country_code'], ['country.code'], name=op.f('fk_organisation_country_code'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['parent_id'], ['organisation.id'], name=op.f('fk_organisation_parent_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_organisation')),
    sa.UniqueConstraint('acronym', name=op.f('uq_organisation_acronym')),
    sa.UniqueConstraint('key', name=op.f('uq_organisation_key')),
    sa.UniqueConstraint('name', name=op.f('uq_organisation_name'))
    )
    op.create_index(op.f('ix_organisation_is_entity'), 'organisation', ['is_entity'], unique=False)
    op.create_table('recommendation',
    sa.Column('code', sa.String(length=8), nullable=False),
    sa.Column('chapter_number', sa.Integer(), nullable=False),
    sa.Column('section_id', sa.Integer(), nullable=True),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('addressee', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['chapter_number'], ['chapter.number'], name=op.f('fk_recommendation_chapter_number'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['section_id'], ['section.id'], name=op.f('fk_recommendation_section_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_recommendation')),
    sa.UniqueConstraint('position', name=op.f('uq_recommendation_position'))
    )
    op.create_index(op.f('ix_recommendation_chapter_number'), 'recommendation', ['chapter_number'], unique=False)
    op.create_index(op.f('ix_recommendation_section_id'), 'recommendation', ['section_id'], unique=False)
    op.create_table('subscription',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('token_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('filters', sa.JSON(), nullable=False),
    sa.Column('made_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_subscription_person_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['token_id'], ['access_token.id'], name=op.f('fk_subscription_token_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription')),
    sa.UniqueConstraint('token_id', name=op.f('uq_subscription_token_id'))
    )
    op.create_index(op.f('ix_subscription_person_id'), 'subscription', ['person_id'], unique=False)
    op.create_table('activity_entity',
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.Column('entity_id', sa.Integer(), nullable=False),
    sa.Column('is_lead', sa.Boolean(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('participation', sa.Enum('awaited', 'confirmed', 'declined', name='participation', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('answered_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.Column('answered_by_id', sa.Integer(), nullable=True),
    sa.Column('confirmed_month', sa.String(length=7), nullable=True),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_activity_entity_activity_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['answered_by_id'], ['person.id'], name=op.f('fk_activity_entity_answered_by_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['entity_id'], ['organisation.id'], name=op.f('fk_activity_entity_entity_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('activity_id', 'entity_id', name=op.f('pk_activity_entity'))
    )
    op.create_index('ix_activity_entity_entity', 'activity_entity', ['entity_id', 'activity_id'], unique=False)
    op.create_index('uq_activity_entity_lead', 'activity_entity', ['activity_id'], unique=True, sqlite_where=sa.text('is_lead'), postgresql_where=sa.text('is_lead'))
    op.create_table('activity_partner',
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_activity_partner_activity_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_activity_partner_organisation_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('activity_id', 'organisation_id', name=op.f('pk_activity_partner'))
    )
    op.create_index('ix_activity_partner_organisation_id', 'activity_partner', ['organisation_id', 'activity_id'], unique=False)
    op.create_table('activity_recommendation',
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.Column('recommendation_code', sa.String(length=8), nullable=False),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_activity_recommendation_activity_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['recommendation_code'], ['recommendation.code'], name=op.f('fk_activity_recommendation_recommendation_code'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('activity_id', 'recommendation_code', name=op.f('pk_activity_recommendation'))
    )
    op.create_index('ix_activity_recommendation_recommendation_code', 'activity_recommendation', ['recommendation_code', 'activity_id'], unique=False)
    op.create_table('agreement',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('audience_key', sa.String(length=60), nullable=False),
    sa.Column('entity_id', sa.Integer(), nullable=False),
    sa.Column('activity_id', sa.Integer(), nullable=True),
    sa.Column('event_id', sa.Integer(), nullable=True),
    sa.Column('decision', sa.Enum('agreed', 'refused', 'as default', name='decision', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('beyond_default', sa.Boolean(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('said_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('said_by_id', sa.Integer(), nullable=True),
    sa.Column('said_by_name', sa.Text(), nullable=False),
    sa.CheckConstraint('activity_id IS NULL OR event_id IS NULL', name=op.f('ck_agreement_one_record')),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_agreement_activity_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['audience_key'], ['audience.key'], name=op.f('fk_agreement_audience_key'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['entity_id'], ['organisation.id'], name=op.f('fk_agreement_entity_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_agreement_event_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['said_by_id'], ['person.id'], name=op.f('fk_agreement_said_by_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement'))
    )
    op.create_index('ix_agreement_lookup', 'agreement', ['audience_key', 'entity_id', 'activity_id', 'event_id', 'id'], unique=False)
    op.create_table('answer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('cycle_month', sa.String(length=7), nullable=False),
    sa.Column('entity_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('updated', 'confirmed unchanged', 'nothing to report', name='answerkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('signed_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('signed_by_id', sa.Integer(), nullable=True),
    sa.Column('on_behalf_reason', sa.Text(), nullable=False),
    sa.Column('comment', sa.Text(), nullable=False),
    sa.Column('ended_at', interagency.db.base.UtcDateTime(), nullable=True),
    sa.Column('ended_by_id', sa.Integer(), nullable=True),
    sa.Column('return_note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['cycle_month'], ['cycle.month'], name=op.f('fk_answer_cycle_month'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['ended_by_id'], ['person.id'], name=op.f('fk_answer_ended_by_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['entity_id'], ['organisation.id'], name=op.f('fk_answer_entity_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['signed_by_id'], ['person.id'], name=op.f('fk_answer_signed_by_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_answer'))
    )
    op.create_index(op.f('ix_answer_entity_id'), 'answer', ['entity_id'], unique=False)
    op.create_index('uq_answer_standing', 'answer', ['cycle_month', 'entity_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('appointment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('entity_id', sa.Integer(), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=True),
    sa.Column('made_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('made_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('last_day IS NULL OR last_day >= first_day', name=op.f('ck_appointment_order')),
    sa.ForeignKeyConstraint(['entity_id'], ['organisation.id'], name=op.f('fk_appointment_entity_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['made_by_id'], ['person.id'], name=op.f('fk_appointment_made_by_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_appointment_person_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appointment'))
    )
    op.create_index(op.f('ix_appointment_entity_id'), 'appointment', ['entity_id'], unique=False)
    op.create_index(op.f('ix_appointment_person_id'), 'appointment', ['person_id'], unique=False)
    op.create_table('event_activity',
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('activity_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['activity_id'], ['activity.id'], name=op.f('fk_event_activity_activity_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_event_activity_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'activity_id', name=op.f('pk_event_activity'))
    )
    op.create_index('ix_event_activity_activity_id', 'event_activity', ['activity_id', 'event_id'], unique=False)
    op.create_table('event_chapter',
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('chapter_number', sa.Integer(), nullable=False),
    sa.Column('by_day', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['chapter_number'], ['chapter.number'], name=op.f('fk_event_chapter_chapter_number'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_event_chapter_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'chapter_number', name=op.f('pk_event_chapter'))
    )
    op.create_index('ix_event_chapter_chapter', 'event_chapter', ['chapter_number', 'event_id'], unique=False)
    op.create_table('event_document',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('is_permitted', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_event_document_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['owner_id'], ['organisation.id'], name=op.f('fk_event_document_owner_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_document'))
    )
    op.create_index(op.f('ix_event_document_event_id'), 'event_document', ['event_id'], unique=False)
    op.create_table('event_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('page', 'meeting', 'webcast', name='linkkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_event_link_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_link'))
    )
    op.create_index(op.f('ix_event_link_event_id'), 'event_link', ['event_id'], unique=False)
    op.create_table('event_organisation',
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('part', sa.Enum('organiser', 'participant', name='part', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('confirmed_month', sa.String(length=7), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_event_organisation_event_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_event_organisation_organisation_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('event_id', 'organisation_id', 'part', name=op.f('pk_event_organisation'))
    )
    op.create_index('ix_event_organisation_organisation', 'event_organisation', ['organisation_id', 'event_id'], unique=False)
    op.create_table('extension',
    sa.Column('cycle_month', sa.String(length=7), nullable=False),
    sa.Column('entity_id', sa.Integer(), nullable=False),
    sa.Column('due_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('given_by_id', sa.Integer(), nullable=True),
    sa.Column('given_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['cycle_month'], ['cycle.month'], name=op.f('fk_extension_cycle_month'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['entity_id'], ['organisation.id'], name=op.f('fk_extension_entity_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['given_by_id'], ['person.id'], name=op.f('fk_extension_given_by_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('cycle_month', 'entity_id', name=op.f('pk_extension'))
    )
    op.create_table('hand_out',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('edition_number', sa.Integer(), nullable=False),
    sa.Column('audience_key', sa.String(length=60), nullable=False),
    sa.Column('form', sa.String(length=60), nullable=False),
    sa.Column('country_code', sa.String(length=2), nullable=True),
    sa.Column('token_id', sa.Integer(), nullable=False),
    sa.Column('recipient', sa.Text(), nullable=False),
    sa.Column('contents', sa.LargeBinary(), nullable=False),
    sa.Column('checksum', sa.String(length=64), nullable=False),
    sa.Column('handed_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('handed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['audience_key'], ['audience.key'], name=op.f('fk_hand_out_audience_key'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['country_code'], ['country.code'], name=op.f('fk_hand_out_country_code'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['edition_number'], ['edition.number'], name=op.f('fk_hand_out_edition_number'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['handed_by_id'], ['person.id'], name=op.f('fk_hand_out_handed_by_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['token_id'], ['access_token.id'], name=op.f('fk_hand_out_token_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hand_out')),
    sa.UniqueConstraint('token_id', name=op.f('uq_hand_out_token_id'))
    )
    op.create_table('mandate',
    sa.Column('entity_id', sa.Integer(), nullable=False),
    sa.Column('recommendation_code', sa.String(length=8), nullable=False),
    sa.Column('declared_by_id', sa.Integer(), nullable=True),
    sa.Column('declared_at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['declared_by_id'], ['person.id'], name=op.f('fk_mandate_declared_by_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['entity_id'], ['organisation.id'], name=op.f('fk_mandate_entity_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['recommendation_code'], ['recommendation.code'], name=op.f('fk_mandate_recommendation_code'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('entity_id', 'recommendation_code', name=op.f('pk_mandate'))
    )
    op.create_index(op.f('ix_mandate_recommendation_code'), 'mandate', ['recommendation_code'], unique=False)
    op.create_table('occurrence_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('original', sa.DateTime(), nullable=False),
    sa.Column('start', sa.DateTime(), nullable=True),
    sa.Column('end', sa.DateTime(), nullable=True),
    sa.Column('is_cancelled', sa.Boolean(), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_occurrence_change_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_occurrence_change')),
    sa.UniqueConstraint('event_id', 'original', name=op.f('uq_occurrence_change_event_id_original'))
    )
    op.create_table('organisation_name',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=300), nullable=False),
    sa.Column('kind', sa.Enum('former', 'spelling', name='namekind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_organisation_name_organisation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_organisation_name')),
    sa.UniqueConstraint('organisation_id', 'name', name=op.f('uq_organisation_name_organisation_id_name'))
    )
    op.create_table('segment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('start_precision', sa.Enum('day', 'month', 'early', 'mid', 'late', 'quarter', 'half-year', 'year', name='start_precision', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('start_first', sa.Date(), nullable=True),
    sa.Column('start_last', sa.Date(), nullable=True),
    sa.Column('end_precision', sa.Enum('day', 'month', 'early', 'mid', 'late', 'quarter', 'half-year', 'year', name='end_precision', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('end_first', sa.Date(), nullable=True),
    sa.Column('end_last', sa.Date(), nullable=True),
    sa.Column('start_time', sa.Time(), nullable=True),
    sa.Column('end_time', sa.Time(), nullable=True),
    sa.CheckConstraint('(start_time IS NULL) = (end_time IS NULL)', name=op.f('ck_segment_times')),
    sa.CheckConstraint('end_last >= start_first', name=op.f('ck_segment_period')),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_segment_event_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_segment')),
    sa.UniqueConstraint('event_id', 'number', name=op.f('uq_segment_event_id_number'))
    )
    op.create_index(op.f('ix_segment_start_first'), 'segment', ['start_first'], unique=False)
    op.create_table('hand_out_use',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('hand_out_id', sa.Integer(), nullable=False),
    sa.Column('at', interagency.db.base.UtcDateTime(), nullable=False),
    sa.Column('file_format', sa.String(length=20), nullable=False),
    sa.ForeignKeyConstraint(['hand_out_id'], ['hand_out.id'], name=op.f('fk_hand_out_use_hand_out_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hand_out_use'))
    )
    op.create_index(op.f('ix_hand_out_use_hand_out_id'), 'hand_out_use', ['hand_out_id'], unique=False)
    op.create_table('segment_day',
    sa.Column('segment_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('chapter_number', sa.Integer(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['chapter_number'], ['chapter.number'], name=op.f('fk_segment_day_chapter_number'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['segment_id'], ['segment.id'], name=op.f('fk_segment_day_segment_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('segment_id', 'day', name=op.f('pk_segment_day'))
    )
    _refuse_changes()


def downgrade() -> None:
    """Back to nothing."""
    _allow_changes()
    # Rows that point at rows of their own table would keep SQLite from dropping it.
    for table, column in (
        ("organisation", "parent_id"),
        ("region", "parent_code"),
        ("section", "parent_id"),
        ("event", "parent_id"),
        ("activity", "merged_into_id"),
    ):
        op.execute(f"UPDATE {table} SET {column} = NULL")
    op.drop_table('segment_day')
    op.drop_index(op.f('ix_hand_out_use_hand_out_id'), table_name='hand_out_use')
    op.drop_table('hand_out_use')
    op.drop_index(op.f('ix_segment_start_first'), table_name='segment')
    op.drop_table('segment')
    op.drop_table('organisation_name')
    op.drop_table('occurrence_change')
    op.drop_index(op.f('ix_mandate_recommendation_code'), table_name='mandate')
    op.drop_table('mandate')
    op.drop_table('hand_out')
    op.drop_table('extension')
    op.drop_index('ix_event_organisation_organisation', table_name='event_organisation')
    op.drop_table('event_organisation')
    op.drop_index(op.f('ix_event_link_event_id'), table_name='event_link')
    op.drop_table('event_link')
    op.drop_index(op.f('ix_event_document_event_id'), table_name='event_document')
    op.drop_table('event_document')
    op.drop_index('ix_event_chapter_chapter', table_name='event_chapter')
    op.drop_table('event_chapter')
    op.drop_index('ix_event_activity_activity_id', table_name='event_activity')
    op.drop_table('event_activity')
    op.drop_index(op.f('ix_appointment_person_id'), table_name='appointment')
    op.drop_index(op.f('ix_appointment_entity_id'), table_name='appointment')
    op.drop_table('appointment')
    op.drop_index('uq_answer_standing', table_name='answer', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index(op.f('ix_answer_entity_id'), table_name='answer')
    op.drop_table('answer')
    op.drop_index('ix_agreement_lookup', table_name='agreement')
    op.drop_table('agreement')
    op.drop_index('ix_activity_recommendation_recommendation_code', table_name='activity_recommendation')
    op.drop_table('activity_recommendation')
    op.drop_index('ix_activity_partner_organisation_id', table_name='activity_partner')
    op.drop_table('activity_partner')
    op.drop_index('uq_activity_entity_lead', table_name='activity_entity', sqlite_where=sa.text('is_lead'), postgresql_where=sa.text('is_lead'))
    op.drop_index('ix_activity_entity_entity', table_name='activity_entity')
    op.drop_table('activity_entity')
    op.drop_index(op.f('ix_subscription_person_id'), table_name='subscription')
    op.drop_table('subscription')
    op.drop_index(op.f('ix_recommendation_section_id'), table_name='recommendation')
    op.drop_index(op.f('ix_recommendation_chapter_number'), table_name='recommendation')
    op.drop_table('recommendation')
    op.drop_index(op.f('ix_organisation_is_entity'), table_name='organisation')
    op.drop_table('organisation')
    op.drop_index('ix_event_period', table_name='event')
    op.drop_index(op.f('ix_event_parent_id'), table_name='event')
    op.drop_index(op.f('ix_event_country_code'), table_name='event')
    op.drop_table('event')
    op.drop_table('edition')
    op.drop_index('ix_activity_sdg_target_target_code', table_name='activity_sdg_target')
    op.drop_table('activity_sdg_target')
    op.drop_index('ix_activity_country_country', table_name='activity_country')
    op.drop_table('activity_country')
    op.drop_index(op.f('ix_verdict_second_id'), table_name='verdict')
    op.drop_table('verdict')
    op.drop_index(op.f('ix_sign_in_person_id'), table_name='sign_in')
    op.drop_table('sign_in')
    op.drop_table('section')
    op.drop_index(op.f('ix_sdg_target_goal_number'), table_name='sdg_target')
    op.drop_table('sdg_target')
    op.drop_index(op.f('ix_recovery_code_person_id'), table_name='recovery_code')
    op.drop_table('recovery_code')
    op.drop_index(op.f('ix_one_time_link_person_id'), table_name='one_time_link')
    op.drop_table('one_time_link')
    op.drop_index(op.f('ix_milestone_activity_id'), table_name='milestone')
    op.drop_table('milestone')
    op.drop_index(op.f('ix_matrix_import_person_id'), table_name='matrix_import')
    op.drop_index(op.f('ix_matrix_import_checksum'), table_name='matrix_import')
    op.drop_table('matrix_import')
    op.drop_table('header_mapping')
    op.drop_index(op.f('ix_figure_activity_id'), table_name='figure')
    op.drop_table('figure')
    op.drop_table('cycle')
    op.drop_index(op.f('ix_country_region_code'), table_name='country')
    op.drop_table('country')
    op.drop_index('ix_change_record', table_name='change')
    op.drop_table('change')
    op.drop_table('calendar_import')
    op.drop_index(op.f('ix_audit_entry_at'), table_name='audit_entry')
    op.drop_index(op.f('ix_audit_entry_act'), table_name='audit_entry')
    op.drop_table('audit_entry')
    op.drop_index('ix_activity_sdg_goal_goal_number', table_name='activity_sdg_goal')
    op.drop_table('activity_sdg_goal')
    op.drop_index('ix_activity_region_region_code', table_name='activity_region')
    op.drop_table('activity_region')
    op.drop_index('ix_activity_chapter_chapter', table_name='activity_chapter')
    op.drop_table('activity_chapter')
    op.drop_index(op.f('ix_access_token_person_id'), table_name='access_token')
    op.drop_table('access_token')
    op.drop_table('sdg_goal')
    op.drop_table('region')
    op.drop_table('person')
    op.drop_table('feed_revision')
    op.drop_table('event_series')
    op.drop_table('chapter')
    op.drop_table('audience')
    op.drop_index('ix_activity_listed', table_name='activity')
    op.drop_index(op.f('ix_activity_is_joint'), table_name='activity')
    op.drop_table('activity')
