"""ELF headers, checked as Linux's fs/binfmt_elf.c checks them (6.12).

Only the file header, the program headers, the interpreter's path and AArch64's property
note are ever read, at most 4 KiB each, whatever the headers say.  The two records that a kernel
reads are unpacked here and not by pyelftools, which refuses what Linux accepts (unknown classes
and versions, garbage in section headers) and takes a third of a run's start-up to import.  It
names machines in messages; symbols and debugging information are read with it.
"""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from loader.errors import EIO, ELIBBAD, ENOEXEC, ElfError

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[int, int], bytes]

PAGE_SIZE = 4096
PATH_MAX = 4096
HEADER_SIZE = 64                    # of an Elf64_Ehdr, the larger one
PROPERTY_MAX = 1024                 # what the kernel reads of PT_GNU_PROPERTY

PF_X, PF_W, PF_R = 1, 2, 4
PT_LOAD, PT_INTERP, PT_TLS = 1, 3, 7
PT_GNU_STACK, PT_GNU_PROPERTY = 0x6474E551, 0x6474E553
ET_EXEC, ET_DYN = 2, 3
NT_GNU_PROPERTY_TYPE_0 = 5
GNU_PROPERTY_AARCH64_FEATURE_1_AND = 0xC0000000

# e_machine decides alone; Linux looks at neither EI_CLASS nor EI_DATA.
MACHINES = {62: ("x86_64", 64), 3: ("i386", 32), 6: ("i386", 32),
            40: ("arm", 32), 183: ("aarch64", 64)}

EF_ARM_EABI_MASK = 0xFF000000
EF_ARM_APCS_26 = 0x08
ELFOSABI_ARM_FDPIC = 65

# elf.h: Elf32_Ehdr and Elf64_Ehdr after e_ident; the program headers, whose p_flags stands in
# another place (the order below is that of Segment).
_EHDR = {32: struct.Struct("<16xHHIIIIIHHHHHH"), 64: struct.Struct("<16xHHIQQQIHHHHHH")}
_PHDR = {32: struct.Struct("<8I"), 64: struct.Struct("<2I6Q")}
_PHDR_ORDER = {32: (0, 6, 1, 2, 4, 5, 7), 64: (0, 1, 2, 3, 5, 6, 7)}

TYPE_NAMES = {0: "of no type", 1: "a relocatable object file", 4: "a core dump"}


class Segment(NamedTuple):
    """A program header; addresses and sizes in bytes, flags of PF_R, PF_W, PF_X."""

    type: int
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


class Header(NamedTuple):
    """The ELF header after e_ident; names as in elf.h."""

    e_type: int
    e_machine: int
    e_version: int
    e_entry: int
    e_phoff: int
    e_shoff: int
    e_flags: int
    e_ehsize: int
    e_phentsize: int
    e_phnum: int
    e_shentsize: int
    e_shnum: int
    e_shstrndx: int


