"""What goes wrong before anything is made: said in words, with the exit code that a script can rely on."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest

from tests.e2e.shell import REGION, SPEC, Shell

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
LIST = ("ls", "--region", REGION)


@contextmanager
def answering(answer: Callable[[], tuple[int, str, str]]) -> Iterator[str]:
    """An HTTP server that answers everything with one status, content type and body; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer; STS is asked by POST."""
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, kind, body = answer()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _sts_error(code: str, message: str) -> str:
    return (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
    )


def test_who_has_no_credentials_is_told_of_the_ways_to_get_some(shell: Shell) -> None:
    assert shell.refused(4, *LIST) == (
        "awspipe: no AWS credentials\n"
        "  try: one of: --sandbox (no account needed), `aws login`, `aws configure`, "
        "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\n"
    )
    assert shell.refused(4, *LIST, AWS_ACCESS_KEY_ID="AKIA") == (
        "awspipe: half of the AWS credentials: AWS_SECRET_ACCESS_KEY is missing (env)\n"
        "  try: give both, or neither where others are to be used\n"
    )


def test_profiles_are_named_when_the_one_asked_for_is_unknown(shell: Shell, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile demo]\nregion = us-east-1\n[profile work]\n", encoding="utf-8")
    environ = {"AWS_CONFIG_FILE": str(config)}
    assert shell.refused(4, *LIST, "--profile", "wrok", **environ) == (
        "awspipe: there is no AWS profile 'wrok'\n  try: did you mean work? there are: demo, work\n"
    )
    assert "there is no AWS profile 'x'" in shell.refused(4, *LIST, AWS_PROFILE="x", **environ)
    config.write_text("[profile demo\nregion = us-east-1\n", encoding="utf-8")
    said = shell.refused(4, *LIST, "--profile", "demo", **environ)
    assert said.startswith(f"awspipe: {config} cannot be read: ")
    assert "line: 1" in said
    assert said.endswith("\n  try: mend that file, or move it away\n")


def test_a_region_is_checked_before_anybody_is_called(shell: Shell) -> None:
    assert shell.refused(2, "ls") == (
        "awspipe: no region is set\n"
        "  try: --region ap-northeast-2, `region:` in the spec, or `aws configure`; "
        "with no AWS account, --sandbox\n"
    )
    assert shell.refused(2, "ls", "--region", "ap-northeast2", **KEYS) == (
        "awspipe: there is no AWS region 'ap-northeast2'\n  try: did you mean ap-northeast-2?\n"
    )


def test_the_option_comes_before_the_spec_and_the_spec_before_the_environment(
    shell: Shell, tmp_path: Path
) -> None:
    """Each names a region that there is not, so the complaint tells which one counted."""
    config = tmp_path / "config"
    config.write_text("[profile p]\nregion = profile-1\n", encoding="utf-8")
    spec = tmp_path / "awspipe.yml"
    spec.write_text(f"region: eu-west-9\n{SPEC.format(name='precedence')}", encoding="utf-8")
    plain = tmp_path / "plain.yml"
    plain.write_text(SPEC.format(name="precedence"), encoding="utf-8")
    profile = {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "p"}
    default = {**profile, "AWS_DEFAULT_REGION": "default-1"}
    both = {**default, "AWS_REGION": "region-1"}
    for wanted, words, environ in (
        ("flag-1", ("-f", str(spec), "--region", "flag-1"), both),
        ("eu-west-9", ("-f", str(spec)), both),
        ("region-1", ("-f", str(plain)), both),
        ("default-1", ("-f", str(plain)), default),
        ("profile-1", ("-f", str(plain)), profile),
    ):
        said = shell.refused(2, "plan", *words, **environ)
        assert f"there is no AWS region '{wanted}'" in said


@pytest.mark.parametrize(
    ("status", "kind", "body", "code", "said"),
    [
        (
            *(403, "text/xml", _sts_error("ExpiredToken", "The security token is expired"), 4),
            "awspipe: ask AWS who is calling: the AWS credentials have expired (ExpiredToken)\n"
            "  try: log in again (`aws login`, `aws sso login`) and run the same command: "
            "what is done stays\n",
        ),
        (
            *(403, "text/xml", _sts_error("InvalidClientTokenId", "The token is invalid."), 4),
            "awspipe: ask AWS who is calling: AWS does not accept these credentials: The token is invalid. "
            "(InvalidClientTokenId)\n",
        ),
        (
            *(200, "text/html", "<html><body>Welcome to the hotel<br></body></html>", 1),
            "awspipe: ask AWS who is calling: the answer is not one of AWS's (",
        ),
        (
            *(200, "text/xml", "<GetCallerIdentityResponse/>", 1),
            "awspipe: ask AWS who is calling: the answer is not one of AWS's (KeyError: ",
        ),
    ],
)
def test_what_answers_in_place_of_aws(
    shell: Shell, status: int, kind: str, body: str, code: int, said: str
) -> None:
    with answering(lambda: (status, kind, body)) as url:
        assert shell.refused(code, *LIST, "--endpoint-url", url, **KEYS).startswith(said)


@pytest.mark.parametrize(
    "url", ["nowhere", "localhost:4566", "ftp://host", "http://127.0.0.1:99999", "http://"]
)
def test_an_endpoint_that_is_no_address(shell: Shell, url: str) -> None:
    told = f"{url!r} is no address\n  try: http://HOST:PORT or https://HOST\n"
    assert shell.refused(2, *LIST, "--endpoint-url", url, **KEYS) == f"awspipe: --endpoint-url: {told}"


def test_an_endpoint_where_nobody_listens(shell: Shell) -> None:
    said = shell.refused(1, *LIST, AWS_ENDPOINT_URL="http://127.0.0.1:1", **KEYS)
    assert said == (
        'awspipe: ask AWS who is calling: Could not connect to the endpoint URL: "http://127.0.0.1:1/"\n'
        "  try: check the network, --endpoint-url and AWS_ENDPOINT_URL\n"
    )


def test_an_endpoint_that_never_answers_is_named_soon_and_given_up(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ran = shell.awspipe("status", "x", "--region", REGION, "--endpoint-url", url, **KEYS)
    assert ran.code == 1
    assert ran.err == (
        f"  . asking {url} where x stands\n"
        f'awspipe: look at pipeline x: Read timeout on endpoint URL: "{url}/"\n'
        "  try: check the network, --endpoint-url and AWS_ENDPOINT_URL\n"
    )


def test_debug_shows_where_an_error_comes_from(shell: Shell) -> None:
    ran = shell.awspipe(*LIST, "--debug")
    assert ran.code == 4
    assert "Traceback (most recent call last)" in ran.err
    assert ran.err.splitlines()[-2] == "awspipe: no AWS credentials"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pln",), "no such command 'pln'\n  try: did you mean 'plan'? `awspipe --help` shows what there is"),
        (
            ("plan", "--sandbx"),
            "no such option: --sandbx\n"
            "  try: did you mean --sandbox? `awspipe plan --help` shows what there is",
        ),
        (("plan", "--region"), "--region needs a value\n  try: --region ap-northeast-2"),
        (("plan", "--region", "--sandbox"), "--region needs a value\n  try: --region ap-northeast-2"),
        (
            ("up", "--dry-run"),
            "no such option: --dry-run\n  try: `awspipe plan` shows what `up` would do, and changes nothing; "
            "`awspipe up --help` shows what there is",
        ),
        (("init",), "missing argument 'TEMPLATE'\n  try: `awspipe init --help` shows what there is"),
        (("--sandbox", "ls", "--profile", "p"), "--sandbox goes with neither --profile nor --endpoint-url"),
    ],
)
def test_a_command_line_that_is_wrong(shell: Shell, words: tuple[str, ...], said: str) -> None:
    assert shell.refused(2, *words) == f"awspipe: {said}\n"


def test_awspipe_alone_shows_what_there_is(shell: Shell) -> None:
    ran = shell.done()
    assert ran.out.startswith("Usage: awspipe [OPTIONS] COMMAND [ARGS]...")
    assert "Commands:\n" in ran.out
    assert "..." not in ran.out.partition("Commands:")[2], "each command is said in one line"


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ("validate",), ("schema",), ("init", "static-site", "budget-copy")]
)
def test_what_makes_no_call_loads_nothing_that_makes_calls(shell: Shell, words: tuple[str, ...]) -> None:
    directory = shell.machine.work / f"budget-{words[0]}"
    directory.mkdir()
    (directory / "awspipe.yml").write_text(SPEC.format(name="budget"), encoding="utf-8")
    program = (
        "import sys; from awspipe.cli.main import run; code = run(sys.argv[1:]); "
        "heavy = {name.partition('.')[0] for name in sys.modules}; "
        "sys.stderr.write(' '.join(sorted(heavy))); sys.exit(code)"
    )
    done = shell.machine.run(sys.executable, "-c", program, *words, cwd=directory)
    loaded = set(done.stderr.split())
    never = {"boto3", "botocore", "moto", "flask", "werkzeug"}
    if words[0].startswith("--"):
        never |= {"pydantic", "yaml", "rich"}
    assert not loaded & never


def test_a_resource_of_another_owner_stops_everything(shell: Shell) -> None:
    project = shell.project("foreign")
    keys = shell.sandbox_environ()
    codecommit = boto3.client(
        "codecommit",
        endpoint_url=keys["AWS_ENDPOINT_URL"],
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    codecommit.create_repository(repositoryName="foreign")
    assert shell.refused(3, "up", "--sandbox", cwd=project) == (
        f"sandbox (no AWS account is touched), {REGION}\n"
        "awspipe: repository foreign is there already, and awspipe did not make it: nothing was changed\n"
        "  try: choose another `name` in the spec, or `existing: true` to use the repository as it is, "
        "or `awspipe plan --adopt` shows what taking it over would change\n"
    )
    assert "nothing of foreign is left in account" in shell.done("down", "--sandbox", cwd=project).out
    assert codecommit.get_repository(repositoryName="foreign")["repositoryMetadata"]
    codecommit.close()


def test_what_the_spec_only_refers_to_must_be_there(shell: Shell) -> None:
    spec = SPEC.replace("repository: {name}", "repository: absent-repository\n    existing: true")
    project = shell.project("refers", spec)
    said = shell.refused(1, "up", "--sandbox", cwd=project)
    assert "awspipe: the spec refers to what is not there: repository absent-repository\n" in said
