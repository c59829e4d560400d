"""CodePipeline's own rules for a pipeline's structure, with its error codes and, where known, its texts.

Written from AWS's documentation and error messages, independently of awspipe's spec.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from awspipe.sandbox import gates
from awspipe.sandbox.action_types import ACTION_TYPES, ActionType
from awspipe.sandbox.service import RefusalError

Declaration = dict[str, Any]
Found = Iterator[tuple[str, str]]

_STRUCTURE = "InvalidStructureException"
_STAGE = "InvalidStageDeclarationException"
_ACTION = "InvalidActionDeclarationException"
_LIMIT = "LimitExceededException"

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_.-]+)\}")
_RESERVED = ("codepipeline", "variables")


def normal(declaration: Declaration) -> Declaration:
    """A declaration as CodePipeline stores it: its defaults filled in, V2 where V2 features are used."""
    made = copy.deepcopy(declaration)
    if _uses_v2(made):
        made["pipelineType"] = "V2"
    made.setdefault("pipelineType", "V1")
    made.setdefault("executionMode", "SUPERSEDED")
    for action in actions(made):
        action.setdefault("runOrder", 1)
        for name, nothing in (("configuration", {}), ("inputArtifacts", []), ("outputArtifacts", [])):
            action.setdefault(name, copy.copy(nothing))
    return made


def check(declaration: Declaration, region: str) -> None:
    """Raise AWS's error for the first rule that a normal declaration breaks."""
    for rule in _RULES:
        for code, text in rule(declaration):
            raise RefusalError(code, text)
    for code, text in _stores(declaration, region):
        raise RefusalError(code, text)
    for code, text in _action_types(declaration, region):
        raise RefusalError(code, text)


def actions(declaration: Declaration) -> Iterator[dict[str, Any]]:
    """Every action of every stage."""
    for stage in declaration["stages"]:
        yield from stage["actions"]


def _uses_v2(declaration: Declaration) -> bool:
    """Sending a V2-only parameter makes a pipeline V2, unless it says V1 (which is then refused)."""
    features = (declaration.get("variables"), declaration.get("triggers"), _gated(declaration))
    return "pipelineType" not in declaration and any(features)


def _gated(declaration: Declaration) -> bool:
    """Whether a stage has conditions."""
    gates = ("beforeEntry", "onSuccess", "onFailure")
    return any(stage.get(gate) for stage in declaration["stages"] for gate in gates)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _stages(declaration: Declaration) -> Found:
    stages = declaration["stages"]
    if len(stages) < 2:
        text = (
            f"Pipeline has only {len(stages)} stage(s). There should be a minimum of 2 stages in a pipeline"
        )
        yield _STRUCTURE, text
    if len(stages) > 50:
        yield _STRUCTURE, "Pipeline has too many stages. There can only be up to 50 stages in a pipeline"
    for name in _repeated(stage["name"] for stage in stages):
        yield _STAGE, f"Stage name '{name}' is used more than once"
    for stage in stages:
        if not stage["actions"]:
            yield _STAGE, f"Stage '{stage['name']}' should have at least one action"
        if len(stage["actions"]) > 100:
            yield _STAGE, f"Stage '{stage['name']}' has too many actions"
        for name in _repeated(action["name"] for action in stage["actions"]):
            yield _ACTION, f"Action name '{name}' is used more than once in stage '{stage['name']}'"
    if sum(1 for _ in actions(declaration)) > 1000:
        yield _LIMIT, "A pipeline can have 1000 actions at most"


def _sources(declaration: Declaration) -> Found:
    first, *others = declaration["stages"]
    if any(_category(action) != "Source" for action in first["actions"]):
        yield _STRUCTURE, "Pipeline should start with a stage that only contains source actions"
    if any(_category(action) == "Source" for stage in others for action in stage["actions"]):
        yield _STRUCTURE, "Source actions can only be included in the first stage of the pipeline"


def _category(action: dict[str, Any]) -> str:
    return str(action["actionTypeId"]["category"])


def _groups(declaration: Declaration) -> Iterator[list[dict[str, Any]]]:
    """The actions in the order in which they run; those of one list run side by side."""
    for stage in declaration["stages"]:
        for order in sorted({action["runOrder"] for action in stage["actions"]}):
            yield [action for action in stage["actions"] if action["runOrder"] == order]


