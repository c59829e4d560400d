"""Every failure explained: one line of cause, one of fix where it is known, and the last lines behind it.

`causes` asks AWS, with reads only, for what it knows of the actions of one execution that failed; the tables
of `known_*.py` say what that means.
"""

from __future__ import annotations

from awspipe.failures.cause import Cause
from awspipe.failures.explained import causes

__all__ = ["Cause", "causes"]
