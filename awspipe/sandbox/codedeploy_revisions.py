"""CodeDeploy's revisions: which ones an application knows."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from awspipe.sandbox.codedeploy_groups import Application
from awspipe.sandbox.deploy.records import SUCCEEDED, Deployment
from awspipe.sandbox.service import Answer, RefusalError, Request, page, unsupported, without_nothing

_BUNDLES = ("zip", "tar", "tgz")
_DATES = {"registerTime": "registerTime", "firstUsedTime": "firstUsedTime", "lastUsedTime": "lastUsedTime"}

Revision = dict[str, Any]


class Revisions:
    """The operations on revisions."""

    deployments: dict[str, Deployment]
    revisions: dict[str, list[dict[str, Any]]]
    """By an application's id: location, description and times of each revision."""

    if TYPE_CHECKING:

        def application(self, name: str) -> Application:
            """The application of a name."""

        def now(self) -> float:
            """The time."""

    def register(self, application: Application, revision: Revision, description: str | None = None) -> None:
        """Keep a revision on the application's list."""
        listed = self.revisions.setdefault(application.id, [])
        known = next((one for one in listed if one["revision"] == revision), None)
        if known is None:
            listed.append({"revision": copy.deepcopy(revision), "registerTime": self.now()})
            known = listed[-1]
        if description:
            known["description"] = description

    def op_register_application_revision(self, request: Request) -> Answer:
        """Tell an application of a revision."""
        application = self.application(request["applicationName"])
        self.register(application, checked(request.get("revision")), request.get("description"))
        return {}

    def op_list_application_revisions(self, request: Request) -> Answer:
        """The revisions of an application."""
        application = self.application(request["applicationName"])
        bucket, prefix = request.get("s3Bucket"), request.get("s3KeyPrefix")
        if prefix and not bucket:
            text = "A bucket name is required where a key prefix is given"
            raise RefusalError("BucketNameFilterRequiredException", text)
        found = [
            one
            for one in self._known(application)
            if bucket in (None, one["revision"]["s3Location"]["bucket"])
            and one["revision"]["s3Location"]["key"].startswith(prefix or "")
        ]
        by = _DATES.get(request.get("sortBy") or "", "registerTime")
        found.sort(key=lambda one: one.get(by) or one["genericRevisionInfo"].get(by) or 0.0)
        if request.get("sortOrder") == "descending":
            found.reverse()
        items, token = page([one["revision"] for one in found], request.get("nextToken"), 100)
        return without_nothing(revisions=items, nextToken=token)

    def op_get_application_revision(self, request: Request) -> Answer:
        """One revision."""
        application = self.application(request["applicationName"])
        wanted = checked(request.get("revision"))
        for one in self._known(application):
            if one["revision"] == wanted:
                return {
                    "applicationName": application.name,
                    "revision": one["revision"],
                    "revisionInfo": one["genericRevisionInfo"],
                }
        text = f"The revision {wanted} is not registered with the application {application.name}"
        raise RefusalError("RevisionDoesNotExistException", text)

    def op_batch_get_application_revisions(self, request: Request) -> Answer:
        """Several revisions; those that are not known are left out."""
        application = self.application(request["applicationName"])
        wanted = [checked(one) for one in request["revisions"]]
        if len(wanted) > 25:
            raise RefusalError("BatchLimitExceededException", "At most 25 can be asked for at once")
        found = [one for one in self._known(application) if one["revision"] in wanted]
        answer = [
            {"revisionLocation": one["revision"], "genericRevisionInfo": one["genericRevisionInfo"]}
            for one in found
        ]
        return {"applicationName": application.name, "revisions": answer}

    def _known(self, application: Application) -> list[dict[str, Any]]:
        """The revisions with their use."""
        return [self._shown(application, one) for one in self.revisions.get(application.id, [])]

    def _shown(self, application: Application, one: dict[str, Any]) -> dict[str, Any]:
        used = [
            it
            for it in self.deployments.values()
            if it.application == application.name and it.revision == one["revision"]
        ]
        groups = sorted({it.group for it in used if it.status == SUCCEEDED})
        info = without_nothing(
            description=one.get("description"),
            registerTime=one["registerTime"],
            firstUsedTime=min((it.created for it in used), default=None),
            lastUsedTime=max((it.created for it in used), default=None),
        )
        info["deploymentGroups"] = groups
        return {"revision": copy.deepcopy(one["revision"]), "genericRevisionInfo": info}


def checked(revision: Revision | None) -> Revision:
    """A revision that the sandbox can deploy, or the error."""
    if not revision:
        raise RefusalError("RevisionRequiredException", "The revision was not specified")
    kind = revision.get("revisionType")
    if kind in ("GitHub", "String", "AppSpecContent"):
        raise unsupported("codedeploy", f"revisions of the type {kind}")
    where = revision.get("s3Location") or {}
    if kind != "S3" or not where.get("bucket") or not where.get("key"):
        raise RefusalError("InvalidRevisionException", "The revision is not valid: S3 needs bucket and key")
    if where.get("bundleType") not in _BUNDLES:
        text = "The revision is not valid: the bundle type must be tar, tgz or zip"
        raise RefusalError("InvalidRevisionException", text)
    return revision
