"""`provider: codebuild`: a build project that the pipeline runs, as a Build or a Test.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from awspipe.formats.secrets import holds_secret, names_secret
from awspipe.naming import Scope
from awspipe.providers.base import Consumer, Place, Producer
from awspipe.providers.fields import AnyText, Flag, Spelled, Strict, Text, Whole
from awspipe.resources.base import Resource
from awspipe.resources.log_group import LogGroup
from awspipe.resources.policy import Statement, may_log
from awspipe.resources.project import BuildProject, Variable
from awspipe.resources.role import Role


class Secret(Strict):
    """A value from Secrets Manager: the secret's name, and optionally `:json-key`."""

    secret: Annotated[Text, Field(max_length=512)]


class Parameter(Strict):
    """A value from the Systems Manager Parameter Store: the parameter's name."""

    parameter: Annotated[Text, Field(max_length=1011)]


def _not_codebuilds_own(name: str) -> str:
    if name.startswith("CODEBUILD_"):
        raise ValueError("names that begin with CODEBUILD_ are CodeBuild's own")
    return name


LITERAL_SECRET = PydanticCustomError("literal_secret", "a secret must not stand in a spec")


def _by_shape(value: Any, text: ValidatorFunctionWrapHandler) -> Any:
    """One of the three, so that a mistake is reported for what was meant and not for all three."""
    match value:
        case {"secret": _, "parameter": _}:
            raise PydanticCustomError("env_value", "write either `secret` or `parameter`")
        case {"secret": _}:
            return Secret.model_validate(value)
        case {"parameter": _}:
            return Parameter.model_validate(value)
        case dict() | list() | None:
            raise PydanticCustomError("env_value", "write a text, {secret: name} or {parameter: name}")
    written = text(value)
    if holds_secret(written):
        raise LITERAL_SECRET
    return written


def none_by_name(env: Env) -> Env:
    """No text is taken for a variable whose name says that its value is a secret."""
    wrong = [
        InitErrorDetails(type=LITERAL_SECRET, loc=(name,), input=value)
        for name, value in env.items()
        if isinstance(value, str) and names_secret(name, value)
    ]
    if wrong:
        raise ValidationError.from_exception_data("env", wrong)
    return env


