"""`python -m awspipe.sandbox`: the sandbox's server, as `control.start` starts it."""

from __future__ import annotations

import logging
import os
import sys

from awspipe.sandbox.server import main

if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stderr.flush()
    # Not sys.exit: what a build's thread still waits for must not hold up a server whose state is saved.
    os._exit(code)
