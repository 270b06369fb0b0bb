"""`interagency serve`: the service under gunicorn."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

SHORTEST_SECRET = 32


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port.")
@click.option("--workers", default=2, show_default=True)
@click.option("--threads", default=8, show_default=True)
def serve(bind: str, workers: int, threads: int) -> None:
    """Serve under gunicorn. Refuses to start without a secret."""
    from interagency.settings import SettingError, read_settings

    try:
        settings = read_settings()
    except SettingError as error:
        raise click.ClickException(str(error)) from None
    if len(settings.secret_key) < SHORTEST_SECRET:
        raise click.ClickException(
            "INTERAGENCY_SECRET_KEY is missing or short. Make one with: "
            "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    memory = "/dev/shm"  # noqa: S108  (gunicorn's heartbeat files; a slow disk would end workers)
    sys.stdout.flush()
    os.execv(
        sys.executable,
        [
            sys.executable, "-m", "gunicorn", "interagency:create_app()",
            "--bind", bind, "--workers", str(workers), "--threads", str(threads),
            "--worker-tmp-dir", memory if Path(memory).is_dir() else str(settings.data_folder),
            "--access-logfile", "-", "--access-logformat", '%(t)s "%(m)s %({interagency.path}e)s" %(s)s %(B)s',
            "--graceful-timeout", "20", "--no-control-socket",
        ],
    )  # fmt: skip
