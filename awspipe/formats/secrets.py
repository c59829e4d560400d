"""Texts that are secrets and cannot be anything else."""

from __future__ import annotations

import re

# AWS keys, tokens of git hosts, Slack and Stripe, private keys.
KNOWN_SECRET = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|\b(gh[oprsu]_|github_pat_|glpat-|xox[abprs]-|sk_live_)[A-Za-z0-9_-]{10}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)

MASK = "***"
"""What stands in a secret's place: CodeBuild masks with the same."""

_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_WHOLE = re.compile(rf"(?:{KNOWN_SECRET.pattern})[A-Za-z0-9_-]*")
_NAMED = re.compile(
    r"(?P<name>(?:secret_?access_?key|session_?token)[\"']?\s*[:=]\s*[\"']?)[A-Za-z0-9/+=]{16,}",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(r"(?P<name>\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]*:)[^\s/@]+(?=@)", re.IGNORECASE)


def redacted(text: str) -> str:
    """A text without the secrets that can be known as such.

    Those are the ones of `KNOWN_SECRET` to their ends, private keys with their lines, AWS secret keys beside
    their names, and the password of an address. What else may be a secret cannot be told from other text.
    """
    text = _WHOLE.sub(MASK, _BLOCK.sub(MASK, text))
    return _IN_ADDRESS.sub(rf"\g<name>{MASK}", _NAMED.sub(rf"\g<name>{MASK}", text))
