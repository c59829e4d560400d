"""libyaml's syntax errors in words that say what to change, and where that is (often the line above)."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from awspipe.formats.frames import Lines, escaped
from awspipe.formats.nodes import Finding, Span

_KEY = re.compile(r":(\s|$)")
_QUOTES_HINT = "put the whole text in quotes"

_AT_PROBLEM = {
    "block sequence entries are not allowed in this context": (
        "a list cannot begin on the line of its key",
        'put each "- " entry on a line of its own',
    ),
    "found unknown escape character": (
        "an unknown escape after \\ in a text in double quotes",
        "write \\\\ for a backslash, or use single quotes",
    ),
    "found incompatible YAML document": ("only YAML 1.1 and 1.2 can be read", "remove the %YAML line"),
    "found undefined tag handle": ("a YAML tag is not allowed", "leave it out"),
    "did not find expected <document start>": (
        "text after the end of a document",
        "a line of --- begins another document",
    ),
    "did not find expected comment or line break": (
        "text after | or > on the same line",
        "begin the text on the next line",
    ),
    "did not find expected node content": ("a value is missing, or a bracket is too many", ""),
    "found unknown directive name": ("a line cannot begin with %", _QUOTES_HINT),
}

_AT_CONTEXT = {
    "while scanning a quoted scalar": ("this quote is never closed", ""),
    "while scanning an alias": ("a text cannot begin with *", _QUOTES_HINT),
    "while scanning an anchor": ("a text cannot begin with &", _QUOTES_HINT),
    "while scanning a simple key": ("no colon with a space after it in this line", 'write "key: value"'),
    "while scanning a tag": ("a YAML tag is not allowed", "leave it out"),
    "while parsing a flow sequence": ("this [ is never closed, or a comma is missing after an entry", ""),
    "while parsing a flow mapping": ("this { is never closed, or a comma is missing after an entry", ""),
}

Explanation = tuple[int, int, str, str]
"""Line and column from 1, message, hint."""


def explained(error: yaml.MarkedYAMLError, lines: Lines) -> Finding:
    """What a syntax error means."""
    line, column, message, hint = _explanation(error, lines)
    return Finding(Span.point(line, column), message, hint)


def _explanation(error: yaml.MarkedYAMLError, lines: Lines) -> Explanation:
    mark = error.problem_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = error.problem or "it cannot be read"
    if _is_tab(lines.line(line), column) or "tab character" in problem:
        return line, column, "a tab in the indentation", "YAML takes only spaces there"
    explain = _BY_PROBLEM.get(problem)
    if explain:
        return explain(lines, line, column)
    if error.context in _AT_CONTEXT and error.context_mark and problem not in _AT_PROBLEM:
        context = error.context_mark
        return context.line + 1, context.column + 1, *_AT_CONTEXT[error.context]
    return line, column, *_AT_PROBLEM.get(problem, (f"not YAML: {problem}", ""))


def _is_tab(text: str, column: int) -> bool:
    return text[column - 1 : column] == "\t"


def _stray_colon(lines: Lines, line: int, column: int) -> Explanation:
    """libyaml sees only at a colon that something before it is wrong."""
    text = lines.line(line)
    if _KEY.search(text[: column - 1]):
        return line, column, "a second colon in one line", f"if it belongs to the text, {_QUOTES_HINT}"
    above = _line_above(lines, line)
    if above and not _KEY.search(lines.line(above)):
        start = _indent(lines.line(above)) + 1
        return above, start, "no colon with a space after it in this line", _colon_hint(lines.line(above))
    start = _indent(text) + 1
    return line, start, "indented deeper than the line above, which has its value already", _column_hint()


def _colon_hint(text: str) -> str:
    return "this is a wide colon; write an ordinary one and a space" if "：" in text else 'write "key: value"'


def _cannot_begin(lines: Lines, line: int, column: int) -> Explanation:
    shown = escaped(lines.line(line)[column - 1 : column])
    return line, column, f"a text cannot begin with {shown}", _QUOTES_HINT


def _misplaced_key(lines: Lines, line: int, column: int) -> Explanation:
    text = lines.line(line)
    found = text[column - 1 : column]
    if found == ":":
        return line, column, "a key is missing before the colon", ""
    if column - 1 <= _indent(text):
        return line, column, "the indentation fits no line above", _column_hint()
    if found in ("]", "}"):
        return line, column, f"there is a {found} too many", ""
    hint = "a quote inside 'quotes' is written twice" if "'" in text[: column - 1] else ""
    return line, column, "text after the end of a value", hint


def _misplaced_entry(lines: Lines, line: int, column: int) -> Explanation:
    entry = re.compile(f" {{{column - 1}}}- ")
    in_list = any(entry.match(lines.line(above)) for above in range(line - 1, 0, -1))
    if not in_list or column - 1 > _indent(lines.line(line)):
        return _misplaced_key(lines, line, column)
    hint = 'an entry begins with "- "; what follows a list begins further left'
    return line, column, "not an entry of the list above, and not outside of it", hint


_BY_PROBLEM: dict[str, Callable[[Lines, int, int], Explanation]] = {
    "mapping values are not allowed in this context": _stray_colon,
    "did not find expected key": _misplaced_key,
    "did not find expected '-' indicator": _misplaced_entry,
    "found character that cannot start any token": _cannot_begin,
}


def _column_hint() -> str:
    return "the keys of one mapping begin in the same column"


def _line_above(lines: Lines, line: int) -> int:
    """The nearest line above that is neither blank nor a comment; 0 where there is none."""
    numbers = range(line - 1, 0, -1)
    return next((one for one in numbers if lines.line(one).strip() and lines.line(one).strip()[0] != "#"), 0)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def comment_in_text(lines: Lines, span: Span) -> bool:
    """Whether `#{` after a plain text begins a comment, where a variable was meant."""
    return re.match(r"\s*#\{[^{}]*\}", lines.line(span.end_line)[span.end_column - 1 :]) is not None
