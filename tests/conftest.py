"""What all tests share: how many of them run side by side."""

from __future__ import annotations

import os


def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: more than there are cores, because many tests wait for a server, a build or a clock."""
    return (os.cpu_count() or 1) + 2
