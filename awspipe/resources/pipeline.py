"""CodePipeline pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from awspipe.aws import Aws, absent, maybe, tag_list, tags_of
from awspipe.explain import code_of
from awspipe.naming import EXPIRES_TAG, Scope
from awspipe.resources.base import Body, Live, Resource, Untouchable
from awspipe.resources.rights import Rights

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_ABSENT = "PipelineNotFoundException"
_OF_STAGES = frozenset(
    {
        "codepipeline:DisableStageTransition",
        "codepipeline:EnableStageTransition",
        "codepipeline:PutApprovalResult",
        "codepipeline:RetryStageExecution",
        "codepipeline:RollbackStage",
    }
)
_RUNNING = frozenset({"InProgress", "Stopping"})


@dataclass(frozen=True, kw_only=True)
class Pipeline(Resource):
    """The pipeline itself: made last, because its creation starts an execution."""

    kind: ClassVar[str] = "pipeline"
    uses: ClassVar[frozenset[str]] = frozenset(
        {
            "application",
            "bucket",
            "build-project",
            "connection",
            "deployment-group",
            "log-group",
            "repository",
            "role",
        }
    )
    permissions: ClassVar[Rights] = Rights(
        search=frozenset({"codepipeline:ListPipelineExecutions"}),
        find=frozenset({"codepipeline:ListTagsForResource"}),
        read=frozenset({"codepipeline:GetPipeline"}),
        many=frozenset({"codepipeline:ListPipelines"}),
        unbound=frozenset({"codepipeline:ListPipelines"}),
        make=frozenset(
            {
                "codepipeline:CreatePipeline",
                "codepipeline:ListPipelineExecutions",
                "codepipeline:TagResource",
                "codepipeline:UpdatePipeline",
                "iam:PassRole",
            }
        ),
        remove=frozenset({"codepipeline:DeletePipeline", "codepipeline:StopPipelineExecution"}),
        show=frozenset(
            {
                "codepipeline:GetPipeline",
                "codepipeline:GetPipelineState",
                "codepipeline:ListActionExecutions",
                "codepipeline:ListPipelineExecutions",
            }
        ),
        steer=frozenset(
            {
                "codepipeline:DisableStageTransition",
                "codepipeline:EnableStageTransition",
                "codepipeline:GetPipelineExecution",
                "codepipeline:PutApprovalResult",
                "codepipeline:RetryStageExecution",
                "codepipeline:RollbackStage",
                "codepipeline:StartPipelineExecution",
                "codepipeline:StopPipelineExecution",
            }
        ),
    )
    exists_codes: ClassVar[frozenset[str]] = frozenset({"PipelineNameInUseException"})
    exact: ClassVar[frozenset[str]] = frozenset({"stages", "triggers", "variables"})
    priced: ClassVar[str] = "the pipeline"
    meter: ClassVar[str] = "pipeline-v2"

    role_arn: str
    bucket: str
    type: str
    stages: tuple[Body, ...]
    mode: str = "SUPERSEDED"
    triggers: tuple[Body, ...] = ()
    variables: tuple[Body, ...] = ()
    expires: str = ""
    """Until when it is wanted, as `EXPIRES_TAG` has it; "" for no end. Only a new one is made with it."""

    def body(self) -> Body:
        """The declaration without the name and the version, which are AWS's to count."""
        return {
            "roleArn": self.role_arn,
            "artifactStore": {"type": "S3", "location": self.bucket},
            "stages": list(self.stages),
            "pipelineType": self.type,
            "executionMode": self.mode,
            "triggers": list(self.triggers),
            "variables": list(self.variables),
        }

    def _declaration(self) -> Body:
        """The body without empty lists of what only V2 has: AWS takes one for a wish for V2."""
        body = {key: value for key, value in self.body().items() if value != []}
        return {"name": self.name, **body}

    def create(self, aws: Aws) -> None:
        """One call, repeated while the role is too young; it starts the first execution."""
        self._send(
            aws,
            lambda: aws.client("codepipeline").create_pipeline(
                pipeline=self._declaration(),
                tags=tag_list(
                    self.scope.tags | ({EXPIRES_TAG: self.expires} if self.expires else {}), "key", "value"
                ),
            ),
        )

    def update(self, aws: Aws, fields: frozenset[str]) -> None:
        """AWS takes the declaration whole, and cancels what runs: so only when something differs."""
        self._send(
            aws,
            lambda: aws.client("codepipeline").update_pipeline(pipeline=self._declaration()),
        )

    def _send(self, aws: Aws, call: Any) -> None:
        aws.patiently(
            call,
            refused=_role_too_young,
            why="IAM needs a moment before CodePipeline can use the new role",
            limit=120,
        )

    def adoptable(self, aws: Aws) -> Live | Untouchable:
        """A pipeline holds no data: its declaration is replaced."""
        found = self.read(aws, self.scope, self.name, frozenset())
        return found or Untouchable("it has gone meanwhile")

    def claim(self, aws: Aws) -> None:
        """One tag more."""
        aws.client("codepipeline").tag_resource(
            resourceArn=self.scope.pipeline_arn, tags=tag_list(self.scope.tags, "key", "value")
        )

    @classmethod
    def preload(cls, aws: Aws, names: Sequence[str]) -> None:
        """One list of all pipelines."""
        pages = aws.client("codepipeline").get_paginator("list_pipelines")
        aws.rule_out(
            cls.kind,
            names,
            lambda: (
                one["name"]
                for page in pages.paginate(PaginationConfig={"PageSize": 1000})
                for one in page["pipelines"]
            ),
        )

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """The declaration, as far as we answer for it, and the owner."""
        if aws.is_ruled_out(cls.kind, name):
            return None
        codepipeline = aws.client("codepipeline")
        found = maybe(lambda: codepipeline.get_pipeline(name=name), _ABSENT)
        if found is None:
            return None
        stages = [_stage(one) for one in found["pipeline"]["stages"]]
        variables = sorted(found["pipeline"].get("variables", []), key=lambda one: str(one["name"]))
        body = {"triggers": [], **found["pipeline"], "variables": variables, "stages": stages}
        return cls.whole(aws, scope, name, body)

    @classmethod
    def declared(cls, aws: Aws, name: str) -> dict[str, Any] | None:
        """A pipeline as AWS has it, asked for once a reading; None where there is none."""
        get = aws.client("codepipeline").get_pipeline
        found = aws.once(("declaration", name), lambda: maybe(lambda: get(name=name), _ABSENT))
        return found and dict(found["pipeline"])

    @classmethod
    def stacks(cls, aws: Aws, name: str) -> tuple[str, ...]:
        """The CloudFormation stacks that a pipeline deploys; none where there is no pipeline."""
        declared = cls.declared(aws, name)
        stages = declared["stages"] if declared else ()
        actions = (action for stage in stages for action in stage["actions"])
        deploys = (one for one in actions if one["actionTypeId"]["provider"] == "CloudFormation")
        names = (one.get("configuration", {}).get("StackName") for one in deploys)
        return tuple(dict.fromkeys(filter(None, names)))

    @classmethod
    def running(cls, aws: Aws, name: str) -> tuple[str, ...] | None:
        """The ids of the executions that have not ended, newest first; None when there is no pipeline.

        Asked for once a reading; of the newest hundred, which is more than can run at once.
        """
        pages = aws.client("codepipeline").get_paginator("list_pipeline_executions")

        def ask() -> tuple[str, ...]:
            return tuple(
                one["pipelineExecutionId"]
                for page in pages.paginate(pipelineName=name, PaginationConfig={"MaxItems": 100})
                for one in page["pipelineExecutionSummaries"]
                if one["status"] in _RUNNING
            )

        return aws.once(("executions", name), lambda: maybe(ask, _ABSENT))

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """What runs is abandoned first: builds and deployments are stopped by their own kinds."""
        codepipeline = aws.client("codepipeline")
        for execution in cls.running(aws, name) or ():
            with absent(_ABSENT, "PipelineExecutionNotStoppableException", "DuplicatedStopRequestException"):
                codepipeline.stop_pipeline_execution(
                    pipelineName=name,
                    pipelineExecutionId=execution,
                    abandon=True,
                    reason="awspipe down",
                )
        codepipeline.delete_pipeline(name=name)

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """There is one name it can have; some actions are judged on its stages and their actions.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html
        """
        arn = scope.pipeline_arn
        return (f"{arn}/*",) if action in _OF_STAGES else (arn,)

    @classmethod
    def name_in(cls, scope: Scope, arn: str) -> str | None:
        """A pipeline's ARN has no type segment; there is one name it can have."""
        return scope.pipeline if arn == scope.pipeline_arn else None

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """There is one name it can have."""
        name = scope.pipeline
        absent = aws.is_ruled_out(cls.kind, name) or cls.running(aws, name) is None
        return frozenset(() if absent else {name})

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """One call."""
        arn = scope.pipeline_arn
        answer = maybe(
            lambda: aws.client("codepipeline").list_tags_for_resource(resourceArn=arn),
            "ResourceNotFoundException",
            _ABSENT,
        )
        return answer and tags_of(answer["tags"])

    @classmethod
    def tag_end(cls, aws: Aws, scope: Scope, end: str) -> None:
        """Say until when one that is there is wanted."""
        aws.client("codepipeline").tag_resource(
            resourceArn=scope.pipeline_arn, tags=[{"key": EXPIRES_TAG, "value": end}]
        )


