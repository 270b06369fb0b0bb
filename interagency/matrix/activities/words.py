"""What an activity's facts are called and how they read: for history, conflicts and exports."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.dates import ImpreciseDate
from interagency.matrix.activities.figures import figure_words
from interagency.matrix.activities.models import Qualifier
from interagency.matrix.framework.models import ROMAN, Country, Region
from interagency.matrix.organisations.models import Organisation


def field_words() -> dict[str, str]:
    """The heading of each field, in the order of the record page."""
    return {
        "title": _("Title"),
        "lead": _("Lead entity"),
        "entities": _("Other UN entities"),
        "participation": _("Confirmation"),
        "roles": _("Roles"),
        "partners": _("Partners"),
        "partners_incomplete": _("Further partners"),
        "level": _("Level"),
        "scope": _("Scope"),
        "countries": _("Countries"),
        "regions": _("Regions"),
        "status": _("Status"),
        "start": _("Begins"),
        "end": _("Ends"),
        "description": _("Description"),
        "recommendations": _("Recommendations"),
        "chapters": _("Further chapters"),
        "sdg": _("SDGs"),
        "figures": _("Figures"),
        "results": _("Results"),
        "source": _("Source"),
        "link": _("Link"),
        "contact": _("Contact"),
        "remarks": _("Remarks"),
        "is_listed": _("Listed"),
    }


class FactWords:
    """Reads facts (stable keys) out in words: with today's names, or those of an edition's day."""

    def __init__(self, session: Session) -> None:
        self.organisations = {
            key: acronym or name
            for key, acronym, name in session.execute(
                sa.select(Organisation.key, Organisation.acronym, Organisation.name)
            )
        }
        self.countries: dict[str, str] = dict(session.execute(sa.select(Country.code, Country.name)).all())
        self.regions: dict[str, str] = dict(session.execute(sa.select(Region.code, Region.name)).all())

    @classmethod
    def of_edition(cls, contents: Mapping[str, Any]) -> FactWords:
        """Words by the names an edition keeps."""
        words = cls.__new__(cls)
        words.organisations = {key: names["short"] for key, names in contents["organisations"].items()}
        words.countries, words.regions = contents["countries"], contents["regions"]
        return words

    def say(self, name: str, value: Any) -> str:
        """One fact in words; `—` when there is nothing."""
        if value in (None, "", [], {}):
            return "—"
        reader = getattr(self, f"_{name}", None)
        text: str = reader(value) if reader else self._plain(value)
        return text

    def _plain(self, value: Any) -> str:
        if isinstance(value, bool):
            return str(_("yes") if value else _("no"))
        if isinstance(value, list):
            return "; ".join(str(item) for item in value)
        return str(value)

    def _organisation(self, key: str) -> str:
        return self.organisations.get(key, key)

    def _lead(self, key: str) -> str:
        return self._organisation(key)

    def _entities(self, keys: list[str]) -> str:
        return "; ".join(self._organisation(key) for key in keys)

    _partners = _entities

    def _roles(self, roles: dict[str, str]) -> str:
        return "; ".join(f"{self._organisation(key)}: {text}" for key, text in sorted(roles.items()))

    _participation = _roles

    def _countries(self, links: list[list[str]]) -> str:
        return "; ".join(f"{self.countries.get(code, code)} ({role})" for code, role in links)

    def _regions(self, codes: list[str]) -> str:
        return "; ".join(self.regions.get(code, code) for code in codes)

    def _start(self, code: str) -> str:
        return ImpreciseDate.from_code(code).words()

    _end = _start

    def _chapters(self, numbers: list[int]) -> str:
        return ", ".join(ROMAN[number] for number in numbers)

    def _figures(self, figures: list[list[str]]) -> str:
        return "; ".join(figure_words(Decimal(number), Qualifier(how), unit) for number, how, unit in figures)
