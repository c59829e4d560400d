"""A small web server: converts units at /convert, its state at /health. Python 3.8 and nothing else.

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
from urllib.parse import parse_qs, urlsplit

import units

HERE = Path(__file__).resolve().parent
JSON = "application/json"


def written(name):
    """What the build (commit) or the deployment (release) has left beside the server."""
    path = HERE / name
    return path.read_text(encoding="utf-8").strip() if path.is_file() else "local"


class Site:
    """Answers by address; what does not change is read once."""

    def __init__(self):
        """Read the page and who we are."""
        self.state = {
            "status": "ok",
            "release": written("release"),
            "commit": written("commit"),
            "host": socket.gethostname(),
        }
        page = (HERE / "index.html").read_text(encoding="utf-8")
        for key, value in self.state.items():
            page = page.replace("{{" + key + "}}", html.escape(value))
        self.page = page

    def answer(self, address):
        """Status, type and text for an address."""
        parts = urlsplit(address)
        if parts.path == "/":
            return 200, "text/html; charset=utf-8", self.page
        if parts.path == "/health":
            return 200, JSON, json.dumps(self.state)
        if parts.path == "/convert":
            return self.converted(parse_qs(parts.query))
        return 404, JSON, json.dumps({"error": "there is no such page"})

    def converted(self, query):
        """The answer to /convert?value=10&from=km&to=mi."""
        given = {key: query.get(key, [""])[0] for key in ("value", "from", "to")}
        try:
            result = units.convert(given["value"], given["from"], given["to"])
        except ValueError as error:
            return 400, JSON, json.dumps({"error": str(error)})
        return 200, JSON, json.dumps({**given, "result": result})


class Handler(BaseHTTPRequestHandler):
    """Answers from the server's site."""

    def do_GET(self):
        """Send what the site answers."""
        status, kind, text = self.server.site.answer(self.path)
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET


class Server(ThreadingHTTPServer):
    """An HTTP server for one site."""

    def __init__(self, address, site):
        """Take the port."""
        self.site = site
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
    server = Server(("", port), Site())
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