_ALWAYS: Body = {"runOrder": 1, "configuration": {}, "inputArtifacts": [], "outputArtifacts": []}
"""What we say of every action, with the values that AWS may leave out."""
_SOMETIMES = frozenset(
    {
        "name",
        "actionTypeId",
        "namespace",
        "timeoutInMinutes",
        "commands",
        "environmentVariables",
        "outputVariables",
        "roleArn",
    }
)


def _stage(live: Body) -> Body:
    """A stage without what only AWS or somebody else says of it."""
    gates = {gate: _gate(live[gate]) for gate in _GATES if live.get(gate)}
    return {"name": live["name"], "actions": [_action(one) for one in live["actions"]], **gates}


_GATES = ("beforeEntry", "onSuccess", "onFailure")


def _gate(live: Body) -> Body:
    """A stage's gate, its rules without what we never say of one."""
    conditions = [
        {**one, "rules": [_rule(rule) for rule in one.get("rules", ())]} for one in live.get("conditions", ())
    ]
    rest = {key: value for key, value in live.items() if key != "conditions"}
    return {**rest, "conditions": conditions} if conditions else rest


def _rule(live: Body) -> Body:
    return {key: live[key] for key in ("name", "ruleTypeId", "configuration") if key in live}


def _action(live: Body) -> Body:
    ours = _ALWAYS.keys() | _SOMETIMES
    return {**_ALWAYS, **{key: value for key, value in live.items() if key in ours}}


def _role_too_young(error: ClientError) -> bool:
    """https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/codepipeline/codepipeline.go."""
    return code_of(error) == "InvalidStructureException" and "not authorized" in str(error)
