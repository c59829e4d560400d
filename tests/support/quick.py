"""What botocore and moto work out again for each client, call and mock, worked out once a process.

Only what comes to the same every time; together a third of what a test of the core takes.
"""

from __future__ import annotations

import functools
import gc
import inspect
from collections.abc import Callable
from typing import Any

import botocore.hooks
import botocore.session
import botocore.useragent
from moto.core.base_backend import BaseBackend
from moto.s3.models import S3Backend

from awspipe.cli import servicemodels


def install() -> None:
    """Work these out once; again is harmless."""
    botocore.session.create_loader = servicemodels.loader
    botocore.hooks.accepts_kwargs = _accepts_kwargs
    botocore.hooks.EventAliaser._alias_event_name = _alias_event_name  # type: ignore[method-assign]
    botocore.useragent.sanitize_user_agent_string_component = _sanitized
    S3Backend._url_module = BaseBackend._url_module


def collect_seldom() -> None:
    """What is there when the tests begin stays to the end: no collection needs to look through it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


_signature_says = botocore.hooks.accepts_kwargs


def _accepts_kwargs(handler: Callable[..., Any]) -> object:
    """botocore asks `inspect` for the whole signature, of each handler, for each session."""
    code = getattr(handler, "__code__", None)
    return code.co_flags & inspect.CO_VARKEYWORDS if code else _signature_says(handler)


_sanitized = functools.cache(botocore.useragent.sanitize_user_agent_string_component)
"""Each call says the same of itself."""
_renamed = botocore.hooks.EventAliaser._alias_event_name


@functools.cache
def _renamed_by_botocore(event_name: str) -> str:
    return str(_renamed(botocore.hooks.EventAliaser(None), event_name))


def _alias_event_name(_: botocore.hooks.EventAliaser, event_name: str) -> str:
    """Each client begins with an empty cache of the same names."""
    return _renamed_by_botocore(event_name)
