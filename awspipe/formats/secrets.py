"""Texts that are secrets and cannot be anything else: known, and masked wherever they would be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# AWS keys; tokens of git hosts, Slack, Stripe, npm, PyPI, Google and others; JSON web tokens; private keys.
KNOWN_SECRET = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\b(gh[oprsu]_|github_pat_|gl(pat|dt|rt|ptt|soat|cbt)-|xox[abeprs]-|sk_live_|rk_live_|sk-ant-|pypi-AgE"
    r"|dop_v1_)[A-Za-z0-9_-]{10}"
    r"|\b(npm_[A-Za-z0-9]{36}|AIza[A-Za-z0-9_-]{35}|ATBB[A-Za-z0-9]{20}|ATCTT3[A-Za-z0-9_-]{20})"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)

MASK = "***"
"""What stands in a secret's place: CodeBuild masks with the same."""

SECRET_NAME = re.compile(
    r"PASSW(OR)?D|PASSPHRASE|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIAL", re.IGNORECASE
)
"""Names of variables whose values nobody else should see, whatever they look like."""

_A_SECRET_ITSELF = re.compile(
    r"(^|_)(password|passwd|passphrase|secret|token|api_?key|private_?key|access_?key)$", re.IGNORECASE
)
_NO_SECRET = frozenset({"", "0", "1", "true", "false"})

_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_WHOLE = re.compile(rf"(?:{KNOWN_SECRET.pattern})[A-Za-z0-9_-]*")
# An AWS secret key has no form of its own: it is known by its name, or by the access key before it.
_BESIDE = re.compile(
    r"(?P<name>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b[^A-Za-z0-9/+]{1,20}(?:[A-Za-z_ ]{1,40}[^A-Za-z0-9/+]{1,8})?)"
    r"(?![0-9a-f]{40}\b)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)
_NAMED = re.compile(
    r"(?P<name>(?:secret_?access_?key|session_?token|security-token|x-amz-signature|oauth_?token"
    r"|client_?secret)[\"']?\s*[:=]\s*[\"']?)(?!\*)[A-Za-z0-9/+=_.%-]{8,}",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?P<name>\bauthorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|token|AWS4-HMAC-SHA256)\s+)[^\r\n\"']+",
    re.IGNORECASE,
)
# What begins with one of $ # < { * is a place for a password and none itself.
_IN_ADDRESS = re.compile(
    r"(?P<name>\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]*:)(?![$#<{*])[^\s/@]+(?=@)", re.IGNORECASE
)
_USER_IN_ADDRESS = re.compile(r"(?P<name>\bhttps?://)[^\s/:@]{20,}(?=@)", re.IGNORECASE)


def redacted(text: str) -> str:
    """A text without the secrets that can be known as such.

    Those are the ones of `KNOWN_SECRET` to their ends, private keys with their lines, AWS secret keys beside
    their names or their access keys, tokens and signatures by their names, Authorization headers, and what
    stands before the host of an address. What else may be a secret cannot be told from other text.
    """
    text = _BESIDE.sub(rf"\g<name>{MASK}", text)
    text = _WHOLE.sub(MASK, _BLOCK.sub(MASK, text))
    for named in (_NAMED, _HEADER, _IN_ADDRESS, _USER_IN_ADDRESS):
        text = named.sub(rf"\g<name>{MASK}", text)
    return text


def holds_secret(text: str) -> bool:
    """Whether a text has a secret in it that can be known as such."""
    return redacted(text) != text


def names_secret(name: str, value: str) -> bool:
    """Whether a variable of this name would hold a secret, and not e.g. where one is: `TOKEN_URL`.

    A value that reads another variable (`$TOKEN`, `#{Login.TOKEN}`) gives nothing away, nor does a flag.
    """
    told = value.lower() in _NO_SECRET or "$" in value or "#{" in value
    return bool(_A_SECRET_ITSELF.search(name)) and not told


def redacted_value(value: Any) -> Any:
    """What is going to be JSON, without secrets: also not the values of variables with such names."""
    match value:
        case str():
            return redacted(value)
        case {"name": str() as name, "value": str()} if SECRET_NAME.search(name) and _is_plain(value):
            return {**value, "value": MASK}
        case Mapping():
            return {key: _redacted_entry(key, inner) for key, inner in value.items()}
        case list() | tuple():
            return [redacted_value(inner) for inner in value]
    return value


def _is_plain(variable: Mapping[str, Any]) -> bool:
    """Whether an environment variable of CodeBuild holds its value itself, and is no reference."""
    return bool(variable.get("type", "PLAINTEXT") == "PLAINTEXT")


def _redacted_entry(key: object, value: Any) -> Any:
    hides = isinstance(value, str) and str(key).casefold() in _KEYS and set(value) != {"*"}
    return MASK if hides else redacted_value(value)


_KEYS = frozenset({"oauthtoken", "secretaccesskey", "sessiontoken", "secrettoken", "clientsecret"})
