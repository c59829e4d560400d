"""What it means to be the account's second, third, ... pipeline: the lesson's warning, made exact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from awspipe.cost.account import Account, PipelineFacts
from awspipe.cost.mix import v1_charge_begins
from awspipe.cost.unknown import Unknown


@dataclass(frozen=True, slots=True)
class Standing:
    """A pipeline among those of its account and region. `new`: it is yet to be made.

    `charged_from` is when V1 would be charged for it: day 31 after its creation.
    """

    number: int
    new: bool
    other_v1: tuple[str, ...]
    charged_from: datetime

    @property
    def further(self) -> bool:
        """Whether it is made beside others."""
        return self.new and self.number > 1


def standing(
    account: Account, name: str, now: datetime, ahead: tuple[PipelineFacts, ...] = ()
) -> Standing | None:
    """Where a pipeline stands among the others, by age; None where they cannot be listed.

    `ahead` are those that will be made before it.
    """
    if isinstance(account.pipelines, Unknown):
        return None
    listed = {one.name: one for one in (*ahead, *account.pipelines)}
    own = next((one for one in account.pipelines if one.name == name), None)
    others = [one for one in listed.values() if one.name != name]
    created = (own and own.created) or now
    before = [one for one in others if own is None or _is_older(one, created)]
    return Standing(
        number=len(before) + 1,
        new=own is None,
        other_v1=tuple(one.name for one in others if one.type == "V1"),
        charged_from=v1_charge_begins(created),
    )


def _is_older(one: PipelineFacts, created: datetime) -> bool:
    return one.created is None or one.created <= created
