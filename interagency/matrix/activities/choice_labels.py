"""What the choices of an activity are called."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from interagency.matrix.activities.models import (
    ActivityKind,
    CountryRole,
    Funding,
    Level,
    Pillar,
    Practice,
    Scope,
    Status,
    TextLanguage,
)
from interagency.text.languages import LANGUAGES

Words = Any  # a text, translated when it is shown (flask_babel has no types)
STATUS_LABELS: dict[Status, Words] = {
    Status.PLANNED: _l("Planned"),
    Status.ONGOING: _l("Ongoing"),
    Status.COMPLETED: _l("Completed"),
    Status.SUSPENDED: _l("Suspended"),
    Status.CANCELLED: _l("Cancelled"),
}
LEVEL_LABELS: dict[Level, Words] = {
    Level.HEADQUARTERS: _l("Headquarters"),
    Level.FIELD: lazy_pgettext("a level, beside headquarters", "Field"),
    Level.BOTH: _l("Headquarters and field"),
}
SCOPE_LABELS: dict[Scope, Words] = {
    Scope.GLOBAL: _l("Global"),
    Scope.INTERREGIONAL: _l("Interregional"),
    Scope.REGIONAL: _l("Regional"),
    Scope.NATIONAL: _l("National"),
}
KIND_LABELS: dict[ActivityKind, Words] = {
    ActivityKind.POLICY: _l("Policy"),
    ActivityKind.PROGRAMMATIC: _l("Programmatic"),
    ActivityKind.RESEARCH_AND_DATA: _l("Research and data"),
}
PILLAR_LABELS: dict[Pillar, Words] = {
    Pillar.HUMAN_RIGHTS: _l("Human rights"),
    Pillar.PEACE_AND_SECURITY: _l("Peace and security"),
    Pillar.DEVELOPMENT: _l("Development"),
}
FUNDING_LABELS: dict[Funding, Words] = {
    Funding.FUNDED: _l("Funded"),
    Funding.SEEKING_FUNDS: _l("Seeking funds"),
}
COUNTRY_ROLE_LABELS: dict[CountryRole, Words] = {
    CountryRole.BENEFICIARY: _l("Beneficiary"),
    CountryRole.HOST: _l("Host"),
    CountryRole.PARTNER: _l("Partner"),
    CountryRole.SUBJECT: lazy_pgettext("what a country is to an activity", "Subject"),
}
PRACTICE_LABELS: dict[Practice, Words] = {
    Practice.PROPOSED: _l("Proposed"),
    Practice.CONFIRMED: _l("Confirmed"),
}
LANGUAGE_LABELS: dict[TextLanguage, Words] = {TextLanguage(language.code): language.own_name for language in LANGUAGES}
