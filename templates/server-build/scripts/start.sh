#!/bin/sh
# ApplicationStart: start the server in the background. Its output goes to a file: CodeDeploy waits until a
# script's own output is closed, so a server that kept it open would fail the deployment.
set -eu
. "$(dirname "$0")/settings.sh"

if pid=$(running); then
    say "process $pid runs already: stopping it"
    sh "$(dirname "$0")/stop.sh"
fi
cd "$APP"
PORT="$PORT" nohup python3 "$APP/server.py" >>"$LOG_FILE" 2>&1 </dev/null &
printf '%s\n' "$!" >"$PID_FILE"
say "started process $!, its log is $LOG_FILE"
