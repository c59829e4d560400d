"""`provider: custom`: an action in CodePipeline's own words, for whatever awspipe has no words for.

Nothing is made for it. Name, order, namespace and artifacts are said as for every other action.
https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from awspipe.formats.secrets import holds_secret, names_secret
from awspipe.providers.base import ArtifactName, Consumer, Place, Producer
from awspipe.providers.fields import AnyText, Several, Spelled, Strict, Text, Whole
from awspipe.resources.policy import Statement

_OWNERS = Literal["AWS", "ThirdParty", "Custom"]
_CATEGORIES = Literal["Source", "Build", "Deploy", "Test", "Invoke", "Approval", "Compute"]


class ActionType(Strict):
    """Which action, as AWS lists them."""

    category: _CATEGORIES
    """What it counts as."""
    owner: _OWNERS = "AWS"
    """Who provides it."""
    provider: Annotated[
        Text, Field(max_length=35), Spelled(r"[0-9A-Za-z_-]+", "use only letters, digits, _ and -")
    ]
    """What does the work, e.g. Lambda."""
    version: Annotated[
        Text, Field(max_length=9), Spelled(r"[0-9A-Za-z_-]+", "use only letters, digits, _ and -")
    ] = "1"
    """The action type's version."""


class EnvironmentVariable(Strict):
    """A variable for the commands of the action."""

    name: Annotated[Text, Field(max_length=128), Spelled(r"[A-Za-z0-9_]+", "use only letters, digits and _")]
    """Its name."""
    value: Annotated[Text, Field(max_length=2000)]
    """Its value, or with `type: SECRETS_MANAGER` the secret's name."""
    type: Literal["PLAINTEXT", "SECRETS_MANAGER"] = "PLAINTEXT"
    """What `value` is."""

    @model_validator(mode="after")
    def _no_literal_secret(self) -> EnvironmentVariable:
        if self.type == "PLAINTEXT" and (holds_secret(self.value) or names_secret(self.name, self.value)):
            raise ValueError(
                "a secret must not stand in a spec as `value`: `type: SECRETS_MANAGER` fetches it"
            )
        return self


_ROLE = Spelled(r"arn:aws(-[\w]+)*:iam::[0-9]{12}:role/.*", "write a role's ARN")


class Declaration(Strict):
    """What is sent to CodePipeline as it stands here."""

    actionTypeId: ActionType  # noqa: N815 - AWS's own word
    """Which action."""
    configuration: dict[Text, AnyText] = Field(default_factory=dict)
    """Its configuration: texts, `"true"` among them."""
    commands: Annotated[list[Annotated[Text, Field(max_length=1000)]], Field(max_length=50)] | None = None
    """What a Commands action runs."""
    outputVariables: (  # noqa: N815 - AWS's own word
        Annotated[list[Annotated[Text, Field(max_length=128)]], Field(max_length=15)] | None
    ) = None
    """The variables that a Commands action gives."""
    environmentVariables: (  # noqa: N815 - AWS's own word
        Annotated[list[EnvironmentVariable], Field(max_length=10)] | None
    ) = None
    """The variables that a Commands action gets."""
    roleArn: Annotated[Text, Field(max_length=1024), _ROLE] | None = None  # noqa: N815 - AWS's own word
    """A role of the action's own, which the pipeline's must be allowed to assume."""
    timeoutInMinutes: Annotated[Whole, Field(ge=5, le=86400)] | None = None  # noqa: N815 - AWS's own word
    """How long an approval waits."""


class Allowed(Strict):
    """What the pipeline's role may do for the action."""

    actions: Several[Annotated[Text, Spelled(r"[a-z0-9-]+:[A-Za-z0-9*]+", "write service:Action")]]
    """IAM actions, e.g. `lambda:InvokeFunction`."""
    resources: Several[Annotated[Text, Spelled(r"\*|arn:.+", 'write ARNs, or "*"')]]
    """On which ARNs."""


class Custom(Consumer, Producer):
    """Any action that CodePipeline has, declared as AWS writes it.

    Of the types that AWS itself provides, the configuration that its reference demands is checked, and how
    many artifacts there are.
    """

    category = "Invoke"
    aws_provider = "Custom"
    input_count = (0, 10)
    output_count = (0, 10)
    output_variables = None

    provider: Literal["custom"]
    declaration: Declaration
    """The action declaration, without name, order, namespace and artifacts."""
    statements_: Annotated[list[Allowed], Field(alias="statements")] = Field(default_factory=list)
    """What the pipeline's role must be allowed for it."""
    input: Several[ArtifactName] = ()
    """The artifacts it takes, the primary one first; by default none."""

    def own_category(self) -> str:
        """As declared."""
        return self.declaration.actionTypeId.category

    def type_id(self) -> dict[str, str]:
        """As declared."""
        return self.declaration.actionTypeId.model_dump()

    def configuration(self, place: Place) -> dict[str, str]:
        """As declared."""
        return dict(self.declaration.configuration)

    def siblings(self) -> dict[str, object]:
        """All else that is declared."""
        return self.declaration.model_dump(exclude={"actionTypeId", "configuration"}, exclude_none=True)

    def filled_in(self) -> Iterator[str]:
        """As of `provider: commands`."""
        yield from self.declaration.commands or ()
        yield from (one.value for one in self.declaration.environmentVariables or ())

    def statements(self, place: Place) -> Iterator[Statement]:
        """What the spec says."""
        for one in self.statements_:
            yield Statement(actions=one.actions, resources=one.resources)
