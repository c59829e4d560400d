"""What the commands of a build say: one pipe for all of them, read to the log as it comes.

A process that a command leaves in the background may go on writing; nobody waits for it. So the end of a
command is not the end of the pipe but a mark that is written into it when the command has ended.
"""

from __future__ import annotations

import os
import secrets
import selectors
import threading
from collections import deque

from awspipe.sandbox.builds.logs import Log

_PIECE = 64 * 1024
_LONG = 64 * 1024
_REST = 0.3
_REMEMBERED = 2000
_PATIENCE = 5.0
_LOOK = 1.0
"""Seconds after which it is looked whether anybody reads at all."""
_MARK = 34
"""The length of a mark."""


class Output:
    """The pipe. Commands write to `descriptor`."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._read, self.descriptor = os.pipe()
        self._held = b""
        self._said: deque[str] = deque(maxlen=_REMEMBERED)
        self._mark = b""
        self._before_mark = ""
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="awspipe-build-output", daemon=True)
        self._thread.start()

    def settle(self) -> str:
        """Wait until everything that was written so far is in the log; the last lines of it.

        What is said later belongs to the next command.
        """
        self._settled.clear()
        self._mark = b"\x00" + secrets.token_hex(_MARK // 2 - 1).encode() + b"\x00"
        os.write(self.descriptor, self._mark)
        while not self._settled.wait(_LOOK) and self._thread.is_alive():
            pass
        return self._before_mark

    def close(self) -> None:
        """No process is to write any more: read what is left."""
        os.close(self.descriptor)
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self._read, selectors.EVENT_READ)
            while True:
                if not ready.select(_REST):
                    self._log.flush()
                elif piece := os.read(self._read, _PIECE):
                    self._take(self._held + piece)
                else:
                    break
        self._lines(self._held, end=True)
        os.close(self._read)

    def _take(self, held: bytes) -> None:
        if self._mark and self._mark in held:
            before, _, held = held.partition(self._mark)
            self._mark = b""
            self._lines(before, end=True)
            self._before_mark = "\n".join(self._said)
            self._said.clear()
            self._settled.set()
        self._lines(held, end=False)

    def _lines(self, text: bytes, *, end: bool) -> None:
        """Write every whole line; at an end the rest too."""
        *lines, rest = text.split(b"\n")
        for line in lines:
            self._write(line)
        if end and rest:
            self._write(rest)
        self._held = b"" if end else self._shortened(rest)

    def _shortened(self, rest: bytes) -> bytes:
        """What is kept of a line that goes on: one without an end is written in pieces."""
        if len(rest) < _LONG:
            return rest
        text, mark = rest[:-_MARK].decode("utf-8", "surrogateescape"), rest[-_MARK:]
        cut = self._log.safe_cut(text)
        self._write(text[:cut].encode("utf-8", "surrogateescape"))
        return text[cut:].encode("utf-8", "surrogateescape") + mark

    def _write(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        self._said.append(text)
        self._log.write(text)
