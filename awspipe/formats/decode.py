"""Bytes to text: what is not UTF-8 is recognised and named, and what cannot be seen is refused."""

from __future__ import annotations

import re

from awspipe.errors import Problem, SpecError
from awspipe.formats.frames import Lines, escaped

BYTES_LIMIT = 256 * 1024

# NEL and the two Unicode separators end a line in YAML 1.1 but not in an editor: the numbers would not match.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")

_WIDE_ENCODINGS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_UTF8_HINT = "save it as UTF-8"


def decode(data: bytes | str, file: str) -> str:
    """The text of a file, without its byte order mark; SpecError where it is none."""
    _check_size(data, file)
    text = data if isinstance(data, str) else _decoded(data, file)
    text = text.removeprefix("\ufeff")
    found = _INVISIBLE.search(text)
    if found:
        raise SpecError((_invisible(text, found, file),))
    return text


def _check_size(data: bytes | str, file: str) -> None:
    size = len(data) if isinstance(data, bytes) else len(data.encode(errors="surrogatepass"))
    if size > BYTES_LIMIT:
        message = f"the file is larger than {BYTES_LIMIT // 1024} KiB"
        raise SpecError((Problem(message, file, hint="a spec is a page of text; is this the right file?"),))


def _decoded(data: bytes, file: str) -> str:
    for mark, name in _WIDE_ENCODINGS.items():
        if data.startswith(mark):
            raise SpecError((Problem(f"the file is {name}, not UTF-8", file, 1, 1, hint=_UTF8_HINT),))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise SpecError((_not_utf8(data, error.start, file),)) from None


def _not_utf8(data: bytes, at: int, file: str) -> Problem:
    before = data[:at].decode()
    line_start = max(before.rfind("\n"), before.rfind("\r")) + 1
    line = 1 + len(re.findall(r"\r\n|\r|\n", before))
    return Problem(
        f"the file is not UTF-8{_guess(data)}", file, line, len(before) - line_start + 1, hint=_UTF8_HINT
    )


def _guess(data: bytes) -> str:
    if b"\x00" in data:
        return " (it looks like UTF-16)"
    try:
        data.decode("cp949")
    except UnicodeDecodeError:
        return ""
    return " (it looks like CP949/EUC-KR)"


def _invisible(text: str, found: re.Match[str], file: str) -> Problem:
    lines = Lines(text)
    line, column = lines.position(found.start())
    if "\x00" in text and text.count("\x00") > len(text) // 4:
        return Problem("the file is UTF-16, not UTF-8", file, 1, 1, hint=_UTF8_HINT)
    return Problem(
        f"an invisible character: {escaped(found.group())}",
        file,
        line,
        column,
        hint='remove it; in quotes it can be written as "\\x1b" or "\\u2028"',
        frame=lines.frame(line, column),
    )
