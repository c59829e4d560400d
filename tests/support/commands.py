"""awspipe's command line in real processes that cost nothing to start.

Each is forked from one process that has imported everything and read AWS's service models, and then runs the
very entry point that the `awspipe` script runs. It can be killed, interrupted and left alone like any other.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SERVICES = (
    *("codebuild", "codecommit", "codeconnections", "codedeploy", "codepipeline", "events", "freetier"),
    *("iam", "logs", "resourcegroupstaggingapi", "s3", "sts"),
)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, or the negative number of the signal."""

    code: int
    out: str
    err: str


class Commands:
    """Starts commands; use it as a context. Their home and sandbox are those of `environ`."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        self._directory, self._environ = directory, dict(environ)
        self._count = 0

    def __enter__(self) -> Commands:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.support.commands"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, **self._environ},
            encoding="utf-8",
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._zygote.stdin is not None and self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.stdout.close()
        self._zygote.wait(30)

    def start(self, *words: str, cwd: Path, case: str = "", **environ: str) -> Running:
        """Start a command; `case` is what the door of `faulty.py` knows it by."""
        self._count += 1
        place = self._directory / str(self._count)
        order = {"words": words, "cwd": str(cwd), "case": case, "place": str(place), "environ": environ}
        return Running(self, int(self.ask(order)), place)

    def run(self, *words: str, cwd: Path, case: str = "", **environ: str) -> Ended:
        """Run a command to its end."""
        return self.start(*words, cwd=cwd, case=case, **environ).wait()

    def ask(self, order: Mapping[str, Any]) -> str:
        """Let the zygote do something; its answer."""
        assert self._zygote.stdin is not None and self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps(order) + "\n")
        self._zygote.stdin.flush()
        return self._zygote.stdout.readline()


@dataclass(frozen=True)
class Running:
    """A command that goes on."""

    commands: Commands
    pid: int
    place: Path

    def wait(self, within: float | None = None) -> Ended:
        """How it ends; others that are under way go on meanwhile.

        `within` so many seconds after its start, or it is killed.
        """
        code = int(self.commands.ask({"wait": self.pid, "within": within}))
        said = [Path(f"{self.place}.{one}").read_text(encoding="utf-8") for one in ("out", "err")]
        return Ended(code, *said)


def _zygote() -> None:
    _warm_up()
    gc.collect()
    gc.freeze()
    begun: dict[int, float] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            began = begun.pop(order["wait"])
            answer = _waited(order["wait"], order["within"] and began + order["within"])
        else:
            answer = os.fork()
            if answer == 0:
                _become(**order)
            begun[answer] = time.monotonic()
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _waited(pid: int, until: float | None) -> int:
    """A process's exit code; that of KILL where it goes on for longer."""
    while until is not None and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            break
        time.sleep(0.01)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _warm_up() -> None:
    """Import all that a command may, and read the service models once: nothing else differs from a start."""
    import botocore.loaders
    import botocore.session

    import awspipe

    for found in pkgutil.walk_packages(awspipe.__path__, "awspipe."):
        if found.name.split(".")[1] not in ("__main__", "sandbox"):
            importlib.import_module(found.name)
    importlib.import_module("awspipe.sandbox.control")
    importlib.import_module("awspipe.sandbox.hostclient")
    read = cache(botocore.loaders.JSONFileLoader().load_file)
    services = cache(botocore.loaders.Loader().list_available_services)
    botocore.loaders.JSONFileLoader.load_file = lambda self, file_path: read(file_path)  # type: ignore
    botocore.loaders.Loader.list_available_services = lambda self, type_name: services(type_name)  # type: ignore
    session = botocore.session.Session()
    for kind in ("service-2", "paginators-1", "endpoint-rule-set-1"):
        services(kind)
    for service in SERVICES:
        session.create_client(service, "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")


def _become(words: list[str], cwd: str, case: str, place: str, environ: dict[str, str]) -> None:
    """Be a process that a shell has just started."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    for number, end in ((0, os.devnull), (1, f"{place}.out"), (2, f"{place}.err")):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(end, flags, 0o600), number)
    os.environ |= environ
    if case:
        os.environ["AWS_SDK_UA_APP_ID"] = f"{case}-{os.getpid()}"
        os.environ["GIT_HTTP_USER_AGENT"] = f"git/2 app/{case}-{os.getpid()}"
    try:
        from awspipe.cli.main import main

        sys.argv = ["awspipe", *words]
        main()
    except SystemExit as end:
        threading._shutdown()  # type: ignore[attr-defined]  # as the interpreter does, and multiprocessing
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else bool(end.code))
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
        os._exit(70)
    os._exit(0)


if __name__ == "__main__":
    _zygote()
