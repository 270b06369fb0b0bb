"""The world of invitations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from tests.calendar.invitations.world import ADDRESS, World
from tests.conftest import signed_in
from tests.mail_server import Server


def world_of(app: Flask, server: tuple[Server, int]) -> World:
    own = app.extensions["interagency_settings"]
    app.extensions["interagency_settings"] = replace(own, calendar_address=ADDRESS, mail_url="smtp://127.0.0.1:9")
    return World(app, signed_in(app), server)


@pytest.fixture
def world(sqlite_app: Flask, mail_server: tuple[Server, int]) -> World:
    """On SQLite only."""
    return world_of(sqlite_app, mail_server)


@pytest.fixture
def both_worlds(app: Flask, mail_server: tuple[Server, int]) -> World:
    """On each database in turn."""
    return world_of(app, mail_server)
