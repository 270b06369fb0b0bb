"""The command: safe to run twice, one line when it fails."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from interagency.cli import main
from interagency.cli.setup import keep_secret


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "test" * 10)
    monkeypatch.setenv("INTERAGENCY_DEMO_PASSWORD", "demo password")
    return CliRunner()


def test_from_nothing_to_a_workbook_and_a_feed_twice(run: CliRunner, tmp_path: Path) -> None:
    for words in ("103 added", "103 left as they were"):
        result = run.invoke(main, ["init"])
        assert result.exit_code == 0, result.output
        assert words in result.output
    for words in ("sample activities: 174 added", "sample activities: 0 added, 174 left"):
        result = run.invoke(main, ["demo"])
        assert result.exit_code == 0, result.output
        assert words in result.output
    out = tmp_path / "matrix.xlsx"
    assert run.invoke(main, ["export", "matrix", "--out", str(out)]).exit_code == 0
    assert load_workbook(out)["Matrix"].max_row == 187
    feed = tmp_path / "feed.ics"
    assert run.invoke(main, ["calendar", "feed", "--out", str(feed)]).exit_code == 0
    whole = tmp_path / "whole.ics"
    assert run.invoke(main, ["calendar", "feed", "--all", "--out", str(whole)]).exit_code == 0
    assert whole.stat().st_size > feed.stat().st_size
    listed = run.invoke(main, ["account", "list"])
    assert "focal.who@example.org\tFarida Who\treader\tWHO" in listed.output


@pytest.mark.parametrize(
    "command", [["framework", "load"], ["account", "list"], ["export", "matrix", "--out", "x.xlsx"]]
)
def test_a_missing_database_says_what_to_run(run: CliRunner, command: list[str]) -> None:
    result = run.invoke(main, command)
    assert result.exit_code != 0
    assert "interagency db upgrade" in result.output
    assert "Traceback" not in result.output


def test_an_unknown_filter_is_told(run: CliRunner) -> None:
    run.invoke(main, ["init"])
    result = run.invoke(main, ["export", "matrix", "--filter", "recommendation=8(a)", "--out", "x.xlsx"])
    assert result.exit_code != 0
    assert "There is no chapter 8" in result.output


def test_serve_refuses_to_start_without_a_secret(run: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "short")
    result = run.invoke(main, ["serve"])
    assert result.exit_code != 0
    assert "INTERAGENCY_SECRET_KEY" in result.output


def test_a_wrong_setting_is_one_line(run: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERAGENCY_TIMEZONE", "Vienna")
    result = run.invoke(main, ["db", "upgrade"])
    assert result.exit_code != 0
    assert "INTERAGENCY_TIMEZONE" in result.output
    assert "Europe/Vienna" in result.output


def test_a_made_secret_is_kept_and_private(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert keep_secret(path, "first") == "first"
    assert keep_secret(path, "second") == "first"
    assert path.stat().st_mode & 0o077 == 0


def test_the_version_is_the_one_of_the_project_inside_and_outside(run: CliRunner) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    told = f"interagency {project['version']}\n"
    assert run.invoke(main, ["--version"]).output == told
    installed = Path(sys.executable).with_name("interagency")
    assert subprocess.run([installed, "--version"], capture_output=True, text=True, check=True).stdout == told


def test_help_does_not_load_the_world() -> None:
    code = "import sys; from interagency.cli import main; main(['--help'], standalone_mode=False); "
    code += "print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")


def test_help_loads_neither_the_service_nor_the_database() -> None:
    code = (
        "import sys\nfrom interagency.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'flask', 'sqlalchemy', 'jinja2', 'icalendar', 'openpyxl', 'babel'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Usage:" in said
    assert said.splitlines()[-1] == "[]"
