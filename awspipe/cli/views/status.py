"""A pipeline's state as a tree and as JSON.

Only stages that run, wait or have failed show their actions. Signs: ● succeeded, ▶ under way, × failed,
■ stopped, ○ not run yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from awspipe.cli.target import Target
from awspipe.cli.views import addresses, causes, columns
from awspipe.cli.views.moments import age, commit, first_line, iso
from awspipe.executions import Execution
from awspipe.failures import Cause
from awspipe.status import OPEN, ActionStatus, Beside, PipelineStatus, StageStatus
from awspipe.triggers import started_by

SIGNS = {
    "Succeeded": "●",
    "InProgress": "▶",
    "Stopping": "▶",
    "Failed": "×",
    "Stopped": "■",
    "Abandoned": "■",
    "Cancelled": "■",
    "Superseded": "■",
    "Skipped": "-",
}
IDLE = "○"


def lines(target: Target, found: PipelineStatus, now: datetime) -> Iterator[str]:
    """The latest execution, the tree of stages, the addresses, the next command."""
    place = "the sandbox" if target.sandbox else f"account {found.scope.account}"
    yield f"{found.scope.pipeline} ({found.type}, version {found.version}) in {place}, {found.scope.region}"
    if found.latest is not None:
        yield from execution(found.latest, now)
    rows = [row for stage in found.stages for row in _stage(stage, found, now)]
    width = max((len(name) for name, _, _ in rows), default=0)
    for name, facts, details in rows:
        yield f"{name:<{width}}  {facts}"
        yield from (f"      {one}" for one in details)
    yield from _beside(found.beside, now)
    yield from addresses.lines(target, found.scope, found.addresses)
    yield from columns.next_commands(commands(target, found))


_Row = tuple[str, str, tuple[str, ...]]
"""A name with its sign, facts beside it, details below."""


def _stage(stage: StageStatus, found: PipelineStatus, now: datetime) -> Iterator[_Row]:
    only = stage.actions[0] if len(stage.actions) == 1 else None
    merged = only if only and only.name == stage.name else None
    facts = _facts(merged, now) if merged and stage.state in OPEN else _folded(stage, now)
    whole = [line for one in stage.causes if not one.action or merged for line in _cause(one)]
    own = () if any(one.action for one in stage.causes) else _own(merged, stage)
    details = [*_inbound(stage, found), *whole, *own]
    name = f"  {SIGNS.get(stage.state, IDLE)} {stage.name}"
    yield name, ", ".join([*facts, *_older(stage, found)]), tuple(details)
    if stage.state in OPEN and merged is None:
        for one in stage.actions:
            sign = SIGNS.get(one.state, IDLE)
            why = [line for cause in stage.causes if cause.action == one.name for line in _cause(cause)]
            yield f"    {sign} {one.name}", ", ".join(_facts(one, now)), tuple(why or _details(one))


def _own(merged: ActionStatus | None, stage: StageStatus) -> Iterator[str]:
    """What an action says itself, where it stands for its whole stage."""
    if merged and stage.state in OPEN:
        yield from _details(merged)


def _folded(stage: StageStatus, now: datetime) -> Iterator[str]:
    """A stage in one line: its state and since when."""
    yield stage.state or "not run yet"
    moments = [one.at for one in stage.actions if one.at]
    if moments and stage.state and stage.state not in OPEN:
        yield f"{age(max(moments), now)} ago"


def _facts(action: ActionStatus, now: datetime) -> Iterator[str]:
    """An action's state, how long it took or has gone on, how long ago."""
    if action.state == "InProgress":
        since = age(action.started or action.at, now) if action.at else ""
        yield " ".join(filter(None, ("waits", since, "for approval"))) if action.asks else action.state
        if since and not action.asks:
            yield f"for {since}"
        return
    took = f" after {age(action.started, action.ended)}" if action.started and action.ended else ""
    yield f"{action.state or 'not run yet'}{took}"
    if action.at:
        yield f"{age(action.at, now)} ago"


def _cause(cause: Cause) -> Iterator[str]:
    """Why an action failed, what mends it, and the last lines behind it."""
    yield cause.line
    if cause.fix:
        yield f"fix: {cause.fix}"
    yield from (f"| {line}" for line in cause.detail)


def _details(action: ActionStatus) -> Iterator[str]:
    if action.review and action.asks:
        yield f"review {first_line(action.review)}"
    if action.summary and action.state != "Succeeded":
        yield first_line(action.summary)


def _older(stage: StageStatus, found: PipelineStatus) -> Iterator[str]:
    """That what a stage shows is of another execution than the latest."""
    if stage.execution and found.latest and stage.execution != found.latest.id:
        yield f"of older execution {_named(stage.execution, found)}"


def _inbound(stage: StageStatus, found: PipelineStatus) -> Iterator[str]:
    if stage.closed is not None:
        yield f"entry disabled: {first_line(stage.closed)}"
    if stage.inbound:
        waits = "waits" if len(stage.inbound) == 1 else "wait"
        yield f"{waits} to enter: {', '.join(_named(one, found) for one in stage.inbound)}"


