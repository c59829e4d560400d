"""What is looked at once it is known who is calling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from awspipe.doctor.account import connections, leftovers, notices, quotas
from awspipe.doctor.caller import permissions
from awspipe.doctor.findings import Case, Finding
from awspipe.doctor.hosts import hosts

CHECKS: Mapping[str, Callable[[Case], Iterator[Finding]]] = {
    "permissions": permissions,
    "connections": connections,
    "notices": notices,
    "hosts": hosts,
    "quotas": quotas,
    "leftovers": leftovers,
}
"""Every check by its word; all are made side by side."""
