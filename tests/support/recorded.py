"""awspipe as `python -m awspipe` runs it, with every call's name appended to the file $RECORDED_CALLS.

$DENIED_CALLS names calls (`service:Operation`, with spaces between) that its credentials may not make.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from botocore import handlers

from awspipe.cli.main import main
from tests.support.denying import refuser


def _note(model: Any, **_: Any) -> None:
    with Path(os.environ["RECORDED_CALLS"]).open("a", encoding="utf-8") as file:
        file.write(f"{model.service_model.service_name}:{model.name}\n")


if __name__ == "__main__":
    handlers.BUILTIN_HANDLERS.append(("before-call", _note))
    if denied := os.environ.get("DENIED_CALLS", "").split():
        handlers.BUILTIN_HANDLERS.append(("before-send", refuser(denied)))
    main()
