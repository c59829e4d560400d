"""pydantic's errors in a user's words: one table from its error type to a sentence and a hint."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic_core import ErrorDetails

from awspipe.formats.frames import quoted
from awspipe.formats.nodes import Finding, Node, Path, Plain, Span
from awspipe.formats.words import nearest
from awspipe.providers.base import words
from awspipe.spec.keys import is_required, known_keys
from awspipe.spec.models import meant_provider

Said = tuple[str, str]
"""A message and a hint."""

_YES = frozenset({"yes", "y", "on", "1"})
_NO = frozenset({"no", "n", "off", "0"})
_KEY_MARK = "[key]"
_AT_KEY = frozenset({"extra_forbidden", "misspelt"})


def findings(errors: Iterable[ErrorDetails], root: Node) -> Iterator[Finding]:
    """Each error as a finding; a key that is missing only because it is misspelt is no second mistake."""
    listed = list(errors)
    misspelt = {
        (*error["loc"][:-1], meant_key(error, root)) for error in listed if error["type"] == "extra_forbidden"
    }
    for error in listed:
        if not (error["type"] == "missing" and error["loc"] in misspelt):
            yield Finding(_place(error, root), *_said(error, root))


def place_of(root: Node, path: Path) -> Span:
    """Where a value stands: a scalar itself, else its key, else where it begins."""
    node = root.at(path)
    if isinstance(node.value, str) or (node.value is None and node.span.end_column > node.span.column):
        return node.span
    return root.key_at(path) if path and isinstance(path[-1], str) else node.head


def _place(error: ErrorDetails, root: Node) -> Span:
    loc = error["loc"]
    if loc and loc[-1] == _KEY_MARK:
        return root.key_at(loc[:-1])
    if error["type"] in _AT_KEY:
        return root.key_at(loc)
    if error["type"] in ("missing", "no_provider"):
        return root.at(loc[:-1]).head
    node = root.at(loc)
    if error["type"] == "value_error" and node.entries:
        return _first_named(node, str(error["ctx"]["error"]))
    return place_of(root, loc)


def _first_named(node: Node, message: str) -> Span:
    """The first key of the mapping that a message names in backticks."""
    for word in re.findall(r"`(\w+)", message):
        if word in node.entries:
            return node.entries[word].key
    return node.head


def _said(error: ErrorDetails, root: Node) -> Said:
    kind = error["type"]
    if kind == "extra_forbidden":
        return _unknown_key(error, root)
    if error["input"] is None and kind in _EMPTY_KINDS:
        return _empty(error, root)
    return _SAYINGS.get(kind, _anything)(error, _label(error["loc"]))


def _label(loc: Path) -> str:
    words = [step for step in loc if isinstance(step, str) and step != _KEY_MARK]
    return quoted(words[-1]) if words else "the spec"


def _unknown_key(error: ErrorDetails, root: Node) -> Said:
    hint = _did_you_mean(meant_key(error, root)) or f"known here: {', '.join(_free_keys(error, root))}"
    return f"unknown key {_label(error['loc'])}", hint


def meant_key(error: ErrorDetails, root: Node) -> str:
    """The key that an unknown one was probably to be; "" where there is none like it."""
    return nearest(str(error["loc"][-1]), _free_keys(error, root))


def _free_keys(error: ErrorDetails, root: Node) -> list[str]:
    """The keys that could still be given."""
    around = error["loc"][:-1]
    present = root.at(around).entries
    return [key for key in known_keys(root, around) if key not in present]


def _did_you_mean(word: str) -> str:
    return f'did you mean "{word}"?' if word else ""


_EMPTY_KINDS = frozenset(
    {
        "string_type",
        "int_type",
        "bool_type",
        "literal_error",
        "list_type",
        "tuple_type",
        "dict_type",
        "no_text",
    }
)


_OR_NOT = "give a value, or leave the key out"


def _empty(error: ErrorDetails, root: Node) -> Said:
    label = _label(error["loc"])
    if root.at(error["loc"]).span.length >= 4:
        return f"{label} has no value: null is none", 'put the word in quotes, "null", if it is meant as text'
    return f"{label} is empty", "give a value" if is_required(root, error["loc"]) else _OR_NOT


def _missing(error: ErrorDetails, label: str) -> Said:
    return f"key {label} is missing", ""


def _not_text(error: ErrorDetails, label: str) -> Said:
    return f"{label} must be text, not {_shape(error['input'])}", ""


def _shape(value: Any) -> str:
    match value:
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return "text"


def _not_whole(error: ErrorDetails, label: str) -> Said:
    value = error["input"]
    bare = isinstance(value, str) and not isinstance(value, Plain) and value.isdecimal()
    return f"{label} must be a whole number", "write it without quotes" if bare else ""


def _not_flag(error: ErrorDetails, label: str) -> Said:
    value = error["input"]
    word = value.casefold() if isinstance(value, str) else ""
    if word in ("true", "false"):
        return f"{label} must be true or false", "write it without quotes, in small letters"
    hint = "write true" if word in _YES else "write false" if word in _NO else ""
    return f"{label} must be true or false", hint


def _not_one_of(error: ErrorDetails, label: str) -> Said:
    expected = error["ctx"]["expected"]
    value = error["input"]
    meant = nearest(value, re.findall(r"'([^']*)'", expected)) if isinstance(value, str) else ""
    return f"{label} must be {expected.replace(chr(39), '')}", _did_you_mean(meant)


_CURLY = "“”‘’"


def _misspelled(error: ErrorDetails, label: str) -> Said:
    value, says = str(error["input"]), error["ctx"]["says"]
    if label == '"name"' and not value.isascii() and not any(mark in value for mark in _CURLY):
        says += "; `title` takes any language"
    if any(mark in value for mark in _CURLY):
        says += "; curly quotes are not quotes to YAML, write \" or '"
    key = " key" if error["loc"][-1] == _KEY_MARK else ""
    if key or label == quoted(value):
        return f"{quoted(value)} cannot be a key here", says
    return f"{label} cannot be {quoted(value)}", says


def _too_short(error: ErrorDetails, label: str) -> Said:
    least, value = error["ctx"]["min_length"], error["input"]
    if isinstance(value, str) and not value:
        return f"{label} is empty", ""
    if isinstance(value, str):
        return f"{label} has {len(value)} characters; at least {least} are needed", ""
    hint = "a source, and something that is done with it" if error["loc"] == ("stages",) else ""
    return f"{label} needs at least {_entries(least)}, and has {len(value)}", hint


def _too_long(error: ErrorDetails, label: str) -> Said:
    most, value = error["ctx"]["max_length"], error["input"]
    if isinstance(value, str):
        return f"{label} has {len(value)} characters; at most {most} are allowed", ""
    return f"{label} has {_entries(len(value))}; at most {most} are allowed", ""


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _out_of_range(error: ErrorDetails, label: str) -> Said:
    limits = error["ctx"]
    bound = f"at least {limits['ge']}" if "ge" in limits else f"at most {limits['le']}"
    return f"{label} must be {bound}", ""


def _secret(error: ErrorDetails, label: str) -> Said:
    hint = "put it into Secrets Manager and write {secret: name}; if it was ever pushed, replace it"
    return f"{label}: {error['msg']}", hint


def _no_mapping(error: ErrorDetails, label: str) -> Said:
    if not error["loc"]:
        return f"a spec is a mapping, not {_shape(error['input'])}", "begin with `name:` and `stages:`"
    hint = f"write `notify: {{email: {_address(error['input'])}}}`" if error["loc"] == ("notify",) else ""
    return f"{label} must be a mapping: lines of `key: value`", hint


def _address(value: Any) -> str:
    """The address, or the list of them, that was given in place of a mapping; else one that is made up."""
    given = value if isinstance(value, list) else [value]
    if not given or not all(isinstance(one, str) and "@" in one for one in given):
        return "me@example.com"
    return f"[{', '.join(given)}]" if isinstance(value, list) else given[0]


def _no_list(error: ErrorDetails, label: str) -> Said:
    return f"{label} must be a list", 'begin each entry with "- "'


def _no_words(error: ErrorDetails, label: str) -> Said:
    return f"{label} must be a word or a list of words", ""


def _no_stage(error: ErrorDetails, label: str) -> Said:
    what = error["ctx"]["what"]
    if error["input"] is None:
        return f"{what} is empty", "give it `name:` and `provider:`"
    return f"{what} must be a mapping, not {_shape(error['input'])}", "begin it with `name:` and `provider:`"


def _no_provider(error: ErrorDetails, label: str) -> Said:
    return f"key {error['ctx']['says']} is missing", _providers()


def _unknown_provider(error: ErrorDetails, label: str) -> Said:
    word = error["ctx"]["says"]
    return f"unknown provider {quoted(word)}", _did_you_mean(meant_provider(word)) or _providers()


def _providers() -> str:
    return f"providers: {', '.join(words())}"


def _misspelt_key(error: ErrorDetails, label: str) -> Said:
    return f"unknown key {label}", _did_you_mean(error["ctx"]["says"])


def _own_words(error: ErrorDetails, label: str) -> Said:
    return str(error["ctx"]["error"]), ""


def _plain_words(error: ErrorDetails, label: str) -> Said:
    return error["msg"], ""


_REFERENCES = ("secret", "parameter")


def _about_value(error: ErrorDetails, label: str) -> Said:
    value = error["input"]
    keys = [key for key in value if key not in _REFERENCES] if isinstance(value, dict) else []
    meant = next(filter(None, (nearest(key, _REFERENCES) for key in keys)), "")
    return f"{label}: {error['msg']}", _did_you_mean(meant)


def _anything(error: ErrorDetails, label: str) -> Said:
    return f"{label}: {error['msg'][:1].lower()}{error['msg'][1:]}", ""


_SAYINGS: dict[str, Callable[[ErrorDetails, str], Said]] = {
    "missing": _missing,
    "string_type": _not_text,
    "no_text": _not_text,
    "int_type": _not_whole,
    "bool_type": _not_flag,
    "literal_error": _not_one_of,
    "spelled": _misspelled,
    "too_short": _too_short,
    "string_too_short": _too_short,
    "too_long": _too_long,
    "string_too_long": _too_long,
    "greater_than_equal": _out_of_range,
    "less_than_equal": _out_of_range,
    "model_type": _no_mapping,
    "dict_type": _no_mapping,
    "list_type": _no_list,
    "tuple_type": _no_words,
    "not_a_mapping": _no_stage,
    "no_provider": _no_provider,
    "unknown_provider": _unknown_provider,
    "misspelt": _misspelt_key,
    "both": _plain_words,
    "value_error": _own_words,
    "env_value": _about_value,
    "literal_secret": _secret,
}
