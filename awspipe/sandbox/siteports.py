"""A port of this machine for each site, the same one after every restart: `http://127.0.0.1:PORT/`.

A page there is of another origin than the sandbox's API, which does not answer it (front.py).
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import socket

from awspipe.sandbox import answers, record, serving
from awspipe.sandbox.answers import StartResponse
from awspipe.sandbox.front import WsgiApp
from awspipe.sandbox.signing import Environ
from awspipe.sandbox.website import Website

log = logging.getLogger("awspipe.sandbox")

_REMEMBERED = 100
"""Ports of sites that are gone are kept for these many: a site made again has its address back."""


def every_site(account: str) -> Iterator[str]:
    """The buckets of an account that have a website configuration."""
    from moto.s3.models import s3_backends

    for backend in s3_backends[account].values():
        for name, bucket in list(backend.buckets.items()):
            if bucket.website_configuration:
                yield name


@dataclass(frozen=True, slots=True)
class _Open:
    """A site that is being served."""

    listener: socket
    server: serving.Server

    def close(self) -> None:
        """Serve it no longer."""
        self.server.stop()
        self.listener.close()


class SitePorts:
    """Serves every site at its port; the ports are kept in the file at `path`."""

    def __init__(self, account: str, path: Path) -> None:
        self._account = account
        self._path = path
        self._lock = threading.Lock()
        self._open: dict[str, _Open] = {}
        self._ports: dict[str, int] = _read(path)

    def refresh(self) -> None:
        """Begin to serve the sites that are new, and end those that are gone. Again is harmless."""
        with self._lock:
            wanted = set(every_site(self._account))
            for name in self._open.keys() - wanted:
                self._open.pop(name).close()
            for name in sorted(wanted - self._open.keys()):
                self._begin(name)

    def addresses(self) -> Mapping[str, str]:
        """The address of each site, by its bucket."""
        with self._lock:
            return {name: f"http://{serving.HOST}:{self._ports[name]}/" for name in sorted(self._open)}

    def close(self) -> None:
        """Serve nothing any more."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def _begin(self, name: str) -> None:
        kept = self._ports.pop(name, 0)
        listener = serving.listen(0, kept, but_not=self._ports.values())
        port = listener.getsockname()[1]
        if kept not in (0, port):
            log.warning("port %s of the site %s is taken: it is at %s from now on", kept, name, port)
        self._ports[name] = port
        self._keep()
        server = serving.Server(_at(port, Website(self._account, name)), listener)
        server.start()
        self._open[name] = _Open(listener, server)

    def _keep(self) -> None:
        for gone in [name for name in self._ports if name not in self._open][:-_REMEMBERED]:
            del self._ports[gone]
        record.write_private(self._path, dict(self._ports))


def _at(port: int, site: WsgiApp) -> WsgiApp:
    """A site for those only who know its port by this machine's own names, against DNS rebinding."""
    hosts = (f"{serving.HOST}:{port}", f"localhost:{port}")

    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_HOST", "").lower() in hosts:
            return site(environ, start_response)
        return answers.text(environ, start_response, "403 Forbidden", answers.REBOUND)

    return answer


def _read(path: Path) -> dict[str, int]:
    """The kept ports; a file that is damaged costs the sites their addresses and nothing else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): int(port) for name, port in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("the ports of sites cannot be read, so they get new ones: %s: %s", path, error)
        return {}
