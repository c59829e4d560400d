"""The commands as a user types them, in this process and against a sandbox in it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from awspipe.aws import Aws
from awspipe.cli import main
from awspipe.cli.console import Console
from awspipe.sandbox.actions.base import Revision
from tests.support import core, sandbox
from tests.support.engine import Stage


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found = json.loads(self.out)
        assert found.pop("schema_version") == 1
        return dict(found)


class Commands:
    """Runs command lines; nobody is there to be asked."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Said:
        self._capsys.readouterr()
        code = main.run([*words, "--region", sandbox.REGION])
        out, err = self._capsys.readouterr()
        return Said(code, out, err)


class Asked(Console):
    """A console at which somebody answers."""

    def __init__(self, *answers: str) -> None:
        super().__init__(out=io.StringIO(), err=io.StringIO(), environ={})
        self._answers = list(answers)
        self.questions: list[str] = []

    @property
    def interactive(self) -> bool:
        return True

    def ask(self, question: str) -> str:
        self.questions.append(question)
        return self._answers.pop(0)


def connection() -> Aws:
    """A connection of its own."""
    return core.connect(core.session())


@cache
def reader() -> Aws:
    """A connection that all tests of a process share: it holds nothing but clients."""
    return connection()


def refuse(aws: Aws, operation: str, code: str) -> list[str]:
    """From now on AWS refuses an operation of CodePipeline; the pipelines that it is asked of."""
    asked: list[str] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        asked.append(json.loads(request.body)["pipelineName"])
        made = AWSResponse(request.url, 400, HTTPHeaders(), None)
        made._content = json.dumps({"__type": code, "message": "no"}).encode()
        return made

    events = aws.client("codepipeline").meta.events
    events.register_first(f"before-send.codepipeline.{operation}", answer)
    return asked


def sourced(stage: Stage, commit: str, number: int | None = None) -> None:
    """The source action of an execution ends, with this commit."""
    stage.end("Source", number, revision=Revision(commit, f"Commit {commit[0]}", created=1.0))
