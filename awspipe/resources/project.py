"""CodeBuild projects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from awspipe.aws import Aws, absent, batches, owner_of, tag_list, tags_of
from awspipe.explain import code_of
from awspipe.naming import Scope
from awspipe.resources.base import TAGS, Body, Live, Resource, Untouchable
from awspipe.resources.pipeline import Pipeline
from awspipe.resources.reportgroups import every_group, every_project, report_groups
from awspipe.resources.rights import Rights

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_BATCH = 100
_NO_CACHE = {"type": "NO_CACHE"}
_CACHES = {
    "none": _NO_CACHE,
    "source": {"type": "LOCAL", "modes": ["LOCAL_SOURCE_CACHE"]},
    "docker": {"type": "LOCAL", "modes": ["LOCAL_DOCKER_LAYER_CACHE"]},
    "custom": {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]},
}


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable of a build; `type` is PLAINTEXT, PARAMETER_STORE or SECRETS_MANAGER."""

    name: str
    value: str
    type: str

    def body(self) -> dict[str, str]:
        """As CodeBuild writes it."""
        return {"name": self.name, "value": self.value, "type": self.type}


@dataclass(frozen=True, kw_only=True)
class BuildProject(Resource):
    """A CodeBuild project that an action of the pipeline runs."""

    kind: ClassVar[str] = "build-project"
    uses: ClassVar[frozenset[str]] = frozenset({"role", "log-group"})
    frees: ClassVar[frozenset[str]] = frozenset({"role"})
    permissions: ClassVar[Rights] = Rights(
        search=frozenset({"codebuild:ListProjects"}),
        find=frozenset({"codebuild:BatchGetProjects"}),
        read=frozenset({"codebuild:BatchGetProjects"}),
        make=frozenset({"codebuild:CreateProject", "codebuild:UpdateProject", "iam:PassRole"}),
        remove=frozenset(
            {
                "codebuild:BatchGetBuilds",
                "codebuild:BatchGetReportGroups",
                "codebuild:DeleteProject",
                "codebuild:DeleteReportGroup",
                "codebuild:ListBuildsForProject",
                "codebuild:ListProjects",
                "codebuild:ListReportGroups",
                "codebuild:StopBuild",
                "codepipeline:ListPipelineExecutions",
            }
        ),
        show=frozenset({"codebuild:BatchGetBuilds"}),
        unbound=frozenset({"codebuild:ListProjects", "codebuild:ListReportGroups"}),
    )
    exists_codes: ClassVar[frozenset[str]] = frozenset({"ResourceAlreadyExistsException"})
    priced: ClassVar[str] = "build minutes"
    meter: ClassVar[str] = "build-linux-small"

    role_arn: str
    image: str
    build_type: str
    compute: str
    buildspec: str
    variables: tuple[Variable, ...]
    privileged: bool
    cache: str
    timeout: int
    log_group: str

    def body(self) -> Body:
        """Everything but name and tags."""
        curated = self.image.startswith("aws/codebuild/")
        return {
            "description": f"awspipe: made for the pipeline {self.scope.pipeline}",
            "source": {"type": "CODEPIPELINE", "buildspec": self.buildspec},
            "artifacts": {"type": "CODEPIPELINE"},
            "cache": _CACHES[self.cache],
            "environment": {
                "type": self.build_type,
                "image": self.image,
                "computeType": self.compute,
                "environmentVariables": [variable.body() for variable in self.variables],
                "privilegedMode": self.privileged,
                "imagePullCredentialsType": "CODEBUILD" if curated else "SERVICE_ROLE",
            },
            "serviceRole": self.role_arn,
            "timeoutInMinutes": self.timeout,
            "logsConfig": {"cloudWatchLogs": {"status": "ENABLED", "groupName": self.log_group}},
        }

    def create(self, aws: Aws) -> None:
        """One call, repeated while the role is too young."""
        self._send(aws, "create_project", self.body(), self.scope.tags)

    def update(self, aws: Aws, fields: frozenset[str]) -> None:
        """The fields that differ, and all its tags: an update without some removes them."""
        found = _projects(aws, [self.name])[self.name] or {}
        tags = {**tags_of(found.get("tags", [])), **self.scope.tags}
        self._send(aws, "update_project", {key: self.body()[key] for key in fields}, tags)

    def bring(self, aws: Aws, fields: frozenset[str]) -> None:
        """One call: an update takes the tags too."""
        self.update(aws, fields - {TAGS})

    def claim(self, aws: Aws) -> None:
        """An update of nothing but the tags."""
        self.update(aws, frozenset())

    def adoptable(self, aws: Aws) -> Live | Untouchable:
        """A project whose builds nobody else starts."""
        found = _projects(aws, [self.name])[self.name]
        if found is None:
            return Untouchable("it has gone meanwhile")
        if found.get("webhook"):
            return Untouchable("a webhook starts its builds, and they would stop to work")
        return Live(_told(found), None)

    def _send(self, aws: Aws, operation: str, body: Body, tags: Mapping[str, str]) -> None:
        call = getattr(aws.client("codebuild"), operation)
        owned = tag_list(tags, "key", "value")
        aws.patiently(
            lambda: call(name=self.name, tags=owned, **body),
            refused=_role_too_young,
            why="IAM needs a moment before CodeBuild can use the new role",
            limit=120,
        )

    @classmethod
    def read(cls, aws: Aws, scope: Scope, name: str, fields: frozenset[str]) -> Live | None:
        """The project's settings, environment variables by name."""
        project = _project(aws, name)
        return None if project is None else Live(_told(project), owner_of(project.get("tags", [])))

    @classmethod
    def ask_tags(cls, aws: Aws, scope: Scope, name: str) -> dict[str, str] | None:
        """They are among its settings."""
        project = _project(aws, name)
        return None if project is None else tags_of(project.get("tags", []))

    @classmethod
    def preload(cls, aws: Aws, names: Sequence[str]) -> None:
        """A hundred in a call."""
        for some in batches(names, _BATCH):
            aws.preload(cls.kind, _projects(aws, some))

    @classmethod
    def ask_for_removal(cls, aws: Aws, scope: Scope, name: str) -> None:
        """The report groups that there are, where no build can be about to make one."""
        if Pipeline.running(aws, scope.pipeline) == ():
            aws.submit(lambda: every_group(aws))

    @classmethod
    def delete(cls, aws: Aws, scope: Scope, name: str) -> None:
        """Builds that still run are stopped first: they cost, and nobody would see them.

        A pipeline at rest has none, so they are looked for only where an execution ran, or none is known of.
        The report groups go before the project: whose they are, its name tells.
        """
        if Pipeline.running(aws, scope.pipeline) != ():
            for build in _running_builds(aws, name):
                with absent("ResourceNotFoundException"):
                    aws.client("codebuild").stop_build(id=build)
        for group in report_groups(aws, name):
            aws.client("codebuild").delete_report_group(arn=group, deleteReports=True)
        aws.client("codebuild").delete_project(name=name)

    @classmethod
    def arns(cls, scope: Scope, name: str, action: str) -> tuple[str, ...]:
        """The project; report groups are called after it, and executions are the pipeline's."""
        if action.endswith(("ReportGroup", "ReportGroups")):
            return (scope.report_group_arn(f"{name}-*"),)
        return (scope.pipeline_arn if action.startswith("codepipeline:") else scope.project_arn(name),)

    @classmethod
    def name_in(cls, scope: Scope, arn: str) -> str | None:
        """The project's name, where the ARN is one's."""
        prefix = scope.project_arn("")
        return arn.removeprefix(prefix) if arn.startswith(prefix) else None

    @classmethod
    def listed(cls, aws: Aws, scope: Scope) -> frozenset[str]:
        """By the beginning of the name: CodeBuild lists all names there are."""
        return frozenset(name for name in every_project(aws) if name.startswith(scope.project_prefix))


