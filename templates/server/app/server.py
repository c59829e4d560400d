"""A small web server: a page at /, its state at /health. Python 3.8 and nothing else.

Run it on your machine: `python3 app/server.py`, or on another port: `PORT=9000 python3 app/server.py`.
"""

import html
import json
import os
import pwd
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent


def release():
    """The deployment that put this server here: scripts/after-install.sh writes it down."""
    path = HERE / "release"
    return path.read_text(encoding="utf-8").strip() if path.is_file() else "local"


def answers(deployment, host):
    """Every address with what it answers: (type, body)."""
    page = (HERE / "index.html").read_text(encoding="utf-8")
    for mark, value in (("{{release}}", deployment), ("{{host}}", host)):
        page = page.replace(mark, html.escape(value))
    state = json.dumps({"status": "ok", "release": deployment, "host": host})
    return {"/": ("text/html; charset=utf-8", page), "/health": ("application/json", state)}


class Handler(BaseHTTPRequestHandler):
    """Answers from the server's table."""

    def do_GET(self):
        """A page, or 404."""
        known = self.server.answers.get(self.path.partition("?")[0])
        kind, text = known or ("text/plain; charset=utf-8", "There is no such page.\n")
        body = text.encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET


class Server(ThreadingHTTPServer):
    """An HTTP server that knows its answers from the start."""

    def __init__(self, address, table):
        """Take the port."""
        self.answers = table
        super().__init__(address, Handler)


def become_nobody():
    """Give root's rights up once the port is ours: a web server has no use for them."""
    if os.geteuid() != 0:
        return
    try:
        user = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    except (KeyError, OSError) as error:
        print(f"still root: {error}", file=sys.stderr, flush=True)


def main():
    """Serve until TERM or INT."""
    port = int(os.environ.get("PORT", "8080"))
    server = Server(("", port), answers(release(), socket.gethostname()))
    become_nobody()

    def stop(*_):
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"http://127.0.0.1:{port}", flush=True)
    server.serve_forever(poll_interval=0.2)
    server.server_close()


if __name__ == "__main__":
    main()
