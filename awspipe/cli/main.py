"""The entry point: the commands, and the one place where errors become words and exit codes."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from awspipe import __version__
from awspipe.cli import commands, usage
from awspipe.cli.console import Console, ToldError, reconfigure
from awspipe.cli.options import Options, command_in, hoisted
from awspipe.errors import AwspipeError, StoppedError


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"awspipe {__version__}\n")
        raise typer.Exit


def awspipe(
    context: typer.Context,
    profile: Annotated[str | None, typer.Option(metavar="P", help="The AWS profile.")] = None,
    region: Annotated[str | None, typer.Option(metavar="R", help="The AWS region.")] = None,
    endpoint_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where AWS's APIs answer, if not at AWS.")
    ] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="AWS played on this machine: no account, no charge.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Make a deployment pipeline on AWS with one command, see where it stands, remove every trace of it."""
    context.obj = Options(profile, region, endpoint_url, sandbox, json, debug)


def application(called: str = "") -> typer.Typer:
    """The command line as Typer takes it, with the command that is called, or with every one."""
    app = typer.Typer(
        name="awspipe",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
        epilog=(
            "The options above are taken before and after the command. "
            "Exit codes: 0 done, 1 failed, 2 usage or an invalid spec, 3 refused for safety, 4 credentials, "
            "5 the pipeline failed, 8 pending, 10 changes (plan --exit-code), 130 interrupted."
        ),
    )
    app.callback()(awspipe)
    commands.add(app, called)
    return app


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and exit with its code."""
    gc.set_threshold(50_000, 20, 20)  # what a start makes, it needs: looking through it for waste takes time
    reconfigure()
    code = run(sys.argv[1:] if arguments is None else arguments)
    if _flushed():  # nobody waits for calls still on their way, nor for Python to take itself apart
        os._exit(code)
    sys.exit(code)


def _flushed() -> bool:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return False
    return True


def run(words: list[str]) -> int:
    """Run a command line; gives the exit code."""
    console = Console(json="--json" in words)
    debug = "--debug" in words
    try:
        words = hoisted(words)
        result = application(command_in(words))(words, prog_name="awspipe", standalone_mode=False)
        if result == StoppedError.exit_code:  # what Typer makes of Ctrl-C
            raise KeyboardInterrupt
        return result if isinstance(result, int) else 0
    except AwspipeError as error:
        return _report(console, error, debug=debug)
    except (KeyboardInterrupt, EOFError) as error:
        console.say("")  # the terminal has written ^C
        return _report(console, StoppedError("interrupted"), debug=debug, cause=error)
    except BrokenPipeError:
        return _unheard()
    except OSError as error:  # a disk that is full, a directory that cannot be written
        return _report(console, AwspipeError(_of_system(error)), debug=debug, cause=error)
    except Exception as error:  # the last line of defence: no traceback reaches a user
        return _report_other(console, error, debug=debug)


def _of_system(error: OSError) -> str:
    """What the system said, with the file it is about."""
    said = error.strerror or str(error)
    return f"{error.filename}: {said}" if error.filename else said


def _unheard() -> int:
    """Whoever read the answer has had enough (`awspipe schema | head`): what was to be done is done."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _report(console: Console, error: AwspipeError, *, debug: bool, cause: BaseException | None = None) -> int:
    from awspipe.cli.views.errors import document, lines

    if debug:
        _traceback(cause or error)
    if console.json:
        console.document({"error": document(error)})
    else:
        console.say(lines(error))
    return error.exit_code


def _report_other(console: Console, error: Exception, *, debug: bool) -> int:
    if isinstance(error, ToldError):
        return error.exit_code
    if text := usage.help_shown(error):
        sys.stdout.write(f"{text}\n")
        return 0
    if usage.is_typers(error):
        return _report(console, usage.explained(error), debug=False)
    name = type(error).__name__
    ours = AwspipeError(f"unexpected: {name}: {error}", hint="--debug shows where; please report it")
    return _report(console, ours, debug=debug, cause=error)


def _traceback(error: BaseException) -> None:
    import traceback

    from awspipe.formats.secrets import redacted

    sys.stderr.write(redacted("".join(traceback.format_exception(error))))
