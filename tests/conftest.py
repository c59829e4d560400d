"""What all tests share: how many of them run side by side, and what is read once a process."""

from __future__ import annotations

import os
import sys

import hypothesis

from tests.support import quick

quick.install()

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
"""Containers like to set it; every command that a test starts would then compile all of awspipe again."""

hypothesis.settings.register_profile("awspipe", deadline=None)
hypothesis.settings.load_profile("awspipe")
"""No time limit for an example: how long one takes depends on what else the machine does."""


def pytest_collection_finish() -> None:
    """All modules are imported."""
    quick.collect_seldom()


def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: more than there are cores, because many tests wait for a server, a build or a clock."""
    return (os.cpu_count() or 1) + 2
