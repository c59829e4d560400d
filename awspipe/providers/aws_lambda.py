"""`provider: lambda` as a Deploy: a function of yours gets new code, and its alias is shifted to that.

Function and alias are yours: awspipe makes none and removes none.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-LambdaDeploy.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from awspipe.providers.base import Place
from awspipe.providers.fields import Several, Spelled, Text
from awspipe.providers.gates import REFERENCE
from awspipe.providers.managed import Managed
from awspipe.resources.policy import Statement

_TWO_DAYS = 2 * 24 * 60
_SHIFT = re.compile(r"(Canary|Linear)([0-9]+)Percent(?:Every)?([0-9]+)Minutes?")


def _possible(strategy: str) -> str:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-LambdaDeploy.html."""
    shift = _SHIFT.fullmatch(strategy)
    if shift is None:
        return strategy
    percent, minutes = int(shift[2]), int(shift[3])
    if not 1 <= percent <= 99 or minutes < 1:
        raise ValueError("a strategy shifts 1 to 99 percent at a time, and waits for at least a minute")
    steps = 1 if shift[1] == "Canary" else ceil(100 / percent) - 1
    if steps * minutes > _TWO_DAYS:
        raise ValueError(f"{strategy} would take {steps * minutes} minutes; AWS waits {_TWO_DAYS} at most")
    return strategy


Strategy = Annotated[
    Text,
    Spelled(
        r"AllAtOnce|Canary[0-9]{1,4}Percent[0-9]{1,6}Minutes?|Linear[0-9]{1,4}PercentEvery[0-9]{1,6}Minutes?",
        "write AllAtOnce, Canary10Percent5Minutes or Linear10PercentEvery1Minute, with numbers of your own",
    ),
    AfterValidator(_possible),
]
_AlarmName = Annotated[
    Text,
    Field(max_length=255),
    Spelled(r"[^,*?\n]+", "an alarm's name is listed here: no comma, * or ? in it"),
]


class Lambda(Managed):
    """Publishes a version of a Lambda function that is there already, and shifts an alias to it.

    The artifact is the function's code, as one zip. A function of an image cannot be deployed so.
    """

    category = "Deploy"
    aws_provider = "Lambda"
    input_count = (0, 1)
    output_variables = frozenset({"FunctionVersion"})

    provider: Literal["lambda"]
    function: Annotated[
        Text,
        Field(max_length=64),
        Spelled(r"[A-Za-z0-9_-]+", "write a function's name: letters, digits, _ and -"),
    ]
    """The function's name."""
    alias: (
        Annotated[
            Text,
            Field(max_length=128),
            Spelled(r"(?=.*[A-Za-z_-])[A-Za-z0-9_-]+", "use letters, digits, _ and -, and not digits alone"),
        ]
        | None
    ) = None
    """The alias that is shifted to the new version; without it the version is published, and that is all."""
    strategy: Strategy = "AllAtOnce"
    """How the traffic goes over: `AllAtOnce`, `Canary10Percent5Minutes` (10 percent, and 5 minutes later the
    rest) or `Linear10PercentEvery1Minute`, also with other numbers. Its minutes are charged as the
    action's."""
    alarms: Annotated[Several[_AlarmName], Field(max_length=10)] = ()
    """CloudWatch alarms of yours: one that goes off meanwhile fails the action."""
    version: (
        Annotated[
            Text,
            Spelled(
                rf"[1-9][0-9]*|{REFERENCE}", 'write a version\'s number, or "#{namespace.VARIABLE}" in quotes'
            ),
        ]
        | None
    ) = None
    """A version that is published already: the alias is shifted to it, and no artifact is taken."""

    @model_validator(mode="before")
    @classmethod
    def _take_no_code_for_a_version(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and "version" in raw and "input" not in raw:
            return {**raw, "input": []}
        return raw

    @model_validator(mode="after")
    def _consistent(self) -> Lambda:
        if self.version is not None and self.input:
            raise ValueError("`version` is published already, so it takes no `input`")
        if self.version is None and self.input == ():
            raise ValueError("without code from an `input` it must say which `version`")
        if self.alias is None:
            for key in ("strategy", "alarms", "version"):
                if key in self.model_fields_set:
                    raise ValueError(f"`{key}` is about traffic that is shifted: it needs `alias`")
        return self

    def configuration(self, place: Place) -> dict[str, str]:
        """Function, alias and how the one is shifted to the other."""
        given = {
            "FunctionName": self.function,
            "FunctionAlias": self.alias,
            "DeployStrategy": self.strategy if self.alias else None,
            "Alarms": ",".join(self.alarms) or None,
            "PublishedTargetVersion": self.version,
        }
        return {key: value for key, value in given.items() if value is not None}

    def statements(self, place: Place) -> Iterator[Statement]:
        """What AWS asks for this function, its versions and aliases, for the alarms and for the log."""
        yield from super().statements(place)
        function = place.scope.arn("lambda", f"function:{self.function}")
        yield Statement(
            actions=(
                "lambda:GetAlias",
                "lambda:GetFunctionConfiguration",
                "lambda:GetProvisionedConcurrencyConfig",
                "lambda:PublishVersion",
                "lambda:UpdateAlias",
                "lambda:UpdateFunctionCode",
            ),
            resources=(function, f"{function}:*"),
        )
        if self.alarms:
            alarms = tuple(place.scope.arn("cloudwatch", f"alarm:{name}") for name in self.alarms)
            yield Statement(actions=("cloudwatch:DescribeAlarms",), resources=alarms)
