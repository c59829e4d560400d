"""Builds that fail, each for a cause that is known: really run, and explained."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from awspipe.errors import AwsError
from tests.support import failing
from tests.support.failing import Shop, build, buildspec, source


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with failing.world(tmp_path_factory.mktemp("account")) as shop:
        yield shop


@pytest.fixture
def shop(account: Shop) -> Shop:
    account.clear()
    return account


def told(shop: Shop, files: dict[str, str | bytes]) -> tuple[str, str, str, tuple[str, ...]]:
    """Build these files: the cause's name, line, fix and detail."""
    shop.push(files)
    shop.project()
    cause = shop.cause(source(), build())
    assert (cause.stage, cause.action) == ("Build", "Build")
    return cause.known, cause.line, cause.fix, cause.detail


def test_a_command_that_fails_is_named_with_its_last_lines(shop: Shop) -> None:
    text = buildspec("echo first", "echo one; echo two >&2; exit 3")
    assert told(shop, {"buildspec.yml": text}) == (
        "command-failed",
        "exit code 3 of the command: echo one; echo two >&2; exit 3",
        "",
        ("one", "two"),
    )


def test_a_buildspec_that_has_another_name_is_pointed_at(shop: Shop) -> None:
    assert told(shop, {"buildspec.yaml": buildspec("true"), "src/a.txt": "1"}) == (
        "buildspec-missing",
        "the source has no buildspec.yml; it has buildspec.yaml",
        "rename it to buildspec.yml, or write `buildspec: buildspec.yaml` at the Build stage",
        (),
    )


def test_a_buildspec_that_is_nowhere(shop: Shop) -> None:
    assert told(shop, {"index.html": "1"})[1:3] == (
        "the source has no buildspec.yml",
        "add buildspec.yml to the source, or name the file that is meant with `buildspec:`",
    )


def test_a_program_that_is_not_there(shop: Shop) -> None:
    known, line, fix, detail = told(shop, {"buildspec.yml": buildspec("nmp ci --silent")})
    assert (known, line) == (
        "command-not-found",
        "the build has no program nmp (exit code 127): nmp ci --silent",
    )
    assert fix.startswith("did you mean npm? Else install it under `install:` in the buildspec, or take")
    assert detail[-1].endswith("nmp: not found")


def test_an_execution_that_succeeds_has_no_cause(shop: Shop) -> None:
    shop.push({"buildspec.yml": buildspec("true")})
    shop.project()
    shop.create(source(), build())
    shop.calls.clear()
    assert shop.causes() == ()
    assert sorted(shop.calls.names) == [
        "codepipeline:GetPipelineExecution",
        "codepipeline:ListActionExecutions",
    ]


def test_a_program_of_which_only_the_path_is_wrong(shop: Shop) -> None:
    known, line, _, _ = told(shop, {"buildspec.yml": buildspec("./make.sh"), "make.sh": "echo made"})
    assert known == "command-not-executable"
    assert line == "the build may not run this file as a program (exit code 126): ./make.sh"


def test_a_command_that_is_killed(shop: Shop) -> None:
    known, line, fix, _ = told(shop, {"buildspec.yml": buildspec("exit 137")})
    assert known == "out-of-memory"
    assert line.endswith("because memory ran out: exit 137")
    assert fix.startswith("write a larger `compute:` at the Build stage")


def test_of_a_long_command_the_first_line_is_shown(shop: Shop) -> None:
    text = buildspec("|\n        echo start\n        exit 9")
    assert told(shop, {"buildspec.yml": text})[1] == "exit code 9 of the command: echo start ..."


def test_a_buildspec_that_is_no_yaml_is_shown_with_its_line(shop: Shop) -> None:
    known, line, fix, _ = told(shop, {"buildspec.yml": "version: 0.2\nphases:\n\tbuild:\n"})
    assert (known, line.partition(": ")[0]) == ("buildspec-line", "buildspec.yml, line 3")
    assert "`awspipe validate`" in fix


@pytest.mark.parametrize(
    ("files", "more", "known", "line"),
    [
        (
            "dist/app.js, '*.css'",
            "",
            "artifact-empty",
            "the build made no file that its artifact asks for: nothing matches dist/app.js, *.css",
        ),
        (
            "'*.html'",
            "  base-directory: scripts\n",
            "artifact-empty",
            "the build made no file that its artifact asks for: nothing matches *.html below scripts",
        ),
        (
            "'**/*'",
            "  base-directory: dist\n",
            "artifact-base-missing",
            "the build made no directory dist, and `base-directory:` of its artifact names it",
        ),
    ],
)
def test_an_artifact_without_files(shop: Shop, files: str, more: str, known: str, line: str) -> None:
    text = buildspec("true", files=files, more=more)
    found = told(shop, {"buildspec.yml": text, "scripts/a.sh": "true"})
    assert found[:2] == (known, line)
    assert found[3] == ()


def test_the_first_phase_is_to_blame_and_not_what_follows_from_it(shop: Shop) -> None:
    text = buildspec("exit 4", files="none")
    assert told(shop, {"buildspec.yml": text})[1] == "exit code 4 of the command: exit 4"


def test_a_phase_that_may_fail_is_not_to_blame(shop: Shop) -> None:
    text = (
        "version: 0.2\nphases:\n  install:\n    on-failure: CONTINUE\n    commands: [exit 1]\n"
        "  build:\n    commands: [echo why; exit 2]\n"
    )
    found = told(shop, {"buildspec.yml": text})
    assert found[1:] == ("exit code 2 of the command: echo why; exit 2", "", ("why",))


