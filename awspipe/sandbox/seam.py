"""The seam to moto: one call makes moto answer with the sandbox's own backends, in process and served.

Both of moto's modes look up a service's handlers in `moto.<service>.urls.url_paths`: swapping those is
enough. A server must call `install` before its first request, because moto builds its Flask apps once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from moto.core.base_backend import BackendDict

from awspipe.sandbox import (
    box,
    codebuild,
    codecommit,
    codeconnections,
    codedeploy,
    codepipeline,
    eventbus,
    freetier,
    mail,
    names,
    pricelist,
    runtime,
    s3,
    shortcuts,
    slowlists,
    turns,
)
from awspipe.sandbox.service import Backend, SandboxResponse

__all__ = ["SERVICES", "Backend", "SandboxResponse", "Service", "install"]


class Service(NamedTuple):
    """A service that the sandbox plays itself: its name in boto3, its backends by account and region."""

    name: str
    backends: BackendDict[Any]


SERVICES: tuple[Service, ...] = (
    Service("codecommit", codecommit.codecommit_backends),
    Service("codeconnections", codeconnections.codeconnections_backends),
    Service("codebuild", codebuild.codebuild_backends),
    Service("codedeploy", codedeploy.codedeploy_backends),
    Service("codepipeline", codepipeline.codepipeline_backends),
    Service("freetier", freetier.freetier_backends),
    Service("pricing", pricelist.pricing_backends),
)

_RESPONSES: dict[str, type[SandboxResponse]] = {
    "codecommit": codecommit.Response,
    "codebuild": codebuild.Response,
    "codedeploy": codedeploy.Response,
    "codepipeline": codepipeline.Response,
}


def resume() -> None:
    """After a restart: let every service go on with what it was doing."""
    played = runtime.current()
    for folder in sorted((played.state_dir / "builds").glob("*")):
        box.discard(folder)  # of builds that ran when the sandbox was killed
    with played.lock:
        for backend in _backends():
            backend.resume()


def close(timeout: float = 10.0) -> bool:
    """End what runs behind the answers, and begin nothing new; whether all of it has ended."""
    played = runtime.current()
    played.jobs.close()
    with played.lock:
        for backend in _backends():
            backend.halt()
    return played.jobs.drain(timeout)


def _backends() -> list[Backend]:
    """Every backend of ours in use; those that others wait for come first."""
    found: list[Any] = [one for service in SERVICES for one in service.backends.iter_backends()]
    return [backend for _, _, backend in found]


def install(runtime_: runtime.Runtime) -> None:
    """Play the services of `SERVICES` in this process, in `runtime_`; again only changes the runtime."""
    runtime.use(runtime_)
    for name, response in _RESPONSES.items():
        urls = import_module(f"moto.{name}.urls")
        urls.url_paths.clear()
        urls.url_paths["{0}/$"] = response.dispatch
    codeconnections.install()
    freetier.install()
    pricelist.install()
    eventbus.TARGETS["codepipeline"] = codepipeline.start_by_rule
    eventbus.TARGETS["sns"] = mail.tell
    eventbus.install()
    mail.install()
    s3.install()
    turns.install()
    names.install()
    slowlists.install()
    shortcuts.install()
