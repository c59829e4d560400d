"""`provider: ec2` as a Deploy: CodePipeline itself brings files to instances, through Systems Manager.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-EC2Deploy.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from awspipe.providers.base import Place
from awspipe.providers.fields import AnyText, Several, Spelled, Text
from awspipe.providers.managed import Managed
from awspipe.resources.policy import Statement

_Tag = Annotated[
    dict[Annotated[Text, Field(max_length=128)], Annotated[AnyText, Field(max_length=256)]],
    Field(min_length=1, max_length=1),
]
_Script = Annotated[Text, Field(max_length=1000), Spelled(r"[^/\n][^\n]*", "write a path in the artifact")]
_NUMBER = "write a number, or a percentage, e.g. 50%"
_Batch = Annotated[Text, Spelled(r"[1-9][0-9]{0,2}|([1-9][0-9]?|100)%", _NUMBER)]
_Errors = Annotated[Text, Spelled(r"[0-9]{1,3}|([1-9]?[0-9]|100)%", _NUMBER)]
_Directory = Annotated[Text, Field(max_length=1000), Spelled(r"/[^\n]*", "write an absolute path")]
_TargetGroup = Annotated[
    Text, Field(max_length=32), Spelled(r"[A-Za-z0-9-]+", "use only letters, digits and -")
]


class Ec2(Managed):
    """Copies the artifact's files to instances and runs a script before and after, without CodeDeploy.

    The instances (Linux, at most 500) are yours, with the Systems Manager agent and a role that may read the
    pipeline's artifact bucket (`s3:GetObject`).
    """

    category = "Deploy"
    aws_provider = "EC2"
    input_count = (1, 1)
    usual_minutes = 2

    provider: Literal["ec2"]
    ec2_tag: _Tag | None = None
    """The EC2 instances with this tag are deployed to: `{app: shop}`; with `{app: ""}` whatever its value."""
    managed_node_tag: _Tag | None = None
    """The same of nodes that Systems Manager manages, e.g. servers of your own."""
    target_directory: _Directory | None = None
    """The directory on the instance that the files are copied to."""
    pre_script: _Script | None = None
    """The script in the artifact that runs before the files are copied."""
    post_script: _Script | None = None
    """The script in the artifact that runs afterwards, in the target directory."""
    deploy_spec: _Script | None = None
    """A file in the artifact that says all that instead: AWS's deploy spec, or an appspec.yml."""
    max_batch: _Batch | None = None
    """How many instances are deployed to at once, or what percentage of them."""
    max_error: _Errors | None = None
    """How many may fail, or what percentage of them, before the deployment has failed."""
    target_groups: Annotated[Several[_TargetGroup], Field(max_length=10)] = ()
    """Target groups of load balancers that an instance is taken out of meanwhile."""

    @model_validator(mode="after")
    def _consistent(self) -> Ec2:
        if (self.ec2_tag is None) == (self.managed_node_tag is None):
            raise ValueError("write either `ec2_tag` or `managed_node_tag`: which instances are meant")
        by_script = (self.target_directory, self.post_script, self.pre_script)
        if self.deploy_spec and any(by_script):
            raise ValueError("`deploy_spec` says it all: leave out the directory and the scripts")
        if not self.deploy_spec and not (self.target_directory and self.post_script):
            raise ValueError("`target_directory` and `post_script` are needed together, or a `deploy_spec`")
        return self

    @property
    def _tag(self) -> tuple[str, str]:
        (tag,) = (self.ec2_tag or self.managed_node_tag or {}).items()
        return tag

    def configuration(self, place: Place) -> dict[str, str]:
        """Which instances, what is done there, and how many at once."""
        key, value = self._tag
        given = {
            "InstanceTagKey": key,
            "InstanceTagValue": value,
            "InstanceType": "EC2" if self.ec2_tag else "SSM_MANAGED_NODE",
            "TargetDirectory": self.target_directory,
            "PreScript": self.pre_script,
            "PostScript": self.post_script,
            "DeploySpec": self.deploy_spec,
            "MaxBatch": self.max_batch,
            "MaxError": self.max_error,
            "TargetGroupNameList": ",".join(self.target_groups),
        }
        return {name: text for name, text in given.items() if text}

    def statements(self, place: Place) -> Iterator[Statement]:
        """What AWS lists; commands may be sent to instances with the tag alone."""
        yield from super().statements(place)
        scope, (key, value) = place.scope, self._tag
        yield Statement(
            actions=(
                "ec2:DescribeInstances",
                "ssm:CancelCommand",
                "ssm:DescribeInstanceInformation",
                "ssm:ListCommandInvocations",
            ),
            resources=("*",),
        )
        node = scope.arn("ec2", "instance/*") if self.ec2_tag else scope.arn("ssm", "managed-instance/*")
        operator = "StringEquals" if value else "StringLike"
        yield Statement(
            actions=("ssm:SendCommand",),
            resources=(node,),
            condition={operator: {f"aws:ResourceTag/{key}": value or "*"}},
        )
        document = f"arn:{scope.partition}:ssm:{scope.region}::document/AWS-RunShellScript"
        yield Statement(actions=("ssm:SendCommand",), resources=(document,))
        if self.target_groups:
            yield from self._of_target_groups(place)

    def _of_target_groups(self, place: Place) -> Iterator[Statement]:
        yield Statement(
            actions=(
                "elasticloadbalancing:DescribeTargetGroupAttributes",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
            ),
            resources=("*",),
        )
        yield Statement(
            actions=("elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"),
            resources=tuple(
                place.scope.arn("elasticloadbalancing", f"targetgroup/{name}/*")
                for name in self.target_groups
            ),
        )
