"""Addresses as commands."""

from __future__ import annotations

import pytest

from awspipe.cli.views.addresses import uploads
from awspipe.providers.base import Address
from awspipe.providers.s3_source import UPLOAD


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("in/source.zip", "aws s3 cp source.zip s3://b/in/source.zip"),
        ("my source.zip", "aws s3 cp 'my source.zip' 's3://b/my source.zip'"),
    ],
)
def test_the_command_that_sends_a_source_can_be_pasted(key: str, command: str) -> None:
    found = (Address("Site", "http://x", "b"), Address(UPLOAD, f"s3://b/{key}", "b"))
    assert list(uploads(found, "sends it")) == [(command, "sends it")]
