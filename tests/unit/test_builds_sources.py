"""Unpacking sources: archives that mean harm, and those that do not."""

from __future__ import annotations

import contextlib
import io
import stat
import zipfile
from pathlib import Path

import pytest

from awspipe.sandbox.builds import sources
from awspipe.sandbox.builds.world import PhaseError


def archive(*entries: tuple[str, bytes | str, int]) -> bytes:
    """A zip of (name, content, mode); a text is where a link leads."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            kind = stat.S_IFLNK if isinstance(content, str) else stat.S_IFREG
            info.external_attr = (kind | mode) << 16
            file.writestr(info, content)
    return made.getvalue()


def unpacked(tmp_path: Path, content: bytes) -> list[str]:
    """What is in the target; nothing may be beside it."""
    target = tmp_path / "target"
    target.mkdir()
    sources.unpack(content, target)
    assert [one.name for one in tmp_path.iterdir()] == ["target"]
    return sorted(str(one.relative_to(target)) for one in target.rglob("*") if not one.is_dir())


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        ([("a", b"1", 0o644), ("b/c", b"2", 0o755)], ["a", "b/c"]),
        ([("../out", b"x", 0o644), ("a", b"1", 0o644)], ["a"]),
        ([("b/../../out", b"x", 0o644)], []),
        ([("/etc/awspipe-out", b"x", 0o644)], []),
        ([("l", "..", 0o777), ("l/out", b"x", 0o644)], ["l/out"]),
        ([("l", "/etc/passwd", 0o777)], []),
        ([("a", b"1", 0o644), ("l", "a", 0o777)], ["a", "l"]),
        ([("a", b"1", 0o644), ("l", "a", 0o777), ("./l", b"through", 0o644)], ["a", "l"]),
    ],
)
def test_nothing_is_unpacked_outside(
    tmp_path: Path, entries: list[tuple[str, bytes | str, int]], names: list[str]
) -> None:
    assert unpacked(tmp_path, archive(*entries)) == names


def test_modes_and_links_are_kept(tmp_path: Path) -> None:
    unpacked(tmp_path, archive(("run", b"#!/bin/sh\n", 0o755), ("l", "run", 0o777), ("a", b"", 0o600)))
    target = tmp_path / "target"
    assert stat.S_IMODE((target / "run").stat().st_mode) == 0o755
    assert stat.S_IMODE((target / "a").stat().st_mode) == 0o644
    assert (target / "l").readlink() == Path("run")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    content = archive(("bomb", b"\0" * 1_000_000, 0o644))
    size = (1_000_000).to_bytes(4, "little")
    lying = content.replace(size, (3 * 1024**3).to_bytes(4, "little"))
    with pytest.raises(PhaseError, match="too large"):
        sources.unpack(lying, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_holds_more_than_it_says_is_cut(tmp_path: Path) -> None:
    content = archive(("bomb", b"\0" * 1_000_000, 0o644))
    lying = content.replace((1_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    with contextlib.suppress(PhaseError):
        sources.unpack(lying, tmp_path)
    assert sum(one.stat().st_size for one in tmp_path.iterdir()) <= 1000


@pytest.mark.parametrize("content", [b"", b"no zip", archive(("a", b"1", 0o644))[:-30]])
def test_what_is_no_zip_fails_the_phase(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PhaseError, match="cannot be unpacked"):
        sources.unpack(content, tmp_path)
