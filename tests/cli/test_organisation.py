"""The directory at the command line: the same functions as the pages; safe to run twice, one line when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from interagency.cli import main
from interagency.db.base import db
from interagency.matrix.organisations.queries import Directory


@pytest.fixture
def run(sqlite_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "test" * 10)

    def command(*words: str, fails: bool = False) -> str:
        done = CliRunner().invoke(main, ["organisation", *words])
        assert done.exit_code == int(fails), done.output
        return done.output

    return command


def test_the_directory_is_kept_by_commands_that_can_be_run_twice(sqlite_app: Flask, run) -> None:  # type: ignore[no-untyped-def]
    add = ("add", "Quiet Rivers Ltd", "--acronym", "QRL", "--kind", "private_sector")
    assert "qrl: added" in run(*add)
    assert "is there already" in run(*add)
    assert "qrl\tQRL\tQuiet Rivers Ltd\tprivate_sector" in run("list", "--kind", "private_sector")
    rename = ("rename", "QRL", "Silent Rivers Ltd", "--acronym", "SRL", "--day", "2026-01-15")
    assert "is called Silent Rivers Ltd (SRL) now" in run(*rename)
    assert "is called so already" in run("rename", "Quiet Rivers Ltd", "Silent Rivers Ltd")
    run("add", "Silent River", "--kind", "civil_society")
    assert "is qrl now" in run("merge", "silent-river", "SRL")
    assert "merged into qrl already" in run("merge", "silent-river", "SRL")
    assert "\tmerged into qrl" in run("list", "--all")
    assert "is no longer qrl" in run("merge", "--undo", "silent-river", "SRL")
    assert "retired on 2026-02-01" in run("retire", "silent-river", "--day", "1 February 2026")
    assert "was retired on 2026-02-01 already" in run("retire", "silent-river")
    assert "silent-river" not in run("list")
    assert "retired on 2026-02-01" in run("list", "--all")
    assert "in use again" in run("retire", "--undo", "silent-river")
    with sqlite_app.app_context():
        assert Directory(db.session).find("QRL").acronym == "SRL"


def test_a_refusal_is_one_line(run) -> None:  # type: ignore[no-untyped-def]
    for words, told in (
        (("add", "WHO", "--kind", "academia"), "is a name of World Health Organization"),
        (("add", "New one", "--kind", "strange"), "Choose what kind"),
        (("rename", "nobody at all", "Some name"), "We do not know the organisation"),
        (("rename", "who", "Other", "--day", "soon"), "soon"),
        (("merge", "who", "unesco"), "answer each month"),
        (("retire", "unesco", "--day", "2150-01-01"), "lies ahead"),
        (("list", "--kind", "strange"), "Choose what kind"),
    ):
        output = run(*words, fails=True)
        assert told in output
        assert len(output.splitlines()) == 1, output