def _artifacts(declaration: Declaration) -> Found:
    """Output names are unique; an input is an output of an earlier stage or a lower run order."""
    made: set[str] = set()
    for group in _groups(declaration):
        for action in group:
            for missing in [one["name"] for one in action["inputArtifacts"] if one["name"] not in made]:
                text = f"Input Artifact Bundle {missing} in action {action['name']} is not declared"
                yield _ACTION, f"{text} as Output Artifact Bundle in any of the preceding actions"
        outputs = [one["name"] for action in group for one in action["outputArtifacts"]]
        for name in _repeated([*made, *outputs]):
            text = "Output Artifact Bundle name must be unique within the pipeline."
            yield _ACTION, f"{text} {name} has been used more than once."
        made.update(outputs)


def _namespaces(declaration: Declaration) -> Found:
    names = [action["namespace"] for action in actions(declaration) if action.get("namespace")]
    artifacts = {one["name"] for action in actions(declaration) for one in action["outputArtifacts"]}
    for name in _repeated(names):
        yield (
            _STRUCTURE,
            f"Namespace must be unique within the pipeline. '{name}' has been used more than once.",
        )
    for name in names:
        if name in _RESERVED:
            yield _STRUCTURE, f"Namespace '{name}' is reserved."
        if name in artifacts:
            yield _STRUCTURE, f"Namespace '{name}' has the name of an artifact."


def _references(declaration: Declaration) -> Found:
    """A variable can be used only by an action that surely runs after the one that makes it."""
    declared = {one["name"] for one in declaration.get("variables") or ()}
    known = {"codepipeline"}
    for group in _groups(declaration):
        for action in group:
            for space, name in _REFERENCE.findall(" ".join(_filled_in(action))):
                if name not in declared if space == "variables" else space not in known:
                    text = f"Action '{action['name']}' references the variable '#{{{space}.{name}}}'"
                    yield _ACTION, f"{text}, which no preceding action or pipeline variable provides."
        known.update(action["namespace"] for action in group if action.get("namespace"))


def _filled_in(action: dict[str, Any]) -> Iterator[str]:
    """The texts in which variables are replaced."""
    yield from action["configuration"].values()
    yield from action.get("commands") or ()
    yield from (one["value"] for one in action.get("environmentVariables") or ())


def _v2_features(declaration: Declaration) -> Found:
    names = _repeated(one["name"] for one in declaration.get("variables") or ())
    for name in names:
        text = f"Variable names must be unique. The following variable name is already in use: {name}"
        yield _STRUCTURE, text
    if declaration["pipelineType"] != "V1":
        return
    if declaration.get("variables"):
        yield _STRUCTURE, "Pipeline variable can only be used with V2 pipelines"
    if declaration.get("triggers"):
        yield _STRUCTURE, "Triggers on tag can only be used with V2 pipelines"
    if declaration["executionMode"] != "SUPERSEDED":
        yield _STRUCTURE, f"{declaration['executionMode']} execution mode can only be used with V2 pipelines"
    if _gated(declaration):
        yield _STAGE, "Stage conditions can only be used with V2 pipelines"


def _triggers(declaration: Declaration) -> Found:
    triggers = declaration.get("triggers") or []
    sources = {
        action["name"]
        for action in actions(declaration)
        if action["actionTypeId"]["provider"] == "CodeStarSourceConnection"
    }
    named = [trigger["gitConfiguration"]["sourceActionName"] for trigger in triggers]
    if any(name not in sources for name in named):
        yield _STRUCTURE, "Triggers for connections must reference a CodeStarSourceConnection action."
    for name in _repeated(named):
        yield _STRUCTURE, f"There can only be one trigger for the source action '{name}'."
    for trigger in triggers:
        git = trigger["gitConfiguration"]
        pushes = [frozenset(one) for one in git.get("push") or ()]
        requests = [frozenset(one) - {"events"} for one in git.get("pullRequest") or ()]
        if not {*pushes} <= _OF_BRANCHES | {_OF_TAGS} or not {*requests} <= _OF_BRANCHES:
            text = "The trigger configuration for the source action is not valid."
            yield _STRUCTURE, f"{text} Make sure to choose valid filter combinations."


