"""What `up` says of those who are told by mail: what they must do, or where the sandbox keeps it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from awspipe.cli.target import Target
from awspipe.plan import Plan, Verb
from awspipe.resources.subscription import CONFIRM, Subscription


def notes(target: Target, plan: Plan) -> Iterator[str]:
    """What somebody must do for what is new, and still must for what was there."""
    made = [step.key for step in plan.work if step.key.kind == Subscription.kind and step.verb is Verb.CREATE]
    if target.sandbox:
        yield from _of_sandbox([key.name for key in made])
        return
    yield from (f"{key}: {CONFIRM}" for key in made)
    yield from (f"{key}: {remark}" for key, remark in plan.remarks)


def _of_sandbox(made: list[str]) -> Iterator[str]:
    from awspipe.sandbox import control

    if made:
        path = control.mail_path(control.state_dir(os.environ))
        yield f"the sandbox sends no mail: what AWS would send to {', '.join(made)} is kept in {path}"
