"""Deploy by EC2: CodePipeline itself brings the artifact to instances, which the sandbox's hosts play.

AWS fails where no instance has the tag; the sandbox makes two hosts with it, which go with the pipeline.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-EC2Deploy.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from awspipe.sandbox import box, managedlog, runtime
from awspipe.sandbox.actions import artifacts
from awspipe.sandbox.actions.base import (
    CONFIGURATION_ERROR,
    JOB_FAILED,
    NOT_PLAYED,
    ActionError,
    ActionRun,
    Job,
)
from awspipe.sandbox.agent.order import LIFECYCLE, UNKNOWN_ERROR, Order, Outcome
from awspipe.sandbox.deploy.bundles import AFTER, BEFORE, bundle

if TYPE_CHECKING:
    from awspipe.sandbox.codedeploy import CodeDeployBackend
    from awspipe.sandbox.deploy.hosts import Host

_ON_ALL = (
    "ec2:DescribeInstances",
    "ssm:DescribeInstanceInformation",
    "ssm:ListCommandInvocations",
)


@dataclass(frozen=True, slots=True)
class _Failure:
    host: Host
    outcome: Outcome

    def text(self) -> str:
        told = self.outcome
        script = f"{told.script}: " if told.script else ""
        return f"{self.host.name} ({self.host.instance_id}): {told.event}: {script}{told.message}"


class Ec2(Job):
    """Deploys to hosts, as many at once as the action says."""

    plays = (("Deploy", "AWS", "EC2"),)

    def start(self, run: ActionRun) -> None:
        """Deploy to the end, or until too many have failed."""
        if run.configuration.get("TargetGroupNameList"):
            raise ActionError(NOT_PLAYED, "The sandbox does not play TargetGroupNameList; nothing was done.")
        log = managedlog.begin(run)
        hosts = _hosts(run)
        _check_role(run, hosts)
        files = [*artifacts.unzipped(artifacts.read(run, run.inputs[0]), "The artifact")]
        content = bundle(files, run.configuration)
        failed = _deploy(run, hosts, content, log)
        allowed = _number(run.configuration.get("MaxError", "0"), len(hosts))
        if len(failed) > allowed:
            text = f"Deployment failed on {len(failed)} of {len(hosts)} instances, {allowed} may fail. "
            run.fail(JOB_FAILED, text + failed[0].text())
        else:
            run.succeed(summary=f"Deployed to {len(hosts) - len(failed)} of {len(hosts)} instances")


def _deploy(run: ActionRun, hosts: Sequence[Host], content: bytes, log: managedlog.Log) -> list[_Failure]:
    """In batches; no further one is begun once too many have failed."""
    size = max(1, _number(run.configuration.get("MaxBatch", "100%"), len(hosts)))
    allowed = _number(run.configuration.get("MaxError", "0"), len(hosts))
    failed: list[_Failure] = []
    for begin in range(0, len(hosts), size):
        batch = hosts[begin : begin + size]
        with ThreadPoolExecutor(len(batch), thread_name_prefix="awspipe-host") as pool:
            outcomes = pool.map(partial(_on_host, run, content=content, log=log), batch)
            failed += [_Failure(host, one) for host, one in zip(batch, outcomes, strict=True) if not one.ok]
        if len(failed) > allowed or not run.wanted:
            break
    return failed


def _on_host(run: ActionRun, host: Host, *, content: bytes, log: managedlog.Log) -> Outcome:
    """Every lifecycle event on one host; the last outcome."""
    with runtime.current().lock:
        machine = _service(run).machine(host.name)
    name = f"{run.id}-{host.name}"
    outcome = Outcome(LIFECYCLE[0])
    try:
        machine.drop(name, content)
        with machine.session(_order(run, machine.dropped(name))) as session:
            for event in LIFECYCLE:
                outcome = _named(run, session.run(event))
                _tell(log, host, outcome)
                if not outcome.ok:
                    break
        machine.take_back(name)
    except box.BoxError as error:
        outcome = Outcome(outcome.event, UNKNOWN_ERROR, message=str(error))
        _tell(log, host, outcome)
    return outcome


def _named(run: ActionRun, outcome: Outcome) -> Outcome:
    """An outcome that speaks of the user's scripts, and not of what runs them."""
    for own, key in ((BEFORE, "PreScript"), (AFTER, "PostScript")):
        script = run.configuration.get(key, own)
        said = (text.replace(own, script) for text in (outcome.script, outcome.message, outcome.log))
        outcome = Outcome(outcome.event, outcome.code, *said)
    return outcome


