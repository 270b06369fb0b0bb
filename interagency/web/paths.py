"""Addresses that come with a request and that people are sent on to: only paths of this service."""

from __future__ import annotations

LONGEST = 1000


def is_internal_path(target: str | None) -> bool:
    """Whether `target` is a path of this service: it leads to no other host, whatever a browser makes of it."""
    return bool(
        target
        and len(target) <= LONGEST
        and target.startswith("/")
        and not target.startswith("//")
        and "\\" not in target
        and not any(ord(character) < 32 or ord(character) == 127 for character in target)
    )
