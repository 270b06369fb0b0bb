"""Plain text of people with its web addresses as links."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

MAX_LINK = 500
_ADDRESS = re.compile(r"https?://[^\s<>\"'`{}|\\^]{1,500}")
_TRAILING = ".,;:!?)]}»”’"


def linked(text: str) -> Markup:
    """`text` escaped, with what begins with http:// or https:// as a link that tells its target nothing of us."""
    parts: list[Markup] = []
    end = 0
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(_TRAILING)
        parts.append(escape(text[end : match.start()]))
        parts.append(
            Markup('<a href="{}" rel="noopener noreferrer nofollow"><bdi>{}</bdi></a>').format(address, address)
        )
        end = match.start() + len(address)
    return Markup("").join([*parts, escape(text[end:])])
