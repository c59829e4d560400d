"""`make bench`: what `static-site` costs in calls, in dependent round trips and in seconds.

Calls and round trips are counted in this process; seconds are those of whole commands, in rounds that
alternate with the hand-written script, against one sandbox server with 0 and 60 ms added to every call.
Prints a table; asserts nothing.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from awspipe.apply import apply
from awspipe.aws import Aws
from awspipe.cli.init import templates
from awspipe.cli.target import SANDBOX_REGION, sandbox_session
from awspipe.graph import wanted
from awspipe.live import prefetch, read, scan, scan_again
from awspipe.naming import Scope
from awspipe.plan import Plan, plan, removal
from awspipe.resources.base import kinds
from awspipe.sandbox import control
from awspipe.spec.load import load_text
from awspipe.status import status
from tests.support import recorder
from tests.support.server import Server

ROUNDS = int(os.environ.get("ROUNDS", "7"))
_LIMITS = {"up": (45, 6), "up again": (25, 4), "status": (3, 1), "down": (30, 6)}
"""Calls and round trips; `down` of a pipeline at rest, with commits in its repository, as it usually is."""
_HOLD = 0.2


def main() -> None:
    """Both halves."""
    scratch = Path(tempfile.mkdtemp(prefix="awspipe-bench-"))
    try:
        with Server(scratch / "count") as server:
            _count(server)
        for delay in (0, 60):
            environ = {"AWSPIPE_SANDBOX_DELAY_MS": str(delay)}
            with Server(scratch / f"wall-{delay}", environ=environ) as server:
                _race(server, scratch, delay)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _spec(name: str) -> str:
    text = (templates() / "static-site" / "awspipe.yml").read_text(encoding="utf-8")
    return text.replace("{{name}}", name)


def _count(server: Server) -> None:
    print(f"{'static-site':<12}{'calls':>7}{'limit':>7}{'round trips':>14}{'limit':>7}")
    (spec,) = load_text(_spec("counted"), "bench")
    for command, (calls, trips) in _LIMITS.items():
        session = sandbox_session(server.endpoint, SANDBOX_REGION)
        recording = recorder.record(session, delay=_HOLD)
        aws = Aws(session, SANDBOX_REGION, server.endpoint.url)
        match command:
            case "up" | "up again":
                prefetch(aws, spec.name)
                apply(aws, _plan(aws, spec))
            case "status":
                status(aws, spec.name)
            case "down":
                _rest(server, spec.name)
                _down(aws, spec.name)
        aws.close()
        print(f"{command:<12}{len(recording.calls):>7}{calls:>7}{recording.chain:>14}{trips:>7}")
    print()


def _scope(aws: Aws, name: str) -> Scope:
    return Scope(name, aws.identity.account, aws.region, aws.identity.partition)


def _plan(aws: Aws, spec: object) -> Plan:
    graph = wanted(spec, _scope(aws, spec.name))  # type: ignore[arg-type, attr-defined]
    return plan(graph, read(aws, graph), push=False)


def _down(aws: Aws, name: str) -> None:
    prefetch(aws, name, listings=kinds())
    scope = _scope(aws, name)
    found = scan(aws, scope)
    gone = removal(scope, found.keys, found.kept)
    apply(aws, gone)
    (left,) = scan_again(aws, gone)
    if left.keys:
        raise SystemExit(f"still there: {left.keys}")


def _rest(server: Server, name: str) -> None:
    """A commit in the repository, and no execution under way."""
    commit = {"filePath": "a", "fileContent": b"a"}
    server.client("codecommit").create_commit(repositoryName=name, branchName="other", putFiles=[commit])
    codepipeline = server.client("codepipeline")
    for one in codepipeline.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"]:
        codepipeline.stop_pipeline_execution(
            pipelineName=name, pipelineExecutionId=one["pipelineExecutionId"], abandon=True
        )


def _race(server: Server, scratch: Path, delay: int) -> None:
    ours: dict[str, list[float]] = {}
    theirs: dict[str, list[float]] = {}
    environ = {**os.environ, **control.environment(server.endpoint), "HOME": str(server.home)}
    for index in range(ROUNDS):
        for command, seconds in _round(environ, scratch, f"ours{delay}x{index}"):
            ours.setdefault(command, []).append(seconds)
        for command, seconds in _yardstick(environ, server.endpoint.url, f"theirs{delay}x{index}"):
            theirs.setdefault(command, []).append(seconds)
    print(f"{delay} ms per call, {ROUNDS} rounds, medians")
    print(f"{'command':<12}{'awspipe':>9}{'by hand':>9}{'ratio':>7}")
    for command, times in ours.items():
        mine, yardstick = statistics.median(times), statistics.median(theirs[command])
        print(f"{command:<12}{mine:>8.2f}s{yardstick:>8.2f}s{mine / yardstick:>7.2f}")
    print()


def _round(environ: dict[str, str], scratch: Path, name: str) -> Iterator[tuple[str, float]]:
    directory = scratch / name
    directory.mkdir()
    (directory / "awspipe.yml").write_text(_spec(name), encoding="utf-8")
    for label, words in {
        "up": ["up", "--yes", "--no-push"],
        "up again": ["up", "--yes", "--no-push"],
        "status": ["status"],
        "down": ["down", "--yes"],
    }.items():
        with _timed() as seconds:
            _run([sys.executable, "-m", "awspipe", *words], environ, directory)
        yield label, seconds[0]


def _yardstick(environ: dict[str, str], url: str, name: str) -> Iterator[tuple[str, float]]:
    script = [sys.executable, "-m", "tests.bench.concurrent_boto3"]
    for label, verb in {"up": "up", "up again": "read", "status": "status", "down": "down"}.items():
        with _timed() as seconds:
            _run([*script, verb, name, url, SANDBOX_REGION], environ, Path.cwd())
        yield label, seconds[0]


def _run(words: list[str], environ: dict[str, str], directory: Path) -> None:
    done = subprocess.run(words, env=environ, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")


@contextmanager
def _timed() -> Iterator[list[float]]:
    seconds: list[float] = []
    started = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - started)


if __name__ == "__main__":
    main()
