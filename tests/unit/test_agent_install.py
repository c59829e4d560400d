"""Install: files, folders and permissions as the appspec lists them, and those of the last time gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import revisions
from tests.support.revisions import HEAD, Host

FILES = HEAD + "files:\n- source: {}\n  destination: {}\n"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "root")


def bundle(tmp_path: Path, appspec: str, **files: str) -> Path:
    number = len(list(tmp_path.glob("bundle-*")))
    named = {name.replace("__", "/").replace("_", "."): text for name, text in files.items()}
    return revisions.folder(tmp_path / f"bundle-{number}", {"appspec.yml": appspec, **named})


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        ("app", "/srv/shop", {"srv/shop/a.txt": "1", "srv/shop/sub/b.txt": "2"}),
        ("app/", "/srv", {"srv/a.txt": "1", "srv/sub/b.txt": "2"}),
        ("app/a.txt", "/srv/shop", {"srv/shop/a.txt": "1"}),
        ("/app/sub", "/srv/../srv/x/", {"srv/x/b.txt": "2"}),
        ("app/sub", "/../../up", {"up/b.txt": "2"}),
    ],
)
def test_where_files_go(
    tmp_path: Path, host: Host, source: str, destination: str, expected: dict[str, str]
) -> None:
    made = bundle(tmp_path, FILES.format(source, destination), app__a_txt="1", app__sub__b_txt="2")
    assert host.deploy(made)[-1].message == "Succeeded"
    assert host.files() == expected


def test_the_whole_revision(tmp_path: Path, host: Host) -> None:
    made = bundle(tmp_path, FILES.format("/", "/srv"), a_txt="1")
    assert host.deploy(made)[-1].ok
    assert set(host.files()) == {"srv/appspec.yml", "srv/a.txt"}


def test_links_are_copied_as_links(tmp_path: Path, host: Host) -> None:
    made = bundle(tmp_path, FILES.format("app", "/srv"), app__a_txt="1")
    (made / "app/now").symlink_to("a.txt")
    (made / "app/folder").symlink_to("missing")
    for _ in range(2):
        assert host.deploy(made)[-1].ok
    assert (host.root / "srv/now").readlink() == Path("a.txt")
    assert (host.root / "srv/folder").is_symlink()


def test_the_next_deployment_removes_what_the_last_one_copied_and_nothing_else(
    tmp_path: Path, host: Host
) -> None:
    first = bundle(tmp_path, FILES.format("app", "/srv/shop"), app__old_txt="1", app__sub__b_txt="2")
    assert host.deploy(first)[-1].ok
    (host.root / "srv/shop/upload.txt").write_text("a script's")
    (host.root / "srv/shop/old.txt").unlink()
    second = bundle(tmp_path, FILES.format("app", "/srv/shop"), app__new_txt="3")
    assert host.deploy(second)[-1].ok
    assert host.files() == {"srv/shop/new.txt": "3", "srv/shop/upload.txt": "a script's"}
    assert not (host.root / "srv/shop/sub").exists()


def test_an_unfinished_line_of_the_cleanup_file_is_not_believed(tmp_path: Path, host: Host) -> None:
    made = bundle(tmp_path, FILES.format("app", "/srv"), app__a_txt="1")
    assert host.deploy(made)[-1].ok
    (cleanup,) = host.root.rglob("group-cleanup")
    assert cleanup.read_text() == "/srv\n/srv/a.txt\n"
    (host.root / "etc").mkdir()
    (host.root / "etc/passwd").write_text("x")
    cleanup.write_text(cleanup.read_text() + "/etc/passwd")
    assert host.deploy(made)[-1].ok
    assert (host.root / "etc/passwd").exists()


EXISTS = "The deployment failed because a specified file already exists at this location: /srv/a.txt"


@pytest.mark.parametrize(
    ("told", "appspec", "message", "after"),
    [
        ("DISALLOW", "", EXISTS, "mine"),
        ("OVERWRITE", "", "Succeeded", "1"),
        ("RETAIN", "", "Succeeded", "mine"),
        ("DISALLOW", "OVERWRITE", "Succeeded", "1"),
        ("OVERWRITE", "DISALLOW", EXISTS, "mine"),
        ("DISALLOW", "RETAIN", "Succeeded", "mine"),
    ],
)
def test_a_file_that_exists(
    tmp_path: Path, host: Host, told: str, appspec: str, message: str, after: str
) -> None:
    (host.root / "srv").mkdir()
    (host.root / "srv/a.txt").write_text("mine")
    says = f"file_exists_behavior: {appspec}\n" if appspec else ""
    made = bundle(tmp_path, FILES.format("app", "/srv") + says, app__a_txt="1", app__b_txt="2")
    last = host.deploy(made, file_exists_behavior=told)[-1]
    assert (last.message, host.files()["srv/a.txt"]) == (message, after)
    assert ("srv/b.txt" in host.files()) is last.ok


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            "- {source: a/x.txt, destination: /srv}\n- {source: b/x.txt, destination: /srv}",
            "two source files",
        ),
        ("- {source: a, destination: /srv/x.txt}\n- {source: b/x.txt, destination: /srv}", "already exists"),
        ("- {source: missing, destination: /srv}", "No such file or directory"),
        ("- {source: ../../etc, destination: /srv}", "leads out of the revision"),
    ],
)
def test_files_that_cannot_be_installed(tmp_path: Path, host: Host, files: str, says: str) -> None:
    made = bundle(tmp_path, f"{HEAD}files:\n{files}\n", a__x_txt="1", b__x_txt="2")
    last = host.deploy(made)[-1]
    assert (last.event, last.code) == ("Install", "UnknownError")
    assert says in last.message
    assert host.files() == {}


PERMISSIONS = """\
files:
- {source: app, destination: /srv}
permissions:
"""


@pytest.mark.parametrize(
    ("entry", "changed"),
    [
        ("{object: /srv, mode: 600}", {"a.sh", "a.txt", "sub", "sub/b.txt"}),
        ("{object: /srv, mode: 600, type: [file]}", {"a.sh", "a.txt", "sub/b.txt"}),
        ("{object: /srv, mode: 600, type: [directory]}", {"sub"}),
        ('{object: /srv, pattern: "*.txt", mode: 600}', {"a.txt"}),
        ('{object: /srv, pattern: "*", except: ["*.sh"], mode: 600, type: [file]}', {"a.txt"}),
        ("{object: /srv/a.sh, mode: 600}", {"a.sh"}),
        ("{object: /elsewhere, mode: 600}", set()),
    ],
)
def test_permissions(tmp_path: Path, host: Host, entry: str, changed: set[str]) -> None:
    appspec = f"{HEAD}{PERMISSIONS}- {entry}\n"
    made = bundle(tmp_path, appspec, app__a_txt="1", app__a_sh="2", app__sub__b_txt="3")
    assert host.deploy(made)[-1].message == "Succeeded"
    srv = host.root / "srv"
    found = {str(one.relative_to(srv)) for one in srv.rglob("*") if one.stat().st_mode & 0o777 == 0o600}
    assert found == changed


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ("- {object: /srv, mode: 600}\n- {object: /srv/a.txt, mode: 644}", "is specified more than once"),
        ('- {object: /srv/a.txt, pattern: "*", mode: 600}', "with an invalid pattern"),
    ],
)
def test_permissions_that_are_refused(tmp_path: Path, host: Host, entries: str, says: str) -> None:
    made = bundle(tmp_path, f"{HEAD}{PERMISSIONS}{entries}\n", app__a_txt="1")
    last = host.deploy(made)[-1]
    assert (last.event, says in last.message) == ("Install", True)


def test_an_owner_that_cannot_be_given_is_said(tmp_path: Path, host: Host) -> None:
    appspec = f"{HEAD}{PERMISSIONS}- {{object: /srv, owner: nobody, type: [file]}}\n"
    outcomes = host.deploy(bundle(tmp_path, appspec, app__a_txt="1"))
    assert outcomes[-1].ok
    assert "[awspipe] /srv/a.txt is not given to nobody" in outcomes[3].log
