"""The calls that change how executions go on: retry, roll back, stop, and hold them before a stage.

What can be chosen is told by the board; what AWS would refuse anyway is not offered.
https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-executions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from awspipe.aws import Aws
from awspipe.errors import UsageError
from awspipe.executions import UNFINISHED, Execution, execution, executions_of, version_of
from awspipe.explain import explained
from awspipe.status import PipelineStatus, StageStatus

RECENT = 100
"""As many executions are looked through for those under way."""

_RETRYABLE = frozenset({"Failed", "Stopped"})
_STOP_REASON = 200
_REASON = 300
_REASON_MARKS = re.compile(r"[a-zA-Z0-9!@ ().*?-]")


def retryable(found: PipelineStatus) -> tuple[StageStatus, ...]:
    """The stages in which the latest execution failed or was stopped."""
    return tuple(one for one in found.stages if one.state in _RETRYABLE and one.execution)


def retry(aws: Aws, name: str, stage: StageStatus, *, everything: bool) -> None:
    """Run what failed in a stage again, or all of it, in the same execution."""
    with explained(f"retry {stage.name} of {name}"):
        aws.client("codepipeline").retry_stage_execution(
            pipelineName=name,
            stageName=stage.name,
            pipelineExecutionId=stage.execution,
            retryMode="ALL_ACTIONS" if everything else "FAILED_ACTIONS",
        )


def why_no_rollback(found: PipelineStatus, stage: str) -> str:
    """Why a stage cannot be rolled back at all; "" where it can."""
    if found.type != "V2":
        return "only V2 pipelines can roll back, and it is V1"
    if found.mode == "PARALLEL":
        return "a PARALLEL pipeline cannot roll back"
    return "the first stage cannot be rolled back" if stage == found.stages[0].name else ""


def targets(aws: Aws, name: str, stage: str) -> Iterator[Execution]:
    """The executions that succeeded in a stage and are no rollbacks, newest first."""
    with explained(f"list what {stage} of {name} can go back to"):
        for one in executions_of(aws, name, RECENT, succeeded_in=stage):
            if not one.target:
                yield one


def before(found: PipelineStatus, stage: StageStatus, older: Sequence[Execution]) -> Execution | None:
    """The newest of `older` that began before what is in the stage now and brought other revisions there.

    What a rollback put there counts. Where the stage failed, its last success will do, whatever it brought.
    """
    now = there(found, stage, older)
    if now is None:
        return next(iter(older), None)
    rest = older[older.index(now) + 1 :]
    return next((one for one in rest if not one.revisions or one.revisions != now.revisions), None)


def there(found: PipelineStatus, stage: StageStatus, older: Sequence[Execution]) -> Execution | None:
    """The one of `older` whose revisions are in a stage now; None where what ran there last has failed."""
    last = found.execution(stage.execution)
    now = last.target if last and last.target else stage.execution
    return next((one for one in older if one.id == now), None)


def coming(found: PipelineStatus, stage: str) -> tuple[Execution, ...]:
    """The executions under way that will run in a stage, or that roll one back, newest first."""
    later = found.stages[[one.name for one in found.stages].index(stage) + 1 :]
    past = {id_ for one in later for id_ in (*one.inbound, one.execution)}
    return tuple(one for one in found.executions if one.running and (one.target or one.id not in past))


def is_current(aws: Aws, found: PipelineStatus, one: Execution) -> bool:
    """Whether an execution was of the pipeline's present version: others cannot be gone back to."""
    with explained(f"look at execution {one.id}"):
        return version_of(aws, found.scope.pipeline, one.id) == found.version


def rollback(aws: Aws, name: str, stage: str, target: str) -> str:
    """Run a stage again with what an earlier execution ran it with; the id of the new execution."""
    with explained(f"roll {stage} of {name} back to execution {target[:8]}"):
        made = aws.client("codepipeline").rollback_stage(
            pipelineName=name, stageName=stage, targetPipelineExecutionId=target
        )
        return str(made["pipelineExecutionId"])


def under_way(aws: Aws, found: PipelineStatus) -> tuple[Execution, ...]:
    """The executions that go on, newest first; those that a stage holds for long are asked for."""
    listed = {one.id: one for one in found.executions if one.running}
    held = [one.execution for one in found.stages if one.state in UNFINISHED]
    held += [id_ for one in found.stages for id_ in one.inbound]
    unknown = [id_ for id_ in dict.fromkeys(held) if not found.execution(id_)]
    with explained(f"look at the executions of {found.scope.pipeline}"):
        return (*listed.values(), *(execution(aws, found.scope.pipeline, id_) for id_ in unknown))


def stop(aws: Aws, name: str, id_: str, *, abandon: bool, reason: str) -> None:
    """Stop an execution: when its actions have ended, or at once (`abandon`)."""
    asked = {"pipelineName": name, "pipelineExecutionId": id_, "abandon": abandon}
    with explained(f"stop execution {id_[:8]} of {name}"):
        aws.client("codepipeline").stop_pipeline_execution(**asked, **({"reason": reason} if reason else {}))


def check_stop_reason(reason: str) -> None:
    """Refuse a reason that AWS would not take."""
    if len(reason) > _STOP_REASON:
        raise UsageError(f"--reason has {len(reason)} characters: AWS takes {_STOP_REASON}")


def check_reason(reason: str) -> None:
    """Refuse a reason for a disabled transition that AWS would not take.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_DisableStageTransition.html
    """
    if not 1 <= len(reason) <= _REASON:
        raise UsageError(f"--reason has {len(reason)} characters: AWS takes 1 to {_REASON}")
    wrong = "".join(dict.fromkeys(_REASON_MARKS.sub("", reason)))
    if wrong:
        raise UsageError(
            f"--reason holds what AWS does not take there: {wrong!r}",
            hint="English letters, digits, spaces and ! @ ( ) . * ? -",
        )


def disable(aws: Aws, name: str, stage: str, reason: str) -> None:
    """Let no execution enter a stage any more."""
    with explained(f"disable the entry of {stage} of {name}"):
        aws.client("codepipeline").disable_stage_transition(
            pipelineName=name, stageName=stage, transitionType="Inbound", reason=reason
        )


def enable(aws: Aws, name: str, stage: str) -> None:
    """Let executions enter a stage again; one that waits does at once."""
    with explained(f"enable the entry of {stage} of {name}"):
        aws.client("codepipeline").enable_stage_transition(
            pipelineName=name, stageName=stage, transitionType="Inbound"
        )
