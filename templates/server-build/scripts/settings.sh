# What the hook scripts share. AWSPIPE_ROOT is set by awspipe's sandbox only; on an instance it is empty.
# shellcheck shell=sh disable=SC2034
APP="${AWSPIPE_ROOT:-}/opt/awspipe-server-build"
VAR="${AWSPIPE_ROOT:-}/var/opt/awspipe-server-build"
PID_FILE="$VAR/pid"
LOG_FILE="$VAR/server.log"
PORT="${PORT:-8080}"

say() {
    printf '%s: %s\n' "${LIFECYCLE_EVENT:-hook}" "$*"
}

# The server's process id, if that process runs and is ours: a number in a file may be anybody's by now.
running() {
    [ -s "$PID_FILE" ] || return 1
    pid=$(cat "$PID_FILE")
    { tr '\0' ' ' <"/proc/$pid/cmdline" || ps -o args= -p "$pid"; } 2>/dev/null |
        grep -qF "$APP/server.py" || return 1
    printf '%s\n' "$pid"
}
