"""CodeDeploy's on-premises instances: registered names with the tags that deployment groups look for."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from awspipe.sandbox import tags
from awspipe.sandbox.service import Answer, RefusalError, Request, page, without_nothing

_MOST_TAGS = 10


@dataclass
class Instance:
    """A registered instance; one that was deregistered stays on the list."""

    name: str
    arn: str
    registered: float
    user_arn: str | None
    session_arn: str | None
    deregistered: float | None = None
    tags: dict[str, str] = field(default_factory=dict)


class Instances:
    """The operations on on-premises instances."""

    instances: dict[str, Instance]

    if TYPE_CHECKING:

        def now(self) -> float:
            """The time."""

        def arn(self, resource: str) -> str:
            """An ARN of CodeDeploy."""

    def op_register_on_premises_instance(self, request: Request) -> Answer:
        """Register an instance under the name it will use, for one IAM user or one session."""
        name, user, session = (request.get(key) for key in ("instanceName", "iamUserArn", "iamSessionArn"))
        if user and session:
            text = "Both an IAM user ARN and an IAM session ARN were given: use one"
            raise RefusalError("MultipleIamArnsProvidedException", text)
        if not user and not session:
            text = "No IAM ARN was given: use an IAM session ARN or an IAM user ARN"
            raise RefusalError("IamArnRequiredException", text)
        self._check_arns(user, session)
        known = self.instances.get(str(name))
        if known is not None and known.deregistered is None:
            text = f"The on-premises instance name {name} is already registered"
            raise RefusalError("InstanceNameAlreadyRegisteredException", text)
        arn = self.arn(f"instance/{name}_{secrets.token_hex(5)}")
        self.instances[str(name)] = Instance(str(name), arn, self.now(), user, session)
        return {}

    def _check_arns(self, user: str | None, session: str | None) -> None:
        if user and (":iam::" not in user or ":user/" not in user):
            raise RefusalError("InvalidIamUserArnException", f"The IAM user ARN {user} is not valid")
        if session and (":sts::" not in session or ":assumed-role/" not in session):
            raise RefusalError("InvalidIamSessionArnException", f"The IAM session ARN {session} is not valid")
        taken = [one for one in self.instances.values() if one.deregistered is None]
        if user and any(one.user_arn == user for one in taken):
            text = f"The IAM user ARN {user} is already in use by a registered instance"
            raise RefusalError("IamUserArnAlreadyRegisteredException", text)
        if session and any(one.session_arn == session for one in taken):
            text = f"The IAM session ARN {session} is already in use by a registered instance"
            raise RefusalError("IamSessionArnAlreadyRegisteredException", text)

    def op_deregister_on_premises_instance(self, request: Request) -> Answer:
        """Take an instance off; an absent one is no error."""
        found = self.instances.get(request["instanceName"])
        if found is not None and found.deregistered is None:
            found.deregistered = self.now()
        return {}

    def op_get_on_premises_instance(self, request: Request) -> Answer:
        """One instance."""
        return {"instanceInfo": _info(self._instance(request["instanceName"]))}

    def op_batch_get_on_premises_instances(self, request: Request) -> Answer:
        """Several instances."""
        names = request["instanceNames"]
        if len(names) > 100:
            raise RefusalError(
                "BatchLimitExceededException", "At most 100 instances can be asked for at once"
            )
        return {"instanceInfos": [_info(self._instance(name)) for name in names]}

    def op_list_on_premises_instances(self, request: Request) -> Answer:
        """The names of instances, of one status or with certain tags."""
        wanted = request.get("registrationStatus")
        names = sorted(
            one.name
            for one in self.instances.values()
            if (wanted is None or (wanted == "Registered") == (one.deregistered is None))
            and matches(one.tags, request.get("tagFilters"))
        )
        items, token = page(names, request.get("nextToken"), 100)
        return without_nothing(instanceNames=items, nextToken=token)

    def op_add_tags_to_on_premises_instances(self, request: Request) -> Answer:
        """Put tags on instances."""
        new = tags.from_list(request["tags"], capital=True)
        if not new:
            raise RefusalError("TagRequiredException", "No tag was given")
        wrong = tags.problem(new)
        if wrong is not None:
            raise RefusalError("InvalidTagException", wrong.value)
        found = [self._instance(name) for name in request["instanceNames"]]
        if any(len(one.tags | new) > _MOST_TAGS for one in found):
            text = f"An on-premises instance can have {_MOST_TAGS} tags at most"
            raise RefusalError("TagLimitExceededException", text)
        for one in found:
            one.tags |= new
        return {}

    def op_remove_tags_from_on_premises_instances(self, request: Request) -> Answer:
        """Take tags off instances."""
        gone = tags.from_list(request["tags"], capital=True)
        for one in [self._instance(name) for name in request["instanceNames"]]:
            one.tags = {key: value for key, value in one.tags.items() if key not in gone}
        return {}

    def _instance(self, name: str) -> Instance:
        found = self.instances.get(name)
        if found is None:
            text = f"The on-premises instance {name} is not registered"
            raise RefusalError("InstanceNotRegisteredException", text)
        return found


def matches(tags_: dict[str, str], filters: Iterable[dict[str, str]] | None) -> bool:
    """Whether tags meet one of CodeDeploy's tag filters; no filter is met by all."""
    listed = list(filters or ())
    return not listed or any(_meets(tags_, one) for one in listed)


def _meets(tags_: dict[str, str], wanted: dict[str, str]) -> bool:
    key, value = wanted.get("Key", ""), wanted.get("Value", "")
    match wanted.get("Type", "KEY_AND_VALUE"):
        case "KEY_ONLY":
            return key in tags_
        case "VALUE_ONLY":
            return value in tags_.values()
        case _:
            return tags_.get(key) == value


def _info(one: Instance) -> Answer:
    return without_nothing(
        instanceName=one.name,
        iamUserArn=one.user_arn,
        iamSessionArn=one.session_arn,
        instanceArn=one.arn,
        registerTime=one.registered,
        deregisterTime=one.deregistered,
        tags=tags.to_list(one.tags, capital=True),
    )
