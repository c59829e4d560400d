"""CodePipeline pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from awspipe.aws import Aws, absent, code_of, maybe, owner_of, tag_list
from awspipe.naming import Scope
from awspipe.resources.base import Body, Live, Resource, Tagged

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_ABSENT = "PipelineNotFoundException"
_RUNNING = frozenset({"InProgress", "Stopping"})


@dataclass(frozen=True, kw_only=True)
class Pipeline(Resource):
    """The pipeline itself: made last, because its creation starts an execution."""

    kind: ClassVar[str] = "pipeline"
    uses: ClassVar[frozenset[str]] = frozenset(
        {"application", "bucket", "build-project", "deployment-group", "log-group", "repository", "role"}
    )
    permissions: ClassVar[frozenset[str]] = frozenset(
        {
            "codepipeline:CreatePipeline",
            "codepipeline:DeletePipeline",
            "codepipeline:GetPipeline",
            "codepipeline:ListPipelineExecutions",
            "codepipeline:ListTagsForResource",
            "codepipeline:StopPipelineExecution",
            "codepipeline:TagResource",
            "codepipeline:UpdatePipeline",
            "iam:PassRole",
            "tag:GetResources",
        }
    )
    exists_codes: ClassVar[frozenset[str]] = frozenset({"PipelineNameInUseException"})
    priced: ClassVar[str] = "the pipeline"

    role_arn: str
    bucket: str
    type: str
    stages: tuple[Body, ...]

    def body(self) -> Body:
        """The declaration without the name and the version, which are AWS's to count."""
        return {
            "roleArn": self.role_arn,
            "artifactStore": {"type": "S3", "location": self.bucket},
            "stages": list(self.stages),
            "pipelineType": self.type,
            "executionMode": "SUPERSEDED",
        }

    def create(self, aws: Aws) -> None:
        """One call, repeated while the role is too young; it starts the first execution."""
        self._send(
            aws,
            lambda: aws.client("codepipeline").create_pipeline(
                pipeline={"name": self.name, **self.body()},
                tags=tag_list(self.scope.tags, "key", "value"),
            ),
        )

    def update(self, aws: Aws, fields: frozenset[str]) -> None:
        """AWS takes the declaration whole, and cancels what runs: so only when something differs."""
        self._send(
            aws,
            lambda: aws.client("codepipeline").update_pipeline(pipeline={"name": self.name, **self.body()}),
        )

    def _send(self, aws: Aws, call: Any) -> None:
        aws.patiently(
            call,
            refused=_role_too_young,
            why="IAM needs a moment before CodePipeline can use the new role",
            limit=120,
        )

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """The declaration and the owner."""
        codepipeline = aws.client("codepipeline")
        found = maybe(lambda: codepipeline.get_pipeline(name=name), _ABSENT)
        if found is None:
            return None
        tags = codepipeline.list_tags_for_resource(resourceArn=scope.pipeline_arn)["tags"]
        return Live(found["pipeline"], owner_of(tags))

    @classmethod
    def running(cls, aws: Aws, name: str) -> list[str] | None:
        """The ids of the executions that have not ended, newest first; None when there is no pipeline."""
        list_executions = aws.client("codepipeline").get_paginator("list_pipeline_executions")
        ids: list[str] = []
        with absent(_ABSENT):
            for page in list_executions.paginate(pipelineName=name, PaginationConfig={"MaxItems": 100}):
                summaries = page["pipelineExecutionSummaries"]
                ids += [one["pipelineExecutionId"] for one in summaries if one["status"] in _RUNNING]
            return ids
        return None

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """What runs is abandoned first: builds and deployments are stopped by their own kinds."""
        codepipeline = aws.client("codepipeline")
        for execution in cls.running(aws, name) or ():
            with absent("PipelineExecutionNotStoppableException", "DuplicatedStopRequestException"):
                codepipeline.stop_pipeline_execution(
                    pipelineName=name,
                    pipelineExecutionId=execution,
                    abandon=True,
                    reason="awspipe down",
                )
        codepipeline.delete_pipeline(name=name)

    @classmethod
    def name_in(cls, scope: Scope, arn: str) -> str | None:
        """A pipeline's ARN has no type segment; there is one name it can have."""
        return scope.pipeline if arn == scope.pipeline_arn else None

    @classmethod
    def owned(cls, aws: Aws, scope: Scope, tagged: Tagged) -> Iterator[str]:
        """There is one name it can have."""
        tags = maybe(
            lambda: aws.client("codepipeline").list_tags_for_resource(resourceArn=scope.pipeline_arn),
            "ResourceNotFoundException",
            _ABSENT,
        )
        if tags is not None and owner_of(tags["tags"]) == scope.pipeline:
            yield scope.pipeline


def _role_too_young(error: ClientError) -> bool:
    """https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/codepipeline/codepipeline.go."""
    return code_of(error) == "InvalidStructureException" and "not authorized" in str(error)
