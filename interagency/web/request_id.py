"""What happens to each request first: it gets an id, its host is checked, and the log is told what it may know."""

from __future__ import annotations

import re
import secrets
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, g, has_app_context, request
from werkzeug.wrappers import Response

from interagency.settings import Settings

# From a proxy of ours: letters and digits as proxies make them, nothing that could be markup or a second line.
REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
# Asked by their number by those who look whether the service is well; they say the same to everybody.
HOST_CHECK_EXEMPT = frozenset({"health.healthz", "health.readyz"})


def trusted_hosts(settings: Settings) -> frozenset[str]:
    """The names the service answers to: INTERAGENCY_TRUSTED_HOSTS, or the host of INTERAGENCY_BASE_URL."""
    if settings.trusted_hosts:
        return frozenset(settings.trusted_hosts)
    own = hostname_of(urlsplit(settings.base_url).netloc)
    return LOOPBACK if is_loopback(own) else frozenset({own})


def hostname_of(netloc: str) -> str:
    """The host of `host:port`, in small letters; an IPv6 address keeps its brackets."""
    host = netloc.rpartition("@")[2].strip().lower()
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine only."""
    if host in LOOPBACK:
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_trusted_host() -> bool:
    """Whether the request names a host the service answers to."""
    return request.endpoint in HOST_CHECK_EXEMPT or host_is_trusted(current_app, request.environ)


def host_is_trusted(app: Flask, environ: dict[str, Any]) -> bool:
    """The same by the WSGI environment alone."""
    trusted: frozenset[str] = app.extensions["interagency_hosts"]
    return hostname_of(environ.get("HTTP_HOST", "")) in trusted


def assign_request_id(environ: dict[str, Any], settings: Settings) -> str:
    """Take the proxy's id when there is a trusted proxy and it is a sane one; else make one."""
    offered = environ.get("HTTP_X_REQUEST_ID", "") if settings.proxies else ""
    request_id: str = offered if REQUEST_ID_PATTERN.fullmatch(offered) else secrets.token_hex(8)
    environ["interagency.request_id"] = request_id
    return request_id


def _assign_request_id() -> None:
    g.request_id = assign_request_id(request.environ, current_app.extensions["interagency_settings"])


def _set_log_path() -> None:
    """Leave for the access log the path when it is made of words of ours and numbers, else only its rule."""
    rule = request.url_rule
    shown = "(unknown)"  # no such address: whatever was typed there stays out
    if rule is not None:
        numbers_only = all(type(converter).__name__ == "IntegerConverter" for converter in rule._converters.values())
        shown = request.path if numbers_only else rule.rule
    request.environ["interagency.path"] = shown.encode("ascii", "replace").decode("ascii")


def _add_request_id_header(response: Response) -> Response:
    if "request_id" in g:
        response.headers["X-Request-ID"] = g.request_id
    return response


def request_id() -> str:
    """The id of the request in hand, or an empty text."""
    return str(getattr(g, "request_id", "")) if has_app_context() else ""


def prepare(app: Flask, settings: Settings) -> None:
    """Let every request of `app` begin here."""
    app.extensions["interagency_hosts"] = trusted_hosts(settings)
    app.before_request(_assign_request_id)
    app.before_request(_set_log_path)
    app.after_request(_add_request_id_header)
