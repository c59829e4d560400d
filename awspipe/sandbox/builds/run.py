"""A build from its source to its artifacts, phase after phase.

A failure in `install` or `pre_build` ends the phases; after a failed `build`, `post_build` still runs, and
artifacts are uploaded all the same. `on-failure: CONTINUE` goes on; `RETRY` runs the phase again.
https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
"""

from __future__ import annotations

import contextlib
import io
import re
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

from awspipe.formats import buildspec
from awspipe.formats.buildspec_model import PHASES, Artifacts, Buildspec
from awspipe.formats.buildspec_model import Phase as PhaseSpec
from awspipe.sandbox import objects, roles, runtime
from awspipe.sandbox.builds import artifacts, environment
from awspipe.sandbox.builds.environment import MissingValueError
from awspipe.sandbox.builds.logs import Log
from awspipe.sandbox.builds.record import (
    FAILED,
    FAULT,
    STOPPED,
    SUCCEEDED,
    TIMED_OUT,
    Build,
    Phase,
)
from awspipe.sandbox.builds.shell import Shell
from awspipe.sandbox.deploy import places

_COMMAND_ERROR = "COMMAND_EXECUTION_ERROR"
_YAML_ERROR = "YAML_FILE_ERROR"
_CLIENT_ERROR = "CLIENT_ERROR"
_UNPACKED_LIMIT = 2 * 1024**3


