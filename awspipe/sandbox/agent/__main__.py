"""The agent as a program: an order and events come in as lines of JSON, what happens goes out as lines.

    {"order": {...}}            first of all, once
    {"event": "Install"}        do it  ->  {"log": "[stdout]..."}*  {"outcome": {...}}
    {"again": true}             ApplicationStart of the last revision that was installed

It ends when nothing more comes in.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict
from typing import Any, TextIO

from awspipe.sandbox.agent.lifecycle import Agent
from awspipe.sandbox.agent.order import Order


def main(lines: TextIO = sys.stdin, answers: TextIO = sys.stdout) -> None:
    """Do what the lines say."""

    def answer(**document: Any) -> None:
        answers.write(json.dumps(document) + "\n")
        answers.flush()

    agent: Agent | None = None
    for line in lines:
        told = json.loads(line)
        if "order" in told:
            agent = Agent(Order(**told["order"]), lambda text: answer(log=text))
        elif agent is not None:
            outcome = agent.start_again() if told.get("again") else agent.run(told["event"])
            answer(outcome=asdict(outcome) if outcome else None)


def run() -> None:
    """Do what standard input says; whoever presses Ctrl-C has the script ended, and reads no traceback."""
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()


if __name__ == "__main__":
    run()
