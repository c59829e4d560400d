"""Java's regular expressions, as AWS's service models write them, in Python's `re`."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache

# What the models of the services we use contain and this module cannot say. A test keeps it true.
UNTRANSLATABLE: frozenset[str] = frozenset()

_LOW_SURROGATE = re.compile(r"\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_DOT = r"[^\n\r\u0085\u2028\u2029]"
_SHORTHAND = {"h": r" \t\xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000", "v": r"\n\x0b\f\r\x85\u2028\u2029"}
_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_POSIX = {
    "Lower": "a-z", "Upper": "A-Z", "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
    "ASCII": r"\x00-\x7f", "Punct": r"!-/:-@\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": r" \t",
    "Cntrl": r"\x00-\x1f\x7f", "XDigit": "0-9a-fA-F", "Space": r" \t\n\x0b\f\r",
}  # fmt: skip


class UntranslatableError(ValueError):
    """A construct of Java's that has no counterpart here."""


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for `fullmatch`; shorthand classes are ASCII, as Java reads them."""
    return re.compile(to_python(pattern), re.ASCII)


def to_python(pattern: str) -> str:
    return _Reader(pattern).read()


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.dotall = "(?s" in pattern

    def read(self) -> str:
        out: list[str] = []
        closers = [""]  # what each open group owes: Java's `(?i)` lasts until its group ends
        while self.at < len(self.text):
            if flags := re.compile(r"\(\?([ims]+)\)").match(self.text, self.at):
                self.at = flags.end()
                out.append(f"(?{flags[1]}:")
                closers[-1] += ")"
                continue
            char = self._next()
            if char == "(":
                closers.append("")
            elif char == ")" and len(closers) > 1:
                out.append(closers.pop())
            out.append(self._translated(char))
        return "".join(out) + closers[0]

    def _translated(self, char: str) -> str:
        match char:
            case "\\":
                if anchor := self._anchor():
                    return anchor
                literal, fragment = self._escape()
                return f"[{fragment}]" if fragment else _literal(literal)
            case "[":
                return self._class()
            case ".":
                return "." if self.dotall else _DOT
        return char

    def _anchor(self) -> str:
        """A boundary or a back reference, which mean the same in Python."""
        if found := re.compile(r"[bBAzZ]|[1-9]").match(self.text, self.at):
            self.at = found.end()
            return "\\" + {"z": "Z"}.get(found[0], found[0])
        return ""

    def _class(self) -> str:
        negated = self.text.startswith("^", self.at)
        self.at += negated
        out: list[str] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            first = False
            out.append(self._member())
        self.at += 1
        return f"[{'^' if negated else ''}{''.join(out)}]"

    def _member(self) -> str:
        low, fragment = self._atom()
        ranged = self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at)
        if fragment or not ranged:
            return fragment or _literal(low)
        back = self.at
        self.at += 1
        high, fragment = self._atom()
        if fragment:  # `a-\w`: Java takes the hyphen as itself
            self.at = back
            return _literal(low)
        return f"{_literal(low)}-{_literal(high)}"

    def _atom(self) -> tuple[str, str]:
        """One member of a class: a character, or a ready fragment."""
        char = self._next()
        if char == "[" or self.text.startswith("&&", self.at - 1):
            raise UntranslatableError(f"a class inside a class: {self.text}")
        return self._escape() if char == "\\" else (char, "")

    def _escape(self) -> tuple[str, str]:
        char = self._next()
        if char in "wdsWDS":
            return "", "\\" + char
        if char in _SHORTHAND:
            return "", _SHORTHAND[char]
        if char in "pP":
            return "", self._property(negated=char == "P")
        if char in "ux":
            return self._codepoint(char), ""
        if char in "bBAzZ" or char.isdigit():
            raise UntranslatableError(f"\\{char}: {self.text}")
        return _CONTROL.get(char, char), ""

    def _codepoint(self, kind: str) -> str:
        if kind == "x" and self.text.startswith("{", self.at):
            end = self.text.index("}", self.at)
            digits, self.at = self.text[self.at + 1 : end], end + 1
            return chr(int(digits, 16))
        width = 4 if kind == "u" else 2
        code = self._hex(width)
        if 0xD800 <= code < 0xDC00 and (low := _LOW_SURROGATE.match(self.text, self.at)):
            self.at = low.end()
            code = 0x10000 + ((code - 0xD800) << 10) + (int(low[1], 16) - 0xDC00)
        return chr(code)

    def _hex(self, width: int) -> int:
        self.at += width
        return int(self.text[self.at - width : self.at], 16)

    def _property(self, *, negated: bool) -> str:
        if self.text.startswith("{", self.at):
            end = self.text.index("}", self.at)
            name, self.at = self.text[self.at + 1 : end], end + 1
        else:
            name = self._next()
        if name in _POSIX and not negated:
            return _POSIX[name]
        return _category(name.removeprefix("Is"), negated=negated)

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise UntranslatableError(f"ends too early: {self.text}")
        self.at += 1
        return self.text[self.at - 1]


def _literal(char: str) -> str:
    return char if char.isalnum() and char.isascii() else f"\\U{ord(char):08x}"


@cache
def _category(name: str, *, negated: bool) -> str:
    if not any(category.startswith(name) for category, _, _ in _runs()):
        raise UntranslatableError(f"unknown property {name}")
    return "".join(
        f"\\U{low:08x}-\\U{high:08x}"
        for category, low, high in _runs()
        if category.startswith(name) is not negated
    )


@cache
def _runs() -> tuple[tuple[str, int, int], ...]:
    return tuple(_scan())


def _scan() -> Iterator[tuple[str, int, int]]:
    """Runs of neighbouring characters of one Unicode category."""
    low, current = 0, unicodedata.category("\0")
    for code in range(1, sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        if category != current:
            yield current, low, code - 1
            low, current = code, category
    yield current, low, sys.maxunicode
