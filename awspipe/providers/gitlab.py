"""`provider: gitlab`: the source is a branch of a repository at GitLab."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from awspipe.providers.connected import Connected
from awspipe.providers.fields import Spelled, Text


class GitLab(Connected):
    """A branch of a repository at GitLab.com. A push to it starts the pipeline."""

    word = "gitlab"

    provider: Literal["gitlab"]
    repository: Annotated[
        Text,
        Field(max_length=500),
        Spelled(r"[^\s/:]+(?:/[^\s/:]+)+(?<!\.git)", "write group/name, as in the address, without .git"),
    ]
    """The project, in the right letter case: `group/name`, or `group/subgroup/name`."""
