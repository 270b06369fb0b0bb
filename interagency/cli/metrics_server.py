"""The process that serves the measures: `python -m interagency.cli.metrics_server`, started by `serve`."""

from __future__ import annotations

import os
import sys
import time

from prometheus_client import start_wsgi_server

from interagency import create_app
from interagency.operations import logs
from interagency.operations.metrics import everything
from interagency.settings import read_settings


def main() -> None:
    """Serve `/metrics` until the service that started this process is gone."""
    settings, parent = read_settings(), os.getppid()
    logs.set_up(settings.log_format)
    host, _, port = settings.metrics_bind.rpartition(":")
    try:
        start_wsgi_server(int(port), host.strip("[]"), everything(create_app(settings)))
    except OSError as problem:
        logs.log.error("metrics are not served at %s: %s", settings.metrics_bind, problem.strerror)
        sys.exit(1)
    while os.getppid() == parent:
        time.sleep(1)


if __name__ == "__main__":
    main()
