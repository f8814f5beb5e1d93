"""Numbers on the command line, by the C library's rules that strace inherits."""
from __future__ import annotations

import re

INT_MAX = 2**31 - 1
NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}

# (Python converts no more than 4300 digits)
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,4000})")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def leading_integer(text: str) -> tuple[int | None, str]:
    """The decimal number ≥ 0 that text starts with (strtoll) and what follows it."""
    match = _INTEGER.match(text)
    if match is None or int(match[1]) < 0:
        return None, text
    return int(match[1]), text[match.end():]


def integer(text: str, most: int = INT_MAX) -> int | None:
    """A decimal number from 0 to most, or None."""
    value, rest = leading_integer(text)
    return None if rest or value is None or value > most else value


def unsigned(text: str, bits: int = 64) -> int | None:
    """A number in C notation (strtoull base 0, so −1 is the largest value), or None."""
    match = re.fullmatch(r"[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]{,99})",
                         text)
    if match is None:
        return None
    digits = match[2]
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
    value = int(digits, base)
    if value >> bits:
        return None
    return -value & ((1 << bits) - 1) if match[1] == "-" else value


def duration(text: str) -> int | None:
    """Nanoseconds of "500", "1.5s", "20ms" (microseconds without a unit), or None."""
    floating = len(re.match(r"[eE.+0-9-]*", text)[0])  # type: ignore[index]
    integral = len(re.match(r"[+0-9]*", text)[0])  # type: ignore[index]
    number: float | int | None
    if floating > integral:
        match = _FLOAT.match(text)
        if match is None:
            return None
        number, unit = float(match[0]), text[match.end():]
    else:
        number, unit = leading_integer(text)
        if unit[:1] not in ("", "s", "m", "u", "n"):
            return None
    if number is None or number < 0 or number >= 2**63:
        return None
    scale = NANOSECONDS.get(unit.lower() or "us")
    return None if scale is None else int(number * scale)


def size(text: str, least: int = 4096) -> int | None:
    """Bytes of "64M", "1g", "4096", or None; least: by default one page."""
    match = re.fullmatch(r"([0-9]{1,99})([kKmMgGtT]?)(?:i?[bB])?", text)
    if match is None:
        return None
    value = int(match[1]) << {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}[match[2].lower()]
    return value if value >= least else None


def words(text: str) -> list[str]:
    """The parts between commas, without empty ones."""
    return [word for word in text.split(",") if word]
