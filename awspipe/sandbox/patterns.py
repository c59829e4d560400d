"""Regular expressions of the user's. One may take for ever, and Python lets no other thread run meanwhile.

A value is compared in a process of its own, which may use little time.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

_CPU = 1
"""Seconds of a processor that a comparison may take, whatever else this machine does."""
_PATIENCE = 20.0
"""Seconds until it is given up where the system knows no such limit."""
_CODE = f"""
import json, re, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, ({_CPU}, {_CPU}))
except ImportError:
    pass
pattern, value = json.load(sys.stdin)
sys.stdout.write(str(re.fullmatch(pattern, value) is not None))
"""


class PatternError(Exception):
    """A regular expression that is none, or that takes too long."""


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of a value matches. Raises PatternError where that cannot be said."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise PatternError(f"{error}") from error
    asked = json.dumps([pattern, value])
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _CODE],
            input=asked, capture_output=True, text=True, encoding="utf-8", timeout=_PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as expired:
        raise PatternError("it took too long to compare") from expired
    if done.returncode != 0:
        raise PatternError("it took too long to compare")
    return done.stdout == "True"
