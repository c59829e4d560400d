"""Which files an artifact holds, and how."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from awspipe.formats.buildspec_model import Artifacts
from awspipe.sandbox.builds import artifacts
from awspipe.sandbox.builds.rooms import Spot


@pytest.fixture
def source(tmp_path: Path) -> Spot:
    here = tmp_path / "source"
    for name in ("a.txt", "dist/a.txt", "dist/sub/b.txt", "dist/sub/.hidden", "dist2/c.txt", "dist2/a.txt"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)
    (tmp_path / "outside").write_text("secret")
    return Spot(here, "/codebuild/output/src1/src")


def names(source: Spot, wanted: Artifacts) -> tuple[list[str], list[str]]:
    """The names of the files, and what was said."""
    said: list[str] = []
    found = sorted(artifacts.selected(source, wanted, said.append))
    return found, [one for one in said if not one.startswith(("Expanding ", "Found "))]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Artifacts(files=("**/*",), base_directory="dist"), ["a.txt", "sub/.hidden", "sub/b.txt"]),
        (Artifacts(files=("**/*",), base_directory="./dist/"), ["a.txt", "sub/.hidden", "sub/b.txt"]),
        (Artifacts(files=("*",), base_directory="dist"), ["a.txt"]),
        (Artifacts(files=("a.txt", "./dist/a.txt")), ["a.txt", "dist/a.txt"]),
        (Artifacts(files=("/codebuild/output/src1/src/dist/a.txt",)), ["dist/a.txt"]),
        (Artifacts(files=("**/a.txt",)), ["a.txt", "dist/a.txt", "dist2/a.txt"]),
        (Artifacts(files=("dist/**/*.txt",), exclude_paths=("dist/sub/**",)), ["dist/a.txt"]),
        (Artifacts(files=("**/*",), base_directory="dist", exclude_paths=("./sub/**/*",)), ["a.txt"]),
        (Artifacts(files=("di?t/a.txt",)), ["dist/a.txt"]),
        (Artifacts(files=("dist/sub/*",), discard_paths=True), [".hidden", "b.txt"]),
        (Artifacts(files=("*.txt",), base_directory="dist?"), ["a.txt", "c.txt"]),
    ],
)
def test_patterns(source: Spot, wanted: Artifacts, found: list[str]) -> None:
    assert names(source, wanted) == (found, [])


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Artifacts(files=("none/*",)), "no matching artifact paths found"),
        (Artifacts(files=("**/*",), base_directory="none"), "no matching base directory path found for none"),
        (Artifacts(files=("**/*",), base_directory=".."), "no matching base directory path found for .."),
        (Artifacts(files=("../outside",)), "no matching artifact paths found"),
    ],
)
def test_nothing_that_matches(source: Spot, wanted: Artifacts, says: str) -> None:
    with pytest.raises(artifacts.ArtifactError, match=f"^{says}$"):
        names(source, wanted)


def test_files_of_one_name_are_told_of(source: Spot) -> None:
    found, said = names(source, Artifacts(files=("**/a.txt",), discard_paths=True))
    assert found == ["a.txt"]
    assert said == ["discard-paths: several files are called a.txt: the last one is kept"] * 2


@pytest.fixture
def linked(source: Spot) -> Spot:
    for name, to in (
        ("file", "a.txt"),
        ("folder", "dist"),
        ("absolute", "/codebuild/output/src1/src/a.txt"),
        ("out", "../outside"),
        ("etc", "/etc/passwd"),
        ("gone", "nothing"),
    ):
        (source.here / name).symlink_to(to)
    return source


@pytest.mark.parametrize(
    ("keep", "found"), [(False, ["absolute", "file"]), (True, ["absolute", "file", "folder"])]
)
def test_links_never_lead_out(linked: Spot, keep: bool, found: list[str]) -> None:
    wanted = Artifacts(files=("file", "folder", "absolute", "out", "etc", "gone"), enable_symlinks=keep)
    names_, said = names(linked, wanted)
    assert names_ == found
    for one in ("out", "etc", "gone"):
        assert f"{one} is a link that leads out of the source, or nowhere: it is left out" in said


@pytest.mark.parametrize(("keep", "kind"), [(False, stat.S_IFREG), (True, stat.S_IFLNK)])
def test_a_link_is_kept_where_the_buildspec_says_so(linked: Spot, keep: bool, kind: int) -> None:
    (linked.here / "a.txt").chmod(0o755)
    wanted = Artifacts(files=("file",), enable_symlinks=keep)
    content = artifacts.packed(artifacts.selected(linked, wanted, print))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (entry,) = archive.infolist()
        assert stat.S_IFMT(entry.external_attr >> 16) == kind
        assert archive.read(entry) == (b"a.txt")


def test_the_same_files_make_the_same_zip(source: Spot) -> None:
    wanted = Artifacts(files=("dist/**/*",))
    first = artifacts.packed(artifacts.selected(source, wanted, print))
    (source.here / "dist/a.txt").touch()
    assert artifacts.packed(artifacts.selected(source, wanted, print)) == first
