"""What `awspipe sandbox hosts` says. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

_NONE = "there are no hosts: `awspipe sandbox hosts add NAME --tag KEY=VALUE` makes one"


def lines(hosts: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each host, with what it serves below."""
    return [line for one in hosts for line in _host(one)] or [_NONE]


def made(host: dict[str, Any]) -> str:
    """A new host."""
    what = f", as the on-premises instance {host['instance_id']}" if host["kind"] == "on-premises" else ""
    return f"the host {host['name']} is there{what}: {_tags(host)}; what it serves will be at {host['url']}"


def _host(one: dict[str, Any]) -> Iterator[str]:
    yield f"{one['name']}  {one['url']}  {_tags(one)}  {one['region']}  {_state(one)}"
    if one["kind"] == "ec2":
        yield f"  EC2 instance {one['instance_id']}"
    else:
        yield f"  on-premises instance {one['instance_id']}"
    if one["made_for"]:
        yield f"  made for {one['made_for']}, and goes with it (AWS would not make it)"
    for deployed in one["deployed"]:
        yield f"  {deployed['deployment']} of {deployed['group'] or 'a group that is gone'} runs here"


def _tags(one: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in one["tags"].items()) or "no tags"


def _state(one: dict[str, Any]) -> str:
    return "up" if one["running"] else "not started yet"
