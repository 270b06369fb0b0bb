"""Which page of a list is meant, and how many there are."""

from __future__ import annotations


def page_within(number: int, total: int, size: int) -> tuple[int, int]:
    """The page `number` of `total` lines in pages of `size`, or the nearest there is, from 1; and how many there are,
    one at least.
    """
    pages = max(1, -(-total // size))
    return min(max(1, number), pages), pages
