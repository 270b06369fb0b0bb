"""The interagency service: matrix of activities, joint calendar, monthly cycle (UNGASS 2016 follow-up)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from interagency.settings import Settings


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """The application: settings, extensions, rooms, in that order.

    `settings` default to the environment's; `overrides` are Flask configuration values, for tests.
    """
    # Imported here, so that `interagency --help` need not load them.
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix

    from interagency import database, web
    from interagency.calendar.feed_door import FeedDoor
    from interagency.settings import read_settings

    settings = settings or read_settings()
    app = Flask(__name__)
    _configure(app, settings)
    app.config.update(overrides)

    database.db.init_app(app)
    database.alembic.init_app(app)
    web.prepare(app)

    _open_rooms(app)
    app.wsgi_app = FeedDoor(app, settings, app.wsgi_app)  # type: ignore[method-assign]
    if settings.proxies:
        n = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, settings: Settings) -> None:
    from interagency.database import MIGRATIONS

    app.extensions["interagency_settings"] = settings
    app.config.update(
        SECRET_KEY=settings.secret_key or None,
        SQLALCHEMY_ENGINES={"default": settings.database_url},
        ALEMBIC={"script_location": str(MIGRATIONS)},
        RATELIMIT_STORAGE_URI=settings.limits_url,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE="en",
    )
    app.url_map.strict_slashes = False


def _open_rooms(app: Flask) -> None:
    """Register the rooms' pages. Imported here, so that importing the package stays cheap."""
    from interagency import home, tables  # noqa: F401  (the models register themselves)
    from interagency.accounts import link_views as links
    from interagency.accounts import views as accounts
    from interagency.calendar import monthly
    from interagency.calendar import views as calendar
    from interagency.exports import matrix as workbooks
    from interagency.exports import views as exports
    from interagency.exports.external import views as external
    from interagency.exports.incoming import views as imports
    from interagency.matrix import views as matrix

    monthly.prepare()
    workbooks.prepare()
    for room in (
        home.rooms,
        accounts.rooms,
        links.rooms,
        *matrix.ROOMS,
        *calendar.ROOMS,
        exports.rooms,
        imports.rooms,
        external.rooms,
    ):
        app.register_blueprint(room)
