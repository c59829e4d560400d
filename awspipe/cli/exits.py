"""The exit codes that are no error's own: those are in `awspipe.errors`, all in docs/how-it-works.md."""

from __future__ import annotations

DONE = 0
UNKNOWN = 1
"""Nothing here knows of what was asked for."""
FAILED = 5
"""An execution, a build or a deployment did not succeed."""
PENDING = 8
"""It has not ended yet."""
CHANGES = 10
"""`plan --exit-code`: something would change."""
