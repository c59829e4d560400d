"""The sandbox's hosts: what plays EC2 instances and on-premises instances. moto's ec2 is not asked.

AWS would fail a deployment with NO_INSTANCES where no instance has the group's tags. The sandbox helps: when
a deployment group is made whose filters no host matches, two hosts with such tags are made along with it, and
go with it. The log and `awspipe sandbox hosts` say so.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from awspipe.sandbox import box, runtime, serving
from awspipe.sandbox.agent.order import Order
from awspipe.sandbox.boxes import leftovers
from awspipe.sandbox.codedeploy_groups import Application, Group
from awspipe.sandbox.codedeploy_instances import Instance, matches
from awspipe.sandbox.deploy.machine import Machine
from awspipe.sandbox.deploy.records import Deployment

log = logging.getLogger("awspipe.sandbox")

EC2, ON_PREMISES = "ec2", "on-premises"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_MADE = 2


class HostError(Exception):
    """A host that cannot be made or found."""


@dataclass
class Host:
    """A host. What runs on it is `machine.Machine`, which is not kept."""

    name: str
    kind: str
    port: int
    tags: dict[str, str] = field(default_factory=dict)
    made_for: str | None = None
    """What it was made for and goes with: a deployment group's id, or `pipeline/action`."""
    deployed: dict[str, str] = field(default_factory=dict)
    """Deployment group -> its last deployment that succeeded here."""

    @property
    def instance_id(self) -> str:
        """An EC2 instance's id, always the same for a name."""
        return f"i-0{hashlib.sha256(self.name.encode()).hexdigest()[:16]}"


