"""What nobody types by accident, and every form, filter, file and address has to bear."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

HOSTILE = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\r\nX-Injected: yes",
    "'; DROP TABLE activity; --",
    '" OR 1=1 --',
    "%' ESCAPE '",
    "%_\\",
    "{{ 7*7 }}",
    "${7*7}",
    "{0.__class__}",
    "%s%n%x",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    '=HYPERLINK("http://example.org")',
    "@SUM(A1)",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "//example.org/",
    "http://example.org/",
    "\\\\example.org\\share",
    "-1",
    "0",
    "1e309",
    "NaN",
    "9" * 30,
    "9" * 5000,
    "0x1F",
    "٣",
    "²",
    "Ⅳ",
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "2026-13",
    "31 February 2026",
    "1-31 December 9999",
    "12/10/2026",
    "1 (a)(b)",
    "8(a)",
    "１（ａ）",
    "a" * 10_000,
    "ä" * 3_000,
    "e\u0301" * 500,
    "\ud800",
    "\ufeff",
    "\u202e abc",
    "\u2028line",
    "👩‍👩‍👧‍👦" * 20,
    "中文 العربية русский",
    "İstanbul ſtraße ﬁ",
    "true",
    "null",
    "[]",
    "undefined",
    "BEGIN:VEVENT\nEND:VEVENT",
    "on",
    "*",
    "NEAR(a b)",
    "a AND b OR NOT c",
    '"unclosed',
    "title:x",
)


def mutations(seeds: Sequence[str], chance: random.Random) -> Iterator[str]:
    """Without end: hostile texts, seeds, and crossings of both."""
    pool = (*HOSTILE, *seeds)
    while True:
        text = chance.choice(pool)
        for _step in range(chance.randrange(3)):
            kind = chance.randrange(5)
            at = chance.randrange(len(text) + 1)
            if kind == 0:
                text = text[:at] + chance.choice(pool)[:40] + text[at:]
            elif kind == 1:
                text = text[:at] + text[at + chance.randrange(1, 4) :]
            elif kind == 2:
                text = (
                    text[:at]
                    + chr(chance.choice((chance.randrange(1, 256), chance.randrange(256, 0x10000))))
                    + text[at:]
                )
            elif kind == 3:
                text = text * chance.randrange(1, 4)
            else:
                text = text.swapcase()
        yield text[:12_000]
