"""Known causes of a build's failure.

https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting.html
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from awspipe.failures.cause import Failure, Where
from awspipe.failures.known import Row
from awspipe.failures.known_access import statement
from awspipe.failures.near import nearest

_DOCS = "https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting.html"
_SAID = (Where.PHASE, Where.ACTION)
_YAML = "YAML_FILE_ERROR|JobFailed"
COMMAND = r"Error while executing command: (?P<command>.+?)\. Reason: exit status "


def _buildspec(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    asked = failure.facts.get("buildspec") or "buildspec.yml"
    near = nearest(asked, failure.names())
    if near is None:
        return {
            "said": f"the source has no {asked}",
            "way": f"add {asked} to the source, or name the file that is meant with `buildspec:`",
        }
    return {
        "said": f"the source has no {asked}; it has {near}",
        "way": f"rename it to {asked}, or write `buildspec: {near}` at the Build stage",
    }


_PROGRAMS = (
    *(
        "aws",
        "bundle",
        "cargo",
        "composer",
        "curl",
        "docker",
        "dotnet",
        "git",
        "go",
        "gradle",
        "java",
        "jq",
        "make",
    ),
    *(
        "mvn",
        "node",
        "npm",
        "npx",
        "php",
        "pip",
        "pip3",
        "pnpm",
        "pytest",
        "python",
        "python3",
        "ruby",
        "sam",
    ),
    *("terraform", "unzip", "uv", "yarn", "zip"),
)


def _meant(program: str) -> str:
    """A question, where a program's name is nearly one that many builds use."""
    if program in _PROGRAMS:
        return ""
    near = [one for one in _PROGRAMS if sorted(one) == sorted(program)]
    near += difflib.get_close_matches(program, _PROGRAMS, 1, cutoff=0.65)
    return f"did you mean {near[0]}? Else " if near else ""


