"""Where a commit is, in lines and as JSON; and the exit code that says the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from awspipe.cli import exits
from awspipe.cli.target import Target
from awspipe.cli.views import addresses, causes, columns
from awspipe.cli.views.moments import age, commit, first_line
from awspipe.cli.views.status import execution_document
from awspipe.cli.views.steering import named
from awspipe.executions import Execution
from awspipe.whereabouts import MOST, Place, Whereabouts

_CODES = {
    Place.FAILED: exits.FAILED,
    Place.STOPPED: exits.FAILED,
    Place.RUNNING: exits.PENDING,
    Place.WAITING: exits.PENDING,
    Place.UNKNOWN: exits.UNKNOWN,
}
_WORST = (exits.FAILED, exits.PENDING, exits.UNKNOWN, exits.DONE)


def exit_code(found: Iterable[Whereabouts]) -> int:
    """0 live or replaced since, 5 failed or stopped, 8 under way; 1 where nothing knows of it.

    Of several pipelines the worst; one that does not know the commit counts only where none does. A commit
    that was superseded is where the one is that went on in its place.
    """
    codes = {_CODES.get(one.end.place, exits.DONE) for one in found}
    return next(code for code in _WORST if code in (codes - {exits.UNKNOWN} or codes))


def lines(target: Target, found: Whereabouts, now: datetime) -> Iterator[str]:
    """The commit, where it is, and what to type next."""
    one = found.execution
    about = commit(one.revision, one.message) if one else ""
    yield f"{found.commit[:7]}, carried by {about}" if found.within else about or found.commit[:7]
    yield from _where(found, now)
    yield from columns.next_commands(_next(target, found))


_SAYS = {
    Place.LIVE: "● live",
    Place.REPLACED: "● was live",
    Place.RUNNING: "▶ under way{at}",
    Place.WAITING: "○ waits before {stage}",
    Place.FAILED: "× failed{at}",
    Place.STOPPED: "■ {state}{at}",
    Place.SUPERSEDED: "■ superseded",
}


def _where(found: Whereabouts, now: datetime) -> Iterator[str]:
    name, one = found.board.scope.pipeline, found.execution
    if one is None:
        looked = f"the newest {found.looked}" if found.looked >= MOST else f"{found.looked}"
        yield f"  ? no execution of {name} carries it ({looked} looked through)"
        return
    stage = found.stage.name if found.stage else ""
    at = f" in {stage}" if stage else ""
    says = _SAYS[found.place].format(stage=stage, at=at, state=one.state.lower())
    yield f"  {says}: execution {one.id[:8]} of {name}{_when(one, now)}"
    yield from (f"    {line}" for line in _more(found, one))
    yield from causes.lines(found.causes, "    ")
    if found.then:
        yield from _where(found.then, now)


def _when(one: Execution, now: datetime) -> str:
    word, moment = ("started", one.started) if one.running else ("ended", one.updated)
    return f", {word} {age(moment, now)} ago" if moment else ""


def _more(found: Whereabouts, one: Execution) -> Iterator[str]:
    """What else there is to say of it."""
    stage, by = found.stage, named(found.by) if found.by else ""
    match found.place:
        case Place.LIVE if by and stage:
            yield f"after it came {by}: {stage.state} in {stage.name}"
        case Place.REPLACED | Place.SUPERSEDED:
            yield f"by {by or 'another execution'}"
        case Place.WAITING if stage and stage.closed is not None:
            yield f"entry disabled: {first_line(stage.closed)}"
        case Place.WAITING if by:
            yield f"which {by} holds"
        case Place.RUNNING if _asks(found):
            yield "waits for approval"
        case Place.STOPPED if one.stop_reason or one.summary:
            yield first_line(one.stop_reason or one.summary)


def _asks(found: Whereabouts) -> bool:
    return found.stage is not None and any(one.asks for one in found.stage.actions)


def _next(target: Target, found: Whereabouts) -> Iterator[tuple[str, str]]:
    name, end = found.board.scope.pipeline, found.end
    match end.place:
        case Place.RUNNING if _asks(end):
            which = ("--execution", end.execution.id[:8]) if end.board.beside and end.execution else ()
            yield target.command_anywhere("approve", name, *which), "lets it pass"
        case Place.WAITING if end.stage and end.stage.closed is not None:
            yield target.command_anywhere("enable", end.stage.name, "-n", name), "lets what waits enter"
        case Place.RUNNING | Place.WAITING:
            yield target.command_anywhere("watch", name, *_which(end)), "follows it"
        case Place.FAILED:
            yield target.command_anywhere("logs", name, *_which(end)), "what the failed action said"
            if causes.mended_by_commit(end.causes):
                yield from addresses.pushes(end.board.addresses, causes.AFTER_COMMIT)
        case Place.UNKNOWN:
            yield "git push awspipe", "sends it there"
        case _:
            yield target.command_anywhere("status", name), "where the pipeline stands"


def _which(found: Whereabouts) -> tuple[str, ...]:
    """The option that names its execution, where that is not the newest."""
    one, latest = found.execution, found.board.latest
    return ("--execution", one.id[:8]) if one and latest and one.id != latest.id else ()


def document(found: Whereabouts) -> dict[str, Any]:
    """The same as JSON."""
    one = found.execution
    return {
        "pipeline": found.board.scope.pipeline,
        "account": found.board.scope.account,
        "region": found.board.scope.region,
        "commit": one.revision if one and not found.within else found.commit,
        "carried_by": one.revision if one and found.within else None,
        "where": str(found.place),
        "stage": found.stage.name if found.stage else None,
        "execution": execution_document(one) if one else None,
        "by": execution_document(found.by) if found.by else None,
        "causes": causes.documents(found.causes),
        "then": document(found.then) if found.then else None,
    }
