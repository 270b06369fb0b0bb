"""Pictures of every page, phone and desktop, light and dark: `make screenshots` writes them to screenshots/."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from interagency.db.base import db, now
from interagency.matrix.activities.models import Activity
from interagency.matrix.cycles.months import first_day, month_after, month_of
from interagency.sample.people import add_people
from interagency.sample.year import add_year, first_month, load_records
from tests.conftest import close, fill, make_app, make_settings
from tests.helpers import PASSWORD

THIS = month_of(date.today())
LAST = month_after(THIS, -1)
PAGES = {
    "home": "/",
    "search": "/search?q=treatment",
    "search-one-kind": "/search?q=a&only=places",
    "matrix": "/activities",
    "matrix-filtered": "/activities?chapter=1&joint=yes",
    "activity": "/activities/24",
    "activity-new": "/activities/new",
    "activity-history": "/activities/24/history",
    "calendar": "/calendar",
    "month": "/calendar/2017/9",
    "event": "/events/29",
    "event-new": "/events/new",
    "subscriptions": "/subscriptions",
    "account": "/account",
    "second-factor": "/account/second-factor",
    "my-month": "/month",
    "sign": "/month/sign?kind=unchanged",
    "editions": "/editions",
    "edition": f"/editions/{LAST}",
    "edition-changes": f"/editions/{LAST}/changes",
    "overview": "/matrix",
    "overview-years": "/matrix?rows=region&columns=year&joint=yes",
    "coverage": "/coverage",
    "where": "/where",
    "when": "/when?by=entity",
    "together": "/together",
    "country": "/countries/AF",
    "recommendation": "/recommendations/1(p)",
    "mandates": "/mandates",
    "week": "/calendar/week/2026-12-03",
    "year": "/calendar/2026",
    "send-back": "/imports",
    "calendar-in": "/imports/calendar",
    "agreement": "/agreement",
    "milestones": "/activities/24/milestones",
    "dictionary": "/exports/dictionary",
    "style": "/style",
    "not-found": "/nowhere",
}
COORDINATOR_PAGES = {
    "cycles": "/cycles",
    "board": f"/cycles/{THIS}",
    "board-closed": f"/cycles/{LAST}",
    "close": f"/cycles/{THIS}/close",
    "month-on-behalf": "/month?entity=unodc",
    "hand-out": f"/editions/{LAST}/hand-out",
    "hand-outs": "/hand-outs",
    "waiting": "/agreement/waiting",
    "note": "/exports/note",
    "look-alikes": "/overlaps",
}
ADMIN_PAGES = {"people": "/people", "person": "/people/2", "operation": "/admin/operation"}
SIZES = {"desktop": (1280, 900), "phone": (360, 740)}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def take(browser: Browser, address: str, folder: Path, *, size: str, theme: str) -> None:
    """Pictures of all pages in one size and theme."""
    width, height = SIZES[size]
    for who, pages in (("focal.who", PAGES), ("coordinator", COORDINATOR_PAGES), ("admin", ADMIN_PAGES)):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light"
        )
        page = context.new_page()
        page.goto(f"{address}/sign-in")
        page.screenshot(path=folder / f"sign-in-{size}-{theme}.png")
        page.fill("#email", f"{who}@example.org")
        page.fill("#password", PASSWORD)
        page.click("main button")
        for name, path in pages.items():
            page.goto(address + path)
            page.screenshot(path=folder / f"{name}-{size}-{theme}.png")
        context.close()


def load_year(at: datetime, zone: ZoneInfo) -> None:
    """The demonstration as `make run` shows it, and the pair of look-alikes whose pages are taken."""
    load_records(db.session, at=at, zone=zone, progress=lambda _line: None)
    add_people(db.session, PASSWORD, first_day(first_month(at, zone)))
    add_year(db.session, at=at, zone=zone, base_url="")
    keys = ("n2018-13-16-b", "n2020-26-a")
    first, second = sorted(db.session.scalars(sa.select(Activity.id).where(Activity.sample_key.in_(keys))))
    COORDINATOR_PAGES["pair"] = f"/overlaps/{first}/{second}"
    COORDINATOR_PAGES["merge"] = f"/overlaps/{first}/{second}/merge"


def main(folder: Path) -> None:
    """Serve a filled service on loopback and take all pictures."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        app = make_app(make_settings(Path(data), DEVELOPMENT="yes"))
        fill(app)
        with app.app_context():
            load_year(now(), ZoneInfo("Europe/Vienna"))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            for size in SIZES:
                for theme in ("light", "dark"):
                    take(browser, f"http://127.0.0.1:{server.port}", folder, size=size, theme=theme)
            browser.close()
        server.shutdown()
        thread.join()
        close(app)
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}/")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
