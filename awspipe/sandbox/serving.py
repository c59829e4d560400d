"""HTTP for the sandbox: a port of the loopback, a thread for each request, and an end between two of them."""

from __future__ import annotations

import errno
import random
import socket
import sys
import threading
from collections.abc import Container
from typing import TYPE_CHECKING

from awspipe.errors import UsageError

if TYPE_CHECKING:
    from awspipe.sandbox.front import WsgiApp

HOST = "127.0.0.1"
# Below the ports that systems give to outgoing connections (Linux from 32768, others from 49152), so that
# the port is still free at the next start.
_PORTS = range(20000, 32000)
_TRIES = 100
_POLL = 0.1  # how late the server may notice that it is to end; looking costs nothing to speak of
_LAST_REQUESTS = 5.0


def listen(asked: int, kept: int, *, but_not: Container[int] = ()) -> socket.socket:
    """Listen at the port that was asked for, else at the one kept from the last start, else at a free one.

    `but_not` are ports that are kept for somebody else.
    """
    if asked:
        found = _bound(asked)
        if found is None:
            raise UsageError(f"port {asked} is taken", hint="leave --port out to have a free one chosen")
        return found
    candidates = [port for port in random.sample(_PORTS, _TRIES) if port not in but_not]
    for port in [kept, *candidates] if kept else candidates:
        found = _bound(port)
        if found is not None:
            return found
    raise UsageError("no free port was found", hint="name one with --port")


def free_port(taken: Container[int] = ()) -> int:
    """A port that nobody listens at now, and that is not `taken`: for something that listens later."""
    for port in random.sample(_PORTS, _TRIES):
        found = None if port in taken else _bound(port)
        if found is not None:
            found.close()
            return port
    raise UsageError("no free port was found", hint="end some of the servers on this machine")


def is_free(port: int) -> bool:
    """Whether nobody listens at a port now."""
    found = _bound(port)
    if found is not None:
        found.close()
    return found is not None


def _bound(port: int) -> socket.socket | None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let two servers share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        return None
    return listener


class InFlight:
    """How many requests are being answered, so that the server can end between two of them."""

    def __init__(self) -> None:
        self._number = 0
        self._idle = threading.Condition()

    def __enter__(self) -> None:
        with self._idle:
            self._number += 1

    def __exit__(self, *_: object) -> None:
        with self._idle:
            self._number -= 1
            self._idle.notify_all()

    def wait_for_none(self, timeout: float) -> bool:
        """Wait until nothing is being answered; whether that came to be."""
        with self._idle:
            return self._idle.wait_for(lambda: self._number == 0, timeout)


class Server:
    """Serves an application at a socket that already listens. Imports moto, so not before its settings."""

    def __init__(self, app: WsgiApp, listener: socket.socket) -> None:
        from moto.moto_server.werkzeug_app import MotoRequestHandler
        from werkzeug.serving import make_server

        in_flight = InFlight()

        class Handler(MotoRequestHandler):
            """No line in the log for each request, and answers sent at once."""

            disable_nagle_algorithm = True

            def run_wsgi(self) -> None:
                """Answer a request, to its last byte."""
                with in_flight:
                    super().run_wsgi()

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                """Say nothing."""

        port = listener.getsockname()[1]
        self._in_flight = in_flight
        self._server = make_server(
            HOST, port, app, threaded=True, request_handler=Handler, fd=listener.fileno()
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL,), name="awspipe-server", daemon=True
        )

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Take no new requests, and let those under way end."""
        self._server.shutdown()
        self._in_flight.wait_for_none(_LAST_REQUESTS)
        self._server.socket.close()
