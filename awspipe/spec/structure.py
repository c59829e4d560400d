"""What CodePipeline would refuse in a pipeline's structure, refused here: offline, with the rule in words.

How many stages and actions there may be, and how names are spelt, the models say. That some action is no
source follows: there are two stages, and only the first holds sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from awspipe.formats.words import nearest
from awspipe.naming import Scope
from awspipe.providers.base import Place, chosen, providers
from awspipe.providers.managed import Managed
from awspipe.spec import variables
from awspipe.spec.action_types import action_types
from awspipe.spec.flow import Broken, Flow, ResolvedAction, flow
from awspipe.spec.gates import gates
from awspipe.spec.models import Pipeline
from awspipe.spec.notify import APPROVAL

Rule = Callable[[Pipeline, Flow], Iterator[Broken]]

ACTIONS_IN_ALL = 1000
KEY_LIMIT = 50
VALUE_LIMIT = 1000


def check(pipeline: Pipeline) -> tuple[Broken, ...]:
    """Every rule that the pipeline breaks, with the place."""
    return tuple(broken for _, broken in broken_rules(pipeline))


def broken_rules(pipeline: Pipeline) -> Iterator[tuple[str, Broken]]:
    """As `check`, with the word for each rule."""
    resolved = flow(pipeline)
    yield from (("artifact-known", broken) for broken in resolved.broken)
    for word, rule in RULES.items():
        yield from ((word, broken) for broken in rule(pipeline, resolved))


def source_first(_: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """The first stage holds sources only.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/pipeline-requirements.html
    """
    for one in resolved.stages[0].actions:
        category = one.action.own_category()
        if category != "Source":
            message = (
                f'the first stage holds only sources, and "{one.action.name}" is of the category {category}'
            )
            yield Broken((*one.path, "provider"), message, _source_hint(one))


def _source_hint(one: ResolvedAction) -> str:
    """One word may be a source and something else."""
    word = getattr(one.action, "provider", "")
    same = [
        model for model in providers().values() if model.told_by and chosen(word, {model.told_by}) is model
    ]
    for model in same:
        if model.category == "Source":
            return f"as a source, {word} needs `{model.told_by}` beside it"
    return "begin with a stage that has a source, e.g. codecommit or github"


def source_only_first(_: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """Sources stand in no other stage.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/pipeline-requirements.html
    """
    for one in resolved.actions:
        if one.moment[0] > 0 and one.action.own_category() == "Source":
            message = f'"{one.action.name}" is a source, and sources stand only in the first stage'
            yield Broken(
                (*one.path, "provider"), message, "several sources go into `actions:` of the first stage"
            )


def stage_names(_: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """Stage names are unique in a pipeline. https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""
    seen: set[str] = set()
    for stage in resolved.stages:
        if stage.name in seen:
            yield Broken(
                (*stage.path, "name"), f'two stages have the name "{stage.name}"', "rename one of them"
            )
        seen.add(stage.name)


