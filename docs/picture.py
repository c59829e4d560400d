"""Make docs/terminal.svg, the README's picture: a real run of awspipe in a sandbox of its own.

`python docs/picture.py`. Times and the sandbox's port are those of the run: each run gives another picture.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = "shop"
WIDTH = 104
SCENES = ("up --sandbox", "status --sandbox")

# rich's own picture asks a font server for its font: this one takes what the reader has.
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img"
  aria-label="A terminal: awspipe up and awspipe status in the sandbox">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
        font-variant-east-asian: full-width;
    }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""


def main() -> None:
    """Run the scenes and draw them."""
    from rich.console import Console
    from rich.text import Text

    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="standard"
    )
    for shown, ansi in run():
        console.print(Text.assemble(("$ ", "bold green"), (f"awspipe {shown}", "bold")))
        console.print(Text.from_ansi(ansi))
    svg = console.export_svg(title="awspipe", unique_id="awspipe", code_format=_SVG)
    lines = (line.rstrip() for line in svg.splitlines())
    (HERE / "terminal.svg").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def run() -> list[tuple[str, str]]:
    """Each scene's command line with all that it printed, from a home directory that is thrown away."""
    scratch = Path(tempfile.mkdtemp(prefix="awspipe-picture-"))
    environ = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("AWS", "XDG_"))},
        "HOME": str(scratch),
        "XDG_STATE_HOME": str(scratch / "state"),
        "FORCE_COLOR": "1",
    }
    environ.pop("NO_COLOR", None)

    def awspipe(*words: str, directory: Path = scratch) -> str:
        command = [sys.executable, "-m", "awspipe", *words]
        done = subprocess.run(
            command, cwd=directory, env=environ, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.stdout.decode()

    try:
        awspipe("init", "static-site", NAME)
        awspipe("sandbox", "start")
        return [(shown, awspipe(*shown.split(), directory=scratch / NAME)) for shown in SCENES]
    finally:
        awspipe("sandbox", "reset", "--yes")
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
