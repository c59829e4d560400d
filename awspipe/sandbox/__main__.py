"""`python -m awspipe.sandbox`: the sandbox's server, as `control.start` starts it."""

from __future__ import annotations

import sys

from awspipe.sandbox.server import main

if __name__ == "__main__":
    sys.exit(main())
