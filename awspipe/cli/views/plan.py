"""A plan in lines and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from awspipe.cli.views import columns
from awspipe.formats.secrets import MASK, SECRET_NAME, redacted_value
from awspipe.plan import Change, Plan, Step, Verb

SIGNS = {
    Verb.CREATE: "+",
    Verb.UPDATE: "~",
    Verb.ADOPT: "@",
    Verb.DELETE: "-",
    Verb.PUSH: "+",
    Verb.KEEP: " ",
}
_WIDTH = 60
_CONTEXT = 15


def lines(plan: Plan, commit: str = "") -> Iterator[str]:
    """What would happen, one line a resource, the fields that differ below; then the counts."""
    for step in plan.work:
        yield columns.row(SIGNS[step.verb], step.key.kind, _name(step, commit))
        for change in step.changes:
            before, after = _told(change)
            yield f"      {change.path}: {before} -> {after}"
    for reference in plan.references:
        used = f"{reference.name} (yours: used as it is, never changed or removed)"
        yield columns.row("=", reference.kind, used)
    for key, kept in plan.kept:
        yield columns.row("=", key.kind, f"{key.name} (no longer in the spec; stays: {kept.why})")
    for key, remark in plan.remarks:
        yield f"  ! {key}: {remark}"
    yield counts(plan)


def _name(step: Step, commit: str) -> str:
    """What a step is done to; for a push, what goes where."""
    if step.verb is Verb.ADOPT:
        return f"{step.key.name} (adopted: from then on `down` removes it)"
    if step.source is None:
        return step.key.name
    return f"{commit or 'HEAD'} to branch {step.source.branch} of repository {step.source.repository}"


def counts(plan: Plan) -> str:
    """One line that says how much would happen."""
    if not plan.work:
        return f"{plan.scope.pipeline}: no changes"
    create, update, delete = (plan.count(verb) for verb in (Verb.CREATE, Verb.UPDATE, Verb.DELETE))
    push = f", {plan.count(Verb.PUSH)} to push" if plan.count(Verb.PUSH) else ""
    adopt = f", {plan.count(Verb.ADOPT)} to adopt" if plan.count(Verb.ADOPT) else ""
    return f"{plan.scope.pipeline}: {create} to create, {update} to update, {delete} to delete{adopt}{push}"


_VARIABLE = re.compile(r"environmentVariables\[(?P<name>[^]]+)\]\.value")


def _masked(change: Change, value: Any) -> Any:
    """A field's value, but that of a variable whose name says that it is nobody else's."""
    variable = _VARIABLE.search(change.path)
    hides = variable is not None and value is not None and SECRET_NAME.search(variable["name"])
    return MASK if hides else redacted_value(value)


def _told(change: Change) -> tuple[str, str]:
    """Before and after in a short line each: of long ones, what differs."""
    before, after = _masked(change, change.before), _masked(change, change.after)
    if max(len(_flat(before)), len(_flat(after))) > _WIDTH:
        before, after = _without_common(before, after)
    texts = _flat(before), _flat(after)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    start = same - _CONTEXT if same > _WIDTH - _CONTEXT else 0
    return _clipped(texts[0], start), _clipped(texts[1], start)


def _without_common(before: Any, after: Any) -> tuple[Any, Any]:
    """Two lists without what both have; as they are where that is all."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return before, after
    gone = [one for one in before if one not in after]
    new = [one for one in after if one not in before]
    shorter = (gone or new) and len(gone) < len(before)
    return (["...", *gone], ["...", *new]) if shorter else (before, after)


def _flat(value: Any) -> str:
    """A field's value in one line."""
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split())


def _clipped(text: str, start: int) -> str:
    whole = f"...{text[start:]}" if start else text
    return whole if len(whole) <= _WIDTH else whole[: _WIDTH - 3] + "..."


def document(plan: Plan) -> dict[str, Any]:
    """A plan as JSON."""
    return {
        "pipeline": plan.scope.pipeline,
        "account": plan.scope.account,
        "region": plan.scope.region,
        "changes": bool(plan.work),
        "steps": [_step(step) for step in plan.steps],
        "uses": [{"kind": one.kind, "name": one.name} for one in plan.references],
        "keeps": [{"kind": key.kind, "name": key.name, "why": kept.why} for key, kept in plan.kept],
        "remarks": [{"kind": key.kind, "name": key.name, "remark": remark} for key, remark in plan.remarks],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "verb": str(step.verb),
        "kind": step.key.kind,
        "name": step.key.name,
        "changes": [_change(change) for change in step.changes],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "path": change.path,
        "before": _masked(change, change.before),
        "after": _masked(change, change.after),
    }
