"""Generated events as rows: the same seed gives the same facts. Nothing here touches a database."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from bench.generated.activities import (
    Named,
    Rows,
    World,
    date_columns,
    history,
    imprecise,
    instant,
    language,
    search_words,
    some,
)
from bench.generated.fragments import CITIES, EVENT_TITLES, ZONES
from interagency.calendar.events.models import EventKind, EventStatus, LinkKind, Mode, Part
from interagency.text.dates import ImpreciseDate

STATUSES = (
    EventStatus.TENTATIVE,
    EventStatus.CONFIRMED,
    EventStatus.POSTPONED,
    EventStatus.CANCELLED,
    EventStatus.HELD,
)


def event_rows(number: int, seed: str, world: World, first_activity: int, activities: int) -> Rows:
    """The rows of event `number`, by table. It may belong to activities `first_activity` and following."""
    chance = Random(f"{seed} event {number}")  # noqa: S311  (the same data again, no secret)
    rows: Rows = defaultdict(list)
    tongue = language(chance)
    city, country_code = chance.choice(CITIES)
    country = next((one for one in world.countries if one.id == country_code), None)
    is_timed = chance.random() < 0.45
    zone = ZONES[country_code] if is_timed else None
    days = _segments(chance, number, world, is_timed, rows)
    weeks = chance.randint(4, 30) if len(days) == 1 and days[0][0].is_exact and chance.random() < 0.04 else 0
    last = days[-1][1].last + timedelta(days=7 * (weeks - 1) if weeks else 0)
    plain: dict[str, Any] = {
        "title": f"{chance.choice(EVENT_TITLES).format(subject=chance.choice(tongue.subjects))} ({number})",
        "kind": chance.choice(list(EventKind)),
        "status": chance.choices(STATUSES, (18, 50, 4, 6, 22))[0],
        "description": " ".join(chance.choices(tongue.sentences, k=chance.randint(1, 4))),
        "mode": chance.choice([*Mode, None]),
        "venue": f"Conference room {chance.randint(1, 9)}" if chance.random() < 0.5 else "",
        "city": city,
        "country_code": country_code if country else None,
        "timezone": zone,
        "meant_for": "experts" if chance.random() < 0.2 else "",
        "rrule": f"FREQ=WEEKLY;COUNT={weeks}" if weeks else "",
        "participants_incomplete": chance.random() < 0.05,
        "shareable": chance.random() < 0.5,
        "source": "",
        "remarks": "",
        "is_listed": chance.random() < 0.99,
    }
    made_at = instant(min(world.last_day, days[0][0].first - timedelta(days=chance.randint(20, 200))))
    moved = chance.random() < 0.3
    moments = [made_at, made_at + timedelta(days=3)] if moved else [made_at]
    taking_part = _organisations(chance, number, world, rows)
    chapters = sorted(some(chance, range(1, 8), 25, 50, 25))
    rows["event_chapter"] += [{"event_id": number, "chapter_number": one, "by_day": False} for one in chapters]
    linked = (
        sorted({first_activity + chance.randrange(activities) for _ in range(chance.randint(0, 2))})
        if activities
        else []
    )
    rows["event_activity"] += [{"event_id": number, "activity_id": one} for one in linked]
    links = _links(chance, number, plain["mode"], rows)
    _repeated(number, weeks, days, is_timed, rows)
    facts = _facts(plain, rows, days, taking_part, chapters, linked, links)
    history(
        rows, "event", number, facts, [{"venue": "To be announced", "status": "tentative"}] if moved else [], moments
    )
    names = [name for one, _part in taking_part for name in one.names] + list(country.names if country else ())
    rows["event"].append(
        plain
        | {
            "id": number,
            "uid": f"{seed}-{number}@generated.interagency",
            "sequence": int(moved),
            "version": len(moments),
            "created_at": moments[0],
            "updated_at": moments[-1],
            "cancelled_at": moments[-1] if plain["status"] is EventStatus.CANCELLED else None,
            "first_day": days[0][0].first,
            "last_day": last,
            "illustrative": True,
            "search_text": search_words(
                plain["title"], plain["description"], plain["venue"], city, plain["kind"].value, *names
            ),
        }
    )
    return rows


def _segments(
    chance: Random, number: int, world: World, is_timed: bool, rows: Rows
) -> list[tuple[ImpreciseDate, ImpreciseDate]]:
    """One run of days mostly, three at times; one in eight is not exact yet."""
    span = (world.last_day - world.first_day).days + 365
    at = world.first_day + timedelta(days=chance.randrange(span))
    days = []
    if chance.random() < 0.12:
        known = imprecise(chance, at)
        days.append((known, known))
    else:
        for _run in range(chance.choices((1, 2, 3), (90, 7, 3))[0]):
            end = at + timedelta(days=chance.choices((0, 1, 2, 4), (50, 25, 15, 10))[0])
            days.append((ImpreciseDate.day(at), ImpreciseDate.day(end)))
            at = end + timedelta(days=chance.randint(10, 60))
    hour = chance.randint(8, 15)
    for place, (start, last) in enumerate(days, 1):
        hours = is_timed and start.is_exact
        rows["segment"].append(
            date_columns("start", start)
            | date_columns("end", last)
            | {
                "event_id": number,
                "number": place,
                "start_time": time(hour) if hours else None,
                "end_time": time(hour + 2, 30) if hours else None,
            }
        )
    return days


def _organisations(chance: Random, number: int, world: World, rows: Rows) -> list[tuple[Named, Part]]:
    organisers = chance.sample(
        list(world.entities), min(chance.choices((1, 2, 3), (70, 22, 8))[0], len(world.entities))
    )
    participants = [
        one for one in some(chance, [*world.entities, *world.partners], 40, 30, 20, 10) if one not in organisers
    ]
    found = [(one, Part.ORGANISER) for one in organisers] + [(one, Part.PARTICIPANT) for one in participants]
    for place, (one, part) in enumerate(found):
        rows["event_organisation"].append(
            {
                "event_id": number,
                "organisation_id": one.id,
                "part": part,
                "position": place if part is Part.ORGANISER else place - len(organisers),
                "confirmed_month": None,
            }
        )
    return found


def _links(chance: Random, number: int, mode: Mode | None, rows: Rows) -> list[list[str]]:
    kinds = [LinkKind.PAGE] if chance.random() < 0.4 else []
    if mode in (Mode.ONLINE, Mode.HYBRID):
        kinds.append(LinkKind.MEETING)
    facts = [[kind.value, "", f"https://www.example.org/{kind.value}/{number}"] for kind in kinds]
    rows["event_link"] += [
        {"event_id": number, "kind": kind, "title": "", "url": fact[2]} for kind, fact in zip(kinds, facts, strict=True)
    ]
    return facts


def _repeated(
    number: int, weeks: int, days: list[tuple[ImpreciseDate, ImpreciseDate]], is_timed: bool, rows: Rows
) -> None:
    """The third date of a repeated event is cancelled."""
    if weeks:
        begins = rows["segment"][0]["start_time"] or time()
        third: date = days[0][0].first + timedelta(days=14)
        rows["occurrence_change"].append(
            {
                "event_id": number, "original": datetime.combine(third, begins), "start": None, "end": None,
                "is_cancelled": True, "title": "", "note": "No meeting in this week",
            }
        )  # fmt: skip


def _facts(
    plain: dict[str, Any],
    rows: Rows,
    days: list[tuple[ImpreciseDate, ImpreciseDate]],
    taking_part: list[tuple[Named, Part]],
    chapters: list[int],
    linked: list[int],
    links: list[list[str]],
) -> dict[str, Any]:
    """What `calendar.record.facts` says of the record."""
    hours = [
        (f"{row['start_time']:%H:%M}", f"{row['end_time']:%H:%M}") if row["start_time"] else (None, None)
        for row in rows["segment"]
    ]
    facts = {name: value for name, value in plain.items() if name != "country_code"}
    return facts | {
        "kind": plain["kind"].value,
        "status": plain["status"].value,
        "segments": [
            [start.code, end.code, begins, ends, []] for (start, end), (begins, ends) in zip(days, hours, strict=True)
        ],
        "exceptions": [
            [row["original"].isoformat(), None, None, True, "", row["note"], "", "", None, None]
            for row in rows["occurrence_change"]
        ],
        "country": plain["country_code"],
        "mode": plain["mode"].value if plain["mode"] else None,
        "organisers": [one.key for one, part in taking_part if part is Part.ORGANISER],
        "participants": [one.key for one, part in taking_part if part is Part.PARTICIPANT],
        "chapters": chapters,
        "activities": linked,
        "parent": None,
        "series": None,
        "series_number": None,
        "links": links,
        "documents": None,
        "milestone": None,
    }
