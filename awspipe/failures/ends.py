"""Why an execution ended where none of its actions failed: superseded, stopped, cancelled, a condition.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awspipe.aws import Aws
from awspipe.errors import DeniedError
from awspipe.executions import Execution, executions_of, newer_than, overtaker
from awspipe.explain import explained
from awspipe.failures import plain
from awspipe.failures.cause import Cause

_MOST = 300
"""As many executions are looked through: three pages."""


def causes(
    aws: Aws, pipeline: str, one: Execution, tried: Sequence[dict[str, Any]], *, explained: bool
) -> tuple[Cause, ...]:
    """The end of an execution as a cause. `tried` are its actions; `explained`: one that failed is told."""
    last = tried[-1]["stageName"] if tried else ""
    match one.state:
        case "Superseded":
            return (_superseded(aws, pipeline, one, last),)
        case "Stopped" | "Stopping":
            return (_stopped(aws, pipeline, one, last),)
        case "Cancelled":
            text = f"cancelled{_at(last)}, because the pipeline was updated while it ran"
            return (_end(text, "start a new execution: `awspipe run` or a push", "cancelled"),)
        case "" if not explained:
            text = "codepipeline:GetPipelineExecution would tell how it ended: these credentials may not"
            return (_end(text, "", ""),)
        case "Failed" if not explained:
            return _conditions(aws, pipeline, one.id) or (_unexplained(one.summary),)
    return ()


def _at(stage: str) -> str:
    return f" after it was in {stage}" if stage else ""


def _end(line: str, fix: str, known: str) -> Cause:
    return Cause("", "", plain.line(line), fix, known=known)


def _unexplained(summary: str) -> Cause:
    text = f"it failed, and AWS names no action that did{': ' + summary if summary else ''}"
    return _end(text, "look at it in the console", "")


def _superseded(aws: Aws, pipeline: str, one: Execution, last: str) -> Cause:
    taken = overtaker(one, ()) or overtaker(one, newer_than(one, _listed(aws, pipeline) or ()))
    by = f"execution {taken[:8]}" if taken else "a newer execution"
    line = f"superseded by {by}, which overtook it while it waited{_at(last)}"
    fix = "nothing is lost: the newer execution carries this commit too, if it follows it on the branch"
    return _end(line, fix, "superseded")


def _stopped(aws: Aws, pipeline: str, one: Execution, last: str) -> Cause:
    """Why: the reason that was given. Who: AWS keeps that in CloudTrail only."""
    listed = _listed(aws, pipeline)
    reason = next((it.stop_reason for it in listed or () if it.id == one.id), "").strip()
    if listed is None:
        reason = "codepipeline:ListPipelineExecutions would tell why, and these credentials may not"
    word = "stopped" if one.state == "Stopped" else "being stopped"
    line = f"{word} by hand{_at(last)}: {reason or 'no reason was given'}"
    fix = "retry the stage, or start a new execution" if one.state == "Stopped" else ""
    return _end(line, fix, "stopped")


def _listed(aws: Aws, pipeline: str) -> list[Execution] | None:
    """The newest executions; None where they may not be read."""
    try:
        with explained(f"list the executions of {pipeline}"):
            return list(executions_of(aws, pipeline, _MOST))
    except DeniedError:
        return None


def _conditions(aws: Aws, pipeline: str, execution: str) -> tuple[Cause, ...]:
    """The rules of stage conditions that failed: they fail a stage without an action.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works-conditions.html
    """
    pages = aws.client("codepipeline").get_paginator("list_rule_executions")
    asked = {"pipelineName": pipeline, "filter": {"pipelineExecutionId": execution}}
    try:
        with explained(f"list the conditions of {pipeline}"):
            rules = [one for page in pages.paginate(**asked) for one in page["ruleExecutionDetails"]]
    except DeniedError:
        return (_unexplained("codepipeline:ListRuleExecutions would tell more: these credentials may not"),)
    return tuple(_condition(one) for one in rules if one["status"] == "Failed")


def _condition(rule: dict[str, Any]) -> Cause:
    error = ((rule.get("output") or {}).get("executionResult") or {}).get("errorDetails") or {}
    said = error.get("message") or "AWS does not say why"
    line = f"the condition {rule['ruleName']} was not met: {said}"
    fix = "mend the condition, or what it looks at, and retry the stage"
    return Cause(rule["stageName"], "", plain.line(line), fix, known="condition")
