"""Credentials read again while something is watched."""

from __future__ import annotations

from pathlib import Path

import pytest

from awspipe.cli.console import Console
from awspipe.cli.following import renewal
from awspipe.cli.options import Options
from awspipe.cli.target import connect

FILE = "[default]\naws_access_key_id = {key}\naws_secret_access_key = secret\naws_session_token = token\n"


@pytest.fixture(autouse=True)
def _nothing_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWSPIPE_SANDBOX",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_those_of_a_file_are_read_as_they_are_now(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(FILE.format(key="old"), encoding="utf-8")
    options = Options(region="us-east-1", endpoint_url="http://127.0.0.1:1")
    target = connect(options, Console())
    renew = renewal(target)
    assert renew is not None
    (tmp_path / "credentials").write_text(FILE.format(key="new"), encoding="utf-8")
    fresh = renew()
    known = fresh.session.get_credentials()
    assert known is not None
    assert known.access_key == "new"
    assert (fresh.region, fresh.endpoint_url, fresh.once_each) == ("us-east-1", "http://127.0.0.1:1", True)


def test_nobody_can_change_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert renewal(connect(Options(region="us-east-1"), Console())) is None
