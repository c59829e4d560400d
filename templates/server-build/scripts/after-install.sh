#!/bin/sh
# AfterInstall: the files are in place. Write down which deployment brought them, and check that they compile.
set -eu
. "$(dirname "$0")/settings.sh"

printf '%s\n' "${DEPLOYMENT_ID:-local}" >"$APP/release"
chmod 644 "$APP/release"
python3 - "$APP/server.py" <<'PYTHON'
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    compile(file.read(), sys.argv[1], "exec")
PYTHON
say "release ${DEPLOYMENT_ID:-local}"
