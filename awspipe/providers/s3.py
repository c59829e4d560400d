"""`provider: s3` as a Deploy: the artifact is unpacked into a bucket, which may be a public web site.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3Deploy.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from awspipe.providers.base import Address, Consumer, Place
from awspipe.providers.fields import Flag, Spelled, Text
from awspipe.resources.base import Reference, Resource
from awspipe.resources.bucket import Bucket
from awspipe.resources.bucketnames import SITE, website_url
from awspipe.resources.bucketsettings import site_policy
from awspipe.resources.policy import Statement

_PRIVATE = "files-"


BucketName = Annotated[
    Text,
    Spelled(
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "a bucket name has 3 to 63 small letters, digits, . and -, and a letter or digit at each end",
    ),
]


class S3Deploy(Consumer):
    """Unpacks the artifact into a bucket; with `website: true` the bucket is a public web site."""

    category = "Deploy"
    aws_provider = "S3"
    input_count = (1, 1)

    provider: Literal["s3"]
    website: Flag = False
    """true: the bucket is a public web site."""
    index: Annotated[Text, Field(max_length=255), Spelled(r"[^/]+", "write a file name, without /")] = (
        "index.html"
    )
    """The page that answers for a folder of the site."""
    error: Annotated[Text, Field(max_length=1024)] | None = None
    """The page that answers where there is none."""
    bucket: BucketName | None = None
    """A bucket that is there already: awspipe deploys into it and never changes or removes it."""
    extract: Flag = True
    """false: the artifact goes in as one zip object, whose key `key` must say."""
    key: Annotated[Text, Field(max_length=1000)] | None = None
    """Where in the bucket: a prefix, or with `extract: false` the object's key."""
    cache_control: Annotated[Text, Field(max_length=1000)] | None = None
    """The Cache-Control header of each object, e.g. `max-age=300`."""

    @model_validator(mode="after")
    def _consistent(self) -> S3Deploy:
        if self.bucket and self.website:
            raise ValueError("`website` makes a bucket of its own; an existing `bucket` is never changed")
        if not self.extract and self.key is None:
            raise ValueError("`extract: false` needs `key`: the name of the zip object in the bucket")
        if self.website and not self.extract:
            raise ValueError("a web site needs the artifact unpacked: `extract: false` leaves one zip object")
        if not self.website and (self.error or "index" in self.model_fields_set):
            raise ValueError("`index` and `error` are for a site: they need `website: true`")
        return self

    def bucket_name(self, place: Place) -> str:
        """The bucket the action deploys into.

        A site's begins otherwise than a private one's, so that a private bucket never turns public with
        what it holds; and no stage's name makes either of them the bucket of the artifacts, where objects
        expire.
        """
        return self.bucket or place.scope.bucket(f"{SITE if self.website else _PRIVATE}{place.part}")

    def resources(self, place: Place) -> Iterator[Resource]:
        """A bucket of our own, unless the spec names one."""
        if self.bucket:
            return
        name = self.bucket_name(place)
        yield Bucket(
            name=name,
            scope=place.scope,
            policy=site_policy(place.scope, name, public=self.website),
            website=self._website() if self.website else None,
            deployed_to=True,
        )

    def _website(self) -> dict[str, object]:
        error = {"ErrorDocument": {"Key": self.error}} if self.error else {}
        return {"IndexDocument": {"Suffix": self.index}, **error}

    def references(self, place: Place) -> Iterator[Reference]:
        """The bucket that the spec names."""
        if self.bucket:
            yield Reference(Bucket.kind, self.bucket)

    def configuration(self, place: Place) -> dict[str, str]:
        """Booleans are strings here: CodePipeline takes no others."""
        given = {
            "BucketName": self.bucket_name(place),
            "Extract": "true" if self.extract else "false",
            "ObjectKey": self.key,
            "CacheControl": self.cache_control,
        }
        return {key: value for key, value in given.items() if value is not None}

    def statements(self, place: Place) -> Iterator[Statement]:
        """What CodePipeline needs to put objects into the bucket."""
        arn = place.scope.bucket_arn(self.bucket_name(place))
        yield Statement(
            actions=("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"), resources=(arn,)
        )
        yield Statement(
            actions=("s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectVersionAcl"), resources=(f"{arn}/*",)
        )

    def addresses(self, place: Place) -> Iterator[Address]:
        """The site."""
        if self.website:
            name = self.bucket_name(place)
            yield Address("Site", website_url(place.scope, name), name)
