"""AWS's action types: what we demand is what the sandbox's own reading of AWS's reference demands too."""

from __future__ import annotations

from pathlib import Path

import pytest

from awspipe.sandbox.action_types import ACTION_TYPES as PLAYED
from awspipe.spec.action_types import ACTION_TYPES
from awspipe.spec.flow import resolve
from awspipe.spec.load import load_file
from awspipe.spec.structure import configuration

GOOD = sorted((Path(__file__).parent / "spec_corpus" / "good").glob("*.yml"))

NOT_PLAYED_STRICTLY = {
    ("Deploy", "AppConfig"),
    ("Deploy", "CloudFormationStackSet"),
    ("Deploy", "CodeDeployToECS"),
    ("Test", "DeviceFarm"),
}
"""The sandbox takes any configuration of them, or one with less."""


@pytest.mark.parametrize("key", ACTION_TYPES, ids="-".join)
def test_two_readings_of_aws_s_reference_agree(key: tuple[str, str]) -> None:
    ours, played = ACTION_TYPES[key], PLAYED[key[0], "AWS", key[1]]
    assert ours.url.startswith("https://docs.aws.amazon.com/codepipeline/latest/userguide/")
    assert ours.inputs in (None, played.inputs)
    assert ours.outputs in (None, played.outputs)
    if key not in NOT_PLAYED_STRICTLY:
        assert set(ours.required) == set(played.required)
    if ours.known is not None:
        assert set(ours.known) == set(played.required) | set(played.optional)


@pytest.mark.parametrize("file", GOOD, ids=[file.stem for file in GOOD])
def test_what_our_own_providers_write_is_as_demanded(file: Path) -> None:
    for pipeline in load_file(file):
        for one in (each for stage in resolve(pipeline) for each in stage.actions):
            said = one.action.type_id()
            known = ACTION_TYPES.get((said["category"], said["provider"]))
            if known is None or said["owner"] != "AWS":
                continue
            given = configuration(pipeline, one)
            assert set(known.required) <= set(given)
            assert known.known is None or set(given) <= set(known.known)
            assert known.inputs is None or known.inputs[0] <= len(one.inputs) <= known.inputs[1]
            assert known.outputs is None or known.outputs[0] <= len(one.outputs) <= known.outputs[1]
