"""Known causes of the failure of a deployment to Lambda or CloudFormation.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
"""

from __future__ import annotations

from awspipe.failures.cause import Where
from awspipe.failures.known import Row

_LAMBDA = "https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-LambdaDeploy.html"
_ACTION = (Where.ACTION,)


ROWS = (
    Row(
        name="function-missing",
        where=_ACTION,
        category="Deploy",
        provider="Lambda",
        text=r"Function not found: (?P<arn>\S+)",
        line="there is no such Lambda function or version: {arn}",
        fix="make it first, in the pipeline's region, and publish a version; "
        "or mend `function:` or `version:`",
        source=_LAMBDA,
        verified=False,
    ),
    Row(
        name="alias-missing",
        where=_ACTION,
        category="Deploy",
        provider="Lambda",
        text=r"Cannot find alias arn: (?P<arn>\S+)",
        line="there is no alias {arn}",
        fix="`aws lambda create-alias` makes it, for a version that is published; or mend `alias:`",
        source=_LAMBDA,
        verified=False,
    ),
    Row(
        name="alias-shared",
        where=_ACTION,
        category="Deploy",
        provider="Lambda",
        text=r"alias (?P<alias>\S+) has two versions",
        line="the alias {alias} still leads to two versions, and must lead to one when it is deployed to",
        fix="`aws lambda update-alias --function-name F --name {alias} --routing-config '{{}}'`, "
        "then retry the stage",
        source=_LAMBDA,
        verified=False,
    ),
    Row(
        name="alarm-rang",
        where=_ACTION,
        category="Deploy",
        provider="Lambda",
        text=r"alarm (?P<alarm>\S+) went to the ALARM state",
        line="the alarm {alarm} went off while the traffic was shifted, so the alias went back",
        fix="look at what the new version does; retry the stage once the alarm is quiet again",
        source=_LAMBDA,
        verified=False,
    ),
)
