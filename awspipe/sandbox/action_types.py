"""CodePipeline's action types: artifacts they take and give, the configuration they know.

Written from AWS's action reference and not from awspipe's providers: the sandbox must not share our beliefs.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionType:
    """What CodePipeline checks of an action of this type. `open`: other keys than these may be given."""

    inputs: tuple[int, int]
    outputs: tuple[int, int]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    open: bool = False
    v2: bool = False


_Key = tuple[str, str, str]
_NONE = (0, 0)
_ONE = (1, 1)
_CODEBUILD = ActionType(
    (1, 5),
    (0, 5),
    ("ProjectName",),
    ("PrimarySource", "EnvironmentVariables", "BatchEnabled", "CombineArtifacts", "BuildspecOverride"),
)
_OPEN_DEPLOY = ActionType(_ONE, _NONE, open=True)
_NETWORK = ("VpcId", "Subnets", "SecurityGroupIds")

ACTION_TYPES: dict[_Key, ActionType] = {
    ("Source", "AWS", "CodeCommit"): ActionType(
        _NONE, _ONE, ("RepositoryName", "BranchName"), ("PollForSourceChanges", "OutputArtifactFormat")
    ),
    ("Source", "AWS", "S3"): ActionType(
        _NONE, _ONE, ("S3Bucket", "S3ObjectKey"), ("PollForSourceChanges", "AllowOverrideForS3ObjectKey")
    ),
    ("Source", "AWS", "ECR"): ActionType(_NONE, _ONE, ("RepositoryName",), ("ImageTag",)),
    ("Source", "AWS", "CodeStarSourceConnection"): ActionType(
        _NONE,
        _ONE,
        ("ConnectionArn", "FullRepositoryId", "BranchName"),
        ("OutputArtifactFormat", "DetectChanges"),
    ),
    ("Source", "ThirdParty", "GitHub"): ActionType(
        _NONE, _ONE, ("Owner", "Repo", "Branch", "OAuthToken"), ("PollForSourceChanges",)
    ),
    ("Build", "AWS", "CodeBuild"): _CODEBUILD,
    ("Test", "AWS", "CodeBuild"): _CODEBUILD,
    ("Build", "AWS", "ECRBuildAndPublish"): ActionType(
        _ONE,
        _NONE,
        ("ECRRepositoryName",),
        ("DockerFilePath", "ImageTags", "RegistryType"),
        v2=True,
    ),
    ("Compute", "AWS", "Commands"): ActionType(
        (1, 10), (0, 1), (), ("EnvironmentType", "ComputeType", *_NETWORK), v2=True
    ),
    ("Approval", "AWS", "Manual"): ActionType(
        _NONE, _NONE, (), ("CustomData", "ExternalEntityLink", "NotificationArn")
    ),
    ("Deploy", "AWS", "S3"): ActionType(
        _ONE,
        _NONE,
        ("BucketName", "Extract"),
        ("ObjectKey", "KMSEncryptionKeyARN", "CannedACL", "CacheControl"),
    ),
    ("Deploy", "AWS", "CodeDeploy"): ActionType(_ONE, _NONE, ("ApplicationName", "DeploymentGroupName")),
    ("Deploy", "AWS", "EC2"): ActionType(
        _ONE,
        _NONE,
        ("InstanceTagKey", "InstanceType"),
        (
            *("InstanceTagValue", "TargetDirectory", "PreScript", "PostScript", "DeploySpec"),
            *("MaxBatch", "MaxError", "TargetGroupNameList"),
        ),
        v2=True,
    ),
    ("Deploy", "AWS", "EKS"): ActionType(_ONE, _NONE, ("ClusterName",), open=True, v2=True),
    ("Deploy", "AWS", "Lambda"): ActionType(
        (0, 1),
        _NONE,
        ("FunctionName",),
        ("FunctionAlias", "PublishedTargetVersion", "DeployStrategy", "Alarms"),
        v2=True,
    ),
    ("Deploy", "AWS", "CloudFormation"): ActionType(
        (0, 10),
        (0, 1),
        ("ActionMode", "StackName"),
        (
            "Capabilities",
            "ChangeSetName",
            "RoleArn",
            "TemplatePath",
            "OutputFileName",
            "ParameterOverrides",
            "TemplateConfiguration",
        ),
    ),
    ("Deploy", "AWS", "CloudFormationStackSet"): ActionType(_ONE, _NONE, open=True),
    ("Deploy", "AWS", "CloudFormationStackInstances"): ActionType(_ONE, _NONE, open=True),
    ("Deploy", "AWS", "ECS"): ActionType(_ONE, _NONE, ("ClusterName", "ServiceName"), open=True),
    ("Deploy", "AWS", "CodeDeployToECS"): ActionType(
        (1, 5), _NONE, ("ApplicationName", "DeploymentGroupName"), open=True
    ),
    ("Deploy", "AWS", "ElasticBeanstalk"): ActionType(_ONE, _NONE, ("ApplicationName", "EnvironmentName")),
    ("Deploy", "AWS", "AppConfig"): _OPEN_DEPLOY,
    ("Deploy", "AWS", "ServiceCatalog"): _OPEN_DEPLOY,
    ("Deploy", "AWS", "OpsWorks"): _OPEN_DEPLOY,
    ("Invoke", "AWS", "Lambda"): ActionType((0, 5), (0, 5), ("FunctionName",), ("UserParameters",)),
    ("Invoke", "AWS", "StepFunctions"): ActionType(
        (0, 1), (0, 1), ("StateMachineArn",), ("ExecutionNamePrefix", "InputType", "Input")
    ),
    ("Invoke", "AWS", "CodePipeline"): ActionType(
        _NONE, _NONE, ("PipelineName",), ("SourceRevisions", "Variables"), v2=True
    ),
    ("Invoke", "AWS", "InspectorScan"): ActionType((0, 1), _ONE, ("InspectorRunMode",), open=True, v2=True),
    ("Test", "AWS", "DeviceFarm"): ActionType(_ONE, _NONE, open=True),
}
"""By category, owner and provider; every one has version 1."""
