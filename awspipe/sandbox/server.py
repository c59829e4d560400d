"""The sandbox's server: moto with our services behind the front, on a port of this machine's loopback.

Realism for tests, off by default: `AWSPIPE_SANDBOX_ROLE_DELAY` (seconds that a new role is unusable),
`AWSPIPE_SANDBOX_SLOW_LISTS` (seconds that lists do not show what is new), `AWSPIPE_SANDBOX_THROTTLE` (every
so many calls one is throttled) and `AWSPIPE_SANDBOX_DELAY_MS` (added to every API call), or the options of
the same names. `AWSPIPE_SANDBOX_ACCOUNT_PLAN` says what the account is to AWS's Free Tier: `legacy`, `free`
or `paid`.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from awspipe import __version__
from awspipe.errors import AwspipeError, UsageError
from awspipe.sandbox import process, record, serving

if TYPE_CHECKING:
    from awspipe.sandbox.front import Front, Realism
    from awspipe.sandbox.saving import Changes, Saver
    from awspipe.sandbox.siteports import SitePorts
    from awspipe.sandbox.state import Store

log = logging.getLogger("awspipe.sandbox")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; the exit code."""
    options = _options(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        _serve_alone(options)
    except AwspipeError as error:
        print(f"awspipe sandbox: {error.message}\n  hint: {error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m awspipe.sandbox", description="Play AWS on this machine."
    )
    parser.add_argument("--state-dir", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--port", type=int, default=0, help="serve at this port and no other")
    for name, kind, what in (
        ("role-delay", float, "seconds that a new role is unusable"),
        ("slow-lists", float, "seconds that a new thing is missing in lists"),
        ("throttle", int, "throttle every so many calls one"),
        ("delay-ms", float, "milliseconds added to every API call"),
    ):
        default = os.environ.get(f"AWSPIPE_SANDBOX_{name.upper().replace('-', '_')}") or "0"
        parser.add_argument(f"--{name}", type=kind, default=default, help=what)
    plan = os.environ.get("AWSPIPE_SANDBOX_ACCOUNT_PLAN") or "free"
    parser.add_argument(
        "--account-plan", type=_account_plan, default=plan, help="what the account is to AWS's Free Tier"
    )
    return parser.parse_args(argv)


def _account_plan(word: str) -> str:
    if word not in record.ACCOUNT_PLANS:
        raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(record.ACCOUNT_PLANS)}")
    return word


_KILLED = 5.0
"""Seconds that a server waits for its lock: one that was killed holds it until its last thread has ended."""


def _serve_alone(options: argparse.Namespace) -> None:
    directory: Path = options.state_dir.absolute()
    record.prepare(directory)
    os.chdir(directory)
    try:
        with process.locked(directory / "server.lock", timeout=_KILLED):
            _serve(directory, options)
    except process.LockedError as error:
        raise UsageError(
            f"another server is running on {directory}", hint="`awspipe sandbox status` shows where"
        ) from error


def _serve(directory: Path, options: argparse.Namespace) -> None:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    who = record.identity(directory)
    with serving.listen(options.port, who.port) as listener:
        port = listener.getsockname()[1]
        note = _port_note(directory, who, port)
        running = _record(who, port)
        _surround(running)
        from awspipe.sandbox import seam, watching  # and with it moto, which finds its settings now

        front, saver, sites = _build(directory, running, options, note=note)
        server = serving.Server(front, listener)
        server.start()
        sites.refresh()
        saver.start()
        watch = watching.Watch()
        watch.start()
        record.write(directory, running)
        log.info("the sandbox serves at %s", running.url)
        stopped.wait()
        log.info("the sandbox stops")
        server.stop()
        watch.stop()
        sites.close()
        seam.close()
        saver.close()
        record.remove(directory)
    log.info("the sandbox has stopped")


def _port_note(directory: Path, who: record.Identity, port: int) -> str:
    """Keep the first port; what to tell about another one."""
    if not who.port:
        record.remember_port(directory, who, port)
    if who.port in (0, port):
        return ""
    note = (
        f"port {who.port} is taken, so it serves at {port} this time: "
        "`awspipe up` in a project leads its git remote there"
    )
    log.warning(note)
    return note


def _record(who: record.Identity, port: int) -> record.Record:
    return record.Record(
        pid=os.getpid(),
        process_started=process.started(os.getpid()),
        url=f"http://{serving.HOST}:{port}",
        access_key=who.access_key,
        secret_key=who.secret_key,
        version=__version__,
        started=time.time(),
    )


def _surround(running: record.Record) -> None:
    """Make this process, and every build it starts, see the sandbox and nothing of the user's own AWS.

    Before moto is imported: it reads its settings then, and one too late leaves it open to web pages.
    """
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        del os.environ[name]
    os.environ |= {
        "MOTO_DISABLE_GLOBAL_CORS": "true",
        "MOTO_ACCOUNT_ID": record.ACCOUNT,
        "AWS_ENDPOINT_URL": running.url,
        "AWS_ACCESS_KEY_ID": running.access_key,
        "AWS_SECRET_ACCESS_KEY": running.secret_key,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _build(
    directory: Path, running: record.Record, options: argparse.Namespace, *, note: str
) -> tuple[Front, Saver, SitePorts]:
    """Put the parts together: backends with their state, git, the front, the saver and the sites' ports."""
    from awspipe.sandbox import saving, seam, state
    from awspipe.sandbox.front import Realism
    from awspipe.sandbox.runtime import Runtime
    from awspipe.sandbox.siteports import SitePorts

    _forget_models()
    changes = saving.Changes()
    lock = saving.WatchedLock(lambda: changes.note(*saving.OWN))
    sites = SitePorts(record.ACCOUNT, directory / "sites.json")
    seam.install(
        Runtime(
            state_dir=directory,
            lock=lock,
            role_delay=options.role_delay,
            slow_lists=options.slow_lists,
            account_plan=options.account_plan,
            endpoint=running.url,
            changes=changes,
            sites_changed=sites.refresh,
        )
    )
    store = state.Store(directory / "state")
    log.info("restored %d backends", store.restore())
    seam.resume()
    front = _front(
        running,
        Realism(options.throttle, options.delay_ms / 1000),
        changes,
        health=lambda: _health(running, store, sites, [note, _unsaved(changes)]),
    )
    return front, saving.Saver(store, lock, changes), sites


def _front(
    running: record.Record, realism: Realism, changes: Changes, *, health: Callable[[], dict[str, Any]]
) -> Front:
    """What answers each request: AWS's API, git, the hosts' agents, the sites."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from awspipe.sandbox import codecommit, saving
    from awspipe.sandbox.front import Front, SignedApi
    from awspipe.sandbox.githttp import GitHttp
    from awspipe.sandbox.hostapi import HostApi
    from awspipe.sandbox.website import Website

    key = {"access_key": running.access_key, "secret_key": running.secret_key}
    return Front(
        api=SignedApi(
            DomainDispatcherApplication(create_backend_app),
            realism=realism,
            changed=lambda service: changes.note(saving.concerned(service)),
            **key,
        ),
        git=GitHttp(codecommit, account=record.ACCOUNT, **key),
        hosts=HostApi(account=record.ACCOUNT, **key),
        sites=Website(record.ACCOUNT),
        health=health,
        settle=changes.settle,
        port=int(running.url.rpartition(":")[2]),
    )


def _health(running: record.Record, store: Store, sites: SitePorts, notes: list[str]) -> dict[str, Any]:
    return {
        "sandbox": "awspipe",
        "version": running.version,
        "pid": running.pid,
        "fingerprint": record.fingerprint(running.secret_key),
        "not_kept": store.not_kept(),
        "notes": [note for note in notes if note],
        "sites": sites.addresses(),
    }


def _unsaved(changes: Changes) -> str:
    return f"its state cannot be saved: {changes.failure}" if changes.failure else ""


def _forget_models() -> None:
    """Let go of what is deleted: moto keeps a list of every model ever made, each S3 object's bytes included.

    It needs the list only for its dashboard and for the end of a test, and the sandbox has neither.
    """
    from moto.core.common_models import BaseModel

    def new(cls: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
        return super(BaseModel, cls).__new__(cls)

    BaseModel.__new__ = new  # type: ignore[method-assign]
