"""Deploy to S3: the artifact's files, or the artifact itself, become objects of a bucket.

Nothing that lies there already is deleted.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3Deploy.html
"""

from __future__ import annotations

import datetime
import mimetypes
import uuid

from awspipe.sandbox import objects, runtime
from awspipe.sandbox.actions import artifacts
from awspipe.sandbox.actions.base import CONFIGURATION_ERROR, NOT_PLAYED, ActionError, ActionRun, Job

_TYPES = mimetypes.MimeTypes(filenames=())  # Python's own table: the same on every machine
_MORE_TYPES = {
    ".avif": "image/avif",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
_UNKNOWN = "application/octet-stream"
_ALLOWED_ACLS = ("private", "bucket-owner-full-control")


class S3Deploy(Job):
    """Uploads an artifact."""

    plays = (("Deploy", "AWS", "S3"),)

    def start(self, run: ActionRun) -> None:
        """Put the objects; whoever abandons the action does not take them back."""
        if run.configuration.get("KMSEncryptionKeyARN"):
            raise ActionError(NOT_PLAYED, "The sandbox does not play KMSEncryptionKeyARN; nothing was done.")
        bucket, key = run.configuration["BucketName"], _filled(run)
        content = artifacts.read(run, run.inputs[0])
        _check_acl(run, bucket)
        if run.configuration["Extract"].lower() == "true":
            prefix = f"{key.strip('/')}/" if key.strip("/") else ""
            for file in artifacts.unzipped(content, f"The artifact {run.inputs[0].name}"):
                _put(run, bucket, prefix + file.path, file.content)
        else:
            _put(run, bucket, key, content)
        run.succeed(summary="Deployment Succeeded")


def _filled(run: ActionRun) -> str:
    """The object key, with the time and a new id where it asks for them."""
    now = datetime.datetime.fromtimestamp(runtime.current().clock(), datetime.UTC)
    key = run.configuration.get("ObjectKey", "")
    return key.replace("{datetime}", f"{now:%Y-%m-%d_%H-%M-%S}").replace("{uuid}", str(uuid.uuid4()))


def _check_acl(run: ActionRun, bucket: str) -> None:
    """An ACL is refused where the bucket's owner owns every object, which is so in a new bucket."""
    acl = run.configuration.get("CannedACL")
    if acl is None:
        return
    run.require("s3:PutObjectAcl", objects.arn(run.region, bucket, "*"))
    if acl in _ALLOWED_ACLS:
        return
    if objects.is_owner_enforced(run.account, run.region, bucket):
        text = "The bucket does not allow ACLs (Service: Amazon S3; Status Code: 400; Error Code:"
        raise ActionError(CONFIGURATION_ERROR, f"{text} AccessControlListNotSupported)")
    raise ActionError(NOT_PLAYED, f"The sandbox does not play CannedACL {acl}; nothing was done.")


def _put(run: ActionRun, bucket: str, key: str, content: bytes) -> None:
    run.require("s3:PutObject", objects.arn(run.region, bucket, key))
    headers = {"content-type": _type(key)}
    if control := run.configuration.get("CacheControl"):
        headers["Cache-Control"] = control
    objects.write(run.account, run.region, bucket, key, content, headers=headers)


def _type(key: str) -> str:
    name = key.rsplit("/", maxsplit=1)[-1].lower()
    suffix = name[name.rfind(".") :] if "." in name else ""
    return _MORE_TYPES.get(suffix) or _TYPES.guess_type(name, strict=False)[0] or _UNKNOWN