class ElfImage:
    """What execve needs of an ELF file.

    abi: "x86_64", "i386", "arm" or "aarch64".
    e_type: ET_EXEC or ET_DYN (position-independent); an interpreter's is not checked yet.
    entry: e_entry without load bias; bit 0 is set for Thumb code.
    phdr_vaddr: address of the program headers without load bias, 0 if not mapped.
    phentsize, phnum: of the program header table; e_flags as in the file.
    segments: the PT_LOAD headers in file order.
    interp: path of the program interpreter, or None.
    exec_stack: PT_GNU_STACK's PF_X, or None without that header.
    tls: the PT_TLS header, or None.
    alignment: largest p_align of a PT_LOAD that is a power of two, in whole pages, or 0.
    file_size: size of the file in bytes; truncated: a segment lies partly beyond it
        (Linux maps such files; touching the missing pages is SIGBUS).
    """

    __slots__ = ("abi", "alignment", "e_flags", "e_type", "entry", "exec_stack", "file_size",
                 "interp", "name", "phdr_vaddr", "phentsize", "phnum", "segments", "tls")

    def __init__(self, name: str, abi: str, header: Header, phdrs: list[Segment],
                 interp: bytes | None, file_size: int) -> None:
        self.name = name
        self.abi = abi
        self.e_type = header.e_type
        self.entry = header.e_entry
        self.e_flags = header.e_flags
        self.phentsize = header.e_phentsize
        self.phnum = header.e_phnum
        self.file_size = file_size
        self.interp = interp
        self.exec_stack: bool | None = None
        self.tls: Segment | None = None
        self.phdr_vaddr = 0
        self.alignment = 0
        self.segments: list[Segment] = []
        for phdr in phdrs:
            if phdr.type == PT_LOAD:
                self._add_load(phdr, header.e_phoff)
            elif phdr.type == PT_TLS:
                self.tls = phdr
            elif phdr.type == PT_GNU_STACK:
                self.exec_stack = bool(phdr.flags & PF_X)
        self.alignment = -(-self.alignment // PAGE_SIZE) * PAGE_SIZE

    def _add_load(self, segment: Segment, phoff: int) -> None:
        self.segments.append(segment)
        align = segment.align
        if align & (align - 1) == 0:
            self.alignment = max(self.alignment, align)
        if segment.offset <= phoff < segment.offset + segment.filesz:
            self.phdr_vaddr = phoff - segment.offset + segment.vaddr

    @property
    def oabi(self) -> bool:
        """Whether it is a program of ARM's old ABI, from before the EABI."""
        return self.abi == "arm" and not self.e_flags & EF_ARM_EABI_MASK

    @property
    def is_dyn(self) -> bool:
        return self.e_type == ET_DYN

    @property
    def truncated(self) -> bool:
        return any(s.filesz and s.offset + s.filesz > self.file_size for s in self.segments)

    @property
    def read_implies_exec(self) -> bool:
        """Whether all readable memory is executable, as old 32-bit programs expect."""
        return self.exec_stack is None and self.abi in ("i386", "arm")

    @property
    def stack_executable(self) -> bool:
        return self.read_implies_exec or bool(self.exec_stack)


def parse(read: Read, size: int, name: str) -> ElfImage:
    """The image of a program file.

    read(offset, n) gives up to n bytes of the file, size is the file's in bytes, name is
    for messages.  Raises ElfError (ENOEXEC; EIO when the interpreter's path or the
    property note is cut off).
    """
    image, properties = _parse(read, size, name)
    if image.interp is None:        # else the interpreter's note counts, not this one
        _check_properties(read, image.abi, properties, name)
    return image


def parse_interpreter(read: Read, size: int, name: str, program: ElfImage) -> ElfImage:
    """The image of the program interpreter of `program`; arguments as for parse().

    Raises ElfError: ELIBBAD (no ELF file, or of another ABI), EIO (shorter than an ELF
    header).
    """
    if size < (64 if program.phentsize == 56 else 52):
        raise ElfError(EIO, "truncated: shorter than an ELF header", name)
    try:
        image, properties = _parse(read, size, name, program.abi)
    except ElfError as error:
        raise ElfError(ELIBBAD, error.message, name) from None
    _check_properties(read, image.abi, properties, name)
    return image


def _parse(read: Read, size: int, name: str,
           wanted_abi: str | None = None) -> tuple[ElfImage, Segment | None]:
    """The image and its PT_GNU_PROPERTY header; an interpreter's own PT_INTERP is ignored."""
    start = read(0, HEADER_SIZE)
    if start[:4] != b"\x7fELF":
        raise ElfError(ENOEXEC, "empty file" if not size else "not an ELF file", name)
    # The kernel looks at a zero-filled buffer, so a short file is no error of its own.
    start = start.ljust(HEADER_SIZE, b"\0")
    abi, bits = _machine(start, name)
    header = Header(*_EHDR[bits].unpack_from(start))
    is_interp = wanted_abi is not None
    if abi != wanted_abi and is_interp:
        raise ElfError(ENOEXEC, f"for {abi}, the program is for {wanted_abi}", name)
    if header.e_type not in (ET_EXEC, ET_DYN) and not is_interp:
        what = TYPE_NAMES.get(header.e_type, f"of type {header.e_type:#x}")
        raise ElfError(ENOEXEC, f"no executable: {what}", name)
    if abi == "arm":
        _check_arm(header, start, name)
    phdrs = _program_headers(read, bits, header, size, name)
    interp = None
    properties = None
    for phdr in phdrs:
        if phdr.type == PT_GNU_PROPERTY:
            properties = phdr
        elif phdr.type == PT_INTERP and not is_interp:
            interp = _interpreter(read, phdr, name)
            break
    return ElfImage(name, abi, header, phdrs, interp, size), properties


def _machine(start: bytes, name: str) -> tuple[str, int]:
    number = int.from_bytes(start[18:20], "little")
    found = MACHINES.get(number)
    if found is not None:
        return found
    big_endian = start[5] == 2
    if big_endian:
        number = int.from_bytes(start[18:20], "big")
    from elftools.elf.enums import ENUM_E_MACHINE
    names = [key[3:] for key, value in ENUM_E_MACHINE.items() if value == number]
    machine = names[0] if names else f"number {number}"
    if big_endian:
        raise ElfError(ENOEXEC, f"big-endian ELF file (machine {machine})", name)
    raise ElfError(ENOEXEC, f"for another machine ({machine})", name)


def _check_arm(header: Header, start: bytes, name: str) -> None:
    """arch/arm/kernel/elf.c: the entry's alignment, and no 26-bit code."""
    if header.e_entry & 3 == 2:
        raise ElfError(ENOEXEC, f"misaligned entry point {header.e_entry:#x}", name)
    if not header.e_flags & EF_ARM_EABI_MASK and header.e_flags & EF_ARM_APCS_26:
        raise ElfError(ENOEXEC, "for 26-bit ARM processors", name)
    if start[7] == ELFOSABI_ARM_FDPIC:
        raise ElfError(ENOEXEC, "an FDPIC executable", name)


def _program_headers(read: Read, bits: int, header: Header, size: int,
                     name: str) -> list[Segment]:
    record, order = _PHDR[bits], _PHDR_ORDER[bits]
    entry_size = record.size
    if header.e_phentsize != entry_size:
        what = f"program headers of {header.e_phentsize} bytes, not {entry_size}"
        if header.e_phentsize in (32, 56):
            what = f"a {96 - bits}-bit file with a {bits}-bit machine"
        raise ElfError(ENOEXEC, what, name)
    number = header.e_phnum
    if number == 0:
        raise ElfError(ENOEXEC, "no program headers", name)
    total = number * entry_size
    if total > PAGE_SIZE:
        raise ElfError(ENOEXEC, f"too many program headers ({number})", name)
    data = read(header.e_phoff, total) if header.e_phoff < size else b""
    if len(data) != total:
        raise ElfError(ENOEXEC, f"truncated: program headers at {header.e_phoff:#x}, "
                       f"past the end of the file ({size} bytes)", name)
    return [Segment(*[words[i] for i in order]) for words in record.iter_unpack(data)]


def _interpreter(read: Read, phdr: Segment, name: str) -> bytes:
    if not 2 <= phdr.filesz <= PATH_MAX:
        raise ElfError(ENOEXEC, f"interpreter path of {phdr.filesz} bytes", name)
    path = read(phdr.offset, phdr.filesz) if phdr.offset < 1 << 63 else b""
    if len(path) != phdr.filesz:
        raise ElfError(EIO, f"truncated: interpreter path at {phdr.offset:#x}, "
                       "past the end of the file", name)
    if path[-1]:
        raise ElfError(ENOEXEC, "interpreter path without a terminating NUL", name)
    return path[:path.index(0)]


def _check_properties(read: Read, abi: str, phdr: Segment | None, name: str) -> None:
    """The GNU property note, which only AArch64 kernels read."""
    if phdr is None or abi != "aarch64":
        return
    size = phdr.filesz
    if size > PROPERTY_MAX:
        raise ElfError(ENOEXEC, f"GNU property note of {size} bytes", name)
    data = read(phdr.offset, size) if phdr.offset < 1 << 63 else b""
    if len(data) < 16:
        raise ElfError(EIO, "truncated: GNU property note past the end of the file", name)
    namesz, descsz, kind = (int.from_bytes(data[i:i + 4], "little") for i in (0, 4, 8))
    if (namesz, kind, data[12:16]) != (4, NT_GNU_PROPERTY_TYPE_0, b"GNU\0") \
            or descsz > len(data) - 16 or not _valid_properties(data[16:16 + descsz]):
        raise ElfError(ENOEXEC, "damaged GNU property note", name)


def _valid_properties(data: bytes) -> bool:
    previous = -1
    while data:
        kind, size = (int.from_bytes(data[i:i + 4], "little") for i in (0, 4))
        step = 8 + -(-size // 8) * 8
        if len(data) < step or kind <= previous:
            return False
        if kind == GNU_PROPERTY_AARCH64_FEATURE_1_AND and size != 4:
            return False
        previous = kind
        data = data[step:]
    return True
