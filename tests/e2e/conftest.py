"""What the tests of the real command share."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machine import Machine
from tests.e2e.shell import Shell


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each command that a test runs has its own limit; how long all of them take is the machine's affair."""
    here = Path(__file__).parent
    for one in items:
        if one.path.is_relative_to(here) and one.get_closest_marker("timeout") is None:
            one.add_marker(pytest.mark.timeout(900))


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
