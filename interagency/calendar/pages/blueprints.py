"""The blueprints of the calendar's pages. Several modules of views share one."""

from __future__ import annotations

from interagency.calendar.invitations import answer_views, invitation_views
from interagency.calendar.pages import (
    calendar_views,
    event_form_views,
    event_views,
    home,
    import_views,
    occurrence_views,
    of_activity,
    subscription_views,
    suggestion_views,
    timeline_views,
    who_else,
)

_VIEWS = (
    home, who_else, calendar_views, event_views, event_form_views, occurrence_views, import_views, subscription_views,
    suggestion_views, timeline_views, of_activity, invitation_views, answer_views,
)  # fmt: skip
BLUEPRINTS = tuple(dict.fromkeys(views.bp for views in _VIEWS))
