"""Feeds ready to send, kept by each process while they are what the state of the data says."""

from __future__ import annotations

import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from threading import Lock

from werkzeug.http import http_date

from interagency.calendar.feed import END, Block
from interagency.calendar.packing import Packer

FEED_TYPE = "text/calendar; charset=utf-8"
CACHE_CONTROL = "private, max-age=900"


@dataclass(frozen=True)
class Feed:
    """A feed ready to send: what stands before its events, their bytes in order, the instant of the newest change."""

    beginning: bytes
    blocks: Sequence[Block]
    changed_at: datetime
    body: bytes
    packed: bytes | None = None

    @cached_property
    def digest(self) -> str:
        """The same for the same bytes."""
        known = hashlib.sha256(self.beginning)
        known.update(b"".join(block.digest for block in self.blocks))
        return known.hexdigest()[:32]

    def tag(self, state: str, *, packed: bool) -> str:
        """The ETag: begins with the bytes, ends with the state."""
        return f'"{self.digest}.{state}{"-gzip" if packed else ""}"'

    def headers(self, state: str, *, packed: bool) -> list[tuple[str, str]]:
        """What goes with the bytes, compressed or not."""
        encoding = [("Content-Encoding", "gzip")] if packed else []
        return [
            ("Content-Type", FEED_TYPE),
            *encoding,
            ("ETag", self.tag(state, packed=packed)),
            ("Last-Modified", http_date(self.changed_at)),
            ("Cache-Control", CACHE_CONTROL),
            ("Vary", "Accept-Encoding"),
        ]


MOST_KEPT = 32 * 1024 * 1024
_packer = Packer()
_kept: OrderedDict[str, Feed] = OrderedDict()
_lock = Lock()


def kept_feed(state: str, make: Callable[[], Feed], *, packed: bool) -> Feed:
    """The feed of `state`, as it was made before, or made now; compressed if `packed`.

    A feed is kept under the name of everything its bytes depend on, so it is never wrong.
    """
    with _lock:
        found = _kept.get(state) if state else None
    made = found or make()
    if packed and made.packed is None:
        crc = zlib.crc32(made.body)
        made = replace(made, packed=_packer.gzip(made.beginning, made.blocks, END, crc, len(made.body)))
    if state and made is not found:
        with _lock:
            _kept[state] = made
            while len(_kept) > 1 and sum(len(one.body) + len(one.packed or b"") for one in _kept.values()) > MOST_KEPT:
                _kept.popitem(last=False)
    return made


def feed_at_hand(state: str, *, packed: bool) -> Feed | None:
    """The feed of `state`, if it was made here before in this form."""
    with _lock:
        found = _kept.get(state)
        if found is None or (packed and found.packed is None):
            return None
        _kept.move_to_end(state)
        return found
