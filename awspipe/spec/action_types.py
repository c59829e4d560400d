"""AWS's own action types: what CodePipeline demands of an action of each that `provider: custom` declares.

Each row is from the page of AWS's action reference that it names; what a page does not say is not checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from awspipe.formats.nodes import Path
from awspipe.formats.words import nearest
from awspipe.providers.custom import Custom, Declaration
from awspipe.spec.flow import Broken, Flow, ResolvedAction
from awspipe.spec.models import Pipeline

Count = tuple[int, int]

_GUIDE = "https://docs.aws.amazon.com/codepipeline/latest/userguide"


@dataclass(frozen=True, slots=True)
class When:
    """A key that is needed where another one has one of some values."""

    key: str
    other: str
    among: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActionType:
    """What is demanded of an action: the counts of its artifacts, the keys of its configuration.

    `optional` are all other keys that there are; None where the page is not known to list them all.
    """

    page: str
    inputs: Count | None
    outputs: Count | None
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] | None = None
    when: tuple[When, ...] = ()
    commands: bool = False
    """Whether `commands` must stand beside the configuration."""
    several_inputs: str = ""
    """The key that is needed where there are several input artifacts."""
    v2: bool = False

    @property
    def url(self) -> str:
        """The page in AWS's reference."""
        return f"{_GUIDE}/{self.page}.html"

    @property
    def known(self) -> tuple[str, ...] | None:
        """Every key that there is; None where nobody can say."""
        if self.optional is None:
            return None
        last = (self.several_inputs,) if self.several_inputs else ()
        return tuple(dict.fromkeys((*self.required, *(one.key for one in self.when), *last, *self.optional)))


_NONE, _ONE = (0, 0), (1, 1)
_NEW = ("CREATE_UPDATE", "REPLACE_ON_FAILURE", "CHANGE_SET_REPLACE")
_POLLED = "PollForSourceChanges"
_CODEBUILD = ActionType(
    "action-reference-CodeBuild",
    inputs=(1, 5),
    outputs=(0, 5),
    required=("ProjectName",),
    optional=("BatchEnabled", "BuildspecOverride", "CombineArtifacts", "EnvironmentVariables"),
    several_inputs="PrimarySource",
)

