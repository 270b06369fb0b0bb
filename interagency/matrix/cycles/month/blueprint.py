"""The blueprint of the focal point's month, with all its addresses."""

from __future__ import annotations

from interagency.matrix.cycles.month import acts, views

bp = views.bp
ADDRESSES = (views, acts)  # each adds its own to the blueprint when it is imported
