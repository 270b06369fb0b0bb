"""What every page needs: extensions, access closed by default, headers, error pages, filters.

The ground floor: knows no room.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

from flask import Flask, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import Babel, format_date, gettext
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from interagency import arrivals
from interagency.arrivals import host_is_ours
from interagency.database import SAFE_METHODS, db, is_conflict, now
from interagency.dates import ImpreciseDate
from interagency.logs import request_id
from interagency.settings import Settings

log = logging.getLogger("interagency")


def sender() -> str:
    """Whose attempts are counted together: an IPv4 address, or the /64 of an IPv6 one, which one machine has whole."""
    address = get_remote_address()
    try:
        found = ip_address(address)
    except ValueError:  # a socket of this machine
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
    return address


login_manager = LoginManager()
csrf = CSRFProtect()
babel = Babel()
limiter = Limiter(key_func=sender, headers_enabled=False)

UPLOAD_LIMIT = 20 * 1024 * 1024
FORM_LIMIT = 2 * 1024 * 1024
# The wall of the proxy in front, and a little: what it let through is heard to the end, or it would miss our answer.
HEARD_LIMIT = 26 * 1024 * 1024
YEAR_SECONDS = 365 * 24 * 3600

View = TypeVar("View", bound=Callable[..., Any])

NOT_CACHED = "private, no-store"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


# --- Access: a view is for signed-in people unless it says otherwise ---


def public(view: View) -> View:
    """Mark a view as open to everybody."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def for_coordinators(view: View) -> View:
    """Mark a view as for coordinators only."""
    view.access = "coordinator"  # type: ignore[attr-defined]
    return view


def for_administrators(view: View) -> View:
    """Mark a view as for administrators only."""
    view.access = "administrator"  # type: ignore[attr-defined]
    return view


def access_rule(app: Flask, endpoint: str) -> str:
    """Who may open `endpoint`: public, signed in, coordinator or administrator."""
    return getattr(app.view_functions[endpoint], "access", "public" if endpoint == "static" else "signed in")


def _keep_the_door() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # no such address: the 404 page
    rule = access_rule(current_app, request.endpoint)
    if rule == "public":
        return None
    if not current_user.is_authenticated:
        if request.method not in SAFE_METHODS:
            return _ended(can_send_again=True)
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))
    allowed = {
        "signed in": True,
        "coordinator": getattr(current_user, "is_coordinator", False),
        "administrator": getattr(current_user, "is_administrator", False),
    }
    if not allowed[rule]:
        return _refusal(403, gettext("This page is for the %(role)s.", role=f"{rule}s"))
    return None


# --- An act that cannot be done yet: what was typed is kept in the page ---

SECRETS = frozenset({"csrf_token", "password", "again", "current", "code"})


def hold_back(
    message: str,
    address: str,
    words: str,
    *,
    can_send_again: bool = True,
    code: int = 403,
    instead: Mapping[str, str] | None = None,
) -> ResponseReturnValue:
    """A page instead of the act: what to do first, at `address`, and all that was typed, to be sent again.

    Where it cannot be sent again as it stands (a secret, a file, a form that lost its session), it is shown to copy.
    `instead` holds fields that are sent with another value than they came with.
    """
    sent = [(name, value) for name, value in request.form.items(multi=True) if name not in SECRETS]
    typed = [(name, (instead or {}).get(name, value)) for name, value in sent]
    secret = any(request.form.get(name) for name in SECRETS - {"csrf_token"})
    files = any(file.filename for file in request.files.values())
    page = render_template(
        "held_back.html",
        message=message,
        address=address,
        words=words,
        typed=[] if secret else typed,
        again=request.full_path.rstrip("?") if can_send_again and not secret and not files else None,
        token=request.form.get("csrf_token", ""),
        files=files,
    )
    return page, code


def _ended(*, can_send_again: bool) -> ResponseReturnValue:
    message = gettext("Your sign-in has ended, by time or because you signed out. Nothing was saved yet.")
    return hold_back(message, url_for("accounts.sign_in"), gettext("Sign in"), can_send_again=can_send_again)


# --- Settings and zones ---


def settings() -> Settings:
    """The settings of the running application."""
    kept: Settings = current_app.extensions["interagency_settings"]
    return kept


def reader_zone() -> ZoneInfo:
    """The zone times are shown in: the reader's own, or the service's."""
    chosen = getattr(current_user, "timezone", "") if current_user else ""
    return ZoneInfo(chosen) if chosen else settings().zone


