"""What is said of the runtimes that a buildspec asks for."""

from __future__ import annotations

import pytest

from awspipe.sandbox.builds import runtimes


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Python 3.11.2\n", "3.11.2"),
        ("v20.19.5\n", "20.19.5"),
        ("go version go1.22.1 linux/amd64\n", "1.22.1"),
        ('openjdk version "17.0.9" 2023-10-17\nOpenJDK Runtime\n', "17.0.9"),
        ('java version "1.8.0_392"\n', "8.0"),
        ("ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]\n", "3.1.2"),
        ("PHP 8.2.7 (cli) (built: Jun  9 2023 19:37:27) (NTS)\n", "8.2.7"),
        ("rustc 1.93.0 (abc 2026-01-01)\n", "1.93.0"),
        ("8.0.100\n", "8.0.100"),
        ("", ""),
    ],
)
def test_the_version_in_what_a_tool_says(said: str, version: str) -> None:
    assert runtimes.version_in(said) == version


@pytest.mark.parametrize(
    ("wanted", "version", "fits"),
    [
        ("3.11", "3.11.2", True),
        ("3.12", "3.11.2", False),
        ("3.1", "3.11.2", False),
        ("20", "20.19.5", True),
        ("20.x", "20.19.5", True),
        ("18.x", "20.19.5", False),
        ("latest", "1.2", True),
        ("corretto17", "17.0.9", True),
        ("openjdk8", "8.0", True),
        ("corretto21", "17.0.9", False),
        ("8.0", "8.0.100", True),
    ],
)
def test_versions_that_fit(wanted: str, version: str, fits: bool) -> None:
    assert runtimes.fits(wanted, version) is fits


@pytest.mark.parametrize(
    ("runtime", "wanted", "version", "says"),
    [
        ("python", "3.11", "3.11.2", "runtime-versions: python 3.11 is asked for; this machine has 3.11.2"),
        (
            "python",
            "3.12",
            "3.11.2",
            "Warning: runtime-versions: python 3.12 is asked for; this machine has 3.11.2, which is used",
        ),
        (
            "nodejs",
            "20",
            "",
            "Warning: runtime-versions: nodejs 20 is asked for, and this machine has no node: "
            "commands that need it will fail",
        ),
    ],
)
def test_what_is_said(runtime: str, wanted: str, version: str, says: str) -> None:
    assert runtimes.told(runtime, wanted, version) == says
