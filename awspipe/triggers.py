"""What started an execution, and who did something, in words."""

from __future__ import annotations

_BY = {
    "CreatePipeline": "its creation",
    "PollForSourceChanges": "a change of the source",
    "Webhook": "a push",
    "WebhookV2": "a push",
    "PutActionRevision": "a new revision",
    "AutomatedRollback": "a failure, as a rollback",
}
_OUR_RULES = "awspipe-"


def who(arn: str) -> str:
    """The person, role or root in an ARN: `ann`, `Admin/ann`, `root`; anything else as it is.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    if not arn.startswith("arn:"):
        return arn
    resource = arn.split(":", 5)[-1]
    return resource.removeprefix("assumed-role/").removeprefix("user/").removeprefix("role/")


def started_by(trigger: str, detail: str) -> str:
    """What or who started an execution, from AWS's TriggerType and TriggerDetail; "" where AWS does not say.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ExecutionTrigger.html
    """
    match trigger:
        case "StartPipelineExecution":
            return who(detail) or "hand"
        case "ManualRollback":
            return f"{who(detail) or 'hand'}, as a rollback"
        case "CloudWatchEvent":
            rule = detail.rpartition("/")[2]
            return (
                f"the rule {rule}" if rule and not rule.startswith(_OUR_RULES) else "a change of the source"
            )
    return _BY.get(trigger, trigger)