class Hosts:
    """The hosts of one account and region."""

    hosts: dict[str, Host]
    instances: dict[str, Instance]
    deployments: dict[str, Deployment]

    if TYPE_CHECKING:
        account_id: str
        region_name: str
        partition: str

        def arn(self, resource: str) -> str:
            """An ARN of CodeDeploy."""

        def now(self) -> float:
            """The time."""

    def add_host(self, name: str, kind: str, tags: dict[str, str], *, made_for: str | None = None) -> Host:
        """Make a host; one on premises is registered as an instance too."""
        if not _NAME.fullmatch(name):
            raise HostError(f"{name!r} is no host name: small letters, digits and hyphens, 40 at most")
        if name in self.hosts:
            raise HostError(f"there is a host {name} already")
        if kind == ON_PREMISES:
            self._register(name, tags)
        taken = {one.port for one in self.hosts.values()}
        self.hosts[name] = Host(name, kind, serving.free_port(taken), dict(tags), made_for)
        return self.hosts[name]

    def _register(self, name: str, tags: dict[str, str]) -> None:
        known = self.instances.get(name)
        if known is not None and known.deregistered is None:
            raise HostError(f"there is an on-premises instance {name} already")
        user = f"arn:{self.partition}:iam::{self.account_id}:user/AWS/CodeDeploy/{name}"
        arn = self.arn(f"instance/{name}_{hashlib.sha256(name.encode()).hexdigest()[:10]}")
        self.instances[name] = Instance(name, arn, self.now(), user, None, tags=dict(tags))

    def remove_host(self, name: str) -> Host:
        """End a host and forget it, with everything on it."""
        host = self.hosts.pop(name, None)
        if host is None:
            raise HostError(f"there is no host {name}")
        if host.made_for is not None:
            self.instances.pop(name, None)
        elif name in self.instances:
            self.instances[name].deregistered = self.now()
        machine = runtime.current().machines.pop((self.account_id, self.region_name, name), None)
        if machine is not None:
            machine.destroy()
        return host

    def machine(self, name: str) -> Machine:
        """A host's machine; it starts when something is done there. Called with the lock held."""
        played, host = runtime.current(), self.hosts[name]
        key = (self.account_id, self.region_name, name)
        if key not in played.machines:
            folder = played.state_dir / "hosts" / f"{self.region_name}-{name}"
            leftovers.end(folder)  # what a sandbox that was killed left running has the port still
            if not serving.is_free(host.port):
                old, host.port = host.port, serving.free_port({one.port for one in self.hosts.values()})
                log.warning("port %d is taken: the host %s has %d now", old, name, host.port)
            played.machines[key] = Machine(
                folder,
                {"PORT": str(host.port), "AWSPIPE_HOST": name, "AWS_REGION": self.region_name},
            )
        return played.machines[key]

    def sleep(self) -> None:
        """End everything on every host; the files stay."""
        here = (self.account_id, self.region_name)
        machines = [one for key, one in runtime.current().machines.items() if key[:2] == here]
        threads = [threading.Thread(target=one.kill) for one in machines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def wake(self) -> None:
        """After a restart: end what a killed sandbox left, and start what was deployed."""
        for host in self.hosts.values():
            machine = self.machine(host.name)
            orders = [self._order(group, last) for group, last in host.deployed.items()]
            work = partial(_start_again, machine, host.name, orders)
            runtime.current().jobs.submit(f"host {host.name}", work)

    def _order(self, group: str, last: str) -> Order:
        """What the agent needs to know of a group's last good deployment."""
        one = self.deployments[last]
        return Order(deployment_id=last, group_id=group, group_name=one.group, application=one.application)

    def tags_of(self, host: Host) -> dict[str, str]:
        """A host's tags: CodeDeploy keeps those of an instance on premises."""
        return self.instances[host.name].tags if host.kind == ON_PREMISES else host.tags

    def found(self, group: Group) -> list[tuple[str, str, str | None]]:
        """The instances that a deployment group means: id, ARN, and the host behind it, if there is one."""
        where = f"arn:{self.partition}:ec2:{self.region_name}:{self.account_id}:instance"
        ec2 = [
            (host.instance_id, f"{where}/{host.instance_id}", host.name)
            for host in self.hosts.values()
            if host.kind == EC2 and _wanted(group.members, "ec2TagFilters", "ec2TagSet", host.tags)
        ]
        on_premises = [
            (one.name, one.arn, one.name if one.name in self.hosts else None)
            for one in self.instances.values()
            if one.deregistered is None
            and _wanted(group.members, "onPremisesInstanceTagFilters", "onPremisesTagSet", one.tags)
        ]
        return ec2 + on_premises

    def provide(self, application: Application, group: Group) -> list[Host]:
        """Make hosts for a new group that means none; those that were made."""
        if application.platform != "Server" or self.found(group):
            return []
        kind, tags = _example(group.members)
        if not tags:
            return []
        made = [
            self.add_host(name, kind, tags, made_for=group.id) for name in self._free_names(application.name)
        ]
        names = " and ".join(one.name for one in made)
        what = ", ".join(f"{key}={value}" for key, value in tags.items())
        log.info("made the hosts %s with the tags %s for %s: AWS would not", names, what, group.name)
        return made

    def provide_for(self, action: str, kind: str, tags: dict[str, str]) -> list[Host]:
        """Make hosts for an action of a pipeline that deploys to instances itself: `pipeline/action`."""
        pipeline, _, _ = action.partition("/")
        made = [self.add_host(name, kind, tags, made_for=action) for name in self._free_names(pipeline)]
        names = " and ".join(one.name for one in made)
        log.info("made the hosts %s for %s: AWS would not", names, action)
        return made

    def withdraw_from(self, pipeline: str) -> None:
        """End the hosts that were made for actions of a pipeline."""
        for host in list(self.hosts.values()):
            if (host.made_for or "").startswith(f"{pipeline}/"):
                self.remove_host(host.name)

    def withdraw(self, group: Group) -> None:
        """End the hosts that were made for a group."""
        for name in [one.name for one in self.hosts.values() if one.made_for == group.id]:
            self.remove_host(name)

    def _free_names(self, application: str) -> Iterator[str]:
        stem = re.sub(r"[^a-z0-9]+", "-", application.lower()).strip("-")[:32].rstrip("-") or "host"
        names = (f"{stem}-{number}" for number in range(1, 10_000))
        free = (name for name in names if name not in self.hosts and name not in self.instances)
        return (next(free) for _ in range(_MADE))


def _start_again(machine: Machine, name: str, orders: list[Order]) -> None:
    """Do ApplicationStart again, where something was deployed."""
    for order in orders:
        try:
            outcome = machine.start_again(order)
        except box.BoxError as error:
            log.warning("host %s: %s", name, error)
            return
        if outcome is not None:
            how = "is up again" if outcome.ok else f"does not start again: {outcome.message}"
            text = "host %s: the application of %s %s (ApplicationStart was run, which AWS would not do)"
            log.log(logging.INFO if outcome.ok else logging.WARNING, text, name, order.deployment_id, how)


def _wanted(members: dict[str, Any], filters: str, tag_set: str, tags: dict[str, str]) -> bool:
    if members.get(filters):
        return matches(tags, members[filters])
    groups = (members.get(tag_set) or {}).get(f"{tag_set}List") or []
    return bool(groups) and all(matches(tags, one) for one in groups)


def _example(members: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Tags that a group's filters would match: EC2's, else those on premises."""
    for kind, filters, tag_set in (
        (EC2, "ec2TagFilters", "ec2TagSet"),
        (ON_PREMISES, "onPremisesInstanceTagFilters", "onPremisesTagSet"),
    ):
        groups = (members.get(tag_set) or {}).get(f"{tag_set}List") or []
        wanted = [one[0] for one in groups if one] or (members.get(filters) or [])[:1]
        if wanted:
            return kind, {one.get("Key") or "Name": one.get("Value") or "" for one in wanted}
    return EC2, {}
