"""Which AWS a command talks to: the user's account, an endpoint they name, or the sandbox."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from awspipe.aws import Aws
from awspipe.cli.console import Console
from awspipe.cli.options import Options
from awspipe.errors import CredentialsError, RefusedError, UsageError
from awspipe.events import Event, Waiting
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
    options: Options = field(default_factory=Options)
    usual_region: str | None = None
    """The region of a command that is not told one, neither by an option nor by a spec."""
    sites: Callable[[], Mapping[str, str]] = dict
    """Where buckets' web sites are served here, as far as that differs from AWS; asks when it is called."""

    hosts: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    """The sandbox's hosts, each with the deployment groups that it is for; asks when it is called."""

    def command(self, *words: str) -> str:
        """A command to type next where the spec is at hand."""
        return self.options.command(*words)

    def command_anywhere(self, *words: str) -> str:
        """A command to type next in any directory: it names the region where only the spec does."""
        told = self.options.region or self.usual_region
        here = self.options if told == self.aws.region else replace(self.options, region=self.aws.region)
        return here.command(*words)

    def scope(self, pipeline: str) -> Scope:
        """The scope of a pipeline here; asks who is calling."""
        identity = self.aws.identity
        return Scope(pipeline, identity.account, self.aws.region, identity.partition)

    def hold_to(self, pipeline: str, account: str | None) -> None:
        """Refuse credentials of another account than the one that a pipeline's spec names."""
        if account is None or self.sandbox or account == self.aws.account:
            return
        raise RefusedError(
            f"{pipeline} belongs to account {account}, "
            f"and these credentials are account {self.aws.account}'s: nothing was done",
            hint="use the other account's (--profile NAME), or mend `account:` in the spec",
        )

    def first_line(self) -> str:
        """Which account and region, or the sandbox: what each command says first."""
        if self.sandbox:
            return f"sandbox (no AWS account is touched), {self.aws.region}"
        profile = f", profile {self.profile}" if self.profile else ""
        elsewhere = f", endpoint {self.aws.endpoint}" if self.elsewhere else ""
        return f"account {self.aws.account}, {self.aws.region}{profile}{elsewhere}"

    @property
    def elsewhere(self) -> bool:
        """Whether the calls go neither to AWS nor to the sandbox."""
        return not self.sandbox and not is_aws(self.aws.endpoint)

    def serves(self, url: str) -> bool:
        """Whether a repository's address is to be believed: what plays AWS may name AWS's own."""
        return not (self.sandbox or self.elsewhere) or not is_aws(url)

    def helper_command(self) -> tuple[str, ...]:
        """The command that gives git a password here."""
        words = (sys.executable, "-m", "awspipe", "git-credential", "--region", self.aws.region)
        if self.sandbox:
            return (*words, "--sandbox")
        return (*words, "--profile", self.profile) if self.profile else words


