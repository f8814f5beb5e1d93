"""Where functions start: unwind tables and Go's function table, which stripped files keep.

Everything here reads as far as the bytes make sense and stops there.
"""
from __future__ import annotations

import struct
from collections.abc import Iterator

from tracer.scan.program import PT_ARM_EXIDX, SHT_ARM_EXIDX, Program, Symbol

# Pointer encodings of .eh_frame (LSB core specification, "DWARF extensions").
_FORMATS = {0x01: None, 0x02: "<H", 0x03: "<I", 0x04: "<Q", 0x09: None, 0x0A: "<h", 0x0B: "<i",
            0x0C: "<q"}
_PCREL = 0x10
# The first word of Go's table → the version of Go that brought the format.
_GO_MAGIC = {0xFFFFFFF1: 20, 0xFFFFFFF0: 18, 0xFFFFFFFA: 16, 0xFFFFFFFB: 2}
_GO_FUNCTIONS_MAX = 1 << 20


def starts(program: Program) -> list[tuple[int, int]]:
    """Start and end (0 if unknown) of functions by the unwind tables, in any order."""
    return [*_eh_frame(program), *_exidx(program)]


def _leb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 127) << shift
        shift += 7
        at += 1
        if byte < 128:
            break
    return value, at


def _encoding(cie: bytes) -> int | None:
    """How a CIE's entries encode addresses; cie: its bytes behind the id.  None: not known."""
    version = cie[0] if cie else 0
    end = cie.find(b"\0", 1)
    if version not in (1, 3) or end < 0:
        return None
    augmentation = cie[1:end]
    at = end + 1
    if augmentation == b"":
        return 0
    if augmentation[:1] != b"z":
        return None
    _, at = _leb(cie, at)               # code alignment
    _, at = _leb(cie, at)               # data alignment
    if version == 1:
        at += 1                         # return address register
    else:
        _, at = _leb(cie, at)
    _, at = _leb(cie, at)               # length of the augmentation data
    for letter in augmentation[1:]:
        if at >= len(cie):
            return None
        if letter == ord("R"):
            return cie[at]
        if letter == ord("L"):
            at += 1
        elif letter == ord("P"):
            size = _size(cie[at], 8)
            if size is None:
                return None
            at += 1 + size
        elif letter not in b"SB":
            return None
    return 0


def _size(encoding: int, word: int) -> int | None:
    low = encoding & 15
    if low == 0:
        return word
    form = _FORMATS.get(low)
    return struct.calcsize(form) if form else None


def _eh_frame(program: Program) -> Iterator[tuple[int, int]]:
    section = program.section(".eh_frame")
    if section is None:
        return
    data, base = program.contents(section), section.address
    word = program.bits // 8
    mask = (1 << program.bits) - 1
    encodings: dict[int, int | None] = {}
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at:at + 4], "little")
        if not length or length >= 0xFFFFFFF0:
            if length:
                return                  # the 64-bit format, which nobody writes here
            at += 4                     # a terminator; linkers put several tables together
            continue
        body, end = at + 4, at + 4 + length
        if end > len(data):
            return
        pointer = int.from_bytes(data[body:body + 4], "little")
        if pointer == 0:
            encodings[at] = _encoding(data[body + 4:end])
        else:
            encoding = encodings.get(body - pointer)
            size = None if encoding is None else _size(encoding, word)
            if encoding is not None and size is not None and body + 4 + 2 * size <= end \
                    and encoding & 0x70 in (0, _PCREL):
                field = body + 4
                signed = bool(encoding & 8)
                start = int.from_bytes(data[field:field + size], "little", signed=signed)
                span = int.from_bytes(data[field + size:field + 2 * size], "little")
                if encoding & 0x70 == _PCREL and start:
                    start += base + field
                start &= mask
                if program.region(start) is not None:
                    yield start, start + span
        at = end


def _exidx(program: Program) -> Iterator[tuple[int, int]]:
    """ARM's exception index table (EHABI 32, section 6); its entries have no Thumb bit."""
    if program.abi != "arm":
        return
    found = next(((s.address, s.size) for s in program.sections if s.type == SHT_ARM_EXIDX), None)
    address, size = found or program.segment(PT_ARM_EXIDX) or (0, 0)
    data = program.read(address, size) if size else b""
    for at in range(0, len(data) - 7, 8):
        offset = int.from_bytes(data[at:at + 4], "little") & 0x7FFFFFFF
        start = address + at + offset - ((offset & 0x40000000) << 1) & 0xFFFFFFFE
        if program.region(start) is not None:
            yield start, 0


def go_symbols(program: Program) -> list[Symbol]:
    """Functions of a Go program by its function table (debug/gosym), [] for other programs."""
    section = program.section(".gopclntab") or program.section(".data.rel.ro.gopclntab")
    if section is None:
        return []
    data = program.contents(section)
    if len(data) < 80:
        return []
    magic = int.from_bytes(data[:4], "little")
    word = data[7]
    version = _GO_MAGIC.get(magic)
    if version is None or word not in (4, 8):
        return []

    def number(index: int) -> int:
        return int.from_bytes(data[8 + index * word:8 + (index + 1) * word], "little")

    count = min(number(0), _GO_FUNCTIONS_MAX)
    text, entry = 0, word               # before 1.18 addresses are absolute words
    if version == 2:
        names, table, base = 0, 8 + word, 0
    elif version == 16:
        names, table = number(2), number(6)
        base = table
    else:
        # A linker that leaves the start of the text empty means the section's.
        section = program.section(".text")
        text = number(2) or (section.address if section else 0)
        names, table, entry = number(3), number(7), 4
        base = table
    rows = data[table:table + (2 * count + 1) * entry]
    if len(rows) < (2 * count + 1) * entry:
        return []
    fields = struct.unpack(f"<{2 * count + 1}{'Q' if entry == 8 else 'I'}", rows)
    found = []
    for i in range(count):
        start, record = text + fields[2 * i], base + fields[2 * i + 1]
        # A record: the entry (a word, or 32 bits since 1.18), then the name's offset.
        at = record + entry
        if at + 4 > len(data) or program.region(start) is None:
            continue
        name = names + int.from_bytes(data[at:at + 4], "little")
        end = data.find(b"\0", name, name + 4096)
        if 0 < name < end:
            found.append(Symbol(start, text + fields[2 * i + 2] - start,
                                data[name:end].decode("utf-8", "backslashreplace"), True))
    return found
