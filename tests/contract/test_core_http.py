"""The same life over real HTTP: signed requests, real sockets, a server in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from awspipe.aws import Aws
from awspipe.cli.target import sandbox_session
from tests.support import core, modelcheck, recorder
from tests.support.core import SERVER, STATIC_SITE
from tests.support.server import REGION, Server


def connect(server: Server) -> tuple[Aws, recorder.Recording]:
    session = sandbox_session(server.endpoint, REGION)
    modelcheck.attach(session)
    calls = recorder.record(session)
    return Aws(session, REGION, server.endpoint.url), calls


def test_both_templates_live_and_die_over_http(tmp_path: Path) -> None:
    with Server(tmp_path / "sandbox") as server:
        aws, calls = connect(server)
        for text in (STATIC_SITE, SERVER):
            core.up(aws, text)
            calls.clear()
            core.up(aws, text)
            assert calls.mutating == ()
            server.stop()
            server.start()
            aws.close()
            aws, calls = connect(server)
            assert core.planned(aws, text).work == ()
            assert core.down(aws).left == ()
            assert core.down(aws).plan.steps == ()
        aws.close()


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_other_partitions_over_http(tmp_path: Path, region: str) -> None:
    with Server(tmp_path / "sandbox") as server:
        aws = Aws(sandbox_session(server.endpoint, region), region, server.endpoint.url)
        core.up(aws, STATIC_SITE)
        assert core.planned(aws, STATIC_SITE).work == ()
        assert core.down(aws).left == ()
        aws.close()
