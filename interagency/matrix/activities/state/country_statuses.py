"""The status of an activity in single countries: `Ghana: completed` (the Note of 2020, chapter II: a programme carried
out in some countries was initiated in others). Where none is said, that of the activity holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, aliased

from interagency.matrix.activities.field_types import letters, spellings_of
from interagency.matrix.activities.fields import BY_NAME, STATUS_LABELS
from interagency.matrix.activities.models import Activity, ActivityCountry, CountryStatus, Status
from interagency.matrix.framework.names import gazetteer
from interagency.matrix.framework.titles import spoken
from interagency.text.folding import lowered
from interagency.text.languages import DEFAULT, commas
from interagency.text.lines import check_line

Said = tuple[str, str]  # code of a country, status


def reader_of(session: Session) -> Callable[[str], Said]:
    """How a line such as `Ghana: completed` is read. The list of names is read when there is a line.

    Raises ValueError with a sentence on what to write.
    """
    names = cache(lambda: gazetteer(session))

    def read(line: str) -> Said:
        place, colon, text = check_line(line).replace("：", ":").rpartition(":")
        if not colon or not place.strip():
            raise ValueError(
                _(
                    "“%(line)s” does not say where. Write the country, a colon and the status: Ghana: completed.",
                    line=line.strip()[:60],
                )
            )
        return names().country(place.strip()), read_status(text).value

    return read


def read_status(text: str) -> Status:
    """The status that `text` names by value, its label in any language or a usual spelling.

    Raises ValueError with the ones there are.
    """
    if found := spellings_of(BY_NAME["status"]).get(letters(text)):
        return Status(found)
    raise ValueError(
        _(
            "“%(text)s” is not a status. Choose one of: %(statuses)s.",
            text=text.strip()[:40],
            statuses=commas(map(lowered, STATUS_LABELS.values())),
        )
    )


def words_of(said: Iterable[Sequence[str]], countries: Mapping[str, str]) -> str:
    """`Ghana: completed; Panama: ongoing`, countries by their names of the day; the status as files say choices: in
    English as it is kept, else by its label."""
    labels = {} if spoken().language == DEFAULT else {one.value: str(label) for one, label in STATUS_LABELS.items()}
    return "; ".join(f"{countries.get(code, code)}: {labels.get(status, status)}" for code, status in said)


def contradictory(said: Iterable[Sequence[str]], countries: Iterable[Sequence[str]]) -> tuple[list[str], list[str]]:
    """The codes of countries that are said to be at two statuses, and of those that are none of its `countries`."""
    codes = [code for code, _status in said]
    named = {code for code, _role in countries}
    return sorted({one for one in codes if codes.count(one) > 1}), sorted({*codes} - named)


def by_status_there(statuses: Iterable[str], codes: Sequence[str] = ()) -> sa.ColumnElement[bool]:
    """Activities that are at one of `statuses` in a country they name, or in one of `codes`."""
    query = links_at(statuses)
    if codes:
        query = query.where(ActivityCountry.country_code.in_(codes))
    return Activity.id.in_(query)


def links_at(statuses: Iterable[str]) -> sa.Select[int]:
    """The activities of the links to countries in which the activity is at one of `statuses`."""
    activity = aliased(Activity)
    return (
        sa.select(ActivityCountry.activity_id)
        .join(activity, activity.id == ActivityCountry.activity_id)
        .outerjoin(CountryStatus, _same_country())
        .where(sa.func.coalesce(_plain(CountryStatus.status), _plain(activity.status)).in_(list(statuses)))
    )


def _same_country() -> sa.ColumnElement[bool]:
    return sa.and_(
        CountryStatus.activity_id == ActivityCountry.activity_id,
        CountryStatus.country_code == ActivityCountry.country_code,
    )


def _plain(column: Any) -> sa.ColumnElement[str]:
    return sa.type_coerce(column, sa.String)


def counts_by_status(
    session: Session, shown: sa.CTE, statuses: Sequence[str] = ()
) -> dict[str, dict[str, tuple[int, int]]]:
    """By country and status there: how many of the activities `shown` (`id`, `is_joint`), and how many of them are
    joint. At one of `statuses` only, if any are given."""
    activity = aliased(Activity)
    status = sa.func.coalesce(_plain(CountryStatus.status), _plain(activity.status)).label("status")
    pairs = (
        sa.select(ActivityCountry.activity_id, ActivityCountry.country_code, status)
        .join(activity, activity.id == ActivityCountry.activity_id)
        .outerjoin(CountryStatus, _same_country())
        .distinct()
        .subquery("pairs")
    )
    joint = sa.func.sum(sa.case((shown.c.is_joint, 1), else_=0))
    query = (
        sa.select(pairs.c.country_code, pairs.c.status, sa.func.count(), joint)
        .join(shown, shown.c.id == pairs.c.activity_id)
        .group_by(pairs.c.country_code, pairs.c.status)
    )
    if statuses:
        query = query.where(pairs.c.status.in_(statuses))
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for code, one, number, of_them_joint in session.execute(query):
        found.setdefault(code, {})[one] = (number, of_them_joint)
    return found