def _told(project: Body) -> Body:
    """A project with its variables by name, and the cache that it has where AWS says nothing."""
    environment = dict(project["environment"])
    environment["environmentVariables"] = sorted(
        environment.get("environmentVariables", ()), key=lambda variable: str(variable["name"])
    )
    return {**project, "environment": environment, "cache": project.get("cache", _NO_CACHE)}


def _project(aws: Aws, name: str) -> dict[str, Any] | None:
    """One project; asked for once a reading."""

    def ask() -> dict[str, Any] | None:
        return aws.once(("project", name), lambda: _projects(aws, [name])[name])

    return aws.preloaded(BuildProject.kind, name, ask)


def _projects(aws: Aws, names: Sequence[str]) -> dict[str, dict[str, Any] | None]:
    """Projects by name; None for those that are absent.

    https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetProjects.html
    """
    answer = aws.client("codebuild").batch_get_projects(names=list(names))
    found = {project["name"]: project for project in answer["projects"]}
    return {name: found.get(name) for name in names}


def _running_builds(aws: Aws, project: str) -> Iterator[str]:
    """The newest hundred of a project's builds that have not ended; older ones have long timed out."""
    codebuild = aws.client("codebuild")
    ids: list[str] = []
    with absent("ResourceNotFoundException"):
        ids = codebuild.list_builds_for_project(projectName=project)["ids"][:100]
    if ids:
        builds = codebuild.batch_get_builds(ids=ids)["builds"]
        yield from (build["id"] for build in builds if not build["buildComplete"])


def _role_too_young(error: ClientError) -> bool:
    """https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/codebuild/project.go."""
    return code_of(error) == "InvalidInputException" and "ot authorized to perform" in str(error)
