"""botocore's exceptions in words: what we were doing, what AWS answered, what to try."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import TYPE_CHECKING

from awspipe.denials import Denial, denial
from awspipe.errors import AwsError, AwspipeError, CredentialsError, DeniedError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
UNKNOWN_KEY = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "AuthFailure",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
    }
)
DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",  # SNS's word
        "UnauthorizedOperation",
        "403",
        "Forbidden",
    }
)


def code_of(error: ClientError) -> str:
    """AWS's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn whatever botocore raises into an error that says what we were doing and what to try."""
    try:
        yield
    except AwspipeError:
        raise
    except Exception as error:
        raise explain(error, doing) from error


def explain(error: Exception, doing: str) -> AwspipeError:
    """An exception of botocore (or of a broken answer) in words; anything else is raised as it is."""
    from botocore import exceptions as e

    match error:
        case e.ClientError():
            return _explain_answer(error, doing)
        case e.NoCredentialsError() | e.CredentialRetrievalError() | e.PartialCredentialsError():
            return _no_credentials(error)
        case e.SSOError() | e.UnauthorizedSSOTokenError() | e.TokenRetrievalError():
            return CredentialsError(f"{error}", hint="aws sso login (with --profile NAME where you use one)")
        case _:
            return _explain_transport(error, doing)


def _explain_transport(error: Exception, doing: str) -> AwspipeError:
    from botocore import exceptions as e
    from botocore.parsers import ResponseParserError

    match error:
        case e.ConnectionError() | e.HTTPClientError() | OSError() | http.client.HTTPException():
            return AwsError(
                f"{doing}: {error}", hint="check the network, --endpoint-url and AWS_ENDPOINT_URL"
            )
        case ResponseParserError() | KeyError() | AttributeError() | TypeError() | JSONDecodeError():
            return AwsError(
                f"{doing}: the answer is not one of AWS's ({type(error).__name__}: {_first_line(error)})",
                hint="a proxy or a wrong endpoint answers in AWS's place; nothing was concluded from it",
            )
        case e.BotoCoreError() | ValueError():
            return AwsError(f"{doing}: {error}")
        case _:
            raise error


def _first_line(error: Exception) -> str:
    """What was answered in AWS's place may be a whole page."""
    return str(error).partition("\n")[0][:160]


def _no_credentials(error: Exception) -> CredentialsError:
    from botocore.exceptions import CredentialRetrievalError, PartialCredentialsError

    match error:
        case PartialCredentialsError():
            missing, where = error.kwargs["cred_var"], error.kwargs["provider"]
            return CredentialsError(
                f"half of the AWS credentials: {missing} is missing ({where})",
                hint="give both, or neither where others are to be used",
            )
        case CredentialRetrievalError():
            return CredentialsError(f"no AWS credentials: {error}", hint="log in again, as you did first")
    return CredentialsError(
        "no AWS credentials",
        hint="one of: --sandbox (no account needed), `aws login`, `aws configure`, "
        "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    )


_LONGEST = 600
"""As much of a message as is shown: a proxy may send a whole page with its code."""


def _explain_answer(error: ClientError, doing: str) -> AwspipeError:
    code = code_of(error)
    answer = error.response.get("Error", {})
    request_id = str(error.response.get("ResponseMetadata", {}).get("RequestId", ""))
    message = " ".join(str(answer.get("Message", "")).split())[:_LONGEST] or "no reason given"
    if code in EXPIRED:
        return CredentialsError(
            f"{doing}: the AWS credentials have expired ({code})",
            hint="log in again (`aws login`, `aws sso login`) and run the same command: what is done stays",
        )
    if code in UNKNOWN_KEY:
        return CredentialsError(
            f"{doing}: AWS does not accept these credentials: {message} ({code})",
            hint="`aws sts get-caller-identity` shows which are in use; `aws configure` sets others",
        )
    suffix = f"({code}, request {request_id})" if request_id else f"({code})"
    said = f"{doing}: {message} {suffix}"
    if code in DENIED:
        return _denied(error, said, code, request_id)
    return AwsError(
        said, code=code, operation=error.operation_name, request_id=request_id, hint=_HINTS.get(code, "")
    )


def _denied(error: ClientError, said: str, code: str, request_id: str) -> DeniedError:
    """The action, the resource and the statement to add, whether AWS says them or not."""
    found = denial(error)
    if found.actions[0] not in said:
        said += f": it takes {' and '.join(found.actions)} on {found.resource}"
    return DeniedError(
        said,
        code=code,
        operation=error.operation_name,
        request_id=request_id,
        hint=denied_hint(found),
        statement=None if found.forbidden else found.statement,
    )


def denied_hint(found: Denial) -> str:
    """What to do about something that was not allowed."""
    who = f" of {found.caller}" if found.caller else ""
    if found.forbidden:
        return (
            f"it is forbidden by: {found.forbidden}{who}; no statement of yours can allow it, "
            "ask who administers the account"
        )
    if found.actions == ("s3:PutBucketPolicy",):
        who += " (or lift the account's S3 Block Public Access: it refuses a public site's policy)"
    return f"add this statement to the policy{who}; `awspipe policy` prints all that a spec needs"


_STEERING = {
    # https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-retry.html
    "StageNotRetryableException": (
        "a stage can be retried while what failed is the latest in it and the pipeline is as it was then: "
        "`awspipe run` starts a new execution"
    ),
    "NotLatestPipelineExecutionException": (
        "a newer execution has entered the stage, and only the latest there can be retried: "
        "`awspipe run --commit` brings an older commit back"
    ),
    # https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-stop.html
    "PipelineExecutionNotStoppableException": "it has ended by now: `awspipe status` shows how",
    "DuplicatedStopRequestException": "it is being stopped already: --abandon does not wait for its actions",
    # https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html
    "UnableToRollbackStageException": (
        "a stage rolls back to an execution that succeeded in it, that is no rollback itself and that is not "
        "there now; not while it runs, not the source stage, not in a PARALLEL pipeline"
    ),
    "PipelineExecutionOutdatedException": (
        "the pipeline was changed after that execution, and AWS rolls back only to executions of its present "
        "version: `awspipe run --commit` brings an older commit back"
    ),
    "ConcurrentPipelineExecutionsLimitExceededException": (
        "50 executions are under way, which is AWS's limit: stop some, or wait"
    ),
    "ConflictException": "something else changes the pipeline at this moment: run the command again",
}
_QUOTA = "a quota of the account is reached: remove what is not needed, or ask AWS for more"
_HINTS = _STEERING | {
    "OperationNotAllowedException": (
        "this account may not make CodeCommit repositories: use `existing: true` with one that is there"
    ),
    "LimitExceededException": _QUOTA,
    "LimitExceeded": _QUOTA,
    "TooManyBuckets": _QUOTA,
    "ConcurrentModificationException": "somebody else is changing it at this moment: run the command again",
}
