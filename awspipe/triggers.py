"""What started an execution, and who did something, in words."""

from __future__ import annotations

_BY_HAND = {"StartPipelineExecution": "started", "ManualRollback": "rolled back"}
_BY_ITSELF = {
    "CreatePipeline": "creation of the pipeline",
    "PollForSourceChanges": "a change of the source",
    "CloudWatchEvent": "a push or another event",
    "Webhook": "a push",
    "WebhookV2": "a push",
    "PutActionRevision": "a new revision",
    "AutomatedRollback": "a failure: rolled back by itself",
}


def who(arn: str) -> str:
    """The person, role or root in an ARN: `ann`, `Admin/ann`, `root`; anything else as it is.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    if not arn.startswith("arn:"):
        return arn
    resource = arn.split(":", 5)[-1]
    return resource.removeprefix("assumed-role/").removeprefix("user/").removeprefix("role/")


def started_by(trigger: str, detail: str) -> str:
    """What started an execution, from AWS's TriggerType and TriggerDetail; "" where AWS does not say."""
    if trigger in _BY_HAND:
        return f"{_BY_HAND[trigger]} by {who(detail)}" if detail else f"{_BY_HAND[trigger]} by hand"
    return _BY_ITSELF.get(trigger, trigger)
