"""What the service is made of can be listed, built again with the same bytes, and is taken from named places only."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.tools.sbom import SBOM, sbom
from tests.tools.versions import LOCK, pins

ROOT = Path(__file__).parents[2]
PURL = re.compile(r"pkg:pypi/[a-z0-9.-]+@[A-Za-z0-9.+!-]+")


def test_the_list_of_parts_is_what_cyclonedx_requires_and_says_what_the_lock_file_says() -> None:
    """The fields that the schema of CycloneDX 1.6 requires, and that no reference leads nowhere."""
    found = json.loads(SBOM.read_text(encoding="utf-8"))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    expected = sbom(LOCK.read_text(), version)
    for one in (*found["components"], *expected["components"]):
        one.pop("licenses", None)  # of the platform: not every part is installed everywhere
    assert found == expected, "run: make versions"
    assert (found["bomFormat"], found["specVersion"], found["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", found["serialNumber"])
    refs = [found["metadata"]["component"]["bom-ref"]] + [one["bom-ref"] for one in found["components"]]
    assert len(set(refs)) == len(refs) == len(list(pins(LOCK.read_text()))) + 1
    for one in found["components"]:
        assert one["type"] == "library"
        assert one["name"]
        assert PURL.fullmatch(one["purl"]), one["purl"]
    assert [one["ref"] for one in found["dependencies"]] == refs
    assert all(set(one["dependsOn"]) <= set(refs) for one in found["dependencies"])
    reached, ahead = set(), [refs[0]]
    needs = {one["ref"]: one["dependsOn"] for one in found["dependencies"]}
    while ahead:
        if (one := ahead.pop()) not in reached:
            reached.add(one)
            ahead += needs[one]
    assert reached == set(refs), "every part is there because another needs it"


@pytest.mark.slow
def test_the_wheel_built_twice_has_the_same_bytes(tmp_path: Path) -> None:
    """In two folders, with other dates of files, as two people would by `make wheel`."""
    built = []
    for number in range(2):
        folder = tmp_path / f"place-{number}"
        folder.mkdir()
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copyfile(ROOT / name, folder / name)
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / "interagency", folder / "interagency", ignore=ignored)
        for path in folder.rglob("*"):
            os.utime(path, (1_500_000_000 + number * 1_000_003,) * 2)
            path.chmod(0o755 if path.is_dir() else 0o644)
        code = "from setuptools.build_meta import build_wheel; print(build_wheel('out'))"
        environment = os.environ | {"SOURCE_DATE_EPOCH": "1767225600"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, umask=0o022
        )
        assert done.returncode == 0, done.stderr
        built.append((folder / "out" / done.stdout.split()[-1]).read_bytes())
    assert built[0] == built[1]


def test_the_container_file_keeps_the_rules_that_matter() -> None:
    """By hand, as hadolint is a program that no registry here has: the base pinned (DL3006, DL3007), no cache left
    (DL3009, DL3015, DL3042), COPY and not ADD (DL3020), absolute folders (DL3000), no root (DL3002), no sudo (DL3004),
    programs as lists (DL3025), no secret.
    """
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", "\n".join(one for one in text.splitlines() if not one.startswith("#"))).splitlines()
    words = [line.split(None, 1) for line in lines if line.strip()]
    bases = [rest.split()[0] for word, rest in words if word == "FROM"]
    assert bases
    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-[a-z]+", one) for one in bases), bases
    assert len(set(bases)) == 1
    assert not [rest for word, rest in words if word == "ADD"]
    for word, rest in words:
        if word == "RUN" and "apt-get install" in rest:
            assert "--no-install-recommends" in rest
            assert "rm -rf /var/lib/apt/lists/*" in rest
        if word == "RUN" and "pip install" in rest:
            assert "--no-cache-dir" in rest or "--no-index" in rest
            assert "--require-hashes" in rest or "--no-deps" in rest
        assert not (word == "RUN" and re.search(r"\bsudo\b|curl|wget", rest))
        if word == "WORKDIR":
            assert rest.startswith("/")
        if word in {"CMD", "ENTRYPOINT"}:
            assert isinstance(json.loads(rest), list)
        if word in {"ENV", "ARG"}:
            assert not re.search(r"KEY|SECRET|PASSWORD|TOKEN", rest)
    users = [rest for word, rest in words if word == "USER"]
    assert users
    assert users[-1] not in {"root", "0"}
    assert [word for word, _rest in words].count("HEALTHCHECK") == 1
