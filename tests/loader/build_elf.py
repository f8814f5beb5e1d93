"""Small ELF files for the tests, built field by field."""
from __future__ import annotations

from collections.abc import Callable
from struct import pack

MACHINE = {"x86_64": 62, "i386": 3, "arm": 40, "aarch64": 183}
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_TLS = 1, 2, 3, 7
PT_GNU_STACK, PT_GNU_PROPERTY = 0x6474E551, 0x6474E553
R, RW, RX = 4, 6, 5


def phdr(bits: int, kind: int, flags: int = R, offset: int = 0, vaddr: int = 0, filesz: int = 0,
         memsz: int = 0, align: int = 4096) -> bytes:
    if bits == 64:
        return pack("<IIQQQQQQ", kind, flags, offset, vaddr, vaddr, filesz, memsz, align)
    return pack("<IIIIIIII", kind, offset, vaddr, vaddr, filesz, memsz, flags, align)


def elf(abi: str, phdrs: list[bytes], *, e_type: int = 2, entry: int = 0x10100,
        flags: int | None = None, machine: int | None = None, size: int = 0x2000,
        phoff: int | None = None, phnum: int | None = None, osabi: int = 0,
        contents: dict[int, bytes] | None = None) -> bytes:
    bits = 64 if abi in ("x86_64", "aarch64") else 32
    if flags is None:
        flags = 0x5000400 if abi == "arm" else 0
    header = pack("<4sBBBBQHHI", b"\x7fELF", bits // 32, 1, 1, osabi, 0, e_type,
                  MACHINE[abi] if machine is None else machine, 1)
    ehsize = 64 if bits == 64 else 52
    header += pack("<QQQ" if bits == 64 else "<III", entry, ehsize if phoff is None else phoff, 0)
    header += pack("<IHHHHHH", flags, ehsize, 56 if bits == 64 else 32,
                   len(phdrs) if phnum is None else phnum, 0, 0, 0)
    data = bytearray((header + b"".join(phdrs)).ljust(size, b"\xcc"))
    for offset, text in (contents or {}).items():
        data[offset:offset + len(text)] = text
    return bytes(data)


def program(abi: str, *, e_type: int = 2, base: int = 0x10000, interp: bytes | None = None,
            stack: int | None = RW, bss: int = 0x5000) -> bytes:
    """Text (one page), data (0x800 bytes of the second page), bss, TLS, PT_GNU_STACK."""
    bits = 64 if abi in ("x86_64", "aarch64") else 32
    phdrs = [
        phdr(bits, PT_LOAD, RX, 0, base, 0x1000, 0x1000),
        phdr(bits, PT_LOAD, RW, 0x1000, base + 0x11000, 0x800, 0x800 + bss),
        phdr(bits, PT_TLS, R, 0x1000, base + 0x11000, 0x10, 0x20, 8),
    ]
    if stack is not None:
        phdrs.append(phdr(bits, PT_GNU_STACK, stack, align=16))
    contents = {}
    if interp is not None:
        phdrs.append(phdr(bits, PT_INTERP, R, 0x400, base + 0x400, len(interp), len(interp), 1))
        contents[0x400] = interp
    return elf(abi, phdrs, e_type=e_type, entry=base + 0x100, contents=contents, size=0x1800)


def reader(data: bytes) -> Callable[[int, int], bytes]:
    """A read(offset, n) over bytes that refuses what a file of that size cannot honour."""
    def read(offset: int, number: int) -> bytes:
        assert 0 <= offset < 1 << 63, "offset of a file"
        assert 0 <= number <= 4096, "no large reads"
        return data[offset:offset + number]
    return read
