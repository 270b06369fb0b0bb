"""What a cell says, as the facts of a record keep it. People's habits are understood; what is not is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.dates import ImpreciseDate
from interagency.matrix.activities.figures import read_figure
from interagency.matrix.activities.models import TEXT_LENGTH, TITLE_LENGTH, Level, Scope, Status
from interagency.matrix.framework.models import Recommendation, SdgGoal, SdgTarget
from interagency.matrix.framework.names import gazetteer, read_code
from interagency.matrix.organisations.queries import Directory
from interagency.typed_dates import read_date
from interagency.words import clean, fold

LENGTHS = {"title": TITLE_LENGTH, "source": 1000, "link": 2000, "contact": 1000}
STATUS_HABITS = {
    "in progress": "ongoing",
    "continuing": "ongoing",
    "active": "ongoing",
    "done": "completed",
    "finished": "completed",
    "closed": "completed",
    "upcoming": "planned",
    "on hold": "suspended",
    "canceled": "cancelled",
}
LEVEL_HABITS = {"hq": "headquarters", "global": "headquarters", "country": "field", "hq and field": "both"}
AND_OTHERS = ("and others", "others", "et al", "et al.", "etc", "etc.")


class CellReader:
    """Reads cells by field. Lists of the database are loaded once."""

    def __init__(self, session: Session) -> None:
        self.directory = Directory(session)
        self.names = gazetteer(session)
        self.positions: dict[str, int] = dict(
            session.execute(sa.select(Recommendation.code, Recommendation.position)).all()
        )
        self.goals = {str(number) for number in session.scalars(sa.select(SdgGoal.number))}
        self.targets: dict[str, int] = dict(session.execute(sa.select(SdgTarget.code, SdgTarget.position)).all())

    def read(self, field: str, raw: Any) -> Any:
        """The value of `field` for a cell. Raises ValueError with a sentence on what to write."""
        if field.startswith("countries:"):
            return sorted(self._several(raw, self.names.country, "country"))
        reader: Callable[[Any], Any] | None = getattr(self, f"_{field}", None)
        return reader(raw) if reader else self._text(field, raw)

    def _text(self, field: str, raw: Any) -> str:
        text = clean(str(raw), lines=field not in ("title", "link", "source"))
        longest = LENGTHS.get(field, TEXT_LENGTH)
        if len(text) > longest:
            raise ValueError(f"This is longer than {longest:,} characters. Shorten it.")
        if field == "title" and not text:
            raise ValueError("A title cannot be empty.")
        if field == "link" and text and not text.startswith(("https://", "http://")):
            raise ValueError("Write the address whole, with https://.")
        return text

    # --- Choices ---

    def _status(self, raw: Any) -> str:
        return self._choice(raw, [one.value for one in Status], STATUS_HABITS, "status")

    def _level(self, raw: Any) -> str | None:
        return self._choice(raw, [one.value for one in Level], LEVEL_HABITS, "level") if str(raw).strip() else None

    def _scope(self, raw: Any) -> str | None:
        return self._choice(raw, [one.value for one in Scope], {}, "scope") if str(raw).strip() else None

    @staticmethod
    def _choice(raw: Any, values: list[str], habits: dict[str, str], what: str) -> str:
        text = fold(str(raw))
        found = text if text in values else habits.get(text)
        if found is None:
            raise ValueError(f"“{str(raw)[:40]}” is not a {what}. Write one of: {', '.join(values)}.")
        return found

    # --- Dates ---

    def _start(self, raw: Any) -> str | None:
        if isinstance(raw, date):
            return ImpreciseDate.day(raw).code
        found = read_date(str(raw))
        return found.code if found else None

    _end = _start

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

    def _partners(self, raw: Any) -> list[str]:
        """Keys of partners, then None where the list is said to be incomplete."""
        parts, incomplete = [], False
        for part in _split(raw):
            if fold(part) in AND_OTHERS:
                incomplete = True
            else:
                parts.append(part)
        keys = self._several("\n".join(parts), lambda name: self.directory.find(name).key, "organisation")
        return sorted(keys) + ["…"] * incomplete

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
        drafts = [read_figure(part) for part in _split(raw)]
        return [[f"{one.number.normalize():f}", one.qualifier.value, one.unit] for one in drafts]

    def _several(self, raw: Any, find: Callable[[str], str], what: str, *, commas: bool = False) -> list[str]:
        """Each name of a list, once. A comma separates only where the whole is no name but its parts are."""
        found: list[str] = []
        problems = []
        for part in _split(raw):
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


def _split(raw: Any) -> list[str]:
    """A list in a cell: parts between semicolons or line breaks."""
    return [part.strip() for part in str(raw).replace(";", "\n").split("\n") if part.strip()]


def _pieces(part: str) -> list[str]:
    return [piece.strip() for piece in part.split(",") if piece.strip()]
