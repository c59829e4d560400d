"""Source from S3: one object of a bucket that keeps versions.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html
"""

from __future__ import annotations

from awspipe.sandbox import objects
from awspipe.sandbox.actions import artifacts
from awspipe.sandbox.actions.base import CONFIGURATION_ERROR, ActionError, ActionRun, Job, Revision


class S3Source(Job):
    """Fetches an object."""

    plays = (("Source", "AWS", "S3"),)

    def start(self, run: ActionRun) -> None:
        """Copy the object as an artifact."""
        bucket, key = run.configuration["S3Bucket"], _key(run)
        run.require("s3:GetBucketVersioning", objects.arn(run.region, bucket))
        if not objects.is_versioned(run.account, run.region, bucket):
            text = f"The bucket {bucket} must have versioning enabled to be a source of a pipeline."
            raise ActionError(CONFIGURATION_ERROR, text)
        version = run.overrides.get("S3_OBJECT_VERSION_ID") or (run.pushed.id if run.pushed else None)
        for call in ("s3:GetObject", "s3:GetObjectVersion"):
            run.require(call, objects.arn(run.region, bucket, key))
        found = objects.read(run.account, run.region, bucket, key, version=version)
        for artifact in run.outputs:
            artifacts.write(run, artifact, found.content)
        made = found.version or found.etag
        summary = f"Amazon S3 version id: {made}"
        run.succeed(
            variables={"BucketName": bucket, "ETag": found.etag, "ObjectKey": key, "VersionId": made},
            external_id=made,
            summary=summary,
            revision=Revision(made, summary, created=found.modified),
        )


def _key(run: ActionRun) -> str:
    other = run.overrides.get("S3_OBJECT_KEY")
    if other is None:
        return run.configuration["S3ObjectKey"]
    if run.configuration.get("AllowOverrideForS3ObjectKey", "false").lower() != "true":
        text = "The object key cannot be overridden: AllowOverrideForS3ObjectKey is not true."
        raise ActionError(CONFIGURATION_ERROR, text)
    return other
