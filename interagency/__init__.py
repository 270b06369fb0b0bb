"""The interagency service: matrix of activities, joint calendar, monthly cycle (UNGASS 2016 follow-up)."""

from __future__ import annotations

import zoneinfo
from datetime import timedelta
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from interagency.calendar.feeds.serving import FeedApp
    from interagency.settings import Settings

# The clocks of all zones are those of the pinned tzdata, not of the machine: feeds, pages and commands agree, and a
# newer tzdata is a change one can see. Here, before anything asks for a zone.
zoneinfo.reset_tzpath(to=())
zoneinfo.ZoneInfo.clear_cache()


def create_app(settings: Settings | None = None, *, patient: bool = False, **overrides: Any) -> Flask:
    """The application: settings, extensions, blueprints, in that order.

    `settings` default to the environment's; `patient`: for a command, whose statements may take their time;
    `overrides` are Flask configuration values, for tests.
    """
    # Imported here, so that `interagency --help` need not load them.
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix

    from interagency.calendar.feeds.serving import FeedApp
    from interagency.db import base as database
    from interagency.settings import read_settings
    from interagency.web import idempotency, setup

    settings = settings or read_settings()
    app = Flask(__name__)
    _configure(app, settings, patient=patient)
    app.config.update(overrides)

    database.db.init_app(app)
    # It would close asynchronous sessions, of which there are none, in a thread of its own after each request.
    app.teardown_appcontext_funcs = [act for act in app.teardown_appcontext_funcs if not iscoroutinefunction(act)]
    database.alembic.init_app(app)
    setup.prepare(app)
    idempotency.prepare(app)

    _fill_registry()
    _register_blueprints(app)
    _register_api(app)
    feeds = FeedApp(app, settings)
    app.wsgi_app = feeds  # type: ignore[method-assign]
    _measure(app, settings, feeds)
    if settings.proxies:
        n = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, settings: Settings, *, patient: bool) -> None:
    from interagency.db.base import MIGRATIONS
    from interagency.db.engines import FEEDS, engine_options, feed_engine_options
    from interagency.db.fulltext import include_in_autogenerate
    from interagency.web.attempts import SCHEME
    from interagency.web.extensions import storage_options

    secure = settings.secure_cookies
    app.extensions["interagency_settings"] = settings
    app.config.update(
        SECRET_KEY=settings.secret_key or None,
        SQLALCHEMY_ENGINES={
            "default": engine_options(settings.database_url, patient=patient),
            FEEDS: feed_engine_options(settings.database_url),
        },
        ALEMBIC={"script_location": str(MIGRATIONS)},
        ALEMBIC_CONTEXT={"include_name": include_in_autogenerate},
        RATELIMIT_STORAGE_URI=settings.limits_url or f"{SCHEME}:{settings.database_url}",
        RATELIMIT_STORAGE_OPTIONS=storage_options(settings.limits_url),
        # The server ends a sign-in, not the cookie: it stays a day longer, so that a form left open
        # still knows its page and can be sent after signing in again.
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours + 24),
        SESSION_REFRESH_EACH_REQUEST=False,
        SESSION_COOKIE_NAME="__Host-session" if secure else "session",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,  # where it is gone each process counts for itself
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE="en",
    )
    app.url_map.strict_slashes = False


def _measure(app: Flask, settings: Settings, feeds: FeedApp) -> None:
    if settings.metrics_bind:  # imported only then: the counters are made with it
        from interagency.operations import metrics

        metrics.prepare(app, settings)
        feeds.count = metrics.count_feed


def _fill_registry() -> None:
    """Hand over what lower packages take along of higher ones: every hook there is."""
    from interagency.calendar.events import cycle_part, merging
    from interagency.exports.matrix_workbook import keep_edition_workbook
    from interagency.matrix.activities import naming
    from interagency.matrix.cycles import reminders
    from interagency.matrix.desk import notices
    from interagency.matrix.organisations import readers
    from interagency.registry import registry

    registry.register_cycle_part(cycle_part.CYCLE_PART)
    registry.register_merge_part(merging.MERGE_PART)
    registry.register_naming(naming.NAMING_PART)
    registry.register_naming(merging.NAMING_PART)
    registry.register_after_closing("workbook", keep_edition_workbook)
    registry.register_condition(readers.FOCAL_POINT, readers.is_focal_point)
    registry.register_condition(readers.COORDINATOR, readers.is_coordinator)
    registry.register_condition(reminders.UNANSWERED, reminders.as_it_stands)
    registry.register_condition(reminders.RETURNED, reminders.is_returned)
    registry.register_condition(notices.STILL_FOCAL_POINT, notices.is_still_focal_point)


def _register_blueprints(app: Flask) -> None:
    """The pages of every package. Imported here, so that importing the package stays cheap."""
    from interagency.accounts import link_views as links
    from interagency.accounts import second_factor_views as second_factor
    from interagency.accounts import single_sign_on_views as single_sign_on
    from interagency.accounts import token_views as tokens
    from interagency.accounts import views as accounts
    from interagency.api.data import serving as data
    from interagency.api.data import views as data_addresses
    from interagency.calendar.pages.blueprints import BLUEPRINTS as CALENDAR
    from interagency.exports import views as exports
    from interagency.exports.embedding import views as embeds
    from interagency.exports.external import views as external
    from interagency.exports.external import waiting_views as waiting
    from interagency.exports.incoming import views as imports
    from interagency.exports.practice import views as practices
    from interagency.matrix.pages import style_guide
    from interagency.matrix.pages.blueprints import BLUEPRINTS as MATRIX
    from interagency.operations import (
        audit,
        health,
        tables,  # noqa: F401  (the models register themselves)
    )
    from interagency.search import views as search

    for blueprint in (
        accounts.bp,
        links.bp,
        second_factor.bp,
        single_sign_on.bp,
        tokens.bp,
        *MATRIX,
        *CALENDAR,
        exports.bp,
        imports.bp,
        external.bp,
        waiting.bp,
        embeds.bp,
        practices.bp,
        data.bp,
        data_addresses.bp,
        search.bp,
        audit.bp,
        health.bp,
    ):
        app.register_blueprint(blueprint)
    if app.extensions["interagency_settings"].development:
        app.register_blueprint(style_guide.bp)


def _register_api(app: Flask) -> None:
    from interagency.api.v1 import service

    service.prepare(app)
