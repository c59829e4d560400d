"""A build's lines: into CloudWatch Logs, with every secret masked."""

from __future__ import annotations

from datetime import UTC, datetime

from moto.logs.models import logs_backends

from awspipe.sandbox import roles, runtime
from awspipe.sandbox.builds.record import Build

_FLUSH = 100
_LONGEST = 8192
MASK = "***"


class Log:
    """The lines of one build, in order; written in bundles, as CodeBuild does.

    Without the right to write them the lines are lost, as on AWS: the build goes on.
    """

    def __init__(self, build: Build, account: str, region: str) -> None:
        self._build = build
        self._backend = logs_backends[account][region]
        self._arn = f"arn:aws:logs:{region}:{account}:log-group:{build.log_group}"
        self._lines: list[tuple[int, str]] = []
        self._secrets: list[str] = []
        self._open = self._made()

    def mask(self, value: str) -> None:
        """Never show this value."""
        if value:
            self._secrets = sorted({*self._secrets, value}, key=len, reverse=True)

    def say(self, text: str) -> None:
        """A line of CodeBuild's own."""
        now = datetime.fromtimestamp(runtime.current().clock(), UTC)
        self.write(f"[Container] {now:%Y/%m/%d %H:%M:%S}.{now.microsecond:06d} {text}")

    def write(self, line: str) -> None:
        """A line of a command."""
        for secret in self._secrets:
            line = line.replace(secret, MASK)
        self._lines.append((int(runtime.current().clock() * 1000), line[:_LONGEST] or " "))
        if len(self._lines) >= _FLUSH:
            self.flush()

    def flush(self) -> None:
        """Write what has gathered."""
        lines, self._lines = self._lines, []
        if not lines or not self._open:
            return
        events = [{"timestamp": moment, "message": line + "\n"} for moment, line in lines]
        with runtime.current().lock:
            if self._build.log_group in self._backend.groups:
                self._backend.put_log_events(self._build.log_group, self._build.uuid, events)

    def _made(self) -> bool:
        role, group = self._build.project["serviceRole"], self._build.log_group
        with runtime.current().lock:
            if not roles.permits(role, "logs:CreateLogStream", f"{self._arn}:*"):
                return False
            if group not in self._backend.groups:
                if not roles.permits(role, "logs:CreateLogGroup", self._arn):
                    return False
                self._backend.create_log_group(group, {})
            self._backend.create_log_stream(group, self._build.uuid)
            return roles.permits(role, "logs:PutLogEvents", f"{self._arn}:*")
