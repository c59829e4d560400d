"""`provider: cloudformation` as a Deploy: a stack is made or brought to a template of the artifact.

The stack is yours, and stays when the pipeline goes; what it may make says a role of yours.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from awspipe.providers.base import Consumer, Place
from awspipe.providers.fields import AnyText, RoleName, Several, Spelled, Text
from awspipe.resources.base import Reference
from awspipe.resources.policy import Statement
from awspipe.resources.role import Role

_EXECUTE = "CHANGE_SET_EXECUTE"
_NEEDED = ("template", "role")
_OF_TEMPLATE = (*_NEEDED, "settings", "parameters", "capabilities")
_StackName = Annotated[
    Text,
    Field(max_length=128),
    Spelled(r"[A-Za-z][A-Za-z0-9-]*", "begin with a letter; use only letters, digits and -"),
]
_File = Annotated[
    Text,
    Field(max_length=800),
    Spelled(r"[^:\n]+", "write the file's path in the artifact, and nothing more"),
]
_Parameter = Annotated[
    Text, Field(max_length=255), Spelled(r"[A-Za-z0-9]+", "a parameter's name has only letters and digits")
]


class CloudFormation(Consumer):
    """Makes a CloudFormation stack, or brings it to the template, from a file of the artifact.

    Outputs of the stack are the action's variables. To look before anything changes: one action with
    `mode: CHANGE_SET_REPLACE`, an approval, and one with `mode: CHANGE_SET_EXECUTE`. The stack is yours:
    `down` leaves it standing, with all that it costs. Modes that delete stacks are not taken here.
    """

    category = "Deploy"
    aws_provider = "CloudFormation"
    input_count = (0, 10)
    output_variables = None

    provider: Literal["cloudformation"]
    stack: _StackName
    """The stack's name."""
    mode: Literal["CREATE_UPDATE", "CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE"] = "CREATE_UPDATE"
    """Make or update the stack; or only write down in a change set what would change; or carry that out."""
    template: _File | None = None
    """The template's path in the (first) artifact; every mode but CHANGE_SET_EXECUTE needs it."""
    role: RoleName | None = None
    """The role that CloudFormation works with, by name: it must trust cloudformation.amazonaws.com and says
    what the stack may make. Every mode but CHANGE_SET_EXECUTE needs it; awspipe makes none."""
    settings: _File | None = None
    """The template configuration file in the (first) artifact: parameters, tags and a stack policy."""
    parameters: Annotated[dict[_Parameter, AnyText], Field(max_length=100)] = Field(default_factory=dict)
    """Values of the template's parameters, which win over those of `settings`: `{Size: "3"}`."""
    capabilities: Annotated[
        Several[Literal["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]],
        Field(max_length=3),
    ] = ()
    """What you agree to: that the stack makes roles or users (with names of their own), that macros run."""
    change_set: _StackName = "awspipe"
    """The change set's name, in the two modes that have one."""

    @model_validator(mode="before")
    @classmethod
    def _take_nothing_to_carry_out(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and raw.get("mode") == _EXECUTE and "input" not in raw:
            return {**raw, "input": []}
        return raw

    @model_validator(mode="after")
    def _consistent(self) -> CloudFormation:
        given = self.model_fields_set
        if self.mode == _EXECUTE:
            for key in given & {*_OF_TEMPLATE, "input"}:
                if key != "input" or self.input:
                    raise ValueError(f"`{key}` belongs to the change set: {_EXECUTE} only carries it out")
            return self
        for key in _NEEDED:
            if getattr(self, key) is None:
                raise ValueError(f"`mode: {self.mode}` needs `{key}`{_WHY[key]}")
        if self.input == ():
            raise ValueError("the template comes from an artifact: `input` cannot be empty")
        if "change_set" in given and self.mode == "CREATE_UPDATE":
            raise ValueError("`change_set` is for the modes CHANGE_SET_REPLACE and CHANGE_SET_EXECUTE")
        return self

    def configuration(self, place: Place) -> dict[str, str]:
        """All that CloudFormation is told; CodePipeline takes texts only."""
        given = {
            "ActionMode": self.mode,
            "StackName": self.stack,
            "ChangeSetName": None if self.mode == "CREATE_UPDATE" else self.change_set,
            "TemplatePath": _in_artifact(place, self.template),
            "TemplateConfiguration": _in_artifact(place, self.settings),
            "RoleArn": self.role and place.scope.any_role_arn(self.role),
            "Capabilities": ",".join(self.capabilities) or None,
            "ParameterOverrides": self._overrides(),
        }
        return {key: value for key, value in given.items() if value is not None}

    def _overrides(self) -> str | None:
        if not self.parameters:
            return None
        return json.dumps(self.parameters, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    def references(self, place: Place) -> Iterator[Reference]:
        """The role; one with a path IAM finds by its bare name only, so that one is not looked for."""
        if self.role and "/" not in self.role:
            yield Reference(Role.kind, self.role)

    def statements(self, place: Place) -> Iterator[Statement]:
        """What the mode needs on this stack, and to hand the role to CloudFormation and nobody else."""
        stack = place.scope.arn("cloudformation", f"stack/{self.stack}/*")
        policy = {"SetStackPolicy"} if self.settings and self.mode == "CREATE_UPDATE" else set()
        actions = sorted(f"cloudformation:{one}" for one in _LOOKS | _DOES[self.mode] | policy)
        yield Statement(actions=tuple(actions), resources=(stack,))
        if self.role:
            yield Statement(actions=("cloudformation:ValidateTemplate",), resources=("*",))
            condition = {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}
            arn = place.scope.any_role_arn(self.role)
            yield Statement(actions=("iam:PassRole",), resources=(arn,), condition=condition)


_WHY = {
    "template": ": the template's path in the artifact",
    "role": ": the name of a role of yours that says what the stack may make",
}
_LOOKS = {"DescribeStackEvents", "DescribeStackResources", "DescribeStacks", "GetTemplate"}
_DOES = {
    "CREATE_UPDATE": {"CreateStack", "UpdateStack"},
    "CHANGE_SET_REPLACE": {"CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet"},
    "CHANGE_SET_EXECUTE": {"DescribeChangeSet", "ExecuteChangeSet"},
}


def _in_artifact(place: Place, file: str | None) -> str | None:
    """A file of the first artifact, as CodePipeline writes it."""
    return file and f"{next(iter(place.inputs), '')}::{file}"
