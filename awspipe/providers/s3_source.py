"""`provider: s3` as a Source: one object of a bucket that keeps versions; told from a Deploy by `object`.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from awspipe.providers.base import Address, Place, Producer
from awspipe.providers.events import starting
from awspipe.providers.fields import Spelled, Text
from awspipe.providers.s3 import BucketName
from awspipe.resources.base import Reference, Resource
from awspipe.resources.bucket import Bucket
from awspipe.resources.bucketnames import SOURCE
from awspipe.resources.bucketsettings import site_policy
from awspipe.resources.policy import Statement

UPLOAD = "Upload to"
"""The label of the address that a source is uploaded to."""


class S3Source(Producer):
    """A zip object in a bucket. A new version of it starts the pipeline.

    awspipe makes a bucket for it, or uses one of yours as it is: that must keep versions and send its events
    to EventBridge. S3 needs about five minutes after that was switched on, also in a bucket that awspipe has
    made: until then `awspipe run` starts the pipeline.
    """

    category = "Source"
    aws_provider = "S3"
    output_count = (1, 1)
    default_outputs = 1
    told_by = "object"
    output_variables = frozenset({"BucketName", "ETag", "ObjectKey", "VersionId"})

    provider: Literal["s3"]
    bucket: BucketName | None = None
    """A bucket that is there already, with versioning and events to EventBridge on: used, and never changed
    or removed. By default awspipe makes one, private and with TLS only, whose old versions go after 30 days;
    `down` keeps it while it holds anything."""
    object: Annotated[
        Text, Field(max_length=1000), Spelled(r"[^/\n][^\n]*", "write a key, without / at first")
    ]
    """The key of the zip object whose new versions start the pipeline, e.g. `source.zip`."""

    def bucket_name(self, place: Place) -> str:
        """The bucket that the object is in."""
        return self.bucket or place.scope.bucket(f"{SOURCE}{place.part}")

    def resources(self, place: Place) -> Iterator[Resource]:
        """A bucket unless the spec names one; the rule (with its role) that starts the pipeline.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/create-S3-source-events.html
        """
        name = self.bucket_name(place)
        if not self.bucket:
            policy = site_policy(place.scope, name, public=False)
            yield Bucket(name=name, scope=place.scope, policy=policy, uploaded_to=True)
        yield from starting(
            place,
            {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"bucket": {"name": [name]}, "object": {"key": [self.object]}},
            },
        )

    def references(self, place: Place) -> Iterator[Reference]:
        """The bucket that the spec names."""
        if self.bucket:
            yield Reference(Bucket.kind, self.bucket)

    def configuration(self, place: Place) -> dict[str, str]:
        """Polling is switched off: together with the rule, each version would start two executions."""
        return {
            "S3Bucket": self.bucket_name(place),
            "S3ObjectKey": self.object,
            "PollForSourceChanges": "false",
        }

    def statements(self, place: Place) -> Iterator[Statement]:
        """What CodePipeline needs to fetch the object."""
        arn = place.scope.bucket_arn(self.bucket_name(place))
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

    def addresses(self, place: Place) -> Iterator[Address]:
        """Where to upload to, in a bucket of ours."""
        if not self.bucket:
            name = self.bucket_name(place)
            yield Address(UPLOAD, f"s3://{name}/{self.object}", name)
