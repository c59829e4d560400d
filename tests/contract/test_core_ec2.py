"""`provider: ec2`: files and scripts really brought to hosts, in batches, with the tag's rights alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awspipe.failures import causes
from awspipe.graph import Source
from awspipe.sandbox.box import ISOLATION
from awspipe.sandbox.codedeploy import CodeDeployBackend, codedeploy_backends
from tests.support import core
from tests.support.core import World

SPEC = """\
name: shop
stages:
  - {name: Source, provider: codecommit, repository: shop}
  - name: Deploy
    provider: ec2
    ec2_tag: {app: shop}
    target_directory: /srv/shop
    pre_script: scripts/stop.sh
    post_script: scripts/start.sh
"""
FILES = {
    "index.html": "hello",
    "scripts/stop.sh": "#!/bin/sh\necho stopping; cat index.html\n",
    "scripts/start.sh": "#!/bin/sh\npwd; echo started > started\n",
}
BY_SPEC = SPEC[: SPEC.index("    target_directory")] + "    deploy_spec: deploy.yml\n"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv(ISOLATION, "process")
    with core.world(tmp_path, actions={}) as world:
        yield world


def commit(world: World, files: dict[str, str]) -> Any:
    def push(source: Source) -> None:
        world.client("codecommit").create_commit(
            repositoryName=source.repository,
            branchName=source.branch,
            putFiles=[{"filePath": name, "fileContent": text.encode()} for name, text in files.items()],
        )

    return push


def run(world: World, text: str = SPEC, **files: str) -> str:
    """Bring it up with a commit; the status of its first execution."""
    core.up(world.aws, text, push=commit(world, files or FILES))
    world.runtime.drain()
    return str(first(world)["status"])


def first(world: World) -> Any:
    found = world.client("codepipeline").list_pipeline_executions(pipelineName="shop")
    return found["pipelineExecutionSummaries"][-1]


def deployed(world: World) -> Any:
    found = world.client("codepipeline").list_action_executions(pipelineName="shop")
    return next(one for one in found["actionExecutionDetails"] if one["actionName"] == "Deploy")["output"]


def service() -> CodeDeployBackend:
    return codedeploy_backends[core.ACCOUNT][core.REGION]


def roots() -> dict[str, Path]:
    """What stands for `/` on each host."""
    return {name: Path(service().machine(name).root) for name in service().hosts}


def lines(world: World) -> list[str]:
    arn = deployed(world)["executionResult"]["logStreamARN"]
    events = world.client("logs").get_log_events(
        logGroupName="/aws/codepipeline/shop", logStreamName=arn.rpartition(":log-stream:")[2]
    )["events"]
    return [one["message"].rstrip("\n") for one in events]


def test_files_are_copied_and_scripts_run_on_every_host_with_the_tag(world: World) -> None:
    service().add_host("web-1", "ec2", {"app": "shop"})
    service().add_host("web-2", "ec2", {"app": "shop"})
    service().add_host("other", "ec2", {"app": "blog"})
    assert run(world) == "Succeeded"
    for name, root in roots().items():
        there = root / "srv/shop"
        assert there.exists() is (name != "other")
        if name != "other":
            assert (there / "index.html").read_text() == "hello"
            assert (there / "started").read_text() == "started\n"
            assert not (there / "appspec.yml").exists()
    said = lines(world)
    assert {"web-1: stopping", "web-2: hello", "web-1: AfterInstall succeeded"} <= set(said)
    assert any(one.startswith("web-2: ") and one.endswith("/srv/shop") for one in said)


def test_a_second_deployment_replaces_the_files(world: World) -> None:
    run(world)
    client = world.client("codecommit")
    branch = client.get_branch(repositoryName="shop", branchName="main")["branch"]["commitId"]
    client.create_commit(
        repositoryName="shop",
        branchName="main",
        parentCommitId=branch,
        putFiles=[{"filePath": "index.html", "fileContent": b"again"}],
    )
    world.runtime.drain()
    assert {(root / "srv/shop/index.html").read_text() for root in roots().values()} == {"again"}


def test_hosts_are_made_where_there_are_none_and_go_with_the_pipeline(world: World) -> None:
    assert run(world) == "Succeeded"
    assert [one.made_for for one in service().hosts.values()] == ["shop/Deploy", "shop/Deploy"]
    assert core.planned(world.again(), SPEC).work == ()
    assert core.down(world.aws, delete_data=True).left == ()
    assert world.inventory == {}
    assert service().hosts == {}


@pytest.mark.parametrize(
    ("more", "tried", "status"),
    [
        ("", 2, "Failed"),
        ("    max_batch: 1\n", 1, "Failed"),
        ("    max_batch: 1\n    max_error: 50%\n", 2, "Succeeded"),
    ],
)
def test_batches_end_when_too_many_have_failed(world: World, more: str, tried: int, status: str) -> None:
    service().add_host("web-1", "ec2", {"app": "shop"})
    service().add_host("web-2", "ec2", {"app": "shop"})
    start = '#!/bin/sh\nif [ "$AWSPIPE_HOST" = web-1 ]; then echo no room >&2; exit 3; fi\n'
    assert run(world, SPEC + more, **{**FILES, "scripts/start.sh": start}) == status
    assert sum((root / "srv/shop").exists() for root in roots().values()) == tried


def test_a_script_that_fails_is_explained(world: World) -> None:
    start = "#!/bin/sh\necho no room >&2; exit 3\n"
    assert run(world, **{**FILES, "scripts/start.sh": start}) == "Failed"
    (cause,) = causes(world.aws, "shop", first(world)["pipelineExecutionId"])
    assert (cause.stage, cause.known) == ("Deploy", "instance-script-failed")
    assert cause.line == "scripts/start.sh failed with exit code 3 on shop-1 (and 1 more of 2 instances)"
    assert any("no room" in line for line in cause.detail)


def test_a_script_that_the_artifact_does_not_have(world: World) -> None:
    assert run(world, **{"index.html": "1"}) == "Failed"
    (cause,) = causes(world.aws, "shop", first(world)["pipelineExecutionId"])
    assert (cause.known, cause.line) == ("instance-file-missing", "the artifact has no scripts/stop.sh")


@pytest.mark.parametrize(
    "text",
    [
        "version: 0.1\nfiles: [{source: index.html, destination: /srv/shop}]\n"
        "scripts: {AfterDeploy: [{location: scripts/start.sh, timeout: 60}]}\n",
        "version: 0.0\nos: linux\nfiles: [{source: index.html, destination: /srv/shop}]\n"
        "hooks: {ApplicationStart: [{location: scripts/start.sh, timeout: 60}]}\n",
    ],
)
def test_a_deploy_spec_says_it_all(world: World, text: str) -> None:
    start = '#!/bin/sh\necho started > "${AWSPIPE_ROOT:-}/srv/shop/started"\n'
    assert run(world, BY_SPEC, **{**FILES, "deploy.yml": text, "scripts/start.sh": start}) == "Succeeded"
    for root in roots().values():
        assert sorted(one.name for one in (root / "srv/shop").iterdir()) == ["index.html", "started"]


def test_commands_are_sent_to_instances_with_the_tag_alone(world: World) -> None:
    core.up(world.aws, SPEC)
    iam, name = world.client("iam"), {"RoleName": f"awspipe-shop-{core.REGION}", "PolicyName": "awspipe"}
    policy = iam.get_role_policy(**name)["PolicyDocument"]
    text = json.dumps(policy)
    assert '"aws:ResourceTag/app": "shop"' in text
    iam.put_role_policy(
        **name, PolicyDocument=text.replace('"aws:ResourceTag/app": "shop"', '"aws:ResourceTag/app": "blog"')
    )
    commit(world, FILES)(Source("shop", "main"))
    world.runtime.drain()
    error = deployed(world)["executionResult"]["errorDetails"]
    assert error["code"] == "PermissionError"
    assert "ssm:SendCommand" in error["message"]