_OF_TAGS = frozenset({"tags"})
_OF_BRANCHES = frozenset({frozenset({"branches"}), frozenset({"branches", "filePaths"})})
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html"""


def _gates(declaration: Declaration) -> Found:
    for stage in declaration["stages"]:
        failure = stage.get("onFailure") or {}
        if failure.get("result") and failure.get("conditions"):
            text = "The following stage cannot have a failure exit gate configured with both top level"
            yield _STAGE, f"{text} result and conditions: '{stage['name']}'"
        yield from ((_STAGE, text) for text in gates.problems(stage))
        if declaration["executionMode"] == "PARALLEL":
            yield from ((_STAGE, text) for text in _rollbacks(stage))


def _rollbacks(stage: dict[str, Any]) -> Iterator[str]:
    """There is no stage to roll back in a PARALLEL pipeline."""
    success = (stage.get("onSuccess") or {}).get("conditions") or ()
    if (stage.get("onFailure") or {}).get("result") == "ROLLBACK":
        yield "Failure conditions with rollback result type cannot be added to a PARALLEL pipeline."
    if any(condition.get("result") == "ROLLBACK" for condition in success):
        yield "Success conditions with rollback result type cannot be added to a PARALLEL pipeline."


def _stores(declaration: Declaration, region: str) -> Found:
    one, several = declaration.get("artifactStore"), declaration.get("artifactStores")
    if bool(one) == bool(several):
        text = (
            "Your pipeline must have either 'pipeline.artifactStore' or 'pipeline.artifactStores', not both."
        )
        yield _STRUCTURE, text
    have = {region} if one else set(several or ())
    need = {region} | {action["region"] for action in actions(declaration) if action.get("region")}
    for missing in sorted(need - have):
        text = "Your pipeline must have an artifact store, such as an artifact bucket, for each region where"
        text += (
            f" you have an action. The following region is missing in 'pipeline.artifactStores': {missing}."
        )
        yield _STRUCTURE, text


def _action_types(declaration: Declaration, region: str) -> Found:
    for action in actions(declaration):
        kind = action["actionTypeId"]
        known = ACTION_TYPES.get((kind["category"], kind["owner"], kind["provider"]))
        name = action["name"]
        if known is None or kind["version"] != "1":
            parts = ", ".join(
                f"{label}: '{kind[label.lower()]}'" for label in ("Category", "Provider", "Owner", "Version")
            )
            where = region.upper().replace("-", "_")
            yield _ACTION, f"ActionType ({parts}) in action '{name}' is not available in region '{where}'"
            return
        if known.v2 and declaration["pipelineType"] != "V2":
            yield (
                _STRUCTURE,
                f"Action '{name}': {kind['provider']} actions can only be used with V2 pipelines",
            )
        yield from _counts(action, known)
        yield from _configuration(action, known)
        yield from _special_members(action, kind)


def _counts(action: dict[str, Any], known: ActionType) -> Found:
    for what, (low, high) in (("input", known.inputs), ("output", known.outputs)):
        count = len(action[f"{what}Artifacts"])
        text = f"Action {action['name']} declares {count} {what} artifacts which"
        if count < low:
            yield _ACTION, f"{text} is less than the minimum count ({low})"
        if count > high:
            yield _ACTION, f"{text} is more than the maximum count ({high})"


def _configuration(action: dict[str, Any], known: ActionType) -> Found:
    given, kind = action["configuration"], action["actionTypeId"]
    required = list(known.required)
    if kind["provider"] == "CodeBuild" and len(action["inputArtifacts"]) > 1:
        required.append("PrimarySource")
    if (kind["category"], kind["provider"]) == ("Deploy", "S3") and given.get("Extract") == "false":
        required.append("ObjectKey")
    start = f"Action configuration for action '{action['name']}'"
    for key in required:
        if key not in given:
            yield _ACTION, f"{start} is missing required configuration '{key}'"
    for key in given:
        if not known.open and key not in known.required + known.optional:
            yield _ACTION, f"{start} contains unknown configuration '{key}'"


def _special_members(action: dict[str, Any], kind: dict[str, str]) -> Found:
    is_commands = kind["provider"] == "Commands"
    if is_commands and not action.get("commands"):
        yield _ACTION, f"Action '{action['name']}' must have commands"
    if not is_commands and (action.get("commands") or action.get("outputVariables")):
        yield _ACTION, f"Action '{action['name']}' cannot have commands or output variables"
    if any("\n" in one for one in action.get("commands") or ()):
        yield _ACTION, f"Action '{action['name']}' has a command of several lines, and each must be one line"
    if not is_commands and any(one.get("files") for one in action["outputArtifacts"]):
        yield _ACTION, f"Action '{action['name']}' cannot name the files of its output artifacts"
    if action.get("timeoutInMinutes") and kind["category"] != "Approval":
        yield _ACTION, f"Action '{action['name']}' cannot have a timeout: only manual approvals can"


_RULES = (
    _stages,
    _sources,
    _artifacts,
    _namespaces,
    _references,
    _v2_features,
    _triggers,
    _gates,
)
