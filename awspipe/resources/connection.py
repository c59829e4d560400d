"""Connections to GitHub and its like: made pending, completed by a person, whom we wait for.

AWS makes up a connection's ARN and never uses one twice, so a connection is found by its name each time.
https://docs.aws.amazon.com/dtconsole/latest/userguide/connections.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from awspipe.aws import Aws, absent, maybe, owner_of, tag_list, tags_of
from awspipe.errors import AwsError, AwspipeError, HandshakeError, StoppedError
from awspipe.events import Handshake
from awspipe.naming import Scope
from awspipe.resources.base import Body, Live, Resource, Tagged
from awspipe.resources.bucket import Bucket
from awspipe.resources.rights import Rights
from awspipe.resources.role import EVENTS, Role

_ABSENT = "ResourceNotFoundException"
_AVAILABLE = "AVAILABLE"
_ARN = re.compile(r"arn:[^:]+:(codeconnections|codestar-connections):[^:]+:[^:]+:connection/.+")
PROVIDERS = {"bitbucket": "Bitbucket", "github": "GitHub", "gitlab": "GitLab"}
"""AWS's word for each provider, by the one that a spec uses."""
_SECONDS = 15 * 60
_PAUSE = 3.0

_WITHOUT = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-northeast-3",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "eu-central-2",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "us-gov-west-1",
    }
)
"""Regions without the service.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html"""

Listed = dict[str, Any]
"""A connection as AWS lists it."""


