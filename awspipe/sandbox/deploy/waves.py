"""How many hosts a deployment may take at a time, and when it has failed.

https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html: the hosts that are being
deployed to are not healthy meanwhile, and neither are those where it failed; as many as the configuration's
minimum must stay healthy at every moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ONE_AT_A_TIME = "CodeDeployDefault.OneAtATime"


@dataclass(frozen=True, slots=True)
class Fleet:
    """The hosts of one deployment."""

    hosts: int
    minimum: int
    """How many must stay healthy."""
    most: int
    """How many may be deployed to at once, whatever else holds."""

    @property
    def possible(self) -> bool:
        """Whether anything can be deployed at all."""
        return self.minimum < self.hosts

    def wave(self, *, waiting: int, failed: int) -> int:
        """How many hosts come next; 0 where none is left, or where too few would stay healthy."""
        spare = self.hosts - failed - self.minimum
        return max(0, min(waiting, spare, self.most))

    def succeeded(self, *, good: int, failed: int) -> bool:
        """Whether the deployment has succeeded, now that it is over."""
        return good > 0 and self.hosts - failed >= self.minimum


def fleet(config: Mapping[str, Any], hosts: int) -> Fleet:
    """What a deployment configuration means for so many hosts.

    A percentage never asks for every host: one is deployed to in any case. The last one of a deployment one
    at a time may therefore fail, and a deployment to a single host may take it.
    """
    healthy = config["minimumHealthyHosts"]
    minimum = int(healthy["value"])
    if healthy["type"] == "FLEET_PERCENT":
        minimum = max(0, min(-(-hosts * minimum // 100), hosts - 1))
    return Fleet(hosts, minimum, 1 if config["deploymentConfigName"] == _ONE_AT_A_TIME else hosts)
