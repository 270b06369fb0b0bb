"""The documents keep up with the code: rules that are cited exist, pages are listed, links and make targets exist."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from interagency.cli import main
from interagency.settings import SETTINGS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for folder in (ROOT, DOCS, ROOT / ".github") for path in folder.glob("**/*.md"))
PAGES = [path for path in PAGES if not {".venv", "build", "instance"} & set(path.relative_to(ROOT).parts)]
GROUPS = {"Added", "Changed", "Fixed", "Upgrade"}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _rules() -> list[int]:
    return [int(number) for number in re.findall(r"^### (\d+)\. \S", _text(DOCS / "domain.md"), re.MULTILINE)]


def _cited(text: str) -> Iterator[int]:
    """The numbers of "rule 5", "rules 5 and 24", "rules 5, 24", "rules 19 to 21"."""
    for written in re.findall(r"\brules? (\d+(?:(?:, (?:and )?| and | to )\d+)*)", text, re.IGNORECASE):
        yield from map(int, re.findall(r"\d+", written))


def _project() -> dict[str, str]:
    return dict(tomllib.loads(_text(ROOT / "pyproject.toml"))["project"])


def test_the_rules_of_the_domain_are_numbered_from_1_to_29() -> None:
    assert _rules() == list(range(1, 30))


@pytest.mark.parametrize("folder", ["interagency", "tests", "docs", "bench"])
def test_every_rule_that_is_cited_exists(folder: str) -> None:
    paths = [path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".html", ".js", ".css", ".md"}]
    cited = {(str(path.relative_to(ROOT)), number) for path in paths for number in _cited(_text(path))}
    assert {(path, number) for path, number in cited if number not in _rules()} == set()
    if folder == "interagency":
        assert len(cited) > 10, "the pattern finds no citations any more"


def test_every_page_of_the_documents_is_listed_in_their_index() -> None:
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#]+)\)", _text(DOCS / "README.md"))}
    assert {path for path in DOCS.rglob("*.md") if path.name != "README.md"} - linked == set()
    assert "(docs/README.md)" in _text(ROOT / "README.md")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!\w+:)([^)\s]+)\)", _text(path)):
        name, _, anchor = target.partition("#")
        page = path.parent / name if name else path
        assert page.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", _text(page), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, target


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", _text(ROOT / "Makefile"), re.MULTILINE))
    texts = [_text(path) for path in PAGES if path.name != "CHANGELOG.md"]
    named = {name for text in texts for name in re.findall(r"`(?:\w+=\S+ )*make ([a-z-]+)", text)}
    hooks = re.findall(r"entry: make ([a-z-]+)", _text(ROOT / ".pre-commit-config.yaml"))
    assert "test" in named
    assert hooks
    assert named | set(hooks) <= targets


def test_the_workflow_tests_every_python_from_the_oldest_supported_one() -> None:
    workflow = _text(ROOT / ".github" / "workflows" / "test.yml")
    versions = re.findall(r'"(3\.\d+)"', workflow)
    assert f">={versions[0]}" == _project()["requires-python"]
    assert versions == [f"3.{int(versions[0].split('.')[1]) + step}" for step in range(len(versions))]
    assert re.findall(r"run: (.+)", workflow) == [".ci/run"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_the_changelog_tells_versions_by_date_and_group() -> None:
    text = _text(ROOT / "CHANGELOG.md")
    first, *released = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert first.startswith("Unreleased")
    dates = [re.fullmatch(r"\d+\.\d+\.\d+ \((\d{4}-\d\d-\d\d)\)", heading) for heading in released]
    assert all(dates), released
    assert [date[1] for date in dates if date] == sorted((date[1] for date in dates if date), reverse=True)
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= GROUPS
    assert any(heading.startswith(f"{_project()['version']} ") for heading in released)


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for setting in SETTINGS:
        assert f"`{setting.variable}`" in text, setting.variable


def test_every_command_is_documented() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, command in main.commands.items():
        for leaf in getattr(command, "commands", {"": None}):
            assert f"interagency {name} {leaf}".strip() in text, f"{name} {leaf}"


def test_files_that_documents_name_are_there() -> None:
    """By their path in the repository, in the package or beside a neighbour named before in the same document."""
    wrong = []
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        if page.name == "CHANGELOG.md":
            continue
        for name in re.findall(r"`([\w/]+\.py)`", page.read_text(encoding="utf-8")):
            places = [
                ROOT / name,
                ROOT / "interagency" / name,
                *(ROOT / "interagency").rglob(name),
                *(ROOT / "tests").rglob(name),
            ]
            if not any(place.exists() for place in places):
                wrong.append(f"{page.relative_to(ROOT)}: {name}")
    assert wrong == []
