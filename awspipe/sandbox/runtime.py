"""What the sandbox's backends share with the process they run in: where state lies, the time, one lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from awspipe.sandbox.jobs import Jobs
from awspipe.sandbox.saving import Changes, WatchedLock

if TYPE_CHECKING:
    from awspipe.sandbox.actions.base import Job, Key
    from awspipe.sandbox.deploy.machine import Machine


@dataclass(kw_only=True)
class Runtime:
    """The surroundings of one sandbox. Never pickled: backends ask `current()` for it."""

    state_dir: Path
    clock: Callable[[], float] = time.time
    lock: threading.RLock = field(default_factory=threading.RLock)
    role_delay: float = 0.0
    """Seconds during which a new role is unusable, as on AWS where IAM is eventually consistent."""
    account_plan: str = "free"
    """What the account is to AWS's Free Tier: `legacy` (made before 2025-07-15), `free` or `paid`."""
    slow_lists: float = 0.0
    """Seconds during which lists do not show what is new (slowlists.py)."""
    births: dict[tuple[str, str], float] = field(default_factory=dict)
    """When what lists do not show yet was made, by service and name."""
    endpoint: str | None = None
    """Where this sandbox is served, e.g. `http://127.0.0.1:4711`; None in process."""
    jobs: Jobs = field(default_factory=Jobs)
    """What runs behind the answers: actions, builds, deployments."""
    machines: dict[tuple[str, str, str], Machine] = field(default_factory=dict)
    """The running hosts, by account, region and name."""
    ends: dict[str, threading.Event] = field(default_factory=dict)
    """Set when a deployment ends, by its id."""
    changes: Changes = field(default_factory=Changes)
    """What is to be saved."""
    sites_changed: Callable[[], None] = lambda: None
    """Hears that a bucket may have become a site, or is none any more."""
    actions: Mapping[Key, Job] = field(default_factory=dict)
    """What plays actions in place of the modules in `actions/`."""

    @property
    def reading(self) -> AbstractContextManager[Any]:
        """The lock, for who changes nothing."""
        return self.lock.unnoticed() if isinstance(self.lock, WatchedLock) else self.lock

    def drain(self) -> None:
        """Wait until nothing runs behind the answers; what waits for a person does not run."""
        if not self.jobs.drain():
            raise TimeoutError("the sandbox's jobs do not end")


class _Holder:
    """The one runtime of this process."""

    runtime: Runtime | None = None


def use(runtime: Runtime | None) -> None:
    """Make `runtime` the one that every backend of this process uses; None takes it away."""
    _Holder.runtime = runtime


def current() -> Runtime:
    """The runtime in use."""
    if _Holder.runtime is None:
        raise RuntimeError("no sandbox runtime: call awspipe.sandbox.seam.install(Runtime(...)) first")
    return _Holder.runtime


def installed() -> Runtime | None:
    """The runtime in use, or None where no sandbox was installed."""
    return _Holder.runtime
