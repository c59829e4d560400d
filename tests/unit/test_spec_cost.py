"""`validate` is instant: what loading a spec imports, and how long it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SPEC = Path(__file__).parent / "spec_corpus" / "good" / "usual.yml"

LOAD = """\
import json, sys, time
from pathlib import Path
from awspipe.spec.load import load_file
load_file(Path(sys.argv[1]))
print(json.dumps({"seconds": time.process_time(), "modules": [name.split(".")[0] for name in sys.modules]}))
"""


def loaded() -> dict[str, object]:
    done = subprocess.run([sys.executable, "-c", LOAD, str(SPEC)], check=True, capture_output=True, text=True)
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_loading_a_spec_imports_no_aws_and_no_terminal() -> None:
    modules = loaded()["modules"]
    assert isinstance(modules, list)
    assert not {"boto3", "botocore", "moto", "typer", "rich", "jsonschema", "requests"} & set(modules)


def test_loading_a_spec_takes_a_third_of_a_second_at_most() -> None:
    """0.3 seconds of CPU with all imports; the best of five, for machines that do something else too."""
    assert min(float(str(loaded()["seconds"])) for _ in range(5)) < 0.45
