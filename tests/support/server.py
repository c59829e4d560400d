"""A real sandbox server for tests: its own process, on a state directory of the test's."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from awspipe.sandbox import control

ROOT = Path(__file__).parents[2]
REGION = "ap-northeast-2"
_SECONDS = 30.0


class Server:
    """A sandbox that is started and stopped as its users do, but bound to a `with` block.

    `options` are those of `python -m awspipe.sandbox`, or of a `module` that serves as that does. It can be
    stopped or killed and started again meanwhile; `endpoint` is the present one. Its home directory is
    beside the state directory.
    """

    def __init__(
        self,
        directory: Path,
        *options: str,
        environ: Mapping[str, str] | None = None,
        module: str = "awspipe.sandbox",
    ) -> None:
        self.directory = directory
        self.home = directory.with_name(f"{directory.name}-home")
        self._command = [sys.executable, "-m", module, "--state-dir", str(directory), *options]
        self._environ = {**os.environ, "HOME": str(self.home), **(environ or {})}
        self._clients: dict[tuple[Any, ...], Any] = {}
        self._closing = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._endpoint: control.Endpoint | None = None

    def __enter__(self) -> Server:
        self.home.mkdir(parents=True, exist_ok=True)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()
        if self._process is not None:
            self.stop()

    @property
    def endpoint(self) -> control.Endpoint:
        """Where it serves, and its key."""
        assert self._endpoint is not None, "the server is not running"
        return self._endpoint

    @property
    def port(self) -> int:
        """Its port."""
        return urlsplit(self.endpoint.url).port or 0

    @property
    def log(self) -> str:
        """All that it has said."""
        return control.log_path(self.directory).read_text(encoding="utf-8")

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.directory / ".awspipe-sandbox").touch()
        with control.log_path(self.directory).open("ab") as out:
            self._process = subprocess.Popen(
                self._command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=ROOT, env=self._environ
            )
        deadline = time.monotonic() + _SECONDS
        while (found := control.running(self.directory)) is None:
            ended = self._process.poll()
            assert ended is None, f"the server ended with {ended}:\n{self.log}"
            assert time.monotonic() < deadline, f"the server is not ready:\n{self.log}"
            time.sleep(0.02)
        self._endpoint = found

    def stop(self) -> int:
        """Stop it as `awspipe sandbox stop` does; its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._ended()

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._ended()

    def leave(self, *, killed: bool) -> None:
        """Leave the server to others, who stop it; or kill it first."""
        assert self._process is not None
        if killed:
            return self.kill()
        threading.Thread(target=self._process.wait, daemon=True).start()  # so that it does not stay a zombie
        self._process = None
        return None

    def _ended(self) -> int:
        assert self._process is not None
        code = self._process.wait(_SECONDS)
        self._process = self._endpoint = None
        return code

    def client(self, service: str, region: str = REGION, **options: Any) -> Any:
        """A boto3 client with the sandbox's keys; other options go to boto3."""
        key = (service, region, self.endpoint.url, *sorted(options.items()))
        if key not in self._clients:
            made = boto3.client(  # type: ignore[call-overload]
                service,
                **{
                    "region_name": region,
                    "endpoint_url": self.endpoint.url,
                    "aws_access_key_id": self.endpoint.access_key,
                    "aws_secret_access_key": self.endpoint.secret_key,
                    "config": Config(retries={"total_max_attempts": 1}),
                    **options,
                },
            )
            self._closing.callback(made.close)
            self._clients[key] = made
        return self._clients[key]

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[HTTPResponse, bytes]:
        """A bare HTTP request, for what no AWS client would send."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)
        try:
            connection.putrequest(method, path, skip_host="Host" in (headers or {}))
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()
