"""A revision is unpacked as it was packed, and never outside its directory."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from awspipe.sandbox.agent import unpack as module
from awspipe.sandbox.agent.order import AgentError
from awspipe.sandbox.agent.unpack import unpack
from tests.support import revisions

LINK = 0o120777
FILE = tarfile.REGTYPE


def unzip(tmp_path: Path, files: dict[str, str], modes: dict[str, int] | None = None) -> Path:
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(revisions.zipped(files, modes))
    unpack(bundle, tmp_path / "out", kind="zip")
    return tmp_path / "out"


def test_a_zip_keeps_what_can_be_run_and_its_links(tmp_path: Path) -> None:
    files = {"appspec.yml": "x", "scripts/a.sh": "#!/bin/sh", "app/now": "v1/a.txt", "app/v1/a.txt": "1"}
    out = unzip(tmp_path, files, {"app/now": LINK})
    assert (out / "scripts/a.sh").stat().st_mode & 0o777 == 0o755
    assert (out / "appspec.yml").stat().st_mode & 0o777 == 0o644
    assert (out / "app/now").readlink() == Path("v1/a.txt")


def test_a_zip_without_modes_is_readable(tmp_path: Path) -> None:
    out = unzip(tmp_path, {"appspec.yml": "x", "app/a": "1"}, {"appspec.yml": 0, "app/a": 0})
    assert (out / "app/a").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(("kind", "mode"), [("tar", "w"), ("tgz", "w:gz"), (None, "w:gz")])
def test_a_tar_in_its_only_folder(tmp_path: Path, kind: str | None, mode: str) -> None:
    members = {
        "shop-1/appspec.yml": (FILE, "x"),
        "shop-1/a": (FILE, "1"),
        "shop-1/b": (tarfile.LNKTYPE, "shop-1/a"),
    }
    unpack(revisions.tarred(tmp_path / "b", members, mode), tmp_path / "out", kind=kind)
    found = {str(one.relative_to(tmp_path / "out")) for one in (tmp_path / "out").iterdir()}
    assert found == {"appspec.yml", "a", "b"}
    assert (tmp_path / "out/b").read_text() == "1"
    assert (tmp_path / "out/a").stat().st_mode & 0o777 == 0o755


def test_an_only_folder_without_an_appspec_stays(tmp_path: Path) -> None:
    assert (unzip(tmp_path, {"app/a": "1"}) / "app/a").exists()


def test_a_folder_comes_without_git(tmp_path: Path) -> None:
    revisions.folder(tmp_path / "in", {"appspec.yml": "x", ".git/config": "y"})
    unpack(tmp_path / "in", tmp_path / "out", kind=None)
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["appspec.yml"]


@pytest.mark.parametrize(
    ("files", "modes", "says"),
    [
        ({"../evil": "x"}, {}, "a path that leads out of it"),
        ({"/etc/evil": "x"}, {}, "a path that leads out of it"),
        ({"a/../../evil": "x"}, {}, "a path that leads out of it"),
        ({"link": "/etc/passwd"}, {"link": LINK}, "a link that leads out of it"),
        ({"a/link": "../../x"}, {"a/link": LINK}, "a link that leads out of it"),
        ({"d/x": "1", "link": "d", "link/x": "2"}, {"link": LINK}, "a path through a link"),
        ({"pipe": ""}, {"pipe": 0o010644}, "which is no file, folder or link"),
    ],
)
def test_zips_that_are_refused(
    tmp_path: Path, files: dict[str, str], modes: dict[str, int], says: str
) -> None:
    with pytest.raises(AgentError, match=says):
        unzip(tmp_path, files, modes)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"../evil": (FILE, "x")}, "a path that leads out of it"),
        ({"l": (tarfile.SYMTYPE, "/tmp"), "l/evil": (FILE, "x")}, "a link that leads out of it"),
        ({"hard": (tarfile.LNKTYPE, "/etc/passwd")}, "a link to what is not in it"),
        ({"dev": (tarfile.CHRTYPE, "")}, "which is no file, folder or link"),
        ({"a": (FILE, "x"), "./a": (FILE, "y")}, "two times"),
    ],
)
def test_tars_that_are_refused(tmp_path: Path, members: dict[str, tuple[bytes, str]], says: str) -> None:
    bundle = revisions.tarred(tmp_path / "bundle.tar", members)
    with pytest.raises(AgentError, match=says):
        unpack(bundle, tmp_path / "out", kind="tar")
    assert not (tmp_path / "evil").exists()


def test_an_archive_that_grows_out_of_proportion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FREE_BYTES", 1024)
    with pytest.raises(AgentError, match="came out of an archive of"):
        unzip(tmp_path, {"zeros": "0" * 5_000_000})


def test_what_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    for kind in ("zip", "tar", None):
        with pytest.raises(AgentError, match="cannot be unpacked"):
            unpack(tmp_path / "x", tmp_path / f"out-{kind}", kind=kind)
