"""The other end of the agent's lines: what drives an agent in a process of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import awspipe
from awspipe.sandbox.agent.order import UNKNOWN_ERROR, Order, Outcome

_LOST = "The agent on this host ended before the lifecycle event did."


def command() -> list[str]:
    """What starts an agent: this very Python and package, and nothing that the environment adds."""
    where = str(Path(awspipe.__file__).parent.parent)
    code = f"import sys; sys.path.insert(0, {where!r})\nfrom awspipe.sandbox.agent.__main__ import run\nrun()"
    return [sys.executable, "-I", "-c", code]


class Session:
    """One deployment to one host, event by event.

    `start` starts `command()` on the host with pipes for its input and output.
    """

    def __init__(
        self,
        start: Callable[[Sequence[str]], subprocess.Popen[bytes]],
        order: Order,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._say = say
        self._process = start(command())
        self._tell({"order": order.document()})

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        """Let the agent end. What it left in the background stays."""
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        self._output.close()
        self._process.wait()

    def run(self, event: str) -> Outcome:
        """Have one lifecycle event done."""
        self._tell({"event": event})
        return self._outcome() or Outcome(event, UNKNOWN_ERROR, message=_LOST)

    def start_again(self) -> Outcome | None:
        """Have ApplicationStart of the last installed revision done; None where there is none."""
        self._tell({"again": True})
        return self._outcome()

    def _tell(self, document: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._input.write(json.dumps(document).encode() + b"\n")
            self._input.flush()

    def _outcome(self) -> Outcome | None:
        """What the agent answers; nothing where it ended without an answer."""
        for line in self._output:
            try:
                told = json.loads(line)
            except ValueError:  # killed in the middle of a line
                break
            if "outcome" in told:
                return Outcome(**told["outcome"]) if told["outcome"] else None
            self._say(told["log"])
        return None

    @property
    def _input(self) -> Any:
        return self._process.stdin

    @property
    def _output(self) -> Any:
        return self._process.stdout
