"""The nginx configuration of the repository, tried on loopback in front of a served service."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import urllib3

from tests.served import Served, Visitor, free_port

pytestmark = pytest.mark.nginx
ROOT = Path(__file__).parents[2]
NAME = "interagency.example.org"
HAS_IPV6 = Path("/proc/net/if_inet6").exists() and bool(Path("/proc/net/if_inet6").read_text().strip())


@dataclass
class Front:
    """nginx with the service behind it."""

    served: Served
    folder: Path
    tls: int
    plain: int
    certificate: Path

    def visitor(self) -> Visitor:
        """Somebody who comes by the name, over TLS, and checks the certificate."""
        one = Visitor(f"https://{NAME}:{self.tls}", headers={"Host": NAME, "Referer": f"https://{NAME}/"})
        one.session.verify = str(self.certificate)
        one.session.trust_env = False
        return one

    def begin_again(self) -> None:
        """The service ends, if it runs, and starts anew, with nothing counted; back when nginx has found it."""
        self.served.stop()
        self.served.start()
        for _ in range(100):
            if self.visitor().get("/sign-in").status_code == 200:
                return
            time.sleep(0.1)
        pytest.fail("it did not come back")

    def log(self) -> str:
        time.sleep(0.3)
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


@pytest.fixture(scope="module")
def by_name() -> Iterator[None]:
    """The name leads to this machine, for this test alone."""
    own = urllib3.util.connection.create_connection

    def here(address: tuple[str, int], *given: object, **more: object) -> object:
        host, port = address
        return own(("127.0.0.1" if host == NAME else host, port), *given, **more)

    urllib3.util.connection.create_connection = here
    yield
    urllib3.util.connection.create_connection = own


@pytest.fixture(scope="module")
def front(serve: Callable[..., Served], tmp_path_factory: pytest.TempPathFactory, by_name: None) -> Iterator[Front]:
    served = serve(BASE_URL=f"https://{NAME}", PROXIES="1", LOG_FORMAT="json", workers=1)
    folder = tmp_path_factory.mktemp("nginx")
    certificate, key = folder / "fullchain.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", key, "-out", certificate, "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"],
        check=True, capture_output=True,
    )  # fmt: skip
    made = Front(served, folder, free_port(), free_port(), certificate)
    text = (ROOT / "deploy" / "interagency.nginx.conf").read_text(encoding="utf-8")
    for old, new in (
        ("listen 80", f"listen 127.0.0.1:{made.plain}"),
        ("listen 443", f"listen 127.0.0.1:{made.tls}"),
        ("listen [::]:80;\n", "" if not HAS_IPV6 else f"listen [::1]:{made.plain};\n"),
        ("listen [::]:443 ssl", "# " if not HAS_IPV6 else f"listen [::1]:{made.tls} ssl"),
        ("/etc/ssl/interagency", str(folder)),
        ("/var/log/nginx", str(folder)),
        ("/run/interagency-cache", str(folder / "cache")),
        ("127.0.0.1:8000", f"127.0.0.1:{served.port}"),
        ("/opt/interagency", str(ROOT)),
    ):
        assert old in text, old
        text = text.replace(old, new)
    folder.chmod(0o755)
    whole = folder / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""  # the folders of a test belong to whoever runs it
    whole.write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/start.log notice;\n"
        f"events {{ worker_connections 768; }}\nhttp {{ include /etc/nginx/mime.types;\n{temporary}{text}\n}}\n"
    )
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen([shutil.which("nginx") or "nginx", "-c", whole, "-p", folder], stderr=said)
    for _ in range(100):
        assert process.poll() is None, (folder / "said").read_text()
        try:
            requests.get(f"http://127.0.0.1:{made.plain}/", timeout=2, allow_redirects=False)
            break
        except requests.ConnectionError:
            time.sleep(0.05)
    yield made
    process.send_signal(signal.SIGQUIT)
    process.wait(20)


def test_plain_http_leads_to_tls(front: Front) -> None:
    answer = requests.get(
        f"http://127.0.0.1:{front.plain}/activities?q=x", headers={"Host": NAME}, allow_redirects=False, timeout=5
    )
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{NAME}/activities?q=x")


def test_signing_in_works_through_it_with_cookies_for_tls_only(front: Front) -> None:
    visitor = front.visitor().sign_in("who@example.org")
    assert {cookie.name for cookie in visitor.session.cookies} == {"__Host-device", "__Host-session"}
    assert all(cookie.secure for cookie in visitor.session.cookies)
    page = visitor.get("/activities")
    assert page.status_code == 200
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "private, no-store"
    assert len(page.raw.headers.getlist("Strict-Transport-Security")) == 1
    assert "nginx/" not in page.headers["Server"]


def test_pages_and_styles_are_compressed_when_asked(front: Front) -> None:
    visitor = front.visitor().sign_in("who@example.org")
    for path in ("/activities/new", "/static/base.css"):
        assert visitor.get(path, headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip", path
        assert "Content-Encoding" not in visitor.get(path, headers={"Accept-Encoding": "identity"}).headers, path


def test_static_files_come_without_the_service(front: Front) -> None:
    before = front.served.lines().count("/static/")
    answer = front.visitor().get("/static/base.css")
    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    for path in (
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static../settings.py",
        "/static//etc/passwd",
    ):
        assert front.visitor().get(path).status_code in (302, 400, 404), path
    assert front.served.lines().count("/static/") <= before + 2


@pytest.fixture(scope="module")
def feed(front: Front) -> tuple[Visitor, str]:
    visitor = front.visitor().sign_in("who@example.org")
    page = visitor.post("/subscriptions", {"name": "Mine"})
    found = re.search(r"/feeds/[^\"'<\s]+\.ics", page.text)
    assert found
    return visitor, found[0]


def asked_of_the_service(front: Front) -> list[int]:
    time.sleep(0.3)
    lines = [json.loads(line) for line in front.served.lines().splitlines()]
    return [line["status"] for line in lines if line.get("path") == "/feeds/<token>.ics"]


def test_a_feed_is_kept_a_second_and_then_only_asked_whether_it_changed(
    front: Front, feed: tuple[Visitor, str]
) -> None:
    _owner, address = feed
    reader, before = front.visitor(), len(asked_of_the_service(front))
    first = reader.get(address)
    assert first.status_code == 200
    assert first.content.startswith(b"BEGIN:VCALENDAR")
    assert "Set-Cookie" not in first.headers
    assert reader.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    time.sleep(2.2)
    assert reader.get(address).content == first.content
    for _ in range(30):  # its line comes when the answer is gone
        asked = asked_of_the_service(front)[before:]
        if 304 in asked:
            break
    assert asked[0] == 200
    assert 304 in asked, asked


def test_a_revoked_feed_ends(front: Front, feed: tuple[Visitor, str]) -> None:
    owner, _address = feed
    page = owner.post("/subscriptions", {"name": "Second"})
    address = re.search(r"/feeds/[^\"'<\s]+\.ics", page.text)
    assert address
    assert front.visitor().get(address[0]).status_code == 200
    number = re.findall(r"/subscriptions/(\d+)/revoke", owner.get("/subscriptions").text)[-1]
    assert owner.post(f"/subscriptions/{number}/revoke", {}, token=owner.token("/subscriptions")).status_code == 302
    time.sleep(2.2)
    assert front.visitor().get(address[0]).status_code == 404


def test_no_log_holds_a_secret_a_query_or_a_name(front: Front) -> None:
    visitor = front.visitor()
    token = "PlAnTeDtOkEnPlAnTeDtOkEn12345678"
    for path in (f"/feeds/{token}.ics", f"/external/{token}/matrix.xlsx", f"/data/{token}/x.csv",
                 f"/invitations/{token}", f"/invited/{token}/1/accepted", f"/resets/{token}",
                 f"/{token}", f"/activities?q={token}", "/planted@example.org", "/planted%20words",
                 f"/feeds/{token[:8]}.ics"):  # fmt: skip
        visitor.get(path, headers={"Referer": f"https://x/{token}", "User-Agent": token, "X-Forwarded-For": "planted"})
    text = front.log()
    assert "/feeds/-" in text
    assert "planted" not in text.lower()
    assert "127.0.0.1" not in (front.folder / "interagency.log").read_text()


def test_a_request_has_one_number_in_both_logs(front: Front) -> None:
    number = (
        front.visitor().get("/no-such-page", headers={"X-Request-ID": "chosen-by-a-client"}).headers["X-Request-ID"]
    )
    assert re.fullmatch("[0-9a-f]{32}", number)
    assert number in front.log()
    assert number in front.served.lines()


def test_another_name_gets_nothing(front: Front) -> None:
    answer = front.visitor().get("/sign-in", headers={"Host": "evil.example"})
    assert answer.status_code == 421
    answer = requests.get(f"http://127.0.0.1:{front.plain}/", headers={"Host": "evil.example"}, timeout=5)
    assert answer.status_code == 421
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://127.0.0.1:{front.tls}/", verify=False, timeout=5)


def test_too_large_is_a_page_in_words(front: Front) -> None:
    visitor = front.visitor().sign_in("who@example.org")
    token = visitor.token("/imports")
    for megabytes in (21, 30):  # refused by the service, and by nginx
        answer = visitor.session.post(
            visitor.address + "/imports",
            data={"csrf_token": token},
            files={"file": ("matrix.xlsx", b"x" * megabytes * 1024 * 1024)},
            allow_redirects=False,
            timeout=60,
        )
        assert answer.status_code in (413, 422), megabytes
        assert "larger than" in answer.text, megabytes


def test_a_client_does_not_choose_the_address_attempts_are_counted_by(front: Front) -> None:
    visitor = front.visitor()
    token = visitor.token("/sign-in")
    answers = []
    for number in range(60):
        values = {"email": f"nobody{number}@example.org", "password": "x"}
        headers = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        answers.append(visitor.post("/sign-in", values, token=token, headers=headers).status_code)
        if answers[-1] == 429:
            break
    front.begin_again()  # the attempts counted here are no other test's
    assert answers[-1] == 429, answers


def test_when_the_service_is_gone_a_page_says_so_and_no_secret_is_logged(front: Front) -> None:
    assert front.served.process is not None
    front.served.stop()
    answer = front.visitor().get("/activities")
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    assert answer.headers["Strict-Transport-Security"]
    front.visitor().get("/external/PlAnTeDtOkEnPlAnTeDtOkEn12345678/")
    assert "planted" not in front.log().lower()
    front.begin_again()
