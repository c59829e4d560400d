#!/bin/sh
# ValidateService: the server must answer, and it must be this deployment's. If it does not within 30 seconds,
# the deployment fails and CodeDeploy rolls back to the last revision that worked.
set -eu
. "$(dirname "$0")/settings.sh"

python3 - "http://127.0.0.1:$PORT/health" "${DEPLOYMENT_ID:-local}" <<'PYTHON' || {
import json
import sys
import time
import urllib.request

url, wanted = sys.argv[1:]
ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
said = "no answer"
deadline = time.monotonic() + 30
while time.monotonic() < deadline:
    try:
        with ask(url, timeout=5) as answer:
            release = json.load(answer)["release"]
        if release == wanted:
            sys.exit(0)
        said = f"release {release} answers and not {wanted}"
    except (OSError, ValueError, KeyError) as error:
        said = str(error)
    time.sleep(0.5)
sys.exit(f"{url}: {said}")
PYTHON
    say "the end of $LOG_FILE:" >&2
    tail -n 20 "$LOG_FILE" >&2 || true
    exit 1
}
say "release ${DEPLOYMENT_ID:-local} answers on port $PORT"