def instant() -> datetime:
    """This instant, in UTC, whole seconds. Tests set another clock as CLOCK in the configuration."""
    return instant_of(current_app)


def instant_of(app: Flask) -> datetime:
    """The same where no request is."""
    override: Callable[[], datetime] | None = app.config.get("CLOCK")
    return override().astimezone(UTC) if override else now()


def today() -> date:
    """Today where the service is: what rights and due dates go by."""
    return instant().astimezone(settings().zone).date()


# --- Words for templates ---


def date_words(value: ImpreciseDate | date | None) -> str:
    """`5 Nov 2026`, `June 2016`, or `date not known`."""
    if value is None:
        return str(gettext("date not known"))
    if isinstance(value, ImpreciseDate):
        return value.words(short=True)
    month: str = format_date(value, "MMM")
    return f"{value.day} {month} {value.year}"


def instant_words(value: datetime | None) -> str:
    """`5 Nov 2026, 23:59`, in the reader's zone. The zone stands in the page's footer."""
    if value is None:
        return ""
    local = value.astimezone(reader_zone())
    return f"{date_words(local.date())}, {local:%H:%M}"


# --- Errors ---


def _refusal(code: int, message: str) -> ResponseReturnValue:
    titles = {
        400: gettext("We could not read that"),
        403: gettext("Not open to you"),
        404: gettext("There is no such page"),
        405: gettext("That cannot be done here"),
        409: gettext("Somebody was faster"),
        413: gettext("Too large"),
        429: gettext("Too many attempts"),
        503: gettext("Not available at the moment"),
    }
    title = titles.get(code, gettext("Something went wrong"))
    reference = request_id()
    try:
        page = render_template("error.html", code=code, title=title, message=message, reference=reference)
    except (DBAPIError, PoolTimeout):  # the frame of the page asks the database, which may be what is missing
        page = _bare_page(title, message)
    return page, code


def _bare_page(title: str, message: str) -> str:
    """An error page that needs neither a database nor a host that links could be made for."""
    page = current_app.jinja_env.get_template("unavailable.html")
    styles = request.script_root + (current_app.static_url_path or "")
    return page.render(title=title, message=message, reference=request_id(), styles=styles)


def _unavailable(message: str) -> ResponseReturnValue:
    return _bare_page(gettext("Not available at the moment"), message), 503, {"Retry-After": "30"}


_MESSAGES: dict[int, Callable[[], str]] = {
    404: lambda: gettext("The address may be mistyped, or the record was never here. Look it up in the lists below."),
    405: lambda: gettext("This address does not take that kind of request. Go back and use the page's own buttons."),
    413: lambda: gettext("What you sent is larger than we take. Nothing was saved. Shorten it, or send it in parts."),
    429: lambda: gettext("Please wait a minute and try again; after many attempts, longer. Nothing was lost."),
    403: lambda: gettext("This belongs to somebody else. Ask the entity concerned, or a coordinator, to change it."),
}


def _message(code: int) -> str:
    """What happened and what to do next, for an HTTP status."""
    if code in _MESSAGES:
        return _MESSAGES[code]()
    return str(gettext("Nothing was saved. Go back and try again."))


def refuse(code: int, message: str) -> NoReturn:
    """End the request with an error page that says `message`: what happened and what to do."""
    try:
        abort(code, message)
    except HTTPException as error:
        error.is_ours = True  # type: ignore[attr-defined]
        raise


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error
    code = error.code or 500
    if code == 413:
        _hear_to_the_end()
    own = error.description if error.description and getattr(error, "is_ours", False) else None
    return _refusal(code, own or _message(code))


def _hear_to_the_end() -> None:
    """Let what is too large arrive, where its end is known and near, and keep none of it."""
    body, size = request.environ["wsgi.input"], request.content_length
    if size is None or size > HEARD_LIMIT or not request.environ.get("wsgi.input_terminated"):
        return
    with suppress(OSError):
        while body.read(2**16):
            pass


def _csrf_error(_error: CSRFError) -> ResponseReturnValue:
    closed = request.endpoint is not None and access_rule(current_app, request.endpoint) != "public"
    if closed and not current_user.is_authenticated:
        return _ended(can_send_again=False)
    message = gettext(
        "The page stood open too long, or you signed in again since. Nothing was saved. "
        "Open it again (reload the page it was on) and send it once more."
    )
    adapter = current_app.create_url_adapter(request)
    shown = adapter is not None and adapter.test(request.path, method="GET")
    address = request.full_path.rstrip("?") if shown else url_for("pages.home")
    return hold_back(message, address, gettext("Open the page"), can_send_again=False, code=400)


