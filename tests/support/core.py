"""The core against moto and the sandbox's backends, in this process: `up`, `down`, and all that AWS then has.

    with core.world(tmp_path) as world:
        core.up(world.aws, core.STATIC_SITE)
        assert core.down(world.aws, "shop").left == ()

Every request that passes through a world is held to AWS's model.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from awspipe.apply import Outcome, apply
from awspipe.aws import Aws
from awspipe.cli.init import templates
from awspipe.cli.planning import check
from awspipe.errors import AwspipeError
from awspipe.events import Event
from awspipe.graph import Graph, Source, wanted
from awspipe.live import prefetch, read, scan_again, scan_all
from awspipe.naming import Scope
from awspipe.plan import Plan, Verb, plan, removal
from awspipe.resources.base import Key, kinds
from awspipe.sandbox import git, handshakes, runtime
from awspipe.sandbox.codeconnections import codeconnections_backends
from awspipe.sandbox.runtime import Runtime
from awspipe.spec.load import load_text
from tests.support import engine, modelcheck, recorder, sandbox
from tests.support.clock import FakeClock
from tests.support.modelcheck import ModelCheck
from tests.support.recorder import Recording

ACCOUNT, REGION = sandbox.ACCOUNT, sandbox.REGION


def template(kind: str, name: str = "shop") -> str:
    """The spec of a starter project."""
    return (templates() / kind / "awspipe.yml").read_text(encoding="utf-8").replace("{{name}}", name)


STATIC_SITE, SERVER = template("static-site"), template("server")
GITHUB = """\
name: shop
stages:
  - name: Source
    provider: github
    repository: me/shop
  - name: Deploy
    provider: s3
"""
"""A pipeline whose source is behind a connection."""
NOTIFYING = f"""\
{GITHUB}notify:
  email: [me@example.com, You@Example.com]
  events: [failed, approval]
"""
"""The same, and two people hear of it."""


def session(region: str = REGION) -> boto3.Session:
    """A new session: no hook of another test is in it."""
    return boto3.Session(region_name=region)


@dataclass
class World:
    """An account of its own: awspipe's session, recorded and held to the model, and one for the test."""

    runtime: Runtime
    aws: Aws
    calls: Recording
    check: ModelCheck
    events: list[Event]
    _clients: dict[str, Any] = field(default_factory=dict)
    _others: list[Aws] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """A client of the test's own: its calls are neither recorded nor checked."""
        if service not in self._clients:
            self._clients[service] = sandbox.plain(service, self.aws.region)
        return self._clients[service]

    def again(self, **options: Any) -> Aws:
        """A connection of its own to the same account, as the next command makes it: not recorded."""
        self._others.append(connect(session(self.aws.region), **options))
        return self._others[-1]

    def settle(self) -> None:
        """Wait until no thread of a command is left: as after its process has ended."""
        names = ("awspipe-step", "awspipe-call", "awspipe-read", "awspipe-scan")
        for thread in threading.enumerate():
            if thread.name.startswith(names[:1] + names[2:]):
                thread.join(10)

    def close(self) -> None:
        """End the threads."""
        for one in (self.aws, *self._others):
            one.close()

    def scope(self, name: str = "shop") -> Scope:
        return scope(self.aws, name)

    @property
    def inventory(self) -> dict[str, Any]:
        return inventory(self.client)


def connect(on: boto3.Session, **options: Any) -> Aws:
    """What a command connects with; it never sleeps unless told how. Somebody is there, and helps."""
    clock = FakeClock()
    person = Person(options.pop("sleep", clock.sleep))
    return Aws(on, on.region_name, **{"sleep": person.wait, "now": clock.time, "attended": True, **options})


@dataclass
class Person:
    """Completes every connection as soon as somebody waits for that."""

    sleep: Callable[[float], object]

    def wait(self, seconds: float) -> None:
        """Do what only a person can."""
        self.sleep(seconds)
        directory = runtime.current().state_dir
        for one in every_connection():
            if one["ConnectionStatus"] == "PENDING":
                git.create(directory / "theirs.git")
                handshakes.connect(directory, one["ConnectionName"], "me/shop", directory / "theirs.git")


