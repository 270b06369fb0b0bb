"""What gunicorn is told: `serve` names this module as its configuration. Its lines are ours, see logs.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from interagency.operations import logs
from interagency.operations.admission import WAITING, Admission
from interagency.settings import read_settings

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class Lines(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's own words and the access log in our form."""

    def setup(self, cfg: Any) -> None:
        """Called at the start, in the process that the workers are copies of."""
        super().setup(cfg)
        log_format = read_settings().log_format
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(logs.formatter(log_format))
        logs.set_up(log_format)

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> None:
        """One line for one request: no address, no query, nothing that somebody typed."""
        method = environ.get("REQUEST_METHOD")
        fields = {
            "request": environ.get("interagency.request_id", "-"),
            "method": method if method in METHODS else "other",
            "path": environ.get("interagency.path", "-"),
            "status": int(str(resp.status).split(None, 1)[0]),
            "bytes": getattr(resp, "sent", None),
            "milliseconds": round(request_time.total_seconds() * 1000),
        }
        self.access_log.info("request", extra={"fields": fields})


# --- The settings of gunicorn, by its names ---

wsgi_app = "interagency:create_app()"
logger_class = Lines
accesslog = "-"
graceful_timeout = 20
# Longer than a proxy keeps an idle connection (60 s): else it sends a save into one that is just being closed.
keepalive = 75
control_socket_disable = True
# Only ProxyFix says what the proxy said, and only when INTERAGENCY_PROXIES counts it.
forwarded_allow_ips = ""
limit_request_line = 8190
limit_request_field_size = 16_380
# A slow disk under gunicorn's heartbeat files would end workers.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


def when_ready(server: Any) -> None:
    """Serve the measures from a process of their own, when a place for them is named."""
    if METRICS_FOLDER in os.environ:
        server.interagency_measures = subprocess.Popen([sys.executable, "-m", "interagency.cli.metrics_server"])


def post_worker_init(worker: Any) -> None:
    """Let as many pages be made at once as `serve` was told; make the feeds' bytes while the first are answered."""
    worker.wsgi.wsgi_app = Admission(worker.wsgi, worker.cfg.threads - WAITING)
    feeds = worker.wsgi.extensions["interagency_feeds"]
    threading.Thread(target=feeds.warm, name="warm-feeds", daemon=True).start()


def child_exit(server: Any, worker: Any) -> None:
    """What only a living worker has is no longer counted for a dead one."""
    if METRICS_FOLDER in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """Take the measures away with the service."""
    measures = getattr(server, "interagency_measures", None)
    if measures is not None:
        measures.terminate()
        shutil.rmtree(os.environ[METRICS_FOLDER], ignore_errors=True)
