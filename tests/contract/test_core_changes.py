"""One field of a spec changes: exactly that update is planned and sent, and nothing is left to do after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from awspipe.apply import apply
from awspipe.plan import Verb
from tests.support import core
from tests.support.core import SERVER, STATIC_SITE, World

SITE = STATIC_SITE.replace("    buildspec: buildspec.yml\n", "").replace("    error: 404.html\n", "")
BUILD = "    provider: codebuild\n"
GROUP = 'ec2_tags: {awspipe: "shop"}'
HERE = f"{core.ACCOUNT}-{core.REGION}-an"


@dataclass(frozen=True)
class Case:
    """`before` with one field changed; which fields then differ, and the calls that change AWS."""

    before: str
    old: str
    new: str
    fields: frozenset[str]
    calls: tuple[str, ...]

    @property
    def after(self) -> str:
        assert self.before.count(self.old) == 1, self.old
        return self.before.replace(self.old, self.new)


def build(field: str, *fields: str, before: str = SITE, old: str = BUILD) -> Case:
    """A field of the build action: `fields` are the project's that differ."""
    new = f"{old}    {field}\n"
    keys = frozenset(f"build-project {one}" for one in fields)
    return Case(before, old, new, keys, ("codebuild:UpdateProject",))


def group(old: str, new: str, *fields: str, calls: tuple[str, ...] = ()) -> Case:
    """A field of the deploy action to servers."""
    return Case(SERVER, old, new, frozenset(fields), ("codedeploy:UpdateDeploymentGroup", *calls))


def site(old: str, new: str, *fields: str, before: str = SITE) -> Case:
    return Case(before, old, new, frozenset(f"bucket {one}" for one in fields), ("s3:PutBucketWebsite",))


