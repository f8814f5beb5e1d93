"""ELF headers, checked as Linux's fs/binfmt_elf.c checks them (6.12).

Only the file header, the program headers, the interpreter's path and AArch64's property
note are ever read, at most 4 KiB each, whatever the headers say.  The structures are
pyelftools'; its `ELFFile` is not used, because it also reads section headers, which a
kernel ignores and which may be garbage.
"""
from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from loader.errors import EIO, ELIBBAD, ENOEXEC, ElfError

if TYPE_CHECKING:
    from collections.abc import Callable

    from elftools.elf.structs import ELFStructs

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

TYPE_NAMES = {0: "of no type", 1: "a relocatable object file", 4: "a core dump"}


class Segment(NamedTuple):
    """A PT_LOAD or PT_TLS header; addresses and sizes in bytes, flags of PF_R, PF_W, PF_X."""

    vaddr: int
    memsz: int
    offset: int
    filesz: int
    flags: int
    align: int


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

    def __init__(self, name: str, abi: str, header: Any, phdrs: list[Any], interp: bytes | None,
                 file_size: int) -> None:
        self.name = name
        self.abi = abi
        self.e_type: int = header.e_type
        self.entry: int = header.e_entry
        self.e_flags: int = header.e_flags
        self.phentsize: int = header.e_phentsize
        self.phnum: int = header.e_phnum
        self.file_size = file_size
        self.interp = interp
        self.exec_stack: bool | None = None
        self.tls: Segment | None = None
        self.phdr_vaddr = 0
        self.alignment = 0
        self.segments: list[Segment] = []
        for phdr in phdrs:
            if phdr.p_type == PT_LOAD:
                self._add_load(_segment(phdr), header.e_phoff)
            elif phdr.p_type == PT_TLS:
                self.tls = _segment(phdr)
            elif phdr.p_type == PT_GNU_STACK:
                self.exec_stack = bool(phdr.p_flags & PF_X)
        self.alignment = -(-self.alignment // PAGE_SIZE) * PAGE_SIZE

    def _add_load(self, segment: Segment, phoff: int) -> None:
        self.segments.append(segment)
        align = segment.align
        if align & (align - 1) == 0:
            self.alignment = max(self.alignment, align)
        if segment.offset <= phoff < segment.offset + segment.filesz:
            self.phdr_vaddr = phoff - segment.offset + segment.vaddr

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
           wanted_abi: str | None = None) -> tuple[ElfImage, Any]:
    """The image and its PT_GNU_PROPERTY header; an interpreter's own PT_INTERP is ignored."""
    start = read(0, HEADER_SIZE)
    if start[:4] != b"\x7fELF":
        raise ElfError(ENOEXEC, "empty file" if not size else "not an ELF file", name)
    # The kernel looks at a zero-filled buffer, so a short file is no error of its own.
    start = start.ljust(HEADER_SIZE, b"\0")
    abi, bits = _machine(start, name)
    structs = _structs(bits)
    # pyelftools refuses unknown classes and versions, which Linux does not look at.
    usual = start[:4] + bytes((bits // 32, 1, 1, 0)) + start[8:20] + b"\1\0\0\0" + start[24:]
    header = _unpack(structs, "Elf_Ehdr", usual, name)
    is_interp = wanted_abi is not None
    if abi != wanted_abi and is_interp:
        raise ElfError(ENOEXEC, f"for {abi}, the program is for {wanted_abi}", name)
    if header.e_type not in (ET_EXEC, ET_DYN) and not is_interp:
        what = TYPE_NAMES.get(header.e_type, f"of type {header.e_type:#x}")
        raise ElfError(ENOEXEC, f"no executable: {what}", name)
    if abi == "arm":
        _check_arm(header, start, name)
    phdrs = _program_headers(read, structs, header, size, name)
    interp = None
    properties = None
    for phdr in phdrs:
        if phdr.p_type == PT_GNU_PROPERTY:
            properties = phdr
        elif phdr.p_type == PT_INTERP and not is_interp:
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


def _check_arm(header: Any, start: bytes, name: str) -> None:
    """arch/arm/kernel/elf.c: the entry's alignment, and no 26-bit code."""
    if header.e_entry & 3 == 2:
        raise ElfError(ENOEXEC, f"misaligned entry point {header.e_entry:#x}", name)
    if not header.e_flags & EF_ARM_EABI_MASK and header.e_flags & EF_ARM_APCS_26:
        raise ElfError(ENOEXEC, "for 26-bit ARM processors", name)
    if start[7] == ELFOSABI_ARM_FDPIC:
        raise ElfError(ENOEXEC, "an FDPIC executable", name)


def _structs(bits: int) -> ELFStructs:
    from elftools.elf.structs import ELFStructs
    structs = ELFStructs(little_endian=True, elfclass=bits)
    structs.create_basic_structs()
    structs.create_advanced_structs()
    return structs


def _unpack(structs: ELFStructs, struct_name: str, data: bytes, name: str) -> Any:
    """One structure with its enumerations as plain numbers."""
    from elftools.common.utils import struct_parse
    from elftools.elf.enums import ENUM_E_TYPE, ENUM_P_TYPE_BASE
    try:
        record = struct_parse(getattr(structs, struct_name), BytesIO(data))
        for field, names in (("e_type", ENUM_E_TYPE), ("p_type", ENUM_P_TYPE_BASE)):
            value = record.get(field)
            if isinstance(value, str):
                record[field] = names[value]
    except Exception as error:      # pyelftools raises many kinds on damaged headers
        raise ElfError(ENOEXEC, f"damaged header ({type(error).__name__})", name) from None
    return record


def _program_headers(read: Read, structs: ELFStructs, header: Any, size: int,
                     name: str) -> list[Any]:
    entry_size = 56 if structs.elfclass == 64 else 32
    if header.e_phentsize != entry_size:
        what = f"program headers of {header.e_phentsize} bytes, not {entry_size}"
        if header.e_phentsize in (32, 56):
            what = f"a {96 - structs.elfclass}-bit file with a {structs.elfclass}-bit machine"
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
    return [_unpack(structs, "Elf_Phdr", data[i:i + entry_size], name)
            for i in range(0, total, entry_size)]


def _segment(phdr: Any) -> Segment:
    return Segment(phdr.p_vaddr, phdr.p_memsz, phdr.p_offset, phdr.p_filesz, phdr.p_flags,
                   phdr.p_align)


def _interpreter(read: Read, phdr: Any, name: str) -> bytes:
    if not 2 <= phdr.p_filesz <= PATH_MAX:
        raise ElfError(ENOEXEC, f"interpreter path of {phdr.p_filesz} bytes", name)
    path = read(phdr.p_offset, phdr.p_filesz) if phdr.p_offset < 1 << 63 else b""
    if len(path) != phdr.p_filesz:
        raise ElfError(EIO, f"truncated: interpreter path at {phdr.p_offset:#x}, "
                       "past the end of the file", name)
    if path[-1]:
        raise ElfError(ENOEXEC, "interpreter path without a terminating NUL", name)
    return path[:path.index(0)]


def _check_properties(read: Read, abi: str, phdr: Any, name: str) -> None:
    """The GNU property note, which only AArch64 kernels read."""
    if phdr is None or abi != "aarch64":
        return
    size = phdr.p_filesz
    if size > PROPERTY_MAX:
        raise ElfError(ENOEXEC, f"GNU property note of {size} bytes", name)
    data = read(phdr.p_offset, size) if phdr.p_offset < 1 << 63 else b""
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
