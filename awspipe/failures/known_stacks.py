"""Known causes of the failure of a deployment to Lambda or CloudFormation.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
"""

from __future__ import annotations

from awspipe.failures.cause import Where
from awspipe.failures.known import Row

_LAMBDA = "https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-LambdaDeploy.html"
_STACKS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html"
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
        fix="`aws lambda update-alias --function-name {FunctionName} --name {alias} "
        "--routing-config AdditionalVersionWeights={{}}`, then retry the stage",
        more=lambda failure, match: failure.configuration,
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
    Row(
        name="template-missing",
        where=_ACTION,
        provider="CloudFormation",
        text=r"File \[(?P<file>[^\]]+)\] does not exist in artifact \[(?P<artifact>[^\]]+)\]",
        line="the artifact {artifact} has no file {file}",
        fix="add it to the source, or to `artifacts:` of the build that makes {artifact}; "
        "or mend the action's path",
        commit=True,
        source="https://github.com/aws/aws-cdk/issues/24632",
    ),
    Row(
        name="template-broken",
        where=_ACTION,
        provider="CloudFormation",
        text=r"Template (?:format|validation) error: (?P<said>[^\n]+)",
        line="the template is not valid: {said}",
        fix="mend it; `aws cloudformation validate-template --template-body file://FILE` checks one",
        commit=True,
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ValidateTemplate.html",
        verified=False,
    ),
    Row(
        name="parameters-missing",
        where=_ACTION,
        provider="CloudFormation",
        text=r"Parameters: \[(?P<names>[^\]]+)\] must have values",
        line="parameters of the template have no value: {names}",
        fix="give them in `parameters:` of the action, or a Default in the template",
        source=_STACKS,
        verified=False,
    ),
    Row(
        name="parameters-unknown",
        where=_ACTION,
        provider="CloudFormation",
        text=r"Parameters: \[(?P<names>[^\]]+)\] do not exist in the template",
        line="the template has no parameters {names}",
        fix="take them out of `parameters:`, or put them into the template",
        source="https://github.com/aws-samples/aws-lex-web-ui/issues/264",
    ),
    Row(
        name="capabilities",
        where=_ACTION,
        provider="CloudFormation",
        text=r"Requires capabilities : \[(?P<names>[^\]]+)\]",
        line="the template makes what must be agreed to: {names}",
        fix="write `capabilities: [{names}]` at the action and run `awspipe up`",
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html",
        verified=False,
    ),
    Row(
        name="stack-role",
        where=_ACTION,
        provider="CloudFormation",
        text=r"Role (?P<role>\S+) is invalid or cannot be assumed",
        line="CloudFormation cannot take on the role {role}",
        fix="it must be there, on this very path, and trust cloudformation.amazonaws.com",
        source=_STACKS,
        verified=False,
    ),
    Row(
        name="stack-stuck",
        where=_ACTION,
        provider="CloudFormation",
        text=r"is in (?P<state>[A-Z_]+) state and can ?not be updated",
        line="the stack {StackName} is in the state {state}, in which nothing can change it",
        fix="`aws cloudformation delete-stack --stack-name {StackName}` (what it holds goes too), "
        "then retry the stage",
        more=lambda failure, match: failure.configuration,
        source=_STACKS,
        verified=False,
    ),
    Row(
        name="stack-failed",
        where=_ACTION,
        provider="CloudFormation",
        text=r"(?:ROLLBACK_COMPLETE|could not be (?:made|updated|carried out)|failed to (?:create|update))\b"
        r"[^:\n]*: (?P<said>[^\n]+)",
        line="the stack {StackName} could not be brought to the template: {said}",
        fix="`aws cloudformation describe-stack-events --stack-name {StackName}` tells of each resource",
        more=lambda failure, match: failure.configuration,
        source=_STACKS,
        verified=False,
    ),
    Row(
        name="change-set-missing",
        where=_ACTION,
        provider="CloudFormation",
        text=r"ChangeSet \[(?P<name>[^\]]+)\] does not exist",
        line="there is no change set {name} to carry out",
        fix="an action with `mode: CHANGE_SET_REPLACE` must make it before: `awspipe run` begins anew",
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html",
        verified=False,
    ),
)
