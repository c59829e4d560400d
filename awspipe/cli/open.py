"""`awspipe open`: a pipeline's page in the browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from awspipe.cli import boards
from awspipe.cli.boards import Board
from awspipe.cli.options import SPEC, SpecFile
from awspipe.errors import AwspipeError, UsageError

if TYPE_CHECKING:
    from awspipe.executions import ActionExecution
    from awspipe.status import StageStatus


def open_(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME|STAGE", help="The pipeline, by default the spec's; one of its stages."),
    ] = None,
    site: Annotated[bool, typer.Option("--site", help="The site that the pipeline deploys.")] = False,
    only_print: Annotated[bool, typer.Option("--print", help="Print the address, and open nothing.")] = False,
    file: SpecFile = SPEC,
) -> None:
    """Open a pipeline, a stage or the site in the browser.

    The address is printed: of the pipeline, of a stage's last action, or of the site.
    It is opened on a terminal that has a browser beside it. The sandbox has no console: there the pipeline's
    address is that of its site, or of a server that it deploys to.
    """
    name, stage = _told_apart(words or [], file)
    board = boards.look(context, name, file, recent=1)
    label, url = _stage_address(board, board.stage(stage)) if stage else _address(board, site=site)
    board.done(url, label=label, url=url)
    terminal = board.console.interactive and sys.stdout.isatty()
    if not only_print and can_show(os.environ, sys.platform, terminal=terminal):
        webbrowser.open(url)


def _told_apart(words: list[str], file: str) -> tuple[str | None, str]:
    """A pipeline's name and a stage's; one word alone is a stage where the spec has one of that name."""
    match words:
        case []:
            return None, ""
        case [word]:
            return (None, word) if word in _stages(file) else (word, "")
        case [name, stage]:
            return name, stage
    raise UsageError(f"{len(words)} names are too many", hint="a pipeline, and one of its stages")


def _stages(file: str) -> frozenset[str]:
    """The stages of the spec's pipelines, where it is at hand and can be read; no name of a pipeline."""
    from awspipe.spec.flow import resolve
    from awspipe.spec.load import load_file

    if not Path(file).is_file():
        return frozenset()
    try:
        specs = load_file(Path(file))
    except AwspipeError:
        return frozenset()
    stages = {stage.name for spec in specs for stage in resolve(spec)}
    return frozenset(stages - {spec.name for spec in specs})


def _address(board: Board, *, site: bool) -> tuple[str, str]:
    """What is opened of a pipeline: its page in the console, or its site."""
    from awspipe.cli.views.addresses import known

    found: dict[str, str] = {}
    for one in known(board.target, board.found.scope, board.found.addresses):
        found.setdefault(one.label, one.url)
    played = ("Site", "Server") if board.target.sandbox else ("Console",)
    for label in ("Site",) if site else played:
        if label in found:
            return label, found[label]
    status = board.target.command_anywhere("status", board.name)
    what = f"{board.name} deploys no site" + ("" if site else ", and the sandbox has no console")
    raise AwspipeError(what, hint=f"`{status}` shows where it stands")


def _stage_address(board: Board, stage: StageStatus) -> tuple[str, str]:
    """The page of what a stage's last action does; of an approval, what its approver is to see."""
    from awspipe.executions import actions_of
    from awspipe.explain import explained

    runs: tuple[ActionExecution, ...] = ()
    if stage.execution:
        with explained(f"look at {stage.name} of {board.name}"):
            runs = actions_of(board.target.aws, board.name, stage.execution)
    found = [url for run in runs if run.stage == stage.name and (url := _page(run))]
    if board.target.sandbox:
        found = [url for url in found if not _is_consoles(url)]
    if found:
        return stage.name, found[-1]
    if stage.deploys and board.target.sandbox:
        return _address(board, site=True)
    none = "the sandbox has no console" if board.target.sandbox else "AWS gives no address for it"
    raise AwspipeError(
        f"there is nothing to open of {stage.name} of {board.name}: {none}",
        hint=f"`{board.target.command_anywhere('status', board.name)}` shows where it stands",
    )


def _page(run: ActionExecution) -> str:
    return run.configuration.get("ExternalEntityLink", "") if run.is_approval else run.url


def _is_consoles(url: str) -> bool:
    """Whether an address is in AWS's console: the sandbox's builds have such, and nobody is there."""
    host = urlsplit(url).hostname or ""
    return host.endswith((".aws.amazon.com", ".amazonaws.cn", ".amazonaws-us-gov.com"))


def can_show(environ: Mapping[str, str], platform: str, *, terminal: bool) -> bool:
    """Whether a browser may be opened: somebody sits at the terminal, and there is a screen for a browser.

    Without a screen Python would start a browser in the terminal itself. CI is never at a screen.
    """
    if not terminal or environ.get("CI"):
        return False
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return platform in ("darwin", "win32") or any(environ.get(one) for one in screens)
