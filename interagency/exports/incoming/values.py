"""What a cell says, as the facts of a record keep it. People's habits are understood; what is not is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.exports.incoming.cells import PARTS, PartnersCell
from interagency.matrix.activities.facts import figure_fact
from interagency.matrix.activities.field_types import Field, Kind
from interagency.matrix.activities.figures import read_figure
from interagency.matrix.framework.models import Recommendation, SdgGoal, SdgTarget
from interagency.matrix.framework.names import gazetteer, read_code, read_section, sections
from interagency.matrix.organisations.queries import Directory
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import clean, fold
from interagency.text.lines import split_lines, split_outside_brackets
from interagency.text.typed_dates import read_date

LONGEST_CELL = 32_767  # of Excel; other programs and CSV files know no such limit
YES, NO = ("yes", "y", "x", "true", "1"), ("", "no", "n", "false", "0")
AND_OTHERS = ("and others", "others", "et al", "et al.", "etc", "etc.")


class CellReader:
    """Reads cells by field. Lists of the database are loaded once."""

    def __init__(self, session: Session) -> None:
        self.directory = Directory(session)
        self.names = gazetteer(session)
        self.sections = sections(session)
        self.positions: dict[str, int] = dict(
            session.execute(sa.select(Recommendation.code, Recommendation.position)).all()
        )
        self.goals = {str(number) for number in session.scalars(sa.select(SdgGoal.number))}
        self.targets: dict[str, int] = dict(session.execute(sa.select(SdgTarget.code, SdgTarget.position)).all())

    def read(self, name: str, raw: Any) -> Any:
        """The value that a cell of the part `name` says. Raises ValueError with a sentence on what to write."""
        field = PARTS[name].field
        if len(str(raw)) > LONGEST_CELL:
            raise ValueError(_("A cell holds up to %(max)s characters. Shorten it.", max=f"{LONGEST_CELL:,}"))
        match field.kind:
            case Kind.LINE | Kind.TEXT | Kind.ADDRESS:
                return self._text(field, raw)
            case Kind.CHOICE:
                text = str(raw).strip()
                return self._one_of(field, text) if text or field.required else None
            case Kind.CHOICES:
                found = self._several(raw, lambda text: self._one_of(field, text), field.name)
                return [value for value in field.values if value in found]
            case Kind.FLAG:
                return self._flag(raw)
            case Kind.DATE:
                return self._date(raw)
            case Kind.SECTION:
                text = str(raw).strip()
                return read_section(self.sections, text).position if text else None
            case Kind.COUNTRIES:
                return sorted(self._several(raw, self.names.country, "country"))
            case _:
                reader: Callable[[Any], Any] = getattr(self, f"_{field.name}")
                return reader(raw)

    @staticmethod
    def _text(field: Field, raw: Any) -> str:
        text = clean(str(raw), lines=field.kind is Kind.TEXT)
        if len(text) > field.max_length:
            raise ValueError(_("This is longer than %(max)s characters. Shorten it.", max=f"{field.max_length:,}"))
        if field.required and not text:
            raise ValueError(_("%(field)s cannot be empty.", field=field.label))
        if field.kind is Kind.ADDRESS and text and not text.startswith(("https://", "http://")):
            raise ValueError(_("Write the address whole, with https://."))
        return text

    @staticmethod
    def _one_of(field: Field, text: str) -> str:
        """A value of a choice, by itself, by its label or as people spell it."""
        known = {fold(field.label_of(value)): value for value in field.values}
        known |= {**(field.spellings or {}), **{fold(value): value for value in field.values}}
        if (found := known.get(fold(text))) is None:
            raise ValueError(
                _(
                    "“%(text)s” is not a %(field)s. Write one of: %(values)s.",
                    text=text[:40],
                    field=str(field.label).lower(),
                    values=", ".join(field.values),
                )
            )
        return found

    @staticmethod
    def _flag(raw: Any) -> bool:
        text = fold(str(raw))
        if text in (*YES, fold(_("yes"))):  # as an export says it, in whatever language
            return True
        if text not in (*NO, fold(_("no"))):
            raise ValueError(_("“%(text)s” is neither yes nor no. Write one of them.", text=str(raw)[:40]))
        return False

    @staticmethod
    def _date(raw: Any) -> str | None:
        if isinstance(raw, date):
            return ImpreciseDate.day(raw).code
        found = read_date(str(raw))
        return found.code if found else None

    # --- Organisations, countries, codes ---

    def _lead(self, raw: Any) -> str | None:
        text = str(raw).strip()
        return self._entity(text) if text else None

    def _entity(self, text: str) -> str:
        found = self.directory.find(text)
        if not found.is_entity:
            raise ValueError(f"{found.short} is not a UN entity of the matrix. Name it among the partners.")
        return found.key

    def _entities(self, raw: Any) -> list[str]:
        return self._several(raw, self._entity, "entity")

    _supporting = _entities

    def _partners(self, raw: Any) -> PartnersCell:
        """Keys of partners, and whether the list is said to be incomplete."""
        parts, incomplete = [], False
        for part in split_lines(str(raw)):
            if fold(part) in AND_OTHERS:
                incomplete = True
            else:
                parts.append(part)
        keys = self._several("\n".join(parts), lambda name: self.directory.find(name).key, "organisation")
        return PartnersCell(sorted(keys), incomplete)

    def _regions(self, raw: Any) -> list[str]:
        return sorted(self._several(raw, self.names.region, "region"))

    def _recommendations(self, raw: Any) -> list[str]:
        codes = self._several(raw, read_code, "recommendation", commas=True)
        return sorted(codes, key=lambda code: self.positions[code])

    def _sdg(self, raw: Any) -> list[str]:
        found = self._several(raw, self._one_sdg, "SDG", commas=True)
        goals = sorted((code for code in found if code in self.goals), key=int)
        return goals + sorted((code for code in found if code in self.targets), key=lambda code: self.targets[code])

    def _one_sdg(self, text: str) -> str:
        code = text.casefold().removeprefix("sdg").strip().removesuffix(".0")
        if code not in self.goals and code not in self.targets:
            raise ValueError(f"“{text[:20]}” is not a goal or target of the 2030 Agenda. Write 3 or 3.5.")
        return code

    def _figures(self, raw: Any) -> list[list[str]]:
        return [figure_fact(*astuple(read_figure(line))) for line in split_outside_brackets(str(raw))]

    def _several(self, raw: Any, find: Callable[[str], str], what: str, *, commas: bool = False) -> list[str]:
        """Each name of a list, once. A comma separates only where the whole is no name but its parts are."""
        found: list[str] = []
        problems = []
        for part in split_lines(str(raw)):
            try:
                found += [find(part)] if not (commas and "," in part) else [find(one) for one in _pieces(part)]
            except ValueError as problem:
                try:
                    found += [find(one) for one in _pieces(part)] if "," in part else _fail(problem)
                except ValueError:
                    problems.append(str(problem))
        if problems:
            raise ValueError(" ".join(dict.fromkeys(problems)))
        return list(dict.fromkeys(found))


def _fail(problem: ValueError) -> list[str]:
    raise problem


def _pieces(part: str) -> list[str]:
    return [piece.strip() for piece in part.split(",") if piece.strip()]
