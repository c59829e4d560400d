"""CodeConnections: connections to GitHub and its like, by both of the service's names.

On AWS too the old name (codestar-connections) and the new one show the same connections.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import boto3
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.resource_tagging import TaggedResource

from awspipe.sandbox import added, handshakes, runtime, tags
from awspipe.sandbox.service import (
    Answer,
    Backend,
    RefusalError,
    Request,
    new_id,
    page,
    response_class,
    unsupported,
    without_nothing,
)

NAMES = ("codeconnections", "codestar-connections")


@dataclass
class Connection:
    """One connection. Whether its handshake is done is looked up each time."""

    name: str
    arn: str
    provider: str
    tags: dict[str, str] = field(default_factory=dict)
    heads: dict[str, dict[str, str]] = field(default_factory=dict)
    """By repository and place: what its refs were when they were last looked at (`watching.py`)."""

    @property
    def repositories(self) -> dict[str, str] | None:
        """Where it leads to; None while it is pending."""
        return handshakes.repositories(runtime.current().state_dir, self.name)


class CodeConnectionsBackend(Backend):
    """Connections of one account and region."""

    SERVICE_NAMESPACE: ClassVar[str] = "codeconnections"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.connections: dict[str, Connection] = {}

    def op_create_connection(self, request: Request) -> Answer:
        """Make a connection; it is pending until somebody completes its handshake."""
        name = request["ConnectionName"]
        if request.get("HostArn") or not request.get("ProviderType"):
            raise unsupported("codeconnections", "CreateConnection with a host")
        if any(one.name == name for one in self.connections.values()):
            text = f"A connection with the name {name} exists already."
            raise RefusalError("ResourceUnavailableException", text)
        new = tags.from_list(request.get("Tags"), capital=True)
        _check_tags(new, {})
        handshakes.forget(runtime.current().state_dir, name)
        made = Connection(name, self.arn(f"connection/{new_id()}"), request["ProviderType"], new)
        self.connections[made.arn] = made
        return without_nothing(ConnectionArn=made.arn, Tags=tags.to_list(new, capital=True) or None)

    def op_get_connection(self, request: Request) -> Answer:
        """One connection."""
        return {"Connection": self._shown(self.connection(request["ConnectionArn"]))}

    def op_list_connections(self, request: Request) -> Answer:
        """Every connection, or those of one provider."""
        provider = request.get("ProviderTypeFilter")
        found = [one for one in self.connections.values() if provider in (None, one.provider)]
        items, token = page(found, request.get("NextToken"), request.get("MaxResults") or 100)
        return without_nothing(Connections=[self._shown(one) for one in items], NextToken=token)

    def op_delete_connection(self, request: Request) -> Answer:
        """Remove a connection and its handshake."""
        gone = self.connection(request["ConnectionArn"])
        del self.connections[gone.arn]
        handshakes.forget(runtime.current().state_dir, gone.name)
        return {}

    def op_tag_resource(self, request: Request) -> Answer:
        """Put tags on a connection."""
        one = self.connection(request["ResourceArn"])
        new = tags.from_list(request["Tags"], capital=True)
        _check_tags(new, one.tags)
        one.tags |= new
        return {}

    def op_untag_resource(self, request: Request) -> Answer:
        """Take tags off a connection."""
        one = self.connection(request["ResourceArn"])
        for key in request["TagKeys"]:
            one.tags.pop(key, None)
        return {}

    def op_list_tags_for_resource(self, request: Request) -> Answer:
        """A connection's tags."""
        return {"Tags": tags.to_list(self.connection(request["ResourceArn"]).tags, capital=True)}

    def connection(self, arn: str) -> Connection:
        """The connection of an ARN, by the service's old name or its new one; or AWS's error."""
        found = self.connections.get(arn.replace(f":{NAMES[1]}:", f":{NAMES[0]}:", 1))
        if found is None:
            raise RefusalError("ResourceNotFoundException", f"Resource {arn} was not found.")
        return found

    def _shown(self, one: Connection) -> Answer:
        return {
            "ConnectionName": one.name,
            "ConnectionArn": one.arn,
            "ProviderType": one.provider,
            "OwnerAccountId": self.account_id,
            "ConnectionStatus": "PENDING" if one.repositories is None else "AVAILABLE",
        }

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """For the Resource Groups Tagging API."""
        for one in self.connections.values():
            yield TaggedResource(one.arn, one.tags, "codeconnections")

    @property
    def _url_module(self) -> Any:
        return _routes(NAMES[0])


def _check_tags(new: dict[str, str], old: dict[str, str]) -> None:
    wrong = tags.problem(new, old)
    if wrong is not None:
        raise RefusalError("LimitExceededException", wrong.value)


class OldNameBackend(BaseBackend):
    """Only the way to the service by its old name: the connections are `CodeConnectionsBackend`'s."""

    @property
    def _url_module(self) -> Any:
        return _routes(NAMES[1])


_AWS = boto3.Session()
_REGIONS = [
    region
    for partition in _AWS.get_available_partitions()
    for region in _AWS.get_available_regions("codepipeline", partition)
]
_PLACES: dict[str, Any] = {"use_boto3_regions": False, "additional_regions": _REGIONS}

codeconnections_backends: BackendDict[CodeConnectionsBackend] = BackendDict(
    CodeConnectionsBackend, NAMES[0], **_PLACES
)
_BY_NAME: dict[str, BackendDict[Any]] = {
    NAMES[0]: codeconnections_backends,
    NAMES[1]: BackendDict(OldNameBackend, NAMES[1], **_PLACES),
}


def every_backend() -> Iterator[CodeConnectionsBackend]:
    """The backend of each account and region in use."""
    for _, _, backend in codeconnections_backends.iter_backends():
        if isinstance(backend, CodeConnectionsBackend):
            yield backend


_RESPONSES = {name: response_class(name, codeconnections_backends) for name in NAMES}


def _routes(name: str) -> SimpleNamespace:
    return added.routes(name, _RESPONSES[name])


def install() -> None:
    """Tell moto of the service; again is harmless."""
    for name in NAMES:
        added.install(name, _BY_NAME[name], name)