def every_connection() -> list[dict[str, Any]]:
    """The connections of every region where there are any."""
    regions = list(codeconnections_backends[ACCOUNT])
    clients = (sandbox.plain("codeconnections", region) for region in regions)
    return [one for client in clients for one in client.list_connections()["Connections"]]


@contextmanager
def world(
    tmp_path: Path,
    *,
    region: str = REGION,
    delay: float = 0.0,
    clock: FakeClock | None = None,
    **runtime: Any,
) -> Iterator[World]:
    """An empty account. `delay` as the recorder has it; `clock` is the account's and awspipe's.

    Executions go on in their first stage until somebody stops them.
    """
    played = {"actions": engine.still(), **({"clock": clock.time} if clock else {}), **runtime}
    with sandbox.in_process(tmp_path, **played) as started:
        on = session(region)
        checked = modelcheck.attach(on)
        calls = recorder.record(on, delay=delay)
        events: list[Event] = []
        waiting = {"sleep": clock.sleep, "now": clock.time} if clock else {}
        aws = connect(on, listener=events.append, **waiting)
        made = World(started, aws, calls, checked, events)
        try:
            yield made
        finally:
            made.close()
            assert not checked.violations


def now() -> datetime:
    """Where a clock of a test begins: moto dates roles by the machine's."""
    return datetime.now(UTC)


def scope(aws: Aws, name: str = "shop") -> Scope:
    """Where a pipeline of this name would be."""
    return Scope(name, aws.account, aws.region, aws.identity.partition)


def graph(aws: Aws, text: str) -> Graph:
    """What a spec of one pipeline wants."""
    (spec,) = load_text(text, "awspipe.yml")
    return wanted(spec, scope(aws, spec.name))


def planned(aws: Aws, text: str, *, push: bool = False, adopt: bool = False) -> Plan:
    """What `awspipe plan` would show, by the very reads of a new command."""
    aws.forget()
    (spec,) = load_text(text, "awspipe.yml")
    prefetch(aws, spec.name)
    wants = wanted(spec, scope(aws, spec.name))
    return plan(wants, read(aws, wants, adopt=adopt), push=push)


def up(aws: Aws, text: str, *, push: Any = None, adopt: bool = False) -> Outcome:
    """`awspipe up`, without a word said: refuses what the command refuses, raises the first cause."""
    shown = planned(aws, text, push=push is not None, adopt=adopt)
    check([shown])
    return done(apply(aws, shown, push=push))


def done(outcome: Outcome) -> Outcome:
    """The outcome of a plan that ran to its end; raises its first cause."""
    for _, error in outcome.failed:
        raise error
    assert outcome.complete, outcome
    return outcome


@dataclass(frozen=True, slots=True)
class Removed:
    """What `down` did, and what a second search found."""

    plan: Plan
    outcome: Outcome
    left: tuple[Key, ...]


def down(aws: Aws, name: str = "shop", *, delete_data: bool = False, text: str = "") -> Removed:
    """`awspipe down`, without a word said; `text` is the spec, where that is at hand."""
    aws.forget()
    prefetch(aws, name, listings=kinds())
    where = scope(aws, name)
    expected = {name: frozenset(graph(aws, text).by_key)} if text else {}
    (found,) = scan_all(aws, [where], expected)
    gone = removal(where, found.keys, {} if delete_data else found.kept)
    outcome = done(apply(aws, gone))
    (left,) = scan_again(aws, gone)
    return Removed(gone, outcome, left.keys)


def verbs(shown: Plan) -> dict[str, set[Verb]]:
    """What happens to which kinds; kinds that stay as they are left out."""
    found: dict[str, set[Verb]] = {}
    for step in shown.work:
        found.setdefault(step.key.kind, set()).add(step.verb)
    return found


