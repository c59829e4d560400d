"""`provider: approval`: somebody looks before the pipeline goes on.

https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from awspipe.providers.base import Action, Place
from awspipe.providers.fields import Spelled, Text, Whole


class Approval(Action):
    """A manual approval: the pipeline waits until somebody approves or rejects."""

    category = "Approval"
    aws_provider = "Manual"

    provider: Literal["approval"]
    comment: Annotated[Text, Field(max_length=1000)] | None = None
    """What the reviewer should know."""
    review_url: (
        Annotated[Text, Field(max_length=1000), Spelled(r"https?://[^\s]+", "write an address: https://...")]
        | None
    ) = None
    """What the reviewer should look at."""
    timeout: Annotated[Whole, Field(ge=5, le=86400)] | None = None
    """Minutes after which the approval fails; AWS's default is 7 days."""

    def siblings(self) -> dict[str, object]:
        """The time-out: the only action that may have one."""
        return {} if self.timeout is None else {"timeoutInMinutes": self.timeout}

    def configuration(self, place: Place) -> dict[str, str]:
        """The words for the reviewer."""
        given = {"CustomData": self.comment, "ExternalEntityLink": self.review_url}
        return {key: value for key, value in given.items() if value is not None}
