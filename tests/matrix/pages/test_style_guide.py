"""The page that shows every part once."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from tests.conftest import close, make_app, make_settings


def test_the_page_of_styles_is_there_for_development_only(sqlite_app: Flask, tmp_path: Path) -> None:
    assert sqlite_app.test_client().get("/style").status_code == 404
    app = make_app(make_settings(tmp_path, DEVELOPMENT="yes"))
    page = app.test_client().get("/style")
    close(app)
    assert page.status_code == 200
    for part in ("swatches", "badge", "notice warning", "filters", "facts", "data-chooser", "choice-buttons"):
        assert part in page.text
