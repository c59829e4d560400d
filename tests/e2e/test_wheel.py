"""What a user installs: the wheel alone, in an empty environment, has all that `init` needs."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.e2e.machine import ROOT, Machine


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    # As `make wheel`: by way of the source archive, which leaves out what git ignores.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_every_template(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "templates"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    ).stdout.split("\0")
    wanted = {name.replace("templates/", "awspipe/_templates/", 1) for name in listed if name}
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if name.startswith("awspipe/_templates/")}
    assert names == wanted


def test_the_wheel_holds_the_package_its_licence_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    assert {name.partition("/")[0] for name in names} == {"awspipe", "awspipe-0.1.0.dist-info"}
    assert "awspipe-0.1.0.dist-info/licenses/LICENSE" in names
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheel_alone_starts_a_project_that_validates(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*command, "--quiet", str(wheel)], check=True)
    _lend_dependencies(environment)

    machine = Machine(tmp_path / "machine")
    awspipe = str(environment / "bin" / "awspipe")
    machine.run(awspipe, "init", "static-site", "x", PYTHONPATH="")
    said = machine.run(awspipe, "validate", cwd=machine.work / "x", PYTHONPATH="").stdout
    place = machine.run(str(python), "-c", "import awspipe; print(awspipe.__file__)", PYTHONPATH="").stdout

    assert said.startswith("awspipe.yml: x is valid: Source -> Build -> Deploy\n")
    assert Path(place.strip()).is_relative_to(environment)


def _lend_dependencies(environment: Path) -> None:
    """What the wheel depends on comes from here; awspipe itself comes first from the wheel."""
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
