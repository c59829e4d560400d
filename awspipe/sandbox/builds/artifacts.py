"""Which files of a build are its artifact.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from awspipe.formats.buildspec_model import Artifacts

_EPOCH = (1980, 1, 1, 0, 0, 0)


class NoFilesError(Exception):
    """Nothing matches: CodeBuild's own words."""


def packed(source: Path, wanted: Artifacts, say: Callable[[str], None] = lambda text: None) -> bytes:
    """A zip of the files that an artifact asks for. Raises NoFilesError where there are none.

    `say` hears what is looked for, in CodeBuild's words.
    """
    base = wanted.base_directory or "."
    say(f"Expanding base directory path: {base}")
    if not _bases(source, wanted.base_directory):
        raise NoFilesError(f"no matching base directory path found for {base}")
    say(f"Expanding file paths for base directory {base}")
    for name in wanted.files:
        say(f"Expanding {name}")
    files = dict(selected(source, wanted))
    if not files:
        raise NoFilesError("no matching artifact paths found")
    say(f"Found {len(files)} file(s)")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if os.access(path, os.X_OK) else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())
    return made.getvalue()


def selected(source: Path, wanted: Artifacts) -> Iterator[tuple[str, Path]]:
    """The name in the artifact and the place of each file that is asked for."""
    for base in _bases(source, wanted.base_directory):
        includes = [_pattern(one) for one in wanted.files]
        excludes = [_pattern(one) for one in wanted.exclude_paths]
        for path in _files(base, follow=wanted.enable_symlinks):
            name = path.relative_to(base).as_posix()
            if any(one.fullmatch(name) for one in includes) and not any(
                one.fullmatch(name) for one in excludes
            ):
                yield (path.name if wanted.discard_paths else name), path


def _bases(source: Path, base: str | None) -> list[Path]:
    """The base directory, or every one that its glob matches. It must lie in the source."""
    if base is None:
        return [source]
    found = sorted(source.glob(_relative(base).rstrip("/") or "*")) if base not in (".", "./") else [source]
    return [one for one in found if one.is_dir() and one.resolve().is_relative_to(source.resolve())]


def _relative(name: str) -> str:
    return name.removeprefix("./").lstrip("/")


def _files(base: Path, *, follow: bool) -> Iterator[Path]:
    for folder, folders, names in os.walk(base, followlinks=follow):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and (follow or not path.is_symlink()):
                yield path


def _pattern(glob: str) -> re.Pattern[str]:
    """A pattern of CodeBuild's: `**` is any number of folders, `*` anything within one."""
    out = ""
    rest = _relative(glob)
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", rest):
        out += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part) or re.escape(part)
    return re.compile(out)
