"""`codebuild-hash-files`: one hash of the files that globs match, for the keys of caches.

Run in the box by whatever Python there is, with nothing but the standard library.
https://docs.aws.amazon.com/codebuild/latest/userguide/caching-s3.html
"""

from __future__ import annotations

import glob
import hashlib
import sys
from pathlib import Path


def hashed(patterns: list[str]) -> str:
    """A hash of the files' names and contents; without any file, of nothing."""
    names = {name for one in patterns for name in glob.glob(one, recursive=True)}  # noqa: PTH207
    found = hashlib.sha256()
    for name in sorted(names):
        if Path(name).is_file():
            found.update(name.encode() + b"\0" + hashlib.sha256(Path(name).read_bytes()).digest())
    return found.hexdigest()


if __name__ == "__main__":
    print(hashed(sys.argv[1:]))
