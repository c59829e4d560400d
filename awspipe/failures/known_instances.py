"""Known causes of a failure of CodePipeline's own deployment to instances.

AWS publishes few of its texts: these rows know what the sandbox says, and are matched loosely.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-EC2Deploy.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from awspipe.failures.cause import Failure, Where
from awspipe.failures.known import Row

_DOCS = "https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html"
_SAID = (Where.ACTION,)


def _others(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    """How many instances failed beside the first."""
    others = int(match["failed"]) - 1
    return {"others": f" (and {others} more of {match['hosts']} instances)" if others else ""}


ROWS = (
    Row(
        name="instance-file-missing",
        where=_SAID,
        text=r"No such file: the artifact has no (?P<file>[^\n]+?)\.?$",
        line="the artifact has no {file}",
        fix="add it to the source or to the build's artifact, or mend its name at the Deploy stage",
        commit=True,
        source=_DOCS,
        verified=False,
    ),
    Row(
        name="instance-script-failed",
        where=_SAID,
        text=r"failed on (?P<failed>\d+) of (?P<hosts>\d+) instances.*?\. (?P<host>\S+) \([^)]*\): \w+: "
        r"(?P<script>\S+): .*?exit code:? (?P<exit>\d+)",
        line="{script} failed with exit code {exit} on {host}{others}",
        fix="the lines below are the script's; mend it and push",
        more=_others,
        commit=True,
        source=_DOCS,
        verified=False,
    ),
)