def _named(id_: str, found: PipelineStatus) -> str:
    """An execution by the beginning of its id, with its commit where that is known."""
    known = found.execution(id_)
    return f"{id_[:8]} ({known.revision[:7]})" if known and known.revision else id_[:8]


def _beside(others: Iterable[Beside], now: datetime) -> Iterator[str]:
    for one in others:
        execution_ = one.execution
        since = f", for {age(execution_.started, now)}" if execution_.started else ""
        yield f"  ▶ beside it {execution_.id[:8]}: {execution_.state} in {goes_on_in(one)}{since}"
        if execution_.revision:
            yield f"      {commit(execution_.revision, execution_.message)}"


def goes_on_in(one: Beside) -> str:
    """The actions that go on in an execution: `Build, Test/Unit`."""
    return ", ".join(run.label for run in one.runs) or "no action"


def execution(one: Execution, now: datetime) -> Iterator[str]:
    """An execution: its state, when and by what it was started, its commit, why it ended."""
    facts = [f"execution {one.id[:8]}: {one.state}"]
    by = f" by {started_by(one.trigger, one.trigger_detail)}" if one.trigger else ""
    if one.started or by:
        facts.append(f"started{f' {age(one.started, now)} ago' if one.started else ''}{by}")
    if one.started and one.updated and not one.running:
        facts.append(f"took {age(one.started, one.updated)}")
    yield f"  {', '.join(facts)}"
    yield from (f"    {line}" for line in _about(one))


def _about(one: Execution) -> Iterator[str]:
    if one.revision:
        yield commit(one.revision, one.message)
    if one.target:
        yield f"rolls back to execution {one.target[:8]}"
    if one.stop_reason:
        yield f"stopped: {first_line(one.stop_reason)}"
    if one.summary:
        yield first_line(one.summary)


def commands(target: Target, found: PipelineStatus) -> list[tuple[str, str]]:
    """What to type next, the most urgent first."""
    name, latest = found.scope.pipeline, found.latest
    asking = next((stage for stage in found.stages if any(one.asks for one in stage.actions)), None)
    held = next((stage for stage in found.stages if stage.inbound and stage.closed is not None), None)
    failed = next((stage for stage in found.stages if _failed(stage, latest)), None)

    def command(*words: str) -> str:
        return target.command_anywhere(*words)

    if asking or any(run.is_approval for one in found.beside for run in one.runs):
        where = asking.name if asking else "it"
        return [(command("approve", name), f"lets {where} pass"), (command("reject", name), "fails it")]
    if held:
        return [(command("enable", held.name, "-n", name), "lets what waits enter")]
    if failed:
        if causes.mended_by_commit(failed.causes):
            again_by = addresses.pushes(found.addresses, causes.AFTER_COMMIT)
        else:
            again_by = iter([(command("retry", "-n", name), f"runs {failed.name} again")])
        return [(command("logs", name), "what the failed action said"), *again_by]
    if (latest and latest.running) or found.beside:
        return [(command("watch", name), "follows it")]
    return [*_again(target, found), (command("down", name), "removes it; commits stay")]


def _failed(stage: StageStatus, latest: Execution | None) -> bool:
    return stage.state == "Failed" and latest is not None and stage.execution == latest.id


def _again(target: Target, found: PipelineStatus) -> Iterator[tuple[str, str]]:
    push = list(addresses.pushes(found.addresses, "after a commit: runs the pipeline"))
    yield from push or [(target.command_anywhere("run", found.scope.pipeline), "runs it again")]


def document(target: Target, found: PipelineStatus) -> dict[str, Any]:
    """The state as JSON; times in ISO 8601."""
    return {
        "pipeline": found.scope.pipeline,
        "account": found.scope.account,
        "region": found.scope.region,
        "type": found.type,
        "mode": found.mode,
        "version": found.version,
        "created": iso(found.created),
        "updated": iso(found.updated),
        "stages": [_stage_document(stage) for stage in found.stages],
        "executions": [execution_document(one) for one in found.executions],
        "addresses": addresses.documents(target, found.scope, found.addresses),
    }


def _stage_document(stage: StageStatus) -> dict[str, Any]:
    return {
        "name": stage.name,
        "status": stage.state or None,
        "execution_id": stage.execution or None,
        "transition_disabled": stage.closed,
        "waiting_execution_ids": list(stage.inbound),
        "causes": causes.documents(stage.causes),
        "actions": [
            {
                "name": action.name,
                "status": action.state or None,
                "changed": iso(action.at),
                "started": iso(action.started),
                "ended": iso(action.ended),
                "waits_for_approval": action.asks,
                "review": action.review or None,
                "revision": action.revision or None,
                "summary": action.summary or None,
                "url": action.url or None,
            }
            for action in stage.actions
        ],
    }


def execution_document(one: Execution) -> dict[str, Any]:
    """An execution as JSON."""
    return {
        "execution_id": one.id,
        "status": one.state,
        "started": iso(one.started),
        "updated": iso(one.updated),
        "revision": one.revision or None,
        "message": one.message or None,
        "trigger": one.trigger or None,
        "trigger_detail": one.trigger_detail or None,
        "target_execution_id": one.target or None,
        "stop_reason": one.stop_reason or None,
        "summary": one.summary or None,
    }
