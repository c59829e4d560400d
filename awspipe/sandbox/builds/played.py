"""The surroundings of a build in the sandbox: its S3, its log group, its secrets, and what the role may."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from moto.logs.models import logs_backends

from awspipe.formats.buildspec_model import Artifacts, Buildspec
from awspipe.sandbox import clones, git, objects, roles, runtime
from awspipe.sandbox.builds import artifacts, caches, destinations, sources
from awspipe.sandbox.builds.caches import BucketCache, FolderCache
from awspipe.sandbox.builds.cachestore import Store
from awspipe.sandbox.builds.record import Build, Phase, Place
from awspipe.sandbox.builds.references import secret_parts, secret_value
from awspipe.sandbox.builds.reports.results import Coverage, Results
from awspipe.sandbox.builds.world import Line, MissingValueError, PhaseError
from awspipe.sandbox.clones import CloneRef

_CLIENT_ERROR = "CLIENT_ERROR"
_SESSION = "AWSCodeBuild"


class Played:
    """One build's view of one account and region of the sandbox."""

    def __init__(self, build: Build, account: str, region: str) -> None:
        self._build = build
        self._account, self._region = account, region
        self._role = str(build.project["serviceRole"])
        self._stream_open: bool | None = None

    def now(self) -> float:
        """By the sandbox's clock."""
        return runtime.current().clock()

    def changing(self) -> AbstractContextManager[object]:
        """The sandbox's lock."""
        return runtime.current().lock

    def access(self) -> Mapping[str, str]:
        """The sandbox's address and key; what the server has of AWS is that and nothing else."""
        aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        return {**aws, "AWS_REGION": self._region, "AWS_DEFAULT_REGION": self._region}

    def write(self, lines: Sequence[Line]) -> None:
        """To CloudWatch Logs. Without the right to write them they are lost, as on AWS."""
        events = [{"timestamp": moment, "message": f"{line or ' '}\n"} for moment, line in lines]
        backend, group = logs_backends[self._account][self._region], self._build.log_group
        with runtime.current().lock:
            if self._stream_open is None:
                self._stream_open = self._made_stream()
            held = backend.groups.get(group) if self._stream_open else None
            if held is not None and self._build.log_stream in held.streams:  # anybody may have deleted it
                backend.put_log_events(group, self._build.log_stream, events)
        runtime.current().changes.note_in_passing("logs")

    def passed(self, phase: Phase) -> None:
        """Who wants to know asks."""

    def _made_stream(self) -> bool:
        if not self._build.is_logged:
            return False
        backend, group = logs_backends[self._account][self._region], self._build.log_group
        arn = f"arn:aws:logs:{self._region}:{self._account}:log-group:{group}"
        if not roles.permits(self._role, "logs:CreateLogStream", f"{arn}:*"):
            return False
        if group not in backend.groups:
            if not roles.permits(self._role, "logs:CreateLogGroup", arn):
                return False
            backend.create_log_group(group, {})
        backend.create_log_stream(group, self._build.log_stream)
        return roles.permits(self._role, "logs:PutLogEvents", f"{arn}:*")

    def fetch(self, source: Place, target: Path) -> None:
        """A zip of the pipeline's, or what a reference to a clone leads to."""
        content = self._read(source)
        for right in objects.reading_rights(self._account, self._region, source.bucket):
            self._may_touch(right, source)
        reference = clones.read(content)
        if reference is None:
            sources.unpack(content, target)
        else:
            self._clone(reference, target)

    def _clone(self, reference: CloneRef, target: Path) -> None:
        """With the build's own role. https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting.html"""
        refused = [self._refusal(*right) for right in reference.rights(self._region)]
        why = next(filter(None, refused), None)
        path = None if why else clones.repository(reference, self._region)
        if path is None:
            what = f"authorization failed for primary source and source version {reference.CommitId}"
            raise PhaseError(_CLIENT_ERROR, f"{what}: {why or 'there is no such repository any more'}")
        try:
            clones.clone(reference, path, target)
        except git.GitError as error:
            raise PhaseError(_CLIENT_ERROR, f"{error} for primary source") from error

    def outputs(self, spec: Buildspec) -> Sequence[tuple[Place, Artifacts]]:
        """Those of the pipeline's action, or of the project."""
        return tuple(destinations.of(self._build, spec))

    def cache(self) -> Store | None:
        """As the project has it."""
        project = self._build.project
        wanted = project.get("cache") or {}
        match wanted.get("type"):
            case "LOCAL":
                return FolderCache(caches.folder(project["name"], self._region), wanted.get("modes") or ())
            case "S3":
                return BucketCache(project, self._account, self._region, self._refusal)
        return None

    def _refusal(self, action: str, resource: str) -> str | None:
        return roles.refusal(self._role, action, resource, session=_SESSION)

    def report(self, name: str, found: Results | Coverage) -> str:
        """In the report group of the project, or in the one whose ARN the buildspec has."""
        from awspipe.sandbox.codebuild import codebuild_backends

        service = codebuild_backends[self._account][self._region]
        with runtime.current().lock:
            return str(service.keep_report(self._build, name, found))

    def upload(self, target: Place, files: Mapping[str, Path]) -> None:
        """Into the bucket, as one zip or as they are."""
        headers = {"x-amz-meta-codebuild-buildarn": self._build.arn}
        if target.packed:
            self._put(target, target.key, artifacts.packed(files), headers)
            return
        for name, path in files.items():
            content_type = mimetypes.guess_type(name)[0] or "binary/octet-stream"
            self._put(
                target, f"{target.key}/{name}", path.read_bytes(), {**headers, "content-type": content_type}
            )

    def _put(self, target: Place, key: str, content: bytes, headers: Mapping[str, str]) -> None:
        self._may_touch("s3:PutObject", replace(target, key=key))
        with runtime.current().lock:
            try:
                objects.write(self._account, self._region, target.bucket, key, content, headers=headers)
            except objects.ObjectError as error:
                raise PhaseError(_CLIENT_ERROR, str(error)) from error

    def parameter(self, name: str) -> str:
        """From the sandbox's Parameter Store."""
        from moto.ssm.models import ssm_backends

        with runtime.current().lock:
            where = f"{self._region}:{self._account}:parameter/{name.lstrip('/')}"
            self._may("ssm:GetParameters", f"arn:aws:ssm:{where}")
            found = ssm_backends[self._account][self._region].get_parameter(name)
            if found is None:
                raise MissingValueError(f"Parameter {name} does not exist")
            return str(found.response_object(decrypt=True, region=self._region)["Value"])

    def secret(self, reference: str) -> str:
        """From the sandbox's Secrets Manager."""
        from moto.secretsmanager.models import secretsmanager_backends

        name, key, stage, version = secret_parts(reference)
        with runtime.current().lock:
            backend = secretsmanager_backends[self._account][self._region]
            held = backend.secrets.get(name)
            if held is None:
                raise MissingValueError(f"Secrets Manager can't find the specified secret: {name}")
            self._may("secretsmanager:GetSecretValue", str(held.arn))
            text = str(backend.get_secret_value(name, version, stage or "AWSCURRENT")["SecretString"])
        return secret_value(name, text, key)

    def _may(self, action: str, resource: str) -> None:
        refused = self._refusal(action, resource)
        if refused is not None:
            raise MissingValueError(refused)

    def _may_touch(self, action: str, place: Place) -> None:
        arn = objects.arn(self._region, place.bucket, place.key)
        refused = self._refusal(action, arn)
        if refused is not None:
            text = f"error while downloading or uploading {place.key}: AccessDenied: {refused}"
            raise PhaseError(_CLIENT_ERROR, text)

    def _read(self, place: Place) -> bytes:
        try:
            return objects.read(self._account, self._region, place.bucket, place.key).content
        except objects.ObjectError as error:
            raise PhaseError(_CLIENT_ERROR, str(error)) from error
