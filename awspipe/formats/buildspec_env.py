"""`env` and `proxy` of a buildspec."""

from __future__ import annotations

from awspipe.formats.buildspec_model import Env, Proxy
from awspipe.formats.frames import quoted
from awspipe.formats.mapping import Mapping
from awspipe.formats.nodes import Entry
from awspipe.formats.secrets import names_secret

OLD_ENV = "environment_variables"
"""Version 0.1's word for `env`, with `plaintext` for `variables`.
https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html (Buildspec versions)"""

_KEYS = (
    "shell",
    "variables",
    "parameter-store",
    "secrets-manager",
    "exported-variables",
    "git-credential-helper",
)
_SHELLS = ("bash", "/bin/sh", "powershell.exe", "cmd.exe")


def env(root: Mapping, version: str) -> Env:
    """The environment variables, of this version's key or of version 0.1's."""
    found = root.mapping("env")
    if found:
        found.warn_unknown(_KEYS, "CodeBuild")
        return _env(found)
    old = root.mapping(OLD_ENV) if version == "0.1" else None
    return Env(variables=_variables(old, "plaintext")) if old else Env()


def _env(found: Mapping) -> Env:
    return Env(
        shell=_shell(found),
        variables=_variables(found, "variables"),
        parameter_store=_references(found, "parameter-store"),
        secrets_manager=_references(found, "secrets-manager"),
        exported_variables=_exported(found),
        git_credential_helper=found.flag("git-credential-helper"),
    )


def _shell(found: Mapping) -> str | None:
    shell = found.text("shell")
    if shell is not None and shell not in _SHELLS:
        hint = "on Linux it is bash or /bin/sh, on Windows powershell.exe or cmd.exe"
        found.notes.warn(found.place("shell"), f"CodeBuild's pages know no shell {quoted(shell)}", hint)
    return shell


def _variables(found: Mapping, key: str) -> dict[str, str]:
    variables = found.table(key)
    entry = found.entry(key)
    for name, value in variables.items():
        assert entry is not None
        _warn_of_variable(found, entry.node.entries[name], name, value)
    return variables


def _warn_of_variable(found: Mapping, entry: Entry, name: str, value: str) -> None:
    if name.startswith("CODEBUILD_"):
        found.notes.warn(entry.key, f"{quoted(name)}: names that begin with CODEBUILD_ are CodeBuild's own")
    if names_secret(name, value):
        hint = "let secrets-manager or parameter-store fetch it"
        found.notes.warn(entry.key, f"{quoted(name)} looks like a secret that everybody can read here", hint)


def _references(found: Mapping, key: str) -> dict[str, str]:
    references = found.table(key)
    entry = found.entry(key)
    for name, reference in references.items():
        if not reference and entry:
            found.notes.refuse(entry.node.entries[name].key, f"{quoted(name)} names nothing to fetch")
    return references


def _exported(found: Mapping) -> tuple[str, ...]:
    """Names that begin with AWS_ are not exported: the same page, env/exported-variables."""
    names = found.texts("exported-variables", "variable")
    for name in names:
        if name.startswith("AWS_"):
            says = f"CodeBuild does not export {quoted(name)}: names that begin with AWS_ are AWS's own"
            found.notes.warn(found.item_place("exported-variables", name), says)
    return names


def proxy(root: Mapping) -> Proxy:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/use-proxy-server.html."""
    found = root.mapping("proxy")
    if found is None:
        return Proxy()
    found.warn_unknown(("upload-artifacts", "logs"), "CodeBuild")
    return Proxy(upload_artifacts=found.flag("upload-artifacts"), logs=found.flag("logs"))
