"""CodeBuild: projects. What belongs to builds is in `codebuild_builds`."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, ClassVar

from moto.core.base_backend import BackendDict
from moto.core.resource_tagging import TaggedResource

from awspipe.sandbox import metering, roles, tags
from awspipe.sandbox.boxes import files
from awspipe.sandbox.builds import caches
from awspipe.sandbox.codebuild_builds import Builds
from awspipe.sandbox.codebuild_reports import Reports
from awspipe.sandbox.service import (
    Answer,
    Backend,
    RefusalError,
    Request,
    page,
    response_class,
    unsupported,
    without_nothing,
)

_INVALID = "InvalidInputException"
_PRINCIPAL = "codebuild.amazonaws.com"
_PAGE = 100
_NO_LOCATION = ("CODEPIPELINE", "NO_SOURCE")

Project = dict[str, Any]


class CodeBuildBackend(Builds, Reports, Backend):
    """CodeBuild in one account and region. A project is kept as the API shows it."""

    SERVICE_NAMESPACE: ClassVar[str] = "codebuild"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.projects: dict[str, Project] = {}
        self.builds = {}
        self.forgotten = metering.Tally()
        self.report_groups = {}
        self.reports = {}

    def op_create_project(self, request: Request) -> Answer:
        """Make a project."""
        name = request["name"]
        if name in self.projects:
            text = f"Project already exists: {self._project_arn(name)}"
            raise RefusalError("ResourceAlreadyExistsException", text)
        self._check(request)
        self._check_role(request["serviceRole"], name)
        made = self._defaults(name) | _sent(request)
        made["lastModified"] = made["created"]
        self.projects[name] = self._completed(made)
        return {"project": copy.deepcopy(made)}

    def op_update_project(self, request: Request) -> Answer:
        """Change the members that are sent. Tags that are not sent again are gone, as on AWS."""
        name = request["name"]
        found = self.projects.get(name)
        if found is None:
            raise self.absent(name)
        merged = found | {"tags": []} | _sent(request)
        self._check(merged)
        if "serviceRole" in request:
            self._check_role(request["serviceRole"], name)
        merged["lastModified"] = self.now()
        self.projects[name] = self._completed(merged)
        return {"project": copy.deepcopy(merged)}

    def op_delete_project(self, request: Request) -> Answer:
        """Remove a project; an absent one is no error. Its builds and logs stay, its own caches go."""
        name = self.project_name(request["name"])
        if self.projects.pop(name, None) is not None:
            self._forget_caches(name)
        return {}

    def op_invalidate_project_cache(self, request: Request) -> Answer:
        """Begin with an empty cache; objects in a bucket are the user's and stay, as a cache no longer."""
        name = self.project_name(request["projectName"])
        if name not in self.projects:
            raise self.absent(name)
        self._forget_caches(name)
        self.projects[name]["cacheGeneration"] = self.projects[name].get("cacheGeneration", 0) + 1
        return {}

    def _forget_caches(self, project: str) -> None:
        files.delete(caches.folder(project, self.region_name))

    def op_batch_get_projects(self, request: Request) -> Answer:
        """Projects by name or ARN."""
        names = request["names"]
        found = [self.projects.get(self.project_name(name)) for name in names]
        return {
            "projects": [copy.deepcopy(one) for one in found if one is not None],
            "projectsNotFound": [name for name, one in zip(names, found, strict=True) if one is None],
        }

    def op_list_projects(self, request: Request) -> Answer:
        """The names of all projects."""
        keys = {"CREATED_TIME": "created", "LAST_MODIFIED_TIME": "lastModified"}
        key = keys.get(request.get("sortBy") or "NAME", "name")
        found = sorted(self.projects.values(), key=lambda one: (one[key], one["name"]))
        names = [one["name"] for one in found]
        if request.get("sortOrder") == "DESCENDING":
            names.reverse()
        items, token = page(names, request.get("nextToken"), _PAGE, code=_INVALID)
        return without_nothing(projects=items, nextToken=token)

    def project_name(self, name: str) -> str:
        """A project's name, where an ARN may stand."""
        return name.removeprefix(self._project_arn(""))

    def _project_arn(self, name: str) -> str:
        return self.arn(f"project/{name}")

    def absent(self, name: str) -> RefusalError:
        """The refusal for a project that is not there."""
        text = f"Project cannot be found: {self._project_arn(name)}"
        return RefusalError("ResourceNotFoundException", text)

    def _defaults(self, name: str) -> Project:
        key = f"arn:{self.partition}:kms:{self.region_name}:{self.account_id}:alias/aws/s3"
        return {
            "name": name,
            "arn": self._project_arn(name),
            "timeoutInMinutes": 60,
            "queuedTimeoutInMinutes": 480,
            "cache": {"type": "NO_CACHE"},
            "encryptionKey": key,
            "tags": [],
            "created": self.now(),
            "badge": {"badgeEnabled": False},
            "projectVisibility": "PRIVATE",
        }

    def _completed(self, project: Project) -> Project:
        """The defaults inside a project's members."""
        project["artifacts"] = {
            "name": project["name"],
            "packaging": "NONE",
            "encryptionDisabled": False,
        } | project["artifacts"]
        if project["artifacts"]["type"] == "NO_ARTIFACTS":
            project["artifacts"] = {"type": "NO_ARTIFACTS"}
        environment = {
            "environmentVariables": [],
            "privilegedMode": False,
            "imagePullCredentialsType": "CODEBUILD",
        } | project["environment"]
        for one in environment["environmentVariables"]:
            one.setdefault("type", "PLAINTEXT")
        project["environment"] = environment
        if project.get("concurrentBuildLimit") == -1:
            del project["concurrentBuildLimit"]
        return project

    def _check(self, project: Project) -> None:
        for text in _problems(project):
            raise RefusalError(_INVALID, text)
        if project.get("badgeEnabled"):
            raise unsupported("codebuild", "badges")
        wrong = tags.problem(tags.from_list(project.get("tags")))
        if wrong is not None:
            raise RefusalError(_INVALID, wrong.value)

    def _check_role(self, role: str, name: str) -> None:
        if role.split(":")[4:5] not in ([self.account_id], []):
            text = "Invalid service role: Service role account ID does not match caller's account"
            raise RefusalError(_INVALID, text)
        standing = roles.standing(role, _PRINCIPAL, source_arn=self._project_arn(name))
        if standing is not roles.Standing.USABLE:
            text = f"CodeBuild is not authorized to perform: sts:AssumeRole on {role}"
            raise RefusalError(_INVALID, text)

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """For the Resource Groups Tagging API."""
        for one in self.projects.values():
            yield TaggedResource(one["arn"], tags.from_list(one["tags"]), "codebuild:project")
        for one in self.report_groups.values():
            yield TaggedResource(one["arn"], tags.from_list(one["tags"]), "codebuild:report-group")


