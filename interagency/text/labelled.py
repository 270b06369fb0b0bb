"""Enums whose members have words for people beside the value they are kept by."""

from __future__ import annotations

import enum
from typing import Any, Self


class Labelled(enum.StrEnum):
    """An enum of texts: each member is its value, which is stored and sent, and a lazy `label`, which pages show.

    `SILENT = "silent", lazy_pgettext("an entity", "silent")`.
    """

    _value_: str
    label: Any

    def __new__(cls, value: str, label: Any = "") -> Self:
        """The member for `value`, shown as `label`."""
        member = str.__new__(cls, value)
        member._value_, member.label = value, label
        return member
