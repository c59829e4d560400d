"""A CloudFormation template out of an artifact, with what goes into it, checked as CloudFormation does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import yaml

from awspipe.sandbox.actions import artifacts
from awspipe.sandbox.actions.base import CONFIGURATION_ERROR, NOT_PLAYED, ActionError, ActionRun

_OWN = ("CodeBuild", "CodeCommit", "CodeConnections", "CodeDeploy", "CodePipeline", "CodeStarConnections")
"""What the sandbox plays itself, so that a stack of moto's would make it where nobody sees it."""
_NAMES = {"AWS::IAM::Role": "RoleName", "AWS::IAM::User": "UserName", "AWS::IAM::Group": "GroupName"}
_NAMES |= {"AWS::IAM::ManagedPolicy": "ManagedPolicyName", "AWS::IAM::InstanceProfile": "InstanceProfileName"}


@dataclass(frozen=True, slots=True)
class Template:
    """A template's text and what a stack gets with it."""

    text: str
    parameters: dict[str, str]
    tags: dict[str, str] = field(default_factory=dict)
    policy: str = ""


def read(run: ActionRun) -> Template:
    """The template of the action's configuration; the action fails where it cannot be a stack."""
    text = _file(run, run.configuration.get("TemplatePath", ""))
    document = _parsed(text)
    settings = _settings(run)
    parameters = {**_texts(settings.get("Parameters")), **_overrides(run)}
    _check_parameters(document, parameters)
    _check_capabilities(document, run.configuration.get("Capabilities", "").split(","))
    _check_played(document)
    policy = settings.get("StackPolicy")
    return Template(text, parameters, _texts(settings.get("Tags")), json.dumps(policy) if policy else "")


def _file(run: ActionRun, path: str) -> str:
    artifact, _, name = path.partition("::")
    found = next((one for one in run.inputs if one.name == artifact), None)
    if found is None or not name:
        raise ActionError(CONFIGURATION_ERROR, f"{path} names no file of an input artifact.")
    for file in artifacts.unzipped(artifacts.read(run, found), f"The artifact {artifact}"):
        if file.path == name:
            return file.content.decode("utf-8", "replace")
    raise ActionError(CONFIGURATION_ERROR, f"File [{name}] does not exist in artifact [{artifact}]")


def _parsed(text: str) -> dict[str, Any]:
    from moto.cloudformation.models import Stack

    try:
        _check_tags(yaml.compose(text, Loader=yaml.SafeLoader))
        found = Stack.parse_template(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        text = f"Template format error: YAML not well-formed.{where}"
        raise ActionError(CONFIGURATION_ERROR, text) from error
    except (yaml.YAMLError, ValueError) as error:
        line = " ".join(str(error).split())
        raise ActionError(CONFIGURATION_ERROR, f"Template format error: {line}") from error
    if not isinstance(found, dict):
        raise ActionError(CONFIGURATION_ERROR, "Template format error: unsupported structure.")
    resources = found.get("Resources")
    if not isinstance(resources, dict) or not resources:
        text = "Template format error: At least one Resources member must be defined."
        raise ActionError(CONFIGURATION_ERROR, text)
    for name, one in resources.items():
        if not isinstance(one, dict) or not isinstance(one.get("Type"), str):
            text = f"Template format error: [/Resources/{name}] Every Resources object must contain a Type"
            raise ActionError(CONFIGURATION_ERROR, f"{text} member.")
    return found


def _check_tags(node: yaml.Node | None) -> None:
    """moto's loader would make any object of Python's that a template asks for: none is asked for here."""
    waiting, seen = [node], set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if "python" in one.tag:
            raise ValueError(f"unknown tag {one.tag}")
        if isinstance(one, yaml.MappingNode):
            waiting += [part for pair in one.value for part in pair]
        elif isinstance(one, yaml.SequenceNode):
            waiting += one.value


def _settings(run: ActionRun) -> dict[str, Any]:
    path = run.configuration.get("TemplateConfiguration")
    return _mapping(_file(run, path), "TemplateConfiguration") if path else {}


def _overrides(run: ActionRun) -> dict[str, str]:
    text = run.configuration.get("ParameterOverrides")
    found = _mapping(text, "ParameterOverrides") if text else {}
    if any(isinstance(value, dict) for value in found.values()):
        text = "The sandbox does not play Fn::GetArtifactAtt and Fn::GetParam; nothing was done."
        raise ActionError(NOT_PLAYED, text)
    return _texts(found)


def _mapping(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ActionError(CONFIGURATION_ERROR, f"{what} is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise ActionError(CONFIGURATION_ERROR, f"{what} is not a JSON object.")
    return found


def _texts(found: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in (found or {}).items()}


def _check_parameters(document: dict[str, Any], given: dict[str, str]) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html."""
    known = document.get("Parameters") or {}
    if unknown := sorted(given.keys() - known.keys()):
        text = f"Parameters: [{', '.join(unknown)}] do not exist in the template"
        raise ActionError(CONFIGURATION_ERROR, text)
    missing = sorted(name for name, one in known.items() if name not in given and "Default" not in one)
    if missing:
        raise ActionError(CONFIGURATION_ERROR, f"Parameters: [{', '.join(missing)}] must have values")


def _check_capabilities(document: dict[str, Any], given: list[str]) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html."""
    resources = [one for one in document["Resources"].values() if one["Type"].startswith("AWS::IAM::")]
    named = any(_NAMES.get(one["Type"], "") in (one.get("Properties") or {}) for one in resources)
    enough = {"CAPABILITY_NAMED_IAM"} if named else {"CAPABILITY_NAMED_IAM", "CAPABILITY_IAM"}
    if resources and enough.isdisjoint(given):
        needed = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
        raise ActionError(CONFIGURATION_ERROR, f"Requires capabilities : [{needed}]")


def _check_played(document: dict[str, Any]) -> None:
    if "Transform" in document:
        raise ActionError(NOT_PLAYED, "The sandbox does not play Transform in templates; nothing was done.")
    types = sorted({one["Type"] for one in document["Resources"].values()})
    unplayed = [one for one in types if not _is_played(one)]
    if unplayed:
        text = f"The sandbox does not play {', '.join(unplayed)} in stacks; nothing was done."
        raise ActionError(NOT_PLAYED, text)


def _is_played(kind: str) -> bool:
    from moto.cloudformation.parsing import get_model_map

    parts = kind.split("::")
    return kind in get_model_map() and len(parts) > 1 and parts[1] not in (*_OWN, "CloudFormation")
