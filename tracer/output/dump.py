"""Hexadecimal dumps of what a call read or wrote (-e read=, -e write=)."""
from __future__ import annotations

_WIDTH = 16
_PRINTABLE = bytes(c if 0x20 <= c < 0x7F else 0x2E for c in range(256))


def hexdump(data: bytes, length: int | None = None) -> list[str]:
    """Lines of 16 bytes each: offset, hexadecimal, characters.

    length: of the whole, which decides how wide the offsets are (five digits at least).
    """
    length = len(data) if length is None else length
    digits = len(f"{length - 1:x}") if length > 1 << 20 else 5
    lines = []
    for start in range(0, len(data), _WIDTH):
        part = data[start:start + _WIDTH]
        groups = f"{part[:8].hex(' '):<23}  {part[8:].hex(' '):<23}"
        text = part.translate(_PRINTABLE).decode("ascii")
        lines.append(f" | {start:0{digits}x}  {groups}  {text:<16} |")
    return lines
