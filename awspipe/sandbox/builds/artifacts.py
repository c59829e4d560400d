"""Which files of a build are its artifact.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from awspipe.formats.buildspec_model import Artifacts
from awspipe.sandbox.builds.rooms import Spot
from awspipe.sandbox.builds.sources import within

_EPOCH = (1980, 1, 1, 0, 0, 0)

Say = Callable[[str], None]


class ArtifactError(Exception):
    """Nothing matches: CodeBuild's own words."""


def selected(source: Spot, wanted: Artifacts, say: Say) -> dict[str, Path]:
    """The files that an artifact asks for, by their names in it. ArtifactError where there are none.

    `say` hears what is looked for, in CodeBuild's words.
    """
    found_bases = bases(source, wanted.base_directory)
    base_directory = wanted.base_directory or "."
    say(f"Expanding base directory path: {base_directory}")
    if not found_bases:
        raise ArtifactError(f"no matching base directory path found for {base_directory}")
    say(f"Expanding file paths for base directory {base_directory}")
    for name in wanted.files:
        say(f"Expanding {name}")
    found: dict[str, Path] = {}
    for base in found_bases:
        for name, path in matching(Spot(base, source.inside), wanted.files, wanted.exclude_paths):
            kept = _kept(path, source, wanted) if path.is_symlink() else path
            if kept is None:
                say(f"{name} is a link that leads out of the source, or nowhere: it is left out")
            else:
                _add(found, name, kept, wanted, say)
    if not found:
        raise ArtifactError("no matching artifact paths found")
    say(f"Found {len(found)} file(s)")
    return found


def matching(base: Spot, files: Iterable[str], excluded: Iterable[str] = ()) -> Iterator[tuple[str, Path]]:
    """The files and links in a directory that patterns match, by their paths in it, sorted."""
    includes = [_pattern(_relative(one, base)) for one in files]
    excludes = [_pattern(_relative(one, base)) for one in excluded]
    for path in _files(base.here):
        name = path.relative_to(base.here).as_posix()
        if any(one.fullmatch(name) for one in includes) and not any(one.fullmatch(name) for one in excludes):
            yield name, path


def packed(files: Mapping[str, Path]) -> bytes:
    """A zip of files, always the same for the same ones; links stay links."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if path.is_symlink():
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(entry, os.readlink(path))  # noqa: PTH115 - as it is written
                continue
            mode = 0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            with archive.open(entry, "w", force_zip64=True) as into, path.open("rb") as content:
                while piece := content.read(1 << 20):
                    into.write(piece)
    return made.getvalue()


def is_within(path: Path, source: Spot) -> bool:
    """Whether a file lies in the source, and not behind a link that leads out of it."""
    return path.is_file() and within(path, source.here)


def _add(found: dict[str, Path], name: str, path: Path, wanted: Artifacts, say: Say) -> None:
    name = name.rpartition("/")[2] if wanted.discard_paths else name
    if name in found and found[name] != path:
        why = "discard-paths" if wanted.discard_paths else "base-directory"
        say(f"{why}: several files are called {name}: the last one is kept")
    found[name] = path


def _kept(path: Path, source: Spot, wanted: Artifacts) -> Path | None:
    """What stands for a link in the source: itself with `enable-symlinks`, else the file it leads to."""
    to = os.readlink(path)  # noqa: PTH115 - as it is written
    inside = to.removeprefix(f"{source.inside}/")
    target = source.here / inside if inside != to else path.parent / to
    if (to.startswith("/") and inside == to) or not within(target, source.here) or not target.exists():
        return None
    if wanted.enable_symlinks:
        return path if inside == to else target
    return target if target.is_file() else None


def bases(source: Spot, base: str | None) -> list[Path]:
    """The base directory, or every one that its glob matches. It must lie in the source."""
    wanted = _relative(base or ".", source).rstrip("/")
    if wanted in ("", "."):
        return [source.here]
    found = sorted(source.here.glob(wanted)) if ".." not in Path(wanted).parts else []
    return [one for one in found if one.is_dir() and within(one, source.here)]


def _relative(name: str, base: Spot) -> str:
    """A path as it is from the source, where the build itself may say the whole of it."""
    return name.strip().removeprefix(f"{base.inside}/").removeprefix("./").lstrip("/")


def _files(base: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(base):
        folders.sort()
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(folder, name)
            if path.is_symlink() or path.is_file():
                yield path


def _pattern(glob: str) -> re.Pattern[str]:
    """A pattern of CodeBuild's: `**` is any number of folders, `*` anything within one."""
    out = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", glob):
        out += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part) or re.escape(part)
    return re.compile(out)
