#!/bin/sh
# BeforeInstall: what the server needs must be there before its files are.
set -eu
. "$(dirname "$0")/settings.sh"

python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' || {
    say "python3 (3.8 or newer) is needed: dnf install python3, or apt-get install python3" >&2
    exit 1
}
mkdir -p "$VAR"
chmod 755 "$VAR"
say "$(python3 --version) is here"
