"""The machines that a pipeline deploys to, as far as AWS tells: their tags, and the agent that it reaches.

The agent of CodeDeploy asks AWS for work and is not seen by anybody who lists; that of Systems Manager is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from awspipe.aws import Aws
from awspipe.doctor.findings import Case, Finding, State, actions, ok
from awspipe.explain import explained
from awspipe.resources.deployment_group import DeploymentGroup


def hosts(case: Case) -> Iterator[Finding]:
    """The machines that each deployment group and each `provider: ec2` of the spec would deploy to."""
    groups = [one for graph in case.graphs for one in graph.resources if isinstance(one, DeploymentGroup)]
    if case.sandbox:
        if groups:
            yield ok("hosts", "a deployment group that finds none gets two: `awspipe sandbox hosts`")
        return
    for one in groups:
        yield _hosts_of(case.aws, one)
    for action in (found for graph in case.graphs for found in actions(graph)):
        if action["actionTypeId"]["provider"] == "EC2":
            yield _reached(case.aws, action["name"], action["configuration"])


def _hosts_of(aws: Aws, group: DeploymentGroup) -> Finding:
    name = f"hosts of {group.name.rpartition('/')[2]}"
    with explained(f"look for the hosts of {group.key}"):
        instances = _instances(aws, group.ec2_tags)
        machines = _machines(aws, group.on_premises_tags)
    tags = ", ".join(f"{key}={value}" for key, value in (*group.ec2_tags, *group.on_premises_tags))
    if not instances and not machines:
        fix = "start an instance with that tag and the CodeDeploy agent, or give yours the tag"
        return Finding(name, State.PROBLEM, f"no running machine has the tag {tags}", fix)
    bare = sorted(id_ for id_, profile in instances.items() if not profile)
    if bare:
        says = f"{', '.join(bare)}: no instance profile, so the agent cannot fetch a revision"
        return Finding(name, State.PROBLEM, says, "attach one that may read the artifact bucket")
    count = len(instances) + len(machines)
    return ok(name, f"{count} with the tag {tags}; whether the agent runs there only a deployment shows")


def _reached(aws: Aws, action: str, configuration: dict[str, str]) -> Finding:
    """The instances that an action sends its scripts to by Systems Manager."""
    name = f"hosts of {action}"
    key, value = configuration["InstanceTagKey"], configuration.get("InstanceTagValue", "")
    with explained(f"look for the hosts of {action}"):
        agents = _agents(aws, key, value)
        theirs = _instances(aws, [(key, value)]) if configuration["InstanceType"] == "EC2" else agents
    tag = f"{key}={value}" if value else key
    if not theirs:
        fix = "start an instance with that tag and the Systems Manager agent, or give yours the tag"
        return Finding(name, State.PROBLEM, f"no running machine has the tag {tag}", fix)
    silent = sorted(id_ for id_ in theirs if agents.get(id_) != "Online")
    if silent:
        fix = "start its agent there, and give the instance a role with AmazonSSMManagedInstanceCore"
        return Finding(name, State.PROBLEM, f"{', '.join(silent)}: Systems Manager does not reach it", fix)
    return ok(name, f"{len(theirs)} with the tag {tag}, and Systems Manager reaches each")


def _agents(aws: Aws, key: str, value: str) -> dict[str, str]:
    """Whether Systems Manager reaches the agent of each node that has a tag, by the node's id."""
    asked = {"Key": f"tag:{key}", "Values": [value]} if value else {"Key": "tag-key", "Values": [key]}
    pages = aws.client("ssm").get_paginator("describe_instance_information").paginate(Filters=[asked])
    return {one["InstanceId"]: one["PingStatus"] for page in pages for one in page["InstanceInformationList"]}


def _instances(aws: Aws, tags: Iterable[tuple[str, str]]) -> dict[str, bool]:
    """The ids of running instances with any of the tags, and whether each has an instance profile.

    A tag without a value counts whatever it is.
    """
    found: dict[str, bool] = {}
    for key, value in tags:
        pages = aws.client("ec2").get_paginator("describe_instances")
        running = {"Name": "instance-state-name", "Values": ["running"]}
        tagged = (f"tag:{key}", value) if value else ("tag-key", key)
        for page in pages.paginate(Filters=[{"Name": tagged[0], "Values": [tagged[1]]}, running]):
            for one in (each for batch in page["Reservations"] for each in batch["Instances"]):
                found[one["InstanceId"]] = "IamInstanceProfile" in one
    return found


def _machines(aws: Aws, tags: Iterable[tuple[str, str]]) -> frozenset[str]:
    filters = [{"Key": key, "Value": value, "Type": "KEY_AND_VALUE"} for key, value in tags]
    if not filters:
        return frozenset()
    pages = aws.client("codedeploy").get_paginator("list_on_premises_instances")
    found = pages.paginate(registrationStatus="Registered", tagFilters=filters)
    return frozenset(name for page in found for name in page["instanceNames"])
