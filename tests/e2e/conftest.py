"""What the tests of the real command share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.e2e.machine import Machine
from tests.e2e.shell import Shell


@pytest.fixture(scope="session", autouse=True)
def _interrupts_are_heard() -> None:
    """A shell starts what it runs in the background with Ctrl-C ignored, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A user's shell with one sandbox for all tests of a worker: names of pipelines must not meet."""
    machine = Machine(tmp_path_factory.mktemp("user"))
    yield Shell(machine)
    machine.close()
