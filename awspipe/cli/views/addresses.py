"""What a user may want to open, as far as the target serves it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from awspipe.addresses import console_url
from awspipe.cli.target import Target
from awspipe.naming import Scope
from awspipe.providers.base import Address
from awspipe.providers.s3_source import UPLOAD


def lines(target: Target, scope: Scope, addresses: Iterable[Address]) -> Iterator[str]:
    """One line an address, labels aligned."""
    for address in known(target, scope, addresses):
        yield f"  {address.label:<11} {address.url}"


def known(target: Target, scope: Scope, addresses: Iterable[Address]) -> Iterator[Address]:
    """The addresses as this target has them."""
    for address in addresses:
        yield address if not target.sandbox else _in_sandbox(target, scope, address)
    for host in target.hosts():
        groups = (host["made_for"], *(one["group"] for one in host["deployed"]))
        ours = any((name or "").startswith(f"{scope.application}/") for name in groups)
        if ours and host["region"] == scope.region:
            yield Address("Server", host["url"], host["name"])
    if not target.sandbox:
        yield Address("Console", console_url(scope), scope.pipeline)


def _in_sandbox(target: Target, scope: Scope, address: Address) -> Address:
    if address.label == "Repository":
        url = f"{target.aws.endpoint_url}/_awspipe/git/{scope.region}/v1/repos/{address.name}"
        return Address(address.label, url, address.name)
    if address.label == UPLOAD:
        return address
    return Address(address.label, target.sites().get(address.name) or _by_name(target, address), address.name)


def _by_name(target: Target, address: Address) -> str:
    """The name under which browsers know a site that has no port yet."""
    port = urlsplit(target.aws.endpoint_url or "").port
    return f"http://{address.name}.s3-website.localhost:{port}/"


def pushes(found: Iterable[Address], what: str) -> Iterator[tuple[str, str]]:
    """The command that sends a commit to the pipeline, where its repository is one that `up` leads to."""
    if any(one.label == "Repository" for one in found):
        yield "git push awspipe", what


def uploads(found: Iterable[Address], what: str) -> Iterator[tuple[str, str]]:
    """The command that sends the pipeline a source, where that is uploaded to a bucket of ours."""
    for one in found:
        if one.label == UPLOAD:
            yield shlex.join(("aws", "s3", "cp", one.url.rpartition("/")[2], one.url)), what


def documents(target: Target, scope: Scope, addresses: Iterable[Address]) -> list[dict[str, Any]]:
    """The addresses as JSON."""
    return [{"label": one.label, "name": one.name, "url": one.url} for one in known(target, scope, addresses)]
