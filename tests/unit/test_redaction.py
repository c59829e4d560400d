"""No secret reaches a screen, a document or an exception; and what is no secret is left as it is."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from awspipe.cli import main
from awspipe.cli.console import Console
from awspipe.cli.views.errors import document, lines
from awspipe.cli.views.plan import document as plan_document
from awspipe.cli.views.plan import lines as plan_lines
from awspipe.errors import AwspipeError, SpecError
from awspipe.explain import explain
from awspipe.formats.secrets import MASK, holds_secret, redacted
from awspipe.naming import Scope
from awspipe.plan import Change, Plan, Step, Verb
from awspipe.resources.base import Key
from awspipe.spec.load import load_text

# Put together here, so that no scanner of repositories takes them for somebody's.
ACCESS = "AKIA" + "IOSFODNN7EXAMPLE"
SESSION = "ASIA" + "IOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
JWT = ".".join(("eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0NTY3ODkwIn0", "dozjgNryP4J3jVmNHl0w5N"))
SECRETS = {
    "access key": ACCESS,
    "session's access key": SESSION,
    "github": "ghp_" + "a1B2" * 9,
    "github app": "ghs_" + "a1B2" * 9,
    "github fine-grained": "github_pat_" + "11A_" + "b2" * 30,
    "gitlab": "glpat-" + "x1-_" * 5,
    "gitlab deploy": "gldt-" + "x1yz" * 5,
    "bitbucket": "ATBB" + "q1W2" * 7,
    "slack": "xoxb-" + "123456789012-abc",
    "stripe": "sk_live_" + "4eC39HqLyjWDarjtT1",
    "npm": "npm_" + "a1B2" * 9,
    "pypi": "pypi-" + "AgEIcHlwaS5vcmc" * 3,
    "google": "AIza" + "SyA1" * 9,
    "jwt": JWT,
    "key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
    "openssh key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n",
}
"""Each known by its own form."""
NAMED = {
    "beside its key": (f"{ACCESS},{SECRET}", SECRET),
    "after its key, named": (f"{ACCESS} secret: {SECRET}", SECRET),
    "credentials file": (f"aws_secret_access_key = {SECRET}", SECRET),
    "json": (f'{{"SecretAccessKey": "{SECRET}"}}', SECRET),
    "environment": (f"AWS_SESSION_TOKEN={'FwoG' * 30}", "FwoG" * 30),
    "signature": ("?X-Amz-Signature=" + "ab12" * 16, "ab12" * 16),
    "security token": ("?X-Amz-Security-Token=IQoJb3JpZ2luX2VjEJr%2F", "IQoJb3JpZ2luX2VjEJr"),
    "oauth": ("OAuthToken: 0123456789abcdef", "0123456789abcdef"),
    "basic": ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    "bearer": ("authorization: bearer abc.def-ghi", "abc.def-ghi"),
    "aws4": ("Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=abcdef", "abcdef"),
    "password in an address": ("postgres://shop:hunter2@db.example.com/shop", "hunter2"),
    "token in an address": (f"https://{'a1b2' * 6}@github.com/me/shop.git", "a1b2" * 6),
}
"""Each known by what stands beside it."""
HARMLESS = (
    "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
    f"the role {'AROA' + 'IOSFODNN7EXAMPLE'} and the user {'AIDA' + 'IOSFODNN7EXAMPLE'}",
    "arn:aws:iam::123456789012:role/awspipe/ap-northeast-2/shop/awspipe-shop-ap-northeast-2-Build",
    "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:shop/token-AbCdEf",
    "TOKEN: {secret: shop/token}",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "ssh://git@github.com/me/shop.git",
    "https://me@example.com/shop",
    "postgres://shop:${PASSWORD}@db/shop and postgres://shop:<password>@db/shop",
    "https://example.com/a:b@c",
    "http://shop-site-deploy-123456789012-ap-northeast-2-an.s3-website.ap-northeast-2.amazonaws.com/",
    '{"OAuthToken": "****"}',
    "request 4d3f9c1e-0b1a-4b61-9a3e-0c5a1c2f7b11, key eyJ.x, tasks: AIza, glpat-, ghp_short",
    "secret_access_key is missing; set AWS_SESSION_TOKEN",
    "npm_config_cache=/tmp",
)


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_with_a_form_of_its_own_is_masked_wherever_it_stands(secret: str) -> None:
    for text in (secret, f"before {secret} after", f'{{"a": "{secret}"}}', f"K={secret}\n"):
        shown = redacted(text)
        assert MASK in shown
        for part in filter(None, secret.split("\n")):
            assert part not in shown
    assert holds_secret(secret)


@pytest.mark.parametrize(("text", "secret"), NAMED.values(), ids=NAMED)
def test_a_secret_is_known_by_what_stands_beside_it(text: str, secret: str) -> None:
    assert secret not in redacted(text)
    assert MASK in redacted(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("text", [*SECRETS.values(), *(text for text, _ in NAMED.values())])
def test_masking_twice_is_masking_once(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


def everything() -> str:
    return " ; ".join([*SECRETS.values(), *(text for text, _ in NAMED.values())])


def assert_clean(text: str) -> None:
    parts = [part for secret in SECRETS.values() for part in secret.split("\n") if "KEY---" not in part]
    for part in filter(None, [*parts, *(secret for _, secret in NAMED.values())]):
        assert part not in text, part


def test_an_error_carries_none() -> None:
    error = AwspipeError(everything(), hint=everything())
    assert_clean(f"{error} {error!r} {error.args} {error.message} {error.hint}")
    assert_clean("\n".join(lines(error)) + json.dumps(document(error)))


def test_what_aws_answers_carries_none() -> None:
    answer: Any = {"Error": {"Code": "InvalidInputException", "Message": everything()[:500]}}
    assert_clean(str(explain(ClientError(answer, "CreateProject"), "create build-project shop")))


@pytest.mark.parametrize("as_json", [False, True], ids=["lines", "json"])
def test_a_console_prints_none(as_json: bool) -> None:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out=out, err=err, environ={}, json=as_json)
    console.answer(["a", everything()])
    console.say(everything())
    console.document({"a": [{"b": everything()}], "OAuthToken": "0123456789", "c": 1})
    console.record({"a": everything()})
    assert_clean(out.getvalue() + err.getvalue())
    assert "0123456789" not in out.getvalue()
    if as_json:
        json.loads(out.getvalue().partition('\n{"schema_version"')[0])


def test_a_traceback_shows_none(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(everything())
    except ValueError as error:
        main._traceback(error)
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert_clean(said)


def test_the_sandbox_s_own_keys_can_still_be_asked_for() -> None:
    out = io.StringIO()
    Console(out=out, environ={}, reveals=True).answer(f"export AWS_SECRET_ACCESS_KEY={SECRET}")
    assert out.getvalue() == f"export AWS_SECRET_ACCESS_KEY={SECRET}\n"


def changed(path: str, before: Any, after: Any) -> Plan:
    step = Step(Verb.UPDATE, Key("build-project", "shop-Build"), (Change(path, before, after),))
    return Plan(Scope("shop", "123456789012", "ap-northeast-2"), (step,), (), (), ())


@pytest.mark.parametrize("name", ["DB_PASSWORD", "GITHUB_TOKEN", "STRIPE_API_KEY", "PrivateKey"])
def test_a_plan_hides_the_value_of_a_variable_with_such_a_name(name: str) -> None:
    whole = [{"name": name, "value": "hunter2", "type": "PLAINTEXT"}]
    for plan in (
        changed(f"environment.environmentVariables[{name}].value", "hunter2", "hunter3"),
        changed("environment.environmentVariables", whole, [*whole, *whole]),
    ):
        told = "\n".join(plan_lines(plan)) + json.dumps(plan_document(plan))
        assert "hunter" not in told
        assert MASK in told


def test_a_plan_shows_other_variables_and_references() -> None:
    reference = [{"name": "TOKEN", "value": "shop/token", "type": "SECRETS_MANAGER"}]
    told = "\n".join(plan_lines(changed("environment.environmentVariables", [], reference)))
    assert "shop/token" in told
    told = "\n".join(plan_lines(changed("environment.environmentVariables[MODE].value", "a", "b")))
    assert told.splitlines()[1].strip() == "environment.environmentVariables[MODE].value: a -> b"


SPEC = """\
name: shop
stages:
  - {{name: Source, provider: codecommit, repository: shop}}
  - name: Build
    provider: codebuild
    env:
      VALUE: {value}
