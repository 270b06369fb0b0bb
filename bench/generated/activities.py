"""Generated activities and events as rows: the same seed gives the same facts. Nothing here touches a database."""

from __future__ import annotations

import calendar as months
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from bench.generated.fragments import LANGUAGES, ROLES, UNITS, Language
from interagency.db.history import Action
from interagency.matrix.activities.field_types import Kind
from interagency.matrix.activities.fields import FIELDS, empty_facts
from interagency.matrix.activities.models import CountryRole, Level, Participation, Qualifier, Scope, Status
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import folded_words

BY = "generated data"
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Named:
    """An organisation, country or region that records refer to: its key, and all names it is found by."""

    id: Any
    key: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class World:
    """What generated records refer to, read from the database once."""

    entities: Sequence[Named]
    partners: Sequence[Named]
    countries: Sequence[Named]
    regions: Sequence[Named]
    recommendations: Sequence[tuple[str, int]]  # code, chapter
    goals: Sequence[int]
    targets: Sequence[str]
    first_day: date
    last_day: date


def search_words(*texts: str) -> str:
    """What `interagency.text.folding.search_text` gives."""
    found = dict.fromkeys(word for text in texts if text for word in folded_words(text))
    return f" {' '.join(found)} "


def some(chance: Random, things: Sequence[Any], *shares: int) -> list[Any]:
    """So many different `things` as the shares say: `(50, 30, 20)` gives none, one or two of them."""
    number = chance.choices(range(len(shares)), shares)[0]
    return chance.sample(list(things), min(number, len(things))) if number else []


def language(chance: Random) -> Language:
    """English mostly."""
    return chance.choices(LANGUAGES, [one.share for one in LANGUAGES])[0]


def a_day(chance: Random, world: World) -> date:
    """A day between the first and the last."""
    return world.first_day + timedelta(days=chance.randrange((world.last_day - world.first_day).days))


