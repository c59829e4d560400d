"""The door of the sandbox: who may come in, and how quickly the answer comes.

The sandbox runs commands, so it must not answer other users of this machine, nor web pages in the user's
own browser. Before anything else a request is refused that

- names another host than this machine (a page that pointed its own name at 127.0.0.1), or
- was sent by a page of another origin (`Origin` header), or
- is not signed with this sandbox's own random key (`signing.py` says what is checked).

Open are only the health check, which tells no secret, web sites (`website.py`), which everybody may read,
and git and the hosts, which check the password themselves (`githttp.py`, `hostapi.py`). moto's own pages
(`/moto-api`, the metadata service) are closed to everyone, and no answer of the API carries a CORS header.
"""

from __future__ import annotations

import itertools
import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from awspipe.sandbox import answers, githttp, signing, website
from awspipe.sandbox.answers import StartResponse
from awspipe.sandbox.record import HEALTH, HOSTS
from awspipe.sandbox.saving import READS
from awspipe.sandbox.signing import Claim, Environ

log = logging.getLogger("awspipe.sandbox")

WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_RESERVED = "/_awspipe/"  # no bucket's name begins with "_", so this never hides an object
_CLOSED = ("/moto-api", "/latest/meta-data", "/latest/api/")


@dataclass(frozen=True, slots=True)
class Realism:
    """How much like the network and a busy AWS the sandbox behaves; nothing of it by default."""

    throttle: int = 0
    """Every so many calls one is answered with the protocol's throttling error; 0 is never."""
    delay: float = 0.0
    """Seconds added to every API call."""


class Front:
    """The WSGI application that the server runs: what comes from this machine is shown its way."""

    def __init__(
        self,
        *,
        api: WsgiApp,
        git: WsgiApp,
        hosts: WsgiApp,
        sites: WsgiApp,
        health: Callable[[], dict[str, Any]],
        settle: Callable[[], None],
        port: int,
    ) -> None:
        self._api = api
        self._git = git
        self._own_hosts = hosts
        self._websites = sites
        self._health = health
        self._settle = settle
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self._sites = f".localhost:{port}"
        self._origins = tuple(f"http://{host}" for host in self._hosts)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        stranger = self._stranger(environ)
        if stranger:
            return answers.text(environ, start_response, "403 Forbidden", stranger)
        if website.bucket_of(environ.get("HTTP_HOST", "")) is not None:
            return self._websites(environ, start_response)
        path = environ.get("PATH_INFO", "")
        answer = (self._reserved if path.startswith(_RESERVED) else self._api)(environ, start_response)
        self._settle()  # the server sends nothing before it has the answer
        return answer

    def _reserved(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """What is the sandbox's own and no part of AWS."""
        path = environ["PATH_INFO"]
        if path == HEALTH:
            body = json.dumps(self._health()).encode()
            headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
            return answers.answer(environ, start_response, "200 OK", headers, body)
        if path.startswith(githttp.PREFIX):
            return self._git(environ, start_response)
        if path.startswith(HOSTS):
            return self._own_hosts(environ, start_response)
        return answers.text(environ, start_response, "404 Not Found", "there is nothing here")

    def _stranger(self, environ: Environ) -> str:
        """Why a request does not come from this machine's own programs; "" when it does."""
        host = environ.get("HTTP_HOST", "").lower()
        if host not in self._hosts and not (host.endswith(self._sites) and len(host) > len(self._sites)):
            return answers.REBOUND
        if website.bucket_of(host) is not None:  # a page may ask its own site for more
            return ""
        if environ.get("HTTP_ORIGIN", self._origins[0]) not in self._origins or _from_another_page(environ):
            return "the sandbox does not answer pages of other origins"
        return ""


def _from_another_page(environ: Environ) -> bool:
    """Whether a page elsewhere asks for what is the sandbox's own: an image or a script has no Origin."""
    own = environ.get("PATH_INFO", "").startswith(_RESERVED)
    return own and environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin")


class SignedApi:
    """The AWS API: signed requests reach moto; errors have the shape of the caller's protocol."""

    def __init__(
        self,
        api: WsgiApp,
        *,
        access_key: str,
        secret_key: str,
        changed: Callable[[str], None],
        realism: Realism,
    ) -> None:
        self._api = api
        self._access_key = access_key
        self._secret_key = secret_key
        self._changed = changed
        self._realism = realism
        self._calls = itertools.count(1)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call, or refuse it."""
        claim = signing.claim(environ)
        refusal = self._refusal(environ, claim)
        if refusal is None:
            refusal = self._delayed()
        if refusal is not None:
            protocol = answers.protocol_of(environ, claim)
            return answers.refuse(environ, start_response, refusal, protocol)
        return self._passed_on(environ, start_response, claim)

    def _refusal(self, environ: Environ, claim: Claim | None) -> answers.Refusal | None:
        if environ.get("PATH_INFO", "").startswith(_CLOSED):
            return answers.CLOSED
        wrong = signing.fault(environ, claim, access_key=self._access_key, secret_key=self._secret_key)
        return answers.FAULTS[wrong] if wrong else None

    def _delayed(self) -> answers.Refusal | None:
        time.sleep(self._realism.delay)
        every = self._realism.throttle
        return answers.THROTTLED if every and next(self._calls) % every == 0 else None

    def _passed_on(
        self, environ: Environ, start_response: StartResponse, claim: Claim | None
    ) -> Iterable[bytes]:
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)  # there is one account
        try:
            return self._api(environ, _without_cors(start_response))
        except Exception as error:
            # not its query: that of a presigned address opens the object
            log.exception("%s %s failed", environ["REQUEST_METHOD"], environ.get("PATH_INFO"))
            refusal = answers.UNPLAYED if isinstance(error, NotImplementedError) else answers.FAILED
            return answers.refuse(environ, start_response, refusal, answers.protocol_of(environ, claim))
        finally:
            if _may_change(environ):
                self._changed(claim.service if claim else "")


def _may_change(environ: Environ) -> bool:
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return environ["REQUEST_METHOD"] not in ("GET", "HEAD") and not operation.startswith(READS)


def _without_cors(start_response: StartResponse) -> StartResponse:
    """A bucket's CORS rules are kept and shown, but no page of another origin may use them here."""

    def start(status: str, headers: answers.Headers, *rest: Any) -> Any:
        kept = [(name, value) for name, value in headers if not name.lower().startswith("access-control-")]
        return start_response(status, kept, *rest)

    return start
