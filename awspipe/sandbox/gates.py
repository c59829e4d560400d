"""The conditions of a stage: rules that must hold before an execution enters it, or once it has succeeded.

https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from awspipe.sandbox import patterns, references, runtime, windows
from awspipe.sandbox.pipelines import FAILED, SUCCEEDED, Execution, Gate, RuleExecution
from awspipe.sandbox.service import Answer, new_id, without_nothing

ENTRY, SUCCESS = "beforeEntry", "onSuccess"
GATES = {"BEFORE_ENTRY": ENTRY, "ON_SUCCESS": SUCCESS}
"""AWS's types of conditions -> where a stage declares them."""
RESULTS = {ENTRY: ("FAIL", "SKIP"), SUCCESS: ("FAIL", "ROLLBACK")}
OVERRIDDEN = "Overridden"

_TESTS: dict[str, Callable[[str, str], bool]] = {
    "EQ": lambda value, wanted: value == wanted,
    "NE": lambda value, wanted: value != wanted,
    "CONTAINS": lambda value, wanted: wanted in value,
    "MATCHES": lambda value, wanted: patterns.matches(wanted, value),
}
PLAYED = {"VariableCheck": ("Variable", "Value", "Operator"), "DeploymentWindow": ("Cron",)}
"""The providers of rules that are played -> what their configuration must have."""


