"""A deployment as it goes: hosts in waves, lifecycle events on each, and what is made of it all.

Everything here runs in the deployment's own thread and takes the runtime's lock for each change.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from awspipe.sandbox import box, eventbus, objects, runtime
from awspipe.sandbox.agent.order import LIFECYCLE, UNKNOWN_ERROR, Order, Outcome
from awspipe.sandbox.agent.session import Session
from awspipe.sandbox.deploy import waves
from awspipe.sandbox.deploy.machine import Machine
from awspipe.sandbox.deploy.records import (
    FAILED,
    IN_PROGRESS,
    PENDING,
    SKIPPED,
    STOPPED,
    SUCCEEDED,
    Deployment,
    Target,
)

log = logging.getLogger("awspipe.sandbox")

_TOO_FEW = (
    "The overall deployment failed because too many individual instances failed deployment, too few healthy "
    "instances are available for deployment, or some instances in your deployment group are experiencing "
    "problems."
)
_NO_AGENT = (
    "CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs on your "
    "host and make sure the agent is running and can connect to the CodeDeploy server."
)
STOPPED_SANDBOX = "The sandbox was stopped while this deployment ran."
_STATES = {IN_PROGRESS: "START", SUCCEEDED: "SUCCESS", FAILED: "FAILURE", STOPPED: "STOP"}


class Service(Protocol):
    """What a deployment needs of the CodeDeploy backend."""

    account_id: str
    region_name: str

    def now(self) -> float:
        """The time."""

    def arn(self, resource: str) -> str:
        """An ARN of CodeDeploy."""

    def machine(self, name: str) -> Machine:
        """A host, running. Called with the lock held."""

    def deployed(self, one: Deployment, target: Target) -> None:
        """Hear that a host has a deployment now."""

    def ended(self, one: Deployment) -> None:
        """Hear that a deployment has ended."""


class Runner:
    """One deployment."""

    def __init__(self, service: Service, one: Deployment, fleet: waves.Fleet) -> None:
        self._service = service
        self._one = one
        self._fleet = fleet
        self._lock = runtime.current().lock
        self._bundle = threading.Lock()
        self._content: bytes | None = None

    def run(self) -> None:
        """Deploy, to the end."""
        with self._lock:
            self._one.status, self._one.started = IN_PROGRESS, self._service.now()
            announce(self._service, self._one)
        try:
            while wave := self._next_wave():
                with ThreadPoolExecutor(len(wave), thread_name_prefix="awspipe-host") as pool:
                    list(pool.map(self._deploy, wave))
        except Exception as error:
            log.exception("deployment %s failed", self._one.id)
            self._one.error = ("INTERNAL_ERROR", f"The sandbox failed: {error!r}")
        with self._lock:
            self._conclude()

    def _next_wave(self) -> list[Target]:
        with self._lock:
            if self._one.stopping or runtime.current().jobs.closed:
                return []
            waiting = self._one.of(PENDING)
            number = self._fleet.wave(waiting=len(waiting), failed=len(self._one.of(FAILED)))
            return waiting[:number]

    def _conclude(self) -> None:
        one, now = self._one, self._service.now()
        good, failed = len(one.of(SUCCEEDED)), len(one.of(FAILED))
        through = good + failed == len(one.targets)
        healthy = through and self._fleet.succeeded(good=good, failed=failed)
        if not healthy and runtime.current().jobs.closed:
            one.error = ("INTERNAL_ERROR", STOPPED_SANDBOX)
        elif not through and one.stopping:
            one.end(STOPPED, now)
        elif not healthy and one.error is None:
            one.error = ("HEALTH_CONSTRAINTS", _TOO_FEW)
        if one.going_on:
            one.end(FAILED if one.error else SUCCEEDED, now)
        announce(self._service, one)
        self._service.ended(one)

    # One host

    def _deploy(self, target: Target) -> None:
        if target.host is None:
            self._record(target, Outcome(LIFECYCLE[0], UNKNOWN_ERROR, message=_NO_AGENT))
            self._close(target, FAILED)
            return
        with self._lock:
            machine = self._service.machine(target.host)
        name = f"{self._one.id}-{target.id}"
        try:
            status = self._events(target, machine, name)
            machine.take_back(name)
        except box.BoxError as error:
            self._record(target, Outcome(LIFECYCLE[0], UNKNOWN_ERROR, message=str(error)))
            status = FAILED
        self._close(target, status)

    def _events(self, target: Target, machine: Machine, name: str) -> str:
        """Every lifecycle event on one host; the status that it ends with."""
        with machine.session(self._order(machine.dropped(name))) as session:
            for event in LIFECYCLE:
                if self._one.stopping:
                    return SKIPPED
                with self._lock:
                    target.begin(event, self._service.now())
                outcome = self._event(event, session, machine, name)
                self._record(target, outcome)
                forgiven = event == "ApplicationStop" and self._one.members["ignoreApplicationStopFailures"]
                if not outcome.ok and not forgiven:
                    return FAILED
        return SUCCEEDED

    def _event(self, event: str, session: Session, machine: Machine, name: str) -> Outcome:
        if event == "DownloadBundle":
            try:
                machine.drop(name, self._fetched())
            except objects.ObjectError as error:
                return Outcome(event, UNKNOWN_ERROR, message=str(error))
        return session.run(event)

    def _fetched(self) -> bytes:
        """The revision, read once for all hosts."""
        with self._bundle:
            if self._content is None:
                self._content = self._read()
            return self._content

    def _read(self) -> bytes:
        where = self._one.revision["s3Location"]
        found = objects.read(
            self._service.account_id,
            self._service.region_name,
            where["bucket"],
            where["key"],
            version=where.get("version"),
        )
        wanted = where.get("eTag", "").strip('"')
        if wanted and wanted != found.etag:
            text = f"Expected deployment artifact bundle etag {wanted} but was actually {found.etag}"
            raise objects.ObjectError("EtagMismatch", text)
        return found.content

    def _order(self, bundle: str) -> Order:
        one, where = self._one, self._one.revision["s3Location"]
        names = {"BUCKET": "bucket", "KEY": "key", "VERSION": "version", "ETAG": "eTag"}
        return Order(
            deployment_id=one.id,
            group_id=one.group_id,
            group_name=one.group,
            application=one.application,
            bundle=bundle,
            bundle_type=where.get("bundleType"),
            file_exists_behavior=one.members["fileExistsBehavior"],
            variables={f"BUNDLE_{name}": where[key] for name, key in names.items() if where.get(key)},
        )

    def _record(self, target: Target, outcome: Outcome) -> None:
        with self._lock:
            target.end(outcome, self._service.now())

    def _close(self, target: Target, status: str) -> None:
        with self._lock:
            target.close(status, self._service.now())
            if status == SUCCEEDED:
                self._service.deployed(self._one, target)


def announce(service: Service, one: Deployment) -> None:
    """Say on the event bus how a deployment stands."""
    detail = {
        "region": service.region_name,
        "deploymentId": one.id,
        "instanceGroupId": one.group_id,
        "deploymentGroup": one.group,
        "application": one.application,
        "state": _STATES[one.status],
    }
    resources = (
        service.arn(f"application:{one.application}"),
        service.arn(f"deploymentgroup:{one.application}/{one.group}"),
    )
    event = eventbus.Event(
        "aws.codedeploy", "CodeDeploy Deployment State-change Notification", detail, resources
    )
    eventbus.publish(service.account_id, service.region_name, event)
