"""“Did you mean …?” when nothing was found, from words that everybody who searches may see.

The words are those of the reference lists: recommendations, chapters, countries, regions, entities and partners, kinds
of events. Words of records are left out: what one may see of them would have to be asked for each.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from rapidfuzz.distance import OSA
from sqlalchemy.orm import Session

from interagency.calendar.events.models import Event, EventKind
from interagency.db.fulltext import ranked_ids
from interagency.matrix.activities.models import Activity
from interagency.matrix.framework.models import Chapter, Country, Recommendation, Region
from interagency.matrix.organisations.models import Organisation, OrganisationName
from interagency.text.folding import WHOLE_WORD_UP_TO, folded_words, is_found, search_terms

MAX_WORDS = 6
TWO_SLIPS_FROM = 7  # letters; in shorter words two slips make another word


def did_you_mean(session: Session, text: str) -> str | None:
    """`text` with its misspelled words put right, or None where there is nothing to put right.

    A slip is a letter too many, missing, wrong, or two that changed places. A word that begins one of the lists', or is
    found in any record, is right as it is. Call when nothing was found.
    """
    words = folded_words(text)
    if not words or len(words) > MAX_WORDS:
        return None
    known = _known_words(session)
    meant = [word if _is_right(session, word, known) else _nearest(word, known) or word for word in words]
    return " ".join(known.get(word, word) for word in meant) if meant != words else None


def _is_right(session: Session, word: str, known: dict[str, str]) -> bool:
    if len(word) <= WHOLE_WORD_UP_TO or not word.isalpha():
        return True
    terms = search_terms(word)
    return is_found(terms[0], known) or any(ranked_ids(session, model, terms, 1) for model in (Activity, Event))


def _nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word with the fewest slips between; the first by letters among equals."""
    most = 2 if len(word) >= TWO_SLIPS_FROM else 1
    found = ((OSA.distance(word, one, score_cutoff=most), one) for one in known if len(one) > WHOLE_WORD_UP_TO)
    slips, nearest = min(found, default=(most + 1, ""))
    return nearest if slips <= most else None


def _known_words(session: Session) -> dict[str, str]:
    """The words of the reference lists, folded, and how to write them."""
    found: dict[str, str] = {}
    for column in (Recommendation.title, Chapter.title):
        for title in session.scalars(sa.select(column)):
            found |= {folded: folded for folded in folded_words(title)}
    found |= {folded: folded for kind in EventKind for folded in folded_words(kind.value)}
    names = [*session.scalars(sa.select(Organisation.name)), *session.scalars(sa.select(OrganisationName.name))]
    for name, others in session.execute(
        sa.union_all(sa.select(Country.name, Country.other_names), sa.select(Region.name, Region.other_names))
    ):
        names += [name, *others]
    for name in names:
        for piece in name.split():
            folded = folded_words(piece)
            if len(folded) == 1:
                found.setdefault(folded[0], piece.strip("(),.;:“”"))
    return found
