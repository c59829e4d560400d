"""The rows of the tables that the sandbox cannot play, with AWS's own words; and that each has a test."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from awspipe.failures import known
from awspipe.failures.cause import Failure, Place, Said, Where
from awspipe.failures.explained import rows

ROLE = "arn:aws:iam::123456789012:role/shop"
WHO = "arn:aws:sts::123456789012:assumed-role/shop/7f3a"
ARCHIVE = "/opt/codedeploy-agent/deployment-root/0a/d-1/deployment-archive"
EVENT = {"event": "BeforeInstall", "host": "i-1", "script": "scripts/a.sh"}


def failure(provider: str = "CodeBuild", category: str = "Build", **members: object) -> Failure:
    given = {"configuration": {}, "inputs": (Place("artifacts", "shop/Src/a"),), **members}
    return Failure(
        pipeline="shop",
        stage="Stage",
        action="Action",
        category=category,
        provider=provider,
        status="Failed",
        **given,  # type: ignore[arg-type]
    )


def phase(text: str, code: str = "") -> Failure:
    facts = {"phase": "BUILD", "buildspec": "buildspec.yml", "image": "me/image:1", "queue": "480"}
    return failure(said=[Said(Where.PHASE, text, code)], facts=facts)


def command(log: str) -> Failure:
    text = "Error while executing command: x. Reason: exit status 1"
    return failure(said=[Said(Where.PHASE, text, "COMMAND_EXECUTION_ERROR"), Said(Where.LOG, log)])


def event(text: str, code: str = "UnknownError", log: str = "", **members: object) -> Failure:
    said = [Said(Where.EVENT, text, code), Said(Where.LOG, log)]
    return failure("CodeDeploy", "Deploy", said=said, facts=dict(EVENT), **members)


def deployment(code: str, message: str) -> Failure:
    facts = {"message": message}
    return failure(
        "CodeDeploy", "Deploy", said=[Said(Where.DEPLOYMENT, f"{code}: {message}", code)], facts=facts
    )


def action(text: str, code: str = "JobFailed", provider: str = "CodeCommit", **members: object) -> Failure:
    category = "Source" if provider == "CodeCommit" else "Deploy"
    return failure(provider, category, said=[Said(Where.ACTION, text, code)], **members)


EVERY = ("CodeBuild", "CodeDeploy", "CloudFormation", "Commands", "EC2", "")
"""One provider of each table; "" is any other."""

CASES: list[tuple[str, Failure, str, str]] = [
    (
        "role-denied",
        action(f"Error calling startBuild: User: {WHO} is not authorized to perform: codebuild:StartBuild"),
        "role shop may not codebuild:StartBuild",
        'add to role shop: {"Effect": "Allow", "Action": "codebuild:StartBuild", "Resource": "*"}',
    ),
    (
        "role-denied",
        failure(
            said=[
                Said(Where.PHASE, "Error while executing command: x. Reason: exit status 254"),
                Said(
                    Where.LOG,
                    "An error occurred (AccessDenied) when calling the PutObject operation: User: "
                    f'{WHO} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::b/k" '
                    "because no service control policy allows the s3:PutObject action",
                ),
            ]
        ),
        "role shop may not s3:PutObject on arn:aws:s3:::b/k",
        "the service control policy forbids it: change that; a statement for role shop cannot allow it",
    ),
    (
        "role-not-assumable",
        action(f"CodePipeline is not authorized to perform AssumeRole on role {ROLE}", "PermissionError"),
        f"the service cannot use role {ROLE}: it is not there, or does not trust the service",
        "`awspipe up` makes its roles again; a role of yours must trust the service",
    ),
    (
        "codecommit-denied",
        action(
            "The service role or action role doesn't have the permissions required to access the AWS "
            "CodeCommit repository named shop. Update the IAM role permissions, and then try again."
        ),
        "the pipeline's role may not read the CodeCommit repository shop",
        "`awspipe up` gives its role that; a role of yours needs codecommit:GetBranch, GetCommit, "
        "UploadArchive, GetUploadArchiveStatus and CancelUploadArchive on it",
    ),
    (
        "s3-denied",
        action(
            "Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied)",
            provider="S3",
            configuration={"BucketName": "site"},
        ),
        "S3 denies the pipeline's role the bucket site",
        "no policy of the bucket may deny it, and the role needs: "
        '{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::site/*"}',
    ),
    (
        "s3-denied",
        action(
            "You do not have sufficient permissions to call s3.putObject for the deployment bucket",
            provider="S3",
            configuration={"BucketName": "site"},
        ),
        "S3 denies the pipeline's role the bucket site",
        "no policy of the bucket may deny it, and the role needs: "
        '{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::site/*"}',
    ),
    (
        "connection-denied",
        action(
            "Unable to use Connection: arn:c. The provided role does not have sufficient permissions.",
            provider="CodeStarSourceConnection",
            configuration={"ConnectionArn": "arn:c"},
        ),
        "the pipeline's role may not use the connection",
        "`awspipe up` gives its role that; to a role of yours add: "
        '{"Effect": "Allow", "Action": "codestar-connections:UseConnection", "Resource": "arn:c"}',
    ),
    (
        "artifact-denied",
        action(
            "Unable to access the artifact with Amazon S3 object key 'shop/Src/a' located in the Amazon S3 "
            "artifact bucket 'artifacts'. The provided role does not have sufficient permissions.",
            provider="S3",
        ),
        "the pipeline's role may not use the artifact bucket",
        "`awspipe up` gives its role that; a role of yours needs s3:GetObject and s3:PutObject there",
    ),
    (
        "build-source-denied",
        phase("AccessDenied: Access Denied status code: 403, request id: 1, host id: 2", "CLIENT_ERROR"),
        "the build's role may not read its source: S3 denies it",
        "`awspipe up` gives its role that; to a role of yours add: "
        '{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::artifacts/*"}',
    ),
    (
        "docker-unprivileged",
        command("Cannot connect to the Docker daemon at unix:///var/run/docker.sock."),
        "the build asks for Docker, which only a privileged build has",
        "write `privileged: true` at the Build stage, and run `awspipe up`",
    ),
    (
        "disk-full",
        command("write /tmp/x: No space left on device"),
        "the build's disk is full",
        "write a larger `compute:` at the Build stage (it costs more a minute), or make less",
    ),
    (
        "runtime-unknown",
        phase(
            "Unknown runtime version named '10' of nodejs. "
            "This build image has the following versions: 12, 14",
            "YAML_FILE_ERROR",
        ),
        "the build image has no nodejs 10; it has 12, 14",
        "write one of these under `runtime-versions:` in the buildspec, or take another `image:`",
    ),
    (
        "runtime-missing",
        phase("This build image requires selecting at least one runtime version.", "YAML_FILE_ERROR"),
        "this build image needs a runtime version, and the buildspec has none",
        "write `runtime-versions:` below `install:` in the buildspec, or take a newer `image:`",
    ),
    (
        "buildspec-yaml",
        phase("found character that cannot start any token at line 3", "YAML_FILE_ERROR"),
        "the buildspec is not YAML, line 3: found character that cannot start any token",
        "mend that line (a tab, an indent, a colon): `awspipe validate` shows the place",
    ),
    (
        "buildspec-other",
        phase("wrong number of container tags, expected 1", "YAML_FILE_ERROR"),
        "the buildspec cannot be used: wrong number of container tags, expected 1",
        "`awspipe validate` shows what is wrong with it, with its place",
    ),
    (
        "buildspec-missing",
        phase("YAML file does not exist", "YAML_FILE_ERROR"),
        "the source has no buildspec.yml",
        "add buildspec.yml to the source, or name the file that is meant with `buildspec:`",
    ),
    (
        "build-queue-limit",
        failure(
            said=[
                Said(
                    Where.ACTION,
                    "Error calling startBuild: Cannot have more than 1 builds in queue for the account "
                    "(Service: AWSCodeBuild; Status Code: 400; Error Code: AccountLimitExceededException",
                    "JobFailed",
                )
            ]
        ),
        "the account may not have more than 1 builds in CodeBuild's queue at once",
        "retry when other builds have ended; a new account asks for more under Service Quotas, CodeBuild",
    ),
    (
        "build-queue-timed-out",
        phase("QUEUED TIMED_OUT", "QUEUED TIMED_OUT"),
        "the build waited in CodeBuild's queue for its 480 minutes and was given up",
        "retry when other builds have ended",
    ),
    (
        "image-unknown",
        phase(
            "Unable to pull customer's container image. CannotPullContainerError: Error response from daemon",
            "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE",
        ),
        "CodeBuild cannot pull the build image me/image:1",
        "check the name in `image:`; an image in ECR must let CodeBuild, or the build's role, pull it",
    ),
    (
        "secret-missing",
        phase("Secrets Manager can't find the specified secret: shop", "Secrets Manager Error Message"),
        "a secret of the build is not there: Secrets Manager can't find the specified secret: shop",
        "make it in this region, or mend its name under `env:`",
    ),
    (
        "hook-unknown",
        event("The deployment failed because it contains unknown lifecycle events: AfterEverything"),
        "appspec.yml has hooks for lifecycle events that there are not: AfterEverything",
        "mend their names: `awspipe validate` knows them",
    ),
    (
        "script-not-executable",
        event(
            "Unable to set script at specified location: scripts/a.sh as executable", "ScriptNotExecutable"
        ),
        "scripts/a.sh cannot be made executable on i-1 (BeforeInstall)",
        "`git update-index --chmod=+x scripts/a.sh` and push",
    ),
    (
        "script-crlf",
        event(
            "Script at specified location: scripts/a.sh failed with exit code 127",
            "ScriptFailed",
            "[stderr]/usr/bin/env: 'bash\\r': No such file or directory",
        ),
        "scripts/a.sh has CRLF line ends, so the system looks for an interpreter with a CR in its name",
        "save it with LF (`.gitattributes`: `*.sh text eol=lf`), then `git add --renormalize .` and push",
    ),
    (
        "script-user",
        event(
            "Script at specified location: scripts/a.sh run as user web failed with exit code 1",
            "ScriptFailed",
            "[stderr]su: user web does not exist or the user entry does not contain all the required fields",
        ),
        "scripts/a.sh is to run as web, and i-1 has no such user (BeforeInstall)",
        "mend `runas:` in appspec.yml, or make the user",
    ),
    (
        "script-interpreter",
        event(
            f"No such file or directory - {ARCHIVE}/scripts/a.sh",
            names=lambda: ["scripts/a.sh", "appspec.yml"],
        ),
        "scripts/a.sh is there, but not what its first line names: it ends with CRLF, most likely "
        "(BeforeInstall)",
        "save it with LF (`.gitattributes`: `*.sh text eol=lf`), then `git add --renormalize .` and push",
    ),
    (
        "agent-without-role",
        event("Missing credentials - please check if this instance was started with an IAM instance profile"),
        "the instance i-1 has no role, so its CodeDeploy agent cannot work",
        "attach an instance profile that may read the artifact bucket, then restart the agent",
    ),
    (
        "revision-denied",
        event("Access Denied"),
        "the role of i-1 may not read the artifact",
        "add to the instance's role: "
        '{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::artifacts/*"}',
    ),
    (
        "revision-gone",
        event("The specified key does not exist."),
        "the artifact is no longer in its bucket",
        "start a new execution: artifacts expire",
    ),
    (
        "event-failed",
        event("No space left on device"),
        "BeforeInstall failed on i-1: No space left on device",
        "",
    ),
    (
        "all-skipped",
        deployment("HEALTH_CONSTRAINTS", "The overall deployment failed because too many ..."),
        "too many servers failed, and none of them says why: most often its agent did not run",
        "on an instance: `systemctl status codedeploy-agent`; has it an instance profile?",
    ),
    (
        "deployment-stopped",
        deployment("MANUAL_STOP", "A user stopped it."),
        "somebody stopped the deployment",
        "retry the stage to deploy again",
    ),
    (
        "artifact-gone",
        action("The specified key does not exist. (Error Code: NoSuchKey)", provider="S3"),
        "an artifact is no longer in its bucket",
        "start a new execution: artifacts expire after 30 days",
    ),
    (
        "sandbox-stopped",
        action("The sandbox was stopped while this action ran; retry the stage.", "SandboxStopped"),
        "the sandbox was stopped while this ran",
        "retry the stage",
    ),
    (
        "approval-topic",
        failure(
            "Manual",
            "Approval",
            said=[Said(Where.ACTION, "The topic arn:aws:sns:r:1:t cannot be notified", "ConfigurationError")],
            configuration={"NotificationArn": "arn:aws:sns:r:1:t"},
        ),
        "the approval could not tell its topic, so nobody was asked: arn:aws:sns:r:1:t",
        "make the topic in the pipeline's region, or leave NotificationArn out",
    ),
    (
        "",
        failure("Manual", "Approval", said=[Said(Where.ACTION, "Something else", "JobFailed")]),
        "Something else (JobFailed)",
        "",
    ),
    (
        "internal-error",
        action("There was an internal error.", "InternalError"),
        "AWS failed of itself: There was an internal error.",
        "retry the stage; where it fails again, look at the artifact bucket's region and key",
    ),
    (
        "sandbox-failed",
        action("The sandbox failed in this action: KeyError('x'); `awspipe sandbox logs`", "InternalError"),
        "the sandbox itself failed: KeyError('x'); `awspipe sandbox logs`",
        "this is a mistake in awspipe: please report it",
    ),
    (
        "function-missing",
        action("Function not found: arn:aws:lambda:r:1:function:shop", provider="Lambda"),
        "there is no such Lambda function or version: arn:aws:lambda:r:1:function:shop",
        "make it first, in the pipeline's region, and publish a version; or mend `function:` or `version:`",
    ),
    (
        "alias-missing",
        action("Cannot find alias arn: arn:aws:lambda:r:1:function:shop:live", provider="Lambda"),
        "there is no alias arn:aws:lambda:r:1:function:shop:live",
        "`aws lambda create-alias` makes it, for a version that is published; or mend `alias:`",
    ),
    (
        "alias-shared",
        action(
            "The alias live has two versions behind it, and must have one.",
            provider="Lambda",
            configuration={"FunctionName": "shop"},
        ),
        "the alias live still leads to two versions, and must lead to one when it is deployed to",
        "`aws lambda update-alias --function-name shop --name live "
        "--routing-config AdditionalVersionWeights={}`, then retry the stage",
    ),
    (
        "alarm-rang",
        action("The alarm errors went to the ALARM state.", provider="Lambda"),
        "the alarm errors went off while the traffic was shifted, so the alias went back",
        "look at what the new version does; retry the stage once the alarm is quiet again",
    ),
    (
        "clone-denied",
        phase("authorization failed for primary source and source version 0a1b2c", "CLIENT_ERROR"),
        "the build's role may not clone the source, or the repository is not there any more",
        "`awspipe up` gives its role codecommit:GitPull, or the right to use the connection",
    ),
    (
        "instance-file-missing",
        action("No such file: the artifact has no scripts/start.sh.", "ConfigurationError", provider="EC2"),
        "the artifact has no scripts/start.sh",
        "add it to the source or to the build's artifact, or mend its name at the Deploy stage",
    ),
    (
        "instance-script-failed",
        action(
            "Deployment failed on 1 of 2 instances, 0 may fail. web-1 (i-0a): AfterInstall: start.sh: "
            "Script at specified location: start.sh failed with exit code 3",
            provider="EC2",
        ),
        "start.sh failed with exit code 3 on web-1",
        "the lines below are the script's; mend it and push",
    ),
    (
        "commands-timed-out",
        action("Build terminated with state: TIMED_OUT", provider="Commands"),
        "the commands took longer than the 55 minutes that CodePipeline gives them",
        "look for what waits in the lines below, or use `provider: codebuild`, which has a `timeout:`",
    ),
    (
        "commands-docker",
        failure(
            "Commands", "Compute", said=[Said(Where.LOG, "Cannot connect to the Docker daemon at unix:")]
        ),
        "the commands ask for Docker, and the machine that CodePipeline runs them on has none",
        "use `provider: codebuild` with `privileged: true` for this",
    ),
    (
        "commands-files",
        action(
            "Build terminated with state: FAILED. Phase: UPLOAD_ARTIFACTS, Code: CLIENT_ERROR, Message: no "
            "matching artifact paths found",
            provider="Commands",
        ),
        "the commands made no file that `files:` asks for",
        "compare `files:` with what the commands make, in the folder where the source is",
    ),
    (
        "commands-program",
        action(
            "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, Message: "
            "Error while executing command: jq . a. Reason: exit status 127",
            provider="Commands",
        ),
        "the machine has no program jq (exit code 127): jq . a",
        "install it with a command before, or use `provider: codebuild` with another `image:`",
    ),
    (
        "template-missing",
        action("File [a.yml] does not exist in artifact [Src]", provider="CloudFormation"),
        "the artifact Src has no file a.yml",
        "add it to the source, or to `artifacts:` of the build that makes Src; or mend the action's path",
    ),
    (
        "template-broken",
        action("Template format error: YAML not well-formed. (line 3, column 1)", provider="CloudFormation"),
        "the template is not valid: YAML not well-formed. (line 3, column 1)",
        "mend it; `aws cloudformation validate-template --template-body file://FILE` checks one",
    ),
    (
        "parameters-missing",
        action("Parameters: [Size] must have values", provider="CloudFormation"),
        "parameters of the template have no value: Size",
        "give them in `parameters:` of the action, or a Default in the template",
    ),
    (
        "parameters-unknown",
        action("Parameters: [Timestamp] do not exist in the template", provider="CloudFormation"),
        "the template has no parameters Timestamp",
        "take them out of `parameters:`, or put them into the template",
    ),
    (
        "capabilities",
        action("Requires capabilities : [CAPABILITY_NAMED_IAM]", provider="CloudFormation"),
        "the template makes what must be agreed to: CAPABILITY_NAMED_IAM",
        "write `capabilities: [CAPABILITY_NAMED_IAM]` at the action and run `awspipe up`",
    ),
    (
        "stack-role",
        action("Role arn:aws:iam::1:role/cfn is invalid or cannot be assumed", provider="CloudFormation"),
        "CloudFormation cannot take on the role arn:aws:iam::1:role/cfn",
        "it must be there, on this very path, and trust cloudformation.amazonaws.com",
    ),
    (
        "stack-stuck",
        action(
            "Stack:arn:aws:...:stack/shop/1 is in ROLLBACK_COMPLETE state and can not be updated.",
            provider="CloudFormation",
            configuration={"StackName": "shop"},
        ),
        "the stack shop is in the state ROLLBACK_COMPLETE, in which nothing can change it",
        "`aws cloudformation delete-stack --stack-name shop` (what it holds goes too), then retry the stage",
    ),
    (
        "stack-failed",
        action(
            "Stack shop is in ROLLBACK_COMPLETE: the queue exists already",
            provider="CloudFormation",
            configuration={"StackName": "shop"},
        ),
        "the stack shop could not be brought to the template: the queue exists already",
        "`aws cloudformation describe-stack-events --stack-name shop` tells of each resource",
    ),
    (
        "change-set-missing",
        action("ChangeSet [awspipe] does not exist", provider="CloudFormation"),
        "there is no change set awspipe to carry out",
        "an action with `mode: CHANGE_SET_REPLACE` must make it before: `awspipe run` begins anew",
    ),
    ("", action("Something new.\nAt length", "NewError"), "Something new. At length (NewError)", ""),
    ("", action("", ""), "Action failed, and AWS does not say why", ""),
]


@pytest.mark.parametrize(
    ("name", "given", "line", "fix"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)]
)
def test_awss_words_are_understood(name: str, given: Failure, line: str, fix: str) -> None:
    cause = known.explained(rows(given.provider), given)
    assert (cause.known, cause.line, cause.fix) == (name, line, fix)


@given(
    st.text(max_size=200), st.sampled_from(list(Where)), st.sampled_from(["CodeBuild", "CodeDeploy", "S3"])
)
@settings(max_examples=200, deadline=None)
def test_no_words_of_anybody_break_it(text: str, where: Where, provider: str) -> None:
    hints = ("", "Error while executing command: ", "stat a: no such file or directory", "User: arn:a is not")
    for hint in hints:
        one = failure(provider, said=[Said(where, hint + text, text)], detail=[text], facts=dict(EVENT))
        cause = known.explained(rows(provider), one)
        assert cause.line.isprintable()
        assert all(line.isprintable() for line in cause.detail)


@pytest.mark.parametrize(
    "text", ["a." * 50_000, "connection " * 9_000, " at line" * 9_000, "x://" * 20_000, "\x1b]" * 50_000]
)
def test_long_words_take_no_long_time(text: str) -> None:
    for where in Where:
        for provider in ("CodeBuild", "CodeDeploy", "CloudFormation", "Lambda", "CodeStarSourceConnection"):
            one = failure(provider, said=[Said(where, text)], detail=[text] * 3)
            assert len(known.explained(rows(provider), one).line) <= 1000


def test_every_row_has_a_test_of_its_own() -> None:
    tests = Path(__file__).parent.parent
    text = "".join(one.read_text(encoding="utf-8") for one in tests.rglob("test_failures_*.py"))
    every = {row.name for provider in EVERY for row in rows(provider)}
    assert sorted(name for name in every if f'"{name}"' not in text) == []


def test_every_row_says_where_its_words_are_public() -> None:
    for provider in EVERY:
        for row in rows(provider):
            assert row.source.startswith(("https://", "awspipe.sandbox.")), row.name
            assert row.text or row.code or row.category, row.name


def test_no_line_asks_for_a_name_that_nobody_gives() -> None:
    """A `{name}` in a sentence is a group of the row's pattern, a fact, or something that `more` finds."""
    facts = {
        "event",
        "host",
        "script",
        "minutes",
        "queue",
        "phase",
        "image",
        "message",
        "said",
        "way",
        "grant",
    }
    more = {"command", "program", "asked", "bucket", "repository", "ConnectionArn", "S3ObjectKey"}
    more |= {"FunctionName", "ProjectName", "StackName", "action", "variables", "meant", "topic", "others"}
    for provider in EVERY:
        for row in rows(provider):
            asked = {part for _, part, _, _ in Formatter().parse(row.line + row.fix) if part}
            assert asked <= facts | more | set(re.compile(row.text).groupindex), row.name
