"""`provider: bitbucket`: the source is a branch of a repository at Bitbucket."""

from __future__ import annotations

from typing import Literal

from awspipe.providers.connected import Connected


class Bitbucket(Connected):
    """A branch of a repository at Bitbucket Cloud. A push to it starts the pipeline."""

    word = "bitbucket"

    provider: Literal["bitbucket"]