CASES = {
    "image": build("image: aws/codebuild/standard:6.0", "environment.image"),
    "image of one's own": build(
        "image: public.ecr.aws/a/b:1", "environment.image", "environment.imagePullCredentialsType"
    ),
    "image for ARM": build(
        "image: aws/codebuild/amazonlinux2-aarch64-standard:3.0", "environment.image", "environment.type"
    ),
    "compute": build("compute: medium", "environment.computeType"),
    "env added": build("env: {A: '1'}", "environment.environmentVariables"),
    "env changed": Case(
        SITE.replace(BUILD, BUILD + "    env: {A: '1', B: '2'}\n"),
        "B: '2'",
        "B: '3'",
        frozenset({"build-project environment.environmentVariables[B].value"}),
        ("codebuild:UpdateProject",),
    ),
    "env removed": Case(
        SITE.replace(BUILD, BUILD + "    env: {A: '1', B: '2'}\n"),
        ", B: '2'",
        "",
        frozenset({"build-project environment.environmentVariables"}),
        ("codebuild:UpdateProject",),
    ),
    "env from a secret": Case(
        SITE.replace(BUILD, BUILD + "    env: {A: shop/a}\n"),
        "A: shop/a",
        "A: {secret: shop/a}",
        frozenset({"build-project environment.environmentVariables[A].type", "role Policy.Statement"}),
        ("codebuild:UpdateProject", "iam:PutRolePolicy"),
    ),
    "env from another parameter": Case(
        SITE.replace(BUILD, BUILD + "    env: {A: {parameter: /a}}\n"),
        "parameter: /a",
        "parameter: /b",
        frozenset(
            {
                "build-project environment.environmentVariables[A].value",
                "role Policy.Statement[4].Resource",
            }
        ),
        ("codebuild:UpdateProject", "iam:PutRolePolicy"),
    ),
    "buildspec": build("buildspec: ci/build.yml", "source.buildspec"),
    "buildspec inline": build('buildspec: "version: 0.2\\nphases: {}\\n"', "source.buildspec"),
    "timeout": build("timeout: 30", "timeoutInMinutes"),
    "privileged": build("privileged: true", "environment.privilegedMode"),
    "cache": build("cache: source", "cache.modes", "cache.type"),
    "cache changed": Case(
        SITE.replace(BUILD, BUILD + "    cache: source\n"),
        "cache: source",
        "cache: custom",
        frozenset({"build-project cache.modes"}),
        ("codebuild:UpdateProject",),
    ),
    "cache removed": Case(
        SITE.replace(BUILD, BUILD + "    cache: source\n"),
        "    cache: source\n",
        "",
        frozenset({"build-project cache.type"}),
        ("codebuild:UpdateProject",),
    ),
    "branch": Case(
        SITE,
        "branch: main",
        "branch: live",
        frozenset(
            {
                "rule EventPattern.detail.referenceName",
                "pipeline stages[Source].actions[Source].configuration.BranchName",
            }
        ),
        ("events:PutRule", "codepipeline:UpdatePipeline"),
    ),
    "index": site(
        "website: true", "website: true\n    index: home.html", "WebsiteConfiguration.IndexDocument.Suffix"
    ),
    "error page added": site(
        "website: true", "website: true\n    error: 404.html", "WebsiteConfiguration.ErrorDocument"
    ),
    "error page changed": site(
        "404.html", "oops.html", "WebsiteConfiguration.ErrorDocument.Key", before=STATIC_SITE
    ),
    "error page removed": site(
        "    error: 404.html\n", "", "WebsiteConfiguration.ErrorDocument", before=STATIC_SITE
    ),
    "cache control": Case(
        SITE,
        "website: true",
        "website: true\n    cache_control: max-age=300",
        frozenset({"pipeline stages[Deploy].actions[Deploy].configuration.CacheControl"}),
        ("codepipeline:UpdatePipeline",),
    ),
    "cache control removed": Case(
        SITE + "    cache_control: max-age=300\n",
        "    cache_control: max-age=300\n",
        "",
        frozenset({"pipeline stages[Deploy].actions[Deploy].configuration.CacheControl"}),
        ("codepipeline:UpdatePipeline",),
    ),
    "type": Case(
        SITE,
        "name: shop\n",
        "name: shop\ntype: V1\n",
        frozenset({"pipeline pipelineType"}),
        ("codepipeline:UpdatePipeline",),
    ),
    "namespace": Case(
        SITE,
        BUILD,
        f"{BUILD}    namespace: made\n",
        frozenset({"pipeline stages[Build].actions[Build].namespace"}),
        ("codepipeline:UpdatePipeline",),
    ),
    "time to approve": Case(
        SITE.replace("  - name: Deploy\n", "  - name: Approve\n    provider: approval\n  - name: Deploy\n"),
        "provider: approval\n",
        "provider: approval\n    timeout: 60\n    comment: Look\n",
        frozenset(
            {
                "pipeline stages[Approve].actions[Approve].configuration.CustomData",
                "pipeline stages[Approve].actions[Approve].timeoutInMinutes",
            }
        ),
        ("codepipeline:UpdatePipeline",),
    ),
    "time to approve removed": Case(
        SITE.replace(
            "  - name: Deploy\n",
            "  - name: Approve\n    provider: approval\n    timeout: 60\n  - name: Deploy\n",
        ),
        "    timeout: 60\n",
        "",
        frozenset({"pipeline stages[Approve].actions[Approve].timeoutInMinutes"}),
        ("codepipeline:UpdatePipeline",),
    ),
    "namespace removed": Case(
        SITE.replace(BUILD, f"{BUILD}    namespace: made\n"),
        "    namespace: made\n",
        "",
        frozenset({"pipeline stages[Build].actions[Build].namespace"}),
        ("codepipeline:UpdatePipeline",),
    ),
    "deployment configuration": group(
        "one-at-a-time",
        "all-at-once",
        "deployment-group deploymentConfigName",
        "role Policy.Statement[4].Resource",
        calls=("iam:PutRolePolicy",),
    ),
    "tag value": group(GROUP, "ec2_tags: {awspipe: web}", "deployment-group ec2TagFilters[0].Value"),
    "tag added": group(GROUP, "ec2_tags: {awspipe: shop, tier: web}", "deployment-group ec2TagFilters"),
    "on-premises tag added": group(
        GROUP,
        f"{GROUP}\n    on_premises_tags: {{a: b}}",
        "deployment-group onPremisesInstanceTagFilters",
    ),
    "on-premises instead": group(
        GROUP,
        "on_premises_tags: {a: b}",
        "deployment-group onPremisesInstanceTagFilters",
        "deployment-group ec2TagFilters",
        "role Policy.Statement[0].Action",
        calls=("iam:PutRolePolicy",),
    ),
    "rollback": group(
        "config: one-at-a-time",
        "config: one-at-a-time\n    rollback: false",
        "deployment-group autoRollbackConfiguration.enabled",
        "deployment-group autoRollbackConfiguration.events",
    ),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with core.world(tmp_path) as world:
        yield world


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_field_changes_and_exactly_that_is_sent(world: World, case: Case) -> None:
    core.up(world.aws, case.before)
    shown = core.planned(world.aws, case.after)
    assert {f"{kind} {path}" for kind, path in core.changes(shown)} == case.fields
    assert {step.verb for step in shown.work} == {Verb.UPDATE}
    world.calls.clear()
    core.done(apply(world.aws, shown))
    assert sorted(call.name for call in world.calls.mutating) == sorted(case.calls)
    assert core.planned(world.aws, case.after).work == ()


MANY = {
    "build": Case(
        SITE,
        BUILD,
        BUILD + "    image: aws/codebuild/amazonlinux2-aarch64-standard:3.0\n    compute: large\n"
        "    env: {B: {secret: b}, A: {parameter: a}}\n    timeout: 60\n    cache: docker\n"
        "    privileged: true\n    buildspec: x.yml\n    namespace: made\n",
        frozenset(),
        (),
    ),
    "site": Case(
        STATIC_SITE,
        "    error: 404.html\n",
        "    index: a.html\n    key: docs\n    cache_control: no-cache\n",
        frozenset(),
        (),
    ),
    "server": Case(
        SERVER,
        f"{GROUP}\n    config: one-at-a-time\n",
        "on_premises_tags: {a: b, c: d}\n    config: half-at-a-time\n    rollback: false\n",
        frozenset(),
        (),
    ),
}


@pytest.mark.parametrize("case", MANY.values(), ids=MANY.keys())
def test_a_changed_account_is_as_one_made_so_at_once(tmp_path: Path, case: Case) -> None:
    with core.world(tmp_path / "changed") as world:
        core.up(world.aws, case.before)
        core.up(world.aws, case.after)
        changed = core.lasting(world.inventory)
        core.up(world.aws, case.before)
        back = core.lasting(world.inventory)
    with core.world(tmp_path / "made") as world:
        core.up(world.aws, case.before)
        assert back == core.lasting(world.inventory)
        core.down(world.aws)
        core.up(world.aws, case.after)
        assert changed == core.lasting(world.inventory)


APPROVAL = "  - name: Approve\n    provider: approval\n"
TEST = "  - name: Test\n    provider: codebuild\n    category: Test\n"
DEPLOY = "  - name: Deploy\n"
BUILD_STAGE = "  - name: Build\n    provider: codebuild\n"
PRIVATE = "  - name: Deploy\n    provider: s3\n"
SHAPES = {
    "approval added": (SITE, SITE.replace(DEPLOY, APPROVAL + DEPLOY), {"pipeline": {Verb.UPDATE}}),
    "approval removed": (SITE.replace(DEPLOY, APPROVAL + DEPLOY), SITE, {"pipeline": {Verb.UPDATE}}),
    "test added": (
        SITE,
        SITE.replace(DEPLOY, TEST + DEPLOY),
        {
            "pipeline": {Verb.UPDATE},
            "build-project": {Verb.CREATE},
            "log-group": {Verb.CREATE},
            "role": {Verb.CREATE, Verb.UPDATE},
        },
    ),
    "build removed": (
        SITE,
        SITE.replace(BUILD_STAGE, ""),
        {
            "pipeline": {Verb.UPDATE},
            "build-project": {Verb.DELETE},
            "log-group": {Verb.DELETE},
            "role": {Verb.DELETE, Verb.UPDATE},
        },
    ),
    "build renamed": (
        SITE,
        SITE.replace("name: Build", "name: Make"),
        {
            "pipeline": {Verb.UPDATE},
            "build-project": {Verb.CREATE, Verb.DELETE},
            "log-group": {Verb.CREATE, Verb.DELETE},
            "role": {Verb.CREATE, Verb.DELETE, Verb.UPDATE},
        },
    ),
    "source renamed": (
        SITE,
        SITE.replace("name: Source", "name: Code"),
        {
            "pipeline": {Verb.UPDATE},
            "rule": {Verb.CREATE, Verb.DELETE},
            "role": {Verb.CREATE, Verb.DELETE},
        },
    ),
    "another repository": (
        SITE,
        SITE.replace("repository: shop", "repository: shop-code"),
        {
            "pipeline": {Verb.UPDATE},
            "repository": {Verb.CREATE, Verb.DELETE},
            "rule": {Verb.UPDATE},
            "role": {Verb.UPDATE},
        },
    ),
    "site turned private": (
        SITE,
        SITE.replace("    website: true\n", ""),
        {"pipeline": {Verb.UPDATE}, "bucket": {Verb.CREATE, Verb.DELETE}, "role": {Verb.UPDATE}},
    ),
    "private turned site": (
        SITE.replace("    website: true\n", ""),
        SITE,
        {"pipeline": {Verb.UPDATE}, "bucket": {Verb.CREATE, Verb.DELETE}, "role": {Verb.UPDATE}},
    ),
    "servers become a site": (
        SERVER,
        SITE,
        {
            "pipeline": {Verb.UPDATE},
            "application": {Verb.DELETE},
            "deployment-group": {Verb.DELETE},
            "bucket": {Verb.CREATE},
            "build-project": {Verb.CREATE},
            "log-group": {Verb.CREATE},
            "role": {Verb.CREATE, Verb.DELETE, Verb.UPDATE},
        },
    ),
    "deployment renamed": (
        SERVER,
        SERVER.replace("name: Deploy", "name: Servers"),
        {
            "pipeline": {Verb.UPDATE},
            "deployment-group": {Verb.CREATE, Verb.DELETE},
            "role": {Verb.CREATE, Verb.DELETE, Verb.UPDATE},
        },
    ),
}


@pytest.mark.parametrize(("before", "after", "verbs"), SHAPES.values(), ids=SHAPES.keys())
def test_the_shape_changes_and_nothing_unwanted_stays(
    tmp_path: Path, before: str, after: str, verbs: dict[str, set[Verb]]
) -> None:
    with core.world(tmp_path / "changed") as world:
        core.up(world.aws, before)
        shown = core.planned(world.aws, after)
        assert core.verbs(shown) == verbs
        core.done(apply(world.aws, shown))
        assert core.planned(world.aws, after).work == ()
        changed = core.lasting(world.inventory)
    with core.world(tmp_path / "made") as world:
        core.up(world.aws, after)
        assert changed == core.lasting(world.inventory)


def test_what_is_no_longer_wanted_goes_after_the_pipeline_has_let_go(world: World) -> None:
    core.up(world.aws, SITE)
    order = [str(step) for step in core.up(world.aws, SITE.replace(BUILD_STAGE, "")).done]
    updated = order.index("update pipeline shop")
    gone = [place for place, step in enumerate(order) if step.startswith("delete")]
    assert len(gone) == 3
    assert min(gone) > updated


def test_a_repository_with_commits_stays_when_the_spec_turns_to_another(world: World) -> None:
    core.up(world.aws, SITE, push=core.first_commit(world))
    shown = core.planned(world.aws, SITE.replace("repository: shop", "repository: shop-code"))
    assert [str(key) for key, _ in shown.kept] == ["repository shop"]


def test_an_existing_repository_is_used_and_never_touched(world: World) -> None:
    world.client("codecommit").create_repository(repositoryName="theirs")
    theirs = world.inventory["codecommit/theirs"]
    text = SITE.replace("repository: shop", "repository: theirs\n    existing: true")
    core.up(world.aws, text)
    assert core.planned(world.aws, text).work == ()
    core.down(world.aws)
    assert world.inventory == {"codecommit/theirs": theirs}


def test_an_existing_bucket_is_deployed_into_and_never_touched(world: World) -> None:
    place = {"LocationConstraint": core.REGION}
    world.client("s3").create_bucket(Bucket="theirs", CreateBucketConfiguration=place)
    theirs = world.inventory["s3/theirs"]
    text = SITE.replace("website: true", "bucket: theirs")
    core.up(world.aws, text)
    assert core.planned(world.aws, text).work == ()
    core.down(world.aws)
    assert world.inventory == {"s3/theirs": theirs}


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (SITE.replace("repository: shop", "repository: theirs\n    existing: true"), "repository theirs"),
        (SITE.replace("website: true", "bucket: theirs"), "bucket theirs"),
    ],
)
def test_what_a_spec_refers_to_must_be_there(world: World, text: str, missing: str) -> None:
    error = core.refused(core.up, world.aws, text)
    assert error.message == f"the spec refers to what is not there: {missing}"
    assert world.calls.mutating == ()
