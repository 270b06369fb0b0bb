"""What a cell says, as the facts of a record keep it. People's habits are understood; what is not is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from openpyxl.utils.datetime import from_excel
from sqlalchemy.orm import Session

from interagency.exports.incoming.cells import ALL_PARTS, PartnersCell
from interagency.exports.incoming.lists import lines_of, names_of, separated, several_codes
from interagency.exports.incoming.marks import DecimalCell, ShownAs, Unreadable
from interagency.matrix.activities.choice_lists import entity_reader
from interagency.matrix.activities.facts import figure_fact
from interagency.matrix.activities.field_types import Field, Kind, letters, spellings_of
from interagency.matrix.activities.figures import read_figure
from interagency.matrix.activities.state.country_statuses import contradictory
from interagency.matrix.activities.state.country_statuses import reader_of as status_reader
from interagency.matrix.framework.file_words import spellings
from interagency.matrix.framework.models import Recommendation, SdgGoal, SdgTarget
from interagency.matrix.framework.names import (
    NotUnderstood,
    bare_sdg,
    gazetteer,
    read_chapter,
    read_code,
    read_section,
    sections,
)
from interagency.matrix.organisations.documents import DocumentReader, document_fact
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import Directory
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import clean, fold, name_key, one_of
from interagency.text.languages import commas
from interagency.text.lines import split_outside_brackets
from interagency.text.typed_dates import AmbiguousDate, DateNotUnderstood, read_date

MAX_CELL_LENGTH = 32_767  # of Excel; other programs and CSV files know no such limit
YES = frozenset(map(fold, (*spellings("yes"), "y", "x", "true", "1")))
NO = frozenset(map(fold, ("", *spellings("no"), "n", "false", "0")))
AND_OTHERS = (*map(fold, spellings("and others")), "others", "et al", "et al.", "etc", "etc.")
_DECIMAL_COMMA = re.compile(r"(\d{1,2}),(\d{1,2}|[a-z])")
_FIRST_SERIAL, _LAST_SERIAL = 18_264, 91_312  # 1950 to 2149, as days since 1900
_SHORT_YEAR = re.compile(r"(?<!\d)(\d{2})$")


class NeedsChoice(ValueError):
    """A cell can mean several things: `values` are those, as facts keep them. The text says why."""

    def __init__(self, message: str, values: list[Any]) -> None:
        super().__init__(message)
        self.values = values


class UnknownNames(ValueError):
    """A cell names organisations that nobody is called: `names` as they were written."""

    def __init__(self, message: str, names: list[str]) -> None:
        super().__init__(message)
        self.names = names


class CellReader:
    """Reads cells by field. Lists of the database are loaded once.

    `organisations` says for names that are in no directory, by `name_key`, which organisation is meant (its key), or
    "" to leave the name out.
    """

    def __init__(self, session: Session, organisations: Mapping[str, str] | None = None) -> None:
        self.directory = Directory(session)
        self.names = gazetteer(session)
        self.country_status = status_reader(session)
        self.document = DocumentReader(self.directory).read
        self.figure_entity = entity_reader(session)
        self.sections = sections(session)
        self.positions: dict[str, int] = dict(
            session.execute(sa.select(Recommendation.code, Recommendation.position)).all()
        )
        self.goals = {str(number) for number in session.scalars(sa.select(SdgGoal.number))}
        self.targets: dict[str, int] = dict(session.execute(sa.select(SdgTarget.code, SdgTarget.position)).all())
        self.decided = organisations or {}
        self.left_out: list[str] = []

    def read(self, name: str, raw: Any) -> Any:
        """The value that a cell of the part `name` says; what was left out of it stands in `left_out` until the next.

        Raises ValueError with a sentence on what to write: UnknownNames where organisations are not known,
        NeedsChoice where it can mean several things.
        """
        self.left_out = []
        if isinstance(raw, Unreadable):
            raise ValueError(raw.reason)
        if len(str(raw)) > MAX_CELL_LENGTH:
            raise ValueError(_("A cell holds up to %(max)s characters. Shorten it.", max=f"{MAX_CELL_LENGTH:,}"))
        field = ALL_PARTS[name].field
        match field.kind:
            case Kind.LINE | Kind.TEXT | Kind.ADDRESS:
                return self._text(field, raw)
            case Kind.CHOICE:
                text = str(raw).strip()
                return _one_of(field, text, spellings_of(field)) if text or field.required else None
            case Kind.CHOICES:
                known = spellings_of(field)
                found = self._several(
                    raw, lambda text: _one_of(field, text, known), lambda text: letters(text) in known
                )
                return [value for value in field.values if value in found]
            case Kind.FLAG:
                return self.flag(raw)
            case Kind.DATE:
                return self._date(raw)
            case Kind.SECTION:
                text = str(raw).strip()
                return read_section(self.sections, text).position if text else None
            case Kind.COUNTRIES:
                return sorted(self._several(raw, self.names.country))
            case Kind.CHAPTERS:
                return sorted(self._several(raw, read_chapter, apart=True))
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
    def flag(raw: Any) -> bool:
        """Whether a cell says yes: a word, a cross, or nothing for no. Raises ValueError."""
        if isinstance(raw, Unreadable):
            raise ValueError(raw.reason)
        text = fold(str(raw))
        if text in YES or text == fold(_("yes")):  # as an export says it, in whatever language
            return True
        if text not in NO and text != fold(_("no")):
            raise ValueError(_("“%(text)s” is neither yes nor no. Write one of them.", text=str(raw)[:40]))
        return False

    @staticmethod
    def _date(raw: Any) -> str | None:
        if isinstance(raw, ShownAs):
            meant = could_mean(raw)
            words = one_of(one.words() for one in meant)
            raise NeedsChoice(
                _(
                    "The sheet keeps %(day)s and shows “%(raw)s”: %(words)s?",
                    day=ImpreciseDate.day(raw.day).words(),
                    raw=raw,
                    words=words,
                ),
                [one.code for one in meant],
            )
        if isinstance(raw, date):
            return ImpreciseDate.day(raw).code
        if isinstance(raw, int) and _FIRST_SERIAL <= raw <= _LAST_SERIAL:
            day = from_excel(raw)
            raise ValueError(
                _(
                    "The number %(raw)s is how a spreadsheet keeps %(day)s. Write that, or the month or year.",
                    raw=raw,
                    day=ImpreciseDate.day(date(day.year, day.month, day.day)).words(),
                )
            )
        try:
            found = read_date(str(raw))
        except AmbiguousDate as problem:
            raise NeedsChoice(problem.message, [choice.code for choice in problem.choices]) from None
        return found.code if found else None

    # --- Organisations, countries, codes ---

    def organisation(self, text: str) -> Organisation | None:
        """The organisation called `text`; None where the person left it out. Raises NotUnderstood."""
        key = self.decided.get(name_key(text))
        if key == "":
            self.left_out.append(text)
            return None
        return self.directory.find(key or text)

    def _entity(self, text: str) -> list[str]:
        found = self.organisation(text)
        if found is None:
            return []
        if not found.is_entity:
            raise ValueError(
                _("%(short)s is not a UN entity of the matrix. Name it among the partners.", short=found.short)
            )
        return [found.key]

    def _partner(self, text: str) -> list[str]:
        found = self.organisation(text)
        return [found.key] if found else []

    def _lead(self, raw: Any) -> str | None:
        text = str(raw).strip()
        if not text:
            return None
        try:
            return next(iter(self._entity(text)), None)
        except NotUnderstood as problem:
            if len(several := self._several(raw, self._entity)) > 1:
                raise ValueError(
                    _(
                        "“%(text)s” names several entities. One leads: write the others under Other UN entities.",
                        text=text[:60],
                    )
                ) from None
            if several:
                return str(several[0])
            raise UnknownNames(str(problem), [text]) from None

    def _entities(self, raw: Any) -> list[str]:
        return self._several(raw, self._entity)

    _supporting = _entities

    def _partners(self, raw: Any) -> PartnersCell:
        """Keys of partners, and whether the list is said to be incomplete."""
        parts, incomplete = [], False
        for part in lines_of(raw):
            ending = next(
                (f" {word}" for word in AND_OTHERS if word != "others" and part.casefold().endswith(f" {word}")), ""
            )
            incomplete = incomplete or fold(part) in AND_OTHERS or bool(ending)
            if fold(part) not in AND_OTHERS:
                parts.append(part[: len(part) - len(ending)].rstrip(" ,"))
        return PartnersCell(sorted(self._several("\n".join(parts), self._partner)), incomplete)

    def _regions(self, raw: Any) -> list[str]:
        return sorted(self._several(raw, self.names.region))

    def _recommendations(self, raw: Any) -> list[str]:
        codes = self._several(several_codes(str(raw)), read_code, apart=True)
        return sorted(codes, key=lambda code: self.positions[code])

    def _sdg(self, raw: Any) -> list[str]:
        """Goals and targets. `3,5` is asked about, and so is the number 16.1, which 16.10 becomes in a spreadsheet."""
        text = str(raw)
        if isinstance(raw, DecimalCell) and text in self.targets and f"{text}0" in self.targets:
            raise NeedsChoice(
                _("The sheet keeps the number %(text)s, which %(text)s0 becomes too: which is it?", text=text),
                [[text], [f"{text}0"]],
            )
        pairs = [match for part in lines_of(text) if (match := _DECIMAL_COMMA.fullmatch(part))]
        if any(f"{pair[1]}.{pair[2]}" in self.targets and {pair[1], pair[2]} <= self.goals for pair in pairs):
            as_targets = "\n".join(
                part.replace(",", ".") if _DECIMAL_COMMA.fullmatch(part) else part for part in lines_of(text)
            )
            ways = (as_targets, text.replace(",", ";"))
            choices = [self._in_order(self._several(way, self._one_sdg, apart=True)) for way in ways]
            raise NeedsChoice(_("“%(text)s” can be a target or several goals: which is it?", text=text[:40]), choices)
        return self._in_order(self._several(text, self._one_sdg, apart=True))

    def _in_order(self, found: Iterable[str]) -> list[str]:
        goals = sorted((code for code in found if code in self.goals), key=int)
        return goals + sorted((code for code in found if code in self.targets), key=lambda code: self.targets[code])

    def _one_sdg(self, text: str) -> str:
        code = bare_sdg(text)
        if (comma := _DECIMAL_COMMA.fullmatch(code)) and f"{comma[1]}.{comma[2]}" in self.targets:
            code = f"{comma[1]}.{comma[2]}"
        if code not in self.goals and code not in self.targets:
            raise ValueError(
                _("“%(text)s” is not a goal or target of the 2030 Agenda. Write 3 or 3.5.", text=text[:20])
            )
        return code

    def _documents(self, raw: Any) -> list[list[Any]]:
        return [document_fact(self.document(line)) for line in lines_of(raw)]

    def _country_statuses(self, raw: Any) -> list[list[str]]:
        said = [list(self.country_status(line)) for line in lines_of(raw)]
        if twice := contradictory(said, ())[0]:
            raise ValueError(_("%(country)s stands here twice. Leave one.", country=commas(twice)))
        return sorted(said)

    def _figures(self, raw: Any) -> list[list[str]]:
        return [
            figure_fact(*astuple(read_figure(line, self.figure_entity))) for line in split_outside_brackets(str(raw))
        ]

    def _roles(self, raw: Any) -> dict[str, str]:
        """`WHO: trains staff; UNODC: pays` as roles by key. A semicolon within a role parts nothing."""
        roles: dict[str, str] = {}
        last = ""
        for part in lines_of(raw):
            name, colon, text = part.partition(":")
            try:
                found = self.directory.find(name) if colon else None
            except NotUnderstood:
                found = None
            if found is not None and found.is_entity:
                last = found.key
                roles[last] = clean(text, lines=False)
            elif last:
                roles[last] += f"; {part}"
            else:
                raise ValueError(
                    _(
                        "“%(part)s” names no entity. Write the entity, a colon and its role, as in WHO: trains staff.",
                        part=part[:40],
                    )
                )
        return {key: text for key, text in roles.items() if text}

    def _several(
        self,
        raw: Any,
        find: Callable[[str], Any],
        knows: Callable[[str], bool] | None = None,
        *,
        apart: bool = False,
    ) -> list[Any]:
        """What `find` gives for each name of a list, once. `knows` says whether it would, where asking that is much
        cheaper. `apart`: its names never hold a separator (codes).
        """
        found: list[Any] = []
        problems: list[str] = []
        unknown: list[str] = []

        def is_known(text: str) -> bool:
            try:
                find(text)
            except ValueError as problem:
                return not isinstance(problem, NotUnderstood) and find in (self._entity,)
            return True

        for part in names_of(raw):
            before = list(self.left_out)
            names = separated(part, knows or is_known, apart=apart)
            self.left_out = before
            for name in names:
                try:
                    one = find(name)
                except ValueError as problem:
                    problems.append(str(problem))
                    if isinstance(problem, NotUnderstood) and find in (self._entity, self._partner):
                        unknown.append(name)
                else:
                    found += one if isinstance(one, list) else [one]
        if unknown and len(unknown) == len(problems):
            raise UnknownNames(" ".join(dict.fromkeys(problems)), unknown)
        if problems:
            raise ValueError(" ".join(dict.fromkeys(problems)))
        return list(dict.fromkeys(found))


def could_mean(raw: Any) -> list[ImpreciseDate]:
    """All periods that a cell of dates can mean, as programs rewrite what stood there; none where it is no date.

    A day shown as a month may be both; 01/02/2017 two days; `Feb-17` February 2017, as Excel writes it into a CSV.
    """
    if isinstance(raw, ShownAs):
        period = ImpreciseDate.month(raw.day.year, raw.day.month)
        return [period if raw.precision == "month" else ImpreciseDate.year(raw.day.year), ImpreciseDate.day(raw.day)]
    if isinstance(raw, date):
        return [ImpreciseDate.day(raw)]
    text, found = str(raw).strip(), []
    for written in (text, _SHORT_YEAR.sub(r"20\1", text), _SHORT_YEAR.sub(r"19\1", text)):
        try:
            meant = read_date(written)
        except AmbiguousDate as problem:
            found += problem.choices
        except DateNotUnderstood:
            continue
        else:
            found += [meant] if meant else []
    return found


def _one_of(field: Field, text: str, known: Mapping[str, str]) -> str:
    if (found := known.get(letters(text))) is None:
        raise ValueError(
            _(
                "“%(text)s” is not a %(field)s. Write one of: %(values)s.",
                text=text[:40],
                field=str(field.label).lower(),
                values=", ".join(field.values),
            )
        )
    return found
