"""Puts into dist what CodeDeploy takes to the servers: the app, its commit, the appspec and the hook scripts."""

import compileall
import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIST = HERE / "dist"
LEFT_OUT = shutil.ignore_patterns("__pycache__")


def main():
    """Build from scratch; 1 where a module does not compile."""
    shutil.rmtree(DIST, ignore_errors=True)
    for name in ("app", "scripts"):
        shutil.copytree(HERE / name, DIST / name, ignore=LEFT_OUT)
    shutil.copy2(HERE / "appspec.yml", DIST)
    commit = os.environ.get("CODEBUILD_RESOLVED_SOURCE_VERSION") or "local"
    (DIST / "app" / "commit").write_text(commit + "\n", encoding="utf-8")
    compiled = compileall.compile_dir(DIST / "app", quiet=1)
    for cache in DIST.rglob("__pycache__"):
        shutil.rmtree(cache)
    print(f"built {commit[:12]}")
    return 0 if compiled else 1


if __name__ == "__main__":
    sys.exit(main())
