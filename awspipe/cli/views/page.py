"""Where pipelines stand, as a page that needs nothing but itself: no script, no font, no address of ours.

The build's own lines are on it, which anybody may have written: all is escaped, and the page's policy lets a
browser load and run nothing. https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from awspipe.cli.target import Target
from awspipe.cli.views import addresses
from awspipe.cli.views.causes import place
from awspipe.cli.views.drawing import drawing, kind, sign
from awspipe.cli.views.markup import Markup, fixed, joined, link, tag
from awspipe.cli.views.moments import age, commit
from awspipe.cli.views.status import commands, goes_on_in
from awspipe.executions import Execution
from awspipe.failures import Cause
from awspipe.status import Beside, PipelineStatus
from awspipe.triggers import started_by

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --fore: #1b1f24; --dim: #57606a; --line: #d0d7de;
  --panel: #f6f8fa; --good: #1a7f37; --bad: #c1121f; --running: #0b5cad; --idle: #6e7781; --ended: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --back: #12161b; --fore: #e6edf3; --dim: #9aa5b1;
  --line: #3a434d; --panel: #1b2129; --good: #4cc26b; --bad: #ff7b72; --running: #6cb6ff; --idle: #8b949e;
  --ended: #e0b050; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 75rem; background: var(--back); color: var(--fore);
  font: 16px/1.5 system-ui, "Malgun Gothic", "Apple SD Gothic Neo", sans-serif; }
h1, h2, h3 { line-height: 1.25; margin: 1.5rem 0 .5rem; } h1 { font-size: 1.5rem; margin-top: 0; }
h2 { font-size: 1.1rem; } footer { margin-top: 1.5rem; }
article + article { margin-top: 2rem; padding-top: 2rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; }
p { margin: .25rem 0; } .dim { color: var(--dim); } a { color: var(--running); }
pre, code, .mono { font-family: ui-monospace, Consolas, "D2Coding", monospace; font-size: .875rem; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .75rem;
  overflow-x: auto; margin: .5rem 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem 1rem .35rem 0;
  border-bottom: 1px solid var(--line); } th { font-weight: 600; } td.nowrap { white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; } dd { margin: 0;
  overflow-wrap: anywhere; } dt { color: var(--dim); }
.cause { border-left: 4px solid var(--bad); padding: .1rem 0 .1rem 1rem; margin: 1rem 0;
  overflow-wrap: anywhere; } .cause h3 { margin-top: 0; }
.good { color: var(--good); } .bad { color: var(--bad); } .running { color: var(--running); }
.idle { color: var(--idle); } .ended { color: var(--ended); }
svg { display: block; font: 13px ui-monospace, Consolas, "D2Coding", monospace; }
svg text { fill: var(--fore); } svg .box { fill: var(--panel); stroke: currentColor; stroke-width: 1.5; }
svg a .action { text-decoration: underline; }
svg .name { font-weight: 700; fill: currentColor; } svg .action { fill: currentColor; }
svg .facts, svg .commit, svg .entry { fill: var(--dim); font-size: 12px; }
svg .entry { text-anchor: middle; } svg .transition { color: var(--dim); }
svg .closed { color: var(--bad); } svg .closed .entry { fill: var(--bad); }
svg .arrow { stroke: currentColor; stroke-width: 1.5; fill: none; }
svg .bar { stroke: currentColor; stroke-width: 3; }
"""

_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_CONSOLES = (".aws.amazon.com", ".amazonaws-us-gov.com", ".amazonaws.cn")
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
"""What a browser may do with the page: use its style sheet, and nothing else."""


def page(shown: Iterable[tuple[Target, PipelineStatus]], now: datetime) -> str:
    """The page of some pipelines, in ASCII."""
    found = list(shown)
    title = ", ".join(_title(one) for _, one in found) or "no pipelines"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", fixed(_STYLE)),
    )
    sections = [_pipeline(target, one, now) for target, one in found]
    foot = tag("footer", "As it was at ", _moment(now), "; awspipe wrote this page.", class_="dim")
    return f"<!doctype html>\n{tag('html', head, tag('body', tag('main', *sections), foot), lang='en')}\n"


def _is_console(url: str) -> bool:
    """Whether an address is in AWS's console: what the sandbox has run is not shown there."""
    return (urlsplit(url).hostname or "").endswith(_CONSOLES)


def _scrolled(what: str, inside: Markup) -> Markup:
    """Something wide: whoever has no mouse can move it with the keys."""
    return tag("div", inside, class_="wide", tabindex="0", role="region", aria_label=what)


