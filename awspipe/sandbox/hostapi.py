"""The sandbox's own API for its hosts, below `/_awspipe/hosts`: AWS has none, because it has machines.

    GET    /_awspipe/hosts                          every host
    POST   /_awspipe/hosts/REGION                   {"name", "kind", "tags"}: make one
    DELETE /_awspipe/hosts/REGION/NAME              end one
    GET    /_awspipe/hosts/REGION/NAME/entrance     how to run a command on it; it starts with that

The user name and password are the sandbox's access key and secret key.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable
from typing import Any

from awspipe.sandbox import answers, box, runtime
from awspipe.sandbox.answers import StartResponse
from awspipe.sandbox.codedeploy import CodeDeployBackend, codedeploy_backends
from awspipe.sandbox.deploy.hosts import EC2, ON_PREMISES, Host, HostError
from awspipe.sandbox.record import HOSTS, basic
from awspipe.sandbox.signing import Environ

_PATH = re.compile(rf"{HOSTS}(/(?P<region>[a-z]{{2,}}-[a-z-]+-\d+)(/(?P<name>[^/]+)(?P<enter>/entrance)?)?)?")
_LONGEST = 64 * 1024


class HostApi:
    """The WSGI application."""

    def __init__(self, *, account: str, access_key: str, secret_key: str) -> None:
        self._account = account
        self._password = basic(access_key, secret_key)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if not hmac.compare_digest(environ.get("HTTP_AUTHORIZATION", ""), self._password):
            return _answer(environ, start_response, "401 Unauthorized", {"error": "the key is wrong"})
        found = _PATH.fullmatch(environ.get("PATH_INFO", ""))
        if found is None:
            return _answer(environ, start_response, "404 Not Found", {"error": "there is nothing here"})
        try:
            answer = self._do(environ, found["region"], found["name"], enter=bool(found["enter"]))
        except (HostError, box.BoxError) as error:
            return _answer(environ, start_response, "400 Bad Request", {"error": str(error)})
        return _answer(environ, start_response, "200 OK", answer)

    def _do(self, environ: Environ, region: str | None, name: str | None, *, enter: bool) -> dict[str, Any]:
        match environ["REQUEST_METHOD"], region, name:
            case "GET", None, None:
                return self._list()
            case "POST", str(), None:
                return self._add(self._backend(region), _body(environ))
            case "DELETE", str(), str() if not enter:
                return self._remove(self._backend(region), name)
            case "GET", str(), str() if enter:
                return self._entrance(self._backend(region), name)
        raise HostError("that cannot be done here")

    def _backend(self, region: str) -> CodeDeployBackend:
        backends = codedeploy_backends[self._account]
        if region not in backends and region not in backends.regions:
            raise HostError(f"there is no region {region}")
        found: CodeDeployBackend = backends[region]
        return found

    def _list(self) -> dict[str, Any]:
        kept = box.level(runtime.current().state_dir / "hosts")
        isolation = {"level": kept.kind, "reason": kept.reason}
        with runtime.current().reading:
            backends: list[Any] = [one for _, _, one in codedeploy_backends.iter_backends()]
            hosts = [_shown(one, host) for one in backends for host in one.hosts.values()]
            return {"isolation": isolation, "hosts": hosts}

    def _add(self, backend: CodeDeployBackend, wanted: dict[str, Any]) -> dict[str, Any]:
        kind, tags = wanted.get("kind", EC2), wanted.get("tags", {})
        if kind not in (EC2, ON_PREMISES):
            raise HostError(f"a host is {EC2} or {ON_PREMISES}, not {kind}")
        with runtime.current().lock:
            return _shown(backend, backend.add_host(str(wanted.get("name", "")), kind, tags))

    def _remove(self, backend: CodeDeployBackend, name: str) -> dict[str, Any]:
        with runtime.current().lock:
            backend.check_idle(name)
            return {"removed": backend.remove_host(name).name}

    def _entrance(self, backend: CodeDeployBackend, name: str) -> dict[str, Any]:
        with runtime.current().lock:
            if name not in backend.hosts:
                raise HostError(f"there is no host {name}")
            machine, shown = backend.machine(name), _shown(backend, backend.hosts[name])
        words, environment = machine.entrance()
        return {
            **shown,
            "level": machine.level,
            "command": words,
            "environment": environment,
            "root": machine.root,
            "drop": str(machine.drop_folder()),
            "dropped": machine.dropped(""),
        }


def _shown(backend: CodeDeployBackend, host: Host) -> dict[str, Any]:
    groups = {group.id: name for name, group in backend.every_group()}
    machine = runtime.current().machines.get((backend.account_id, backend.region_name, host.name))
    return {
        "name": host.name,
        "region": backend.region_name,
        "kind": host.kind,
        "instance_id": host.name if host.kind == ON_PREMISES else host.instance_id,
        "tags": backend.tags_of(host),
        "port": host.port,
        "url": f"http://127.0.0.1:{host.port}",
        "running": machine is not None,
        "made_for": groups.get(host.made_for or "", host.made_for),
        "deployed": [
            {"group_id": id_, "group": groups.get(id_), "deployment": last}
            for id_, last in host.deployed.items()
        ],
    }


def _body(environ: Environ) -> dict[str, Any]:
    try:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        found = json.loads(environ["wsgi.input"].read(min(size, _LONGEST)))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("tags", {}), dict):
        raise HostError("the request is not as it should be")
    return found


def _answer(
    environ: Environ, start_response: StartResponse, status: str, document: dict[str, Any]
) -> Iterable[bytes]:
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    return answers.answer(environ, start_response, status, headers, json.dumps(document).encode())
