"""Appspecs for Lambda and ECS: the resource that changes, and the functions that check it.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from awspipe.formats import psych
from awspipe.formats.appspec_model import ECS_HOOKS, LAMBDA_HOOKS, EcsAppspec, LambdaAppspec
from awspipe.formats.frames import quoted
from awspipe.formats.mapping import Mapping, did_you_mean

_RESOURCES = ("Resources", "resources")
_HOOKS = ("Hooks", "hooks")
_LAMBDA = "AWS::Lambda::Function"
_ECS = "AWS::ECS::Service"
_LAMBDA_KEYS = ("Name", "Alias", "CurrentVersion", "TargetVersion")
_ECS_KEYS = (
    "TaskDefinition",
    "LoadBalancerInfo",
    "PlatformVersion",
    "NetworkConfiguration",
    "CapacityProviderStrategy",
)
_NETWORK_KEYS = ("Subnets", "SecurityGroups", "AssignPublicIp")
_RESOURCE_HINT = "write `- NAME:` and below it `Type:` and `Properties:`"
PORTS = 65_535


def lambda_(root: Mapping) -> LambdaAppspec:
    """The appspec of a Lambda function."""
    _check_top(root)
    name, properties = _resource(root, _LAMBDA)
    if properties:
        properties.warn_unknown(_LAMBDA_KEYS, "CodeDeploy")
    function, alias, current, target = (_required(properties, key) for key in _LAMBDA_KEYS)
    hooks = dict(_hooks(root, LAMBDA_HOOKS))
    return LambdaAppspec(name, function, alias, current, target, hooks)


def ecs(root: Mapping) -> EcsAppspec:
    """The appspec of an ECS service."""
    _check_top(root)
    name, properties = _resource(root, _ECS)
    if properties:
        properties.warn_unknown(_ECS_KEYS, "CodeDeploy")
        _check_network(properties)
    container, port = _load_balancer(properties)
    return EcsAppspec(
        resource=name,
        task_definition=_required(properties, "TaskDefinition"),
        container_name=container,
        container_port=port,
        platform_version=properties.text("PlatformVersion") if properties else None,
        hooks=dict(_hooks(root, ECS_HOOKS)),
    )


def _check_top(root: Mapping) -> None:
    if "os" not in root:
        root.warn_unknown(("version", _one_of(root, _RESOURCES), _one_of(root, _HOOKS)), "CodeDeploy")
    entry = root.entry("version")
    if entry is None:
        root.notes.refuse(root.key("version"), 'the key "version" is missing', "write `version: 0.0`")
        return
    value = entry.node.value
    read = psych.scalar(value) if isinstance(value, str) else ""
    if isinstance(read, bool) or read not in (0, "0.0"):
        root.notes.refuse(root.place("version"), '"version" must be 0.0')


def _one_of(root: Mapping, keys: Sequence[str]) -> str:
    return next((key for key in keys if key in root), keys[0])


def _resource(root: Mapping, kind: str) -> tuple[str, Mapping | None]:
    """The one resource, as a list of one mapping of one key."""
    key = _one_of(root, _RESOURCES)
    if root.entry(key) is None:
        hint = "for servers say --platform server" if "os" in root else _RESOURCE_HINT
        root.notes.refuse(root.key(key), 'the key "Resources" is missing', hint)
        return "", None
    listed = root.mappings(key, entry_hint=_RESOURCE_HINT)
    found = [(one, name) for one in listed for name in one.node.entries]
    if len(found) != 1:
        if found or not root.node.entries[key].node.items:
            says = f"there must be one resource, not {len(found)}"
            root.notes.refuse(root.key(key), says, _RESOURCE_HINT)
        return "", None
    around, name = found[0]
    return name, _properties(around, name, kind)


def _properties(around: Mapping, name: str, kind: str) -> Mapping | None:
    one = around.mapping(name, hint=_RESOURCE_HINT)
    if one is None:
        if around.entry(name) is None:
            around.notes.refuse(around.key(name), f"{quoted(name)} is empty", _RESOURCE_HINT)
        return None
    one.warn_unknown(("Type", "Properties"), "CodeDeploy")
    if one.text("Type") != kind:
        one.notes.refuse(one.place("Type"), f'"Type" must be {kind}')
    if one.entry("Properties") is None:
        one.notes.refuse(one.key("Properties"), 'the key "Properties" is missing')
    return one.mapping("Properties")


def _required(properties: Mapping | None, key: str) -> str:
    if properties is None:
        return ""
    if properties.entry(key) is None:
        properties.notes.refuse(properties.key(key), f"the key {quoted(key)} is missing")
        return ""
    return properties.text(key) or ""


def _load_balancer(properties: Mapping | None) -> tuple[str, int]:
    if properties is None:
        return "", 0
    if properties.entry("LoadBalancerInfo") is None:
        says = 'the key "LoadBalancerInfo" is missing'
        properties.notes.refuse(properties.key("LoadBalancerInfo"), says)
        return "", 0
    found = properties.mapping("LoadBalancerInfo", hint="write `ContainerName:` below it")
    container, port = _required(found, "ContainerName"), _required(found, "ContainerPort")
    if found and port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= PORTS):
        found.notes.refuse(found.place("ContainerPort"), f'"ContainerPort" is no port: {quoted(port)}')
        return container, 0
    return container, int(port[:6]) if port else 0


def _check_network(properties: Mapping) -> None:
    """All three of its keys, or none."""
    around = properties.mapping("NetworkConfiguration")
    network = around.mapping("AwsvpcConfiguration") if around else None
    if network is None:
        return
    network.warn_unknown(_NETWORK_KEYS, "CodeDeploy")
    for key in _NETWORK_KEYS:
        if network.entry(key) is None:
            says = f"{quoted(key)} is missing: all of {', '.join(_NETWORK_KEYS)} are needed, or none"
            network.notes.refuse(network.key(key), says)


def _hooks(root: Mapping, known: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """A list of mappings of one key: lifecycle event to function."""
    for one in root.mappings(_one_of(root, _HOOKS), entry_hint="write `- BeforeAllowTraffic: FUNCTION`"):
        for event in one.node.entries:
            if event not in known:
                hint = did_you_mean(event, known) or f"events: {', '.join(known)}"
                one.notes.refuse(one.key(event), f"unknown lifecycle event {quoted(event)}", hint)
            elif function := _required_function(one, event):
                yield event, function


def _required_function(one: Mapping, event: str) -> str:
    """The service: "The Lambda function name cannot be null or empty"."""
    if one.entry(event) is None or one.text(event) == "":
        one.notes.refuse(one.key(event), f"{quoted(event)} names no function", "leave it out")
        return ""
    return one.text(event) or ""
