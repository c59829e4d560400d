"""What the name of a bucket tells: whether it is a web site or takes a source, and where browsers find it."""

from __future__ import annotations

from awspipe.naming import Scope

SITE = "site-"
"""What the part of a web site's bucket begins with: so its address can be told from its name."""

SOURCE = "src-"
"""What the part of a source's bucket begins with: so what is in it is known for somebody's work."""

# Regions whose website endpoint has a hyphen before the region; all others have a dot.
# https://docs.aws.amazon.com/general/latest/gr/s3.html#s3_website_region_endpoints
_HYPHEN_REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-west-1",
        "sa-east-1",
        "us-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    }
)


def website_url(scope: Scope, bucket: str) -> str:
    """The address of a bucket's web site: HTTP only.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
    """
    mark = "-" if scope.region in _HYPHEN_REGIONS else "."
    domain = "amazonaws.com.cn" if scope.partition == "aws-cn" else "amazonaws.com"
    return f"http://{bucket}.s3-website{mark}{scope.region}.{domain}/"


def is_site(scope: Scope, bucket: str) -> bool:
    """Whether a bucket of this name is one of the pipeline's web sites."""
    return scope.owns_bucket_name(bucket) and bucket.removeprefix(scope.bucket_prefix).startswith(SITE)


def is_source(scope: Scope, bucket: str) -> bool:
    """Whether a bucket of this name is one that a source of the pipeline is uploaded to."""
    return scope.owns_bucket_name(bucket) and bucket.removeprefix(scope.bucket_prefix).startswith(SOURCE)
