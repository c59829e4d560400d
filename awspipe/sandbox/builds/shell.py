"""The shell of a build: version 0.2 keeps folder and variables from one command to the next, 0.1 does not.

Each command has a process of its own, so that `exit` ends the command alone. In version 0.2 it takes over
what the last one left: its folder, its variables whether exported or not, and in bash its functions.
https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec-ref-versions
"""

from __future__ import annotations

import re
import shlex
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from awspipe.sandbox.box import EndedError
from awspipe.sandbox.builds.output import Output
from awspipe.sandbox.builds.rooms import Rooms

_KILLED = 137
_OWN = r"^(PPID|OPTIND|_)="
"""What `set` shows in a shell other than bash that is the shell's own."""

# {step} is a directory. Variables that are declared read-only cannot be declared again: they are left out.
_RESUME = """\
[ ! -f {step}/state ] || . {step}/state
[ ! -f {step}/folder ] || cd -- "$(command -p cat {step}/folder)"
"""
_KEEP = """\
__awspipe_keep() {{
  if [ -n "${{BASH_VERSION-}}" ]; then
    declare -p | command -p grep -v -E '^declare -[a-zA-Z]*r'; declare -f
  else
    set | command -p grep -v -E {own}; export -p
  fi >{step}/state.new 2>/dev/null; command -p mv -f {step}/state.new {step}/state
  pwd >{step}/folder.new; command -p mv -f {step}/folder.new {step}/folder
}}
trap '__awspipe_code=$?; __awspipe_keep; exit $__awspipe_code' EXIT
"""
_BECOME = 'user=$1; shift; exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@"'
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended: its exit code, and the last of what it said."""

    code: int
    said: str


class Shell:
    """Runs commands one after the other in a box."""

    def __init__(
        self, rooms: Rooms, folder: str, environ: Mapping[str, str], output: Output, *, name: str, keeps: bool
    ) -> None:
        self._rooms = rooms
        self._folder = folder
        self._environ = dict(environ)
        self._output = output
        self._name = name
        self._keeps = keeps
        self._count = 0
        self._turn = threading.Lock()

    def set(self, name: str, value: str) -> None:
        """Set a variable for the commands that come."""
        self._environ[name] = value
        kept = self._rooms.step.here / "state"
        if kept.exists():
            with kept.open("a", encoding="utf-8") as file:
                file.write(f"\nexport {name}={shlex.quote(value)}\n")

    def run(self, command: str, *, user: str | None = None) -> Ended:
        """Run a command, as another user where one is named."""
        step = shlex.quote(self._rooms.step.inside)
        own = shlex.quote(_OWN)
        around = (_RESUME + _KEEP).format(step=step, own=own) if self._keeps else ""
        script = self._rooms.step.here / "script.sh"
        script.write_text(f"{around}{command}\n", encoding="utf-8")
        return self._run([self._name, f"{self._rooms.step.inside}/script.sh"], user)

    def ask(self, script: str) -> str:
        """What a script says, without a word of it in the log."""
        answer = self._rooms.step / "answer"
        answer.here.unlink(missing_ok=True)
        words = ["sh", "-c", 'exec sh -c "$1" >"$2"', "sh", script, answer.inside]
        self._run(words, None)
        return answer.here.read_text("utf-8", "replace") if answer.here.is_file() else ""

    def finds(self, tool: str) -> bool:
        """Whether a command of this name is there. For a shell too: it is not asked to run itself."""
        return self._run(["sh", "-c", f"command -v {shlex.quote(tool)} >/dev/null"], None).code == 0

    def values(self, names: Sequence[str]) -> dict[str, str]:
        """Variables as the commands left them; without those that are not set."""
        step = self._rooms.step
        asked = [name for name in names if _NAME.fullmatch(name)]
        into = shlex.quote(f"{step.inside}/value.")
        lines = [f'[ -z "${{{one}+x}}" ] || printf %s "${{{one}}}" >{into}{one}' for one in asked]
        self.run("\n".join(lines))
        found = {name: step.here / f"value.{name}" for name in asked}
        return {
            name: path.read_bytes().decode("utf-8", "replace")
            for name, path in found.items()
            if path.is_file()
        }

    def _run(self, words: Sequence[str], user: str | None) -> Ended:
        become = ["sh", "-c", _BECOME, "sh", user] if user else []
        try:
            process = self._rooms.box.popen(
                [*become, *words],
                env=self._environ,
                cwd=self._folder,
                stdout=self._output.descriptor,
                stderr=subprocess.STDOUT,
            )
        except EndedError:
            return Ended(_KILLED, "")
        code = process.wait()
        return Ended(code if code >= 0 else 128 - code, self._output.settle())