def changes(shown: Plan) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Every change of the updates: (kind, path) → (before, after)."""
    return {
        (step.key.kind, change.path): (change.before, change.after)
        for step in shown.work
        for change in step.changes
    }


def refused(call: Any, *arguments: Any) -> AwspipeError:
    """The error of a call that must not succeed."""
    try:
        call(*arguments)
    except AwspipeError as error:
        return error
    raise AssertionError("not refused")


def inventory(client: Callable[[Any], Any]) -> dict[str, Any]:
    """Everything the account has in awspipe's services, as their own APIs tell it, by `service/name`."""
    found: dict[str, Any] = {}
    for service, tell in _TELLERS.items():
        found |= {f"{service}/{name}": facts for name, facts in tell(client(service))}
    return found


def lasting(found: dict[str, Any]) -> dict[str, Any]:
    """An inventory without what differs between two accounts that were made alike: times and ids."""
    return {name: _lasting(facts) for name, facts in found.items()}


_PASSING = frozenset(
    {
        "RoleId",
        "CreateDate",
        "CreationDate",
        "RoleLastUsed",
        "created",
        "createTime",
        "creationDate",
        "creationTime",
        "lastModified",
        "lastModifiedDate",
        "updated",
        "version",
        "executions",
        "repositoryId",
        "applicationId",
        "deploymentGroupId",
        "secret",
        "ConnectionArn",
        "Owner",
    }
)


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(item) for key, item in value.items() if key not in _PASSING}
    if isinstance(value, str):
        return re.sub(r":connection/[0-9a-f-]+", ":connection/ID", value)
    return [_lasting(item) for item in value] if isinstance(value, list) else value


def _bare(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def _or_none(call: Any, **arguments: Any) -> Any:
    """An answer, or the code with which AWS says that there is none."""
    from botocore.exceptions import ClientError

    try:
        return _bare(call(**arguments))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        assert code.startswith("NoSuch"), error
        return code


def _buckets(s3: Any) -> Iterator[tuple[str, Any]]:
    for bucket in s3.list_buckets()["Buckets"]:
        at = {"Bucket": bucket["Name"]}
        yield (
            bucket["Name"],
            {
                "made": bucket,
                "tags": _or_none(s3.get_bucket_tagging, **at),
                "policy": _or_none(s3.get_bucket_policy, **at),
                "block": _or_none(s3.get_public_access_block, **at),
                "rules": _or_none(s3.get_bucket_lifecycle_configuration, **at),
                "website": _or_none(s3.get_bucket_website, **at),
                "versions": _bare(s3.list_object_versions(**at)),
                "uploads": s3.list_multipart_uploads(**at).get("Uploads", []),
                "objects": [
                    s3.get_object(**at, Key=one["Key"])["Body"].read()
                    for one in s3.list_objects_v2(**at).get("Contents", [])
                ],
            },
        )


def _roles(iam: Any) -> Iterator[tuple[str, Any]]:
    pages = iam.get_paginator("get_account_authorization_details").paginate(Filter=["Role"])
    details = {one["RoleName"]: one for page in pages for one in page["RoleDetailList"]}
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            detail = details[role["RoleName"]]
            inline, attached = detail.pop("RolePolicyList"), detail.pop("AttachedManagedPolicies")
            yield role["RoleName"], {**role, **detail, "inline": inline, "attached": attached}


def _log_groups(logs: Any) -> Iterator[tuple[str, Any]]:
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            tags = logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]
            yield group["logGroupName"], {**group, "tags": tags}


def _rules(events: Any) -> Iterator[tuple[str, Any]]:
    for rule in events.list_rules()["Rules"]:
        yield (
            rule["Name"],
            {
                **_bare(events.describe_rule(Name=rule["Name"])),
                "targets": events.list_targets_by_rule(Rule=rule["Name"])["Targets"],
                "tags": events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"],
            },
        )


def _projects(codebuild: Any) -> Iterator[tuple[str, Any]]:
    names = codebuild.list_projects()["projects"]
    for project in codebuild.batch_get_projects(names=names)["projects"] if names else ():
        yield project["name"], project


