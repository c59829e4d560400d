"""What `up` says of what somebody must do: those who are told by mail, and who uploads a source."""

from __future__ import annotations

import os
from collections.abc import Iterator

from awspipe.cli.target import Target
from awspipe.plan import Plan, Verb
from awspipe.resources.bucket import Bucket
from awspipe.resources.bucketnames import is_source
from awspipe.resources.subscription import CONFIRM, Subscription


def notes(target: Target, plan: Plan) -> Iterator[str]:
    """What somebody must do for what is new, and still must for what was there."""
    yield from _of_sources(target, plan)
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


def _of_sources(target: Target, plan: Plan) -> Iterator[str]:
    """Of a bucket that was just made for a source.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-event-notifications-eventbridge.html
    """
    made = [step.key for step in plan.work if step.key.kind == Bucket.kind and step.verb is Verb.CREATE]
    run, env = target.command_anywhere("run", plan.scope.pipeline), target.command("sandbox", "env")
    for key in made:
        if not is_source(plan.scope, key.name):
            continue
        yield f"{key} is empty: what the pipeline's creation has started fails at its source"
        if target.sandbox:
            yield f'the `aws` command looks into the sandbox after `eval "$({env})"`'
        else:
            yield f"for about five minutes S3 tells of no upload to a new bucket: then `{run}` starts it"
