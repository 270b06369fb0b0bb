"""A served service over each database in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from interagency.settings import Settings
from tests.conftest import close
from tests.served import Served


@pytest.fixture
def serve_app(app: Flask) -> Iterator[Callable[..., Served]]:
    """`serve_app()` serves the database of `app` with two workers."""
    settings: Settings = app.extensions["interagency_settings"]
    made: list[Served] = []

    def begin(**more: str) -> Served:
        close(app)
        served = Served(settings.data_folder, **({"DATABASE_URL": settings.database_url} | more))
        made.append(served)
        return served.start()

    yield begin
    for one in made:
        one.kill()
