"""S3 buckets: for artifacts, to deploy into, or as a public web site.

Every call but the creating and the listing one says who must own the bucket, so that a bucket of the same
name in a stranger's account is never read or written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from awspipe.aws import Aws, absent, maybe, owner_of, refusal, tag_list, tags_of
from awspipe.errors import DeniedError
from awspipe.explain import DENIED, code_of, explained
from awspipe.naming import ACCOUNT_REGIONAL, Scope
from awspipe.resources.base import Body, Kept, Live, Resource, Untouchable
from awspipe.resources.bucketnames import is_source
from awspipe.resources.bucketsettings import (
    CLOSED,
    EXPIRY_DAYS,
    OF_SOURCES,
    OPEN_TO_POLICY,
    READERS,
    lifecycle,
    read_notification,
    site_policy,
    source_lifecycle,
)
from awspipe.resources.emptying import empty, holds_anything
from awspipe.resources.policy import Document, Statement
from awspipe.resources.rights import Rights

_READ = "s3:GetObject"
_OF_OBJECTS = frozenset({"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"})
_ONLY_OF_SOURCES = frozenset(
    {
        "s3:GetBucketNotification",
        "s3:GetBucketVersioning",
        "s3:PutBucketNotification",
        "s3:PutBucketVersioning",
    }
)


@dataclass(frozen=True, kw_only=True)
class Bucket(Resource):
    """A bucket with its public-access block and policy, and a lifecycle or a web site.

    One for a source keeps versions, tells EventBridge of what is put into it, and is kept by `down` while it
    holds anything.
    """

    kind: ClassVar[str] = "bucket"
    exact: ClassVar[frozenset[str]] = frozenset({"Policy", "WebsiteConfiguration"})
    permissions: ClassVar[Rights] = Rights(
        search=frozenset({"s3:ListAllMyBuckets"}),
        many=frozenset({"s3:ListAllMyBuckets"}),
        find=frozenset({"s3:GetBucketTagging"}),
        read=frozenset(
            {
                "s3:GetBucketNotification",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketVersioning",
                "s3:GetBucketWebsite",
                "s3:GetLifecycleConfiguration",
            }
        ),
        use=frozenset({"s3:ListBucket"}),
        make=frozenset(
            {
                "s3:CreateBucket",
                "s3:DeleteBucketWebsite",
                "s3:PutBucketNotification",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketVersioning",
                "s3:PutBucketWebsite",
                "s3:PutLifecycleConfiguration",
                "s3:TagResource",
            }
        ),
        remove=_OF_OBJECTS | {"s3:DeleteBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"},
        adopt=frozenset({"s3:ListBucketVersions", "s3:PutBucketTagging"}),
        show=frozenset({_READ}),
        tag=frozenset({"s3:PutBucketTagging"}),
        unbound=frozenset({"s3:ListAllMyBuckets"}),
    )
    exists_codes: ClassVar[frozenset[str]] = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
    priced: ClassVar[str] = "storage and requests"
    meter: ClassVar[str] = "s3-storage"

    policy: Document
    website: dict[str, Any] | None = None
    deployed_to: bool = False
    uploaded_to: bool = False

    @classmethod
    def for_artifacts(cls, scope: Scope) -> Bucket:
        """What the stages hand on: private, and gone after thirty days."""
        name = scope.bucket("artifacts")
        return cls(name=name, scope=scope, policy=site_policy(scope, name, public=False))

    @property
    def made_with(self) -> frozenset[str]:
        """Only a source's keeps versions and tells EventBridge."""
        return super().made_with - (frozenset() if self.uploaded_to else _ONLY_OF_SOURCES)

    @property
    def shown_with(self) -> frozenset[str]:
        """Of an artifact the names in it are read; what is deployed is not looked at."""
        return frozenset() if self.deployed_to else self.permissions.show

    def body(self) -> Body:
        """Artifacts expire; a bucket that is deployed to has a web site or none."""
        public = self.website is not None
        body: Body = {
            "PublicAccessBlockConfiguration": OPEN_TO_POLICY if public else CLOSED,
            "Policy": self.policy,
        }
        if self.deployed_to:
            return {**body, "WebsiteConfiguration": self.website}
        if self.uploaded_to:
            return {**body, "Rules": source_lifecycle(), **OF_SOURCES}
        return {**body, "Rules": lifecycle()}

    def create(self, aws: Aws) -> None:
        """The bucket, then what differs from a new one: those are closed to the public by themselves.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
        """
        configuration: dict[str, Any] = {"Tags": tag_list(self.scope.tags)}
        if self.scope.region != "us-east-1":
            configuration["LocationConstraint"] = self.scope.region
        namespace = {"BucketNamespace": "account-regional"} if self.scope.account_regional_buckets else {}
        aws.client("s3").create_bucket(Bucket=self.name, CreateBucketConfiguration=configuration, **namespace)
        new = {"PublicAccessBlockConfiguration": CLOSED, "WebsiteConfiguration": None}
        self.update(aws, frozenset(key for key, value in self.body().items() if new.get(key, ...) != value))

    def update(self, aws: Aws, fields: frozenset[str]) -> None:
        """The public-access block first: with it on, AWS refuses a public policy."""
        if "PublicAccessBlockConfiguration" in fields:
            self._call(aws, "put_public_access_block", "PublicAccessBlockConfiguration")
        puts = {
            "Policy": self._put_policy,
            "Rules": self._put_lifecycle,
            "WebsiteConfiguration": self._put_site,
            "VersioningConfiguration": self._put_versioning,
            "NotificationConfiguration": self._put_notification,
        }
        chosen: list[Callable[[Aws], None]] = [put for field, put in puts.items() if field in fields]
        aws.gather(*((lambda put=put: put(aws)) for put in chosen))

    def _call(self, aws: Aws, operation: str, field: str) -> None:
        call = getattr(aws.client("s3"), operation)
        call(Bucket=self.name, ExpectedBucketOwner=self.scope.account, **{field: self.body()[field]})

    def _put_policy(self, aws: Aws) -> None:
        """A public-access block that was just lifted can take a moment to be so everywhere."""
        put = aws.client("s3").put_bucket_policy
        with explained(f"let everybody read bucket {self.name}" if self.website else f"guard {self.key}"):
            aws.patiently(
                lambda: put(
                    Bucket=self.name,
                    ExpectedBucketOwner=self.scope.account,
                    Policy=json.dumps(self.policy),
                ),
                refused=lambda error: self.website is not None and code_of(error) == "AccessDenied",
                why="S3 needs a moment to lift the public-access block",
                limit=20,
            )

    def _put_lifecycle(self, aws: Aws) -> None:
        aws.client("s3").put_bucket_lifecycle_configuration(
            Bucket=self.name,
            ExpectedBucketOwner=self.scope.account,
            LifecycleConfiguration={"Rules": self.body()["Rules"]},
        )

    def _put_versioning(self, aws: Aws) -> None:
        self._call(aws, "put_bucket_versioning", "VersioningConfiguration")

    def _put_notification(self, aws: Aws) -> None:
        """The call replaces all that a bucket tells: what it told others is sent again.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
        """
        s3, where = aws.client("s3"), {"Bucket": self.name, "ExpectedBucketOwner": self.scope.account}
        told = read_notification(s3, self.name, self.scope.account)
        told |= self.body()["NotificationConfiguration"]
        s3.put_bucket_notification_configuration(**where, NotificationConfiguration=told)

    def _put_site(self, aws: Aws) -> None:
        if self.website is not None:
            return self._call(aws, "put_bucket_website", "WebsiteConfiguration")
        aws.client("s3").delete_bucket_website(Bucket=self.name, ExpectedBucketOwner=self.scope.account)
        return None

    def adoptable(self, aws: Aws) -> Live | Untouchable:
        """One in which no object turns public, nor expires, that does not now."""
        live = self._settings(aws, self.scope, self.name, frozenset(self.body()))
        changed = {key for key, value in self.body().items() if live.get(key) != value}
        lost = [why for field, why in self._losses().items() if field in changed]
        if lost and holds_anything(aws, self.scope, self.name):
            return Untouchable(f"it is not empty, and what it holds {lost[0]}")
        return Live(live, None)

    def _losses(self) -> dict[str, str]:
        """What a field that differs would do to the objects that are there."""
        public = {"PublicAccessBlockConfiguration": "would become public"} if self.website else {}
        what = "has of old versions would expire" if self.uploaded_to else "would expire"
        return {**public, "Rules": f"{what} after {EXPIRY_DAYS} days"}

    def claim(self, aws: Aws) -> None:
        """One tag more: the call replaces all of them, so those it has are sent again."""
        where = {"Bucket": self.name, "ExpectedBucketOwner": self.scope.account}
        found = maybe(lambda: aws.client("s3").get_bucket_tagging(**where), "NoSuchTagSet")
        tags = {**tags_of(found["TagSet"] if found else []), **self.scope.tags}
        aws.client("s3").put_bucket_tagging(**where, Tagging={"TagSet": tag_list(tags)})

    @classmethod
    def preload(cls, aws: Aws, names: Sequence[str]) -> None:
        """One list of the account's buckets, which tells of names that no other account can have."""
        pages = aws.client("s3").get_paginator("list_buckets")
        aws.rule_out(
            cls.kind,
            (name for name in names if name.endswith(ACCOUNT_REGIONAL)),
            lambda: (
                one["Name"] for page in pages.paginate(BucketRegion=aws.region) for one in page["Buckets"]
            ),
        )

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """Whose it is, then the `fields` asked for side by side."""
        tags = None if aws.is_ruled_out(cls.kind, name) else cls.tags(aws, scope, name)
        if tags is None:
            return None
        owner = owner_of(tags)
        if owner != scope.pipeline:
            return Live({}, owner)
        return Live(cls._settings(aws, scope, name, fields), owner)

    @classmethod
    def ask_ahead(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> None:
        """The tags, and the settings."""
        super().ask_ahead(aws, scope, name, fields)
        for question in cls._questions(aws, scope, name, fields).values():
            aws.submit(question)

    @classmethod
    def _settings(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Body:
        """The `fields`, asked for side by side."""
        questions = cls._questions(aws, scope, name, fields)
        return dict(zip(questions, aws.gather(*questions.values()), strict=True))

    @staticmethod
    def _questions(
        aws: Aws, scope: Scope, name: str, fields: frozenset[str]
    ) -> dict[str, Callable[[], object]]:
        """How each of the `fields` is asked for, once a reading."""

        def asked(field: str) -> Callable[[], object]:
            return lambda: aws.once(
                ("bucket", name, field), lambda: READERS[field](aws.client("s3"), name, scope.account)
            )

        return {field: asked(field) for field in sorted(fields & READERS.keys())}

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """One call; it also shows whether the bucket is this account's."""
        found: list[dict[str, str]] = []

        def ask() -> None:
            answer = aws.client("s3").get_bucket_tagging(Bucket=name, ExpectedBucketOwner=scope.account)
            found.extend(answer["TagSet"])

        match refusal(ask, "NoSuchBucket", "NoSuchTagSet", *DENIED):
            case "NoSuchBucket":
                return None
            case "" | "NoSuchTagSet":
                return tags_of(found)
            case _:
                raise _not_ours(scope, name, "s3:GetBucketTagging")

    @classmethod
    def exists(cls, aws: Aws, scope: Scope, name: str) -> bool:
        """Whether there is one in this account."""
        head = aws.client("s3").head_bucket
        refused = refusal(
            lambda: head(Bucket=name, ExpectedBucketOwner=scope.account), "404", "NoSuchBucket", *DENIED
        )
        if refused in DENIED:
            raise _not_ours(scope, name, "s3:ListBucket")
        return not refused

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """Tried at once, as most are empty; else every version, marker and unfinished upload goes first."""
        with absent("NoSuchBucket"):
            if refusal(lambda: cls._delete_empty(aws, scope, name), "BucketNotEmpty"):
                empty(aws, scope, name)
                cls._delete_empty(aws, scope, name)

    @staticmethod
    def _delete_empty(aws: Aws, scope: Scope, name: str) -> None:
        delete = aws.client("s3").delete_bucket
        aws.patiently(
            lambda: delete(Bucket=name, ExpectedBucketOwner=scope.account),
            refused=lambda error: code_of(error) == "OperationAborted",
            why="S3 is still busy with the bucket",
            limit=60,
        )

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """The bucket, or what is in it."""
        arn = scope.bucket_arn(name)
        return (f"{arn}/*" if action in {_READ, *_OF_OBJECTS} else arn,)

    @classmethod
    def name_in(cls, scope: Scope, arn: str) -> str | None:
        """The bucket's name, where it could be the pipeline's: a tag alone can be copied."""
        prefix = scope.bucket_arn("")
        name = arn.removeprefix(prefix)
        return name if arn.startswith(prefix) and scope.owns_bucket_name(name) else None

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """By the beginning of the name; of many pipelines in one list."""
        pages = aws.client("s3").get_paginator("list_buckets")

        def ask(prefix: str) -> frozenset[str]:
            named = {"Prefix": prefix} if prefix else {}
            asked = pages.paginate(BucketRegion=scope.region, **named)
            return frozenset(bucket["Name"] for page in asked for bucket in page["Buckets"])

        found = aws.list_for_many("buckets", "", ask)
        if found is None:
            found = aws.once(("buckets", scope.bucket_prefix), lambda: ask(scope.bucket_prefix))
        return frozenset(name for name in found if name.startswith(scope.bucket_prefix))

    @classmethod
    def keep(cls, aws: Aws, scope: Scope, name: str) -> Kept | None:
        """What was uploaded for a source is somebody's work."""
        held = is_source(scope, name) and holds_anything(aws, scope, name)
        return Kept("it holds what was uploaded; --delete-data removes it too") if held else None

    @classmethod
    def named_by_us(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """Called after the pipeline, in the account-regional namespace."""
        return frozenset(filter(scope.owns_bucket_name, cls.listed(aws, scope)))

    @classmethod
    def owner(cls, aws: Aws, scope: Scope, name: str) -> str | None:
        """The tag says; a bucket whose name could not be the pipeline's is not even asked."""
        return super().owner(aws, scope, name) if scope.owns_bucket_name(name) else None


def _not_ours(scope: Scope, name: str, action: str) -> DeniedError:
    return DeniedError(
        f"look at bucket {name}: access denied: it is another account's and not {scope.account}'s, "
        "or these credentials may not see it",
        code="AccessDenied",
        hint="use the credentials of the account that owns it, or another pipeline name; "
        "if it is this account's, add this statement to your policy",
        statement=Statement((action,), (scope.bucket_arn(name),)).document(),
    )
