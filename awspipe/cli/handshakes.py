"""What `up` says of a connection that waits for a person: where it is completed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from awspipe.cli.target import Target
from awspipe.errors import AwspipeError, HandshakeError
from awspipe.events import Event, Handshake, Waiting
from awspipe.providers.connected import Connected
from awspipe.spec.flow import resolve
from awspipe.spec.models import Pipeline as Spec


def told(target: Target, specs: Sequence[Spec], event: Event) -> Event:
    """A handshake as something that is waited for, in the words of where it happens."""
    if not isinstance(event, Handshake):
        return event
    start = f"connection {event.name} waits for somebody to complete it at {event.provider}"
    limit = f"up to {event.limit / 60:.0f} min"
    if target.sandbox:
        return Waiting(f"{start} ({limit}); in another terminal:\n    {_connect(target, specs, event.name)}")
    way = f'choose {event.name} there, then "Update pending connection"'
    return Waiting(f"{start} ({limit})\n    {event.url}\n    {way}")


def corrected(target: Target, specs: Sequence[Spec], error: AwspipeError) -> None:
    """Where the sandbox plays AWS, no console completes a connection."""
    if isinstance(error, HandshakeError) and target.sandbox:
        error.hint = _connect(target, specs, error.name)


def _connect(target: Target, specs: Sequence[Spec], name: str) -> str:
    """The command that completes a connection, PATH being the git repository that stands for the real one."""
    actions = [one.action for spec in specs for stage in resolve(spec) for one in stage.actions]
    names = [one.repository for one in actions if isinstance(one, Connected)]
    plain = replace(target, options=replace(target.options, sandbox=False))
    return plain.command_anywhere("sandbox", "connect", name, names[0] if names else "OWNER/NAME", "PATH")
