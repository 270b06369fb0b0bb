"""What the pages say: numbers go with their nouns."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "interagency"
TEXT = r'"(?:[^"\\]|\\.)*"'
NOUNS = "activities|dates|days|entities|events|mails|months|records|recommendations|countries"
COUNTED = re.compile(rf"%\(\w+\)s (?:{NOUNS})\b")
# These are never one: a limit that is set, a list of fixed length, what is said from two, three or twenty on.
NEVER_ONE = (
    "Choose between 1 and %(most)s days",
    "none of its %(all)s recommendations",
    "%(n)s months ago",
    "%(shown)s of %(total)s events are shown",
)


def test_no_sentence_says_one_activities() -> None:
    """A number that may be one stands in `ngettext`, which has a sentence for it."""
    found = []
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix not in (".py", ".html"):
            continue
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(rf"(?<![a-z_])_l?\(\s*((?:{TEXT}\s*)+)", text):
            sentence = "".join(piece[1:-1] for piece in re.findall(TEXT, match[1]))
            if COUNTED.search(sentence) and not any(known in sentence for known in NEVER_ONE):
                found.append(f"{path.relative_to(PACKAGE)}: {sentence}")
    assert found == []
