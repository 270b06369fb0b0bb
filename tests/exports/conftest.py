"""LibreOffice, for what is to be opened by others."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import shared_folder


@pytest.fixture
def convert(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Callable[[str, bytes, str], Path]:
    """`convert("note.docx", body, "pdf")` has LibreOffice open a file and write it as another kind; gives the new file.

    All conversions of a run use one profile, made by the first of them, and so take turns.
    """
    shared = shared_folder(tmp_path_factory)

    def act(name: str, body: bytes, kind: str) -> Path:
        office = shutil.which("soffice")
        assert office is not None
        source, target = tmp_path / name, tmp_path / "converted"
        source.write_bytes(body)
        command = [office, f"-env:UserInstallation=file://{shared}/office", "--headless", "--convert-to", kind]
        with (shared / "office.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = subprocess.run(
                [*command, "--outdir", str(target), str(source)],
                capture_output=True, text=True, timeout=150, check=False,
            )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return target / f"{source.stem}.{kind.partition(':')[0]}"

    return act