# What the database itself or the way to it can be reason for; anything else is a fault of ours.
AWAY = (InterfaceError, InternalError, OperationalError)


def _database_error(error: DBAPIError) -> ResponseReturnValue:
    db.session.rollback()
    text = str(error.orig)
    if isinstance(error.orig, (UnicodeError,)) or "overflow" in text or "out of range" in text:
        return _refusal(404, _MESSAGES[404]())
    if is_conflict(error):
        log.warning("database: %s", type(error.orig).__name__, exc_info=error)
        return _refusal(409, gettext("Somebody was faster: what stands now does not fit. Nothing was saved; reload."))
    log.error("database: %s", type(error.orig).__name__, exc_info=error)
    if "no such table" in text or "does not exist" in text or "no such column" in text:
        return _unavailable(
            gettext("The database is not ready. Whoever runs this service: run `interagency db upgrade`.")
        )
    if "is full" in text or "No space left" in text or "could not extend" in text:
        return _unavailable(gettext("The disk of the service is full. Nothing was saved; tell whoever runs it."))
    if "readonly database" in text or "read-only" in text:
        return _unavailable(
            gettext("At the moment the service can be read but not written to. Nothing was saved; try again later.")
        )
    if isinstance(error, AWAY) or error.connection_invalidated:
        return _unavailable(_no_answer())
    return _refusal(500, _message(500))


def _no_answer() -> str:
    return str(gettext("The database did not answer. Nothing was saved; wait a moment and try again."))


def _no_connection(error: PoolTimeout) -> ResponseReturnValue:
    log.error("database: all connections are taken", exc_info=error)
    return _unavailable(_no_answer())


def _disk_error(error: OSError) -> ResponseReturnValue:
    """What the machine refused: a full disk where uploads wait, most of all."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG):
        raise error
    log.error("disk: %s", errno.errorcode[error.errno], exc_info=error)
    return _unavailable(gettext("The disk of the service is full. Nothing was saved; tell whoever runs it."))


def _unexpected(error: InternalServerError) -> ResponseReturnValue:
    db.session.rollback()  # what was begun is not kept, and the page may ask who is here
    return _refusal(500, _message(500))


def _log_unexpected(info: Any) -> None:
    log.error("unexpected error in %s", request.endpoint, exc_info=info)


def _check_host() -> ResponseReturnValue | None:
    if host_is_ours():
        return None
    message = gettext(
        "The address you used is not the one of this service. Open it at %(address)s. Whoever runs it: "
        "see INTERAGENCY_TRUSTED_HOSTS.",
        address=settings().base_url,
    )
    return _bare_page(gettext("Not this address"), message), 400


def headers_for(chosen: Settings) -> dict[str, str]:
    """The headers of every answer; behind TLS they say that it stays so."""
    if not chosen.base_url.startswith("https://"):
        return HEADERS
    return HEADERS | {"Strict-Transport-Security": f"max-age={YEAR_SECONDS}; includeSubDomains"}


def _set_headers(response: Response) -> Response:
    for name, value in headers_for(settings()).items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static" and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = NOT_CACHED
    return response


def _choose_limits() -> None:
    # Uploads come to addresses under /imports; everything else is a form.
    request.max_content_length = UPLOAD_LIMIT if "import" in request.path else FORM_LIMIT
    request.max_form_memory_size = FORM_LIMIT
    request.max_form_parts = 5000


def prepare(app: Flask) -> None:
    """Give `app` its extensions, door, headers, error pages and template words."""
    arrivals.prepare(app, app.extensions["interagency_settings"])
    app.before_request(_check_host)
    app.before_request(_choose_limits)  # before anything reads the form, as the check of its token does
    login_manager.init_app(app)
    login_manager.session_protection = None  # the server knows its sessions
    csrf.init_app(app)
    babel.init_app(app, default_timezone="UTC")
    limiter.init_app(app)
    app.before_request(_keep_the_door)
    app.after_request(_set_headers)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(InternalServerError, _unexpected)
    app.register_error_handler(DBAPIError, _database_error)
    app.register_error_handler(PoolTimeout, _no_connection)
    app.register_error_handler(OSError, _disk_error)
    app.log_exception = _log_unexpected  # type: ignore[method-assign, assignment]
    app.jinja_env.filters["date_words"] = date_words
    app.jinja_env.filters["instant_words"] = instant_words
    app.jinja_env.globals["shown_zone"] = lambda: reader_zone().key
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
