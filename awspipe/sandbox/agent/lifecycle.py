"""The lifecycle events of a deployment, each on its own: what the agent does when it is told."""

from __future__ import annotations

import datetime
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from awspipe.errors import SpecError
from awspipe.formats.appspec import ServerAppspec, parse
from awspipe.sandbox.agent.install import Installer
from awspipe.sandbox.agent.layout import Layout, appspec_of
from awspipe.sandbox.agent.order import AgentError, Order, Outcome
from awspipe.sandbox.agent.scripts import ScriptLog, ScriptRun
from awspipe.sandbox.agent.unpack import unpack

_FROM_LAST = frozenset({"ApplicationStop", "BeforeBlockTraffic", "AfterBlockTraffic"})
"""Events whose scripts come from the revision that is being replaced."""


class Agent:
    """Deploys to one host. `say` hears every line of the scripts as it comes."""

    def __init__(self, order: Order, say: Callable[[str], None] = lambda line: None) -> None:
        self._order = order
        self._say = say
        self._layout = Layout(Path(order.root))

    def run(self, event: str) -> Outcome:
        """Do one lifecycle event."""
        log = ScriptLog(self._say)
        try:
            self._layout.deployment(self._order).mkdir(parents=True, exist_ok=True)
            if event == "DownloadBundle":
                self._download()
            elif event == "Install":
                self._install(log)
            else:
                self._hooks(event, log)
        except AgentError as error:
            return Outcome(event, error.code, error.script, error.message, log.tail)
        except (OSError, shutil.Error) as error:
            return Outcome(event, "UnknownError", "", str(error), log.tail)
        return Outcome(event, log=log.tail)

    def start_again(self) -> Outcome | None:
        """ApplicationStart of the revision that was installed last; None where there is none."""
        last = self._layout.last_successful(self._order.group_id)
        if last is None or not last.is_dir():
            return None
        log = ScriptLog(self._say)
        try:
            self._scripts("ApplicationStart", last, log)
        except (AgentError, OSError) as error:
            return Outcome("ApplicationStart", "UnknownError", "", str(error), log.tail)
        return Outcome("ApplicationStart", log=log.tail)

    def _download(self) -> None:
        """Copy the revision to where the agent keeps it, and unpack it."""
        bundle, order = Path(self._order.bundle), self._order
        self._layout.forget_old(order)
        archive = self._layout.archive(order)
        shutil.rmtree(archive, ignore_errors=True)
        unpack(bundle, archive, kind=order.bundle_type)
        if bundle.is_file():
            shutil.copyfile(bundle, self._layout.deployment(order) / "bundle.tar")
        self._layout.point_most_recent(order)

    def _install(self, log: ScriptLog) -> None:
        appspec = read_appspec(self._layout.archive(self._order))
        Installer(self._layout, self._order, appspec).install(lambda text: log.line(f"[awspipe] {text}"))
        self._layout.point_last_successful(self._order)

    def _hooks(self, event: str, log: ScriptLog) -> None:
        folder: Path | None = self._layout.deployment(self._order)
        if event in _FROM_LAST:
            folder = self._layout.last_successful(self._order.group_id)
        if folder is not None and folder.is_dir():
            self._scripts(event, folder, log)

    def _scripts(self, event: str, folder: Path, log: ScriptLog) -> None:
        """Run an event's scripts, from the revision in `folder`."""
        archive = folder / "deployment-archive"
        scripts = read_appspec(archive).hooks.get(event, ())
        if not scripts:
            return
        with _LogFiles(self._layout.log, folder / "logs" / "scripts.log", self._order.deployment_id) as files:
            log.also(files.write)
            log.line(f"LifecycleEvent - {event}")
            run = ScriptRun(archive, self._environ(event), root=self._layout.root, log=log)
            for script in scripts:
                run.run(script)

    def _environ(self, event: str) -> dict[str, str]:
        """The agent's own environment, and what it tells a script."""
        order = self._order
        return {
            **os.environ,
            **order.variables,
            "LIFECYCLE_EVENT": event,
            "DEPLOYMENT_ID": order.deployment_id,
            "APPLICATION_NAME": order.application,
            "DEPLOYMENT_GROUP_NAME": order.group_name,
            "DEPLOYMENT_GROUP_ID": order.group_id,
            "AWSPIPE_ROOT": order.root.rstrip("/"),
        }


def read_appspec(archive: Path) -> ServerAppspec:
    """The appspec of an unpacked revision; AgentError with every problem where it cannot be used."""
    path = appspec_of(archive)
    try:
        found = parse(path.read_bytes(), path.name).get()
        if found.os != "linux":
            raise AgentError(f"{path.name} is for hosts with {found.os}, and this one has linux")
        return found
    except SpecError as error:
        raise AgentError("\n".join(f"{one.where()}: {one.message}" for one in error.problems)) from error


class _LogFiles:
    """The two files that keep what scripts say: one of the deployment, one of all of them."""

    def __init__(self, whole: Path, own: Path, deployment: str) -> None:
        self._paths = (whole, own)
        self._deployment = deployment
        self._files: list[TextIO] = []

    def __enter__(self) -> _LogFiles:
        for path in self._paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files.append(path.open("a", encoding="utf-8"))
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def write(self, line: str) -> None:
        """One more line."""
        now = datetime.datetime.now(datetime.UTC)
        self._files[0].write(f"[{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03}] ")
        self._files[0].write(f"[{self._deployment}]{line}\n")
        self._files[1].write(f"{now:%Y-%m-%d %H:%M:%S} {line}\n")
        for file in self._files:
            file.flush()
