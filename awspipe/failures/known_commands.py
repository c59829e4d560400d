"""Known causes of a failure of commands that CodePipeline runs itself, where a build's would mislead.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html
"""

from __future__ import annotations

from awspipe.failures.cause import Where
from awspipe.failures.known import Row
from awspipe.failures.known_builds import COMMAND, command

_DOCS = "https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html"
_SAID = (Where.PHASE, Where.ACTION)

ROWS = (
    Row(
        name="commands-timed-out",
        where=_SAID,
        text=r"state: TIMED_OUT",
        line="the commands took longer than the 55 minutes that CodePipeline gives them",
        fix="look for what waits in the lines below, or use `provider: codebuild`, which has a `timeout:`",
        source=_DOCS,
        verified=False,
    ),
    Row(
        name="commands-files",
        where=_SAID,
        text=r"no matching artifact paths? found",
        line="the commands made no file that `files:` asks for",
        fix="compare `files:` with what the commands make, in the folder where the source is",
        source="https://github.com/aws-samples/amazon-ecs-fargate-cdk-cicd/issues/13",
        verified=False,
    ),
    Row(
        name="commands-docker",
        where=(Where.LOG,),
        text=r"Cannot connect to the Docker daemon|failed to connect to the docker API",
        line="the commands ask for Docker, and the machine that CodePipeline runs them on has none",
        fix="use `provider: codebuild` with `privileged: true` for this",
        source=_DOCS,
        verified=False,
    ),
    Row(
        name="commands-program",
        where=_SAID,
        text=rf"{COMMAND}127",
        line="the machine has no program {program} (exit code 127): {command}",
        fix="{meant}install it with a command before, or use `provider: codebuild` with another `image:`",
        more=command,
        commit=True,
        source="https://github.com/acantril/learn-cantrill-io-labs/issues/155",
        verified=False,
    ),
)
