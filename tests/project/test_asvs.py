"""The table of the verification standard is whole, and what it says holds a requirement is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "asvs.md"
# Of each section of OWASP ASVS 5.0.0 the levels of its requirements, in their order: of 5.1, one of level 2.
LEVELS = (
    "1.1:22 1.2:1111122223 1.3:112222222223 1.4:222 1.5:123 2.1:122 2.2:112 2.3:12223 2.4:23 3.1:3 "
    "3.2:113 3.3:12223 3.4:11222233 3.5:11122333 3.6:3 3.7:22333 4.1:12233 4.2:23333 4.3:22 4.4:1222 "
    "5.1:2 5.2:112333 5.3:113 5.4:222 6.1:122 6.2:111111112222 6.3:11223333 6.4:112233 6.5:22222333 "
    "6.6:2223 6.7:33 6.8:2222 7.1:222 7.2:1111 7.3:22 7.4:11222 7.5:223 7.6:22 8.1:1233 8.2:1123 8.3:133 "
    "8.4:23 9.1:111 9.2:1222 10.1:22 10.2:223 10.3:22223 10.4:1111122222233333 10.5:22222 10.6:22 "
    "10.7:222 11.1:2233 11.2:22233 11.3:11233 11.4:1222 11.5:23 11.6:23 11.7:33 12.1:12233 12.2:11 "
    "12.3:22223 13.1:2333 13.2:222223 13.3:2233 13.4:1222233 14.1:22 14.2:12223333 14.3:122 15.1:12233 "
    "15.2:12233 15.3:1222222 15.4:3333 16.1:2 16.2:22222 16.3:2222 16.4:222 16.5:2223 17.1:23 "
    "17.2:22223333 17.3:22 "
)
STATES = {"held", "written", "does not apply", "operator", "in part", "missing"}


def test_every_requirement_of_levels_1_and_2_is_there_once() -> None:
    sections = dict(one.split(":") for one in LEVELS.split())
    counts = ["".join(sections.values()).count(level) for level in "123"]
    assert counts == [70, 183, 92], "as many as the standard says it has"
    wanted = [
        (f"{section}.{number}", level)
        for section, levels in sections.items()
        for number, level in enumerate(levels, 1)
        if level in "12"
    ]
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    assert [(number, level) for number, level, _state, _by in rows] == wanted
    assert {state for _number, _level, state, _by in rows} <= STATES
    for number, _level, state, by in rows:
        assert state != "held" or "::test_" in by, number
    for state in STATES:  # the table of totals at the top says the same
        said = re.search(rf"^\| {state} \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
        assert said, state
        found = [sum((level, one) == (at, state) for _number, level, one, _by in rows) for at in "12"]
        assert [int(said[1]), int(said[2])] == found, state


def test_the_tests_it_names_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 100
    for path, name in set(named):
        assert (ROOT / path).is_file(), path
        if name:
            assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), name


def test_the_sections_it_names_exist() -> None:
    page = PAGE.read_text(encoding="utf-8")
    security = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    for heading in re.findall(r'\(security\.md\), "([^"]+)"', page):
        assert f"## {heading}" in security, heading
