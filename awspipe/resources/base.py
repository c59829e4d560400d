"""What every AWS thing that awspipe makes has in common, and how the kinds are found."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from awspipe.naming import OWNER_TAG, Scope
from awspipe.resources.rights import Rights

if TYPE_CHECKING:
    from awspipe.aws import Aws

TAGS = "tags"
"""What stands for a resource's tags where its fields are named."""

Body = dict[str, Any]
"""The fields of a resource that awspipe answers for, in AWS's own names."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which resource: its kind and its name in AWS."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Live:
    """What AWS has under a name. `owner` is the pipeline it is tagged for; None means it is not ours."""

    body: Body
    owner: str | None
    arn: str = ""
    """Its ARN, where AWS makes that up."""
    instead: tuple[tuple[str, str], ...] = ()
    """Name and ARN of each that is the user's own and serves as well; nothing has the name itself then."""
    remark: str = ""
    """What somebody must still do for it, where something is missing that awspipe cannot do."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """The ARNs that AWS's tag index lists under a pipeline: one call answers for most kinds.

    The index is some seconds behind and does not know every kind, so what it lacks is asked for by name;
    what it lists carries (or carried, seconds ago) our tag.
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """

    scope: Scope
    arns: Callable[[], frozenset[str]]
    """Asked for when first needed, so that the reads by name need not wait for it."""

    def names(self, kind: type[Resource]) -> frozenset[str]:
        """The names of one kind in the index."""
        found = (kind.name_in(self.scope, arn) for arn in self.arns())
        return frozenset(name for name in found if name)


@dataclass(frozen=True, slots=True)
class Untouchable:
    """Something without an owner that is not taken over, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Something of ours that `down` leaves standing, and why."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Resource(ABC):
    """A thing we make: one subclass a kind, one module a subclass, one instance a wanted resource.

    `body()` gives every field we answer for, defaults included; a comparison looks only at those.
    `create` makes the whole thing and `update` sends only the fields that differ; both can be run again.
    """

    kind: ClassVar[str]
    uses: ClassVar[frozenset[str]] = frozenset()
    """The kinds that must stand before this one is made, and fall after it."""
    frees: ClassVar[frozenset[str]] = frozenset()
    """Those of `uses` that may fall while this one still stands."""
    permissions: ClassVar[Rights]
    """Every IAM action that making, reading, changing and removing this kind can need."""
    exists_codes: ClassVar[frozenset[str]] = frozenset()
    """With which codes the creating call says that the name is taken."""
    exact: ClassVar[frozenset[str]] = frozenset()
    """The fields in which a key too many is a difference too, e.g. a policy."""
    indexed: ClassVar[bool] = True
    """Whether AWS's tag index knows the kind."""
    priced: ClassVar[str] = ""
    """What of it costs, in a few words; "" where it is free."""
    meter: ClassVar[str] = ""
    """The row of the price data that it is charged by, usually."""

    name: str
    scope: Scope

    @property
    def key(self) -> Key:
        """Which resource this is."""
        return Key(self.kind, self.name)

    @abstractmethod
    def body(self) -> Body:
        """The fields we answer for, as AWS writes them."""

    @abstractmethod
    def create(self, aws: Aws) -> None:
        """Make it, with the owner tag in the creating call."""

    def update(self, aws: Aws, fields: frozenset[str]) -> None:
        """Send the top-level `fields` of the body that differ."""
        raise NotImplementedError(f"{self.kind} has nothing to update: {sorted(fields)}")

    def bring(self, aws: Aws, fields: frozenset[str]) -> None:
        """Make the `fields` that differ as they are wanted; `TAGS` stands for all its tags."""
        if TAGS in fields:
            self.claim(aws)
        if rest := fields - {TAGS}:
            self.update(aws, rest)

    def adoptable(self, aws: Aws) -> Live | Untouchable:
        """What has this name and no owner, if it can be taken over; by default it cannot.

        It cannot where data would be lost, now or when the pipeline is removed.
        """
        return Untouchable(f"awspipe takes over no {self.kind}")

    def adopt(self, aws: Aws, fields: frozenset[str]) -> None:
        """Take it over: tag it as ours, then send the `fields` that differ."""
        self.bring(aws, fields | {TAGS})

    @abstractmethod
    def claim(self, aws: Aws) -> None:
        """Give it the owner tag and the user's own ones, and leave its other tags."""

    @classmethod
    @abstractmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """What AWS has, in the shape of `body()`, at least for `fields`; None when absent."""

    @classmethod  # noqa: B027 - most kinds have no such call
    def preload(cls, aws: Aws, names: Sequence[str]) -> None:
        """Before many are read: ask for them together, where AWS has a call for that."""

    @classmethod
    def ask_ahead(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> None:
        """Ask what `read` asks of one that is ours: where the tag index knows it, that need not wait."""
        aws.submit(lambda: cls.tags(aws, scope, name))

    @classmethod  # noqa: B027 - most kinds ask nothing
    def ask_for_removal(cls, aws: Aws, scope: Scope, name: str) -> None:
        """Ask what `delete` asks, beside the search for what there is."""

    @classmethod
    @abstractmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """Remove it with all it holds; one that is absent is fine."""

    @classmethod
    @abstractmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """The ARNs on which AWS judges one of our `permissions`, for the one of this name.

        `name` is "" in a search for any. Actions that take no ARN (`Rights.unbound`) are not asked for.
        """

    @classmethod
    def name_in(cls, scope: Scope, arn: str) -> str | None:
        """The name in an ARN of this kind; None for another kind, or one the tag index does not know."""
        return None

    @classmethod
    @abstractmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """The names of this kind that may be the pipeline's, whoever owns them.

        Asked for once a reading, and the same for every account: so it can be asked for before the account
        is known.
        """

    @classmethod
    def fixed(cls, scope: Scope) -> frozenset[str]:
        """Names that one of the pipeline's may have and `listed` does not look for.

        The tag index knows it, and what a pipeline declares shows it while the index is behind: so it is
        asked for only where the pipeline is gone and something else of it is not.
        """
        return frozenset()

    @classmethod
    def named_by_us(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """Those of the listed names that hardly anybody but awspipe gives."""
        return frozenset()

    @property
    def made_with(self) -> frozenset[str]:
        """What `up` asks of this one: to see whose it is, to compare it, and to make it."""
        return self.permissions.find | self.permissions.read | self.permissions.make

    @property
    def shown_with(self) -> frozenset[str]:
        """What `status` asks of this one where something has failed in it."""
        return self.permissions.show

    @classmethod
    def worth_listing(cls, aws: Aws, scope: Scope) -> bool:
        """Whether what other listings show lets one of this kind be there: asked before a first search."""
        return True

    @classmethod
    def in_index(cls, aws: Aws, scope: Scope, tagged: Tagged) -> frozenset[str]:
        """The names of this kind that the tag index has."""
        return tagged.names(cls)

    @classmethod
    def tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """The tags of one, asked for once a reading; None where there is none of this name."""
        return aws.once(("tags", cls.kind, name), lambda: cls.ask_tags(aws, scope, name))

    @classmethod
    @abstractmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """AWS's answer for `tags`."""

    @classmethod
    def owner(cls, aws: Aws, scope: Scope, name: str) -> str | None:
        """The pipeline that one is tagged for."""
        tags = cls.tags(aws, scope, name)
        return None if tags is None else tags.get(OWNER_TAG)

    @classmethod
    def whole(cls, aws: Aws, scope: Scope, name: str, body: Body) -> Live | None:
        """What was read of one, and whose it is; None where it has gone meanwhile, with its tags."""
        tags = cls.tags(aws, scope, name)
        return None if tags is None else Live(body, tags.get(OWNER_TAG))

    @classmethod
    def owned(cls, aws: Aws, scope: Scope, tagged: Tagged) -> Iterator[str]:
        """The names of this kind that belong to the pipeline, found by name and by tag, with no spec.

        One that is both listed and in the tag index is ours with no further question; one that is in either
        only is asked itself, because the index is some seconds behind.
        """
        listed, indexed = cls.listed(aws, scope), cls.in_index(aws, scope, tagged)
        for name in sorted(listed | indexed):
            if name in listed & indexed or cls.owner(aws, scope, name) == scope.pipeline:
                yield name

    @classmethod
    def exists(cls, aws: Aws, scope: Scope, name: str) -> bool:
        """Whether there is one of this name, whoever owns it: for what a spec only refers to."""
        return cls.read(aws, scope, name, frozenset()) is not None

    @classmethod
    def made_up_arn(cls, aws: Aws, scope: Scope, name: str) -> str | None:
        """The ARN of the one that has a name, where AWS makes it up; None where there is none."""
        return None

    @classmethod
    def keep(cls, aws: Aws, scope: Scope, name: str) -> Kept | None:
        """Why `down` leaves it standing unless data is to go too; None when it goes."""
        return None


@dataclass(frozen=True, slots=True)
class Reference:
    """Something the spec refers to and awspipe never changes nor removes."""

    kind: str
    name: str

    @property
    def key(self) -> Key:
        """Which resource is meant."""
        return Key(self.kind, self.name)


@cache
def kinds() -> dict[str, type[Resource]]:
    """Every kind by its name, found by walking this package."""
    package = importlib.import_module("awspipe.resources")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"awspipe.resources.{module.name}")
    return {kind.kind: kind for kind in Resource.__subclasses__()}
