"""Runs `python -m MODULE ...` and writes when each of its HTTP calls began and ended to $COUNTED_CALLS.

Calls are seen where botocore sends them, so retries count.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
import time
from pathlib import Path
from typing import Any

from botocore import handlers

_began = threading.local()
_calls: list[tuple[float, float]] = []


def _sent(**_: Any) -> None:
    _began.at = time.perf_counter()


def _answered(**_: Any) -> None:
    _calls.append((_began.at, time.perf_counter()))


if __name__ == "__main__":
    handlers.BUILTIN_HANDLERS += [("before-send", _sent), ("response-received", _answered)]
    _, module, *sys.argv[1:] = sys.argv
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        Path(os.environ["COUNTED_CALLS"]).write_text(json.dumps(_calls), encoding="utf-8")