def _applications(codedeploy: Any) -> Iterator[tuple[str, Any]]:
    for name in codedeploy.list_applications()["applications"]:
        groups = codedeploy.list_deployment_groups(applicationName=name)["deploymentGroups"]
        yield (
            name,
            {
                **_bare(codedeploy.get_application(applicationName=name))["application"],
                "tags": _deploy_tags(codedeploy, f"application:{name}"),
            },
        )
        for group in groups:
            found = codedeploy.get_deployment_group(applicationName=name, deploymentGroupName=group)
            tags = _deploy_tags(codedeploy, f"deploymentgroup:{name}/{group}")
            yield f"{name}/{group}", {**found["deploymentGroupInfo"], "tags": tags}


def _deploy_tags(codedeploy: Any, what: str) -> Any:
    arn = f"arn:aws:codedeploy:{codedeploy.meta.region_name}:{ACCOUNT}:{what}"
    return codedeploy.list_tags_for_resource(ResourceArn=arn)["Tags"]


def _repositories(codecommit: Any) -> Iterator[tuple[str, Any]]:
    for one in codecommit.list_repositories()["repositories"]:
        name = {"repositoryName": one["repositoryName"]}
        metadata = codecommit.get_repository(**name)["repositoryMetadata"]
        tags = codecommit.list_tags_for_resource(resourceArn=metadata["Arn"])["tags"]
        heads = {
            branch: codecommit.get_branch(**name, branchName=branch)["branch"]["commitId"]
            for branch in codecommit.list_branches(**name)["branches"]
        }
        yield one["repositoryName"], {**metadata, "tags": tags, "heads": heads}


def _pipelines(codepipeline: Any) -> Iterator[tuple[str, Any]]:
    for one in codepipeline.list_pipelines()["pipelines"]:
        found = codepipeline.get_pipeline(name=one["name"])
        arn = found["metadata"]["pipelineArn"]
        executions = codepipeline.list_pipeline_executions(pipelineName=one["name"])
        yield (
            one["name"],
            {
                **found["pipeline"],
                **found["metadata"],
                "tags": codepipeline.list_tags_for_resource(resourceArn=arn)["tags"],
                "executions": executions["pipelineExecutionSummaries"],
            },
        )


def _topics(sns: Any) -> Iterator[tuple[str, Any]]:
    for one in sns.list_topics()["Topics"]:
        arn = one["TopicArn"]
        attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        listed = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        tags = sns.list_tags_for_resource(ResourceArn=arn)["Tags"]
        listeners = sorted((one["Protocol"], one["Endpoint"]) for one in listed)
        yield arn.rpartition(":")[2], {**attributes, "tags": tags, "listeners": listeners}


def _connections(codeconnections: Any) -> Iterator[tuple[str, Any]]:
    for one in codeconnections.list_connections()["Connections"]:
        tags = codeconnections.list_tags_for_resource(ResourceArn=one["ConnectionArn"])["Tags"]
        yield one["ConnectionName"], {**one, "tags": tags}


_TELLERS = {
    "codeconnections": _connections,
    "s3": _buckets,
    "iam": _roles,
    "logs": _log_groups,
    "events": _rules,
    "codebuild": _projects,
    "codedeploy": _applications,
    "codecommit": _repositories,
    "codepipeline": _pipelines,
    "sns": _topics,
}
SERVICES = (*_TELLERS, "sts", "resourcegroupstaggingapi")
"""All that awspipe talks to."""


def report_group(world: World, name: str, **more: Any) -> str:
    """A group of test reports; with nothing more, as a build makes it. Its ARN."""
    kind = {"type": "TEST", "exportConfig": {"exportConfigType": "NO_EXPORT"}}
    made = world.client("codebuild").create_report_group(name=name, **kind, **more)
    return str(made["reportGroup"]["arn"])


def first_commit(world: World) -> Any:
    """A `push` for `up`: makes the branch with a commit, as `git push` would."""

    def push(source: Source) -> None:
        world.client("codecommit").create_commit(
            repositoryName=source.repository,
            branchName=source.branch,
            putFiles=[{"filePath": "index.html", "fileContent": b"hello"}],
        )

    return push