def imprecise(chance: Random, day: date) -> ImpreciseDate:
    """`day`, as exactly as people know dates: half of them by the month or less."""
    kind = chance.choices(("day", "month", "year", "quarter", "half"), (50, 28, 14, 4, 4))[0]
    if kind == "day":
        return ImpreciseDate.day(day)
    if kind == "month":
        return ImpreciseDate.month(day.year, day.month)
    if kind == "quarter":
        return ImpreciseDate.quarter(day.year, (day.month - 1) // 3 + 1)
    return ImpreciseDate.half_year(day.year, 1 + (day.month > 6)) if kind == "half" else ImpreciseDate.year(day.year)


def date_columns(name: str, value: ImpreciseDate | None) -> dict[str, Any]:
    """The three columns of an imprecise date."""
    return {
        f"{name}_precision": value.precision if value else None,
        f"{name}_first": value.first if value else None,
        f"{name}_last": value.last if value else None,
    }


def instant(day: date, hour: int = 9) -> datetime:
    """An hour of a day, UTC."""
    return datetime.combine(day, time(hour), UTC)


def month_of(day: date) -> str:
    """`2026-08`."""
    return f"{day:%Y-%m}"


def later(chance: Random, day: date, world: World) -> date:
    """A day after `day`, not after the last."""
    left = (world.last_day - day).days
    return day + timedelta(days=chance.randrange(1, max(2, min(left, 400)))) if left > 1 else day


def add_months(day: date, number: int) -> date:
    """The same day so many months on, or the last of the month."""
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


def history(
    rows: Rows,
    kind: str,
    number: int,
    facts: dict[str, Any],
    steps: Sequence[dict[str, Any]],
    moments: Sequence[datetime],
) -> None:
    """The changes of a record that says `facts` now: made at the first moment, then `steps`, the newest last.

    A step is `{field: what it said before}`.
    """
    state = dict(facts)
    changed = []
    for version, step in reversed(list(enumerate(steps, 2))):
        changed.append((version, {name: [was, state[name]] for name, was in step.items()}))
        state |= step
    made = {name: [None, value] for name, value in state.items() if value is not None}
    for version, fields in [(1, made), *reversed(changed)]:
        rows["change"].append(
            {
                "record_type": kind,
                "record_id": number,
                "record_version": version,
                "action": Action.CREATED if version == 1 else Action.CHANGED,
                "at": moments[version - 1],
                "by_id": None,
                "by_name": BY,
                "fields": fields,
                "reason": "",
            }
        )


def activity_rows(number: int, seed: str, world: World) -> Rows:
    """The rows of activity `number`, by table."""
    chance = Random(f"{seed} activity {number}")  # noqa: S311  (the same data again, no secret)
    rows: Rows = defaultdict(list)
    tongue = language(chance)
    subject, place = chance.choice(tongue.subjects), chance.choice(tongue.places)
    title = f"{chance.choice(tongue.titles).format(subject=subject, place=place)} ({number})"
    description = " ".join(chance.choices(tongue.sentences, k=chance.randint(2, 9)))
    begun = a_day(chance, world)
    start = imprecise(chance, begun) if chance.random() < 0.92 else None
    end = imprecise(chance, add_months(begun, chance.randint(13, 40))) if start and chance.random() < 0.6 else None
    parts = _parts(chance, number, world, rows)
    links = _links(chance, number, world, rows)
    figures = _figures(chance, number, rows)
    status = chance.choices(list(Status), (15, 55, 22, 4, 4))[0]
    results = chance.choice(tongue.sentences) if status is Status.COMPLETED else ""
    source = f"Annual report {begun.year}" if chance.random() < 0.5 else ""
    plain = _blank_columns() | {
        "title": title,
        "description": description,
        "level": chance.choice([*Level, None]),
        "scope": chance.choice([*Scope, None]),
        "status": status,
        "partners_incomplete": chance.random() < 0.05,
        "results": results,
        "source": source,
        "link": f"https://www.example.org/work/{number}" if chance.random() < 0.4 else "",
        "contact": "programme.officer@example.org" if chance.random() < 0.3 else "",
        "remarks": "To be discussed with the regional office." if chance.random() < 0.1 else "",
        "is_listed": chance.random() < 0.99,
    }
    edits = chance.choices(range(4), (55, 25, 15, 5))[0]
    moments = _moments(chance, begun, edits, world)
    facts = _facts(plain, parts, links, figures, start, end)
    history(rows, "activity", number, facts, _steps(chance, facts, edits), moments)
    taking_part = [part for part in parts if part["participation"] is not Participation.DECLINED]
    texts = [title, description, *(code for code, _ in links["recommendations"])]
    texts += [name for entity in links["named"] for name in entity.names] + [part["role"] for part in parts]
    rows["activity"].append(
        plain
        | date_columns("start", start)
        | date_columns("end", end)
        | {
            "id": number,
            "is_joint": len(taking_part) > 1,
            "version": edits + 1,
            "created_at": moments[0],
            "updated_at": moments[-1],
            "search_text": search_words(*texts, *(n for e in parts for n in e["named"].names), results, source),
        }
    )
    for part in parts:
        rows["activity_entity"].append({name: value for name, value in part.items() if name != "named"})
    return rows


def _blank_columns() -> dict[str, Any]:
    """What a record says in its own columns of which nothing is made up."""
    said = empty_facts()
    apart = (Kind.DATE, Kind.SECTION)  # their columns have other names
    return {field.name: said[field.name] for field in FIELDS if field.is_column and field.kind not in apart}


def _moments(chance: Random, begun: date, edits: int, world: World) -> list[datetime]:
    days = [begun]
    for _edit in range(edits):
        days.append(later(chance, days[-1], world))
    return [instant(day, 8 + place) for place, day in enumerate(days)]


def _steps(chance: Random, facts: dict[str, Any], edits: int) -> list[dict[str, Any]]:
    earlier = [
        {"status": Status.PLANNED.value if facts["status"] != Status.PLANNED.value else Status.ONGOING.value},
        {"results": "", "remarks": "First draft"} if facts["results"] else {"remarks": "First draft"},
        {"title": f"{facts['title']} [working title]"},
    ]
    return earlier[:edits]


def _parts(chance: Random, number: int, world: World, rows: Rows) -> list[dict[str, Any]]:
    """The UN entities: a third of the activities are joint, one in twelve has no known lead."""
    count = chance.choices((1, 2, 3, 5), (66, 20, 10, 4))[0]
    chosen = chance.sample(list(world.entities), min(count, len(world.entities)))
    has_lead = chance.random() < 0.92
    said = (Participation.CONFIRMED, Participation.AWAITED, Participation.DECLINED)
    return [
        {
            "activity_id": number,
            "entity_id": entity.id,
            "is_lead": has_lead and place == 0,
            "position": place,
            "role": chance.choice(ROLES) if chance.random() < 0.3 else "",
            "participation": chance.choices(said, (93, 5, 2))[0] if place else Participation.CONFIRMED,
            "confirmed_month": month_of(a_day(chance, world)) if chance.random() < 0.8 else None,
            "named": entity,
        }
        for place, entity in enumerate(chosen)
    ]


def _links(chance: Random, number: int, world: World, rows: Rows) -> dict[str, Any]:
    partners = some(chance, world.partners, 40, 30, 18, 8, 4)
    countries = some(chance, world.countries, 25, 30, 20, 12, 8, 5)
    roles = [chance.choices(list(CountryRole), (70, 10, 10, 10))[0] for _country in countries]
    regions = some(chance, world.regions, 70, 25, 5)
    recommendations = sorted(some(chance, world.recommendations, 8, 40, 30, 14, 8), key=lambda r: (r[1], r[0]))
    followed = {chapter for _code, chapter in recommendations}
    by_hand = {chance.randint(1, 7)} - followed if chance.random() < 0.06 else set()
    goals, targets = some(chance, world.goals, 60, 30, 10), some(chance, world.targets, 60, 25, 15)

    def link(table: str, column: str, values: Sequence[Any]) -> None:
        rows[table] += [{"activity_id": number, column: value} for value in values]

    link("activity_partner", "organisation_id", [one.id for one in partners])
    link("activity_region", "region_code", [one.id for one in regions])
    link("activity_recommendation", "recommendation_code", [code for code, _chapter in recommendations])
    link("activity_sdg_goal", "goal_number", goals)
    link("activity_sdg_target", "target_code", targets)
    for country, role in zip(countries, roles, strict=True):
        rows["activity_country"].append({"activity_id": number, "country_code": country.id, "role": role})
    for chapter in sorted(followed | by_hand):
        rows["activity_chapter"].append(
            {"activity_id": number, "chapter_number": chapter, "by_hand": chapter not in followed}
        )
    return {
        "named": [*partners, *countries, *regions],
        "partners": sorted(one.key for one in partners),
        "countries": sorted([one.id, role.value] for one, role in zip(countries, roles, strict=True)),
        "regions": sorted(one.id for one in regions),
        "recommendations": recommendations,
        "by_hand": sorted(by_hand),
        "sdg": [str(goal) for goal in sorted(goals)] + [code for code in world.targets if code in targets],
    }


def _figures(chance: Random, number: int, rows: Rows) -> list[list[str]]:
    facts = []
    for place, unit in enumerate(some(chance, UNITS, 60, 30, 10)):
        amount, qualifier = chance.choice((3, 12, 40, 150, 2500)), chance.choice(list(Qualifier))
        rows["figure"].append(
            {
                "activity_id": number,
                "position": place,
                "number": Decimal(amount),
                "qualifier": qualifier,
                "unit": unit,
            }
        )
        facts.append([str(amount), qualifier.value, unit])
    return facts


def _facts(
    plain: dict[str, Any],
    parts: Sequence[dict[str, Any]],
    links: dict[str, Any],
    figures: list[list[str]],
    start: ImpreciseDate | None,
    end: ImpreciseDate | None,
) -> dict[str, Any]:
    """What `activities.record.facts` says of the record."""
    lead = next((part["named"].key for part in parts if part["is_lead"]), None)
    return plain | {
        "lead": lead,
        "entities": [part["named"].key for part in parts if not part["is_lead"]],
        "supporting": [],
        "section": None,
        "roles": {part["named"].key: part["role"] for part in parts if part["role"]},
        "participation": {
            part["named"].key: part["participation"].value
            for part in parts
            if part["participation"] is not Participation.CONFIRMED
        },
        "partners": links["partners"],
        "level": plain["level"].value if plain["level"] else None,
        "scope": plain["scope"].value if plain["scope"] else None,
        "countries": links["countries"],
        "regions": links["regions"],
        "status": plain["status"].value,
        "start": start.code if start else None,
        "end": end.code if end else None,
        "recommendations": [code for code, _chapter in links["recommendations"]],
        "chapters": links["by_hand"],
        "sdg": links["sdg"],
        "figures": figures,
        "country_statuses": [],
        "documents": [],
    }
