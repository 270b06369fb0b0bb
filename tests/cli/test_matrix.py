"""The commands that take the matrix out and in: what they ask, refuse and say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from interagency.cli import main
from tests.exports.incoming.files import as_month, table, workbook
from tests.exports.test_filters_of_files import BAD


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "test" * 10)
    runner = CliRunner()
    assert runner.invoke(main, ["init"]).exit_code == 0
    return runner


def test_an_export_is_never_wider_than_its_filters(run: CliRunner) -> None:
    for query, words in [*BAD, ("entitty=WHO", "There is no filter “entitty”")]:
        told = run.invoke(main, ["export", "matrix", "--out", "x.xlsx", "--filter", query])
        assert told.exit_code != 0, query
        assert words in told.output
    assert not Path("x.xlsx").exists()


def test_an_import_says_sheets_questions_and_names(run: CliRunner) -> None:
    Path("one.xlsx").write_bytes(table(["Title", "Description"], ["One", "Stays"]))
    assert run.invoke(main, ["import", "matrix", "one.xlsx"]).exit_code == 0
    sheets = {
        "First": [["ID", "Version", "Begins", "Partners"], [1, 1, as_month(date(2016, 6, 1)), "Blue Shield"]],
        "Second": [["Was", "Wer"], ["By command", "WHO"]],
    }
    Path("m.xlsx").write_bytes(workbook(sheets))
    told = run.invoke(main, ["import", "matrix", "m.xlsx", "--dry-run"])
    assert told.exit_code == 0, told.output
    for words in (
        "sheet Second: not read",
        "C2 Begins: asked: Jun 2016",
        "unknown organisation: Blue Shield (1 times, Partners)",
    ):
        assert words in told.output
    second = ["import", "matrix", "m.xlsx", "--sheet", "Second"]
    refused = run.invoke(main, second)
    assert refused.exit_code != 0
    assert "--column 'HEADING=Title'. It has: Was, Wer." in refused.output
    done = run.invoke(main, [*second, "--column", "Was=Title", "--column", "Wer=Lead entity"])
    assert "1 added" in done.output
    for wrong in (["--sheet", "Third"], ["--column", "Was=Nothing"]):
        assert run.invoke(main, ["import", "matrix", "m.xlsx", *wrong]).exit_code != 0
