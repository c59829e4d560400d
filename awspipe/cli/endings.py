"""How an execution ended: said, explained, with what to do next, and as an exit code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from awspipe.addresses import addresses
from awspipe.aws import Aws
from awspipe.cli import exits
from awspipe.cli.console import Console
from awspipe.cli.target import Target
from awspipe.cli.views import columns
from awspipe.cli.views import watch as view
from awspipe.cli.views.addresses import known, pushes
from awspipe.cli.views.causes import AFTER_COMMIT, mended_by_commit
from awspipe.errors import AwspipeError
from awspipe.executions import Execution
from awspipe.failures import Cause, causes
from awspipe.logs import has_log


@dataclass(frozen=True, slots=True)
class Ending:
    """Judges the executions of one pipeline. `aws` has the credentials as they are now."""

    console: Console
    target: Target
    pipeline: str
    aws: Aws

    def say(
        self, one: Execution, declaration: Mapping[str, Any] | None = None, *, briefly: bool = False
    ) -> int:
        """Say how an execution ended, why, or which sites are new by it; the exit code that means.

        `briefly`: without asking AWS for more than is known already.
        """
        code = exits.DONE if one.state == "Succeeded" else exits.FAILED
        found = () if not code else _own_words(one) if briefly else self._causes(one)
        sites = [] if code or declaration is None else self._sites(declaration)
        self.console.answer(view.end(one, found, sites))
        self.console.answer(columns.next_commands(self._next(one, found, declaration)))
        self.console.record(view.end_record(one, found, code, sites))
        return code

    def _sites(self, declaration: Mapping[str, Any]) -> list[str]:
        """The addresses of the sites that the pipeline deploys to, as this target serves them."""
        scope = self.target.scope(self.pipeline)
        found = [one for one in addresses(scope, declaration) if one.label == "Site"]
        return [one.url for one in known(self.target, scope, found) if one.label == "Site"]

    def _next(
        self, one: Execution, why: Sequence[Cause], declaration: Mapping[str, Any] | None
    ) -> Iterator[tuple[str, str]]:
        if one.superseded_by:
            follow = self.target.command_anywhere(
                "watch", self.pipeline, "--execution", one.superseded_by[:8]
            )
            yield follow, "follows the one that took over"
            return
        failed = [it for it in one.actions if it.state == "Failed"]
        if any(has_log(it) for it in failed):
            words = ("logs", self.pipeline, "--execution", one.id[:8])
            yield self.target.command_anywhere(*words), "all that its builds and deployments wrote"
        if mended_by_commit(why):
            found = addresses(self.target.scope(self.pipeline), declaration) if declaration else ()
            yield from pushes(found, AFTER_COMMIT)
            return
        for stage in dict.fromkeys(it.stage for it in failed):
            yield (
                self.target.command_anywhere("retry", stage, "--name", self.pipeline),
                "runs what failed again",
            )
        if not failed:
            yield self.target.command_anywhere("status", self.pipeline), "where the pipeline stands"

    def _causes(self, one: Execution) -> tuple[Cause, ...]:
        """Why an execution ended so; what the actions say themselves where no more can be read."""
        aws = self.aws
        asking = Aws(aws.session, aws.region, aws.endpoint_url, listener=aws.listener)
        try:
            return causes(asking, self.pipeline, one.id, known=one)
        except AwspipeError as error:
            self.console.say(f"! {error.message}")
            return _own_words(one)
        finally:
            asking.close()


def _own_words(one: Execution) -> tuple[Cause, ...]:
    """What the actions that failed say themselves."""
    failed = [it for it in one.actions if it.state == "Failed"]
    return tuple(Cause(it.stage, it.name, view.why(it)) for it in failed)
