"""Commands in boxes, and a program that tries a box as another user of this machine.

python tests/support/boxes.py DIRECTORY    # makes a box below it, prints what it found as JSON
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from awspipe.sandbox import box

SHARE = "/codebuild/output"


def run(made: box.Box, script: str) -> tuple[int, str]:
    """A shell script in a box, in its shared directory: its exit code and what it said."""
    made.share(SHARE)
    started = made.popen(
        ["sh", "-c", script],
        env={"PATH": os.environ.get("PATH", os.defpath)},
        cwd=made.path(SHARE),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    out, _ = started.communicate(timeout=30)
    return started.returncode, out.decode()


def eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    return true()


def running(mark: str) -> list[str]:
    """The processes of this machine whose command line has a mark."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = one.read_bytes()
        except OSError:
            continue
        if mark.encode() in text and f"/{os.getpid()}/" not in str(one):
            found.append(text.decode())
    return found


def main() -> None:
    where = Path(sys.argv[1])
    level = box.level(where)
    facts = {"kind": level.kind, "reason": level.reason}
    if level.kind == "namespace":
        made = box.create(where / "b", "b")
        try:
            name = f"awspipe-{os.getpid()}"
            places = " ".join(
                f"{one}/{name}" for one in ("/usr/local", "/etc", "/var", "/opt", "/tmp", "/run")
            )
            code, said = run(made, f"for one in {places}; do echo x >$one || exit 3; done; cat {places}")
            left = [one for one in places.split() if Path(one).exists()]
            facts |= {"code": str(code), "said": said, "left": " ".join(left)}
        finally:
            made.destroy()
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
