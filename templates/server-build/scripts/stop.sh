#!/bin/sh
# ApplicationStop: end the server. It comes from the last revision that was installed, so the first deployment
# has none. It never fails: a stop script that fails would block every deployment after it.
set -u
. "$(dirname "$0")/settings.sh"

pid=$(running) || {
    say "no server runs"
    exit 0
}
kill "$pid"
left=20
while running >/dev/null && [ "$left" -gt 0 ]; do
    sleep 1
    left=$((left - 1))
done
if running >/dev/null; then
    say "process $pid does not end by itself: killed"
    kill -9 "$pid"
fi
rm -f "$PID_FILE"
say "stopped process $pid"
exit 0
