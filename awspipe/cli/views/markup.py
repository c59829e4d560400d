"""HTML and SVG in which every text is escaped unless it was made here.

`tag("p", "1 < 2", class_="x")` is `<p class="x">1 &lt; 2</p>`. What is not ASCII becomes a character
reference, so that a page is the same in every encoding.
"""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

_EMPTY = frozenset({"br", "col", "hr", "img", "link", "meta", "path", "line", "rect", "circle"})


class Markup(str):
    """A text that is markup: made by `tag`, `joined` or `fixed`, and by nothing that a user wrote."""

    __slots__ = ()


def tag(name: str, /, *inside: str, **attributes: object) -> Markup:
    """An element. An attribute ends in `_` where Python has the word; None leaves one out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{joined(*inside)}</{name}>")


def joined(*parts: str) -> Markup:
    """Markup and texts one after the other."""
    return Markup("".join(one if isinstance(one, Markup) else text(one) for one in parts))


def fixed(source: str) -> Markup:
    """Markup of our own, such as a style sheet."""
    return Markup(source)


def text(words: str) -> Markup:
    """A text, escaped for elements and attributes; a control character is a `?`."""
    shown = "".join(one if one.isprintable() or one == "\n" else "?" for one in words)
    return Markup(escape(shown, quote=True).encode("ascii", "xmlcharrefreplace").decode())


def link(url: str, words: str = "") -> Markup:
    """A link, where the address is one that a browser may follow without running anything; else its text."""
    inside = words or url
    return tag("a", inside, href=url, rel="noopener noreferrer") if followable(url) else joined(inside)


def followable(url: str) -> bool:
    """Whether an address is a web address: not `javascript:`, not a file."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and url.isprintable() and " " not in url
