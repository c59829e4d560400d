"""The routing rules of a site in S3: which request goes where else.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote
from xml.etree.ElementTree import Element

XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_USUAL = "301"


def text(element: Element, path: str) -> str:
    """The text at a path of an S3 document; "" where there is none."""
    return element.findtext("/".join(XML + part for part in path.split("/"))) or ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it is about, and the parts of the address that it changes; "" changes none."""

    prefix: str
    error: str
    protocol: str
    host: str
    code: str
    prefix_becomes: str | None
    key_becomes: str | None

    def fits(self, key: str, error: str) -> bool:
        """Whether it is about this key; `error` is the status that the request would have, "" at first."""
        return self.error == error and key.startswith(self.prefix)

    def moves_to(self, key: str, host: str) -> tuple[str, str]:
        """The status line and the address of its redirect, for a request of `host`."""
        if self.key_becomes is not None:
            key = self.key_becomes
        elif self.prefix_becomes is not None:
            key = self.prefix_becomes + key.removeprefix(self.prefix)
        code = HTTPStatus(int(self.code or _USUAL))
        address = f"{self.protocol or 'http'}://{self.host or host}/{quote(key)}"
        return f"{code.value} {code.phrase}", address


def rules(configuration: Element) -> Iterator[Rule]:
    """The rules of a website configuration, in their order: the first that fits counts."""
    for one in configuration.iterfind(f"{XML}RoutingRules/{XML}RoutingRule"):
        yield Rule(
            prefix=text(one, "Condition/KeyPrefixEquals"),
            error=text(one, "Condition/HttpErrorCodeReturnedEquals"),
            protocol=text(one, "Redirect/Protocol"),
            host=text(one, "Redirect/HostName"),
            code=text(one, "Redirect/HttpRedirectCode"),
            prefix_becomes=_given(one, "ReplaceKeyPrefixWith"),
            key_becomes=_given(one, "ReplaceKeyWith"),
        )


def _given(rule: Element, name: str) -> str | None:
    """A replacement, which may well be empty; None where there is none."""
    found = rule.find(f"{XML}Redirect/{XML}{name}")
    return None if found is None else found.text or ""
