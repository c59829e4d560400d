"""What AWS holds after `up`, judged by the public rules of docs/public-rules.md, kept and not kept.

Each check is written from its rule's own page, linked there, and not from what awspipe does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.support import core
from tests.support.core import GITHUB, NOTIFYING, SERVER, STATIC_SITE, World

PAGE = Path(__file__).parents[2] / "docs" / "public-rules.md"
DEPLOYED = STATIC_SITE.replace("    website: true\n    error: 404.html\n", "")
SPECS = {"static-site": STATIC_SITE, "server": SERVER, "github": GITHUB, "deployed": DEPLOYED}
SPECS["notifying"] = NOTIFYING

Facts = dict[str, Any]
Check = Callable[[Facts], bool]


class Rule(NamedTuple):
    """A row of the page: what a rule demands of one sort of thing, and whether it is kept."""

    name: str
    sort: str
    kept: bool


def rules() -> Iterator[Rule]:
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"\| (\S+) \| ([^|]+) \| [^|]+ \| (yes|no: [^|]{20,}) \|", line):
            yield from (Rule(found[1], sort, found[3] == "yes") for sort in found[2].split(", "))


def statements(document: Any, effect: str = "Allow") -> list[Facts]:
    text = json.loads(document) if isinstance(document, str) else document
    return [one for one in (text or {}).get("Statement", []) if one["Effect"] == effect]


def many(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def policy(bucket: Facts) -> Any:
    return (bucket["policy"] or {}).get("Policy")


def principals(statement: Facts) -> list[str]:
    who = statement["Principal"]
    return [who] if isinstance(who, str) else [one for some in who.values() for one in many(some)]


def public(bucket: Facts, *actions: str) -> bool:
    """Whether everybody may do one of these, and no block forbids it."""
    block = bucket["block"]["PublicAccessBlockConfiguration"]
    opened = [one for one in statements(policy(bucket)) if "*" in principals(one)]
    named = [action for one in opened for action in many(one["Action"])]
    hit = any(re.fullmatch(name.replace("*", ".*"), action) for name in named for action in actions)
    return hit and not block["RestrictPublicBuckets"]


def tls_only(bucket: Facts) -> bool:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    arn = f"arn:aws:s3:::{bucket['made']['Name']}"
    return any(
        one.get("Condition") == insecure
        and "*" in principals(one)
        and many(one["Action"]) == ["s3:*"]
        and {arn, f"{arn}/*"} <= set(many(one["Resource"]))
        for one in statements(policy(bucket), "Deny")
    )


_OF_OWNER = {
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
}


def lifecycle(bucket: Facts) -> list[Facts]:
    rules_ = (bucket["rules"] or {}).get("Rules", [])
    return [one for one in rules_ if one["Status"] == "Enabled"]


def no_acl(bucket: Facts) -> bool:
    owner = bucket["acl"]["Owner"]["ID"]
    return all(grant["Grantee"].get("ID") == owner for grant in bucket["acl"]["Grants"])


def conditions(role: Facts) -> set[str]:
    (one,) = statements(role["AssumeRolePolicyDocument"])
    return {key for test in one.get("Condition", {}).values() for key in test}


def trusted(role: Facts) -> list[str]:
    return [who for one in statements(role["AssumeRolePolicyDocument"]) for who in principals(one)]


def allowed(role: Facts) -> list[Facts]:
    return [one for inline in role["inline"] for one in statements(inline["PolicyDocument"])]


def variables(project: Facts) -> set[str]:
    found = project["environment"].get("environmentVariables", [])
    return {one["name"] for one in found if one.get("type", "PLAINTEXT") == "PLAINTEXT"}


def fixed(statement: Facts) -> bool:
    """Whether who is let in is said by fixed values: accounts, or the things that a service acts for."""
    values = json.dumps([statement["Principal"], statement.get("Condition", {})])
    return not re.search(r"[*?]|\$\{", values)


def accounts(topic: Facts) -> set[str]:
    """The accounts that a topic's policy names."""
    named = [[one["Principal"], one.get("Condition", {})] for one in statements(topic["Policy"])]
    return set(re.findall(r"\b[0-9]{12}\b", json.dumps(named)))


