"""What `down` says of the stacks that a pipeline deployed: they are the user's, and may go on costing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from awspipe.cli.target import Target
    from awspipe.naming import Scope


@dataclass(frozen=True, slots=True)
class Stacks:
    """The stacks of one pipeline by their names; `unread` is why they are not known."""

    target: Target
    region: str
    names: tuple[str, ...] = ()
    unread: str = ""

    def lines(self) -> Iterator[str]:
        """A line a stack: that it stays, and how it goes."""
        first = '`eval "$(awspipe sandbox env)"`, then ' if self.target.sandbox else ""
        for name in self.names:
            words = f"aws cloudformation delete-stack --stack-name {name} --region {self.region}"
            stays = f"stack {name}, which the pipeline deployed, stays and may go on costing"
            yield f"{stays}; {first}`{words}` deletes it"
        if self.unread:
            yield f"whether it deployed stacks, which would stay, is not known: {self.unread}"


def asked(target: Target, scope: Scope) -> Stacks:
    """One call: what the pipeline itself declares."""
    from awspipe.cost.unknown import Unknown, known
    from awspipe.resources.pipeline import Pipeline

    found = known(lambda: Pipeline.stacks(target.aws, scope.pipeline), "codepipeline:GetPipeline")
    if isinstance(found, Unknown):
        return Stacks(target, scope.region, unread=found.why)
    return Stacks(target, scope.region, found)
