"""Runs `python -m MODULE ...` and appends when each of its HTTP calls began and ended to $COUNTED_CALLS.

Calls are seen where botocore sends them, so retries count. A line a call, `[began, ended]` in seconds.
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


def _sent(**_: Any) -> None:
    _began.at = time.perf_counter()


def _answered(**_: Any) -> None:
    with Path(os.environ["COUNTED_CALLS"]).open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps((_began.at, time.perf_counter()))}\n")


if __name__ == "__main__":
    handlers.BUILTIN_HANDLERS += [("before-send", _sent), ("response-received", _answered)]
    _, module, *sys.argv[1:] = sys.argv
    runpy.run_module(module, run_name="__main__", alter_sys=True)
