"""EventBridge as AWS has it, where moto's differs: who may publish, which rules deliver, and to what."""

from __future__ import annotations

import copy
import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.resource_tagging import TaggedResource
from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule, events_backends
from moto.events.responses import EventsHandler
from werkzeug.exceptions import HTTPException

from awspipe.sandbox import runtime, saving

log = logging.getLogger("awspipe.sandbox")


@dataclass(frozen=True, slots=True)
class Event:
    """What a service says on the default event bus."""

    source: str
    detail_type: str
    detail: dict[str, Any]
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to one target of one rule. `input` is what the target gets."""

    rule_arn: str
    target_arn: str
    role_arn: str
    input: Any


TARGETS: dict[str, Callable[[Delivery], None]] = {}
"""The services that the sandbox itself plays as targets, by the service's name in ARNs."""


def publish(account: str, region: str, event: Event) -> None:
    """Publish as AWS's own services do: only they may use a source that begins with `aws.`."""
    events_backends[account][region].put_events(
        [
            {
                "Source": event.source,
                "DetailType": event.detail_type,
                "Detail": json.dumps(event.detail),
                "Resources": list(event.resources),
            }
        ]
    )


def install() -> None:
    """Put AWS's rules into moto's EventBridge; again is harmless."""
    if hasattr(Rule.send_to_targets, "__wrapped__"):
        return
    for owner, name, wrapper in _CHANGES:
        setattr(owner, name, wrapper(getattr(owner, name)))


def _delivering(original: Callable[..., None]) -> Callable[..., None]:
    """Only enabled rules with a pattern that matches deliver; our own targets get the event from us."""

    @wraps(original)
    def send_to_targets(self: Any, original_event: Any, transform_input: bool = True) -> None:
        if self.state == "DISABLED" or not self.event_pattern.get_pattern():
            return
        if not self.event_pattern.matches_event(original_event):
            return
        for target in list(self.targets):
            handler = TARGETS.get(target["Arn"].split(":")[2])
            if handler is not None:
                handler(_delivery(self, target, original_event))
            else:
                _to_moto(original, self, target, event=original_event, transform_input=transform_input)

    return send_to_targets


def _to_moto(
    original: Callable[..., None], rule: Any, target: Any, *, event: Any, transform_input: bool
) -> None:
    alone = copy.copy(rule)
    alone.targets = [target]
    runtime.current().changes.note(saving.ALL)  # whatever service it reaches
    try:
        original(alone, copy.deepcopy(event), transform_input)
    except NotImplementedError:
        log.warning("the sandbox does not deliver events to %s", target["Arn"])
    except (HTTPException, ServiceException) as error:  # the roots of moto's own; who publishes hears of none
        log.warning("an event could not be delivered to %s: %s", target["Arn"], error)


def _delivery(rule: Any, target: dict[str, Any], event: Any) -> Delivery:
    return Delivery(rule.arn, target["Arn"], target.get("RoleArn", ""), _input(target, event))


def _input(target: dict[str, Any], event: Any) -> Any:
    if "Input" in target:
        return json.loads(target["Input"])
    if "InputTransformer" not in target:
        return event
    transformer = target["InputTransformer"]
    paths = transformer.get("InputPathsMap", {})
    values = {name: _at(event, path) for name, path in paths.items()}
    return _filled(transformer["InputTemplate"], values)


def _at(event: Any, path: str) -> Any:
    """The value at `$.detail.commitId`; None where there is none."""
    for name in path.split(".")[1:]:
        event = event.get(name) if isinstance(event, dict) else None
    return event


def _filled(template: str, values: dict[str, Any]) -> Any:
    """An input template with its `<name>`s replaced: inside quotes as text, elsewhere as JSON."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        quoted = len(_QUOTE.findall(template[: match.start()])) % 2
        text = found if isinstance(found, str) else json.dumps(found)
        return json.dumps(text)[1:-1] if quoted else json.dumps(found)

    filled = _PLACE.sub(value, template)
    try:
        return json.loads(filled)
    except ValueError:
        return filled


_PLACE = re.compile(r"<([A-Za-z0-9_-]+)>")
_QUOTE = re.compile(r'(?<!\\)"')


def _keeping_tags(original: Callable[..., Any]) -> Callable[..., Any]:
    """PutRule takes tags for a new rule only; for one that exists AWS ignores them."""

    @wraps(original)
    def put_rule(self: Any, name: str, **members: Any) -> Any:
        bus = self._get_event_bus(self._normalize_event_bus_arn(members.get("event_bus_arn")))
        if name in bus.rules:
            members["tags"] = None
        return original(self, name, **members)

    return put_rule


def _asking_for_roles(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def put_targets(self: Any, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
        for target in targets:
            if ":codepipeline:" in target["Arn"] and not target.get("RoleArn"):
                raise ValidationException(f"RoleArn is required for target {target['Arn']}.")
        original(self, name, event_bus_arn, targets)

    return put_targets


def _with_rules(original: Callable[..., Iterator[TaggedResource]]) -> Callable[..., Iterator[TaggedResource]]:
    """moto's tagging API knows event buses, but not their rules."""

    @wraps(original)
    def iter_tagged_resources(self: Any) -> Iterator[TaggedResource]:
        yield from original(self)
        for bus in self.event_buses.values():
            for rule in bus.rules.values():
                tags = self.tagger.get_tag_dict_for_resource(rule.arn)
                yield TaggedResource(rule.arn, tags, "events:rule")

    return iter_tagged_resources


_FOREIGN = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}


def _refusing_aws_sources(original: Callable[..., str]) -> Callable[..., str]:
    """A caller may not speak as AWS: such an entry fails, the others go through."""

    @wraps(original)
    def put_events(self: Any) -> str:
        entries = self._get_param("Entries")
        allowed = [one for one in entries if not str(one.get("Source", "")).startswith("aws.")]
        answers = iter(self.events_backend.put_events(allowed))
        merged = [next(answers) if one in allowed else dict(_FOREIGN) for one in entries]
        failed = sum("ErrorCode" in one for one in merged)
        return json.dumps({"FailedEntryCount": failed, "Entries": merged})

    return put_events


_CHANGES: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (Rule, "send_to_targets", _delivering),
    (EventsBackend, "put_rule", _keeping_tags),
    (EventsBackend, "put_targets", _asking_for_roles),
    (EventsBackend, "iter_tagged_resources", _with_rules),
    (EventsHandler, "put_events", _refusing_aws_sources),
)
