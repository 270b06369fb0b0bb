"""Error pages: what happened, and what to do next."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from typing import Any, NoReturn

from flask import Response, abort, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError

from interagency.db.base import db, is_conflict
from interagency.web.limits import drain_request_body
from interagency.web.problems import errors_of, is_for_a_program, problem_response
from interagency.web.request_id import request_id

log = logging.getLogger("interagency")


def _refusal(code: int, message: str) -> tuple[str | Response, int]:
    if is_for_a_program():
        return problem_response(code, message), code
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
        page = static_error_page(title, message)
    return page, code


def static_error_page(title: str, message: str) -> str:
    """An error page that needs neither a database nor a host that links could be made for."""
    page = current_app.jinja_env.get_template("unavailable.html")
    styles = request.script_root + (current_app.static_url_path or "")
    return page.render(title=title, message=message, reference=request_id(), styles=styles)


def service_unavailable(message: str) -> ResponseReturnValue:
    if is_for_a_program():
        return problem_response(503, message, headers={"Retry-After": "30"})
    return static_error_page(gettext("Not available at the moment"), message), 503, {"Retry-After": "30"}


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


def _message_for_a_program(code: int) -> str:
    told = {
        404: gettext("There is nothing at this address."),
        405: gettext("This address does not take that method; Allow says which it takes."),
        415: gettext("Send JSON, and say so: Content-Type: application/json."),
        422: gettext("What was sent does not fit the description; each field says why. Nothing was saved."),
    }
    return str(told.get(code) or _message(code))


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
        drain_request_body()
    own = error.description if error.description and getattr(error, "is_ours", False) else None
    # Such as Allow, which goes with every 405 (RFC 9110, 15.5.6).
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    if is_for_a_program():
        return problem_response(code, own or _message_for_a_program(code), headers=dict(headers), **errors_of(error))
    page, code = _refusal(code, own or _message(code))
    return page, code, headers


# What the database itself or the way to it can be reason for; anything else is a fault of ours.
AWAY = (InterfaceError, InternalError, OperationalError)


def _database_error(error: DBAPIError) -> ResponseReturnValue:
    db.session.rollback()
    g.asks_nobody = True
    text = str(error.orig)
    if isinstance(error.orig, (UnicodeError,)) or "overflow" in text or "out of range" in text:
        return _refusal(404, _MESSAGES[404]())
    if is_conflict(error):
        log.warning("database: %s", type(error.orig).__name__, exc_info=error)
        return _refusal(409, gettext("Somebody was faster: what stands now does not fit. Nothing was saved; reload."))
    log.error("database: %s", type(error.orig).__name__, exc_info=error)
    if "no such table" in text or "does not exist" in text or "no such column" in text:
        return service_unavailable(
            gettext("The database is not ready. Whoever runs this service: run `interagency db upgrade`.")
        )
    if "is full" in text or "No space left" in text or "could not extend" in text:
        return service_unavailable(gettext("The disk of the service is full. Nothing was saved; tell whoever runs it."))
    if "readonly database" in text or "read-only" in text:
        return service_unavailable(
            gettext("At the moment the service can be read but not written to. Nothing was saved; try again later.")
        )
    if isinstance(error, AWAY) or error.connection_invalidated:
        return service_unavailable(_no_answer())
    return _refusal(500, _message(500))


def _no_answer() -> str:
    return str(gettext("The database did not answer. Nothing was saved; wait a moment and try again."))


def _no_connection(error: PoolTimeout) -> ResponseReturnValue:
    g.asks_nobody = True
    log.error("database: all connections are taken", exc_info=error)
    return service_unavailable(_no_answer())


def _disk_error(error: OSError) -> ResponseReturnValue:
    """What the machine refused: a full disk where uploads wait, most of all."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG):
        raise error
    log.error("disk: %s", errno.errorcode[error.errno], exc_info=error)
    return service_unavailable(gettext("The disk of the service is full. Nothing was saved; tell whoever runs it."))


def _unexpected(error: InternalServerError) -> ResponseReturnValue:
    db.session.rollback()  # what was begun is not kept, and the page may ask who is here
    return _refusal(500, _message(500))


def _log_unexpected(info: Any) -> None:
    log.error("unexpected error in %s", request.endpoint, exc_info=info)
