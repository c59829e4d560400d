"""CodeDeploy's deployment configurations: those that AWS brings, and one's own."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from awspipe.sandbox.service import Answer, RefusalError, Request, new_id, page, without_nothing

Config = dict[str, Any]

_PREFIX = "CodeDeployDefault."
_BUILT_IN_SINCE = 1_416_000_000.0
"""When AWS's own configurations were made, about: November 2014."""

_SERVER = {"AllAtOnce": 0, "HalfAtATime": 50, "OneAtATime": 99}
_CANARY = {
    "LambdaCanary10Percent5Minutes": 5,
    "LambdaCanary10Percent10Minutes": 10,
    "LambdaCanary10Percent15Minutes": 15,
    "LambdaCanary10Percent30Minutes": 30,
    "ECSCanary10Percent5Minutes": 5,
    "ECSCanary10Percent15Minutes": 15,
}
_LINEAR = {
    "LambdaLinear10PercentEvery1Minute": 1,
    "LambdaLinear10PercentEvery2Minutes": 2,
    "LambdaLinear10PercentEvery3Minutes": 3,
    "LambdaLinear10PercentEvery10Minutes": 10,
    "ECSLinear10PercentEvery1Minutes": 1,
    "ECSLinear10PercentEvery3Minutes": 3,
}


def built_in() -> dict[str, Config]:
    """Every configuration that AWS brings, by name."""
    made: dict[str, Config] = {}
    for name, healthy in _SERVER.items():
        made[name] = {"minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": healthy}}
    for name in ("LambdaAllAtOnce", "ECSAllAtOnce"):
        made[name] = {"trafficRoutingConfig": {"type": "AllAtOnce"}}
    for name, minutes in _CANARY.items():
        canary = {"canaryPercentage": 10, "canaryInterval": minutes}
        made[name] = {"trafficRoutingConfig": {"type": "TimeBasedCanary", "timeBasedCanary": canary}}
    for name, minutes in _LINEAR.items():
        linear = {"linearPercentage": 10, "linearInterval": minutes}
        made[name] = {"trafficRoutingConfig": {"type": "TimeBasedLinear", "timeBasedLinear": linear}}
    return {
        _PREFIX + name: _complete(name, number, config)
        for number, (name, config) in enumerate(made.items(), 1)
    }


def _complete(name: str, number: int, config: Config) -> Config:
    platform = next((one for one in ("Lambda", "ECS") if name.startswith(one)), "Server")
    return config | {
        "deploymentConfigId": f"00000000-0000-0000-0000-{number:012d}",
        "deploymentConfigName": _PREFIX + name,
        "createTime": _BUILT_IN_SINCE,
        "computePlatform": platform,
    }


class Configs:
    """The operations on deployment configurations."""

    configs: dict[str, Config]

    if TYPE_CHECKING:

        def now(self) -> float:
            """The time."""

        def uses_config(self, name: str) -> bool:
            """Whether a deployment group uses a configuration."""

    def config(self, name: str) -> Config:
        """The configuration of a name, or AWS's error."""
        found = self.configs.get(name)
        if found is None:
            text = f"No deployment configuration found for name: {name}"
            raise RefusalError("DeploymentConfigDoesNotExistException", text)
        return found

    def op_create_deployment_config(self, request: Request) -> Answer:
        """Make a configuration of one's own."""
        name = request["deploymentConfigName"]
        if name.startswith(_PREFIX):
            text = f"Deployment configuration names cannot begin with {_PREFIX}"
            raise RefusalError("InvalidDeploymentConfigNameException", text)
        if name in self.configs:
            text = f"A deployment configuration already exists with the name: {name}"
            raise RefusalError("DeploymentConfigAlreadyExistsException", text)
        platform = request.get("computePlatform") or "Server"
        _check_config(request, platform)
        self.configs[name] = copy.deepcopy(request) | {
            "deploymentConfigId": new_id(),
            "createTime": self.now(),
            "computePlatform": platform,
        }
        return {"deploymentConfigId": self.configs[name]["deploymentConfigId"]}

    def op_get_deployment_config(self, request: Request) -> Answer:
        """One configuration."""
        return {"deploymentConfigInfo": copy.deepcopy(self.config(request["deploymentConfigName"]))}

    def op_list_deployment_configs(self, request: Request) -> Answer:
        """The names of all configurations."""
        items, token = page(
            sorted(self.configs), request.get("nextToken"), 100, code="InvalidNextTokenException"
        )
        return without_nothing(deploymentConfigsList=items, nextToken=token)

    def op_delete_deployment_config(self, request: Request) -> Answer:
        """Remove a configuration of one's own that no group uses; an absent one is no error."""
        name = request["deploymentConfigName"]
        if name.startswith(_PREFIX):
            text = f"The predefined deployment configuration {name} cannot be deleted"
            raise RefusalError("InvalidOperationException", text)
        if self.uses_config(name):
            text = f"The deployment configuration {name} is still in use"
            raise RefusalError("DeploymentConfigInUseException", text)
        self.configs.pop(name, None)
        return {}


def _check_config(request: Request, platform: str) -> None:
    hosts, routing = request.get("minimumHealthyHosts"), request.get("trafficRoutingConfig")
    if platform == "Server":
        if not hosts:
            text = "minimum healthy hosts argument is missing"
            raise RefusalError("InvalidMinimumHealthyHostValueException", text)
        if hosts.get("value", -1) < 0 or (hosts.get("type") == "FLEET_PERCENT" and hosts["value"] > 99):
            text = "The minimum healthy hosts value is not valid"
            raise RefusalError("InvalidMinimumHealthyHostValueException", text)
    elif hosts:
        text = f"minimum healthy hosts should be null for {platform} deployment configuration"
        raise RefusalError("InvalidMinimumHealthyHostValueException", text)
    if (platform == "Server") == bool(routing):
        verb = "cannot have" if routing else "must have"
        text = f"A {platform} deployment configuration {verb} a traffic routing configuration"
        raise RefusalError("InvalidTrafficRoutingConfigurationException", text)
