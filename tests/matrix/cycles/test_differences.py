"""What changed between two editions: nothing is left out, nothing is made up."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interagency.matrix.cycles.differences import Kind, apply, compare

FACTS = st.fixed_dictionaries(
    {
        "title": st.text(max_size=5),
        "lead": st.none() | st.sampled_from(["who", "undp"]),
        "status": st.sampled_from(["planned", "ongoing", "completed", "cancelled"]),
        "countries": st.lists(st.sampled_from(["AF", "BO", "CI"]), max_size=3),
        "roles": st.dictionaries(st.sampled_from(["who", "undp"]), st.text(max_size=3), max_size=2),
    }
)
STATE = st.dictionaries(st.integers(1, 8), FACTS, max_size=8)


@settings(max_examples=200, deadline=None)
@given(st.lists(STATE, min_size=2, max_size=5))
@pytest.mark.slow
def test_the_difference_applied_to_an_edition_gives_the_next(states: list[dict[int, dict[str, Any]]]) -> None:
    known: set[int] = set()
    for before, after in itertools.pairwise(states):
        known |= set(before)
        found = compare(before, after, seen_earlier=known - set(before))
        assert apply(found, before) == after
        assert set(found.records) == set(before) | set(after)
        for record_id, record in found.records.items():
            assert (record.kind is Kind.UNCHANGED) == (before.get(record_id) == after.get(record_id))
            assert (record.kind is Kind.NEW) == (record_id in after and record_id not in known)
            assert (record.kind is Kind.REAPPEARED) == (
                record_id in after and record_id not in before and record_id in known
            )
            assert (record.kind is Kind.GONE) == (record_id not in after)


def facts(**more: Any) -> dict[str, Any]:
    return {"title": "A title", "status": "ongoing"} | more


def test_each_kind_has_its_word() -> None:
    before = {1: facts(), 2: facts(), 3: facts(), 4: facts(status="completed"), 5: facts()}
    after = {
        1: facts(),
        2: facts(title="Another"),
        3: facts(status="completed"),
        4: facts(status="completed", title="Corrected"),
        6: facts(),
        7: facts(),
    }
    found = compare(before, after, seen_earlier={7}).records
    assert {key: record.kind for key, record in found.items()} == {
        1: Kind.UNCHANGED,
        2: Kind.CHANGED,
        3: Kind.ENDED,
        4: Kind.CHANGED,
        5: Kind.GONE,
        6: Kind.NEW,
        7: Kind.REAPPEARED,
    }
    assert {record.words for record in found.values() if record.kind is Kind.GONE} == {"no longer listed"}
    merged = compare(before, after, merged={5: 6, 1: 9}).records
    assert (merged[5].kind, merged[5].words, merged[1].words) == (Kind.GONE, "merged into 6", "unchanged")
    assert found[2].fields == {"title": ["A title", "Another"]}
