"""`interagency serve`: the service under gunicorn, which refuses to start with settings that are not safe."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from interagency.settings import Settings

SHORTEST_SECRET = 32
FEWEST_CHARACTERS = 8
EXAMPLES = ("change", "example", "secret", "password", "your-", "replace", "default", "insecure", "<", "…", "...")
MAKE_ONE = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"


def unsafe(settings: Settings) -> list[str]:
    """What keeps these settings from being served to anybody, each with what to write instead."""
    return [*_secret(settings.secret_key), *_address(settings)]


def _secret(key: str) -> list[str]:
    if len(key) < SHORTEST_SECRET:
        return [f"INTERAGENCY_SECRET_KEY is missing or short. {MAKE_ONE}"]
    if any(word in key.lower() for word in EXAMPLES) or len(set(key)) < FEWEST_CHARACTERS:
        return [f"INTERAGENCY_SECRET_KEY is one that could be guessed. {MAKE_ONE}"]
    return []


def _address(settings: Settings) -> list[str]:
    from interagency.web.request_id import hostname_of, is_loopback

    parts = urlsplit(settings.base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query or parts.fragment:
        return [
            "INTERAGENCY_BASE_URL is the address people type, without a path, such as https://interagency.example.org."
        ]
    problems = []
    if parts.scheme == "http" and not is_loopback(hostname_of(parts.netloc)) and not settings.plain_http:
        problems.append(
            "INTERAGENCY_BASE_URL is http on a name that others reach: passwords would travel readable. Put a proxy "
            "with TLS in front and write https, or say INTERAGENCY_PLAIN_HTTP=yes if that is meant."
        )
    if parts.scheme == "https" and not settings.secure_cookies:
        problems.append(
            "INTERAGENCY_SECURE_COOKIES is no, and INTERAGENCY_BASE_URL is https. Leave it out: it follows the address."
        )
    if parts.scheme == "https" and settings.proxies < 1:
        problems.append(
            "INTERAGENCY_BASE_URL is https, so a proxy stands in front. Say how many: INTERAGENCY_PROXIES=1."
        )
    return problems


def exposed(settings: Settings, bind: str) -> list[str]:
    """What keeps the service from listening at `bind` (host:port, unix:PATH, fd://N) under these settings."""
    from interagency.web.request_id import hostname_of, is_loopback

    own = bind.startswith(("unix:", "fd://")) or is_loopback(hostname_of(bind))
    if own or settings.buffering_proxy:
        return []
    return [
        f"--bind {bind} is reached from other machines, and a few dozen slow connections stop the service there. Put a "
        "proxy that buffers requests in front (deploy/interagency.nginx.conf), close the port to everybody else, and "
        "say INTERAGENCY_BUFFERING_PROXY=yes; or bind to 127.0.0.1."
    ]


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port.")
@click.option("--workers", default=2, show_default=True)
@click.option("--threads", default=8, show_default=True, help="How many pages a worker makes at once.")
def serve(bind: str, workers: int, threads: int) -> None:
    """Serve under gunicorn. Refuses to start with settings that are not safe."""
    from interagency.operations.admission import WAITING
    from interagency.settings import SettingError, read_settings

    try:
        settings = read_settings()
    except SettingError as error:
        raise click.ClickException(str(error)) from None
    problems = [*unsafe(settings), *exposed(settings, bind)]
    if problems:
        raise click.ClickException("\n".join(problems))
    if settings.metrics_bind:
        # Workers count into files that are read together; it must be known before the counters are made.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="interagency-metrics-")
    sys.stdout.flush()
    arguments = ["--bind", bind, "--workers", str(workers), "--threads", str(threads + WAITING)]
    config = ["--config", "python:interagency.operations.serving"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *config, *arguments])
