"""`provider: commands`: shell commands that CodePipeline runs itself, with no build project.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from awspipe.providers.base import Place, Producer
from awspipe.providers.codebuild import Env, EnvValue, Parameter, Secret, none_by_name, secret_statements
from awspipe.providers.custom import Allowed
from awspipe.providers.fields import Several, Spelled, Text
from awspipe.providers.managed import Managed
from awspipe.resources.policy import Statement

_VALUE_LIMIT = 2000

Command = Annotated[
    Text, Field(max_length=1000), Spelled(r"[^\n\r]+", "a command is one line: write each as its own entry")
]
VariableName = Annotated[
    Text,
    Field(max_length=128),
    Spelled(r"[A-Za-z_][A-Za-z0-9_]*", "use only letters, digits and _, and no digit first"),
]


def _takeable(env: Env) -> Env:
    for name, value in env.items():
        _check_value(name, value)
    return env


def _check_value(name: str, value: EnvValue) -> None:
    if len(name) > 128:
        raise ValueError(f"a name here has at most 128 characters, and {name[:20]}... has {len(name)}")
    if isinstance(value, Parameter):
        raise ValueError(f"CodePipeline hands no parameter to commands: write {{secret: name}} for {name}")
    text = value.secret if isinstance(value, Secret) else value
    if not 1 <= len(text) <= _VALUE_LIMIT:
        raise ValueError(f"a value here has 1 to {_VALUE_LIMIT} characters, and that of {name} {len(text)}")


class Commands(Managed, Producer):
    """Shell commands that CodePipeline runs itself, on a build machine without a build project.

    They run where the artifact's files are, with the rights of the pipeline's role, one after the other until
    one fails, for at most 55 minutes; their build minutes are charged as CodeBuild's.
    """

    category = "Compute"
    aws_provider = "Commands"
    input_count = (1, 10)
    output_count = (0, 1)
    output_variables = None
    uses_codebuild_minutes = True
    usual_minutes = 2

    provider: Literal["commands"]
    commands: Annotated[Several[Command], Field(min_length=1, max_length=50)]
    """The commands, each in one line."""
    compute: Literal["small", "medium", "large"] = "small"
    """The size of the build machine; only `small` is in the free tier."""
    env: Annotated[Env, Field(max_length=10), AfterValidator(none_by_name), AfterValidator(_takeable)] = (
        Field(default_factory=dict)
    )
    """Environment variables: a text or `{secret: name}`. A text may read variables of earlier actions, and so
    may the commands."""
    output_variables_: Annotated[Several[VariableName], Field(alias="output_variables", max_length=15)] = ()
    """Variables of the shell that later actions may read, under the action's namespace."""
    files: Annotated[Several[Annotated[Text, Field(max_length=128)]], Field(max_length=10)] = ()
    """The files that become the action's artifact, e.g. `dist/**/*`; by default it makes none."""
    statements_: Annotated[list[Allowed], Field(alias="statements")] = Field(default_factory=list)
    """What the pipeline's role must be allowed for the commands, beside what the pipeline needs."""

    @model_validator(mode="after")
    def _files_for_an_artifact(self) -> Commands:
        if self.output and not self.files:
            raise ValueError("`output` needs `files`: which files the artifact is made of")
        return self

    def default_output_count(self) -> int:
        """One where there are files for it."""
        return 1 if self.files else 0

    def variables(self) -> frozenset[str]:
        """Those that the spec names."""
        return frozenset(self.output_variables_)

    def output_files(self) -> tuple[str, ...]:
        """What the artifact is made of."""
        return self.files

    def configuration(self, place: Place) -> dict[str, str]:
        """The machine."""
        return {"ComputeType": f"BUILD_GENERAL1_{self.compute.upper()}", "EnvironmentType": "LINUX_CONTAINER"}

    def siblings(self) -> dict[str, object]:
        """The commands and their variables stand beside the configuration."""
        listed = [_variable(name, value) for name, value in sorted(self.env.items())]
        given = {"environmentVariables": listed, "outputVariables": list(self.output_variables_)}
        return {"commands": list(self.commands), **{key: value for key, value in given.items() if value}}

    def filled_in(self) -> Iterator[str]:
        """CodePipeline fills in references in the commands and in the values of their variables."""
        yield from self.commands
        yield from (value for value in self.env.values() if isinstance(value, str))

    def statements(self, place: Place) -> Iterator[Statement]:
        """What AWS asks for the log and the secrets, and what the spec says."""
        yield from super().statements(place)
        yield from secret_statements(place.scope, self.env)
        for one in self.statements_:
            yield Statement(actions=one.actions, resources=one.resources)


def _variable(name: str, value: EnvValue) -> dict[str, str]:
    if isinstance(value, Secret):
        return {"name": name, "value": value.secret, "type": "SECRETS_MANAGER"}
    return {"name": name, "value": str(value), "type": "PLAINTEXT"}