def _tell(log: managedlog.Log, host: Host, outcome: Outcome) -> None:
    """What a script said, then how the event ended."""
    marks = ("LifecycleEvent - ", "Script - ")
    lines = (line.removeprefix("[stdout]").removeprefix("[stderr]") for line in outcome.log.splitlines())
    said = [line for line in lines if not line.startswith(marks)]
    if said or not outcome.ok:
        how = "succeeded" if outcome.ok else f"failed: {outcome.script} {outcome.message}".rstrip()
        log.say([*(f"{host.name}: {line}" for line in said), f"{host.name}: {outcome.event} {how}"])


def _order(run: ActionRun, dropped: str) -> Order:
    where = run.inputs[0]
    return Order(
        deployment_id=run.id,
        group_id=f"{run.pipeline}-{run.stage}-{run.name}",
        group_name=run.name,
        application=run.pipeline,
        bundle=dropped,
        bundle_type="zip",
        file_exists_behavior="OVERWRITE",
        variables={"BUNDLE_BUCKET": where.bucket, "BUNDLE_KEY": where.key},
    )


def _service(run: ActionRun) -> CodeDeployBackend:
    from awspipe.sandbox.codedeploy import codedeploy_backends

    found: CodeDeployBackend = codedeploy_backends[run.account][run.region]
    return found


def _hosts(run: ActionRun) -> list[Host]:
    """The hosts with the tag; two are made where there are none."""
    from awspipe.sandbox.deploy.hosts import EC2, ON_PREMISES

    kinds = {"EC2": EC2, "SSM_MANAGED_NODE": ON_PREMISES}
    kind = kinds.get(run.configuration["InstanceType"])
    if kind is None:
        raise ActionError(CONFIGURATION_ERROR, f"InstanceType must be one of {', '.join(kinds)}.")
    key, value = run.configuration["InstanceTagKey"], run.configuration.get("InstanceTagValue")
    with runtime.current().lock:
        service = _service(run)
        found = [
            one
            for one in service.hosts.values()
            if one.kind == kind and key in (tags := service.tags_of(one)) and value in (None, tags[key])
        ]
        return found or service.provide_for(f"{run.pipeline}/{run.name}", kind, {key: value or ""})


def _check_role(run: ActionRun, hosts: Sequence[Host]) -> None:
    for action in _ON_ALL:
        run.require(action, "*")
    partition = run.pipeline_arn.split(":")[1]
    run.require("ssm:SendCommand", f"arn:{partition}:ssm:{run.region}::document/AWS-RunShellScript")
    key, service = run.configuration["InstanceTagKey"], _service(run)
    for one in hosts:
        tag = {f"aws:resourcetag/{key.lower()}": service.tags_of(one)[key]}
        if run.configuration["InstanceType"] == "EC2":
            run.require("ssm:SendCommand", run.arn("ec2", f"instance/{one.instance_id}"), tag)
        else:
            run.require("ssm:SendCommand", run.arn("ssm", f"managed-instance/{one.name}"), tag)


def _number(text: str, hosts: int) -> int:
    """A number, or a percentage of the hosts."""
    return math.floor(hosts * int(text[:-1]) / 100) if text.endswith("%") else int(text)