def _sent(request: Request) -> Project:
    """The members of a project that a request carries."""
    return {name: copy.deepcopy(value) for name, value in request.items() if name != "badgeEnabled"}


def _problems(project: Project) -> Iterator[str]:
    source, artifacts = project["source"], project["artifacts"]
    if (source["type"] == "CODEPIPELINE") != (artifacts["type"] == "CODEPIPELINE"):
        text = "Invalid input: when using CodePipeline both sourceType, and artifactType must be set to:"
        yield f"{text} CODEPIPELINE"
    if source["type"] not in _NO_LOCATION and not source.get("location"):
        yield "Project source location is required"
    if source["type"] == "NO_SOURCE" and source.get("location"):
        yield "Invalid input: source location must be empty for source type NO_SOURCE"
    if source["type"] == "NO_SOURCE" and not source.get("buildspec"):
        yield "Invalid input: buildspec is required for source type NO_SOURCE"
    kind = artifacts["type"]
    if kind == "S3" and not artifacts.get("location"):
        yield "Invalid artifacts: location is required"
    if kind == "NO_ARTIFACTS" and artifacts.get("location"):
        yield "Invalid artifacts: artifact type NO_ARTIFACTS should have null location"
    if kind != "S3" and artifacts.get("encryptionDisabled"):
        yield f"Invalid artifacts: artifact type {kind} should have null encryptionDisabled"
    if any(one["type"] == "CODEPIPELINE" for one in project.get("secondaryArtifacts") or ()):
        yield "Invalid artifacts: secondary artifacts cannot be of the type CODEPIPELINE"


codebuild_backends: BackendDict[CodeBuildBackend] = BackendDict(CodeBuildBackend, "codebuild")
Response = response_class("codebuild", codebuild_backends)