def problems(stage: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a stage's conditions."""
    for kind, results in RESULTS.items():
        for condition in (stage.get(kind) or {}).get("conditions") or ():
            if condition.get("result") not in results:
                yield f"The {kind} condition of stage '{stage['name']}' has no result {' or '.join(results)}."
            names = [rule["name"] for rule in condition.get("rules") or ()]
            if len(set(names)) != len(names):
                yield f"The {kind} condition of stage '{stage['name']}' has rules of the same name."
            for rule in condition.get("rules") or ():
                yield from _rule_problems(stage["name"], rule, condition.get("result"))


def _rule_problems(stage: str, rule: dict[str, Any], result: str | None) -> Iterator[str]:
    provider, given = rule["ruleTypeId"]["provider"], rule.get("configuration") or {}
    about = f"Rule '{rule['name']}' of stage '{stage}'"
    for missing in [key for key in PLAYED.get(provider, ()) if not given.get(key)]:
        yield f"{about} is missing required configuration '{missing}'"
    if provider == "VariableCheck" and given.get("Operator") not in (None, *_TESTS):
        yield f"{about} has no operator {', '.join(_TESTS)}"
    if result == "SKIP" and provider not in ("VariableCheck", "LambdaInvoke"):
        yield f"{about} cannot skip the stage: only VariableCheck and LambdaInvoke can"


def unplayed(stage: dict[str, Any]) -> str:
    """What the sandbox does not play of a stage's conditions; "" where it plays all."""
    if (stage.get("onFailure") or {}).get("conditions"):
        return "onFailure conditions"
    for kind in RESULTS:
        for condition in (stage.get(kind) or {}).get("conditions") or ():
            for rule in condition.get("rules") or ():
                if rule["ruleTypeId"]["provider"] not in PLAYED:
                    return f"stage conditions with the rule {rule['ruleTypeId']['provider']}"
    return ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a stage's condition came out: whether it holds, and what is to happen where it does not."""

    holds: bool
    result: str = "FAIL"


def checked(one: Execution, stage: dict[str, Any], kind: str) -> Verdict:
    """Check a stage's condition, once; one that was overridden holds. Called with the lock held."""
    declared = (stage.get(kind) or {}).get("conditions") or ()
    state = one.stages[stage["name"]]
    if not declared or one.type == "ROLLBACK":
        return Verdict(holds=True)
    result = str(declared[0].get("result") or "FAIL")
    known = next((gate for gate in state.gates if gate.kind == kind), None)
    if known is None:
        known = _gate(one, stage["name"], kind, declared[0])
        state.gates = (*state.gates, known)
        one.rules = (*one.rules, *known.rules)
    return Verdict(known.status in (SUCCEEDED, OVERRIDDEN), result)


def _gate(one: Execution, stage: str, kind: str, condition: dict[str, Any]) -> Gate:
    """Rules are checked in their order; the first that fails decides."""
    rules: list[RuleExecution] = []
    for rule in condition.get("rules") or ():
        rules.append(_rule(one, stage, rule))
        if rules[-1].status == FAILED:
            break
    status = FAILED if any(rule.status == FAILED for rule in rules) else SUCCEEDED
    return Gate(kind, str(condition.get("result")), status, runtime.current().clock(), tuple(rules))


def _rule(one: Execution, stage: str, rule: dict[str, Any]) -> RuleExecution:
    configuration, error, summary = dict(rule.get("configuration") or {}), None, ""
    try:
        configuration = references.resolved(configuration, one)
        holds, summary = _RULES[rule["ruleTypeId"]["provider"]](configuration)
    except references.UnresolvedError as unresolved:
        holds, error = False, f"The variable {unresolved.reference} could not be resolved."
    except (windows.WindowError, patterns.PatternError) as wrong:
        holds, error = False, f"The rule's configuration is not valid: {wrong}."
    return RuleExecution(
        id=new_id(),
        execution_id=one.id,
        version=one.version,
        stage=stage,
        declaration=rule,
        configuration=configuration,
        status=SUCCEEDED if holds else FAILED,
        at=runtime.current().clock(),
        summary=summary,
        error=error,
    )


def _variable(given: Mapping[str, str]) -> tuple[bool, str]:
    value, wanted, operator = given["Variable"], given["Value"], given["Operator"]
    return _TESTS[operator](value, wanted), f"'{value}' {operator} '{wanted}'"


def _window(given: Mapping[str, str]) -> tuple[bool, str]:
    name = given.get("TimeZone") or "UTC"
    now = datetime.datetime.fromtimestamp(runtime.current().clock(), windows.zone(name))
    return windows.is_open(given["Cron"], now), f"{now:%Y-%m-%d %H:%M} {name}; {given['Cron']}"


_RULES: dict[str, Callable[[Mapping[str, str]], tuple[bool, str]]] = {
    "VariableCheck": _variable,
    "DeploymentWindow": _window,
}


# What is told of them


def state(stage: dict[str, Any], kind: str, found: tuple[Gate, ...]) -> Answer | None:
    """A stage's condition in GetPipelineState; None where it has none."""
    declared = (stage.get(kind) or {}).get("conditions") or ()
    if not declared:
        return None
    gate = next((one for one in found if one.kind == kind), None)
    if gate is None:
        rules = [{"ruleName": one["name"]} for one in declared[0].get("rules") or ()]
        return {"conditionStates": [{"ruleStates": rules}]}
    known = {rule.name: rule for rule in gate.rules}
    rules = [_rule_state(one["name"], known.get(one["name"])) for one in declared[0].get("rules") or ()]
    latest = {"status": gate.status, "lastStatusChange": gate.at}
    return {
        "latestExecution": {"status": gate.status},
        "conditionStates": [{"latestExecution": latest, "ruleStates": rules}],
    }


def _rule_state(name: str, rule: RuleExecution | None) -> Answer:
    if rule is None:
        return {"ruleName": name}
    latest = without_nothing(
        ruleExecutionId=rule.id,
        status=rule.status,
        summary=rule.summary or None,
        lastStatusChange=rule.at,
        errorDetails=_error(rule),
    )
    return {"ruleName": name, "latestExecution": latest}


def detail(rule: RuleExecution) -> Answer:
    """A rule in the answer of ListRuleExecutions."""
    given = rule.declaration
    return {
        "pipelineExecutionId": rule.execution_id,
        "ruleExecutionId": rule.id,
        "pipelineVersion": rule.version,
        "stageName": rule.stage,
        "ruleName": rule.name,
        "startTime": rule.at,
        "lastUpdateTime": rule.at,
        "status": rule.status,
        "input": without_nothing(
            ruleTypeId=given["ruleTypeId"],
            configuration=given.get("configuration") or {},
            resolvedConfiguration=rule.configuration,
            roleArn=given.get("roleArn"),
            region=given.get("region"),
        ),
        "output": {
            "executionResult": without_nothing(
                externalExecutionSummary=rule.summary or None, errorDetails=_error(rule)
            )
        },
    }


def _error(rule: RuleExecution) -> Answer | None:
    return {"code": "RuleFailed", "message": rule.error} if rule.error else None
