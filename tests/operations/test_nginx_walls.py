"""The nginx configuration against slow clients, and beside what Debian's nginx comes with."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.operations.test_nginx import HAS_IPV6, NAME, ROOT, Front, by_name, front
from tests.stalling import ATTACK

__all__ = ["by_name", "front"]
pytestmark = [pytest.mark.nginx, pytest.mark.slow]
EACH = 100
HEAD = f"POST /sign-in HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
KINDS = {
    "half a header": f"GET /sign-in HTTP/1.1\r\nHost: {NAME}\r\nX-Half: ",
    "silence": "",
    "a slow body": f"{HEAD}Content-Length: 1000\r\n\r\ncsrf_token=",
    "a slow chunk": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n400\r\ncsrf",
}


@pytest.fixture
def open_slowly(front: Front) -> Iterator[Callable[[str], None]]:
    """`open_slowly(text)`: a connection over TLS that says so much and no more, until the end of the test."""
    context = ssl.create_default_context(cafile=str(front.certificate))
    made: list[socket.socket] = []

    def begin(text: str) -> None:
        plain = socket.create_connection(("127.0.0.1", front.tls), timeout=10)
        one = context.wrap_socket(plain, server_hostname=NAME)
        made.append(one)
        one.sendall(text.encode())

    yield begin
    for one in made:
        one.close()


@pytest.mark.parametrize("kind", KINDS)
def test_slow_clients_keep_nobody_waiting(front: Front, open_slowly: Callable[[str], None], kind: str) -> None:
    visitor = front.visitor().sign_in("who@example.org")
    for _ in range(EACH * 2 if ATTACK else EACH):
        open_slowly(KINDS[kind])
    for address in ("/healthz", "/activities", "/sign-in", "/healthz") * (10 if ATTACK else 1):
        begun = time.monotonic()
        answer = visitor.get(address, timeout=10)
        assert answer.status_code in (200, 302), answer.text[:300]
        assert time.monotonic() - begun < 2, address


@pytest.mark.skipif(not HAS_IPV6, reason="no IPv6 here")
def test_it_is_reached_by_ipv6(front: Front) -> None:
    context = ssl.create_default_context(cafile=str(front.certificate))
    with (
        socket.create_connection(("::1", front.tls), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as one,
    ):
        one.sendall(f"GET /healthz HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
        assert b" 200 " in one.recv(1000)


@pytest.mark.skipif(not Path("/etc/nginx/sites-available/default").exists(), reason="not Debian's nginx")
def test_debian_s_own_files_take_it_as_it_is(front: Front, tmp_path: Path) -> None:
    """`nginx -t` of nginx.conf and the default site as the package brings them, with ours in conf.d."""
    stock = tmp_path / "nginx"
    shutil.copytree("/etc/nginx", stock, symlinks=False)
    (stock / "sites-enabled" / "default").write_bytes(Path("/etc/nginx/sites-available/default").read_bytes())
    own = (ROOT / "deploy" / "interagency.nginx.conf").read_text(encoding="utf-8")
    for old, new in (
        ("/etc/ssl/interagency/fullchain.pem", str(front.certificate)),
        ("/etc/ssl/interagency/key.pem", str(front.folder / "key.pem")),
        ("/var/log/nginx", str(tmp_path)),
        ("/run/interagency-cache", str(tmp_path / "cache")),
    ):
        own = own.replace(old, new)
    (stock / "conf.d" / "interagency.conf").write_text(own, encoding="utf-8")
    ports = {"80": "18080", "443": "18443"}  # those of the machine are not for everybody
    for path in (stock / "nginx.conf", stock / "conf.d" / "interagency.conf", stock / "sites-enabled" / "default"):
        text = path.read_text(encoding="utf-8").replace("/etc/nginx/", f"{stock}/")
        for name in ("/var/log/nginx", "/run/nginx.pid"):
            text = text.replace(name, str(tmp_path / name.replace("/", "-")) if name.endswith("pid") else str(tmp_path))
        for old, new in ports.items():
            text = text.replace(f"listen {old}", f"listen {new}").replace(f"[::]:{old}", f"[::]:{new}")
        path.write_text(text, encoding="utf-8")
    command = [shutil.which("nginx") or "nginx", "-t", "-c", str(stock / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr.replace('the "user" directive makes sense only', "")
