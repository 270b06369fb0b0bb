"""A way to a server that can fall silent: connections stay open, and nothing passes any more."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress

# `make attack` says how hard; `make test` takes the little that fits in it.
ATTACK = "INTERAGENCY_TEST_INPUTS" in os.environ


class Line(threading.Thread):
    """Passes on what comes at `port` to the server at `target`, until `silent` is set."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(daemon=True)
        self.target = (host, port)
        self.flows = threading.Event()
        self.flows.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.start()

    def run(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._open, args=(here,), daemon=True).start()

    def _open(self, here: socket.socket) -> None:
        self.flows.wait()
        there = socket.create_connection(self.target)
        threading.Thread(target=self._pass_on, args=(there, here), daemon=True).start()
        self._pass_on(here, there)

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while block := one.recv(65536):
                self.flows.wait()
                other.sendall(block)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def stall(self) -> None:
        """From now on nothing passes, as when the server is frozen or the line is dead."""
        self.flows.clear()

    def resume(self) -> None:
        """What was held passes, and everything after it."""
        self.flows.set()

    def end(self) -> None:
        """Take no more connections."""
        self.resume()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
