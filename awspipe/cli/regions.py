"""In which regions a command looks: its specs', the one it is told, or with --region all every one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from awspipe.cli.console import Console
from awspipe.cli.options import Options
from awspipe.cli.target import Target, connect

EVERYWHERE = "all"
"""What --region says for every region of the account."""


def connect_each(
    options: Options, console: Console, regions: Iterable[str | None]
) -> dict[str | None, Target]:
    """A target for each region that specs name, in their order: pipelines of a region share one."""
    return {region: connect(options, console, region) for region in dict.fromkeys(regions)}


def connect_told(options: Options, console: Console) -> tuple[Target, tuple[str, ...]]:
    """The connection and the regions that --region tells, or the usual one; with `all` every enabled one.

    `target.aws.at(region)` is the connection to each.
    """
    from awspipe.cost.unknown import Unknown
    from awspipe.cost.usage import enabled_regions

    if options.region != EVERYWHERE:
        target = connect(options, console)
        return target, (target.aws.region,)
    target = connect(replace(options, region=None), console)
    regions = enabled_regions(target.aws)
    if isinstance(regions, Unknown):
        raise regions.error("the account's regions cannot be listed")
    return target, regions


def begin(options: Options, console: Console) -> tuple[Target, tuple[str, ...]]:
    """As `connect_told`, and both are said."""
    target, regions = connect_told(options, console)
    console.say(target.first_line())
    if options.region == EVERYWHERE:
        console.say(f"  . looking in {len(regions)} regions")
    return target, regions
