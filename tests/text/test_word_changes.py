"""What became of a text, word by word."""

from __future__ import annotations

import pytest

from interagency.text.word_changes import MAX_PIECES, word_changes


def test_one_word_of_a_sentence() -> None:
    assert word_changes("Train judges in Ghana.", "Train prosecutors in Ghana.") == [
        ("same", "Train "), ("gone", "judges"), ("new", "prosecutors"), ("same", " in Ghana."),
    ]  # fmt: skip


def test_what_is_added_to_a_list_leaves_the_others_as_they_are() -> None:
    assert word_changes("1(p), 4(j)", "1(p), 4(j), 5(a)") == [("same", "1(p), 4(j)"), ("new", ", 5(a)")]


@pytest.mark.parametrize("was, now", [("", "2019"), ("planned", "ongoing"), ("2019", "")])
def test_what_shares_nothing_is_shown_whole(was: str, now: str) -> None:
    assert word_changes(was, now) == [piece for piece in [("gone", was), ("new", now)] if piece[1]]


@pytest.mark.parametrize("was, now", [("a  b\nc", "a b\nc d"), ("x, y; z", "z; y, x"), ("word " * 900, "word " * 901)])
def test_nothing_is_lost_and_nothing_invented(was: str, now: str) -> None:
    pieces = word_changes(was, now)
    assert "".join(text for kind, text in pieces if kind != "new") == was
    assert "".join(text for kind, text in pieces if kind != "gone") == now


def test_what_is_very_long_is_not_compared() -> None:
    was, now = "word " * MAX_PIECES, "word " * MAX_PIECES + "end"
    assert word_changes(was, now) == [("gone", was), ("new", now)]