def _title(one: PipelineStatus) -> str:
    return f"{one.scope.pipeline}: {one.latest.state}" if one.latest else one.scope.pipeline


def _pipeline(target: Target, one: PipelineStatus, now: datetime) -> Markup:
    where = "the sandbox" if target.sandbox else f"account {one.scope.account}"
    about = f"{one.type}, version {one.version}, in {where}, {one.scope.region}"
    return tag(
        "article",
        tag("h1", one.scope.pipeline),
        tag("p", about, class_="dim"),
        *_latest(one, now),
        _scrolled("Stages", drawing(one, now, lambda url: not (target.sandbox and _is_console(url)))),
        *(_beside(each) for each in one.beside),
        *_causes(one),
        *_executions(one, now),
        *_addresses(target, one),
        *_next(target, one),
    )


def _latest(one: PipelineStatus, now: datetime) -> Iterator[Markup]:
    if one.latest is None:
        return
    latest = one.latest
    yield tag("p", _state(latest.state), f" execution {latest.id[:8]}{_started_by(latest)}")
    if latest.revision:
        yield tag("p", commit(latest.revision, latest.message))


def _beside(other: Beside) -> Markup:
    """Another execution of a PARALLEL pipeline."""
    of = other.execution
    words = f" beside it: execution {of.id[:8]} in {goes_on_in(other)} {commit(of.revision, of.message)}"
    return tag("p", _state(of.state), words.rstrip())


def _state(state: str) -> Markup:
    return tag("strong", f"{sign(state)} {state}", class_=kind(state))


def _started_by(one: Execution) -> str:
    return f", started by {started_by(one.trigger, one.trigger_detail)}" if one.trigger else ""


def _causes(one: PipelineStatus) -> Iterator[Markup]:
    causes = [cause for stage in one.stages for cause in stage.causes]
    if causes:
        yield tag("h2", "Why it failed")
    yield from map(_cause, dict.fromkeys(causes))


def _cause(cause: Cause) -> Markup:
    parts = [tag("h3", place(cause))] if place(cause) else []
    parts.append(tag("p", *_code(cause.line)))
    if cause.fix:
        parts.append(tag("p", tag("strong", "Fix: "), *_code(cause.fix)))
    if cause.detail:
        parts.append(tag("pre", "\n".join(cause.detail)))
    return tag("section", *parts, class_="cause")


def _code(words: str) -> Iterator[str]:
    """A sentence whose words to type, between backticks, look like that."""
    for number, part in enumerate(words.split("`")):
        yield tag("code", part) if number % 2 else part


def _executions(one: PipelineStatus, now: datetime) -> Iterator[Markup]:
    if not one.executions:
        return
    names = ("State", "Execution", "Commit", "Started", "Took", "Started by")
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in names)))
    rows = tag("tbody", *(_execution(each, now) for each in one.executions))
    yield tag("h2", "Executions")
    yield _scrolled("Executions", tag("table", head, rows))


def _execution(one: Execution, now: datetime) -> Markup:
    end = now if one.running else one.updated
    took = age(one.started, end) if one.started and end else ""
    why = tag("p", one.stop_reason or one.summary, class_="dim") if one.stop_reason or one.summary else ""
    return tag(
        "tr",
        tag("td", _state(one.state), class_="nowrap"),
        tag("td", one.id[:8], class_="nowrap mono"),
        tag("td", commit(one.revision, one.message), joined(why)),
        tag("td", _moment(one.started), class_="nowrap"),
        tag("td", took, class_="nowrap"),
        tag("td", started_by(one.trigger, one.trigger_detail) if one.trigger else ""),
    )


def _addresses(target: Target, one: PipelineStatus) -> Iterator[Markup]:
    known = list(addresses.known(target, one.scope, one.addresses))
    links = [part for each in known for part in (tag("dt", each.label), tag("dd", link(each.url)))]
    if links:
        yield tag("h2", "Addresses")
        yield tag("dl", *links)


def _next(target: Target, one: PipelineStatus) -> Iterator[Markup]:
    """What to type next, as the terminal says it."""
    yield tag("h2", "What to type next")
    parts = ((tag("dt", tag("code", command)), tag("dd", what)) for command, what in commands(target, one))
    yield tag("dl", *(part for pair in parts for part in pair))


def _moment(moment: datetime | None) -> Markup:
    """A time in UTC: the page is read when `3 min ago` is long over."""
    if moment is None:
        return joined("")
    utc = moment.astimezone(UTC)
    return tag("time", f"{utc:%Y-%m-%d %H:%M:%S} UTC", datetime=utc.isoformat())
