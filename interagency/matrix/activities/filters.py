"""The filters that lists, workbooks and feeds share: one query string for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from interagency.matrix.activities.field_types import Field
from interagency.matrix.activities.fields import FILTERED, PRACTICE_LABELS
from interagency.matrix.activities.models import Practice
from interagency.matrix.activities.state.light import LIGHT_LABELS, Light
from interagency.matrix.framework.models import ROMAN, Country, Region, SdgGoal, SdgTarget
from interagency.matrix.framework.names import (
    NotUnderstood,
    gazetteer,
    query_terms,
    read_chapter,
    read_code,
    read_section,
    sections,
)
from interagency.matrix.framework.titles import name_of
from interagency.matrix.organisations.queries import Directory, entities
from interagency.text.folding import clean, fold, lowered
from interagency.text.languages import commas
from interagency.text.typed_dates import FIRST_YEAR, LAST_YEAR

# What the pages of an edition and of the calendar understand too.
PLAIN_NAMES = (
    "q",
    "entity",
    "partner",
    "chapter",
    "recommendation",
    "country",
    "region",
    *(field.parameter for field in FILTERED),
    "sdg",
    "joint",
    "mine",
)
# In the order they are shown and written into addresses. `year` is the year an activity begins in; `also` holds
# `name:value` pairs that must hold besides all the others: `entity=who&also=entity:undp` is what both take part in.
# `status_there` is the status in the countries asked for, or in any.
NAMES = (*PLAIN_NAMES, "section", "beneficiary", "status_there", "light", "practice", "lessons", "year", "also")
MAX_QUERY_LENGTH = 200
_FIELDS = {field.parameter: field for field in FILTERED}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to: for each name the chosen values, as stable keys; empty means all.

    `problems` are sentences about values that were not understood and therefore ignored.
    """

    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    labels: dict[tuple[str, str], str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.values)

    def get(self, name: str) -> tuple[str, ...]:
        return self.values.get(name, ())

    def pairs(self) -> list[tuple[str, str]]:
        """`(name, value)` in a fixed order: the canonical query."""
        return [(name, value) for name in NAMES for value in self.get(name)]

    def query_string(self) -> str:
        """The filters as a query string, the same for the same filters."""
        return urlencode(self.pairs())

    def without(self, name: str, value: str) -> Filters:
        """The same filters less one value."""
        left = tuple(kept for kept in self.get(name) if kept != value)
        values = {key: kept for key, kept in self.values.items() if key != name}
        return replace(self, values=values | ({name: left} if left else {}))

    def narrowed(self, name: str, value: str) -> Filters:
        """The same filters, and `value` must hold besides: what stands in one line of a table under these filters."""
        if self.get(name) == (value,):
            return self
        if not self.get(name):
            return replace(self, values=self.values | {name: (value,)})
        also = dict.fromkeys((*self.get("also"), f"{name}:{value}"))
        return replace(self, values=self.values | {"also": tuple(also)})

    def address(self, base: str) -> str:
        """`base` with these filters added to its query."""
        query = self.query_string()
        return f"{base}{'&' if '?' in base else '?'}{query}" if query else base

    def without_words(self) -> Filters:
        """The same filters less the words."""
        return replace(self, values={name: kept for name, kept in self.values.items() if name != "q"})

    def label(self, name: str, value: str) -> str:
        """The words for one chosen value."""
        return self.labels.get((name, value), value)

    def sentence(self) -> str:
        """All filters in words, for a workbook's first sheet."""
        return "; ".join(f"{name}: {self.label(name, value)}" for name, value in self.pairs()) or "none"


