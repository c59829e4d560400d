"""Manual approval: nothing is done but to ask, and to tell a topic that somebody is asked.

https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html
"""

from __future__ import annotations

import datetime
import json

from awspipe.sandbox import runtime
from awspipe.sandbox.actions.base import CONFIGURATION_ERROR, ActionError, ActionRun, Job

_MINUTES = 7 * 24 * 60


class ManualApproval(Job):
    """Waits for PutApprovalResult."""

    plays = (("Approval", "AWS", "Manual"),)

    def start(self, run: ActionRun) -> None:
        """Notify; the answer comes to the engine itself."""
        topic = run.configuration.get("NotificationArn")
        if topic:
            run.require("sns:Publish", topic)
            _publish(run, topic)


def _publish(run: ActionRun, topic: str) -> None:
    from moto.sns.exceptions import SNSException
    from moto.sns.models import sns_backends

    region = topic.split(":")[3]
    subject = f"APPROVAL NEEDED: AWS CodePipeline {run.pipeline} for action {run.name}"
    try:
        sns_backends[run.account][region].publish(
            json.dumps(_message(run, region)), subject=subject[:100], arn=topic
        )
    except SNSException as error:
        raise ActionError(CONFIGURATION_ERROR, f"The topic {topic} cannot be notified: {error}") from error


def _message(run: ActionRun, region: str) -> dict[str, object]:
    minutes = run.declaration.get("timeoutInMinutes", _MINUTES)
    expires = datetime.datetime.fromtimestamp(runtime.current().clock() + 60 * minutes, datetime.UTC)
    approval = {
        "pipelineName": run.pipeline,
        "stageName": run.stage,
        "actionName": run.name,
        "token": run.token,
        "expires": f"{expires:%Y-%m-%dT%H:%MZ}",
        "externalEntityLink": run.configuration.get("ExternalEntityLink"),
        "approvalReviewLink": None,
        "customData": run.configuration.get("CustomData"),
    }
    return {"region": region, "consoleLink": None, "approval": approval}
