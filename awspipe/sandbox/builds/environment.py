"""The variables of a build: whoever starts it over the project over the buildspec, and CodeBuild's own.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

from __future__ import annotations

from collections.abc import Mapping

from awspipe.formats.buildspec_model import Env
from awspipe.sandbox.builds.logs import Log
from awspipe.sandbox.builds.record import Build
from awspipe.sandbox.builds.rooms import Rooms, Spot
from awspipe.sandbox.builds.world import MissingValueError, World

PLAINTEXT, PARAMETER, SECRET = "PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"
GIVEN = "GIVEN"
"""The value of a parameter or a secret itself, from whoever starts a build without AWS."""


def variables(build: Build, spec: Env, world: World, log: Log) -> dict[str, str]:
    """The user's variables, references resolved and their values masked in the log. MissingValueError."""
    named = {name: (value, PLAINTEXT) for name, value in spec.variables.items()}
    named |= {name: (value, PARAMETER) for name, value in spec.parameter_store.items()}
    named |= {name: (value, SECRET) for name, value in spec.secrets_manager.items()}
    for one in build.project["environment"].get("environmentVariables", ()):
        named[one["name"]] = (one["value"], one.get("type", PLAINTEXT))
    named |= {name: (value, kind) for name, value, kind in build.overrides}
    found = {}
    for name, (value, kind) in named.items():
        found[name] = value if kind in (PLAINTEXT, GIVEN) else _looked_up(world, name, value, kind)
        if kind != PLAINTEXT:
            log.mask(found[name])
    return found


def _looked_up(world: World, name: str, reference: str, kind: str) -> str:
    try:
        return world.parameter(reference) if kind == PARAMETER else world.secret(reference)
    except MissingValueError as error:
        raise MissingValueError(f"{name}: {error}") from error


def whole(
    build: Build, world: World, rooms: Rooms, sources: Mapping[str, Spot], users: Mapping[str, str]
) -> dict[str, str]:
    """The environment of the commands: the machine's, over it the user's, over these CodeBuild's own."""
    primary, *others = sources.items()
    return {
        **rooms.environ(),
        **world.access(),
        **users,
        **_codebuild(build),
        "CODEBUILD_SRC_DIR": primary[1].inside,
        **{f"CODEBUILD_SRC_DIR_{name}": spot.inside for name, spot in others},
    }


def _codebuild(build: Build) -> dict[str, str]:
    named = {
        "CODEBUILD_BUILD_ARN": build.arn,
        "CODEBUILD_BUILD_ID": build.id,
        "CODEBUILD_BUILD_IMAGE": str(build.project["environment"]["image"]),
        "CODEBUILD_BUILD_NUMBER": str(build.number),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": build.initiator,
        "CODEBUILD_KMS_KEY_ID": str(build.project.get("encryptionKey", "")),
        "CODEBUILD_LOG_PATH": build.log_stream,
        "CODEBUILD_PROJECT_ARN": build.arn.replace(f"build/{build.id}", f"project/{build.project['name']}"),
        "CODEBUILD_RESOLVED_SOURCE_VERSION": build.revision,
        "CODEBUILD_START_TIME": str(int(build.start * 1000)),
    }
    if build.inputs and build.inputs[0].bucket:
        first = build.inputs[0]
        named["CODEBUILD_SOURCE_VERSION"] = f"arn:aws:s3:::{first.bucket}/{first.key}"
    return {name: value for name, value in named.items() if value}