@dataclass(frozen=True, kw_only=True)
class Connection(Resource):
    """A connection to one provider of repositories, for a pipeline that finds no other one to use."""

    kind: ClassVar[str] = "connection"
    uses: ClassVar[frozenset[str]] = frozenset({"bucket"})
    permissions: ClassVar[Rights] = Rights(
        search=frozenset({"codeconnections:ListConnections"}),
        find=frozenset({"codeconnections:ListTagsForResource"}),
        read=frozenset({"codeconnections:ListConnections"}),
        use=frozenset(
            {
                "codeconnections:GetConnection",
                "codeconnections:ListConnections",
                "codeconnections:PassConnection",
            }
        ),
        make=frozenset(
            {
                "codeconnections:CreateConnection",
                "codeconnections:GetConnection",
                "codeconnections:PassConnection",
                "codeconnections:TagResource",
            }
        ),
        remove=frozenset({"codeconnections:DeleteConnection"}),
        unbound=frozenset({"codeconnections:CreateConnection", "codeconnections:ListConnections"}),
    )
    exists_codes: ClassVar[frozenset[str]] = frozenset({"ResourceUnavailableException"})

    def body(self) -> Body:
        """Whom it leads to, and that it does: what is missing is a person's consent at the provider."""
        return {"ProviderType": provider_type(self.name), "ConnectionStatus": _AVAILABLE}

    def create(self, aws: Aws) -> None:
        """One call; then the handshake."""
        made = aws.client("codeconnections").create_connection(
            ProviderType=provider_type(self.name),
            ConnectionName=self.name,
            Tags=tag_list(self.scope.tags),
        )
        self._handshake(aws, made["ConnectionArn"])

    def update(self, aws: Aws, fields: frozenset[str]) -> None:
        """AWS has no call that changes one: all that can be missing is the handshake."""
        arn = self.made_up_arn(aws, self.scope, self.name)
        if arn is None:
            raise AwsError(f"connection {self.name} has gone meanwhile", hint="run the command again")
        self._handshake(aws, arn)

    def _handshake(self, aws: Aws, arn: str) -> None:
        """Wait for the person who completes it, where there is one; else say what is to be done.

        After Ctrl-C too: the connection is there, and stays pending.
        """
        get = aws.client("codeconnections").get_connection
        deadline, told = aws.now() + _SECONDS, False
        while get(ConnectionArn=arn)["Connection"]["ConnectionStatus"] != _AVAILABLE:
            if not aws.attended or aws.now() + _PAUSE > deadline:
                raise pending(self.scope, self.name)
            if not told:
                url = console_url(self.scope)
                aws.listener(Handshake(self.name, provider_type(self.name), url, limit=_SECONDS))
                told = True
            try:
                aws.wait(_PAUSE)
            except StoppedError:
                raise pending(self.scope, self.name) from None

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """The one of our name. `instead`, where it is not there: the complete ones of the same provider.

        Each of those serves as well; one of another pipeline's does not, because it goes with that.
        """
        if scope.region in _WITHOUT:
            raise AwspipeError(
                f"{scope.region} has no CodeConnections: no source there is at GitHub and its like",
                hint="another `region`, or `provider: codecommit`",
            )
        named = _named(_all(aws), name)
        owners = {one["ConnectionArn"]: _owner(aws, one["ConnectionArn"]) for one in named}
        ours = [one for one in named if owners[one["ConnectionArn"]] == scope.pipeline]
        if ours:
            best = _best(ours)
            return Live(best, scope.pipeline, arn=best["ConnectionArn"])
        others = cls._others(aws, name)
        if others:
            return Live({}, None, instead=others)
        return Live(named[0], owners[named[0]["ConnectionArn"]]) if named else None

    @classmethod
    def _others(cls, aws: Aws, name: str) -> tuple[tuple[str, str], ...]:
        found = [one for one in _all(aws) if one["ConnectionStatus"] == _AVAILABLE]
        same = sorted(
            (one["ConnectionName"], one["ConnectionArn"])
            for one in found
            if one["ProviderType"] == provider_type(name)
        )
        return tuple((other, arn) for other, arn in same if _owner(aws, arn) is None)

    @classmethod
    def exists(cls, aws: Aws, scope: Scope, name: str) -> bool:
        """Whether there is one that a spec can refer to, by its name or its ARN.

        Raises HandshakeError where it is not complete: no pipeline could use it.
        """
        found = _referred(aws, scope, name)
        if found and found["ConnectionStatus"] != _AVAILABLE:
            raise pending(scope, found["ConnectionName"])
        return found is not None

    @classmethod
    def made_up_arn(cls, aws: Aws, scope: Scope, name: str) -> str | None:
        """The ARN of the one that has the name now."""
        found = _referred(aws, scope, name)
        return None if found is None else str(found["ConnectionArn"])

    @classmethod
    def name_of(cls, aws: Aws, arn: str) -> str | None:
        """The name of the one that has an ARN; None where it is not listed."""
        return next((str(one["ConnectionName"]) for one in _all(aws) if one["ConnectionArn"] == arn), None)

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """All of this name that are ours: a creating call that was sent twice may have made two."""
        for one in _named(_all(aws), name):
            arn = one["ConnectionArn"]
            if _owner(aws, arn) == scope.pipeline:
                with absent(_ABSENT):
                    aws.client("codeconnections").delete_connection(ConnectionArn=arn)

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """By the beginning of the name."""
        names = (one["ConnectionName"] for one in _all(aws))
        return frozenset(name for name in names if name.startswith(scope.connection_prefix))

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """Any connection of the account: AWS makes the ARN up."""
        return (scope.arn("codeconnections", "connection/*"),)

    @classmethod
    def worth_listing(cls, aws: Aws, scope: Scope) -> bool:
        """A connection is made after the bucket; a rule that starts the pipeline says: no source needs one.

        The rule's role tells, by its path: the names of a `<name>-2` begin as the pipeline's own do. Of one
        with both kinds of sources the tag index tells, and the pipeline's own declaration.
        """
        if scope.region in _WITHOUT or scope.partition != "aws":  # nobody may answer there
            return False
        return bool(Bucket.listed(aws, scope)) and not Role.is_for(aws, scope, EVENTS)

    @classmethod
    def in_index(cls, aws: Aws, scope: Scope, tagged: Tagged) -> frozenset[str]:
        """The index knows ARNs, and those tell no name: where it has one of ours, it is looked up."""
        arns = {arn for arn in tagged.arns() if _ARN.fullmatch(arn)}
        found = _all(aws) if arns else ()
        return frozenset(one["ConnectionName"] for one in found if one["ConnectionArn"] in arns)

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """Those of the one that is ours."""
        arn = cls.made_up_arn(aws, scope, name)
        answer = arn and maybe(
            lambda: aws.client("codeconnections").list_tags_for_resource(ResourceArn=arn), _ABSENT
        )
        return tags_of(answer["Tags"]) if answer else None

    def claim(self, aws: Aws) -> None:
        """One call."""
        arn = self.made_up_arn(aws, self.scope, self.name)
        if arn is None:
            raise AwsError(f"connection {self.name} has gone meanwhile", hint="run the command again")
        aws.client("codeconnections").tag_resource(ResourceArn=arn, Tags=tag_list(self.scope.tags))

    @classmethod
    def owner(cls, aws: Aws, scope: Scope, name: str) -> str | None:
        """The tag says; of several that have the name, ours counts."""
        owners = {_owner(aws, one["ConnectionArn"]) for one in _named(_all(aws), name)}
        return scope.pipeline if scope.pipeline in owners else next(iter(owners), None)