def action_names(_: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """Action names are unique in a stage. https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""
    for stage in resolved.stages:
        seen: set[str] = set()
        for one in stage.actions:
            name = one.action.name
            if name in seen:
                message = f'two actions of the stage "{stage.name}" have the name "{name}"'
                yield Broken((*one.path, "name"), message, "rename one of them")
            seen.add(name)


def own_names(_: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """Two actions cannot share the names that awspipe gives to what it makes for them.

    Buckets have small letters only, and IAM takes two roles for one that differ in letter case only.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    seen: dict[str, ResolvedAction] = {}
    for one in resolved.actions:
        other = seen.setdefault(one.part.casefold(), one)
        if (other.stage, other.action.name) != (one.stage, one.action.name):
            message = (
                f'the action "{one.action.name}" of "{one.stage}" and the action "{other.action.name}" of '
                f'"{other.stage}" would get the same names in AWS: {one.part}'
            )
            yield Broken((*one.path, "name"), message, "rename one of them")


def action_count(_: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """A pipeline has at most 1000 actions. https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""
    count = len(resolved.actions)
    if count > ACTIONS_IN_ALL:
        yield Broken(("stages",), f"{count} actions; a pipeline has at most {ACTIONS_IN_ALL}", at_key=True)


def artifact_names(_: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """Each artifact is made once in a pipeline. (Two actions of one name are told so, and nothing more.)

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-requirements.html
    """
    makers: dict[str, ResolvedAction] = {}
    for one in resolved.actions:
        for name in one.outputs:
            if name in makers and makers[name].part != one.part:
                message = (
                    f'the artifact "{name}" is made twice; "{makers[name].action.name}" makes it already'
                )
                yield Broken(_output_path(one), message, "give it another name with `output:`")
            makers.setdefault(name, one)


def _output_path(one: ResolvedAction) -> tuple[str | int, ...]:
    return (*one.path, "name" if getattr(one.action, "output", None) is None else "output")


def inputs_made(_: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """An artifact is taken only after it was made: in an earlier stage, or earlier in the same one.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-requirements.html
    """
    makers = {name: one for one in reversed(resolved.actions) for name in one.outputs}
    for one in resolved.actions:
        before = sorted(name for name, maker in makers.items() if maker.moment < one.moment)
        for position, name in enumerate(one.inputs):
            maker = makers.get(name)
            if maker is None or maker.moment >= one.moment:
                message = f'the artifact "{name}" {_when_made(one, maker)}'
                yield Broken((*one.path, "input", position), message, _artifact_hint(name, before))


def _when_made(one: ResolvedAction, maker: ResolvedAction | None) -> str:
    if maker is None:
        return "is made nowhere"
    if maker.path == one.path:
        return f'is made by "{one.action.name}" itself'
    if maker.moment == one.moment:
        return f'is made by "{maker.action.name}" at the same time: this one needs a higher `run_order`'
    return f'is made later, by "{maker.action.name}"'


def _artifact_hint(name: str, before: list[str]) -> str:
    meant = nearest(name, before)
    if meant:
        return f'did you mean "{meant}"?'
    return f"made before it: {', '.join(before)}" if before else "nothing is made before it"


def artifact_counts(_: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """Each provider takes and makes so many artifacts, and takes none twice.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-action-artifacts.html
    """
    for one in resolved.actions:
        if getattr(one.action, "input", None) is not None:
            yield from _count_broken(one, "input", "takes", len(one.inputs), one.action.input_count)
        if getattr(one.action, "output", None) is not None:
            yield from _count_broken(one, "output", "makes", len(one.outputs), one.action.output_count)
        for name in sorted({name for name in one.inputs if one.inputs.count(name) > 1}):
            yield Broken((*one.path, "input"), f'`input` names "{name}" twice', at_key=True)


def _count_broken(
    one: ResolvedAction, key: str, verb: str, count: int, limits: tuple[int, int]
) -> Iterator[Broken]:
    least, most = limits
    if not least <= count <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        noun = "artifact" if wanted == "1" else "artifacts"
        provider = getattr(one.action, "provider", "")
        yield Broken(
            (*one.path, key), f"{provider} {verb} {wanted} {noun}, and `{key}` names {count}", at_key=True
        )


def namespaces(_: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """A namespace is unique in a pipeline, is no artifact's name, and is not one of CodePipeline's own.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
    """
    artifacts = {name for one in resolved.actions for name in one.outputs}
    owners: dict[str, ResolvedAction] = {}
    for one in resolved.actions:
        name = one.action.namespace
        if name is None:
            continue
        path = (*one.path, "namespace")
        if name in variables.RESERVED:
            yield Broken(path, f'the namespace "{name}" is CodePipeline\'s own', "choose another name")
        elif name in artifacts:
            hint = f"choose another name, e.g. {name}Variables"
            yield Broken(path, f'the namespace "{name}" is the name of an artifact too', hint)
        elif name in owners:
            message = f'two actions have the namespace "{name}"; the other is "{owners[name].action.name}"'
            yield Broken(path, message, "choose another name")
        owners.setdefault(name, one)


def only_v2(pipeline: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """Some actions only pipelines of type V2 have; one sent with V1 would silently be billed as V2.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/pipeline-types-planning.html
    """
    if pipeline.type == "V1" and pipeline.mode != "SUPERSEDED":
        yield Broken(("mode",), f"`mode: {pipeline.mode}` needs a pipeline of type V2", "write `type: V2`")
    if pipeline.type == "V1" and pipeline.variables:
        yield Broken(("variables",), "variables need a pipeline of type V2", "write `type: V2`", at_key=True)
    for one in resolved.actions:
        if pipeline.type == "V1" and one.action.v2_only:
            provider = getattr(one.action, "provider", "")
            yield Broken(
                (*one.path, "provider"), f"{provider} needs a pipeline of type V2", "write `type: V2`"
            )
        if pipeline.type == "V1" and one.action.trigger():
            message = f'the filters of "{one.action.name}" need a pipeline of type V2'
            yield Broken((*one.path, "name"), message, "write `type: V2`")


def full_clones(_: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """A reference to a git clone is of use to CodeBuild alone.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html
    """
    clones = {name for one in resolved.actions if one.action.hands_on_clone for name in one.outputs}
    for one in resolved.actions:
        provider = one.action.type_id()["provider"]
        for name in clones.intersection(one.inputs):
            if provider != "CodeBuild":
                message = (
                    f'"{one.action.name}" takes "{name}", which is no files but a reference to a git clone '
                    "(`full_clone: true`): only codebuild can use that"
                )
                yield Broken(
                    (*one.path, "provider"),
                    message,
                    "take what a build made of it, or leave out `full_clone`",
                )


def log_group_name(pipeline: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """What CodePipeline runs itself is logged in a group of the pipeline's name, and `@` is none for a group.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    """
    managed = next((one for one in resolved.actions if isinstance(one.action, Managed)), None)
    if managed and "@" in pipeline.name:
        message = (
            f'CodePipeline logs "{managed.action.name}" in the group /aws/codepipeline/{pipeline.name}, '
            "and the name of a log group has no @"
        )
        yield Broken(("name",), message, "give the pipeline a name without @")


def configuration_lengths(pipeline: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """Configuration keys have at most 50 characters, values 1 to 1000.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
    """
    for one in resolved.actions:
        for key, value in configuration(pipeline, one).items():
            if not 1 <= len(value) <= VALUE_LIMIT:
                message = f"{key} has {len(value)} characters; CodePipeline takes 1 to {VALUE_LIMIT}"
                yield Broken((*one.path, "name"), message)
            if len(key) > KEY_LIMIT:
                message = f'the configuration key "{key[:60]}" has more than {KEY_LIMIT} characters'
                yield Broken((*one.path, "name"), message)


def variable_references(pipeline: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """A variable is read only after the action that gives it, and only where CodePipeline fills it in.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
    """
    givers = {one.action.namespace: one for one in reversed(resolved.actions) if one.action.namespace}
    known = variables.Known(frozenset(pipeline.variables), givers, resolved.actions)
    for one in resolved.actions:
        yield from variables.broken(one, configuration(pipeline, one), known)


def configuration(pipeline: Pipeline, one: ResolvedAction) -> dict[str, str]:
    """An action's configuration in some account: its lengths and references are those of every account."""
    scope = Scope(pipeline.name, "0" * 12, pipeline.region or "ap-northeast-2")
    return one.action.configuration(
        Place(
            scope=scope,
            stage=one.stage,
            action=one.action.name,
            artifact_bucket=scope.bucket("artifacts"),
            inputs=one.inputs,
            outputs=one.outputs,
        )
    )


def something_to_tell(pipeline: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """Who is to be told of approvals only would never hear of a pipeline that has none.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
    """
    asks = any(one.action.own_category() == "Approval" for one in resolved.actions)
    if pipeline.notify is not None and set(pipeline.notify.events) == {APPROVAL} and not asks:
        yield Broken(
            ("notify", "events"),
            "there is nothing to tell of: no action is an approval",
            "leave `events` out, or add `failed`",
            at_key=True,
        )


RULES: dict[str, Rule] = {
    "source-first": source_first,
    "source-only-first": source_only_first,
    "stage-names": stage_names,
    "action-names": action_names,
    "own-names": own_names,
    "action-count": action_count,
    "artifact-names": artifact_names,
    "inputs-made": inputs_made,
    "artifact-counts": artifact_counts,
    "action-types": action_types,
    "namespaces": namespaces,
    "only-v2": only_v2,
    "full-clones": full_clones,
    "log-group-name": log_group_name,
    "configuration-lengths": configuration_lengths,
    "variables": variable_references,
    "gates": gates,
    "something-to-tell": something_to_tell,
}
"""Every rule by its word."""
