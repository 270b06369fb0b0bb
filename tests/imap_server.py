"""An IMAP server on loopback: Debian's Dovecot, under an account without rights, with one mailbox of its own."""

from __future__ import annotations

import imaplib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from tests.servers import free_port

USER, PASSWORD, FOLDER = "calendar", "p@ss/word", "Answers to invitations"
START_SECONDS = 30
_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {account}
default_login_user = {account}
default_internal_group = {group}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_fsync = never
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={account} gid={group} home={folder}/home/%u
}}
"""


def is_there() -> bool:
    """Whether this machine has Dovecot with IMAP."""
    return Path("/usr/sbin/dovecot").exists() and Path("/usr/lib/dovecot/imap").exists()


class Mailserver:
    """Where the mailbox is, and mails put into it."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def url(self) -> str:
        """What INTERAGENCY_IMAP_URL says for it."""
        secret = quote(PASSWORD, safe="")
        return f"imap://{USER}:{secret}@127.0.0.1:{self.port}/{quote(FOLDER)}"

    def put(self, *mails: bytes) -> None:
        """Let these mails have arrived."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=10) as server:
            server.login(USER, PASSWORD)
            for mail in mails:
                said, why = server.append(f'"{FOLDER}"', "", imaplib.Time2Internaldate(time.time()), mail)
                assert said == "OK", why

    def empty(self) -> None:
        """Take the folder away and make it anew: the server counts from the beginning again."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=10) as server:
            server.login(USER, PASSWORD)
            server.delete(f'"{FOLDER}"')
            server.create(f'"{FOLDER}"')


@contextmanager
def running() -> Iterator[Mailserver]:
    """The server, until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="interagency-imap-", dir="/tmp"))  # a socket's path is short
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    port = free_port()
    how: dict[str, object] = {}
    if os.geteuid() == 0:
        how = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        os.chown(folder, account.pw_uid, account.pw_gid)
    group = subprocess.check_output(["id", "-gn", account.pw_name], text=True).strip()
    settings = folder / "dovecot.conf"
    settings.write_text(
        _CONFIGURATION.format(folder=folder, account=account.pw_name, group=group, port=port, password=PASSWORD)
    )
    settings.chmod(0o644)
    command = ["/usr/sbin/dovecot", "-F", "-c", str(settings)]
    with (folder / "errors.log").open("wb") as errors:
        process = subprocess.Popen(  # type: ignore[call-overload]
            command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, **how
        )
    try:
        server = Mailserver(port)
        _wait_for(server, process, folder)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(server: Mailserver, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        with suppress(OSError, imaplib.IMAP4.error), imaplib.IMAP4("127.0.0.1", server.port, timeout=5) as one:
            one.login(USER, PASSWORD)
            one.create(f'"{FOLDER}"')
            return
        if process.poll() is not None or time.monotonic() > until:
            said = [log.read_text(errors="replace") for log in folder.glob("*.log")]
            raise RuntimeError(f"Dovecot does not answer: {' '.join(said)[-3000:]}")
        time.sleep(0.1)
