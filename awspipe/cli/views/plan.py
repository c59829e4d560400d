"""A plan in lines and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
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


def lines(plan: Plan, commit: str = "") -> Iterator[str]:
    """What would happen, one line a resource, the fields that differ below; then the counts."""
    for step in plan.work:
        yield columns.row(SIGNS[step.verb], step.key.kind, _name(step, commit))
        for change in step.changes:
            yield f"      {change.path}: {_told(change, change.before)} -> {_told(change, change.after)}"
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


def _told(change: Change, value: Any) -> str:
    return shown(_masked(change, value))


def shown(value: Any) -> str:
    """A field's value in one short line."""
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    flat = " ".join(text.split())
    return flat if len(flat) <= _WIDTH else flat[: _WIDTH - 3] + "..."


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
