"""The parts of the service for programs: `make versions` writes docs/sbom.cdx.json, CycloneDX 1.6.

Parts, versions and who needs whom are those of the lock file, licences those that the installed parts declare. Nothing
in it depends on the hour, so that the same lock file gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
import uuid
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from tests.tools.versions import LOCK, OWN, Pin, pins

SBOM = Path("docs/sbom.cdx.json")
FREE = {"License :: OSI Approved :: MIT License": "MIT", "License :: OSI Approved :: BSD License": "BSD-3-Clause",
        "License :: OSI Approved :: Apache Software License": "Apache-2.0"}  # fmt: skip


def licence(name: str) -> list[dict[str, Any]]:
    """What the installed part declares: an expression of SPDX, or words; nothing where it is not installed here."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return []
    if expression := found["License-Expression"]:
        return [{"expression": expression}]
    for one in found.get_all("Classifier") or []:
        if one in FREE:
            return [{"license": {"id": FREE[one]}}]
    words = (found["License"] or "").strip().splitlines()
    return [{"license": {"name": words[0][:100]}}] if words else []


def reference(pin: Pin) -> str:
    """The package URL, https://github.com/package-url/purl-spec."""
    return f"pkg:pypi/{pin.name.lower().replace('_', '-')}@{pin.version}"


def sbom(lock: str, version: str) -> dict[str, Any]:
    """The whole list as CycloneDX has it."""
    parts = sorted(pins(lock), key=lambda one: one.name.lower())
    own = f"pkg:generic/{OWN}@{version}"
    digest = hashlib.sha256(lock.encode()).hexdigest()
    components = []
    for pin in parts:
        component: dict[str, Any] = {
            "type": "library",
            "bom-ref": reference(pin),
            "name": pin.name,
            "version": pin.version,
            "purl": reference(pin),
            "scope": "required",
        }
        if declared := licence(pin.name):
            component["licenses"] = declared
        components.append(component)
    needs = {own: [reference(one) for one in parts if one.is_direct]} | {
        reference(pin): [reference(one) for one in parts if pin.name in one.needed_by] for pin in parts
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{own}#{digest}')}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": own, "name": OWN, "version": version,
                "licenses": [{"license": {"id": "MIT"}}],
            },
            "properties": [{"name": "interagency:requirements/run.txt:sha256", "value": digest}],
        },
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(on)} for ref, on in needs.items()],
    }  # fmt: skip


def write() -> None:
    """Write the list."""
    version = tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"]
    made = sbom(LOCK.read_text(), version)
    SBOM.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{SBOM}: {len(made['components'])} parts")


if __name__ == "__main__":
    write()
