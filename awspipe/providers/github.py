"""`provider: github`: the source is a branch of a repository at GitHub."""

from __future__ import annotations

from typing import Literal

from awspipe.providers.connected import Connected


class GitHub(Connected):
    """A branch of a repository at GitHub. A push to it starts the pipeline."""

    word = "github"

    provider: Literal["github"]
