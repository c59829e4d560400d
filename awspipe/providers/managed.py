"""What the actions share that CodePipeline runs itself and not by another service: their log.

It goes to the log group `/aws/codepipeline/<pipeline>`. CodePipeline would make the group and keep every
line for ever, so awspipe makes it first.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Commands.html
"""

from __future__ import annotations

from collections.abc import Iterator

from awspipe.providers.base import Consumer, Place
from awspipe.resources.base import Resource
from awspipe.resources.log_group import LogGroup
from awspipe.resources.policy import Statement, may_log


class Managed(Consumer):
    """An action that CodePipeline runs itself, with the pipeline's role. Only in pipelines of type V2."""

    v2_only = True

    def resources(self, place: Place) -> Iterator[Resource]:
        """The pipeline's log group, one for all such actions."""
        yield LogGroup.for_pipeline(place.scope)

    def statements(self, place: Place) -> Iterator[Statement]:
        """What AWS asks for the log."""
        yield may_log(place.scope.log_group_arn(LogGroup.for_pipeline(place.scope).name))
