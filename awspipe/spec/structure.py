"""Structure rules (slice: the flow only)."""

from __future__ import annotations

from awspipe.spec.flow import Broken, flow
from awspipe.spec.models import Pipeline


def check(pipeline: Pipeline) -> tuple[Broken, ...]:
    """Every rule that the pipeline breaks."""
    return flow(pipeline).broken
