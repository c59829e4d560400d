"""Deploy to Lambda: new code, a version of it, and an alias that is shifted to it step by step.

The function is moto's: its code, versions and aliases are real, and nothing invokes it. Where AWS waits for a
minute, this waits for a second.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-LambdaDeploy.html
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from typing import Any

from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from awspipe.sandbox import runtime, saving
from awspipe.sandbox.actions import artifacts
from awspipe.sandbox.actions.base import CONFIGURATION_ERROR, JOB_FAILED, ActionError, ActionRun, Job

_SHIFT = re.compile(r"(Canary|Linear)(\d+)Percent(?:Every)?(\d+)Minutes?")
_MOST = 2 * 24 * 60
_GLANCE = 0.1


class LambdaDeploy(Job):
    """Publishes, and shifts an alias."""

    plays = (("Deploy", "AWS", "Lambda"),)

    def __init__(self, minute: float = 1.0) -> None:
        self._minute = minute

    def start(self, run: ActionRun) -> None:
        """Do it with the rights of the action's role.

        An alarm that goes off takes the alias back, and so does the sandbox where it stops.
        """
        name, alias = run.configuration["FunctionName"], run.configuration.get("FunctionAlias")
        arn = run.arn("lambda", f"function:{name}")
        steps = _steps(run)
        function = _function(run, name, arn)
        before = _alias(run, alias, arn) if alias else None
        version = run.configuration.get("PublishedTargetVersion") or _published(run, function, arn)
        if before is not None:
            run.require("lambda:UpdateAlias", arn)
            _version(run, name, version)
            self._shift(run, before, version, steps=steps)
        runtime.current().changes.note(saving.ALL)
        run.succeed(
            variables={"FunctionVersion": version},
            external_id=version,
            summary=f"{name} version {version}" + (f" behind {alias}" if alias else ""),
        )

    def _shift(self, run: ActionRun, alias: Any, version: str, *, steps: list[tuple[int, int]]) -> None:
        old = alias.function_version
        try:
            for percent, minutes in steps:
                _check_alarms(run)
                alias.routing_config = {"AdditionalVersionWeights": {version: percent / 100}}
                run.note(summary=f"{percent}% of the traffic goes to version {version}")
                self._wait(run, minutes)
            _check_alarms(run)
        except ActionError:
            alias.routing_config = {}
            raise
        if run.wanted:
            alias.function_version, alias.routing_config = version, {}
            run.note(summary=f"all of the traffic goes from version {old} to {version}")

    def _wait(self, run: ActionRun, minutes: int) -> None:
        end = time.monotonic() + minutes * self._minute
        while time.monotonic() < end and run.wanted and not runtime.current().jobs.closed:
            time.sleep(min(_GLANCE, self._minute))
            _check_alarms(run)
        if runtime.current().jobs.closed:
            raise ActionError(JOB_FAILED, "The sandbox stops.")


def _steps(run: ActionRun) -> list[tuple[int, int]]:
    """The percentages of the traffic before all of it, each with the minutes that it stays so."""
    strategy = run.configuration.get("DeployStrategy", "AllAtOnce")
    if "FunctionAlias" not in run.configuration:
        if {"DeployStrategy", "PublishedTargetVersion"} & run.configuration.keys():
            text = "DeployStrategy and PublishedTargetVersion need FunctionAlias."
            raise ActionError(CONFIGURATION_ERROR, text)
        return []
    if strategy == "AllAtOnce":
        return []
    shift = _SHIFT.fullmatch(strategy)
    if shift is None or not 1 <= int(shift[2]) <= 99:
        raise ActionError(CONFIGURATION_ERROR, f"{strategy} is not a deployment strategy.")
    percent, minutes = int(shift[2]), int(shift[3])
    found = (
        [(percent, minutes)]
        if shift[1] == "Canary"
        else [(at, minutes) for at in range(percent, 100, percent)]
    )
    if len(found) * minutes > _MOST:
        raise ActionError(CONFIGURATION_ERROR, f"{strategy} waits longer than two days.")
    return found


def _backend(run: ActionRun) -> Any:
    from moto.awslambda.models import lambda_backends

    return lambda_backends[run.account][run.region]


def _function(run: ActionRun, name: str, arn: str) -> Any:
    run.require("lambda:GetFunctionConfiguration", arn)
    try:
        return _backend(run).get_function(name)
    except (ServiceException, HTTPException) as error:
        raise ActionError(CONFIGURATION_ERROR, f"Function not found: {arn}") from error


def _version(run: ActionRun, name: str, version: str) -> None:
    try:
        _backend(run).get_function(name, version)
    except (ServiceException, HTTPException) as error:
        text = f"Function not found: {run.arn('lambda', f'function:{name}:{version}')}"
        raise ActionError(CONFIGURATION_ERROR, text) from error


def _alias(run: ActionRun, alias: str, arn: str) -> Any:
    """The alias, which must have one version behind it: that is what is gone back to."""
    run.require("lambda:GetAlias", arn)
    try:
        found = _backend(run).get_alias(alias, arn.rpartition(":")[2])
    except (ServiceException, HTTPException) as error:
        raise ActionError(CONFIGURATION_ERROR, f"Cannot find alias arn: {arn}:{alias}") from error
    if (found.routing_config or {}).get("AdditionalVersionWeights"):
        text = f"The alias {alias} has two versions behind it, and must have one when it is deployed to."
        raise ActionError(CONFIGURATION_ERROR, text)
    return found


def _published(run: ActionRun, function: Any, arn: str) -> str:
    """The artifact as the function's code, and the number of its version."""
    if not run.inputs:
        raise ActionError(
            CONFIGURATION_ERROR, "Without an input artifact PublishedTargetVersion is required."
        )
    if getattr(function, "package_type", "Zip") == "Image":
        raise ActionError(CONFIGURATION_ERROR, f"{arn} runs an image: it takes no zip as its code.")
    content = artifacts.read(run, run.inputs[0])
    for _ in artifacts.unzipped(content, f"The artifact {run.inputs[0].name}"):
        break
    for operation in ("UpdateFunctionCode", "PublishVersion"):
        run.require(f"lambda:{operation}", arn)
    function.update_function_code({"ZipFile": base64.b64encode(content).decode()})
    return str(_backend(run).publish_version(function.function_name).version)


def _check_alarms(run: ActionRun) -> None:
    for name in _alarms(run):
        run.require("cloudwatch:DescribeAlarms", run.arn("cloudwatch", f"alarm:{name}"))
        if _rings(run, name):
            raise ActionError(JOB_FAILED, f"The alarm {name} went to the ALARM state.")


def _alarms(run: ActionRun) -> Iterator[str]:
    return (name for name in run.configuration.get("Alarms", "").split(",") if name)


def _rings(run: ActionRun, name: str) -> bool:
    from moto.cloudwatch.models import cloudwatch_backends

    found = cloudwatch_backends[run.account][run.region].alarms.get(name)
    if found is None:
        raise ActionError(CONFIGURATION_ERROR, f"There is no alarm {name}.")
    return bool(found.state_value == "ALARM")
