"""A served service over each database in turn."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy.engine import make_url

from interagency.settings import Settings
from tests.conftest import close, make_settings
from tests.served import Served
from tests.servers import Databases


@pytest.fixture
def serve_app(app: Flask) -> Iterator[Callable[..., Served]]:
    """`serve_app()` serves the database of `app` with two workers; with one where it is not about several."""
    settings: Settings = app.extensions["interagency_settings"]
    made: list[Served] = []

    def begin(*, workers: int = 2, **more: str) -> Served:
        close(app)
        own = {"DATABASE_URL": settings.database_url} | more
        served = Served(settings.data_folder, workers=workers, **own)
        made.append(served)
        return served.start()

    yield begin
    for one in made:
        one.kill()


@pytest.fixture
def copy_database(
    request: pytest.FixtureRequest, app: Flask, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Settings]]:
    """`copy_database()` gives the settings of a copy of the database of `app` as it stands."""
    settings: Settings = app.extensions["interagency_settings"]
    names: list[str] = []

    def copy() -> Settings:
        close(app)
        folder = tmp_path_factory.mktemp("copy")
        if settings.is_sqlite:
            shutil.copy(settings.data_folder / "interagency.sqlite3", folder)
            return make_settings(folder)
        names.append(request.getfixturevalue("databases").create(make_url(settings.database_url).database))
        return make_settings(folder, DATABASE_URL=Databases.address(names[-1]))

    yield copy
    for name in names:
        request.getfixturevalue("databases").drop(name)
