"""A feed's bytes compressed from parts that are already compressed (RFC 1951, 1952).

A feed is cut into parts after events whose digest says so, so that a change in one event leaves all other parts as
they were. A part is known by the digests of its events: what is kept under them can never be wrong.
"""

from __future__ import annotations

import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock

from interagency.calendar.feed import Block

LEVEL = 6
MOST_PARTS = 8192  # of about 6 kB each
PART, LONGEST = 64, 256  # events: on average, and at most
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time: the same bytes give the same file
_LAST = b"\x03\x00"  # an empty final block


def deflated(text: bytes) -> bytes:
    """`text` as deflate blocks that end on a byte and refer to nothing before them: they can be joined."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)


class Packer:
    """Compresses feeds; keeps the compressed parts used last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = Lock()

    def gzip(self, beginning: bytes, blocks: Sequence[Block], end: bytes, crc: int, length: int) -> bytes:
        """The calendar as one gzip member; `crc` and `length` are of the whole text."""
        packed = [_GZIP_HEAD, deflated(beginning)]
        packed += [self._part(part) for part in _parts(blocks)]
        packed += [deflated(end), _LAST, struct.pack("<LL", crc, length & 0xFFFFFFFF)]
        return b"".join(packed)

    def _part(self, blocks: Sequence[Block]) -> bytes:
        name = b"".join(block.digest for block in blocks)
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
                return found
        made = deflated(b"".join(block.body for block in blocks))
        with self._lock:
            self._kept[name] = made
            while len(self._kept) > MOST_PARTS:
                self._kept.popitem(last=False)
        return made


def _parts(blocks: Sequence[Block]) -> Iterator[Sequence[Block]]:
    first = 0
    ends = [place for place, block in enumerate(blocks, 1) if block.digest[0] < 256 // PART]
    for end in [*ends, len(blocks)]:
        for start in range(first, end, LONGEST):
            yield blocks[start : min(start + LONGEST, end)]
        first = end
