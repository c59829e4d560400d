"""`provider: s3` as a Source: one object of a bucket that keeps versions; told from a Deploy by `object`.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from awspipe.providers.base import Place, Producer
from awspipe.providers.events import starting
from awspipe.providers.fields import Spelled, Text
from awspipe.providers.s3 import BucketName
from awspipe.resources.base import Reference, Resource
from awspipe.resources.bucket import Bucket
from awspipe.resources.policy import Statement


class S3Source(Producer):
    """A zip object in a bucket of yours. A new version of it starts the pipeline.

    The bucket must keep versions, and send its events to EventBridge: after that was switched on, S3 needs
    about five minutes. awspipe changes neither.
    """

    category = "Source"
    aws_provider = "S3"
    output_count = (1, 1)
    default_outputs = 1
    told_by = "object"
    output_variables = frozenset({"BucketName", "ETag", "ObjectKey", "VersionId"})

    provider: Literal["s3"]
    bucket: BucketName
    """The bucket: used, and never changed or removed. Versioning and events to EventBridge must be on."""
    object: Annotated[
        Text, Field(max_length=1000), Spelled(r"[^/\n][^\n]*", "write a key, without / at first")
    ]
    """The key of the zip object whose new versions start the pipeline, e.g. `source.zip`."""

    def resources(self, place: Place) -> Iterator[Resource]:
        """The rule (with its role) that starts the pipeline on a new version.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/create-S3-source-events.html
        """
        yield from starting(
            place,
            {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"bucket": {"name": [self.bucket]}, "object": {"key": [self.object]}},
            },
        )

    def references(self, place: Place) -> Iterator[Reference]:
        """The bucket."""
        yield Reference(Bucket.kind, self.bucket)

    def configuration(self, place: Place) -> dict[str, str]:
        """Polling is switched off: together with the rule, each version would start two executions."""
        return {"S3Bucket": self.bucket, "S3ObjectKey": self.object, "PollForSourceChanges": "false"}

    def statements(self, place: Place) -> Iterator[Statement]:
        """What CodePipeline needs to fetch the object."""
        arn = place.scope.bucket_arn(self.bucket)
        yield Statement(
            actions=("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"), resources=(arn,)
        )
        yield Statement(
            actions=(
                "s3:GetObject",
                "s3:GetObjectTagging",
                "s3:GetObjectVersion",
                "s3:GetObjectVersionTagging",
            ),
            resources=(f"{arn}/{self.object}",),
        )
