"""DOWNLOAD_SOURCE: the sources in their places, the buildspec read, the shell ready."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from awspipe.formats import buildspec
from awspipe.formats.buildspec_model import Buildspec, Phase
from awspipe.sandbox.builds import environment, runas, runtimes
from awspipe.sandbox.builds.cache import Caching, places
from awspipe.sandbox.builds.journal import Journal
from awspipe.sandbox.builds.output import Output
from awspipe.sandbox.builds.record import THIS_MACHINE, Build
from awspipe.sandbox.builds.rooms import Rooms, Spot
from awspipe.sandbox.builds.shell import Ended, Shell
from awspipe.sandbox.builds.sources import within
from awspipe.sandbox.builds.world import MissingValueError, PhaseError, World

_YAML_ERROR = "YAML_FILE_ERROR"
_CLIENT_ERROR = "CLIENT_ERROR"
_SHELLS = {None: "sh", "/bin/sh": "sh", "bash": "bash"}


@dataclass(frozen=True, slots=True)
class Ready:
    """What the phases need."""

    spec: Buildspec
    source: Spot
    shell: Shell
    users: Mapping[str, str | None]
    """`run-as` of the buildspec and of its phases, to the user that really is to be become."""
    caching: Caching

    def run(self, command: str, phase: Phase) -> Ended:
        """Run a command of a phase."""
        return self.shell.run(command, user=self.users.get(phase.run_as or self.spec.run_as or ""))


def prepared(journal: Journal, world: World, rooms: Rooms, output: Output) -> Ready:
    """Get everything ready. PhaseError, as AWS tells it."""
    build, log = journal.build, journal.log
    log.say("Phase is DOWNLOAD_SOURCE")
    image = build.project["environment"]["image"]
    instead = "" if image == THIS_MACHINE else f", not in {image}"
    log.say(f"Running on this machine with its own tools{instead} ({rooms.level} isolation)")
    sources = _sources(build, world, rooms)
    source = next(iter(sources.values()))
    log.say(f"CODEBUILD_SRC_DIR={source.inside}")
    spec = _buildspec(journal, source)
    try:
        users = environment.variables(build, spec.env, world, log)
    except MissingValueError as error:
        raise PhaseError(_CLIENT_ERROR, str(error)) from error
    environ = environment.whole(build, world, rooms, sources, users)
    name = _SHELLS.get(spec.env.shell, spec.env.shell or "sh")
    keeps = spec.version != "0.1"
    shell = Shell(rooms, source.inside, environ, output, name=name, keeps=keeps)
    _check_shell(shell, spec, name)
    for line in runtimes.lines(spec, shell, users):
        log.say(line)
    caching = Caching(spec.cache, world.cache(), log)
    caching.restore(shell, places(rooms, source))
    return Ready(spec, source, shell, runas.users(spec, rooms, shell, log), caching)


def _sources(build: Build, world: World, rooms: Rooms) -> dict[str, Spot]:
    """Each source in its directory; without one there is an empty directory all the same."""
    sources = {one.name: rooms.source(index) for index, one in enumerate(build.inputs)}
    for one in build.inputs:
        world.fetch(one, sources[one.name].here)
    return sources or {"": rooms.source(0)}


def _buildspec(journal: Journal, source: Spot) -> Buildspec:
    build, log = journal.build, journal.log
    wanted = build.buildspec or build.project["source"].get("buildspec") or "buildspec.yml"
    data, name = _text(wanted, source)
    parsed = buildspec.parse(data, name)
    if parsed.value is None:
        first = parsed.problems[0]
        raise PhaseError(_YAML_ERROR, f"{first.where()}: {first.message}")
    told = build.project["environment"]["image"] == THIS_MACHINE  # who builds by hand has seen them
    for warning in () if told else parsed.warnings:
        log.say(f"Warning: {warning.where()}: {warning.message}")
    if parsed.value.env.git_credential_helper:
        log.say("git-credential-helper: git has no credentials of CodeBuild's in the sandbox")
    if parsed.value.batch:
        log.say("batch: this is one single build; the batch's builds are not played by the sandbox")
    if not parsed.value.phases:
        raise PhaseError(
            _CLIENT_ERROR, "the buildspec has no phases of its own: the sandbox plays no batch builds"
        )
    found = [(name, one) for name, one in parsed.value.phases.items() if one.commands]
    log.say(f"Phases found in YAML: {len(found)}")
    for name, one in found:
        log.say(f" {name.upper()}: {len(one.commands)} commands")
    return parsed.value


def _text(wanted: str, source: Spot) -> tuple[bytes, str]:
    """A buildspec that is given itself or names a file in the source, and what messages call it."""
    if "\n" in wanted:
        return wanted.encode(), "buildspec"
    if re.match(r"arn:[a-z-]+:s3:", wanted):
        raise PhaseError(_YAML_ERROR, f"{wanted}: a buildspec in S3 is not played by the sandbox")
    path = source.here / wanted
    if not path.is_file() or not within(path, source.here):
        raise PhaseError(_YAML_ERROR, f"stat {source.inside}/{wanted}: no such file or directory")
    return path.read_bytes(), wanted


def _check_shell(shell: Shell, spec: Buildspec, name: str) -> None:
    if spec.env.shell is None or (name in _SHELLS.values() and shell.finds(name)):
        return
    raise PhaseError(
        _CLIENT_ERROR, f"env: shell: {spec.env.shell} is asked for, and this machine has none of that name"
    )
