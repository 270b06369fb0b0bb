"""The blueprints of the matrix's pages."""

from __future__ import annotations

from interagency.matrix.activities.translation_views import bp as translations
from interagency.matrix.agreement.views import bp as agreement
from interagency.matrix.cycles.board_views import bp as cycles
from interagency.matrix.cycles.edition_views import bp as editions
from interagency.matrix.cycles.month.blueprint import bp as month
from interagency.matrix.desk.notice_views import bp as notices
from interagency.matrix.messages.views import bp as messages
from interagency.matrix.needs.views import bp as needs
from interagency.matrix.organisations.appoint_views import bp as appointing
from interagency.matrix.organisations.people_views import bp as people
from interagency.matrix.overview.mandate_views import bp as mandates
from interagency.matrix.overview.views import bp as overview
from interagency.matrix.pages.activity_list import bp as activities
from interagency.matrix.pages.choice_views import bp as choices
from interagency.matrix.pages.merge_views import bp as merging
from interagency.matrix.pages.milestone_views import bp as milestones
from interagency.matrix.pages.organisation_views import bp as organisations
from interagency.matrix.pages.overlap_views import bp as overlaps
from interagency.matrix.pages.practice_views import bp as practice

BLUEPRINTS = (
    activities, milestones, translations, agreement, month, cycles, editions, people, appointing, organisations,
    notices, overview, mandates, needs, messages, overlaps, merging, choices, practice,
)  # fmt: skip