def test_a_script_with_crlf(shop: Shop) -> None:
    files = {"buildspec.yml": buildspec("scripts/a.sh"), "scripts/a.sh": "#!/usr/bin/env bash\r\necho\r\n"}
    known, line, fix, _ = told(shop, files)
    assert known == "build-crlf"
    assert "CRLF" in line
    assert fix.startswith("save it with LF")


def test_a_build_that_somebody_stops(shop: Shop) -> None:
    shop.push({"buildspec.yml": buildspec("sleep 60")})
    shop.project()
    shop.begin(source(), build())
    shop.stop_build()
    (cause,) = shop.causes()
    assert (cause.known, cause.line) == ("build-stopped", "somebody stopped the build at BUILD")


def test_a_build_that_takes_too_long(shop: Shop) -> None:
    shop.push({"buildspec.yml": buildspec("echo slow; sleep 60")})
    shop.project(timeoutInMinutes=5)
    shop.begin(source(), build())
    shop.wait_for_line("slow")
    shop.time_out_build()
    (cause,) = shop.causes()
    assert (cause.known, cause.detail[0]) == ("build-timed-out", "slow")
    assert set(cause.detail[1:]) <= {"Terminated"}, "all that a shell may add when it is ended"
    assert cause.line == "the build took longer than its 5 minutes; it was at BUILD"
    assert cause.fix.endswith("write a larger `timeout:` at the Build stage")


def test_a_project_that_is_gone(shop: Shop) -> None:
    shop.push({"a": "1"})
    cause = shop.cause(source(), build())
    assert (cause.known, cause.line) == ("project-missing", "there is no build project shop")


def test_what_the_build_may_not_do_comes_with_the_statement(shop: Shop) -> None:
    shop.push({"buildspec.yml": buildspec("true")})
    shop.project(allow=[("s3:GetObject", "*"), ("logs:*", "*")])
    cause = shop.cause(source(), build())
    assert cause.known == "role-denied"
    assert cause.line.startswith("role shop-build may not s3:PutObject on arn:aws:s3:::artifacts/shop/Out/")
    where = cause.line.rpartition(" ")[2]
    assert cause.fix == (
        f'add to role shop-build: {{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "{where}"}}'
    )


def test_what_nobody_may_read_is_said_and_the_rest_is_told(shop: Shop) -> None:
    shop.push({"buildspec.yaml": buildspec("true")})
    shop.project()
    shop.create(source(), build())
    shop.deny("codebuild:BatchGetBuilds", "s3:GetObject")
    (cause,) = shop.causes()
    assert (cause.known, cause.line) == ("buildspec-missing", "the source has no buildspec.yml")
    assert cause.detail == (
        "(codebuild:BatchGetBuilds would tell more: these credentials may not)",
        "(s3:GetObject on artifacts would tell more: these credentials may not)",
    )


def test_without_the_log_the_command_is_told_all_the_same(shop: Shop) -> None:
    shop.push({"buildspec.yml": buildspec("exit 5")})
    shop.project()
    shop.create(source(), build())
    shop.deny("logs:GetLogEvents")
    (cause,) = shop.causes()
    assert cause.line == "exit code 5 of the command: exit 5"
    assert cause.detail == (
        "(logs:GetLogEvents on /aws/codebuild/shop would tell more: these credentials may not)",
    )


def test_what_aws_does_not_answer_is_said_and_the_rest_is_told(shop: Shop) -> None:
    shop.push({"buildspec.yml": buildspec("exit 5")})
    shop.project()
    shop.create(source(), build())
    shop.answers["GetLogEvents"] = (400, b'{"__type": "InvalidParameterException", "message": "no"}')
    (cause,) = shop.causes()
    assert cause.line == "exit code 5 of the command: exit 5"
    assert cause.detail == (
        "(logs:GetLogEvents on /aws/codebuild/shop would tell more: AWS answers InvalidParameterException)",
    )


def test_an_answer_that_is_no_answer_is_an_error(shop: Shop) -> None:
    shop.push({"buildspec.yml": buildspec("exit 5")})
    shop.project()
    shop.create(source(), build())
    for operation in ("ListActionExecutions", "GetPipelineExecution", "BatchGetBuilds"):
        shop.garble(operation)
        with pytest.raises(AwsError, match="not one of AWS's"):
            shop.causes()
        shop.heal()


def test_secrets_and_control_characters_are_not_shown(shop: Shop) -> None:
    key = "AKIA" + "A" * 16
    command = f"printf '\\033[31mkey {key}\\033[0m\\n10%%\\r100%%\\n\\007bell\\n'; exit 1"
    detail = told(shop, {"buildspec.yml": buildspec(f'"{command}"'.replace("\\", "\\\\"))})[3]
    assert detail == ("key ***", "100%", "?bell")


def test_an_action_in_another_region_is_asked_for_there(shop: Shop) -> None:
    there = shop.aws.at("us-east-1")
    assert there is shop.aws.at("us-east-1")
    assert there.client("codebuild").meta.region_name == "us-east-1"
    assert shop.aws.at(shop.aws.region) is shop.aws
    assert shop.aws.client("codebuild").meta.region_name == shop.aws.region


def test_how_many_calls_it_takes(shop: Shop) -> None:
    told(shop, {"buildspec.yml": buildspec("exit 5")})
    shop.calls.clear()
    shop.causes()
    assert sorted(shop.calls.names) == [
        "codebuild:BatchGetBuilds",
        "codepipeline:GetPipelineExecution",
        "codepipeline:ListActionExecutions",
        "logs:GetLogEvents",
    ]
