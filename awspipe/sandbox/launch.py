"""How the engine begins an action: its variables resolved, its role looked at, its provider found."""

from __future__ import annotations

import logging
import secrets
import shutil
import string
from typing import TYPE_CHECKING, Any

from awspipe.sandbox import actions, objects, references, roles, runtime
from awspipe.sandbox.actions.base import (
    CONFIGURATION_ERROR,
    NOT_PLAYED,
    PERMISSION_ERROR,
    ActionError,
    ActionRun,
    Artifact,
    Job,
    Key,
    Result,
)
from awspipe.sandbox.pipelines import ActionExecution, Execution, Pipeline, Trigger
from awspipe.sandbox.service import new_id

if TYPE_CHECKING:
    from awspipe.sandbox.outcomes import Outcomes

log = logging.getLogger("awspipe.sandbox")

_LETTERS = string.ascii_letters + string.digits
_PRINCIPAL = "codepipeline.amazonaws.com"


def begin(engine: Outcomes, found: Pipeline, one: Execution, action: dict[str, Any]) -> None:
    """Begin an action of the stage that an execution is in. What is wrong with it is its failure."""
    made = _execution(engine, found, one, action)
    one.stages[made.stage].actions[made.name] = made
    one.actions.append(made)
    found.latest_actions[made.stage, made.name] = made
    try:
        made.configuration = references.resolved(action["configuration"], one)
        references.filled(action, one)
        job = _job(engine, found, one, made)
    except references.UnresolvedError:
        text = "An action in this pipeline failed because one or more variables could not be resolved: "
        error = ActionError(CONFIGURATION_ERROR, f"{text}Action name={made.name}.")
        engine.settle(one, made, Result(error=error))
    except ActionError as error:
        engine.settle(one, made, Result(error=error))
    else:
        run = _run(engine, found, one, made)
        runtime.current().jobs.submit(f"{found.name}/{made.name}", lambda: _play(job, run))


def _execution(engine: Outcomes, found: Pipeline, one: Execution, action: dict[str, Any]) -> ActionExecution:
    declaration = found.versions[one.version]
    region = action.get("region") or engine.service.region_name
    approval = action["actionTypeId"]["category"] == "Approval"
    now = engine.service.now()
    token = new_id() if approval else None
    return ActionExecution(
        id=new_id(),
        execution_id=one.id,
        version=one.version,
        stage=str(one.at),
        declaration=action,
        role_arn=action.get("roleArn") or declaration["roleArn"],
        region=region,
        started=now,
        updated=now,
        inputs=[one.artifacts[it["name"]] for it in action["inputArtifacts"] if it["name"] in one.artifacts],
        outputs=[_output(declaration, region, it["name"]) for it in action["outputArtifacts"]],
        token=token,
        external_id=token,  # in PARALLEL mode this is where the token is found
    )


def _output(declaration: dict[str, Any], region: str, name: str) -> Artifact:
    """Where an output artifact goes: a new key for each try."""
    store = declaration.get("artifactStore") or declaration["artifactStores"][region]
    mark = "".join(secrets.choice(_LETTERS) for _ in range(7))
    return Artifact(name, store["location"], f"{declaration['name'][:20]}/{name[:10]}/{mark}")


def _job(engine: Outcomes, found: Pipeline, one: Execution, made: ActionExecution) -> Job:
    """What plays the action; ActionError where nothing does, or where its role cannot be used."""
    arn = engine.service.arn(found.name)
    role = found.versions[one.version]["roleArn"]
    if roles.standing(role, _PRINCIPAL, source_arn=arn) is not roles.Standing.USABLE:
        text = f"CodePipeline is not authorized to perform AssumeRole on role {role}"
        raise ActionError(PERMISSION_ERROR, text)
    if made.role_arn != role and not roles.lends(made.role_arn, to=role):
        text = f"{role} is not authorized to perform AssumeRole on role {made.role_arn}"
        raise ActionError(PERMISSION_ERROR, text)
    key = key_of(made)
    job = actions.find(key)
    if job is None:
        text = f"The sandbox does not play {key[0]} actions of the provider {key[2]}; nothing was done."
        raise ActionError(NOT_PLAYED, text)
    return job


def key_of(made: ActionExecution) -> Key:
    """The type of an action."""
    kind = made.declaration["actionTypeId"]
    return kind["category"], kind["owner"], kind["provider"]


def _run(engine: Outcomes, found: Pipeline, one: Execution, made: ActionExecution) -> ActionRun:
    override = {one["revisionType"]: one["revisionValue"] for one in _overrides(one, made.name)}
    return ActionRun(
        account=engine.service.account_id,
        region=made.region,
        pipeline=found.name,
        pipeline_arn=engine.service.arn(found.name),
        stage=made.stage,
        name=made.name,
        execution_id=one.id,
        id=made.id,
        declaration=references.filled(made.declaration, one),
        configuration=made.configuration,
        inputs=tuple(made.inputs),
        outputs=tuple(made.outputs),
        role_arn=made.role_arn,
        overrides=override,
        pushed=one.pushed.get(made.name),
        token=made.token,
        folder=runtime.current().state_dir / "work" / "actions" / made.id,
        engine=engine,
    )


def _overrides(one: Execution, name: str) -> list[dict[str, str]]:
    return [it for it in one.source_revisions if it["actionName"] == name]


def run_of(engine: Outcomes, found: Pipeline, made: ActionExecution) -> ActionRun | None:
    """The run of an action that goes on, for whoever must stop it."""
    one = found.execution(made.execution_id)
    return _run(engine, found, one, made) if one and made.going_on else None


def _play(job: Job, run: ActionRun) -> None:
    """Do an action's work in its own thread; whatever it raises is its failure."""
    try:
        job.start(run)
    except ActionError as error:
        run.fail(error.code, error.message, external_id=error.external_id)
    except objects.ObjectError as error:
        run.fail(CONFIGURATION_ERROR, str(error))
    except Exception as error:
        log.exception("action %s of %s failed", run.name, run.pipeline)
        text = f"The sandbox failed in this action: {error!r}; `awspipe sandbox logs` shows how"
        run.fail("InternalError", text)
    finally:
        if not run.wanted:
            shutil.rmtree(run.folder, ignore_errors=True)


def automatic_rollback(failed: Execution) -> Execution:
    """An execution that undoes a failed one."""
    return Execution(
        id=new_id(),
        version=failed.version,
        mode=failed.mode,
        trigger=Trigger("AutomatedRollback", failed.id),
        started=failed.updated,
        updated=failed.updated,
    )
