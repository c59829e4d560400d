"""The sandbox's services inside a test's own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moto import mock_aws

from awspipe.sandbox import runtime, seam


@contextmanager
def in_process(tmp_path: Path, **runtime_options: Any) -> Iterator[runtime.Runtime]:
    """moto's mock with the sandbox's own backends in it; dummy credentials are moto's own."""
    played = runtime.Runtime(state_dir=tmp_path, **runtime_options)
    seam.install(played)
    try:
        with mock_aws():
            yield played
    finally:
        runtime.use(None)
