"""A crawler from outside, as each role: `make crawl`.

wapiti, in an environment of its own, follows the links and posts the forms of a service with sample data that is
served for it on loopback. Each role gets a fresh copy of the database and a bounded time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from interagency.db.base import db, now
from interagency.sample.load import load_sample
from interagency.sample.months import add_months
from tests.conftest import close, fill, make_app, make_settings
from tests.served import COMMAND, Served, Visitor

ROLES = {
    "nobody": "",
    "partner": "",
    "focal point": "who@example.org",
    "coordinator": "coordinator@example.org",
    "administrator": "admin@example.org",
}
# Left out: what waits on purpose (timesql), what needs a host outside (ssrf, xxe), lists of other products' files.
MODULES = (
    "http_headers", "csp", "cookieflags", "csrf", "redirect", "crlf", "xss", "permanentxss", "sql", "file", "exec",
    "upload", "htaccess", "methods",
)  # fmt: skip
# What would end the crawler's own session, and so the crawl.
LEFT_OUT = ("/sign-out", "/account/password", "/account/sessions/*", "/account/second-factor*", "/static/*")
CRAWLING = 0.2  # of a role's time, for finding pages; the attacks share the rest
LONG = ("crlf", "xss", "permanentxss", "sql", "file", "exec", "upload")  # the others end soon
WEIGHTY_ANOMALIES = ("Internal Server Error",)
# Findings that are none, each with its reason, printed beside the table.
EXPLAINED = {
    "HTTP Strict Transport Security (HSTS)": "sent where the address is https; here it is loopback without TLS",
    "Secure Flag cookie": "set where the address is https; here it is loopback without TLS",
}


@dataclass(frozen=True, slots=True)
class Crawled:
    """What came of one role."""

    role: str
    pages: int
    failures: int
    signed_in: bool
    whole: bool
    findings: list[tuple[str, str, int]]

    @property
    def weighty(self) -> list[tuple[str, str, int]]:
        return [one for one in self.findings if one[2] > 0 and one[0] not in EXPLAINED]

    @property
    def is_well(self) -> bool:
        return not (self.weighty or self.failures) and self.signed_in and self.whole and self.pages > 0


def fill_sample(folder: Path) -> None:
    """A database with the sample data and its months."""
    app = make_app(make_settings(folder))
    fill(app)
    with app.app_context():
        load_sample(db.session, progress=lambda _line: None)
        db.session.commit()
        add_months(db.session, at=now(), zone=ZoneInfo("Europe/Vienna"))
    close(app)


def hand_out(address: str) -> str:
    """The path a coordinator gives an external partner."""
    coordinator = Visitor(address).sign_in(ROLES["coordinator"])
    month = re.findall(r"/editions/(\d{4}-\d\d)", coordinator.get("/editions").text)[0]
    values = {"audience": "public", "form": "full", "recipient": "a partner", "days": "30"}
    answer = coordinator.post(f"/editions/{month}/hand-out", values)
    found = re.search(r"/external/[\w-]+/", answer.text + coordinator.get("/hand-outs").text)
    assert found, f"no hand-out: {answer.status_code}"
    return found[0]


def command(wapiti: Path, folder: Path, start: str, cookies: dict[str, str], seconds: float) -> list[str]:
    """How wapiti is called."""
    left_out = [word for path in LEFT_OUT for word in ("-x", re.sub(r"(https?://[^/]+).*", rf"\1{path}", start))]
    cookie = ["-C", "; ".join(f"{name}={value}" for name, value in cookies.items())] if cookies else []
    return [
        str(wapiti), "-u", start, "--scope", "folder", *left_out, *cookie,
        "--skip", "csrf_token", "-m", ",".join(MODULES), "--depth", "3", "--max-links-per-page", "60",
        "--max-files-per-dir", "12", "--max-parameters", "60", "-S", "normal", "--tasks", "4", "-t", "20",
        "--max-scan-time", str(round(seconds * CRAWLING)),
        "--max-attack-time", str(round(seconds * (1 - CRAWLING) / len(LONG))),
        "--flush-session", "--store-session", str(folder / "wapiti"), "--store-config", str(folder / "wapiti"),
        "--no-bugreport", "-v", "1", "-f", "json", "-o", str(folder / "found.json"),
    ]  # fmt: skip


def findings_of(report: dict[str, Any]) -> list[tuple[str, str, int]]:
    """`(category, where, weight)` of a report: weight 0 is said and no more."""
    found = []
    for category, ones in report["vulnerabilities"].items():
        found += [(category, f"{one['method']} {one['path']} {one['info']}", one["level"]) for one in ones]
    for category, ones in report["anomalies"].items():
        weight = 1 if category in WEIGHTY_ANOMALIES else 0
        found += [(category, f"{one['method']} {one['path']} {one['info']}", weight) for one in ones]
    return found


def crawl(wapiti: Path, database: Path, folder: Path, role: str, seconds: float) -> Crawled:
    """Serve a fresh copy, crawl it as `role`, and read the report."""
    folder.mkdir(parents=True)
    shutil.copy(database, folder / "interagency.sqlite3")
    served = Served(folder, workers=1, threads=4).start()
    try:
        visitor = Visitor(served.address)
        visitor.get("/sign-in")
        if ROLES[role]:
            visitor.sign_in(ROLES[role])
            visitor.token("/account")  # the cookie holds what forms are checked against, and stays as it is
        start = served.address + (hand_out(served.address) if role == "partner" else "/")
        cookies = visitor.session.cookies.get_dict()
        with (folder / "wapiti.log").open("w") as log:
            ended = subprocess.run(
                command(wapiti, folder, start, cookies, seconds), stdout=log, stderr=log, timeout=seconds * 2 + 120,
                env=os.environ | {"HOME": str(folder)}, cwd=folder, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        signed_in = not ROLES[role] or visitor.get("/account").status_code == 200
    finally:
        served.stop()
    check = subprocess.run(
        [sys.executable, "-c", COMMAND, "check"], env=served.environment, cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if check.returncode:
        print(check.stdout, check.stderr)
    report = folder / "found.json"
    assert report.exists(), f"wapiti wrote no report ({ended.returncode}); see {folder / 'wapiti.log'}"
    written = json.loads(report.read_text(encoding="utf-8"))
    failures = len(re.findall(r" 5\d\d ", served.lines()))
    return Crawled(
        role, written["infos"]["crawled_pages_nbr"], failures, signed_in, check.returncode == 0, findings_of(written)
    )


def table(rows: list[Crawled]) -> str:
    """What came of each role, and every finding once with how often it was made."""
    lines = [f"{'role':14} {'pages':>5} {'5xx':>4}  signed in  data whole  findings"]
    for row in rows:
        counted = Counter(one[0] + ("" if one in row.weighty else " (no weight)") for one in row.findings)
        said = "; ".join(f"{name} ×{number}" for name, number in sorted(counted.items())) or "none"
        lines.append(
            f"{row.role:14} {row.pages:5} {row.failures:4}  {'to the end' if row.signed_in else 'LOST':10} "
            f"{'yes' if row.whole else 'NO':11} {said}"
        )
        lines += [f"  {category}: {where}" for category, where, _weight in row.weighty]
    lines += [f"  no weight: {name}: {why}" for name, why in EXPLAINED.items()]
    return "\n".join(lines)


def main() -> int:
    """Crawl as each role; 1 when there is a finding of weight."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wapiti", type=Path, required=True, help="the program")
    parser.add_argument("--minutes", type=float, default=8, help="for each role")
    parser.add_argument("--role", action="append", choices=list(ROLES), help="only this one; may be repeated")
    parser.add_argument("--out", type=Path, default=Path("build/crawled"), help="where reports and logs stay")
    chosen = parser.parse_args()
    out = chosen.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    rows = []
    with tempfile.TemporaryDirectory() as data:
        fill_sample(Path(data))
        for role in chosen.role or ROLES:
            place = out / role.replace(" ", "-")
            rows.append(
                crawl(chosen.wapiti.absolute(), Path(data) / "interagency.sqlite3", place, role, chosen.minutes * 60)
            )
            print(table(rows[-1:]), flush=True)
    print(table(rows))
    return 0 if all(row.is_well for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
