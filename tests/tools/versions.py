"""What the service is made of: `make versions` writes docs/dependencies.md from the lock file.

Dates are those of the newest file inside each archive, as it was built. Some builders write a fixed date; then there
is none here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import metadata
from pathlib import Path

LOCK = Path("requirements/run.txt")
PAGE = Path("docs/dependencies.md")
REASONS = Path("docs/decisions/002-parts.md")
OWN = "interagency"
# What builders write where a build is to give the same bytes each time.
FIXED = frozenset([date(1980, 1, 1), date(2016, 1, 1), date(2020, 2, 2)])
HEAD = """# What the service is made of

Written by `make versions` from `requirements/run.txt`; a test compares them. Archives are taken only when their
SHA-256 stands there. "Built" is the date of the newest file inside the archive; – where its builder writes a fixed one.

| Part | Version | Built | For |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Pin:
    """One line of the lock file, and who asked for it."""

    name: str
    version: str
    needed_by: tuple[str, ...]

    @property
    def is_direct(self) -> bool:
        return OWN in self.needed_by


def pins(text: str) -> Iterator[Pin]:
    """Every pinned part of a lock file."""
    for block in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE):
        head = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", block)
        if head:
            asked = re.findall(r"^\s+#(?: via)?[ ]+([A-Za-z0-9._-]+)", block, flags=re.MULTILINE)
            yield Pin(head[1], head[2], tuple(sorted(set(asked) - {"via"})))


def reasons(text: str) -> list[tuple[str, str]]:
    """`(parts, what for)` of each row of the decision about parts, parts in small letters."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [(row[0].strip().lower(), row[1].strip()) for row in rows[1:]]


def purpose(pin: Pin, known: list[tuple[str, str]]) -> str:
    """Why it is there: our own reason, what its makers say, or who needs it."""
    others = ", ".join(name for name in pin.needed_by if name != OWN)
    if not pin.is_direct:
        return f"needed by {others}"
    own = [what for parts, what in known if re.search(rf"(?<![\w-]){re.escape(pin.name.lower())}(?![\w-])", parts)]
    said = own[0] if own else (metadata(pin.name)["Summary"] or "").rstrip(".").replace("|", "/")
    return f"{said}; also needed by {others}" if others else said


def built(folder: Path) -> dict[tuple[str, str], date]:
    """The date of the newest file in each archive of a folder, by name and version; fixed dates left out."""
    found = {}
    for wheel in folder.glob("*.whl"):
        name, version = wheel.name.split("-")[:2]
        with zipfile.ZipFile(wheel) as archive:
            newest = max(date(*entry.date_time[:3]) for entry in archive.infolist())
        if newest not in FIXED:
            found[name.lower().replace("_", "-"), version] = newest
    return found


def page(lock: str, dates: dict[tuple[str, str], date], known: list[tuple[str, str]]) -> str:
    """The whole page: what the service names itself first, then what those need."""
    rows = []
    for pin in sorted(pins(lock), key=lambda one: (not one.is_direct, one.name.lower())):
        day = dates.get((pin.name.lower().replace("_", "-"), pin.version))
        rows.append(f"| {pin.name} | {pin.version} | {day or '–'} | {purpose(pin, known)} |")
    return HEAD + "\n".join(rows) + "\n"


def main() -> None:
    """Fetch the pinned archives as an installation would, and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        fetch = [sys.executable, "-m", "pip", "download", "-q", "--require-hashes", "--only-binary", ":all:", "-r"]
        subprocess.run([*fetch, str(LOCK), "-d", folder], check=True)
        dates = built(Path(folder))
    PAGE.write_text(page(LOCK.read_text(), dates, reasons(REASONS.read_text())), encoding="utf-8")
    print(f"{PAGE}: {len(list(pins(LOCK.read_text())))} parts, {len(dates)} with the date they were built")


if __name__ == "__main__":
    main()
