"""An SMTP server on loopback that takes mails, or does as it is told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from aiosmtpd.controller import Controller
from flask import Flask

from interagency.settings import Settings


class Server:
    """An SMTP server that does as it is told."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.say = "250 OK"
        self.refuse: set[str] = set()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refuse:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        if self.say == "hang up":
            server.transport.abort()
            return "421 gone"
        if self.say.startswith("250"):
            self.taken.append(envelope)
        return self.say


@contextmanager
def listening() -> Iterator[tuple[Server, int]]:
    """A server and its port, until the end."""
    handler = Server()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler, port
    finally:
        controller.stop()


def settings_for(app: Flask, port: int) -> Settings:
    """The settings of `app`, with mails going to that port."""
    own: Settings = app.extensions["interagency_settings"]
    return replace(own, mail_url=f"smtp://127.0.0.1:{port}", mail_from="service@example.org")
