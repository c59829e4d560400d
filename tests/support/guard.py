"""IAM in front of a session: each call is judged by a policy, and refused as AWS refuses.

    guard = guards.attach(world.aws.session)       # before the session makes its clients
    guard.allow(policy)
    up(world.aws, text)
    assert guard.denied == []

A call that is refused is not carried out. What every caller may do (who am I) is not judged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.model import OperationModel

from awspipe.sandbox.codedeploy import codedeploy_backends
from tests.support import iamactions, iamgate, sandbox
from tests.support.iamgate import Denied, Policy, Request
from tests.support.modelcheck import emitter

CALLER = f"arn:aws:iam::{sandbox.ACCOUNT}:user/student"
_FREE = frozenset({"sts:GetCallerIdentity"})
_EVERYTHING: Policy = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_CODES = {"s3": "AccessDenied", "iam": "AccessDenied", "sns": "AuthorizationError"}


@dataclass
class Guard:
    """The judge of one session. `asked` is all that was wanted, `denied` what was refused of it."""

    path_of: Callable[[str], str | None]
    """A role's path; None where there is no such role."""
    policies: list[Policy] = field(default_factory=lambda: [_EVERYTHING])
    asked: list[Request] = field(default_factory=list)
    denied: list[Denied] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def allow(self, *policies: Policy) -> None:
        """From now on these alone count; what was asked until now is forgotten."""
        with self._lock:
            self.policies, self.asked, self.denied = list(policies), [], []

    def ask(self, *requests: Request) -> Denied | None:
        """The first of these that is refused."""
        refused = iamgate.denied(self.policies, requests)
        with self._lock:
            self.asked += requests
            self.denied += refused
        return refused[0] if refused else None

    def built(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["awspipe-tests-guard"] = dict(params)

    def called(
        self, model: OperationModel, context: dict[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        service, params = model.service_model.service_name, context["awspipe-tests-guard"]
        refused = self.ask(*requests(service, model.name, params, self.path_of))
        return _refusal(service, model.name, refused) if refused else None


def attach(session: Any, path_of: Callable[[str], str | None]) -> Guard:
    """Judge all calls of a session from now on."""
    guard, events = Guard(path_of), emitter(session)
    events.register_last("before-parameter-build", guard.built)
    events.register_first("before-call", guard.called)
    return guard


def _refusal(service: str, operation: str, refused: Denied) -> tuple[AWSResponse, dict[str, Any]]:
    """As AWS answers: most services say what was not allowed on what, S3 does not, and a HEAD has no body."""
    request = refused.request
    words = (
        f"User: {CALLER} is not authorized to perform: {request.action} on resource: {request.resource} "
        f"because no identity-based policy allows the {request.action} action"
    )
    code = _CODES.get(service, "AccessDeniedException")
    if service == "s3":
        words = "Access Denied"
    if operation.startswith("Head"):
        code, words = "403", "Forbidden"
    error = {"Code": code, "Message": words}
    answer = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 403, "RequestId": "guard"}}
    return AWSResponse("https://aws/", 403, {}, None), answer


def requests(
    service: str, operation: str, params: Mapping[str, Any], path_of: Callable[[str], str | None]
) -> Iterator[Request]:
    """What IAM is asked for a call: each action on each thing that it touches.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    for action in sorted(iamactions.actions(service, operation, params)):
        if action == "iam:PassRole":
            for role in iamactions.passed_roles(service, operation, params):
                yield Request(action, role, {"iam:PassedToService": f"{service}.amazonaws.com"})
        elif action not in _FREE:
            touched = _TOUCHED[action.partition(":")[0]](action, params, path_of)
            yield from (Request(action, one) for one in touched)


_Arns = Iterator[str]


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{sandbox.REGION}:{sandbox.ACCOUNT}:{resource}"


def _iam(action: str, params: Mapping[str, Any], path_of: Callable[[str], str | None]) -> _Arns:
    """A role that is not there has no path: IAM goes by its name alone."""
    if action == "iam:ListRoles":
        yield "*"
        return
    path = params.get("Path") or path_of(params["RoleName"]) or "/"
    yield f"arn:aws:iam::{sandbox.ACCOUNT}:role{path}{params['RoleName']}"


def _s3(action: str, params: Mapping[str, Any], _: Any) -> _Arns:
    if action == "s3:ListAllMyBuckets":
        yield "*"
        return
    bucket = f"arn:aws:s3:::{params['Bucket']}"
    keys = [one["Key"] for one in params.get("Delete", {}).get("Objects", [])]
    keys += [params["Key"]] if "Key" in params else []
    yield from (f"{bucket}/{key}" for key in keys) if keys else (bucket,)


def _logs(action: str, params: Mapping[str, Any], _: Any) -> _Arns:
    match action.partition(":")[2]:
        case "DescribeLogGroups":
            yield "*"
        case "ListTagsForResource":
            yield params["resourceArn"]
        case "TagResource":
            yield params.get("resourceArn") or _arn("logs", f"log-group:{params['logGroupName']}")
        case _:
            yield _arn("logs", f"log-group:{params['logGroupName']}:*")


def _events(action: str, params: Mapping[str, Any], _: Any) -> _Arns:
    if action == "events:ListRules":
        yield "*"
    else:
        name = params.get("Name") or params.get("Rule")
        yield params.get("ResourceARN") or _arn("events", f"rule/{name}")


def _codepipeline(action: str, params: Mapping[str, Any], _: Any) -> _Arns:
    if action == "codepipeline:ListPipelines":
        yield "*"
    else:
        declared = params.get("pipeline", {}).get("name")
        name = params.get("name") or params.get("pipelineName") or declared
        # A stage's ARN, and an action's, where AWS judges on those: list_awscodepipeline.
        parts = filter(None, (name, params.get("stageName"), params.get("actionName")))
        yield params.get("resourceArn") or _arn("codepipeline", "/".join(parts))


def _codebuild(action: str, params: Mapping[str, Any], _: Any) -> _Arns:
    if action in ("codebuild:ListProjects", "codebuild:ListReportGroups"):
        yield "*"
        return
    if action.endswith(("ReportGroup", "ReportGroups")):
        yield from params.get("reportGroupArns") or (params["arn"],)
        return
    builds = [*params.get("ids", []), *([params["id"]] if "id" in params else [])]
    named = [params[key] for key in ("name", "projectName") if key in params]
    projects = [*params.get("names", []), *named, *(build.partition(":")[0] for build in builds)]
    yield from (_arn("codebuild", f"project/{name}") for name in projects)


_OF_APPLICATION = ("GetApplication", "ListDeploymentGroups", "CreateApplication", "DeleteApplication")


_OF_DEPLOYMENTS = frozenset(
    f"codedeploy:{one}" for one in ("StopDeployment", "ListDeploymentTargets", "BatchGetDeploymentTargets")
)


def _group_of(deployment: str) -> str:
    """The deployment group of a deployment: IAM judges on that."""
    found = codedeploy_backends[sandbox.ACCOUNT][sandbox.REGION].deployments[deployment]
    return f"{found.application}/{found.group}"


def _codedeploy(action: str, params: Mapping[str, Any], _: Any) -> _Arns:
    if action in _OF_DEPLOYMENTS:
        yield "*"
    elif action == "codedeploy:GetDeployment":
        yield _arn("codedeploy", f"deploymentgroup:{_group_of(params['deploymentId'])}")
    elif "ResourceArn" in params:
        yield params["ResourceArn"]
    else:
        application = params["applicationName"]
        group = params.get("deploymentGroupName") or params.get("currentDeploymentGroupName")
        if group and not action.endswith(_OF_APPLICATION):
            yield _arn("codedeploy", f"deploymentgroup:{application}/{group}")
        else:
            yield _arn("codedeploy", f"application:{application}")


def _codecommit(action: str, params: Mapping[str, Any], _: Any) -> _Arns:
    yield params.get("resourceArn") or _arn("codecommit", params["repositoryName"])


def _codeconnections(action: str, params: Mapping[str, Any], _: Any) -> _Arns:
    if action in ("codeconnections:CreateConnection", "codeconnections:ListConnections"):
        yield "*"
    elif "pipeline" in params:
        yield from iamactions.passed_connections(params["pipeline"])
    else:
        given = params.get("ConnectionArn") or params.get("ResourceArn")
        yield given or _arn("codeconnections", "connection/new")


def _sns(action: str, params: Mapping[str, Any], _: Any) -> _Arns:
    if action == "sns:Unsubscribe":
        yield "*"
    else:
        yield params.get("TopicArn") or params.get("ResourceArn") or _arn("sns", params["Name"])


def _tag(action: str, params: Mapping[str, Any], _: Any) -> _Arns:
    yield "*"


_TOUCHED: dict[str, Callable[[str, Mapping[str, Any], Callable[[str], str | None]], _Arns]] = {
    "codebuild": _codebuild,
    "codeconnections": _codeconnections,
    "codecommit": _codecommit,
    "codedeploy": _codedeploy,
    "codepipeline": _codepipeline,
    "events": _events,
    "sns": _sns,
    "iam": _iam,
    "logs": _logs,
    "s3": _s3,
    "tag": _tag,
}
