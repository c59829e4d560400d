"""Deploy by CodeDeploy: the input artifact itself is the revision, and the action waits for its deployment.

A roll-back is a deployment of its own, which the action does not follow: it has failed.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeDeploy.html
"""

from __future__ import annotations

from awspipe.sandbox import runtime
from awspipe.sandbox.actions.base import (
    CONFIGURATION_ERROR,
    JOB_FAILED,
    ActionError,
    ActionRun,
    Job,
)
from awspipe.sandbox.deploy.records import SUCCEEDED, Deployment
from awspipe.sandbox.service import RefusalError

_ON_APPLICATION = ("GetApplication", "RegisterApplicationRevision", "GetApplicationRevision")
_ON_GROUP = ("CreateDeployment", "GetDeployment")


class CodeDeploy(Job):
    """Deploys to servers."""

    plays = (("Deploy", "AWS", "CodeDeploy"),)

    def start(self, run: ActionRun) -> None:
        """Create a deployment and wait for its end."""
        _check_role(run)
        made = _created(run)
        url = f"https://{run.region}.console.aws.amazon.com/codesuite/codedeploy/deployments/{made.id}"
        run.note(external_id=made.id, external_url=url)
        end = runtime.current().ends.get(made.id)
        if end is not None:
            end.wait()
        if made.status == SUCCEEDED:
            run.succeed(external_id=made.id, external_url=url, summary="Deployment Succeeded")
            return
        run.fail(JOB_FAILED, _why(made), external_id=made.id, external_url=url)


def _check_role(run: ActionRun) -> None:
    application = run.configuration["ApplicationName"]
    group = f"{application}/{run.configuration['DeploymentGroupName']}"
    for operation in _ON_APPLICATION:
        run.require(f"codedeploy:{operation}", run.arn("codedeploy", f"application:{application}"))
    for operation in _ON_GROUP:
        run.require(f"codedeploy:{operation}", run.arn("codedeploy", f"deploymentgroup:{group}"))


def _created(run: ActionRun) -> Deployment:
    from awspipe.sandbox.codedeploy import codedeploy_backends

    artifact = run.inputs[0]
    where = {"bucket": artifact.bucket, "key": artifact.key, "bundleType": "zip"}
    service = codedeploy_backends[run.account][run.region]
    names = {
        "applicationName": run.configuration["ApplicationName"],
        "deploymentGroupName": run.configuration["DeploymentGroupName"],
    }
    with runtime.current().lock:
        try:
            config = service.group(*names.values()).members["deploymentConfigName"]
            run.require("codedeploy:GetDeploymentConfig", run.arn("codedeploy", f"deploymentconfig:{config}"))
            revision = {"revisionType": "S3", "s3Location": where}
            made = service.op_create_deployment({**names, "revision": revision})
        except RefusalError as error:
            raise ActionError(CONFIGURATION_ERROR, str(error.message)) from error
        return service.deployments[made["deploymentId"]]


def _why(made: Deployment) -> str:
    """What the action says: the deployment's own error, and the first lifecycle event behind it."""
    code, text = made.error or (made.status, f"The deployment was {made.status.lower()}.")
    event = made.first_failure()
    first = ""
    if event is not None and event.outcome is not None:
        first = f" First failure: {event.name}: {event.outcome.message}"
    return f"Deployment {made.id} failed. {text} (Error code: {code}){first}"
