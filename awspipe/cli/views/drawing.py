"""A pipeline as a picture: its stages as a row of boxes, transitions between them, actions in them.

The picture has no colours of its own: the page's style sheet gives them to its classes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from awspipe.cli.views.markup import Markup, followable, joined, link, tag
from awspipe.cli.views.moments import age
from awspipe.cli.views.status import IDLE, SIGNS
from awspipe.status import ActionStatus, PipelineStatus, StageStatus

_BOX, _GAP, _MARGIN = 216, 84, 8
"""The width of a stage, of a transition, and of the rim."""

_TOP, _HEAD, _ROW, _FOOT = 20, 34, 40, 26
"""The heights of what stands above the boxes, of a stage's head, an action, and the commit below."""

_COLUMNS = 26
"""Letters that fit into a box."""


def drawing(found: PipelineStatus, now: datetime, serves: Callable[[str], bool] = lambda url: True) -> Markup:
    """The picture as SVG. `serves` says of the address of an action whether there is anything at it."""
    most = max((len(stage.actions) for stage in found.stages), default=0)
    height = _TOP + _HEAD + _ROW * most + _FOOT + _MARGIN
    width = 2 * _MARGIN + len(found.stages) * (_BOX + _GAP) - _GAP
    parts = [tag("title", f"The stages of {found.scope.pipeline}"), tag("desc", ", ".join(_told(found)))]
    for number, stage in enumerate(found.stages):
        left = _MARGIN + number * (_BOX + _GAP)
        if number:
            parts.append(_transition(stage, left - _GAP))
        actions = [
            _action(one, left, _TOP + _HEAD + _ROW * row, now=now, serves=serves)
            for row, one in enumerate(stage.actions)
        ]
        parts.append(_stage(stage, found, left, actions))
    size = {"width": width, "height": height, "viewBox": f"0 0 {width} {height}"}
    return tag("svg", *parts, xmlns="http://www.w3.org/2000/svg", role="img", **size)


def _told(found: PipelineStatus) -> Iterator[str]:
    """The picture in words, for who cannot see it."""
    for stage in found.stages:
        yield f"{stage.name}: {stage.state or 'not run yet'}"


def _stage(stage: StageStatus, found: PipelineStatus, left: int, actions: Sequence[Markup]) -> Markup:
    height = _HEAD + _ROW * len(stage.actions) + _FOOT
    head = f"{sign(stage.state)} {stage.name}"
    return tag(
        "g",
        tag("title", f"{stage.name}: {stage.state or 'not run yet'}"),
        tag("rect", x=left, y=_TOP, width=_BOX, height=height, rx=6, class_="box"),
        _text(head, left + 12, _TOP + 22, "name"),
        *actions,
        _text(_carries(stage, found), left + 12, _TOP + height - 10, "commit"),
        class_=f"stage {kind(stage.state)}",
    )


def _action(
    action: ActionStatus, left: int, top: int, *, now: datetime, serves: Callable[[str], bool]
) -> Markup:
    name = _text(f"{sign(action.state)} {action.name}", left + 20, top + 14, "action")
    url = (action.asks and action.review) or action.url
    return tag(
        "g",
        tag("title", f"{action.name}: {action.state or 'not run yet'}"),
        link(url, name) if followable(url) and serves(url) else name,
        _text(_facts(action, now), left + 36, top + 30, "facts"),
        class_=kind(action.state),
    )


def _facts(action: ActionStatus, now: datetime) -> str:
    """An action's state, and how long it took or has gone on."""
    if action.asks:
        return f"waits for approval{_long(action.started or action.at, now)}"
    if action.state == "InProgress":
        return f"InProgress{_long(action.started or action.at, now)}"
    if action.started and action.ended:
        return f"{action.state} after {age(action.started, action.ended)}"
    return action.state or "not run yet"


def _long(since: datetime | None, now: datetime) -> str:
    return f", {age(since, now)}" if since else ""


def _carries(stage: StageStatus, found: PipelineStatus) -> str:
    """The commit that a stage holds, and whether another execution than the newest brought it."""
    one = found.execution(stage.execution)
    if not stage.execution:
        return ""
    commit = one.revision[:7] if one and one.revision else f"execution {stage.execution[:8]}"
    newest = found.latest is None or found.latest.id == stage.execution
    return commit if newest else f"{commit} (older)"


def _transition(stage: StageStatus, left: int) -> Markup:
    """The arrow into a stage: broken where nothing may enter, with the number of those that wait."""
    middle = _TOP + _HEAD // 2
    start, end = left + 6, left + _GAP - 6
    words = f"{len(stage.inbound)} waiting" if stage.inbound else ""
    parts = [
        tag("title", _entry(stage)),
        tag("line", x1=start, y1=middle, x2=end, y2=middle, class_="arrow"),
        tag("path", d=f"M {end - 8} {middle - 5} L {end} {middle} L {end - 8} {middle + 5}", class_="arrow"),
    ]
    if stage.closed is not None:
        cross = left + _GAP // 2
        down, up = middle + 8, middle - 8
        parts.append(tag("line", x1=cross - 3, y1=down, x2=cross + 3, y2=up, class_="bar"))
        words = f"{words + ', ' if words else ''}disabled"
    return tag("g", *parts, *_lines(words, left + _GAP // 2, middle), class_=_kind(stage))


def _kind(stage: StageStatus) -> str:
    return "transition closed" if stage.closed is not None else "transition"


def _lines(words: str, centre: int, middle: int) -> Iterator[Markup]:
    for number, word in enumerate(filter(None, words.split(", "))):
        yield _text(word, centre, middle + 22 + 14 * number, "entry")


def _entry(stage: StageStatus) -> str:
    waiting = f"{len(stage.inbound)} waiting to enter {stage.name}" if stage.inbound else ""
    closed = f"entry to {stage.name} disabled: {stage.closed}" if stage.closed is not None else ""
    return "; ".join(filter(None, (waiting, closed))) or f"into {stage.name}"


def _text(words: str, x: int, y: int, class_: str) -> Markup:
    shown = _fitted(words)
    whole = tag("title", words) if shown != words else ""
    return tag("text", joined(whole), shown, x=x, y=y, class_=class_)


def _fitted(words: str) -> str:
    """As much as fits into a box; Hangul takes two columns."""
    width = 0
    for number, one in enumerate(words):
        width += 2 if unicodedata.east_asian_width(one) in "WF" else 1
        if width > _COLUMNS:
            return words[: max(0, number - 1)] + "\u2026"
    return words


def sign(state: str) -> str:
    """The sign of a state, as the terminal has it."""
    return SIGNS.get(state, IDLE)


def kind(state: str) -> str:
    """The class of a state: what colour it has."""
    return {
        "Succeeded": "good",
        "Failed": "bad",
        "InProgress": "running",
        "Stopping": "running",
        "": "idle",
    }.get(state, "ended")
