"""Which AWS a command talks to: the user's account, an endpoint they name, or the sandbox."""

from __future__ import annotations

import difflib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from awspipe.aws import Aws
from awspipe.cli.console import Console
from awspipe.cli.options import Options
from awspipe.errors import CredentialsError, UsageError
from awspipe.naming import Scope

if TYPE_CHECKING:
    import boto3

    from awspipe.sandbox.control import Endpoint

SANDBOX_REGION = "ap-northeast-2"


@dataclass(frozen=True, slots=True)
class Target:
    """A connection to one region of AWS or of the sandbox."""

    aws: Aws
    sandbox: bool
    profile: str | None

    def scope(self, pipeline: str) -> Scope:
        """The scope of a pipeline here; asks who is calling."""
        identity = self.aws.identity
        return Scope(pipeline, identity.account, self.aws.region, identity.partition)

    def first_line(self) -> str:
        """Which account and region, or the sandbox: what each command says first."""
        if self.sandbox:
            return f"sandbox (no AWS account is touched), {self.aws.region}"
        profile = f", profile {self.profile}" if self.profile else ""
        endpoint = self.aws.client("sts").meta.endpoint_url
        elsewhere = "" if ".amazonaws.com" in endpoint else f", endpoint {endpoint}"
        return f"account {self.aws.account}, {self.aws.region}{profile}{elsewhere}"

    def helper_command(self) -> tuple[str, ...]:
        """The command that gives git a password here."""
        words = (sys.executable, "-m", "awspipe", "git-credential", "--region", self.aws.region)
        if self.sandbox:
            return (*words, "--sandbox")
        return (*words, "--profile", self.profile) if self.profile else words


def connect(options: Options, console: Console, spec_region: str | None = None) -> Target:
    """A session and region, checked as far as that goes without a call.

    Raises CredentialsError or UsageError with what to do.
    """
    if use_sandbox(options):
        return _sandbox(options, console, spec_region)
    session = _session(options)
    region = options.region or spec_region or _environment_region() or session.region_name
    if not region:
        raise UsageError(
            "no region is set", hint="--region ap-northeast-2, `region:` in the spec, or `aws configure`"
        )
    check_region(session, region)
    if options.endpoint_url:
        _check_url("--endpoint-url", options.endpoint_url)
    elif os.environ.get("AWS_ENDPOINT_URL"):
        _check_url("AWS_ENDPOINT_URL", os.environ["AWS_ENDPOINT_URL"])
    profile = options.profile or os.environ.get("AWS_PROFILE")
    return Target(Aws(session, region, options.endpoint_url), sandbox=False, profile=profile)


def use_sandbox(options: Options) -> bool:
    """--sandbox, or AWSPIPE_SANDBOX=1 where no other target is named."""
    if options.sandbox and (options.profile or options.endpoint_url):
        raise UsageError("--sandbox goes with neither --profile nor --endpoint-url")
    wished = os.environ.get("AWSPIPE_SANDBOX", "") not in ("", "0")
    return options.sandbox or (wished and not options.endpoint_url and not options.profile)


def _environment_region() -> str | None:
    """AWS_REGION as other AWS tools read it, else boto3's AWS_DEFAULT_REGION."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or None


def _session(options: Options) -> boto3.Session:
    import boto3
    from botocore.exceptions import ConfigParseError, ProfileNotFound

    try:
        return boto3.Session(profile_name=options.profile)
    except ProfileNotFound as error:
        name = options.profile or os.environ.get("AWS_PROFILE") or str(error)
        raise _unknown_profile(name) from None
    except ConfigParseError as error:
        raise CredentialsError(f"{error}", hint="mend that file, or move it away") from None


def _unknown_profile(name: str) -> CredentialsError:
    import botocore.session

    known = sorted(
        botocore.session.Session(session_vars={"profile": (None, [], None, None)}).available_profiles
    )
    near = difflib.get_close_matches(name, known, 1)
    there = f"there are: {', '.join(known)}" if known else "there are none"
    guess = f"did you mean {near[0]}? " if near else ""
    return CredentialsError(f"there is no AWS profile {name!r}", hint=f"{guess}{there}")


def check_region(session: boto3.Session, region: str) -> None:
    """Refuse a region AWS does not have before any call goes to a host that does not exist."""
    known = sorted(
        {
            name
            for partition in session.get_available_partitions()
            for name in session.get_available_regions("codepipeline", partition, allow_non_regional=False)
        }
        | {
            name
            for partition in session.get_available_partitions()
            for name in session.get_available_regions("s3", partition)
        }
    )
    if region in known:
        return
    near = difflib.get_close_matches(region, known, 1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"for example: {', '.join(known[:6])}"
    raise UsageError(f"there is no AWS region {region!r}", hint=hint)


def _check_url(source: str, url: str) -> None:
    if not url.startswith(("http://", "https://")) or len(url.split("/")) < 3 or not url.split("/")[2]:
        raise UsageError(f"{source}: {url!r} is no address", hint="http://HOST:PORT or https://HOST")


def _sandbox(options: Options, console: Console, spec_region: str | None) -> Target:
    region = options.region or spec_region or _environment_region() or SANDBOX_REGION
    endpoint = start_sandbox(console)
    session = sandbox_session(endpoint, region)
    check_region(session, region)
    return Target(Aws(session, region, endpoint.url), sandbox=True, profile=None)


def start_sandbox(console: Console) -> Endpoint:
    """The running sandbox, started if need be."""
    from awspipe.sandbox import control

    endpoint, started = control.start(control.state_dir(os.environ))
    if started and not console.json:
        console.say("sandbox started; it stays in the background until `awspipe sandbox stop`")
    return endpoint


def sandbox_session(endpoint: Endpoint, region: str) -> boto3.Session:
    """A session with the sandbox's key that looks at none of the user's AWS files."""
    import boto3
    import botocore.session

    nothing = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = botocore.session.Session(session_vars={"profile": (None, [], None, None), **nothing})
    return boto3.Session(
        aws_access_key_id=endpoint.access_key,
        aws_secret_access_key=endpoint.secret_key,
        region_name=region,
        botocore_session=session,
    )
