"""What every service of the sandbox is made of: a picklable backend, and the response class before it.

moto brings protocol, account, region and serialisation; a backend only has methods `op_<operation>`
that take and give plain dictionaries with the API's own names.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from botocore import xform_name
from botocore.model import OperationNotFoundError
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.errors import COMMON_ERROR_CODES
from moto.core.exceptions import ServiceException
from moto.core.resource_tagging import TaggableResourcesMixin
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from awspipe.sandbox import modelrules, runtime, slowlists
from awspipe.sandbox.saving import READS

Item = TypeVar("Item")
Request = dict[str, Any]
"""The parameters of an operation, as the API names them."""
Answer = dict[str, Any]
"""The result of an operation, as the API names it."""

UNSUPPORTED = "UnsupportedOperationInSandbox"

# moto warns of an error that a service's model does not name; every service may give these.
COMMON_ERROR_CODES.extend((UNSUPPORTED, "SerializationException", "AccessDeniedException"))


class RefusalError(ServiceException):
    """AWS's answer to a request that it does not carry out: its error code and its text.

    A class of our own because moto takes the service of its own errors from their module.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


class Backend(BaseBackend, TaggableResourcesMixin):
    """One service in one account and region. Plain data only: it is pickled when the sandbox is stopped."""

    SERVICE_NAMESPACE: ClassVar[str] = "awspipe"
    """The service's name in ARNs."""
    REFUSALS: ClassVar[Mapping[tuple[str, bool], tuple[str, str]]] = {}
    """(member, missing) -> the service's own error code and text where AWS has one for a broken rule."""

    def arn(self, resource: str) -> str:
        """An ARN of this service here."""
        where = f"{self.region_name}:{self.account_id}"
        return f"arn:{self.partition}:{self.SERVICE_NAMESPACE}:{where}:{resource}"

    def now(self) -> float:
        """The time, by the sandbox's clock."""
        return runtime.current().clock()

    def resume(self) -> None:
        """Go on after a restart: what ran when the sandbox was stopped is lost. Called with the lock held."""

    def halt(self) -> None:
        """The sandbox stops: end what runs, without waiting for it. Called with the lock held."""

    def owns_arn(self, arn: str) -> bool:
        """Whether an ARN is of this service, here."""
        return arn.startswith(self.arn(""))


class SandboxResponse(BaseResponse):
    """A request on its way to a backend: checked by the model, run under the lock, answered by the model."""

    SERVICE: ClassVar[str]
    BACKENDS: ClassVar[BackendDict[Any]]

    def __init__(self) -> None:
        super().__init__(service_name=self.SERVICE)
        self.automated_parameter_parsing = True
        self.params: Any = {}

    def parse_parameters(self, request: Any) -> None:
        """moto's own parsing, but an operation unknown to the model is answered and does not crash."""
        try:
            super().parse_parameters(request)
        except (OperationNotFoundError, ValueError):
            self.params = None

    def call_action(self) -> Any:
        """Answer the request."""
        try:
            result: Any = self._run()
        except ServiceException as error:
            result = error
        return self.serialized(ActionResult(result))

    def _run(self) -> Any:
        try:
            self._authenticate_and_authorize_normal_action("*")
        except HTTPException as error:
            raise RefusalError("AccessDeniedException", getattr(error, "message", str(error))) from error
        operation = str(self._get_action())
        if self.params is None:
            raise RefusalError("SerializationException", f"{operation}: the request cannot be read.")
        backend = self.BACKENDS[self.current_account][self.region]
        method = getattr(backend, f"op_{xform_name(operation)}", None)
        if method is None:
            raise unsupported(self.SERVICE, operation)
        self._check(backend, operation)
        played = runtime.current()
        reads = operation.startswith(READS)
        with played.reading if reads else played.lock:
            answer = method(dict(self.params))
            if not reads:
                slowlists.changed()
            return slowlists.seen(self.SERVICE, operation, answer)

    def _check(self, backend: Backend, operation: str) -> None:
        model = get_service_model(self.SERVICE).operation_model(operation)
        found = modelrules.violations(model.input_shape, self.params)
        declared = {shape.name for shape in model.error_shapes}
        for one in found:
            code, text = backend.REFUSALS.get((one.member, one.missing), ("", ""))
            if code in declared:
                raise RefusalError(code, text)
        if found:
            raise RefusalError("ValidationException", modelrules.sentence(found))


def unsupported(service: str, what: str) -> RefusalError:
    """The answer to what the sandbox does not play: an error that says so, never a pretence."""
    return RefusalError(UNSUPPORTED, f"The sandbox does not play {service}:{what}; nothing was done.")


def response_class(service: str, backends: BackendDict[Any]) -> type[SandboxResponse]:
    """The response class of one service."""
    return type(f"{service.title()}Response", (SandboxResponse,), {"SERVICE": service, "BACKENDS": backends})


def new_id() -> str:
    """An id as most AWS services make them."""
    return str(uuid.uuid4())


def without_nothing(**members: Any) -> dict[str, Any]:
    """The members that are not None: AWS leaves absent what is not set."""
    return {name: value for name, value in members.items() if value is not None}


def page(
    items: Sequence[Item], token: str | None, size: int, *, code: str = "InvalidNextTokenException"
) -> tuple[list[Item], str | None]:
    """One page of a list, and the token of the next one."""
    if token is not None and not re.fullmatch(r"[0-9]{1,9}", token):
        raise RefusalError(code, "The next token is not valid.")
    start = int(token or 0)
    end = start + size
    return list(items[start:end]), str(end) if end < len(items) else None