class _Reader:
    """Reads the values of one query string; looks names up only when one is used."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.labels: dict[tuple[str, str], str] = {}

    def read(self, name: str, text: str) -> str:
        """The stable key for what was written. Raises NotUnderstood."""
        reader = getattr(self, f"_{name}", None)
        if name in _FIELDS:
            key, label = self._field(_FIELDS[name], text)
        elif reader is None:
            return text
        else:
            key, label = reader(text)
        self.labels[name, key] = label
        return key

    def _q(self, text: str) -> tuple[str, str]:
        if not query_terms(text):
            raise NotUnderstood(_("“%(text)s” has no letters or digits to look for and was left out.", text=text[:40]))
        return text, text

    def _entity(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", str(_("lead unknown"))
        try:
            return self._partner(text)
        except NotUnderstood:
            known = commas(entity.short for entity in entities(self.session, retired=True))
            raise NotUnderstood(
                _("We do not know the entity “%(text)s”. Choose one of: %(known)s, none.", text=text[:60], known=known)
            ) from None

    def _partner(self, text: str) -> tuple[str, str]:
        found = Directory(self.session).find(text)
        return found.key, found.short

    def _sdg(self, text: str) -> tuple[str, str]:
        """A goal with all its targets, or a target of the 2030 Agenda."""
        if text == "none":
            return "none", str(_("no SDG"))
        code = fold(text).removeprefix("sdg").strip()
        goal = self.session.get(SdgGoal, int(code)) if code.isascii() and code.isdecimal() and len(code) < 3 else None
        if goal is None and self.session.get(SdgTarget, code[:8]) is None:
            raise NotUnderstood(
                _(
                    "“%(text)s” is not a goal or target of the 2030 Agenda. Write a goal from 1 to 17, a target such "
                    "as 3.5, or none.",
                    text=text[:40],
                )
            )
        return str(goal.number) if goal else code, str(_("SDG %(code)s", code=goal.number if goal else code))

    def _chapter(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", str(_("no chapter"))
        number = read_chapter(text)
        return str(number), str(_("chapter %(roman)s", roman=ROMAN[number]))

    def _recommendation(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", str(_("no recommendation"))
        code = read_code(text)
        return code, code

    def _section(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", str(_("no section"))
        section = read_section(sections(self.session), text)
        return str(section.position), section.label

    def _year(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", str(_("begin not known"))
        if not (text.isascii() and text.isdecimal() and FIRST_YEAR <= int(text) <= LAST_YEAR):
            raise NotUnderstood(
                _(
                    "“%(text)s” is not a year from %(first_year)s to %(last_year)s.",
                    text=text[:40],
                    first_year=FIRST_YEAR,
                    last_year=LAST_YEAR,
                )
            )
        return text, str(_("begins in %(year)s", year=text))

    def _beneficiary(self, text: str) -> tuple[str, str]:
        code, name = self._country(text)
        if code == "none":
            return code, str(_("no beneficiary country"))
        return code, str(_("%(country)s as beneficiary", country=name))

    def _also(self, text: str) -> tuple[str, str]:
        name, _colon, value = text.partition(":")
        if name not in NAMES or name in ("q", "mine", "also", "status_there"):
            raise NotUnderstood(
                _("“%(text)s” is not a further condition. Write one such as entity:undp.", text=text[:40])
            )
        key = self.read(name, clean(value, lines=False))
        return f"{name}:{key}", str(_("and %(filter)s", filter=self.labels.get((name, key), key)))

    def _country(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", str(_("no country"))
        code = gazetteer(self.session).country(text)
        country = self.session.get_one(Country, code)
        return code, name_of(country)

    def _region(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", str(_("no region"))
        names = gazetteer(self.session)
        try:
            code = names.region(text)
        except NotUnderstood:
            known = commas(map(name_of, self.session.scalars(sa.select(Region).order_by(Region.name))))
            raise NotUnderstood(
                _("We do not know the region “%(text)s”. Choose one of: %(known)s.", text=text[:60], known=known)
            ) from None
        return code, name_of(self.session.get_one(Region, code))

    def _choice(self, name: str, text: str, valid: Iterable[str]) -> tuple[str, str]:
        if text not in valid:
            raise NotUnderstood(
                _(
                    "“%(text)s” cannot be chosen for “%(field)s”. Choose one of: %(valid)s.",
                    text=text[:40],
                    field=name,
                    valid=commas(valid),
                )
            )
        return text, text

    def _field(self, field: Field, text: str) -> tuple[str, str]:
        """A choice or a flag of the description."""
        key, _key = self._choice(str(field.label), text, [value for value, _words in field.options])
        if key in field.values:
            return key, lowered(field.label_of(key))
        return key, str(_("%(field)s: %(choice)s", field=field.label, choice=_("yes") if key == "yes" else _("no")))

    def _status_there(self, text: str) -> tuple[str, str]:
        status = _FIELDS["status"]
        key, _label = self._choice(str(status.label), text, status.values)
        return key, str(_("%(status)s there", status=lowered(status.label_of(key))))

    def _light(self, text: str) -> tuple[str, str]:
        key, _label = self._choice(str(_("Light")), text, [one.value for one in Light])
        return key, lowered(LIGHT_LABELS[Light(key)])

    def _practice(self, text: str) -> tuple[str, str]:
        key, _label = self._choice(str(_("Good practice")), text, [one.value for one in Practice])
        return key, str(_("good practice, %(state)s", state=lowered(PRACTICE_LABELS[Practice(key)])))

    def _lessons(self, text: str) -> tuple[str, str]:
        key, _label = self._choice(str(_("Lessons learned")), text, ["yes"])
        return key, str(_("with lessons learned"))

    def _joint(self, text: str) -> tuple[str, str]:
        key, _label = self._choice(str(_("joint")), text, ["yes", "no"])
        return key, str(_("joint") if key == "yes" else _("individual"))

    def _mine(self, text: str) -> tuple[str, str]:
        key, _label = self._choice(str(_("my entities")), text, ["yes"])
        return key, str(_("my entities"))


def read_filters(session: Session, args: MultiDict[str, str], *, names: Iterable[str] = NAMES) -> Filters:
    """The filters in a query string. What is not understood is left out and told in `problems`."""
    reader = _Reader(session)
    values: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for name in names:
        for text in args.getlist(name)[:50]:
            text = clean(text, lines=False)[:MAX_QUERY_LENGTH]
            if not text:
                continue
            try:
                key = reader.read(name, text)
            except NotUnderstood as problem:
                problems.append(str(problem))
                continue
            if key not in values.get(name, ()):
                values[name] = (*values.get(name, ()), key)
    return Filters(values=values, labels=reader.labels, problems=tuple(problems))


def unreadable(filters: Filters, given: Iterable[str], known: Iterable[str] = NAMES) -> list[str]:
    """Why a file is not made under these filters: values that were not understood, and parameters that are no filter.

    `given` are the names of the address's parameters, `known` those that there are.
    """
    names = list(known)
    strange = [name for name in dict.fromkeys(given) if name not in names]
    told = [
        _("There is no filter “%(name)s”. There are: %(names)s.", name=name[:40], names=commas(names))
        for name in strange
    ]
    return [*filters.problems, *told]


def terms_of(filters: Filters) -> tuple[str, ...]:
    """What the words of `filters` look for: records that hold all of it."""
    return tuple(dict.fromkeys(term for text in filters.get("q") for term in query_terms(text)))
