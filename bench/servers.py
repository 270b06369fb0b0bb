"""Servers on the loopback, started for a measure and ended by their process id."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.worlds import ROOT

HOST = "127.0.0.1"


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(command: list[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """A server of `command` that listens on `port`; ended afterwards with all it started."""
    process = subprocess.Popen(  # noqa: S603  (our own arguments)
        command, env=dict(environment or os.environ), cwd=ROOT, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _try in range(300):
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                break
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with {process.returncode}")
            time.sleep(0.1)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def gunicorn(application: str, environment: Mapping[str, str] | None = None) -> contextlib.AbstractContextManager[int]:
    """`application` as the service is served: two workers of eight threads."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", application, "--bind", f"{HOST}:{port}", "--workers", "2", "--threads", "8",
        "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--keep-alive", "30",  # noqa: S108
    ]  # fmt: skip
    return running(command, port, environment)


def nginx(folder: Path, root: Path) -> contextlib.AbstractContextManager[int]:
    """nginx that gives the files of `root`, compressed ones where they lie beside."""
    port = free_port()
    lines = f"""
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 512; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen {HOST}:{port}; root {root}; gzip_static on; }}
}}"""
    config = folder / "nginx.conf"
    config.write_text(lines)
    root.chmod(0o755)
    return running(["/usr/sbin/nginx", "-c", str(config), "-e", "/dev/null"], port)


def radicale(folder: Path) -> contextlib.AbstractContextManager[int]:
    """Radicale over the collections in `folder`."""
    port = free_port()
    command = [
        sys.executable, "-m", "radicale", "--config", "", "--server-hosts", f"{HOST}:{port}", "--auth-type", "none",
        "--storage-filesystem-folder", str(folder), "--logging-level", "error", "--rights-type", "authenticated",
    ]  # fmt: skip
    return running(command, port)


def requests_a_second(port: int, path: str, seconds: int, headers: Mapping[str, str] | None = None) -> float:
    """The rate of GET under eight connections, by wrk. Raises RuntimeError on refusals.

    They come two by two: eight that come at once fall to one of two workers alone in a round of three.
    """
    command = ["wrk", "-t1", "-c2", f"-d{seconds}s"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    asking = []
    for _pair in range(4):
        asking.append(subprocess.Popen([*command, f"http://{HOST}:{port}{path}"], stdout=subprocess.PIPE, text=True))  # noqa: S603
        time.sleep(0.1)
    return sum(_rate(one.communicate()[0]) for one in asking)


def _rate(said: str) -> float:
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None or "Non-2xx or 3xx" in said:
        raise RuntimeError(said)
    return float(found[1])


def seconds_of_get(port: int, path: str, times: int, headers: Mapping[str, str] | None = None) -> float:
    """The median time of GET by one client that keeps its connection."""
    connection = http.client.HTTPConnection(HOST, port, timeout=600)
    taken = []
    for _time in range(times):
        begun = time.perf_counter()
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        body = response.read()
        taken.append(time.perf_counter() - begun)
        assert response.status == 200 and body, response.status
    connection.close()
    return sorted(taken)[len(taken) // 2]
