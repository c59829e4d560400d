"""Deploy by CloudFormation: a stack of moto's is made or brought to a template of the artifact.

What the stack's role may make is not looked at, only that CloudFormation may take it on. What moto has no
model of, and what the sandbox plays itself, is refused by name.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from awspipe.sandbox import roles, runtime, saving
from awspipe.sandbox.actions import artifacts, templates
from awspipe.sandbox.actions.base import (
    CONFIGURATION_ERROR,
    JOB_FAILED,
    NOT_PLAYED,
    ActionError,
    ActionRun,
    Job,
)
from awspipe.sandbox.actions.templates import Template

_PRINCIPAL = "cloudformation.amazonaws.com"
_NO_CHANGE = "The submitted information didn't contain changes."
_STUCK = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")


class CloudFormation(Job):
    """Makes and updates stacks, also by way of a change set."""

    plays = (("Deploy", "AWS", "CloudFormation"),)

    def start(self, run: ActionRun) -> None:
        """Do what the mode says."""
        mode = run.configuration["ActionMode"]
        play = _MODES.get(mode)
        if play is None:
            raise ActionError(NOT_PLAYED, f"The sandbox does not play ActionMode {mode}; nothing was done.")
        _require(run, "DescribeStacks")
        stack, summary = play(run)
        runtime.current().changes.note(saving.ALL)
        outputs = {one["OutputKey"]: str(one["OutputValue"]) for one in (stack.outputs or ())}
        if run.outputs:
            name = run.configuration.get("OutputFileName", "output.json")
            file = artifacts.File(name, json.dumps(outputs).encode())
            artifacts.write(run, run.outputs[0], artifacts.zipped(iter([file])))
        run.succeed(variables=outputs, external_id=stack.stack_id, summary=summary)


def _create_or_update(run: ActionRun) -> tuple[Any, str]:
    template = templates.read(run)
    role, backend, found = _role(run), _backend(run), _stack(run)
    if found is None:
        _require(run, "CreateStack")
        return _made(run, template, role), "Stack created"
    _check_usable(found)
    _require(run, "UpdateStack")
    if found.has_template(template.text) and found.has_parameters(template.parameters):
        return found, "No updates are to be performed."
    _updated(
        lambda: found.update(template.text, role, parameters=template.parameters, tags=template.tags or None)
    )
    if template.policy:
        _require(run, "SetStackPolicy")
        backend.set_stack_policy(found.name, template.policy)
    return found, "Stack updated"


def _made(run: ActionRun, template: Template, role: str) -> Any:
    """A new stack; where a resource fails, what was made of it is taken back, and the stack says so."""
    backend, name = _backend(run), run.configuration["StackName"]
    try:
        return backend.create_stack(
            name,
            template.text,
            template.parameters,
            tags=template.tags,
            role_arn=role,
            stack_policy_body=template.policy,
        )
    except Exception as error:  # any service of moto's may refuse any resource in any way
        stack = _stack(run)
        if stack is not None:
            _take_back(stack)
        raise ActionError(JOB_FAILED, f"Stack {name} is in ROLLBACK_COMPLETE: {_said(error)}") from error


def _take_back(stack: Any) -> None:
    try:
        stack.resource_map.delete()
        stack.status = "ROLLBACK_COMPLETE"
    except Exception:  # as above
        stack.status = "ROLLBACK_FAILED"


def _updated(change: Any) -> None:
    try:
        change()
    except Exception as error:  # as above
        raise ActionError(JOB_FAILED, f"The stack could not be updated: {_said(error)}") from error


def _said(error: Exception) -> str:
    """A service's sentence: moto's errors have it as their message, some only inside a JSON text."""
    text = str(getattr(error, "message", "") or getattr(error, "description", "") or error)
    with contextlib.suppress(ValueError, TypeError, KeyError):
        text = str(json.loads(text)["message"])
    return text or type(error).__name__


def _replace_change_set(run: ActionRun) -> tuple[Any, str]:
    template = templates.read(run)
    role, backend, found = _role(run), _backend(run), _stack(run)
    if found is not None:
        _check_usable(found)
    name = _change_set_name(run)
    for right in ("CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet"):
        _require(run, right)
    for one in [one for one in _change_sets(run) if one.change_set_name == name]:
        del backend.change_sets[one.change_set_id]
    new = found is None or found.status == "REVIEW_IN_PROGRESS"
    if new and found is not None:
        del backend.stacks[found.stack_id]
    try:
        id_, _ = backend.create_change_set(
            run.configuration["StackName"],
            name,
            template.text,
            template.parameters,
            "",
            "CREATE" if new else "UPDATE",
            tags=template.tags,
            role_arn=role,
        )
    except Exception as error:  # as above
        raise ActionError(JOB_FAILED, f"The change set could not be made: {_said(error)}") from error
    made = backend.change_sets[id_]
    said = ", ".join(f"{one.action} {one.logical_resource_id}" for one in made.changes) or _NO_CHANGE
    return made.stack, f"Change set {name}: {said}"


def _execute_change_set(run: ActionRun) -> tuple[Any, str]:
    name = _change_set_name(run)
    for right in ("DescribeChangeSet", "ExecuteChangeSet"):
        _require(run, right)
    found = next((one for one in _change_sets(run) if one.change_set_name == name), None)
    if found is None or found.execution_status == "EXECUTE_COMPLETE":
        raise ActionError(CONFIGURATION_ERROR, f"ChangeSet [{name}] does not exist")
    if found.status == "FAILED":
        return found.stack, _NO_CHANGE
    try:
        _backend(run).execute_change_set(found.change_set_id)
    except Exception as error:  # as above
        if found.change_set_type == "CREATE":
            _take_back(found.stack)
        text = f"The change set {name} could not be carried out: {_said(error)}"
        raise ActionError(JOB_FAILED, text) from error
    found.stack.parameters = found.parameters
    found.stack.output_map = found.stack._create_output_map()
    return found.stack, f"Change set {name} carried out"


_MODES = {
    "CREATE_UPDATE": _create_or_update,
    "CHANGE_SET_REPLACE": _replace_change_set,
    "CHANGE_SET_EXECUTE": _execute_change_set,
}


def _backend(run: ActionRun) -> Any:
    from moto.cloudformation.models import cloudformation_backends

    return cloudformation_backends[run.account][run.region]


def _stack(run: ActionRun) -> Any:
    name = run.configuration["StackName"]
    return next((one for one in list(_backend(run).stacks.values()) if one.name == name), None)


def _change_sets(run: ActionRun) -> list[Any]:
    name = run.configuration["StackName"]
    return [one for one in list(_backend(run).change_sets.values()) if one.stack_name == name]


def _change_set_name(run: ActionRun) -> str:
    name = run.configuration.get("ChangeSetName")
    if not name:
        raise ActionError(CONFIGURATION_ERROR, "ChangeSetName is required for this ActionMode.")
    return name


def _require(run: ActionRun, operation: str) -> None:
    found = _stack(run)
    arn = (
        found.stack_id if found else run.arn("cloudformation", f"stack/{run.configuration['StackName']}/new")
    )
    run.require(f"cloudformation:{operation}", arn)


def _role(run: ActionRun) -> str:
    """The role that CloudFormation takes on."""
    role = run.configuration.get("RoleArn")
    if not role:
        raise ActionError(CONFIGURATION_ERROR, "RoleArn is required for this ActionMode.")
    run.require("iam:PassRole", role, {"iam:passedtoservice": _PRINCIPAL})
    arn = run.arn("cloudformation", f"stack/{run.configuration['StackName']}/new")
    if roles.standing(role, _PRINCIPAL, source_arn=arn) is not roles.Standing.USABLE:
        raise ActionError(CONFIGURATION_ERROR, f"Role {role} is invalid or cannot be assumed")
    return role


def _check_usable(stack: Any) -> None:
    if stack.status in _STUCK:
        text = f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        raise ActionError(JOB_FAILED, text)