CHECKS: dict[str, Check] = {
    "S3.2": lambda it: not public(it, "s3:GetObject", "s3:ListBucket"),
    "S3.3": lambda it: not public(it, "s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy"),
    "S3.5": tls_only,
    "S3.6": lambda it: not any(_OF_OWNER & set(many(one["Action"])) for one in statements(policy(it))),
    "S3.8": lambda it: all(it["block"]["PublicAccessBlockConfiguration"].values()),
    "S3.9": lambda it: "LoggingEnabled" in it["logging"],
    "S3.12": no_acl,
    "S3.13": lambda it: bool(lifecycle(it)),
    "S3.14": lambda it: it["versioning"].get("Status") == "Enabled",
    "S3.17": lambda it: "aws:kms" in json.dumps(it["encryption"]),
    "CKV_AWS_19": lambda it: "SSEAlgorithm" in json.dumps(it["encryption"]),
    "CKV_AWS_300": lambda it: any("AbortIncompleteMultipartUpload" in one for one in lifecycle(it)),
    "CodeBuild.1": lambda it: "@" not in it["source"].get("location", ""),
    "CodeBuild.2": lambda it: not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & variables(it),
    "CodeBuild.3": lambda it: not it["logsConfig"].get("s3Logs", {}).get("encryptionDisabled", False),
    "CodeBuild.4": lambda it: any(one["status"] == "ENABLED" for one in it["logsConfig"].values()),
    "CKV_AWS_316": lambda it: it["environment"].get("privilegedMode") is not True,
    "CKV_AWS_147": lambda it: ":key/" in it.get("encryptionKey", ""),
    "CKV_AWS_66": lambda it: it.get("retentionInDays", 0) > 0,
    "CKV_AWS_338": lambda it: it.get("retentionInDays", 0) >= 365,
    "CKV_AWS_158": lambda it: "kmsKeyId" in it,
    "CKV_AWS_219": lambda it: "encryptionKey" in it["artifactStore"],
    "CKV_AWS_60": lambda it: "*" not in trusted(it),
    "CKV_AWS_61": lambda it: not [who for who in trusted(it) if who.endswith(":root")],
    "CKV_AWS_62": lambda it: (
        not [one for one in allowed(it) if {"*"} == {*many(one["Action"]), *many(one["Resource"])}]
    ),
    "CKV_AWS_63": lambda it: not [one for one in allowed(it) if "*" in many(one["Action"])],
    "CKV_AWS_274": lambda it: "AdministratorAccess" not in json.dumps(it["attached"]),
    "SNS.1": lambda it: "KmsMasterKeyId" in it,
    "CKV_AWS_26": lambda it: "KmsMasterKeyId" in it,
    "SNS.3": lambda it: any(not one["Key"].startswith("aws:") for one in it["tags"]),
    "SNS.4": lambda it: all(map(fixed, statements(it["Policy"]))),
    "CKV_AWS_169": lambda it: not [one for one in statements(it["Policy"]) if "*" in principals(one)],
    "CKV_AWS_385": lambda it: accounts(it) <= {it["Owner"]},
    "sns_subscription_not_using_http_endpoints": lambda it: (
        not [where for protocol, where in it["listeners"] if protocol == "http"]
    ),
    "iam_role_cross_service_confused_deputy_prevention": lambda it: bool(
        conditions(it) & {"aws:SourceAccount", "aws:SourceArn"}
    ),
}


def settings(s3: Any, bucket: str) -> Facts:
    """What an inventory has not."""
    try:
        encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ServerSideEncryptionConfigurationNotFoundError"
        encryption = {}
    return {
        "acl": s3.get_bucket_acl(Bucket=bucket),
        "logging": s3.get_bucket_logging(Bucket=bucket),
        "versioning": s3.get_bucket_versioning(Bucket=bucket),
        "encryption": encryption,
    }


