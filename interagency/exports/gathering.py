"""What the sheets beside Matrix show, gathered while the activities pass by once on their way into it.

Totals are kept in memory; rows are spooled to disk until their sheet is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from interagency.exports.columns import Cell, joined
from interagency.exports.rows.spool import RowSpool
from interagency.exports.snapshot import ActivityRow
from interagency.matrix.cycles.contents import Contents, placed_in
from interagency.matrix.framework.file_words import in_words

_PAIRS = "pairs"


@dataclass(slots=True)
class OnOne:
    """What is done on one recommendation."""

    activities: int = 0
    joint: int = 0
    entities: dict[str, None] = field(default_factory=dict)  # in the order they were met
    countries: set[str] = field(default_factory=set)


class Gathered:
    """Fills while `watched` is read to its end; what it holds is whole from then on."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._spool = RowSpool()
        self.on: dict[str, OnOne] = defaultdict(OnOne)
        # By entity: activities in no chapter, in each of seven, and in all.
        self.by_entity: dict[str, list[int]] = defaultdict(lambda: [0] * 9)

    def close(self) -> None:
        """Delete what was spooled."""
        self._spool.close()

    def watched(self, rows: Iterable[ActivityRow]) -> Iterator[ActivityRow]:
        """The same rows, noted on their way."""
        for row in rows:
            self._count(row)
            self._spool_row(row)
            yield row

    def pairs(self) -> Iterator[list[Any]]:
        """`[id, title, joint or individual, status, codes, [[country, role], ...]]` of each activity."""
        return self._spool.rows(_PAIRS)

    def chapter(self, number: int) -> Iterator[list[Cell]]:
        """The rows of a chapter, by their first recommendation there, then by title."""
        return self._spool.rows(str(number))

    def _count(self, row: ActivityRow) -> None:
        chapters, entities, joint = row.entry["chapters"], row.entities, row.entry["joint"]
        for key in entities:
            counts = self.by_entity[key]
            for number in chapters or (0,):
                counts[number] += 1
            counts[8] += 1
        for code in row.facts["recommendations"]:
            one = self.on[code]
            one.activities += 1
            one.joint += joint
            one.entities |= dict.fromkeys(entities)
            one.countries |= {country for country, _role in row.facts["countries"]}

    def _spool_row(self, row: ActivityRow) -> None:
        entry, facts = row.entry, row.facts
        kind = in_words("joint" if entry["joint"] else "individual")
        status = row.words.say("status", facts["status"])
        pairs = [entry["id"], facts["title"], kind, status, facts["recommendations"], facts["countries"]]
        self._spool.put(_PAIRS, pairs)
        shared = _shared_cells(row) if entry["chapters"] else ()
        for number in entry["chapters"]:
            known = self._contents["recommendations"]
            codes = [code for code in facts["recommendations"] if known[code]["chapter"] == number]
            place, heading = placed_in(self._contents, facts, number)
            cells = [heading, joined(codes) or in_words("none in this chapter"), *shared]
            self._spool.put(str(number), cells, place=place, text=facts["title"].casefold(), number=entry["id"])


def words_of_period(said: list[str]) -> str:
    """Begin and end in words, each once: `2017`, not `2017 to 2017`."""
    return str(_("%(start)s to %(end)s", start=said[0], end=said[1])) if len(said) > 1 else "".join(said)


def _shared_cells(row: ActivityRow) -> tuple[Cell, ...]:
    """What a row of a chapter says in every chapter."""
    facts = row.facts
    said = dict.fromkeys(row.words.say(name, facts[name]) for name in ("start", "end") if facts[name])
    places = [*row.countries(), *(row.words.regions.get(code, code) for code in facts["regions"])]
    told = [text for text in (facts["results"], row.words.say("figures", facts["figures"])) if text not in ("", "—")]
    return (
        facts["title"],
        joined(row.short(key) for key in row.entities),
        joined(row.short(key) for key in facts["partners"]),
        row.words.say("status", facts["status"]),
        words_of_period(list(said)),
        joined(places),
        "\n".join(told),
    )
