"""The files for systemd say what systemd understands, and keep the service in its corner."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_them(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "interagency"
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/interagency/.venv/bin/interagency", str(program))
        (tmp_path / unit.name).write_text(text)
    names = [tmp_path / unit.name for unit in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "interagency" in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", [one for one in UNITS if one.suffix == ".service"], ids=lambda one: one.name)
def test_they_may_do_little(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-300:]


def test_the_example_of_settings_names_known_ones_and_is_refused_as_it_stands(tmp_path: Path) -> None:
    from interagency.cli.serve import unsafe
    from interagency.settings import SETTINGS, read_settings

    text = (DEPLOY / "environment.example").read_text(encoding="utf-8")
    pairs = dict(re.findall(r"^#? ?(INTERAGENCY_\w+)=(.*)$", text, re.MULTILINE))
    assert set(pairs) <= {setting.variable for setting in SETTINGS}
    assert any("INTERAGENCY_SECRET_KEY" in problem for problem in unsafe(read_settings(pairs)))
