"""Compute by Commands: CodePipeline runs shell commands on a build machine of its own.

They have the rights of the action's role. There is no build project and no build that CodeBuild would show;
the log is in the pipeline's group.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html
"""

from __future__ import annotations

import json
from typing import Any

from awspipe.sandbox import managedlog, objects, runtime
from awspipe.sandbox.actions.base import (
    CONFIGURATION_ERROR,
    JOB_FAILED,
    NOT_PLAYED,
    ActionError,
    ActionRun,
    Job,
)
from awspipe.sandbox.actions.codebuild import why_failed
from awspipe.sandbox.builds.played import Played
from awspipe.sandbox.builds.record import SUCCEEDED, Build
from awspipe.sandbox.builds.run import Runner
from awspipe.sandbox.codebuild_builds import places

_LINUX, _SMALL = "LINUX_CONTAINER", "BUILD_GENERAL1_SMALL"
_MINUTES = 55
_IMAGE = "CodePipeline's own image"

_runners: dict[str, Runner] = {}
"""What runs now, by the action execution's id: not part of the state."""


class Commands(Job):
    """Runs the commands in a box, on the action's artifacts."""

    plays = (("Compute", "AWS", "Commands"),)

    def start(self, run: ActionRun) -> None:
        """Run them and wait for their end."""
        if run.configuration.get("EnvironmentType", _LINUX) != _LINUX:
            raise ActionError(NOT_PLAYED, "The sandbox does not play commands on Windows; nothing was done.")
        if run.configuration.get("VpcId"):
            raise ActionError(NOT_PLAYED, "The sandbox does not play VpcId; nothing was done.")
        _check_role(run)
        made = _build(run)
        run.note(log_stream_arn=f"{managedlog.group_arn(run)}:log-stream:{made.log_stream}")
        _run(run, made)
        if made.status == SUCCEEDED:
            run.succeed(variables=_variables(run, made))
        else:
            run.fail(JOB_FAILED, why_failed(made))

    def stop(self, run: ActionRun) -> None:
        """End them."""
        running = _runners.get(run.id)
        if running is not None:
            running.stop()


def _run(run: ActionRun, made: Build) -> None:
    folder = runtime.current().state_dir / "builds" / made.uuid
    _runners[run.id] = one = Runner(made, folder, Played(made, run.account, run.region))
    try:
        one.run()
    finally:
        _runners.pop(run.id, None)


def _check_role(run: ActionRun) -> None:
    """AWS fails the action whose role may not write its log or fetch its artifacts."""
    managedlog.require(run)
    for one in run.inputs:
        for right in objects.reading_rights(run.account, run.region, one.bucket):
            run.require(right, objects.arn(run.region, one.bucket, one.key))


def _build(run: ActionRun) -> Build:
    """The commands as a build of a project that nobody made."""
    name = f"{run.pipeline}-{run.name}"
    return Build(
        uuid=run.id,
        number=1,
        arn=run.arn("codebuild", f"build/{name}:{run.id}"),
        project={
            "name": name,
            "source": {"type": "CODEPIPELINE"},
            "environment": {
                "type": _LINUX,
                "image": _IMAGE,
                "computeType": run.configuration.get("ComputeType", _SMALL),
                "environmentVariables": list(run.declaration.get("environmentVariables") or ()),
            },
            "serviceRole": run.role_arn,
            "timeoutInMinutes": _MINUTES,
            "logsConfig": {"cloudWatchLogs": {"status": "ENABLED", "groupName": managedlog.group(run)}},
        },
        initiator=f"codepipeline/{run.pipeline}",
        start=runtime.current().clock(),
        inputs=places(run.inputs),
        outputs=places(run.outputs),
        buildspec=_buildspec(run),
        revision=run.inputs[0].revision.id if run.inputs and run.inputs[0].revision else "",
    )


def _buildspec(run: ActionRun) -> str:
    """JSON is YAML too; its line breaks tell it from a file's name."""
    spec: dict[str, Any] = {
        "version": "0.2",
        "phases": {"build": {"commands": list(run.declaration.get("commands") or ())}},
    }
    if names := run.declaration.get("outputVariables"):
        spec["env"] = {"exported-variables": list(names)}
    if run.outputs:
        spec["artifacts"] = {"files": _files(run)}
    return json.dumps(spec, ensure_ascii=False, indent=1)


def _files(run: ActionRun) -> list[str]:
    (output,) = run.declaration["outputArtifacts"]
    if not output.get("files"):
        text = f"The output artifact {output['name']} of action {run.name} names no files."
        raise ActionError(CONFIGURATION_ERROR, text)
    return list(output["files"])


def _variables(run: ActionRun, made: Build) -> dict[str, str]:
    """What was asked for; AWS's page exports the region, which a buildspec could not."""
    known = {"AWS_REGION": run.region, "AWS_DEFAULT_REGION": run.region, **made.exported}
    return {name: known[name] for name in run.declaration.get("outputVariables") or () if name in known}