def buckets(world: World, name: str, facts: Facts) -> tuple[str, ...]:
    absent = {key: None for key, value in facts.items() if isinstance(value, str)}  # AWS's code for that
    facts |= absent | settings(world.client("s3"), name)
    if facts["website"]:
        return ("web site",)
    return ("bucket", "artifacts") if name.startswith("shop-artifacts-") else ("bucket", "deployed")


_ROLE_OF = {
    "codepipeline": "role of a pipeline",
    "codebuild": "role of a project",
    "codedeploy": "role of a deployment group",
    "events": "role of a rule",
}
_SORTS = {"codebuild": "project", "logs": "log group", "codepipeline": "pipeline", "sns": "topic"}


def held(world: World) -> Iterator[tuple[str, str, Facts]]:
    """Each thing: its name, the sort of thing it is, and the facts."""
    for key, facts in world.inventory.items():
        service, _, name = key.partition("/")
        if service == "s3":
            sorts = buckets(world, name, facts)
        elif service == "iam":
            sorts = ("role", _ROLE_OF[trusted(facts)[0].partition(".")[0]])
        else:
            sorts = (_SORTS[service],) if service in _SORTS else ()
        yield from ((key, sort, facts) for sort in sorts)


def test_the_page_has_every_check_and_no_other() -> None:
    assert {one.name for one in rules()} == set(CHECKS)
    assert len({(one.name, one.sort) for one in rules()}) == len(list(rules()))


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, Facts]]:
    """All that pipelines of every kind are made of, in accounts of their own."""
    found: list[tuple[str, str, Facts]] = []
    for kind, text in SPECS.items():
        with core.world(tmp_path_factory.mktemp(kind)) as world:
            core.up(world.aws, text)
            found += [(f"{kind}: {key}", sort, facts) for key, sort, facts in held(world)]
    return found


@pytest.mark.parametrize("rule", list(rules()), ids=lambda one: f"{one.name} {one.sort}")
def test_a_rule_is_kept_or_not_as_the_page_says(rule: Rule, things: list[tuple[str, str, Facts]]) -> None:
    judged = {key: CHECKS[rule.name](facts) for key, sort, facts in things if sort == rule.sort}
    assert judged
    assert set(judged.values()) == {rule.kept}, judged


EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "*"}
OPEN = {"block": {"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": False}}}


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("S3.2", {**OPEN, "policy": {"Policy": json.dumps({"Statement": [EVERYBODY]})}}),
        ("S3.5", {"policy": None}),
        ("S3.8", OPEN),
        ("S3.12", {"acl": {"Owner": {"ID": "me"}, "Grants": [{"Grantee": {"ID": "you"}}]}}),
        ("S3.13", {"rules": {"Rules": [{"Status": "Disabled"}]}}),
        ("CKV_AWS_300", {"rules": {"Rules": [{"Status": "Enabled"}]}}),
    ],
)
def test_a_judge_tells_right_from_wrong(
    rule: str, changed: Facts, things: list[tuple[str, str, Facts]]
) -> None:
    bucket = next(facts for _, sort, facts in things if sort == "artifacts")
    assert CHECKS[rule](bucket)
    assert not CHECKS[rule]({**bucket, **changed})


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("SNS.3", {"tags": []}),
        ("SNS.4", {"Policy": {"Statement": [EVERYBODY]}}),
        ("SNS.4", {"Policy": {"Statement": [{**EVERYBODY, "Principal": {"AWS": "arn:aws:iam::*:root"}}]}}),
        ("CKV_AWS_169", {"Policy": {"Statement": [EVERYBODY]}}),
        ("CKV_AWS_385", {"Policy": {"Statement": [{**EVERYBODY, "Principal": {"AWS": "999999999999"}}]}}),
        ("sns_subscription_not_using_http_endpoints", {"listeners": [("http", "http://x")]}),
    ],
)
def test_a_judge_of_topics_tells_right_from_wrong(
    rule: str, changed: Facts, things: list[tuple[str, str, Facts]]
) -> None:
    topic = next(facts for _, sort, facts in things if sort == "topic")
    assert CHECKS[rule](topic)
    assert not CHECKS[rule]({**topic, **changed})