"""


@pytest.mark.parametrize(
    "secret",
    [*SECRETS.values(), f"{ACCESS} {SECRET}", "postgres://shop:hunter2@db/shop"],
)
def test_a_literal_secret_in_a_spec_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_text(SPEC.format(value=json.dumps(secret)), "awspipe.yml")
    (problem,) = caught.value.problems
    assert problem.message == '"VALUE": a secret must not stand in a spec'
    assert "{secret: name}" in problem.hint


@pytest.mark.parametrize("text", [*HARMLESS, "production", "true", "3.10", "a" * 40, "hunter2", ""])
def test_other_literals_in_a_spec_are_taken(text: str) -> None:
    (spec,) = load_text(SPEC.format(value=json.dumps(text)), "awspipe.yml")
    assert spec.stages[1].env["VALUE"] == text  # type: ignore[union-attr]


BY_NAME = """\
name: shop
stages:
  - {{name: Source, provider: codecommit, repository: shop}}
  - name: Build
    provider: {provider}
    env:
      {name}: {value}
"""


@pytest.mark.parametrize("provider", ["codebuild", "commands\n    commands: ls"])
@pytest.mark.parametrize(
    "name", ["AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "password", "API_TOKEN", "SHOP_APIKEY", "CLIENT_SECRET"]
)
def test_a_literal_is_refused_where_the_name_says_that_it_is_a_secret(name: str, provider: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_text(BY_NAME.format(name=name, provider=provider, value="hunter2"), "awspipe.yml")
    (problem,) = caught.value.problems
    assert problem.message == f'"{name}": a secret must not stand in a spec'
    assert "{secret: name}" in problem.hint
    assert "hunter2" not in problem.frame


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "{secret: shop/db}"),
        ("DB_PASSWORD", "{parameter: /shop/db}"),
        ("DB_PASSWORD", '""'),
        ("SEND_TOKEN", "true"),
        ("API_TOKEN", '"#{variables.TOKEN}"'),
        ("TOKEN_URL", "https://login.example.com/token"),
        ("PASSWORD_LENGTH", "12"),
        ("SECRET_NAME", "shop/db"),
    ],
)
def test_what_only_leads_to_a_secret_is_taken(name: str, value: str) -> None:
    text = f"variables: {{TOKEN: none}}\n{BY_NAME.format(name=name, provider='codebuild', value=value)}"
    load_text(text, "awspipe.yml")


def test_a_literal_secret_in_a_custom_action_is_refused() -> None:
    action = (
        "{name: Go, provider: custom, input: Source, "
        "declaration: {actionTypeId: {category: Compute, provider: Commands}, commands: [env], "
    )
    secret = f"{action}environmentVariables: [{{name: DB_PASSWORD, value: hunter2}}]}}}}"
    spec = "name: shop\nstages:\n  - {{name: Source, provider: codecommit, repository: shop}}\n  - {}\n"
    with pytest.raises(SpecError) as caught:
        load_text(spec.format(secret), "awspipe.yml")
    (problem,) = caught.value.problems
    assert problem.message == (
        "a secret must not stand in a spec as `value`: `type: SECRETS_MANAGER` fetches it"
    )
    assert "hunter2" not in problem.frame
    load_text(spec.format(secret.replace("hunter2", "shop/db, type: SECRETS_MANAGER")), "awspipe.yml")
