"""What the tests of the commands that see and steer share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import engine
from tests.support.engine import Stage
from tests.support.steering import Commands


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An empty account in which nothing but approvals is really played."""
    with engine.playing(tmp_path) as stage:
        yield stage


@pytest.fixture
def commands(stage: Stage, capsys: pytest.CaptureFixture[str]) -> Commands:
    """Runs command lines in that account."""
    return Commands(capsys)
