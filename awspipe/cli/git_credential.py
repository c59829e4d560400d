"""`awspipe git-credential`: git asks it for a password when it talks to a CodeCommit repository."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from awspipe.cli.console import Console
from awspipe.cli.options import given


def git_credential(
    context: typer.Context, operation: Annotated[str, typer.Argument(help="get, store or erase: git's word.")]
) -> None:
    """Answer git's question for a user name and password. `up` sets git up to ask it."""
    if operation != "get":
        return
    from awspipe import git
    from awspipe.cli.target import connect
    from awspipe.errors import CredentialsError

    wanted = dict(line.strip().split("=", 1) for line in sys.stdin if "=" in line)
    target = connect(given(context), Console(json=True))
    credentials = target.aws.session.get_credentials()
    if credentials is None:
        raise CredentialsError("no AWS credentials for git", hint="`aws login` or `aws configure`")
    url = f"{wanted['protocol']}://{wanted['host']}/{wanted.get('path', '').lstrip('/')}"
    username, password = git.credential(credentials, url, target.aws.region)
    sys.stdout.write(f"username={username}\npassword={password}\n")
