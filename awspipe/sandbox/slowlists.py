"""Lists that are behind, as AWS's may be: for some seconds they do not show what was just made.

What is asked for by its name is there at once: AWS's reads by name are consistent, and its lists and the tag
index need not be. Off by default; `--slow-lists SECONDS` of the server turns it on. Not behind are lists
inside one thing (a bucket's objects, a project's builds, a role's policies), and log groups, which have no
other read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from moto.core.base_backend import BackendDict
from moto.events.models import EventsBackend, events_backends
from moto.iam.models import IAMBackend, iam_backends
from moto.logs.models import LogsBackend, logs_backends
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend
from moto.s3.models import S3Backend, s3_backends
from moto.sns.models import SNSBackend, sns_backends

from awspipe.sandbox import runtime

Thing = tuple[str, str]
"""A kind of thing, as its service is called in ARNs, and what its ARN ends with."""

_OWN: dict[str, dict[str, str]] = {
    "codebuild": {"ListProjects": "projects"},
    "codecommit": {"ListRepositories": "repositories"},
    "codeconnections": {"ListConnections": "Connections"},
    "codedeploy": {"ListApplications": "applications", "ListDeploymentGroups": "deploymentGroups"},
    "codepipeline": {"ListPipelines": "pipelines"},
}
"""Service -> operation -> the list in its answer."""

_HELD = {
    "codebuild": "projects",
    "codecommit": "repositories",
    "codeconnections": "connections",
    "codedeploy": "applications",
    "codepipeline": "pipelines",
}
"""Where our backends hold what their lists show, by name or ARN."""


def changed() -> None:
    """After a change: remember what is new, forget what is gone."""
    played = runtime.current()
    if played.slow_lists:
        now = played.clock()
        played.births = {thing: played.births.get(thing, now) for thing in _things()}


def _are_old(service: str, ending: str) -> bool:
    """Whether lists show a thing by now."""
    played = runtime.current()
    made = played.births.get((service, ending))
    return made is None or played.clock() - made >= played.slow_lists


def seen(service: str, operation: str, answer: Any) -> Any:
    """An answer of one of our services, without what is too new for a list."""
    member = _OWN.get(service, {}).get(operation)
    if not runtime.current().slow_lists or member is None:
        return answer
    shown = [one for one in answer[member] if _are_old(service, _ending(one, answer))]
    return {**answer, member: shown}


def install() -> None:
    """Put it into moto's services; again is harmless."""
    if hasattr(S3Backend.list_buckets, "__wrapped__"):
        return
    for owner, name, keep in _LISTS:
        setattr(owner, name, _filtered(getattr(owner, name), keep))
    for owner, name in _CREATES:
        setattr(owner, name, _noticed(getattr(owner, name)))


def _noticed(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def create(self: Any, *args: Any, **options: Any) -> Any:
        made = original(self, *args, **options)
        if runtime.installed() is not None:
            changed()
        return made

    return create


def _filtered(original: Callable[..., Any], keep: Callable[[Any], bool]) -> Callable[..., Any]:
    @wraps(original)
    def listed(self: Any, *args: Any, **options: Any) -> Any:
        found = original(self, *args, **options)
        if not getattr(runtime.installed(), "slow_lists", 0.0):
            return found
        if isinstance(found, tuple):  # with the next page's mark
            return ([one for one in found[0] if keep(one)], *found[1:])
        shown = [one for one in found if keep(one)]
        return shown if isinstance(found, list) else iter(shown)

    return listed


def _ending(item: Any, answer: Any) -> str:
    if isinstance(item, str):
        return f"{answer['applicationName']}/{item}" if "deploymentGroups" in answer else item
    names = ("name", "repositoryName", "ConnectionArn")
    return next(str(item[name]) for name in names if name in item)


def _is_seen(service: str) -> Callable[[Any], bool]:
    return lambda one: _are_old(service, str(one.name))


def _is_indexed(resource: Any) -> bool:
    """Whether the tag index shows an ARN: it ends with a thing's name."""
    service, _, rest = resource.arn.partition(":")[2].partition(":")[2].partition(":")
    ending = rest.split(":", 2)[2]
    names = {ending, ending.partition("/")[2], ending.partition(":")[2], ending.rpartition("/")[2]}
    return all(_are_old(service, name) for name in names)


_LISTS: tuple[tuple[Any, str, Callable[[Any], bool]], ...] = (
    (S3Backend, "list_buckets", _is_seen("s3")),
    (IAMBackend, "list_roles", _is_seen("iam")),
    (EventsBackend, "list_rules", _is_seen("events")),
    (ResourceGroupsTaggingAPIBackend, "_get_resources_generator", _is_indexed),
)


_CREATES: tuple[tuple[Any, str], ...] = (
    (S3Backend, "create_bucket"),
    (IAMBackend, "create_role"),
    (LogsBackend, "create_log_group"),
    (EventsBackend, "put_rule"),
    (SNSBackend, "create_topic"),
)


def _things() -> Iterator[Thing]:
    from awspipe.sandbox import seam
    from awspipe.sandbox.codedeploy import codedeploy_backends

    for service in seam.SERVICES:
        for backend in _used(service.backends) if service.name in _HELD else ():
            yield from ((service.name, name) for name in list(getattr(backend, _HELD[service.name])))
    for backend in _used(codedeploy_backends):
        yield from (("codedeploy", name) for name, _ in backend.every_group())
    moto: tuple[tuple[str, Any, Callable[[Any], Iterable[str]]], ...] = (
        ("s3", s3_backends, lambda backend: backend.buckets),
        ("iam", iam_backends, lambda backend: [role.name for role in backend.roles.values()]),
        ("logs", logs_backends, lambda backend: backend.groups),
        ("events", events_backends, lambda backend: backend.event_buses["default"].rules),
        ("sns", sns_backends, lambda backend: [topic.name for topic in backend.topics.values()]),
    )
    for name, backends, held in moto:
        for backend in _used(backends):
            yield from ((name, str(one)) for one in list(held(backend)))


def _used(backends: BackendDict[Any]) -> list[Any]:
    return [one for _, _, one in list(backends.iter_backends())]