def command(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    """The first line of the command, and which program it did not find, where the shell says so."""
    first, _, more = match["command"].strip().partition("\n")
    missing = next(filter(None, map(_not_found, reversed(failure.detail))), None)
    program = missing or next(iter(first.split()), "")
    return {
        "command": f"{first} ..." if more.strip() else first,
        "program": program,
        "meant": _meant(program),
    }


def _not_found(line: str) -> str | None:
    """The program in `sh: 1: npm: not found`, `bash: line 4: npm: command not found`."""
    found = re.search(r"(?:^|[\s:])(?P<name>[^\s:]+): (?:command )?not found\s*$", line)
    return found["name"] if found else None


def _source(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    bucket = failure.inputs[0].bucket if failure.inputs else "BUCKET"
    return {"grant": statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*")}


def _asked(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    """What the buildspec asked for, as CodeBuild's log tells it while it looks for files."""
    base = failure.facts.get("artifacts-base", "")
    files = failure.facts.get("artifacts-files", "")
    below = f" below {base}" if base not in ("", ".") else ""
    return {"asked": f"{files}{below}" if files else f"what `artifacts:` asks for{below}"}


ROWS = (
    Row(
        name="buildspec-missing",
        where=_SAID,
        code=_YAML,
        text=r"(?:stat \S+: no such file or directory|YAML file does not exist)",
        line="{said}",
        fix="{way}",
        more=_buildspec,
        means="the buildspec is not in the source; a file that may be meant is named",
        commit=True,
        source="https://github.com/aws/aws-cdk/issues/23324",
    ),
    Row(
        name="runtime-unknown",
        where=_SAID,
        text=r"Unknown runtime version named '?(?P<version>[^'\s]+?)'? of (?P<runtime>[\w-]+)\. "
        r"This build image has the following versions: (?P<versions>[^\n]+)",
        line="the build image has no {runtime} {version}; it has {versions}",
        fix="write one of these under `runtime-versions:` in the buildspec, or take another `image:`",
        commit=True,
        source="https://github.com/awslabs/open-data-registry/issues/1082",
    ),
    Row(
        name="runtime-missing",
        where=_SAID,
        text=r"build image requires selecting at least one runtime version",
        line="this build image needs a runtime version, and the buildspec has none",
        fix="write `runtime-versions:` below `install:` in the buildspec, or take a newer `image:`",
        commit=True,
        source=f"{_DOCS}#troubleshooting-build-must-specify-runtime",
    ),
    Row(
        name="buildspec-line",
        where=_SAID,
        code=_YAML,
        text=r"(?P<file>[\w./-]+\.ya?ml|buildspec):(?P<number>\d+):\d+: (?P<said>[^\n]+)",
        line="{file}, line {number}: {said}",
        fix="mend that line: `awspipe validate` shows it, and every other mistake",
        commit=True,
        source=_DOCS,
        verified=False,
    ),
    Row(
        name="buildspec-yaml",
        where=_SAID,
        code="YAML_FILE_ERROR",
        text=r"(?P<said>[^\n]*?)(?: at line|\byaml: line) (?P<number>\d+)(?P<rest>[^\n]*)",
        line="the buildspec is not YAML, line {number}: {said}{rest}",
        fix="mend that line (a tab, an indent, a colon): `awspipe validate` shows the place",
        commit=True,
        source="https://github.com/awsdocs/aws-codebuild-user-guide/pull/25",
    ),
    Row(
        name="buildspec-other",
        where=_SAID,
        code="YAML_FILE_ERROR",
        text=r"(?P<said>[^\n]+)",
        line="the buildspec cannot be used: {said}",
        fix="`awspipe validate` shows what is wrong with it, with its place",
        commit=True,
        source="https://github.com/aws-samples/aws-container-devsecops-workshop/pull/7",
    ),
    Row(
        name="build-queue-limit",
        where=_SAID,
        text=r"Cannot have more than (?P<limit>\d+) (?:active )?builds?",
        line="the account may not have more than {limit} builds in CodeBuild's queue at once",
        fix="retry when other builds have ended; a new account asks for more under Service Quotas, CodeBuild",
        source="https://github.com/aws/aws-cdk/issues/27335",
    ),
    Row(
        name="build-queue-timed-out",
        where=(Where.PHASE,),
        code="^QUEUED TIMED_OUT$",
        line="the build waited in CodeBuild's queue for its {queue} minutes and was given up",
        fix="retry when other builds have ended",
        source="https://docs.aws.amazon.com/codebuild/latest/userguide/builds-working.html",
    ),
    Row(
        name="build-timed-out",
        where=(Where.PHASE,),
        code="TIMED_OUT",
        line="the build took longer than its {minutes} minutes; it was at {phase}",
        fix="look for what waits in the lines below, or write a larger `timeout:` at the Build stage",
        source="https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BuildPhase.html",
    ),
    Row(
        name="build-stopped",
        where=(Where.PHASE,),
        code="STOPPED$",
        line="somebody stopped the build at {phase}",
        fix="retry the stage to build again",
        source="https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BuildPhase.html",
    ),
    Row(
        name="image-unknown",
        where=_SAID,
        text=r"Unable to pull customer.s container image|BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE",
        line="CodeBuild cannot pull the build image {image}",
        fix="check the name in `image:`; an image in ECR must let CodeBuild, or the build's role, pull it",
        source="https://github.com/kalrish/aws-csgo/issues/6",
    ),
    Row(
        name="artifact-base-missing",
        where=_SAID,
        text=r"no matching base directory paths? found(?: for (?P<base>\S+))?",
        line="the build made no directory {base}, and `base-directory:` of its artifact names it",
        fix="compare `artifacts:` in the buildspec (files, base-directory) with what the build makes",
        commit=True,
        source="https://github.com/aws/aws-cdk/pull/15644",
    ),
    Row(
        name="artifact-empty",
        where=_SAID,
        text=r"no matching artifact paths? found",
        line="the build made no file that its artifact asks for: nothing matches {asked}",
        fix="compare `artifacts:` in the buildspec (files, base-directory) with what the build makes",
        more=_asked,
        commit=True,
        source="https://github.com/aws-samples/amazon-ecs-fargate-cdk-cicd/issues/13",
    ),
    Row(
        name="clone-denied",
        where=(Where.PHASE, Where.ACTION),
        text=r"authorization failed for primary source",
        line="the build's role may not clone the source, or the repository is not there any more",
        fix="`awspipe up` gives its role codecommit:GitPull, or the right to use the connection",
        source="https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html",
        verified=False,
    ),
    Row(
        name="build-source-denied",
        where=(Where.PHASE,),
        text=r"\bAccess ?Denied\b",
        line="the build's role may not read its source: S3 denies it",
        fix="`awspipe up` gives its role that; to a role of yours add: {grant}",
        more=_source,
        source=_DOCS,
        verified=False,
    ),
    Row(
        name="secret-missing",
        where=_SAID,
        text=r"(?P<said>Secrets Manager can.t find the specified secret[^\n.]*|Parameter \S+ does not exist"
        r"|the secret \S+ has no key \S+|ParameterNotFound[^\n]*)",
        line="a secret of the build is not there: {said}",
        fix="make it in this region, or mend its name under `env:`",
        source="https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html",
        verified=False,
    ),
    Row(
        name="docker-unprivileged",
        where=(Where.LOG,),
        text=r"Cannot connect to the Docker daemon|failed to connect to the docker API",
        line="the build asks for Docker, which only a privileged build has",
        fix="write `privileged: true` at the Build stage, and run `awspipe up`",
        source=f"{_DOCS}#troubleshooting-cannot-connect-to-docker-daemon",
    ),
    Row(
        name="disk-full",
        where=(Where.LOG,),
        text=r"No space left on device",
        line="the build's disk is full",
        fix="write a larger `compute:` at the Build stage (it costs more a minute), or make less",
        source="https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html",
    ),
    Row(
        name="build-crlf",
        where=(Where.LOG,),
        text=r"['‘](?P<program>[\w./-]+)\\r['’]: No such file or directory|\^M: bad interpreter"
        r"|\$'\\r': command not found",
        line="a script of the build has CRLF line ends, and the shell takes the CR for part of a name",
        fix="save it with LF (`.gitattributes`: `*.sh text eol=lf`), then `git add --renormalize .` and push",
        commit=True,
        source="https://docs.github.com/en/get-started/git-basics/configuring-git-to-handle-line-endings",
    ),
    Row(
        name="command-not-found",
        where=_SAID,
        text=rf"{COMMAND}127",
        line="the build has no program {program} (exit code 127): {command}",
        fix="{meant}install it under `install:` in the buildspec, or take an `image:` that has it",
        more=command,
        commit=True,
        source="https://github.com/acantril/learn-cantrill-io-labs/issues/155",
    ),
    Row(
        name="command-not-executable",
        where=_SAID,
        text=rf"{COMMAND}126",
        line="the build may not run this file as a program (exit code 126): {command}",
        fix="`git update-index --chmod=+x FILE` and push, or run it with its interpreter: `sh FILE`",
        more=command,
        commit=True,
        source="https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_08_02",
    ),
    Row(
        name="out-of-memory",
        where=_SAID,
        text=rf"{COMMAND}137",
        line="the command was killed (exit code 137), most often because memory ran out: {command}",
        fix="write a larger `compute:` at the Build stage (it costs more a minute), or use less memory",
        more=command,
        source="https://docs.docker.com/engine/containers/run/#exit-status",
    ),
    Row(
        name="command-failed",
        where=_SAID,
        text=rf"{COMMAND}(?P<exit>\d+)",
        line="exit code {exit} of the command: {command}",
        more=command,
        commit=True,
        source="https://github.com/awslabs/aws-deployment-framework/issues/291",
    ),
    Row(
        name="project-missing",
        where=_SAID,
        text=r"Project cannot be found|project (?P<name>\S+) (?:does not exist|was not found)",
        provider="CodeBuild",
        line="there is no build project {ProjectName}",
        fix="`awspipe up` makes it again",
        more=lambda failure, match: {"ProjectName": failure.configuration.get("ProjectName", "")},
        source="https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html",
        verified=False,
    ),
)
