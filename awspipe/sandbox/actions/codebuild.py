"""Build and Test by CodeBuild: the action starts a build and waits for its end.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html
"""

from __future__ import annotations

import json

from awspipe.sandbox import runtime
from awspipe.sandbox.actions.base import (
    CONFIGURATION_ERROR,
    JOB_FAILED,
    ActionError,
    ActionRun,
    Artifact,
    Job,
)
from awspipe.sandbox.builds.record import SUCCEEDED, Build
from awspipe.sandbox.service import RefusalError


class CodeBuild(Job):
    """Runs a project's build on the action's artifacts."""

    plays = (("Build", "AWS", "CodeBuild"), ("Test", "AWS", "CodeBuild"))

    def start(self, run: ActionRun) -> None:
        """Start a build and wait for its end."""
        project = run.configuration["ProjectName"]
        for operation in ("StartBuild", "BatchGetBuilds"):
            run.require(f"codebuild:{operation}", run.arn("codebuild", f"project/{project}"))
        made = _started(run, project)
        where = f"{run.region}.console.aws.amazon.com/codesuite/codebuild/projects/{project}"
        url = f"https://{where}/build/{made.id}"
        run.note(external_id=made.id, external_url=url)
        runtime.current().ends[made.id].wait()
        if made.status == SUCCEEDED:
            run.succeed(external_id=made.id, external_url=url, variables=made.exported)
        else:
            run.fail(JOB_FAILED, why_failed(made), external_id=made.id, external_url=url)


def _started(run: ActionRun, project: str) -> Build:
    from awspipe.sandbox.codebuild import codebuild_backends
    from awspipe.sandbox.codebuild_builds import places

    service = codebuild_backends[run.account][run.region]
    inputs = _primary_first(run)
    revision = inputs[0].revision.id if inputs and inputs[0].revision else ""
    with runtime.current().lock:
        try:
            return service.start(
                project,
                initiator=f"codepipeline/{run.pipeline}",
                inputs=places(inputs),
                outputs=places(run.outputs),
                overrides=_overrides(run),
                buildspec=run.configuration.get("BuildspecOverride"),
                revision=revision,
            )
        except RefusalError as error:
            raise ActionError(CONFIGURATION_ERROR, str(error.message)) from error


def _primary_first(run: ActionRun) -> tuple[Artifact, ...]:
    primary = run.configuration.get("PrimarySource")
    return tuple(sorted(run.inputs, key=lambda one: one.name != primary)) if primary else run.inputs


def _overrides(run: ActionRun) -> tuple[tuple[str, str, str], ...]:
    text = run.configuration.get("EnvironmentVariables")
    try:
        listed = json.loads(text) if text else []
        return tuple((one["name"], one["value"], one.get("type", "PLAINTEXT")) for one in listed)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ActionError(
            CONFIGURATION_ERROR, "EnvironmentVariables is not a JSON list of variables"
        ) from None


def why_failed(build: Build) -> str:
    """As CodePipeline says it."""
    phase = build.failure
    if phase is None or not phase.code:
        return f"Build terminated with state: {build.status}"
    return (
        f"Build terminated with state: {build.status}. Phase: {phase.type}, Code: {phase.code}, "
        f"Message: {phase.message}"
    )
