"""Texts that are secrets and cannot be anything else."""

from __future__ import annotations

import re

# AWS keys, tokens of git hosts, Slack and Stripe, private keys.
KNOWN_SECRET = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|\b(gh[oprsu]_|github_pat_|glpat-|xox[abprs]-|sk_live_)[A-Za-z0-9_-]{10}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
