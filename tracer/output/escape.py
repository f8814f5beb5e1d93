"""Strings as strace prints them: escapes, and the hexadecimal forms of -x and -xx."""
from __future__ import annotations

import re

# string modes: none, -x (a string with any odd byte wholly in \xNN), -xx (every string), and
# --strings-in-hex=non-ascii-chars (odd bytes only).
PLAIN, NON_ASCII, ALL, NON_ASCII_CHARS = "none", "non-ascii", "all", "non-ascii-chars"

_NAMED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\f": "\\f",
          "\v": "\\v"}
_ODD = [chr(c) for c in (*range(32), *range(127, 256)) if chr(c) not in _NAMED]
_SHORT = {**_NAMED, **{c: f"\\{ord(c):o}" for c in _ODD}}
_LONG = {**_NAMED, **{c: f"\\{ord(c):03o}" for c in _ODD}}
_HEX = {**_NAMED, **{c: f"\\x{ord(c):02x}" for c in _ODD}}

# The lookahead is what decides between the shortest octal escape and three digits.
_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f-\xff](?=([0-7]?))')
_SPECIAL_DETAIL = re.compile(r'[<>"\\\x00-\x1f\x7f-\xff](?=([0-7]?))')
_FORCES_HEX = re.compile(rb"[^\t-\r -~]")


def _octal(m: re.Match[str]) -> str:
    c = m[0]
    return _LONG[c] if m[1] else _SHORT[c]


def _octal_detail(m: re.Match[str]) -> str:
    c = m[0]
    if c in "<>":
        return f"\\{ord(c):03o}" if m[1] else f"\\{ord(c):o}"
    return _LONG[c] if m[1] else _SHORT[c]


def _hex_char(m: re.Match[str]) -> str:
    return _HEX[m[0]]


def hex_escape(data: bytes) -> str:
    r"""Every byte as ``\xNN``."""
    return "\\x" + data.hex(" ").replace(" ", "\\x") if data else ""


def escape(data: bytes, mode: str = PLAIN) -> str:
    """The inside of a quoted string."""
    if mode in (PLAIN, NON_ASCII_CHARS):
        if data.isascii():
            text = data.decode("ascii")
            if text.isprintable() and '"' not in text and "\\" not in text:
                return text
        else:
            text = data.decode("latin-1")
        return _SPECIAL.sub(_octal if mode == PLAIN else _hex_char, text)
    if mode == ALL or _FORCES_HEX.search(data):
        return hex_escape(data)
    return escape(data, PLAIN)


def escape_detail(data: bytes) -> str:
    """What stands between < and > after a descriptor: angle brackets are escaped too."""
    return _SPECIAL_DETAIL.sub(_octal_detail, data.decode("latin-1"))