def is_aws(url: str) -> bool:
    """Whether an address is one of AWS's own."""
    host = urlsplit(url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


def connect(options: Options, console: Console, spec_region: str | None = None) -> Target:
    """A session and region, checked as far as that goes without a call.

    Raises CredentialsError or UsageError with what to do.
    """
    if use_sandbox(options):
        return _sandbox(options, console, spec_region)
    _check_endpoint(options)
    session, region, usual = place(options, spec_region)
    aws = Aws(session, region, options.endpoint_url, listener=Telling(console))
    return Target(aws, sandbox=False, profile=_profile(session), options=options, usual_region=usual)


def place(options: Options, spec_region: str | None) -> tuple[boto3.Session, str, str | None]:
    """The user's session, the region that counts, and the one that would count for every spec.

    Raises UsageError where none is set, or where AWS has none of that name.
    """
    session = _session(options)
    usual = _environment_region() or session.region_name
    region = options.region or spec_region or usual
    if not region:
        raise UsageError(
            "no region is set",
            hint="--region ap-northeast-2, `region:` in the spec, or `aws configure`; "
            "with no AWS account, --sandbox",
        )
    check_region(session, region)
    return session, region, usual


def _profile(session: boto3.Session) -> str | None:
    """The profile whose credentials are used; None where those of the environment come first."""
    named = session._session.instance_variables().get("profile")
    if named is None and os.environ.get("AWS_ACCESS_KEY_ID"):
        return None
    return None if session.profile_name == "default" and named is None else session.profile_name


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
    import botocore.session
    from botocore.exceptions import ConfigParseError, ProfileNotFound

    from awspipe.cli.servicemodels import read_quickly

    try:
        session = botocore.session.Session()
        if options.profile is not None:
            session.set_config_variable("profile", options.profile)
        read_quickly(session)
        return boto3.Session(botocore_session=session)
    except ProfileNotFound as error:
        raise _unknown_profile(str(error.kwargs["profile"])) from None
    except ConfigParseError as error:
        raise _broken_file(error.kwargs["path"], dict(error.kwargs).get("error")) from error


def _broken_file(path: str, error: object) -> CredentialsError:
    """A file of the user's AWS settings that cannot be read, with the place."""
    where = " ".join(str(error or "it is no settings file").split())
    return CredentialsError(f"{path} cannot be read: {where}", hint="mend that file, or move it away")


def _unknown_profile(name: str) -> CredentialsError:
    import botocore.session

    if not name:
        return CredentialsError("AWS_PROFILE is set to nothing", hint="unset it, or name a profile in it")
    known = sorted(
        botocore.session.Session(session_vars={"profile": (None, [], None, None)}).available_profiles
    )
    near = difflib.get_close_matches(name, known, 1)
    there = f"there are: {', '.join(known)}" if known else "there are none"
    guess = f"did you mean {near[0]}? " if near else ""
    return CredentialsError(f"there is no AWS profile {name!r}", hint=f"{guess}{there}")


def check_region(session: boto3.Session, region: str) -> None:
    """Refuse a region AWS does not have before any call goes to a host that does not exist."""
    if region in (pipelines := _regions_of("codepipeline", session)):
        return
    known = sorted(pipelines | _regions_of("s3", session))  # S3 is everywhere; its description is the longest
    if region in known:
        return
    near = difflib.get_close_matches(region, known, 1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"for example: {', '.join(known[:6])}"
    raise UsageError(f"there is no AWS region {region!r}", hint=hint)


def _regions_of(service: str, session: boto3.Session) -> set[str]:
    return {
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions(service, partition)
    }


def _check_endpoint(options: Options) -> None:
    named = {"--endpoint-url": options.endpoint_url, "AWS_ENDPOINT_URL": os.environ.get("AWS_ENDPOINT_URL")}
    for source, url in named.items():
        if url is not None and (url or source.startswith("--")):
            _check_url(source, url)
            return


def _check_url(source: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # the port is no number, or too large a one
        valid = False
    if not valid:
        raise UsageError(f"{source}: {url!r} is no address", hint="http://HOST:PORT or https://HOST")


class Telling:
    """Says what AWS is waited for, before there is a progress view that does."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: Event) -> None:
        """Say it, if the event is one of waiting."""
        if isinstance(event, Waiting):
            self._console.say(f"  . {event.why}")


def _sandbox(options: Options, console: Console, spec_region: str | None) -> Target:
    from awspipe.sandbox import control, hostclient

    usual = _environment_region() or SANDBOX_REGION
    region = options.region or spec_region or usual
    endpoint = start_sandbox(console)
    session = sandbox_session(endpoint, region)
    check_region(session, region)
    aws = Aws(session, region, endpoint.url, listener=Telling(console))
    return Target(
        aws,
        sandbox=True,
        profile=None,
        options=options,
        usual_region=usual,
        sites=lambda: control.sites(endpoint),
        hosts=lambda: hostclient.every(endpoint),
    )


def start_sandbox(console: Console) -> Endpoint:
    """The running sandbox, started if need be."""
    from awspipe.sandbox import control

    endpoint, started = control.start(control.state_dir(os.environ))
    if started:
        console.say("the sandbox has started; it stays in the background until `awspipe sandbox stop`")
        console.say(f"  ! {note}" for note in control.notes(endpoint))
    return endpoint


def sandbox_session(endpoint: Endpoint, region: str) -> boto3.Session:
    """A session with the sandbox's key that looks at none of the user's AWS files."""
    import boto3
    import botocore.session

    from awspipe.cli.servicemodels import read_quickly

    nothing = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = botocore.session.Session(session_vars={"profile": (None, [], None, None), **nothing})
    read_quickly(session)
    return boto3.Session(
        aws_access_key_id=endpoint.access_key,
        aws_secret_access_key=endpoint.secret_key,
        region_name=region,
        botocore_session=session,
    )
