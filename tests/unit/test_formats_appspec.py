"""An appspec as values, and what the folder of the revision tells about its scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awspipe.errors import SpecError
from awspipe.formats import psych
from awspipe.formats.appspec import (
    Context,
    EcsAppspec,
    FileMapping,
    LambdaAppspec,
    Permission,
    Platform,
    Script,
    ServerAppspec,
    parse,
)
from awspipe.formats.nodes import Plain

CORPUS = Path(__file__).parent / "formats_corpus"
LEAST = "version: 0.0\nos: linux\n"


def good(platform: Platform, name: str) -> object:
    return parse((CORPUS / platform / "good" / f"{name}.yml").read_bytes(), "x", platform).get()


def test_every_key_of_a_server_appspec_is_read() -> None:
    assert good("server", "everything") == ServerAppspec(
        os="linux",
        files=(FileMapping("/", "/var/www/shop"), FileMapping("config/shop.conf", "/etc/shop")),
        file_exists_behavior="OVERWRITE",
        permissions=(
            Permission(
                object="/var/www/shop",
                pattern="*.sh",
                except_=("keep.sh",),
                owner="deploy",
                group="1000",
                mode=0o755,
                types=("file",),
                acls=("u:bob:rwx", "d:group:web:r-x", "mask:rx", "default:user::7"),
                context=Context("unconfined_u", "httpd_sys_content_t", "s0-s3:c0.c3,c9"),
            ),
            Permission(object="/etc/shop", mode=0o640),
        ),
        hooks={
            "BeforeBlockTraffic": (Script("scripts/drain.sh"),),
            "AfterBlockTraffic": (Script("scripts/drained.sh"),),
            "ApplicationStop": (Script("scripts/stop.sh", 300, "root"),),
            "BeforeInstall": (Script("/scripts/a.sh", 1800), Script("scripts/b.sh", 1800, sudo=True)),
            "AfterInstall": (),
            "ApplicationStart": (Script("scripts/start.sh"), Script("scripts/start-more.sh")),
            "ValidateService": (Script("scripts/check.sh", 60, "deploy"),),
            "BeforeAllowTraffic": (Script("scripts/warm.sh"),),
            "AfterAllowTraffic": (Script("scripts/tell.sh"),),
        },
    )


def test_the_least_appspec_does_nothing() -> None:
    assert good("server", "least") == ServerAppspec(os="linux")


def test_a_lambda_appspec() -> None:
    hooks = {
        "BeforeAllowTraffic": "shop-check",
        "AfterAllowTraffic": "arn:aws:lambda:ap-northeast-2:111122223333:function:shop-check",
    }
    assert good("lambda", "usual") == LambdaAppspec("shop", "shop", "live", "1", "2", hooks)


def test_an_ecs_appspec() -> None:
    found = good("ecs", "usual")
    assert isinstance(found, EcsAppspec)
    assert (found.resource, found.task_definition) == ("TargetService", "<TASK_DEFINITION>")
    assert (found.container_name, found.container_port, found.platform_version) == ("web", 80, "LATEST")
    assert len(found.hooks) == 5


@pytest.mark.parametrize(
    "version", ["0.0", "0", "0.00", "-0.0", ".0", "0.", "00", "0x0", "0.0\t", "0.0  # ok"]
)
def test_any_zero_is_the_version(version: str) -> None:
    assert parse(LEAST.replace("0.0", version)).problems == ()


@pytest.mark.parametrize(
    "version", ["'0.0'", '"0"', "1", "0.1", "no", "false", "''", "~", "[0.0]", "v0.0", "."]
)
def test_nothing_else_is(version: str) -> None:
    assert parse(LEAST.replace("0.0", version)).value is None


@pytest.mark.parametrize(
    "data",
    [
        LEAST,
        LEAST.encode(),
        b"\xef\xbb\xbf" + LEAST.encode(),
        LEAST.replace("\n", "\r\n"),
        LEAST.replace("\n", "\t\n"),
        LEAST.replace(": ", ":\t"),
        "---\n" + LEAST + "...\n",
        '{"version": 0.0, "os": "linux"}',
        '{\n\t"version": 0.0,\n\t"os": "linux"\n}\n',
    ],
)
def test_a_file_is_read_however_it_was_saved(data: bytes | str) -> None:
    parsed = parse(data)
    assert (parsed.problems, parsed.warnings, parsed.value) == ((), (), ServerAppspec(os="linux"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "appspec.yml: the file is empty"),
        ("- a\n", "appspec.yml:1:3: an appspec is a mapping, not a list"),
        (LEAST.encode("utf-16"), "appspec.yml:1:1: the file is UTF-16, not UTF-8"),
    ],
)
def test_what_is_no_appspec_is_named(data: bytes | str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(data).get()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("written", "mode", "warned"),
    [
        ("755", 0o755, False),
        ("4755", 0o4755, False),
        ("7", 0o7, False),
        ("0", 0, False),
        ("'0755'", 0o755, False),
        ('"0644"', 0o644, False),
        ("0644", 0o420, True),
        ("0777", 0o511, True),
        ("6_44", 0o644, True),
        ("", None, False),
        ("0755", None, True),
        ("'00755'", None, True),
        ("0o755", None, True),
        ("rwx", None, True),
        ("7.5", None, True),
        ("yes", None, True),
        ("-1", None, True),
    ],
)
def test_a_mode_is_what_yaml_makes_of_it(written: str, mode: int | None, warned: bool) -> None:
    parsed = parse(f"{LEAST}permissions:\n  - object: /srv\n    mode: {written}\n")
    assert bool(parsed.problems or parsed.warnings) is warned
    if mode is None:
        assert bool(parsed.problems) is warned
    else:
        assert parsed.get().permissions == (Permission(object="/srv", mode=mode),)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("300", 300),
        ("'300'", 300),
        ("'300s'", 300),
        ("1_000", 1000),
        ("0300", 192),
        ("2.9", 2),
        ("10:00", 600),
        ("", 3600),
        ("7200", 7200),
        ("0", None),
        ("-1", None),
        ("0.5", None),
        ("abc", None),
        ("''", None),
        ("true", None),
        (".inf", None),
    ],
)
def test_a_timeout_is_what_ruby_makes_of_it(written: str, seconds: int | None) -> None:
    parsed = parse(f"{LEAST}hooks:\n  AfterInstall:\n    - location: a.sh\n      timeout: {written}\n")
    assert (parsed.value is None) == (seconds is None)
    if parsed.value:
        assert parsed.value.hooks["AfterInstall"][0].timeout == seconds


@pytest.mark.parametrize(
    ("acl", "right"),
    [
        ("u:bob:rwx", True),
        ("user:bob:7", True),
        ("bob:rw-", True),
        ("g:web:r", True),
        ("m:rx", True),
        ("mask::rx", True),
        ("d:u::rwx", True),
        ("d:bob:rwx", True),
        ("default:o::r", True),
        ("d:o:r", True),
        ("u:bob:", True),
        ("u::rwx", False),
        ("g::rwx", False),
        ("o::r", False),
        ("o:r", False),
        ("mask:x:r", False),
        ("d:o:x:r", False),
        ("u:d:bob:r", False),
        ("d:d:bob:r", False),
        ("d:x:bob:r", False),
        ("u:bob:8", False),
        ("u:bob:rwz", False),
        ("bob", False),
        ("", False),
    ],
)
def test_an_entry_of_an_access_control_list(acl: str, right: bool) -> None:
    parsed = parse(f"{LEAST}permissions:\n  - object: /srv\n    acls: ['{acl}']\n")
    assert (parsed.problems == ()) is right


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("yEs", "yEs"),
        ("y", "y"),
        ("12", 12),
        ("012", 10),
        ("08", "08"),
        ("0b11", 3),
        ("0x1F", 31),
        ("1,000", 1000),
        ("-1:30", -90),
        ("1.50", 1.5),
        (".5", 0.5),
        ("1e3", "1e3"),
        (".", "."),
        ("0x_", "0x_"),
        ("2026-11-24", "2026-11-24"),
        ("9" * 400, "9" * 400),
    ],
)
def test_scalars_are_what_psych_makes_of_them(written: str, value: psych.Scalar) -> None:
    found = psych.scalar(Plain(written))
    assert (found, type(found)) == (value, type(value))
    assert psych.scalar(str(written)) == str(written)


SCRIPTS = f"{LEAST}hooks:\n  AfterInstall:\n    - location: scripts/start.sh\n"


def warned(folder: Path, script: bytes | None, text: str = SCRIPTS) -> list[str]:
    (folder / "scripts").mkdir()
    if script is not None:
        (folder / "scripts" / "start.sh").write_bytes(script)
    parsed = parse(text, folder=folder)
    assert parsed.problems == ()
    return [
        f"{Path(one.file).name}:{one.line}:{one.column} {one.message} [{one.hint}]" for one in parsed.warnings
    ]


def test_a_script_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "strat.sh").touch()
    parsed = parse(SCRIPTS, folder=tmp_path)
    assert [(one.message, one.hint) for one in parsed.warnings] == [
        ('there is no script "scripts/start.sh"', 'did you mean "strat.sh"?')
    ]


def test_a_script_of_a_folder_that_is_not_there_may_be_made_by_a_build(tmp_path: Path) -> None:
    parsed = parse(SCRIPTS, folder=tmp_path)
    assert [one.hint for one in parsed.warnings] == ["a build may make it; else the deployment fails"]


def test_a_crlf_in_the_first_line_is_a_warning(tmp_path: Path) -> None:
    assert warned(tmp_path, b"#!/bin/bash\r\necho\r\n") == [
        'start.sh:1:1 the first line ends with CRLF: Linux looks for "/bin/bash\\r"'
        " [save it with LF; `start.sh text eol=lf` in .gitattributes keeps it so]"
    ]


@pytest.mark.parametrize(
    ("line", "open_"),
    [
        ("server &", True),
        ("  nohup server -p 80 &", True),
        ("(cd app && ./run) & # now", True),
        ("server > server.log &", True),
        ("server 2>/dev/null &", True),
        ("server > server.log 2>&1 &", False),
        ("server >/dev/null 2>/dev/null </dev/null &", False),
        ("server &> server.log &", False),
        ("server >& server.log &", False),
        ("a && b", False),
        ("a &&", False),
        ("a | b", False),
        ("# server &", False),
        ("echo a 2>&1", False),
        ("echo a \\&", False),
        ("server &\nwait", False),
        ("exec > log 2>&1\nserver &", False),
    ],
)
def test_what_keeps_output_open_is_a_warning(tmp_path: Path, line: str, open_: bool) -> None:
    assert bool(warned(tmp_path, f"#!/bin/sh\n{line}\n".encode())) is open_


def test_what_is_no_shell_script_is_left_alone(tmp_path: Path) -> None:
    text = SCRIPTS.replace("start.sh", "start.py")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "start.py").write_bytes(b"#!/usr/bin/env python3\nx = 1 &\n\xff")
    assert parse(text, folder=tmp_path).warnings == ()


def test_a_script_outside_of_the_folder_is_not_looked_at(tmp_path: Path) -> None:
    assert parse(SCRIPTS.replace("scripts/start.sh", "../../etc/passwd"), folder=tmp_path).warnings == ()


def test_windows_scripts_are_not_read_as_linux_does(tmp_path: Path) -> None:
    assert warned(tmp_path, b"#!/bin/sh\r\nx &\r\n", SCRIPTS.replace("linux", "windows")) == []


WORDS = st.sampled_from(
    [
        *("version", "0.0", "os", "linux", "files", "source", "destination", "permissions", "object", "mode"),
        *("0755", "755", "hooks", "AfterInstall", "location", "timeout", "Resources", "Type", "Properties"),
        *("AWS::ECS::Service", "AWS::Lambda::Function", "LoadBalancerInfo", "ContainerPort", "Hooks", "acls"),
        *("context", "range", "type", "NetworkConfiguration", "AwsvpcConfiguration", "BeforeAllowTraffic"),
    ]
)
VALUES = st.recursive(
    st.none() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)
PLATFORMS = st.sampled_from(["server", "lambda", "ecs"])


@given(st.text(max_size=60) | st.binary(max_size=60), PLATFORMS)
def test_any_text_is_read_or_refused_with_a_reason(data: str | bytes, platform: Platform) -> None:
    parsed = parse(data, "x", platform)
    assert (parsed.value is None) == bool(parsed.problems)


@given(VALUES, VALUES, VALUES, PLATFORMS)
def test_any_value_at_any_key_is_judged(one: object, two: object, three: object, platform: Platform) -> None:
    document = {"version": "0.0", "os": "linux", "files": one, "permissions": two, "hooks": three}
    if platform != "server":
        document = {"version": "0.0", "Resources": one, "Hooks": two, "x": three}
    parsed = parse(json.dumps(document), "x", platform, folder=Path("/nowhere"))
    assert (parsed.value is None) == bool(parsed.problems)


@given(WORDS, WORDS, VALUES, PLATFORMS)
def test_any_entry_is_judged(key: str, inner: str, value: object, platform: Platform) -> None:
    entry = {key: value, inner: value, "object": "/x", "location": "a.sh"}
    document = {"version": "0.0", "os": "linux", "permissions": [entry], "hooks": {"AfterInstall": [entry]}}
    if platform != "server":
        document = {"Resources": [{"a": {"Type": "x", "Properties": entry}}], "Hooks": [entry]}
    parsed = parse(json.dumps(document), "x", platform, folder=Path("/nowhere"))
    assert (parsed.value is None) == bool(parsed.problems)
