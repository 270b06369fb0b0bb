"""Kinds, statuses and ways of taking part, in the words people read."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from interagency.calendar.models import EventKind, EventStatus, Mode

KIND_WORDS = {
    EventKind.SESSION: _l("Session"),
    EventKind.THEMATIC_DISCUSSION: _l("Thematic discussion"),
    EventKind.SIDE_EVENT: _l("Side event"),
    EventKind.EXPERT_GROUP: _l("Expert group meeting"),
    EventKind.TRAINING: _l("Training"),
    EventKind.WORKSHOP: _l("Workshop"),
    EventKind.BRIEFING: _l("Briefing"),
    EventKind.LAUNCH: _l("Launch"),
    EventKind.WEB_MEETING: _l("Web meeting"),
    EventKind.OBSERVANCE: _l("Observance"),
    EventKind.DEADLINE: _l("Deadline"),
}
EVENT_STATUS_WORDS = {
    EventStatus.TENTATIVE: _l("Tentative"),
    EventStatus.CONFIRMED: _l("Confirmed"),
    EventStatus.POSTPONED: _l("Postponed"),
    EventStatus.CANCELLED: _l("Cancelled"),
    EventStatus.HELD: _l("Held"),
}
MODE_WORDS = {
    Mode.IN_PERSON: _l("In person"),
    Mode.ONLINE: _l("Online"),
    Mode.HYBRID: _l("In person and online"),
    Mode.WEBCAST: _l("In person, with webcast"),
}
