"""The words for what a need says: labels of its fields and choices, and a fact in words for its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy.orm import Session

from interagency.matrix.framework.models import Country
from interagency.matrix.framework.titles import spoken
from interagency.matrix.needs.models import Need, NeedStatus, StatedBy
from interagency.matrix.needs.record import OFFER
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate

STATUS_LABELS: dict[NeedStatus, Any] = {
    NeedStatus.OPEN: lazy_pgettext("a need", "Open"),
    NeedStatus.BEING_MET: _l("Being met"),
    NeedStatus.MET: _l("Met"),
    NeedStatus.WITHDRAWN: _l("Withdrawn"),
}
# The shapes of badges, which those of activities have too.
BADGES = {
    NeedStatus.OPEN: "tentative",
    NeedStatus.BEING_MET: "ongoing",
    NeedStatus.MET: "completed",
    NeedStatus.WITHDRAWN: "cancelled",
}
STATED_BY_LABELS: dict[StatedBy, Any] = {
    StatedBy.GOVERNMENT: _l("The government itself"),
    StatedBy.OTHERS: _l("Somebody else, for the country"),
}
FIELD_LABELS: dict[str, Any] = {
    "title": _l("The need in one line"),
    "details": _l("The need in words"),
    "country": _l("Country"),
    "transit": _l("Of transit countries"),
    "stated_by": _l("Stated by"),
    "on_request": _l("Assistance was requested"),
    "stated": _l("Stated on"),
    "source": _l("Source"),
    "link": _l("Link"),
    "status": _l("Status"),
    "shareable": _l("May be shared once its entities agree"),
    "recommendations": _l("Recommendations"),
    "entities": _l("Kept by"),
}


def whose(need: Need) -> str:
    """The country, or the group of transit countries."""
    if need.country is None:
        return str(_("Transit countries"))
    return (
        str(_("%(country)s, as a transit country", country=need.country.name)) if need.is_transit else need.country.name
    )


class NeedWords:
    """Says facts of needs, with the names of today."""

    def __init__(self, session: Session) -> None:
        countries = session.execute(sa.select(Country.code, Country.name))
        self._countries = {code: spoken().country(code, name) for code, name in countries}
        short = sa.func.coalesce(Organisation.acronym, Organisation.name)
        entities = session.execute(sa.select(Organisation.key, short))
        self._organisations = {key: spoken().short(key, name) for key, name in entities}

    def changed(self, fields: Mapping[str, list[Any]]) -> list[tuple[str, str, str]]:
        """For each field that changed what it is called, what it said, what it says."""
        return [(self._label(name), self._say(name, was), self._say(name, now)) for name, (was, now) in fields.items()]

    def _label(self, name: str) -> str:
        if name.startswith(OFFER):
            key = name.removeprefix(OFFER)
            return str(_("%(entity)s can help", entity=self._organisations.get(key, key)))
        return str(FIELD_LABELS.get(name, name))

    def _say(self, name: str, fact: Any) -> str:
        if name.startswith(OFFER):
            return "" if fact is None else fact or str(_("yes"))
        if fact is None or fact in ("", []):
            return ""
        match name:
            case "country":
                return self._countries.get(fact, str(fact))
            case "stated":
                return ImpreciseDate.from_code(fact).words()
            case "status":
                return str(STATUS_LABELS[NeedStatus(fact)])
            case "stated_by":
                return str(STATED_BY_LABELS[StatedBy(fact)])
            case "entities":
                return ", ".join(self._organisations.get(key, key) for key in fact)
            case "recommendations":
                return ", ".join(fact)
            case "transit" | "on_request" | "shareable":
                return str(_("yes") if fact else _("no"))
        return str(fact)
