"""Where the agent keeps its things on a host: the directories of AWS's own agent."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from awspipe.sandbox.agent.order import AgentError, Order

ARCHIVES = 5
"""Revisions of one deployment group that are kept."""

_HOME = "opt/codedeploy-agent/deployment-root"


@dataclass(frozen=True, slots=True)
class Layout:
    """The agent's directories under the root of a host."""

    root: Path

    @property
    def home(self) -> Path:
        """The deployment root."""
        return self.root / _HOME

    @property
    def instructions(self) -> Path:
        """What is remembered from one deployment to the next."""
        return self.home / "deployment-instructions"

    @property
    def log(self) -> Path:
        """What all scripts of all deployments said."""
        return self.home / "deployment-logs" / "codedeploy-agent-deployments.log"

    def deployment(self, order: Order) -> Path:
        """The directory of one deployment."""
        return self.home / order.group_id / order.deployment_id

    def archive(self, order: Order) -> Path:
        """Where the revision of a deployment is unpacked."""
        return self.deployment(order) / "deployment-archive"

    def cleanup_file(self, group: str) -> Path:
        """What the last deployment of a group made, for the next one to remove."""
        return self.instructions / f"{group}-cleanup"

    def install_file(self, group: str) -> Path:
        """What the last deployment of a group was to do."""
        return self.instructions / f"{group}-install.json"

    def on_host(self, path: str) -> Path:
        """Where an absolute path of an appspec is: below the root, whatever `..` it holds."""
        return Path(os.path.join(self.root, os.path.normpath("/" + path).lstrip("/")))  # noqa: PTH118

    def shown(self, path: Path) -> str:
        """A path as the host itself has it."""
        return "/" + str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    # The two pointers of a group

    def last_successful(self, group: str) -> Path | None:
        """The deployment whose Install ended well last.

        As in AWS's agent this is so from the end of Install on, not from the end of the deployment.
        """
        return self._pointed(f"{group}_last_successful_install")

    def point_last_successful(self, order: Order) -> None:
        """Say that a deployment is installed."""
        self._point(f"{order.group_id}_last_successful_install", order)

    def point_most_recent(self, order: Order) -> None:
        """Say that a deployment is unpacked."""
        self._point(f"{order.group_id}_most_recent_install", order)

    def _pointed(self, name: str) -> Path | None:
        try:
            text = (self.instructions / name).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        return self.on_host(text)

    def _point(self, name: str, order: Order) -> None:
        self.instructions.mkdir(parents=True, exist_ok=True)
        text = self.shown(self.deployment(order))
        (self.instructions / name).write_text(text, encoding="utf-8")

    def forget_old(self, order: Order) -> None:
        """Keep the newest revisions of the group, and always the last one that was installed."""
        present = self.deployment(order)
        folders = [one for one in present.parent.iterdir() if one.is_dir() and one != present]
        extra = len(folders) - ARCHIVES + 1
        last = self.last_successful(order.group_id)
        oldest = sorted((one for one in folders if one != last), key=lambda one: one.stat().st_mtime)
        for one in oldest[: max(0, extra)]:
            shutil.rmtree(one, ignore_errors=True)


def appspec_of(archive: Path) -> Path:
    """The appspec of an unpacked revision; AgentError, in the agent's words, where there is none."""
    for name in ("appspec.yml", "appspec.yaml"):
        if (archive / name).is_file():
            return archive / name
    text = (
        "The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at "
        f'revision-relative path "appspec.yml". The revision was unpacked to directory "{archive}", and the '
        f'AppSpec file was expected but not found at path "{archive / "appspec.yml"}". Consult the AWS '
        "CodeDeploy Appspec documentation for more information at "
        "http://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html"
    )
    raise AgentError(text)
