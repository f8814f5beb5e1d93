"""The escapes of printed strings."""
from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))", re.S)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"f": b"\f", b"v": b"\v", b"a": b"\a",
            b"b": b"\b", b"e": b"\x1b"}


def unescape(body: str) -> bytes:
    """The bytes that a string's text between its quotes stands for."""
    data = body.encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_replace, data) if b"\\" in data else data


def _replace(m: re.Match[bytes]) -> bytes:
    if m[1] is not None:
        return bytes([int(m[1], 16)])
    if m[2] is not None:
        return bytes([int(m[2], 8) & 0xFF])
    return _LETTERS.get(m[3], m[3])