class PhaseError(Exception):
    """A phase fails, with CodeBuild's status code and sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Runner:
    """Runs one build. `stop` may be called from anywhere."""

    def __init__(self, build: Build, folder: Path, account: str, region: str) -> None:
        self.build = build
        self._folder = folder
        self._account, self._region = account, region
        self._place = places.make(folder)
        self._log = Log(build, account, region)
        self._shell: Shell | None = None
        self._ended_by = ""

    def run(self) -> None:
        """All of it; the build has its end when this returns."""
        timer = threading.Timer(self.build.project["timeoutInMinutes"] * 60, self._time_out)
        timer.daemon = True
        timer.start()
        status = FAULT
        try:
            status = self._phases()
        except Exception as error:
            self._log.say(f"Internal error of the sandbox: {error!r}")
            raise
        finally:
            timer.cancel()
            self._place.destroy()
            self._finish(self._ended_by or status)

    def stop(self) -> None:
        """End it now."""
        self._end(STOPPED)

    def _time_out(self) -> None:
        self._end(TIMED_OUT)

    def _end(self, status: str) -> None:
        self._ended_by = self._ended_by or status
        if self._shell is not None:
            self._shell.kill()

    def _finish(self, status: str) -> None:
        with runtime.current().lock:
            now = runtime.current().clock()
            for type_ in ("FINALIZING", "COMPLETED"):
                self.build.phases.append(Phase(type_, now, now, SUCCEEDED))
            self.build.status, self.build.end = status, now
        self._log.flush()

    def _phases(self) -> str:
        for type_ in ("SUBMITTED", "QUEUED", "PROVISIONING"):
            with self._phase(type_):
                pass
        with self._phase("DOWNLOAD_SOURCE") as download:
            spec, sources = self._download()
        if download.status != SUCCEEDED:
            return FAILED
        succeeded, upload = self._commands(spec)
        if upload and not self._ended_by:
            with self._phase("UPLOAD_ARTIFACTS") as last:
                self._upload(spec, next(iter(sources.values())))
            succeeded = succeeded and last.status == SUCCEEDED
        return SUCCEEDED if succeeded else FAILED

    @contextlib.contextmanager
    def _phase(self, type_: str) -> Iterator[Phase]:
        """One phase from begin to end; a PhaseError in it is its failure."""
        phase = Phase(type_, runtime.current().clock())
        with runtime.current().lock:
            self.build.phases.append(phase)
        try:
            yield phase
        except PhaseError as error:
            phase.code, phase.message = error.code, error.message
            self._log.say(f"Phase context status code: {error.code} Message: {error.message}")
        with runtime.current().lock:
            phase.end = runtime.current().clock()
            phase.status = self._ended_by or (FAILED if phase.code else SUCCEEDED)
        self._log.say(f"Phase complete: {type_} State: {phase.status}")
        self._log.flush()

    def _download(self) -> tuple[Buildspec, dict[str, Path]]:
        """The sources unpacked, the buildspec read, the shell ready."""
        root = Path(self._place.root) / "codebuild" / "output"
        sources = {
            one.name: root / ("src" if index == 0 else one.name)
            for index, one in enumerate(self.build.inputs)
        } or {"source": root / "src"}
        for path in sources.values():
            path.mkdir(parents=True)
        for one in self.build.inputs:
            self._unpack(one.bucket, one.key, sources[one.name])
        primary = next(iter(sources.values()))
        spec = self._buildspec(primary)
        self._shell = self._made_shell(spec, sources, root)
        return spec, sources

    def _buildspec(self, source: Path) -> Buildspec:
        wanted = self.build.buildspec or self.build.project["source"].get("buildspec") or "buildspec.yml"
        if "\n" in wanted:
            data, name = wanted.encode(), "buildspec"
        else:
            path, name = source / wanted, wanted
            if not path.is_file() or not path.resolve().is_relative_to(source.resolve()):
                raise PhaseError(_YAML_ERROR, f"stat {path}: no such file or directory")
            data = path.read_bytes()
        parsed = buildspec.parse(data, name)
        if parsed.value is None:
            first = parsed.problems[0]
            raise PhaseError(_YAML_ERROR, f"{first.where()}: {first.message}")
        for warning in parsed.warnings:
            self._log.say(f"Warning: {warning.where()}: {warning.message}")
        return parsed.value

    def _made_shell(self, spec: Buildspec, sources: dict[str, Path], root: Path) -> Shell:
        home, step = root / "home", root / "step"
        for path in (home / "tmp", step):
            path.mkdir(parents=True)
        try:
            own = environment.own(self.build, self._region, sources, home)
            users = environment.variables(self.build, spec.env, self._log, self._account, self._region)
        except MissingValueError as error:
            raise PhaseError("Secrets Manager Error Message", str(error)) from error
        self._log.say(
            f"Running on this machine ({self._place.level} isolation), not in {own['CODEBUILD_BUILD_IMAGE']}"
        )
        shell = "bash" if spec.env.shell == "bash" else "sh"
        source = next(iter(sources.values()))
        return Shell(self._place, step, source, {**users, **own}, name=shell, keeps=spec.version != "0.1")

    def _unpack(self, bucket: str, key: str, target: Path) -> None:
        self._may("s3:GetObject", bucket, key)
        content = objects.read(self._account, self._region, bucket, key).content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _UNPACKED_LIMIT:
                raise PhaseError(_CLIENT_ERROR, "the source is too large when it is unpacked")
            for entry in archive.infolist():
                path = (target / entry.filename).resolve()
                if entry.is_dir() or not path.is_relative_to(target.resolve()):
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(entry))
                path.chmod(0o755 if entry.external_attr >> 16 & 0o100 else 0o644)

    def _may(self, action: str, bucket: str, key: str) -> None:
        role, arn = self.build.project["serviceRole"], objects.arn(self._region, bucket, key)
        refused = roles.refusal(role, action, arn, session="AWSCodeBuild")
        if refused is not None:
            raise PhaseError(
                _CLIENT_ERROR, f"error while downloading or uploading {key}: AccessDenied: {refused}"
            )

    def _commands(self, spec: Buildspec) -> tuple[bool, bool]:
        """Whether the build succeeds so far, and whether its artifacts are to be uploaded."""
        succeeded, upload = True, True
        for name in PHASES:
            if self._ended_by:
                return False, False
            phase = spec.phases.get(name)
            if phase is None:
                continue
            with self._phase(name.upper()) as run:
                self._note_runtimes(phase)
                self._run_phase(name, phase)
            if run.status == SUCCEEDED:
                continue
            if phase.on_failure is not None and phase.on_failure.kind == "CONTINUE":
                run.forgiven = True
                continue
            succeeded = False
            self._set_succeeding()
            if name != "build" or phase.on_failure is not None:
                upload = name in ("build", "post_build")
                break
        if succeeded or upload:
            self._export(spec)
        return succeeded, upload

    def _set_succeeding(self) -> None:
        if self._shell is not None and not self._ended_by:
            self._shell.set("CODEBUILD_BUILD_SUCCEEDING", "0")

    def _note_runtimes(self, phase: PhaseSpec) -> None:
        for name, version in phase.runtime_versions.items():
            self._log.say(
                f"runtime-versions: {name} {version} is asked for; this machine's own {name} is used"
            )

    def _run_phase(self, name: str, phase: PhaseSpec) -> None:
        self._log.say(f"Entering phase {name.upper()}")
        retry = phase.on_failure
        tries = retry.attempts if retry is not None and retry.kind == "RETRY" else 0
        while True:
            try:
                return self._attempt(phase)
            except PhaseError as error:
                said = getattr(error, "said", "")
                if tries <= 0 or self._ended_by or not re.search(retry.pattern if retry else "", said):
                    raise
            tries -= 1
            self._log.say(f"Phase {name.upper()} failed and is run again")

    def _attempt(self, phase: PhaseSpec) -> None:
        """`commands` until one fails, then `finally`, whose failure is the phase's too."""
        first: PhaseError | None = None
        for commands in (phase.commands, phase.finally_):
            try:
                for command in commands:
                    self._command(command)
            except PhaseError as error:
                first = first or error
        if first is not None:
            raise first

    def _command(self, command: str) -> None:
        assert self._shell is not None
        self._log.say(f"Running command {command}")
        code, said = self._shell.run(command, self._log)
        if self._ended_by or code:
            self._log.say(f"Command did not exit successfully {command} exit status {code}")
            error = PhaseError(
                _COMMAND_ERROR, f"Error while executing command: {command}. Reason: exit status {code}"
            )
            error.said = said  # type: ignore[attr-defined]
            raise error

    def _export(self, spec: Buildspec) -> None:
        assert self._shell is not None
        for name in spec.env.exported_variables:
            value = self._shell.value(name)
            if value is not None:
                self.build.exported[name] = value

    def _upload(self, spec: Buildspec, source: Path) -> None:
        """The primary artifact where there is one output, else the secondary ones by name."""
        if not self.build.outputs:
            return
        several = len(self.build.outputs) > 1
        for one in self.build.outputs:
            wanted = spec.secondary_artifacts.get(one.name) if several else spec.artifacts
            if wanted is None:
                raise PhaseError(_CLIENT_ERROR, "no definition for artifact " + one.name)
            self._put(one.bucket, one.key, source, wanted)

    def _put(self, bucket: str, key: str, source: Path, wanted: Artifacts) -> None:
        try:
            content = artifacts.packed(source, wanted, self._log.say)
        except artifacts.NoFilesError as error:
            raise PhaseError(_CLIENT_ERROR, str(error)) from error
        self._may("s3:PutObject", bucket, key)
        with runtime.current().lock:
            headers = {"x-amz-meta-codebuild-buildarn": self.build.arn}
            objects.write(self._account, self._region, bucket, key, content, headers=headers)
