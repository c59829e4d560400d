"""Values for the tests of views: a target that is never called, a plan, a clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from awspipe.cli.options import Options
from awspipe.cli.target import Target
from awspipe.naming import Scope

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
SCOPE = Scope("shop", "123456789012", "ap-northeast-2")


class _Aws:
    """As much of a connection as a view looks at."""

    region = SCOPE.region
    endpoint_url = "http://127.0.0.1:20613"


def target(*, sandbox: bool = True, region: str | None = SCOPE.region) -> Target:
    """A target; `region` is the one that a command has which is not told any."""
    options = Options(sandbox=sandbox)
    return Target(cast(Any, _Aws()), sandbox=sandbox, profile=None, options=options, usual_region=region)
