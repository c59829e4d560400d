"""The account: connections, notices, quotas, and what an earlier pipeline left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from awspipe.aws import tags_of
from awspipe.doctor.findings import Case, Finding, State, actions, ok
from awspipe.explain import explained
from awspipe.graph import Graph
from awspipe.naming import OWNER_TAG, ROLE_PATH_ROOT
from awspipe.resources.connection import by_status, console_url
from awspipe.resources.project import BuildProject
from awspipe.resources.role import Role
from awspipe.resources.subscription import Subscription


def connections(case: Case) -> Iterator[Finding]:
    """Connections that nobody has completed: a pipeline does not see through them."""
    if not any(_connected(graph) for graph in case.graphs):
        return
    with explained("list connections"):
        found = by_status(case.aws)
    waiting = [name for name, status in found if status == "PENDING"]
    if waiting:
        yield Finding(
            "connections", State.PROBLEM, f"not completed: {', '.join(waiting)}", _complete(case, waiting)
        )
    else:
        yield ok("connections", f"{len(found)}, none waits for somebody")


def _complete(case: Case, waiting: list[str]) -> str:
    """How connections are completed: no API can, and the sandbox has no console."""
    if case.sandbox:
        return f"`awspipe sandbox connect {waiting[0]} OWNER/NAME PATH` completes one"
    return f"complete them in the console: {console_url(case.graphs[0].scope)}"


def _connected(graph: Graph) -> bool:
    return any(one["actionTypeId"]["provider"] == "CodeStarSourceConnection" for one in actions(graph))


def notices(case: Case) -> Iterator[Finding]:
    """Addresses that `notify` names and nobody has confirmed: nothing is sent there."""
    told = [graph for graph in case.graphs if any(isinstance(one, Subscription) for one in graph.resources)]
    if not told:
        return
    with explained("list subscriptions"):
        found = [one for graph in told for one in Subscription.unconfirmed(case.aws, graph.scope)]
    if found:
        says = f"not confirmed: {', '.join(found)}"
        yield Finding(
            "notices", State.PROBLEM, says, "open the mail from AWS Notifications there and confirm"
        )
    else:
        yield ok("notices", "no address waits to be confirmed")


def quotas(case: Case) -> Iterator[Finding]:
    """How many builds the account may run at once: a new account's number is small, or none.

    https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
    """
    sizes = {_size(one) for graph in case.graphs for one in graph.resources if isinstance(one, BuildProject)}
    if case.sandbox or not sizes:
        return
    pages = case.aws.client("service-quotas").get_paginator("list_service_quotas")
    with explained("look at the quotas of CodeBuild"):
        found = {
            one["QuotaName"]: one["Value"]
            for page in pages.paginate(ServiceCode="codebuild")
            for one in page["Quotas"]
        }
    for size in sorted(sizes):
        yield _quota(size, found.get(f"Concurrently running builds for {size} environment"))


def _size(project: BuildProject) -> str:
    """As the quotas are called: `Linux/Small`."""
    system = {"ARM_CONTAINER": "ARM", "LINUX_CONTAINER": "Linux"}.get(project.build_type, "Windows")
    return f"{system}/{project.compute.removeprefix('BUILD_GENERAL1_').capitalize()}"


def _quota(size: str, value: float | None) -> Finding:
    name = f"builds {size}"
    if value is None:
        return Finding(name, State.UNKNOWN, "AWS names no quota for this size")
    if value < 1:
        return Finding(name, State.PROBLEM, "this account may run none", "ask AWS Support for more")
    return ok(name, f"{value:.0f} at once" + (", others wait for their turn" if value == 1 else ""))


def leftovers(case: Case) -> Iterator[Finding]:
    """What carries our tag for a pipeline that is not there any more."""
    pages = case.aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
    found: dict[str, list[str]] = defaultdict(list)
    with explained("look for leftovers"):
        for page in pages.paginate(TagFilters=[{"Key": OWNER_TAG}]):
            for one in page["ResourceTagMappingList"]:
                found[tags_of(one["Tags"])[OWNER_TAG]].append(one["ResourceARN"])
        root = f"{ROLE_PATH_ROOT}{case.aws.region}/"
        for role in Role.on_path(case.aws, root).values():
            found[role["Path"].removeprefix(root).rstrip("/")].append(role["Arn"])
        listed = case.aws.client("codepipeline").get_paginator("list_pipelines").paginate()
        there = {one["name"] for page in listed for one in page["pipelines"]}
    orphans = {name: arns for name, arns in found.items() if name not in there}
    if not orphans:
        yield ok("leftovers", f"none; pipelines of awspipe here: {len(there & found.keys())}")
    for name, arns in sorted(orphans.items()):
        yield _leftover(name, arns)


def _leftover(name: str, arns: list[str]) -> Finding:
    kept = all(arn.split(":")[2] == "codecommit" for arn in arns)
    if kept:
        return ok("leftovers", f"repository of {name}, which was kept with its commits")
    things = "1 thing" if len(arns) == 1 else f"{len(arns)} things"
    says = f"{things} of {name}, and there is no such pipeline"
    return Finding("leftovers", State.PROBLEM, says, f"`awspipe down {name}` removes them")
