"""`provider: ecr`: the source is an image in a repository of Amazon ECR.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECR.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from awspipe.providers.base import Place, Producer
from awspipe.providers.events import starting
from awspipe.providers.fields import Spelled, Text
from awspipe.resources.base import Resource
from awspipe.resources.policy import Statement


class Ecr(Producer):
    """An image in an ECR repository of yours. A push of its tag starts the pipeline.

    The artifact is a file `imageDetail.json` that names the image.
    """

    category = "Source"
    aws_provider = "ECR"
    output_count = (1, 1)
    default_outputs = 1
    output_variables = frozenset({"ImageDigest", "ImageTag", "ImageURI", "RegistryId", "RepositoryName"})

    provider: Literal["ecr"]
    repository: Annotated[
        Text,
        Field(min_length=2, max_length=256),
        Spelled(
            r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
            "use small letters and digits, with single . _ - or / between them",
        ),
    ]
    """The repository, which is there already; awspipe neither makes nor changes it."""
    tag: Annotated[
        Text,
        Field(max_length=128),
        Spelled(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "use only letters, digits, _ . and -"),
    ] = "latest"
    """The image's tag."""

    def resources(self, place: Place) -> Iterator[Resource]:
        """The rule (with its role) that starts the pipeline on a push.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/create-cwe-ecr-source.html
        """
        yield from starting(
            place,
            {
                "source": ["aws.ecr"],
                "detail-type": ["ECR Image Action"],
                "detail": {
                    "action-type": ["PUSH"],
                    "image-tag": [self.tag],
                    "repository-name": [self.repository],
                    "result": ["SUCCESS"],
                },
            },
        )

    def configuration(self, place: Place) -> dict[str, str]:
        """The image."""
        return {"RepositoryName": self.repository, "ImageTag": self.tag}

    def statements(self, place: Place) -> Iterator[Statement]:
        """What CodePipeline needs to look the image up."""
        yield Statement(
            actions=("ecr:DescribeImages",),
            resources=(place.scope.arn("ecr", f"repository/{self.repository}"),),
        )
