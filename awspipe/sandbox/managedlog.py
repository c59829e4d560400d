"""The log of what CodePipeline runs itself: a stream in the group of the pipeline.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-EC2Deploy.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from moto.logs.models import logs_backends

from awspipe.sandbox import runtime
from awspipe.sandbox.actions.base import ActionRun


def group(run: ActionRun) -> str:
    """The pipeline's log group."""
    return f"/aws/codepipeline/{run.pipeline}"


def group_arn(run: ActionRun) -> str:
    """Its ARN."""
    return run.arn("logs", f"log-group:{group(run)}")


def require(run: ActionRun) -> None:
    """Fail an action whose role may not write the log, as AWS does."""
    arn = group_arn(run)
    for call in ("CreateLogGroup", "CreateLogStream", "PutLogEvents"):
        run.require(f"logs:{call}", arn if call == "CreateLogGroup" else f"{arn}:*")


@dataclass(frozen=True, slots=True)
class Log:
    """The stream of one action execution."""

    run: ActionRun

    def say(self, lines: Iterable[str]) -> None:
        """Write lines; somebody may have deleted the stream meanwhile."""
        backend, name = logs_backends[self.run.account][self.run.region], group(self.run)
        moment = int(runtime.current().clock() * 1000)
        events = [{"timestamp": moment, "message": f"{line or ' '}\n"} for line in lines]
        with runtime.current().lock:
            held = backend.groups.get(name)
            if held is not None and self.run.id in held.streams:
                backend.put_log_events(name, self.run.id, events)
        runtime.current().changes.note_in_passing("logs")


def begin(run: ActionRun) -> Log:
    """Make the stream of an action, and its group if there is none; say where it is."""
    require(run)
    backend, name = logs_backends[run.account][run.region], group(run)
    with runtime.current().lock:
        if name not in backend.groups:
            backend.create_log_group(name, {})
        backend.create_log_stream(name, run.id)
    run.note(log_stream_arn=f"{group_arn(run)}:log-stream:{run.id}")
    return Log(run)