ACTION_TYPES: dict[tuple[str, str], ActionType] = {
    ("Source", "CodeCommit"): ActionType(
        "action-reference-CodeCommit",
        inputs=_NONE,
        outputs=_ONE,
        required=("RepositoryName", "BranchName"),
        optional=(_POLLED, "OutputArtifactFormat"),
    ),
    ("Source", "S3"): ActionType(
        "action-reference-S3",
        inputs=_NONE,
        outputs=_ONE,
        required=("S3Bucket", "S3ObjectKey"),
        optional=(_POLLED, "AllowOverrideForS3ObjectKey"),
    ),
    ("Source", "ECR"): ActionType(
        "action-reference-ECR",
        inputs=_NONE,
        outputs=_ONE,
        required=("RepositoryName",),
        optional=("ImageTag",),
    ),
    ("Source", "CodeStarSourceConnection"): ActionType(
        "action-reference-CodestarConnectionSource",
        inputs=_NONE,
        outputs=_ONE,
        required=("ConnectionArn", "FullRepositoryId", "BranchName"),
        optional=("OutputArtifactFormat", "DetectChanges"),
    ),
    ("Build", "CodeBuild"): _CODEBUILD,
    ("Test", "CodeBuild"): _CODEBUILD,
    ("Build", "ECRBuildAndPublish"): ActionType(
        "action-reference-ECRBuildAndPublish",
        inputs=_ONE,
        outputs=_NONE,
        required=("ECRRepositoryName",),
        optional=("DockerFilePath", "ImageTags", "RegistryType"),
        v2=True,
    ),
    ("Compute", "Commands"): ActionType(
        "action-reference-Commands", inputs=(1, 10), outputs=(0, 1), commands=True, v2=True
    ),
    ("Test", "DeviceFarm"): ActionType(
        "action-reference-DeviceFarm",
        inputs=_ONE,
        outputs=_NONE,
        required=("AppType", "ProjectId", "DevicePoolArn", "TestType"),
    ),
    ("Approval", "Manual"): ActionType("reference-action-artifacts", inputs=_NONE, outputs=_NONE),
    ("Deploy", "S3"): ActionType(
        "action-reference-S3Deploy",
        inputs=_ONE,
        outputs=_NONE,
        required=("BucketName", "Extract"),
        optional=("ObjectKey", "KMSEncryptionKeyARN", "CannedACL", "CacheControl"),
        when=(When("ObjectKey", "Extract", ("false",)),),
    ),
    ("Deploy", "CodeDeploy"): ActionType(
        "action-reference-CodeDeploy",
        inputs=_ONE,
        outputs=_NONE,
        required=("ApplicationName", "DeploymentGroupName"),
        optional=(),
    ),
    ("Deploy", "CodeDeployToECS"): ActionType(
        "action-reference-ECSbluegreen",
        inputs=(1, 5),
        outputs=_NONE,
        required=(
            "ApplicationName",
            "DeploymentGroupName",
            "TaskDefinitionTemplateArtifact",
            "AppSpecTemplateArtifact",
        ),
    ),
    ("Deploy", "ECS"): ActionType(
        "action-reference-ECS", inputs=_ONE, outputs=_NONE, required=("ClusterName", "ServiceName")
    ),
    ("Deploy", "EKS"): ActionType(
        "action-reference-EKS", inputs=None, outputs=None, required=("ClusterName",), v2=True
    ),
    ("Deploy", "EC2"): ActionType(
        "action-reference-EC2Deploy",
        inputs=None,
        outputs=None,
        required=("InstanceTagKey", "InstanceType"),
        v2=True,
    ),
    ("Deploy", "Lambda"): ActionType(
        "action-reference-LambdaDeploy", inputs=None, outputs=None, required=("FunctionName",), v2=True
    ),
    ("Deploy", "ElasticBeanstalk"): ActionType(
        "action-reference-Beanstalk",
        inputs=_ONE,
        outputs=_NONE,
        required=("ApplicationName", "EnvironmentName"),
        optional=(),
    ),
    ("Deploy", "AppConfig"): ActionType(
        "action-reference-AppConfig",
        inputs=_ONE,
        outputs=_NONE,
        required=("Application", "Environment", "ConfigurationProfile", "InputArtifactConfigurationPath"),
    ),
    ("Deploy", "CloudFormation"): ActionType(
        "action-reference-CloudFormation",
        inputs=(0, 10),
        outputs=(0, 1),
        required=("ActionMode", "StackName"),
        optional=("Capabilities", "OutputFileName", "ParameterOverrides", "TemplateConfiguration"),
        when=(
            When("ChangeSetName", "ActionMode", ("CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE")),
            When("TemplatePath", "ActionMode", _NEW),
            When("RoleArn", "ActionMode", (*_NEW, "DELETE_ONLY")),
        ),
    ),
    ("Deploy", "CloudFormationStackSet"): ActionType(
        "action-reference-StackSets", inputs=None, outputs=None, required=("StackSetName", "TemplatePath")
    ),
    ("Invoke", "Lambda"): ActionType(
        "action-reference-Lambda",
        inputs=(0, 5),
        outputs=(0, 5),
        required=("FunctionName",),
        optional=("UserParameters",),
    ),
    ("Invoke", "StepFunctions"): ActionType(
        "action-reference-StepFunctions",
        inputs=(0, 1),
        outputs=(0, 1),
        required=("StateMachineArn",),
        optional=("ExecutionNamePrefix", "InputType"),
        when=(When("Input", "InputType", ("FilePath",)),),
    ),
    ("Invoke", "CodePipeline"): ActionType(
        "action-reference-PipelineInvoke", inputs=None, outputs=None, required=("PipelineName",), v2=True
    ),
    ("Invoke", "InspectorScan"): ActionType(
        "action-reference-InspectorScan", inputs=(0, 1), outputs=_ONE, required=("InspectorRunMode",)
    ),
}
"""By category and provider. Each has the version 1:
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-requirements.html"""


