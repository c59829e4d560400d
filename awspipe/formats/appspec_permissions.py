"""`permissions` of an appspec for servers.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-permissions.html and
https://github.com/aws/aws-codedeploy-agent: lib/instance_agent/plugins/codedeploy/application_specification/
(linux_permission_info.rb, mode_info.rb, ace_info.rb, context_info.rb, range_info.rb).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from awspipe.formats import psych
from awspipe.formats.appspec_model import Context, Permission
from awspipe.formats.frames import quoted
from awspipe.formats.mapping import Mapping, did_you_mean, shape
from awspipe.formats.nodes import Span

_KEYS = ("object", "pattern", "except", "owner", "group", "mode", "acls", "context", "type")
_TYPES = ("file", "directory")
_HINT = "write `- object: ...`"
_ACL_WORDS = {"m": "mask", "o": "other", "g": "group", "u": "user", "d": "default"}
_ACL_KINDS = ("", "mask", "other", "group", "user")
_RANGE = re.compile(r"s[0-9]+(-s[0-9]+)?(:c[0-9]+(\.c[0-9]+)?(,c[0-9]+(\.c[0-9]+)?)*)?")


def permissions(root: Mapping, os: str) -> Iterator[Permission]:
    """Every permission; Windows has none."""
    for one in root.mappings("permissions", entry_hint=_HINT):
        if os == "windows":
            root.notes.refuse(root.key("permissions"), '"permissions" are for linux only')
            return
        one.warn_unknown(_KEYS, "the CodeDeploy agent")
        found = (one.text("object") or "").strip()
        if not found:
            one.notes.refuse(one.key("object"), "a permission says no object", _HINT)
            continue
        yield _permission(one, found)


def _permission(one: Mapping, found: str) -> Permission:
    return Permission(
        object=found,
        pattern=one.text("pattern") or "**",
        except_=_list(one, "except"),
        owner=one.text("owner"),
        group=one.text("group"),
        mode=_mode(one),
        types=_types(one),
        acls=_acls(one),
        context=_context(one),
    )


def _list(one: Mapping, key: str) -> tuple[str, ...]:
    """The agent takes lists here and nothing else: a text has no `each`."""
    entry = one.entry(key)
    if entry is None:
        return ()
    if isinstance(entry.node.value, list):
        return one.texts(key)
    says = f"{quoted(key)} must be a list, not {shape(entry.node)}"
    one.notes.refuse(one.place(key), says, f"write `{key}: [...]`")
    return ()


def _types(one: Mapping) -> tuple[str, ...]:
    if one.entry("type") is None:
        return _TYPES
    types = _list(one, "type")
    for word in types:
        if word not in _TYPES:
            says = f'"type" is file or directory, not {quoted(word)}'
            one.notes.refuse(one.item_place("type", word), says, did_you_mean(word, _TYPES))
    return tuple(word for word in types if word in _TYPES)


def _mode(one: Mapping) -> int | None:
    """Up to four digits from 0 to 7, of what YAML 1.1 makes of it: 0644 is the number 420."""
    written = one.text("mode")
    if written is None:
        return None
    value = one.node.entries["mode"].node.value
    read = psych.to_s(psych.scalar(value)) if isinstance(value, str) else written
    place = one.place("mode")
    if not re.fullmatch("[0-7]{1,4}", read.rjust(3, "0")):
        _refuse_mode(one, place, written, read)
        return None
    if read.lstrip("0") != written.lstrip("0"):
        says = f"YAML reads {written} as the number {read}, and that becomes the mode"
        one.notes.warn(place, says, f'write "{written}", in quotes')
    return int(read, 8)


def _refuse_mode(one: Mapping, place: Span, written: str, read: str) -> None:
    if read != written and re.fullmatch("[0-7]{1,5}", written):
        says = f"YAML reads {written} as the number {read}, which is no mode"
        one.notes.refuse(place, says, f'write "{written}", in quotes')
    else:
        says = f'"mode" must be one to four digits from 0 to 7, not {quoted(written)}'
        one.notes.refuse(place, says, "755: all may read and run, the owner may write")


def _acls(one: Mapping) -> tuple[str, ...]:
    """[default:][user|group|mask|other]:[name]:permissions, without those that `mode` sets."""
    acls = _list(one, "acls")
    for acl in acls:
        if not _is_acl(acl):
            says = f"{quoted(acl)} is no entry of an access control list"
            one.notes.refuse(one.item_place("acls", acl), says, "for example u:deploy:rwx or d:group:web:rx")
    return acls


def _is_acl(acl: str) -> bool:
    head, colon, allowed = acl.rpartition(":")
    *before, name = (_ACL_WORDS.get(word, word) for word in head.split(":"))
    default = before[:1] == ["default"]
    kinds = before[1:] if default else before
    if not colon or len(kinds) > 1 or not re.fullmatch("[0-7]|[-rwx]*", allowed):
        return False
    kind = kinds[0] if kinds else ""
    return kind in _ACL_KINDS and _is_acl_name(kind, name, default=default)


def _is_acl_name(kind: str, name: str, *, default: bool) -> bool:
    """Mask and other have no name; a user or group without one is the owner, which `mode` sets."""
    if not kind and name in ("mask", "other"):
        kind, name = name, ""
    if kind in ("mask", "other"):
        return not name and (default or kind == "mask")
    return default or bool(name)


def _context(one: Mapping) -> Context | None:
    """The guide writes `user`, the agent reads `name`."""
    found = one.mapping("context", hint="write `type:` below it")
    if found is None:
        return None
    found.warn_unknown(("user", "name", "type", "range"), "the CodeDeploy agent")
    if found.entry("type") is None:
        found.notes.refuse(one.key("context"), '"context" says no type')
    labels = found.text("range")
    if labels is not None and not _RANGE.fullmatch(labels):
        found.notes.refuse(
            found.place("range"), f"{quoted(labels)} is no SELinux range", "for example s0:c0.c3"
        )
    return Context(found.text("name") or found.text("user"), found.text("type"), labels)
