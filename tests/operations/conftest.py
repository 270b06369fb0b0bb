"""Services as people run them, one for each file of tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.served import Served


@pytest.fixture(scope="module")
def serve(template_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    """`serve(LOG_FORMAT="json")` serves a database with reference lists and the cast; stopped at the end.

    Each worker takes two seconds of processor to start: one (`workers=1`) will do where nothing is shared by several.
    """
    made: list[Served] = []

    def begin(*, workers: int = 2, **more: str) -> Served:
        folder = tmp_path_factory.mktemp("served")
        shutil.copy(template_sqlite, folder / "interagency.sqlite3")
        served = Served(folder, workers=workers, **more)
        made.append(served)
        return served.start()

    yield begin
    for one in made:
        one.stop()