def action_types(pipeline: Pipeline, resolved: Flow) -> Iterator[Broken]:
    """An action of AWS's own has the configuration and the artifacts that its type demands.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html
    """
    for one in resolved.actions:
        if not isinstance(one.action, Custom):
            continue
        said = one.action.declaration.actionTypeId
        known = ACTION_TYPES.get((said.category, said.provider)) if said.owner == "AWS" else None
        if known is not None:
            yield from _of_type(pipeline, one, known, one.action.declaration)


def _of_type(
    pipeline: Pipeline, one: ResolvedAction, known: ActionType, declared: Declaration
) -> Iterator[Broken]:
    place: Path = (*one.path, "declaration", "actionTypeId")
    name = _name(declared)
    if declared.actionTypeId.version != "1":
        yield Broken((*place, "version"), f"{name} has only the version 1", "leave `version` out")
    if known.v2 and pipeline.type == "V1":
        yield Broken((*place, "provider"), f"{name} needs a pipeline of type V2", "write `type: V2`")
    if known.commands and not declared.commands:
        yield Broken(place, f"{name} needs `commands`", f"see {known.url}", at_key=True)
    yield from _keys(one, known, declared)
    yield from _count(one, name, ("input", "takes"), (len(one.inputs), known.inputs))
    yield from _count(one, name, ("output", "makes"), (len(one.outputs), known.outputs))


def _name(declared: Declaration) -> str:
    """`Lambda (Invoke)`: one provider may be of several categories."""
    said = declared.actionTypeId
    return f"{said.provider} ({said.category})"


def _keys(one: ResolvedAction, known: ActionType, declared: Declaration) -> Iterator[Broken]:
    """The keys that are not known, and those that are missing; not both for one that is misspelt."""
    given = declared.configuration
    place: Path = (*one.path, "declaration", "configuration")
    missing = [key for key in _demanded(one, known, given) if key not in given]
    for key in given:
        if known.known is not None and key not in known.known:
            meant = nearest(key, [each for each in known.known if each not in given])
            missing = [each for each in missing if each != meant]
            hint = f'did you mean "{meant}"?' if meant else _there_are(known.known)
            yield Broken((*place, key), f'{_name(declared)} has no configuration "{key}"', hint, at_key=True)
    if missing:
        where = place if given else (*one.path, "declaration", "actionTypeId")
        keys = " and ".join(f'"{key}"' for key in missing)
        message = f"{_name(declared)} needs {keys} in `configuration`"
        yield Broken(where, message, f"see {known.url}", at_key=True)


def _demanded(one: ResolvedAction, known: ActionType, given: dict[str, str]) -> Iterator[str]:
    """The keys that must be there."""
    yield from known.required
    yield from (each.key for each in known.when if given.get(each.other) in each.among)
    if known.several_inputs and len(one.inputs) > 1:
        yield known.several_inputs


def _there_are(known: tuple[str, ...]) -> str:
    return f"it knows {', '.join(known)}"


def _count(
    one: ResolvedAction, name: str, words: tuple[str, str], counted: tuple[int, Count | None]
) -> Iterator[Broken]:
    """So many artifacts are demanded; what is not said counts as none."""
    (key, verb), (count, limits) = words, counted
    if limits is None or limits[0] <= count <= limits[1]:
        return
    least, most = limits
    wanted = f"{least}" if least == most else f"{least} to {most}"
    noun = "artifact" if wanted == "1" else "artifacts"
    message = f"{name} {verb} {wanted} {noun}, and `{key}` names {count or 'none'}"
    if count:
        yield Broken((*one.path, key), message, at_key=True)
    else:
        yield Broken((*one.path, "declaration"), message, f"write `{key}` beside it", at_key=True)