_REFERENCE = re.compile(r"#\{[A-Za-z0-9@_-]+\.[A-Za-z0-9@_-]+\}")
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html"""

EnvName = Annotated[
    Text,
    Field(max_length=255),
    Spelled(r"[A-Za-z_][A-Za-z0-9_]*", "use only letters, digits and _, and no digit first"),
    AfterValidator(_not_codebuilds_own),
]
EnvValue = Annotated[AnyText | Secret | Parameter, WrapValidator(_by_shape)]
Env = dict[EnvName, EnvValue]


class CodeBuild(Consumer, Producer):
    """A build (or a test) that CodeBuild runs with a buildspec."""

    category = "Build"
    aws_provider = "CodeBuild"
    input_count = (1, 5)
    output_count = (0, 5)
    default_outputs = 1
    output_variables = None
    uses_codebuild_minutes = True
    usual_minutes = 3

    provider: Literal["codebuild"]
    category_: Annotated[Literal["Build", "Test"], Field(alias="category")] = "Build"
    """Test: the action only checks, and makes no artifact unless `output` says so."""
    image: Annotated[Text, Field(max_length=255)] = "aws/codebuild/standard:7.0"
    """The build image."""
    compute: Literal["small", "medium", "large", "xlarge", "2xlarge"] = "small"
    """The size of the build machine; only `small` is in the free tier."""
    buildspec: Text = "buildspec.yml"
    """A path in the source, or the buildspec itself as a text of several lines."""
    env: Annotated[Env, AfterValidator(none_by_name)] = Field(default_factory=dict)
    """Environment variables: a text, `{secret: name}` or `{parameter: name}`. A text may read variables of
    earlier actions, by their `namespace`: `"#{SourceVariables.CommitId}"`."""
    privileged: Flag = False
    """true: the build may run docker."""
    cache: Literal["none", "source", "docker", "custom"] = "none"
    """What a build machine keeps for the next build, at no charge."""
    timeout: Annotated[Whole, Field(ge=5, le=2160)] = 15
    """Minutes after which a build is stopped."""

    @model_validator(mode="after")
    def _docker_cache_needs_docker(self) -> CodeBuild:
        if self.cache == "docker" and not self.privileged:
            raise ValueError("`cache: docker` needs `privileged: true`")
        return self

    def own_category(self) -> str:
        """Build or Test."""
        return self.category_

    def default_output_count(self) -> int:
        """A test makes no artifact unless told to."""
        return 1 if self.category_ == "Build" else 0

    @property
    def build_type(self) -> str:
        """The kind of machine the image needs: Linux on x86, ARM or Windows."""
        if "aarch64" in self.image:
            return "ARM_CONTAINER"
        return "WINDOWS_SERVER_2022_CONTAINER" if "windows-base:2022" in self.image else "LINUX_CONTAINER"

    def _given(self, *, late: bool) -> Env:
        """The variables with a reference, which CodePipeline fills in for each run; or all the others."""
        return {name: value for name, value in self.env.items() if _has_reference(value) is late}

    def resources(self, place: Place) -> Iterator[Resource]:
        """The project, its role, and its log group (made by us so that its lines do not stay for ever)."""
        scope = place.scope
        project = scope.project(place.part)
        group = LogGroup.for_project(scope, project)
        role = Role.for_project(
            scope,
            place.part,
            project=project,
            statements=tuple(self._role_statements(place, project, group.name)),
        )
        yield group
        yield role
        yield BuildProject(
            name=project,
            scope=scope,
            role_arn=role.arn,
            image=self.image,
            build_type=self.build_type,
            compute=f"BUILD_GENERAL1_{self.compute.upper()}",
            buildspec=self.buildspec,
            variables=tuple(_variables(self._given(late=False))),
            privileged=self.privileged,
            cache=self.cache,
            timeout=self.timeout,
            log_group=group.name,
        )

    def _role_statements(self, place: Place, project: str, group: str) -> Iterator[Statement]:
        scope = place.scope
        yield may_log(scope.log_group_arn(group))
        bucket = scope.bucket_arn(place.artifact_bucket)
        yield Statement(
            actions=("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"), resources=(f"{bucket}/*",)
        )
        yield Statement(actions=("s3:GetBucketAcl", "s3:GetBucketLocation"), resources=(bucket,))
        yield Statement(
            actions=(
                "codebuild:BatchPutCodeCoverages",
                "codebuild:BatchPutTestCases",
                "codebuild:CreateReport",
                "codebuild:CreateReportGroup",
                "codebuild:UpdateReport",
            ),
            resources=(scope.arn("codebuild", f"report-group/{project}-*"),),
        )
        yield from secret_statements(scope, self.env)
        yield from place.needs

    def configuration(self, place: Place) -> dict[str, str]:
        """The project, which input is the primary one where there are several, and what is filled in."""
        primary = {"PrimarySource": place.inputs[0]} if len(place.inputs) > 1 else {}
        late = [asdict(one) for one in _variables(self._given(late=True))]
        text = {"EnvironmentVariables": json.dumps(late, ensure_ascii=False)} if late else {}
        return {"ProjectName": place.scope.project(place.part), **primary, **text}

    def statements(self, place: Place) -> Iterator[Statement]:
        """What CodePipeline needs to run a build and see how it goes."""
        yield Statement(
            actions=("codebuild:BatchGetBuilds", "codebuild:StartBuild"),
            resources=(place.scope.project_arn(place.scope.project(place.part)),),
        )


def secret_statements(scope: Scope, env: Env) -> Iterator[Statement]:
    """What must be allowed to whoever looks up the parameters and secrets of some variables."""
    parameters = [one.parameter for one in env.values() if isinstance(one, Parameter)]
    if parameters:
        yield Statement(
            actions=("ssm:GetParameters",),
            resources=tuple(scope.arn("ssm", f"parameter/{name.lstrip('/')}") for name in parameters),
        )
    secrets = [one.secret for one in env.values() if isinstance(one, Secret)]
    if secrets:
        yield Statement(
            actions=("secretsmanager:GetSecretValue",),
            resources=tuple(_secret_arn(scope.arn, name) for name in secrets),
        )


def _has_reference(value: str | Secret | Parameter) -> bool:
    return isinstance(value, str) and _REFERENCE.search(value) is not None


def _variables(env: dict[str, str | Secret | Parameter]) -> Iterator[Variable]:
    for name, value in sorted(env.items()):
        match value:
            case Secret():
                yield Variable(name, value.secret, "SECRETS_MANAGER")
            case Parameter():
                yield Variable(name, value.parameter, "PARAMETER_STORE")
            case _:
                yield Variable(name, value, "PLAINTEXT")


def _secret_arn(arn: Callable[[str, str], str], reference: str) -> str:
    """The ARN pattern of a secret: AWS adds six random characters to its name."""
    if reference.startswith("arn:"):
        return ":".join(reference.split(":")[:7]) + "*"
    return arn("secretsmanager", f"secret:{reference.split(':', maxsplit=1)[0]}-??????")
