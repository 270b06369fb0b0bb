"""The pages of the matrix room, gathered."""

from __future__ import annotations

from interagency.matrix.activities.views import rooms as activities

ROOMS = (activities,)
