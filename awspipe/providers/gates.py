"""What decides about a stage as a whole: who may enter, and what follows from its success or failure.

https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from awspipe.providers.fields import AnyText, Name, Spelled, Strict, Text

REFERENCE = r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}"
_MINUTE, _MONTH = r"[0-9,*/-]+", r"[0-9A-Z,*/-]+"
_CRON = rf"\* {_MINUTE} {_MINUTE} [0-9,*/?LW-]+ {_MONTH} [0-9A-Z,*/?L#-]+( {_MINUTE})?"
_OPERATORS = {"equals": "EQ", "differs": "NE", "contains": "CONTAINS", "matches": "MATCHES"}


class Rule(Strict):
    """One rule of a condition."""

    aws_provider: ClassVar[str]

    name: Name | None = None
    """What the rule is called where it is shown."""

    def configuration(self) -> dict[str, str]:
        """As CodePipeline takes it."""
        raise NotImplementedError


class VariableCheck(Rule):
    """A rule that a variable has a value; one of `equals`, `differs`, `contains`, `matches` says which.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-VariableCheck.html
    """

    aws_provider = "VariableCheck"

    variable: Annotated[Text, Spelled(REFERENCE, 'write "#{namespace.VARIABLE}", in quotes')]
    """The variable, e.g. `"#{SourceVariables.BranchName}"`."""
    equals: AnyText | None = None
    """It has this value."""
    differs: AnyText | None = None
    """It has another value than this."""
    contains: Text | None = None
    """Its value has this text in it."""
    matches: Text | None = None
    """Its value matches this regular expression of Java's."""

    @model_validator(mode="after")
    def _compares_once(self) -> VariableCheck:
        if len(self._compared()) != 1:
            raise ValueError("a rule about a `variable` needs one of: equals, differs, contains, matches")
        return self

    def _compared(self) -> dict[str, str]:
        return {key: text for key in _OPERATORS if (text := getattr(self, key)) is not None}

    def configuration(self) -> dict[str, str]:
        """Variable, value and operator."""
        ((key, value),) = self._compared().items()
        return {"Variable": self.variable, "Value": value, "Operator": _OPERATORS[key]}


class DeploymentWindow(Rule):
    """A rule that it is the time for it.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-DeploymentWindow.html
    """

    aws_provider = "DeploymentWindow"

    cron: Annotated[
        Text, Spelled(_CRON, "write second (*), minute, hour, day, month, weekday: * * 9-17 ? * MON-FRI")
    ]
    """When: second (always `*`), minute, hour, day of the month, month, day of the week, maybe the year."""
    timezone: Annotated[
        Text,
        Spelled(
            r"UTC([+-][0-9]{1,2}(:[0-9]{2})?)?|[A-Z]{3,5}|[A-Za-z]+(/[A-Za-z_]+)+",
            "write a time zone: Asia/Seoul, or UTC",
        ),
    ] = "UTC"
    """The time zone of `cron`."""

    def configuration(self) -> dict[str, str]:
        """The times and their zone."""
        return {"Cron": self.cron, "TimeZone": self.timezone}


def _by_shape(value: Any, _: ValidatorFunctionWrapHandler) -> Rule:
    """The rule that is meant, so that a mistake is reported for that one."""
    meant = DeploymentWindow if isinstance(value, dict) and "cron" in value else VariableCheck
    return meant.model_validate(value)


Rules = Annotated[
    list[Annotated[VariableCheck | DeploymentWindow, WrapValidator(_by_shape)]],
    Field(min_length=1, max_length=5),
]


class Condition(Strict):
    """Rules that must all hold, and what happens otherwise."""

    rules: Rules
    """All of these must hold. A rule has either `variable` or `cron`."""

    def declaration(self) -> dict[str, Any]:
        """As CodePipeline takes it: one condition."""
        return {"conditions": [{"result": self.result, "rules": [*self._declared()]}]}

    @property
    def result(self) -> str:
        """AWS's word for what happens otherwise."""
        return str(getattr(self, "otherwise", "fail")).upper()

    def names(self) -> list[str]:
        """The names of the rules: their own, or their place's."""
        kinds = {VariableCheck: "variable", DeploymentWindow: "window"}
        return [one.name or f"{kinds[type(one)]}-{number}" for number, one in enumerate(self.rules, 1)]

    def _declared(self) -> Iterator[dict[str, Any]]:
        for name, rule in zip(self.names(), self.rules, strict=True):
            kind = {"category": "Rule", "owner": "AWS", "provider": rule.aws_provider, "version": "1"}
            yield {"name": name, "ruleTypeId": kind, "configuration": rule.configuration()}


class Entry(Condition):
    """What must hold before an execution enters a stage."""

    otherwise: Literal["fail", "skip"] = "fail"
    """What happens otherwise; `skip` only with rules about variables."""


class Success(Condition):
    """What must hold once all actions of a stage have succeeded."""

    otherwise: Literal["fail", "rollback"] = "fail"
    """What happens otherwise."""


class Gated(Strict):
    """A stage, as far as it is decided about as a whole."""

    before_entry: Entry | None = None
    """What must hold before an execution enters the stage: `{rules: [...], otherwise: fail}`."""
    on_success: Success | None = None
    """What must hold once the stage has succeeded: `{rules: [...], otherwise: rollback}`."""
    on_failure: Literal["retry", "retry-all", "rollback"] | None = None
    """When the stage fails: its failed actions (or all) are tried once more, or it goes back to what last
    succeeded."""

    def gates(self) -> dict[str, Any]:
        """What stands beside the actions in a stage's declaration."""
        found: dict[str, Any] = {}
        if self.before_entry:
            found["beforeEntry"] = self.before_entry.declaration()
        if self.on_success:
            found["onSuccess"] = self.on_success.declaration()
        if self.on_failure:
            found["onFailure"] = _FAILURES[self.on_failure]
        return found

    def given_gates(self) -> tuple[str, ...]:
        """The keys of these that the spec has."""
        return tuple(key for key in GATES if getattr(self, key) is not None)

    def rolls_back(self) -> tuple[str, ...]:
        """The keys that can take the stage back."""
        success = self.on_success is not None and self.on_success.otherwise == "rollback"
        failure = self.on_failure == "rollback"
        return tuple(key for key, does in (("on_success", success), ("on_failure", failure)) if does)


GATES = ("before_entry", "on_success", "on_failure")
"""The keys of a stage that decide about it."""
_FAILURES: dict[str, dict[str, Any]] = {
    "retry": {"result": "RETRY", "retryConfiguration": {"retryMode": "FAILED_ACTIONS"}},
    "retry-all": {"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}},
    "rollback": {"result": "ROLLBACK"},
}