def provider_type(name: str) -> str:
    """AWS's word for the provider that one of our names ends with."""
    return PROVIDERS[name.rpartition("-")[2]]


def pending(scope: Scope, name: str) -> HandshakeError:
    """What to do about a connection that waits for a person."""
    return HandshakeError(
        f"connection {name} is pending: somebody must complete it at its provider",
        name=name,
        hint=f'open {console_url(scope)}, choose it, "Update pending connection"',
    )


def by_status(aws: Aws) -> tuple[tuple[str, str], ...]:
    """Every connection of the region by name, with how far it is."""
    return tuple((one["ConnectionName"], one["ConnectionStatus"]) for one in _all(aws))


def console_url(scope: Scope) -> str:
    """The page on which a person completes a connection; there is no API for that.

    https://docs.aws.amazon.com/dtconsole/latest/userguide/connections-update.html
    """
    host = "console.amazonaws.cn" if scope.partition == "aws-cn" else "console.aws.amazon.com"
    return f"https://{host}/codesuite/settings/connections?region={scope.region}"


def _ask(aws: Aws) -> tuple[Listed, ...]:
    pages = _pages(aws.client("codeconnections").list_connections)
    return tuple(one for page in pages for one in page["Connections"])


def _pages(call: Callable[..., dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every page: botocore has no paginator for it."""
    page = call(MaxResults=100)
    yield page
    while token := page.get("NextToken"):
        page = call(MaxResults=100, NextToken=token)
        yield page


def _all(aws: Aws) -> tuple[Listed, ...]:
    """Every connection of the region, listed once a reading."""
    return aws.once(("connections",), lambda: _ask(aws))


def _named(listed: Iterable[Listed], name: str) -> list[Listed]:
    return [one for one in listed if one["ConnectionName"] == name]


def _referred(aws: Aws, scope: Scope, name: str) -> Listed | None:
    """The connection of a name, or of an ARN; ours, where others have the name too."""
    if name.startswith("arn:"):
        get = aws.client("codeconnections").get_connection
        answer = maybe(lambda: get(ConnectionArn=name), _ABSENT)
        return answer and answer["Connection"]
    found = _named(_all(aws), name)
    if len(found) > 1:
        ours = [one for one in found if _owner(aws, one["ConnectionArn"]) == scope.pipeline]
        found = ours or found
    return _best(found) if found else None


def _best(found: list[Listed]) -> Listed:
    """Of several with one name: a complete one, then always the same."""
    return min(found, key=lambda one: (one["ConnectionStatus"] != _AVAILABLE, one["ConnectionArn"]))


def _owner(aws: Aws, arn: str) -> str | None:
    """The pipeline that a connection is tagged for; None also where it has gone meanwhile."""
    answer = maybe(lambda: aws.client("codeconnections").list_tags_for_resource(ResourceArn=arn), _ABSENT)
    return answer and owner_of(answer["Tags"])
