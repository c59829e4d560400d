"""Which IAM actions a kind's calls need, by what they are for."""

from __future__ import annotations

from dataclasses import dataclass

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """The IAM actions of a kind. One may serve several purposes, and each purpose has its commands.

    `iam:PassRole` is named by the kinds that hand a role to a service; on which role, that role says.
    `tag:GetResources` is not named: a kind needs it where it is `indexed`.
    """

    search: frozenset[str] = _NONE
    """To list those that may be a pipeline's: asked by `down` of every kind, whatever the spec wants."""
    find: frozenset[str] = _NONE
    """To see whose one is, and whether it must be kept: `up` and `down`."""
    read: frozenset[str] = _NONE
    """To compare one with what is wanted: `up`."""
    use: frozenset[str] = _NONE
    """To see whether one that the spec only refers to is there: `up`."""
    many: frozenset[str] = _NONE
    """To look at those of many pipelines in one call; without it they are looked at one by one: `up`."""
    make: frozenset[str] = _NONE
    """To make one and to bring it to what is wanted: `up`."""
    remove: frozenset[str] = _NONE
    """`down`."""
    tag: frozenset[str] = _NONE
    """What tags of the user's own need beyond all that: `up`."""
    adopt: frozenset[str] = _NONE
    """What taking one over needs beyond all that: `up --adopt`."""
    show: frozenset[str] = _NONE
    """`status`."""
    steer: frozenset[str] = _NONE
    """`approve`, `retry`, `stop` and the like, which look first as `status` does."""
    unbound: frozenset[str] = _NONE
    """Those of all these for which AWS takes no ARN.
    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""

    @property
    def all(self) -> frozenset[str]:
        """Every action."""
        looks = self.search | self.find | self.read | self.use | self.many
        return looks | self.make | self.tag | self.remove | self.adopt | self.show | self.steer
