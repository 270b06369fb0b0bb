"""The pages of the matrix room, gathered."""

from __future__ import annotations

from interagency.matrix.activities.milestone_views import rooms as milestones
from interagency.matrix.agreement.views import rooms as agreement
from interagency.matrix.cycles.edition_views import rooms as editions
from interagency.matrix.cycles.month_views import rooms as month
from interagency.matrix.cycles.views import rooms as cycles
from interagency.matrix.organisations.people_views import rooms as people
from interagency.matrix.overview.mandate_views import rooms as mandates
from interagency.matrix.overview.views import rooms as overview
from interagency.matrix.pages.activity_views import rooms as activities
from interagency.matrix.pages.merge_views import rooms as merging
from interagency.matrix.pages.overlap_views import rooms as overlaps

ROOMS = (activities, milestones, agreement, month, cycles, editions, people, overview, mandates, overlaps, merging)
