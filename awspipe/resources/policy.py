"""IAM policy documents as values: statements, trust, and their JSON in one stable order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """One Allow: sorted actions on sorted resources, under conditions `{operator: {key: value}}`."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: dict[str, dict[str, str]] = field(default_factory=dict, hash=False)

    def document(self) -> Document:
        """The statement as IAM writes it."""
        body: Document = {
            "Effect": "Allow",
            "Action": sorted(self.actions),
            "Resource": sorted(self.resources),
        }
        return {**body, "Condition": self.condition} if self.condition else body


def may_log(group_arn: str) -> Statement:
    """To write to a log group, and to make it where somebody has deleted it; the ARN is one without `:*`."""
    return Statement(
        actions=("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
        resources=(group_arn, f"{group_arn}:*"),
    )


def policy(statements: tuple[Statement, ...]) -> Document:
    """A policy document of these statements, each once: several actions may need the same."""
    return {"Version": "2012-10-17", "Statement": [one.document() for one in dict.fromkeys(statements)]}


def trust(service: str, condition: dict[str, dict[str, str]] | None = None) -> Document:
    """A trust policy for one AWS service, e.g. `codebuild.amazonaws.com`."""
    statement: Document = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}
