"""Programs for the fuzzers: a table of system calls, and a loop that makes them.

The loop is the same for all programs of an ABI.  A row of the table has eight words: the
addresses of the call's number and of its six arguments, and room for the result; so an argument
may be the result of an earlier call.
"""
from __future__ import annotations

from collections.abc import Sequence
from struct import pack
from typing import NamedTuple

MACHINE = {"x86_64": 62, "i386": 3, "arm": 40, "aarch64": 183}
TEXT, CURSOR, TABLE, DATA, READ_ONLY = 0x10000, 0x1FFFC, 0x20000, 0x40000, 0x48000
DATA_SIZE, READ_ONLY_SIZE = 0x4000, 0x1000      # pages without a mapping follow both
ROWS = 256
LITERALS = TABLE + ROWS * 64
TABLE_END = 0x30000
R, RW, RX = 4, 6, 5

# mov ebx, TABLE; then for the number and each argument: load its address, load it; trap; store
# the result; next row.  "compat" is 64-bit code that makes i386 calls by int 0x80.
CODE = {
    "x86_64": "bb00000200" "488b03488b00" "488b7b08488b3f" "488b7310488b36" "488b5318488b12"
              "4c8b53204d8b12" "4c8b43284d8b00" "4c8b4b304d8b09" "0f05" "48894338" "4883c340"
              "ebc4",
    "compat": "41bc00000200" "498b0424488b00" "498b5c2408488b1b" "498b4c2410488b09"
              "498b542418488b12" "498b742420488b36" "498b7c2428488b3f" "498b6c2430488b6d00"
              "cd80" "4989442438" "4983c440" "ebbb",
    # the cursor is in memory, no register is left for it
    "i386": "3e8b2dfcff0100" "8b45008b00" "8b5d048b1b" "8b4d088b09" "8b550c8b12" "8b75108b36"
            "8b7d148b3f" "8b6d188b6d00" "cd80" "3e8b0dfcff0100" "89411c" "3e8305fcff010020" "ebbf",
    "arm": "0288a0e3" "007098e5007097e5" "040098e5000090e5" "081098e5001091e5"
           "0c2098e5002092e5" "103098e5003093e5" "144098e5004094e5" "185098e5005095e5"
           "000000ef" "1c0088e5" "208088e2" "edffffea",
    "aarch64": "5300a0d2" "680240f9080140f9" "600640f9000040f9" "610a40f9210040f9"
               "620e40f9420040f9" "631240f9630040f9" "641640f9840040f9" "651a40f9a50040f9"
               "010000d4" "601e00f9" "73020191" "efffff17",
}
ABIS = tuple(CODE)


class Result(NamedTuple):
    """The result of an earlier row, as an argument."""

    row: int


def word_size(abi: str) -> int:
    """Bytes of a table word; abi may be "compat" too."""
    return 4 if abi in ("i386", "arm") else 8


def machine_of(abi: str) -> str:
    """The ABI whose ELF machine a program has."""
    return "x86_64" if abi == "compat" else abi


def calls_of(abi: str) -> str:
    """The ABI whose call numbers a program uses."""
    return "i386" if abi == "compat" else abi


def elf(abi: str, segments: Sequence[tuple[int, int, int, bytes]], entry: int) -> bytes:
    """A static executable; a segment is (address, size in memory, flags, content)."""
    bits = 64 if abi in ("x86_64", "aarch64") else 32
    ehsize, phsize = (64, 56) if bits == 64 else (52, 32)
    offset = 0x1000
    phdrs, body = b"", b""
    for address, size, flags, content in segments:
        if bits == 64:
            phdrs += pack("<IIQQQQQQ", 1, flags, offset, address, address, len(content), size, 4096)
        else:
            phdrs += pack("<IIIIIIII", 1, offset, address, address, len(content), size, flags, 4096)
        body += content.ljust((len(content) + 4095) & -4096, b"\0")
        offset = 0x1000 + len(body)
    header = pack("<4sBBBBQHHI", b"\x7fELF", bits // 32, 1, 1, 0, 0, 2, MACHINE[abi], 1)
    header += pack("<QQQ" if bits == 64 else "<III", entry, ehsize, 0)
    header += pack("<IHHHHHH", 0x5000400 if abi == "arm" else 0, ehsize, phsize, len(segments),
                   0, 0, 0)
    return (header + phdrs).ljust(0x1000, b"\0") + body


def program(abi: str, calls: Sequence[tuple[int, Sequence[int | Result]]], data: bytes = b"",
            read_only: bytes = b"") -> bytes:
    """An executable that makes these calls (number, up to six arguments) one after another.

    The last should not return.  ``data`` stands at DATA, ``read_only`` at READ_ONLY.
    """
    assert len(calls) <= ROWS
    word = word_size(abi)
    mask = (1 << 8 * word) - 1
    size = 8 * word
    literals: dict[int, int] = {}
    table = b""

    def place(value: int | Result) -> int:
        if isinstance(value, Result):
            return TABLE + value.row * size + 7 * word
        return LITERALS + word * literals.setdefault(value & mask, len(literals))

    for number, arguments in calls:
        padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
        for value in (number, *padded):
            table += place(value).to_bytes(word, "little")
        table += (-1 & mask).to_bytes(word, "little")
    content = pack("<I", TABLE).rjust(TABLE - CURSOR + 0xFFC, b"\0")
    content += table.ljust(LITERALS - TABLE, b"\0")
    content += b"".join(value.to_bytes(word, "little") for value in literals)
    assert len(content) <= TABLE_END - TABLE + 0x1000
    return elf(machine_of(abi), [
        (TEXT, 0x1000, RX, bytes.fromhex(CODE[abi])),
        (TABLE - 0x1000, TABLE_END - TABLE + 0x1000, RW, content),
        (DATA, DATA_SIZE, RW, data[:DATA_SIZE]),
        (READ_ONLY, READ_ONLY_SIZE, R, read_only[:READ_ONLY_SIZE]),
    ], TEXT)
