"""The variables of a build: whoever starts it over the project over the buildspec, and CodeBuild's own.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from awspipe.formats.buildspec_model import Env
from awspipe.sandbox import roles, runtime
from awspipe.sandbox.builds.logs import Log
from awspipe.sandbox.builds.record import Build

_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "http_proxy", "https_proxy", "no_proxy")
"""What a build has of this machine's environment: no `CI`, no credentials, no settings of the user's."""


class MissingValueError(Exception):
    """A parameter or a secret that is not there, or that the build's role may not read."""


def variables(build: Build, spec: Env, log: Log, account: str, region: str) -> dict[str, str]:
    """The user's variables, references resolved and their values masked in the log."""
    named = {name: (value, "PLAINTEXT") for name, value in spec.variables.items()}
    named |= {name: (value, "PARAMETER_STORE") for name, value in spec.parameter_store.items()}
    named |= {name: (value, "SECRETS_MANAGER") for name, value in spec.secrets_manager.items()}
    for one in build.project["environment"].get("environmentVariables", ()):
        named[one["name"]] = (one["value"], one.get("type", "PLAINTEXT"))
    named |= {name: (value, kind) for name, value, kind in build.overrides}
    found = {}
    for name, (value, kind) in named.items():
        found[name] = value if kind == "PLAINTEXT" else _looked_up(build, kind, value, account, region)
        if kind != "PLAINTEXT":
            log.mask(found[name])
    return found


def own(build: Build, region: str, sources: Mapping[str, Path], home: Path) -> dict[str, str]:
    """CodeBuild's variables and what keeps a build away from this machine's user."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    primary = next(iter(sources.values()))
    return {
        **kept,
        **aws,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "CODEBUILD_BUILD_ARN": build.arn,
        "CODEBUILD_BUILD_ID": build.id,
        "CODEBUILD_BUILD_IMAGE": str(build.project["environment"]["image"]),
        "CODEBUILD_BUILD_NUMBER": str(build.number),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": build.initiator,
        "CODEBUILD_LOG_PATH": build.uuid,
        "CODEBUILD_PROJECT_ARN": build.arn.replace(f"build/{build.id}", f"project/{build.project['name']}"),
        "CODEBUILD_RESOLVED_SOURCE_VERSION": build.revision,
        "CODEBUILD_SOURCE_VERSION": build.revision,
        "CODEBUILD_SRC_DIR": str(primary),
        **{f"CODEBUILD_SRC_DIR_{name}": str(path) for name, path in list(sources.items())[1:]},
        "CODEBUILD_START_TIME": str(int(build.start * 1000)),
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "PYTHONUSERBASE": str(home / ".local"),
        "npm_config_prefix": str(home / ".npm-global"),
    }


def _looked_up(build: Build, kind: str, name: str, account: str, region: str) -> str:
    look = _parameter if kind == "PARAMETER_STORE" else _secret
    with runtime.current().lock:
        return look(build, name, account, region)


def _parameter(build: Build, name: str, account: str, region: str) -> str:
    from moto.ssm.models import ssm_backends

    _may(build, "ssm:GetParameters", f"arn:aws:ssm:{region}:{account}:parameter/{name.lstrip('/')}")
    found = ssm_backends[account][region].get_parameter(name)
    if found is None:
        raise MissingValueError(f"Parameter {name} does not exist")
    return str(found.response_object(decrypt=True, region=region)["Value"])


def _secret(build: Build, reference: str, account: str, region: str) -> str:
    """`secret-id[:json-key[:version-stage[:version-id]]]`; the id may be an ARN."""
    from moto.secretsmanager.models import secretsmanager_backends

    parts = reference.split(":")
    head = 7 if reference.startswith("arn:") else 1
    name = ":".join(parts[:head])
    key, stage, version = (*parts[head:], "", "", "")[:3]
    backend = secretsmanager_backends[account][region]
    held = backend.secrets.get(name)
    if held is None:
        raise MissingValueError(f"Secrets Manager can't find the specified secret: {name}")
    _may(build, "secretsmanager:GetSecretValue", str(held.arn))
    text = str(backend.get_secret_value(name, version, stage or "AWSCURRENT")["SecretString"])
    if not key:
        return text
    try:
        return str(json.loads(text)[key])
    except (ValueError, KeyError, TypeError):
        raise MissingValueError(f"the secret {name} has no key {key}") from None


def _may(build: Build, action: str, resource: str) -> None:
    refused = roles.refusal(build.project["serviceRole"], action, resource, session="AWSCodeBuild")
    if refused is not None:
        raise MissingValueError(refused)
