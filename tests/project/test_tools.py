"""The tools beside the tests: what a crawl counts as a finding, and the page of what the service is made of."""

from __future__ import annotations

import re

from tests.tools.crawl import Crawled, findings_of, table
from tests.tools.versions import LOCK, PAGE, page, pins


def _found(category: str, level: int, kind: str = "vulnerabilities") -> list[tuple[str, str, int]]:
    one = {"method": "GET", "path": "/activities", "info": "said", "level": level}
    return findings_of({"vulnerabilities": {}, "anomalies": {}, kind: {category: [one]}})


def _crawled(*findings: tuple[str, str, int], failures: int = 0, signed_in: bool = True, pages: int = 9) -> Crawled:
    return Crawled("coordinator", pages, failures, signed_in, True, list(findings))


def test_a_crawl_is_well_without_findings_of_weight_only() -> None:
    assert _crawled().is_well
    assert _crawled(*_found("Secure Flag cookie", 1)).is_well
    assert _crawled(*_found("Resource consumption", 3, "anomalies")).is_well
    assert not _crawled(*_found("SQL Injection", 4)).is_well
    assert not _crawled(*_found("Internal Server Error", 0, "anomalies")).is_well
    assert not _crawled(failures=1).is_well
    assert not _crawled(signed_in=False).is_well
    assert not _crawled(pages=0).is_well


def test_the_table_of_a_crawl_names_what_has_weight() -> None:
    said = table([_crawled(*_found("SQL Injection", 4), *_found("Secure Flag cookie", 1))])
    assert "SQL Injection: GET /activities said" in said
    assert "Secure Flag cookie (no weight) ×1" in said


def test_the_page_of_parts_names_each_pinned_part_with_its_version() -> None:
    written = re.findall(r"^\| (\S+) \| (\S+) \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    pinned = sorted((one.name, one.version) for one in pins(LOCK.read_text()))
    assert sorted(written[1:]) == pinned, "run: make versions"


def test_a_part_says_why_it_is_there() -> None:
    asked = "    # via\n    #   interagency (pyproject.toml)\n    #   b\n"
    said = page(f"a-part==1.0 \\\n    --hash=sha256:00\n{asked}b==2\n    # via a-part\n", {}, [("a-part", "colours")])
    assert "| a-part | 1.0 | – | colours; also needed by b |" in said
    assert "| b | 2 | – | needed by a-part |" in said
