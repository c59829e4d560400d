"""`validate` is instant: what loading a spec imports. (How long commands take, `make bench` says.)"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SPEC = Path(__file__).parent / "spec_corpus" / "good" / "usual.yml"

LOAD = """\
import json, sys
from pathlib import Path
from awspipe.spec.load import load_file
load_file(Path(sys.argv[1]))
print(json.dumps([name.split(".")[0] for name in sys.modules]))
"""


def test_loading_a_spec_imports_no_aws_and_no_terminal() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD, str(SPEC)], check=True, capture_output=True, text=True)
    modules = json.loads(done.stdout)
    assert "awspipe" in modules
    assert not {"boto3", "botocore", "moto", "typer", "rich", "jsonschema", "requests"} & set(modules)
