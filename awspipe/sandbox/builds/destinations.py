"""Where a build's artifacts go: to the outputs of the pipeline's action, or to the bucket of the project.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html
https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectArtifacts.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from awspipe.formats.buildspec_model import Artifacts, Buildspec
from awspipe.sandbox.builds.record import Build, Place
from awspipe.sandbox.builds.world import PhaseError


def of(build: Build, spec: Buildspec) -> Iterator[tuple[Place, Artifacts]]:
    """Each place with the artifact for it. PhaseError where the buildspec has none for it."""
    if build.outputs:
        yield from _of_pipeline(build.outputs, spec)
        return
    primary = build.project.get("artifacts") or {}
    if primary.get("type") == "S3":
        yield _place(build, primary, spec.artifacts), _wanted(spec.artifacts, primary.get("name", ""))
    for one in build.project.get("secondaryArtifacts") or ():
        name = one["artifactIdentifier"]
        found = spec.secondary_artifacts.get(name)
        if one.get("type") == "S3":
            yield _place(build, one, found), _wanted(found, name)


def _of_pipeline(outputs: tuple[Place, ...], spec: Buildspec) -> Iterator[tuple[Place, Artifacts]]:
    """The primary artifact where the action has one output, else the secondary ones by name."""
    for one in outputs:
        found = spec.secondary_artifacts.get(one.name) if len(outputs) > 1 else spec.artifacts
        yield one, _wanted(found, one.name)


def _wanted(found: Artifacts | None, name: str) -> Artifacts:
    if found is None:
        raise PhaseError("CLIENT_ERROR", f"no definition for artifact {name}")
    return found


def _place(build: Build, wanted: Mapping[str, Any], found: Artifacts | None) -> Place:
    """In a bucket: `path/[build-id/]name`. `s3-prefix` stands for the path where builds have folders."""
    by_build = wanted.get("namespaceType") == "BUILD_ID"
    prefix = (found.s3_prefix if found and by_build else None) or wanted.get("path") or ""
    name = str(wanted.get("name") or build.project["name"])
    if wanted.get("overrideArtifactName") and found and found.name:
        name = found.name
    parts = (prefix.strip("/"), build.uuid if by_build else "", name.strip("/"))
    key = "/".join(one for one in parts if one)
    return Place(name, str(wanted["location"]), key, packed=wanted.get("packaging") == "ZIP")
