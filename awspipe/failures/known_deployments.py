"""Known causes of a deployment's failure: what CodeDeploy and its agent say.

The agent's sentences are in github.com/aws/aws-codedeploy-agent, lib/instance_agent/plugins/codedeploy;
the service's codes in https://docs.aws.amazon.com/codedeploy/latest/userguide/error-codes.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from awspipe.failures.cause import Failure, Where
from awspipe.failures.known import Row
from awspipe.failures.known_access import statement
from awspipe.failures.near import nearest

_AGENT = "https://github.com/aws/aws-codedeploy-agent/blob/master/lib/instance_agent/plugins/codedeploy/"
_HOOKS = f"{_AGENT}hook_executor.rb"
_INSTALLER = f"{_AGENT}installer.rb"
_CODES = "https://docs.aws.amazon.com/codedeploy/latest/userguide/error-codes.html"
_TROUBLES = "https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments.html"
_EVENT = (Where.EVENT, Where.ACTION)
_DEPLOYMENT = (Where.DEPLOYMENT, Where.ACTION)
_LF = "save it with LF (`.gitattributes`: `*.sh text eol=lf`), then `git add --renormalize .` and push"
_SCRIPT = r"Script at specified location: (?P<script>\S+?)(?: run as user (?P<user>\S+))?"


def _appspec(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    near = nearest("appspec.yml", failure.names())
    if near is None:
        return {
            "said": "the artifact has no appspec.yml at its top",
            "way": "add appspec.yml to the source, and to `artifacts:` where a build makes the artifact",
        }
    way = (
        "write `base-directory:` in the buildspec so that it comes to the top, or move it there"
        if near.rpartition("/")[2] in ("appspec.yml", "appspec.yaml")
        else "rename it to appspec.yml"
    )
    return {"said": f"the artifact has no appspec.yml at its top; it has {near}", "way": way}


def _script(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    names = failure.names()
    near = nearest(match["script"], names)
    has = f"; the artifact has {near}" if near else ""
    way = "mend `location:` in appspec.yml" if near else "add it to the artifact"
    return {"said": f"{match['script']} is not in the artifact{has}", "way": f"{way}: paths begin at its top"}


def _interpreter(failure: Failure, match: re.Match[str]) -> Mapping[str, str] | None:
    """A script that is there, whose first line names what is not."""
    name = _in_archive(match)
    return {"script": name} if failure.facts.get("event") != "Install" and name in failure.names() else None


def _in_archive(match: re.Match[str]) -> str:
    return match["path"].rpartition("/deployment-archive/")[2].strip()


def _source(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    """A file of `files:` that is not there."""
    name = _in_archive(match)
    near = nearest(name, failure.names())
    has = f"; it has {near}" if near else ""
    return {
        "said": f"appspec.yml names {name}, which the artifact does not have{has}",
        "way": "mend `source:` in appspec.yml, or let the artifact contain it",
    }


def _tags(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    tags = failure.facts.get("tags", "")
    return {"said": f"has the tags {tags}" if tags else "matches the deployment group"}


def _revision(failure: Failure, match: re.Match[str]) -> Mapping[str, str]:
    place = failure.inputs[0] if failure.inputs else None
    where = f"arn:aws:s3:::{place.bucket}/*" if place else "the artifact bucket"
    return {"grant": statement("s3:GetObject", where)}


ROWS = (
    Row(
        name="appspec-missing",
        where=_EVENT,
        text=r"did not find an AppSpec file within the unpacked revision",
        line="{said}",
        fix="{way}",
        more=_appspec,
        means="appspec.yml is not at the top of the artifact; a file that may be meant is named",
        commit=True,
        source=f"{_AGENT}command_executor.rb",
    ),
    Row(
        name="appspec-line",
        where=_EVENT,
        text=r"(?P<file>appspec\.ya?ml):(?P<number>\d+):\d+: (?P<said>[^\n]+)",
        line="{file}, line {number}: {said}",
        fix="mend that line: `awspipe validate` shows it, and every other mistake",
        commit=True,
        source=f"{_AGENT}command_executor.rb",
        verified=False,
    ),
    Row(
        name="hook-unknown",
        where=_EVENT,
        text=r"contains unknown lifecycle events?:? *(?P<said>[^\n]*)",
        line="appspec.yml has hooks for lifecycle events that there are not: {said}",
        fix="mend their names: `awspipe validate` knows them",
        commit=True,
        source=f"{_AGENT}command_executor.rb",
    ),
    Row(
        name="script-missing",
        where=_EVENT,
        text=r"Script does not exist at specified location: (?P<script>[^\s]+)",
        line="{said} ({event})",
        fix="{way}",
        more=_script,
        means="a script of appspec.yml is not in the artifact; a file that may be meant is named",
        commit=True,
        source=_HOOKS,
    ),
    Row(
        name="script-not-executable",
        where=_EVENT,
        text=r"Unable to set script at specified location: (?P<script>\S+) as executable",
        line="{script} cannot be made executable on {host} ({event})",
        fix="`git update-index --chmod=+x {script}` and push",
        commit=True,
        source=_HOOKS,
    ),
    Row(
        name="script-crlf",
        where=(Where.EVENT, Where.LOG, Where.ACTION),
        text=r"its lines end with CRLF|\\r['’]: No such file or directory|\^M: bad interpreter"
        r"|\$'\\r': command not found",
        line="{script} has CRLF line ends, so the system looks for an interpreter with a CR in its name",
        fix=_LF,
        commit=True,
        source="https://docs.github.com/en/get-started/git-basics/configuring-git-to-handle-line-endings",
    ),
    Row(
        name="script-user",
        where=(Where.EVENT, Where.LOG),
        text=r"su: user (?P<user>\S+) does not exist",
        line="{script} is to run as {user}, and {host} has no such user ({event})",
        fix="mend `runas:` in appspec.yml, or make the user",
        commit=True,
        source=_HOOKS,
    ),
    Row(
        name="script-timed-out",
        where=_EVENT,
        text=rf"{_SCRIPT} failed to complete in (?P<seconds>\d+) seconds",
        line="{script} did not end within {seconds} seconds on {host} ({event})",
        fix="start servers in the background with their output sent elsewhere, or write a larger `timeout:`",
        commit=True,
        source=_HOOKS,
    ),
    Row(
        name="script-holds-output",
        where=_EVENT,
        text=rf"{_SCRIPT} failed to close (?P<stream>STDOUT|STDERR)",
        line="{script} ended, but what it left in the background still holds its {stream} ({event})",
        fix="start that with its output sent elsewhere: `command >/dev/null 2>&1 </dev/null &`",
        commit=True,
        source=_HOOKS,
    ),
    Row(
        name="script-failed",
        where=_EVENT,
        text=rf"{_SCRIPT} failed with exit code (?P<exit>\d+)",
        line="exit code {exit} of {script} on {host} ({event})",
        commit=True,
        source=_HOOKS,
    ),
    Row(
        name="file-exists",
        where=_EVENT,
        text=r"a specified file already exists at this location: (?P<path>\S+)",
        line="{path} is on {host} already, and no deployment of this group has made it",
        fix="write `file_exists_behavior: OVERWRITE` in appspec.yml, or remove the file",
        source=_INSTALLER,
    ),
    Row(
        name="agent-without-role",
        where=_EVENT,
        text=r"Missing credentials - please check if this instance was started with an IAM instance profile",
        line="the instance {host} has no role, so its CodeDeploy agent cannot work",
        fix="attach an instance profile that may read the artifact bucket, then restart the agent",
        source="https://github.com/go-furnace/go-furnace/pull/57",
    ),
    Row(
        name="agent-silent",
        where=_EVENT,
        text=r"CodeDeploy agent was not able to receive the lifecycle event",
        line="the CodeDeploy agent of {host} does not answer: it does not run, or has no role or no network",
        fix="on it: `systemctl status codedeploy-agent`; give it an instance profile; restart the agent",
        source=f"{_TROUBLES}#troubleshooting-deployments-agent-SSL",
    ),
    Row(
        name="revision-denied",
        where=(Where.EVENT,),
        text=r"Access ?Denied|\b403\b|Forbidden",
        line="the role of {host} may not read the artifact",
        fix="add to the instance's role: {grant}",
        more=_revision,
        source="https://docs.aws.amazon.com/codedeploy/latest/userguide/"
        "getting-started-create-iam-instance-profile.html",
    ),
    Row(
        name="revision-gone",
        where=(Where.EVENT,),
        text=r"The specified (?:key|bucket) does not exist",
        line="the artifact is no longer in its bucket",
        fix="start a new execution: artifacts expire",
        source="https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
    ),
    Row(
        name="script-interpreter",
        where=(Where.EVENT,),
        text=r"No such file or directory - (?P<path>[^\n]+)",
        line="{script} is there, but not what its first line names: it ends with CRLF, most likely ({event})",
        fix=_LF,
        more=_interpreter,
        commit=True,
        source=_HOOKS,
        verified=False,
    ),
    Row(
        name="appspec-source-missing",
        where=(Where.EVENT,),
        text=r"No such file or directory - (?P<path>[^\n]+)",
        line="{said} ({event})",
        fix="{way}",
        more=_source,
        means="a source of appspec.yml is not in the artifact; a file that may be meant is named",
        commit=True,
        source=_INSTALLER,
    ),
    Row(
        name="event-failed",
        where=(Where.EVENT,),
        text=r"(?P<said>[^\n]+)",
        line="{event} failed on {host}: {said}",
        means="a lifecycle event failed; the agent says why",
        source=f"{_AGENT}command_executor.rb",
    ),
    Row(
        name="no-instances",
        where=_DEPLOYMENT,
        text=r"no instances were found for your deployment group|\bNO_INSTANCES\b",
        line="no instance {said}",
        fix="tag an instance so and start it, or mend `ec2_tags:` and run `awspipe up`",
        more=_tags,
        means="no instance has the tags of the deployment group",
        source=_CODES,
    ),
    Row(
        name="deployment-in-progress",
        where=(Where.ACTION, Where.DEPLOYMENT),
        text=r"already has an active Deployment '?(?P<other>d-\w+)",
        line="another deployment to the same servers, {other}, was under way",
        fix="wait until {other} has ended, then `awspipe retry`",
        source="https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html",
    ),
    Row(
        name="deployment-role-missing",
        where=_DEPLOYMENT,
        text=r"IAM_ROLE_MISSING",
        line="CodeDeploy cannot use the role of its deployment group",
        fix="`awspipe up` makes it again",
        source=_CODES,
    ),
    Row(
        name="deployment-role-denied",
        where=_DEPLOYMENT,
        text=r"IAM_ROLE_PERMISSIONS",
        line="the role of the deployment group may not do what CodeDeploy needs: {message}",
        fix="`awspipe up` gives it back; a role of yours needs the policy AWSCodeDeployRole",
        source=_CODES,
    ),
    Row(
        name="health-impossible",
        where=_DEPLOYMENT,
        text=r"HEALTH_CONSTRAINTS_INVALID",
        line="the deployment configuration wants more healthy servers than there are",
        fix="write a `config:` that the number of servers allows (all-at-once with one), or add servers",
        source=_CODES,
    ),
    Row(
        name="all-skipped",
        where=_DEPLOYMENT,
        text=r"HEALTH_CONSTRAINTS|TIMEOUT|AGENT_ISSUE",
        line="too many servers failed, and none of them says why: most often its agent did not run",
        fix="on an instance: `systemctl status codedeploy-agent`; has it an instance profile?",
        source=_CODES,
    ),
    Row(
        name="deployment-stopped",
        where=_DEPLOYMENT,
        text=r"MANUAL_STOP|The deployment was stopped",
        line="somebody stopped the deployment",
        fix="retry the stage to deploy again",
        source=_CODES,
    ),
    Row(
        name="group-missing",
        where=(Where.ACTION, Where.DEPLOYMENT),
        text=r"No Deployment Group found for name: (?P<name>\S+)",
        line="there is no deployment group {name}",
        fix="`awspipe up` makes it again",
        source="https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GetDeploymentGroup.html",
    ),
    Row(
        name="application-missing",
        where=(Where.ACTION, Where.DEPLOYMENT),
        text=r"No application found for name: (?P<name>\S+)",
        line="there is no CodeDeploy application {name}",
        fix="`awspipe up` makes it again",
        source="https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GetApplication.html",
    ),
)
