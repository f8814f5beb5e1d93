"""An ELF file as the scanner sees it: code, initial data, symbols, starts of functions.

Addresses are those in the file, without a load bias.
"""
from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from loader.elf import PF_X, ElfImage, parse
from loader.errors import ElfError
from tracer.scan import ScanError

SHF_ALLOC, SHF_EXECINSTR = 2, 4
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_NOBITS, SHT_DYNSYM = 1, 2, 3, 8, 11
SHT_ARM_EXIDX = 0x70000001
PT_GNU_EH_FRAME, PT_ARM_EXIDX = 0x6474E550, 0x70000001
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_GNU_IFUNC = 0, 1, 2, 10
STB_LOCAL = 0
SHN_ABS = 0xFFF1
NAME_MAX = 4096                     # of a symbol; longer ones are cut off


class Section(NamedTuple):
    """A section header; address 0 for what is not loaded."""

    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int


class Region(NamedTuple):
    """A run of executable bytes."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        return self.address + len(self.data)


class Symbol(NamedTuple):
    """A name in code: start, size in bytes (0 if unknown), whether it names a function."""

    address: int
    size: int
    name: str
    function: bool


class Program:
    """A program file.

    abi: name of its ABI; oabi: an ARM file without an EABI version.
    regions: executable bytes by address; entry: address of the first instruction (bit 0 set
    for Thumb); warnings: what was wrong with the file, one line each.
    """

    def __init__(self, data: bytes, name: str) -> None:
        """Raises ScanError for what is no ELF file of a known ABI."""
        self.data, self.name = data, name
        self.warnings: list[str] = []
        try:
            self.image: ElfImage = parse(lambda offset, n: data[offset:offset + n], len(data),
                                         name)
        except ElfError as error:
            raise ScanError(str(error)) from None
        self.abi = self.image.abi
        self.bits = 64 if self.image.phentsize == 56 else 32
        self.oabi = self.image.oabi
        self.entry = self.image.entry
        if self.image.truncated:
            self.warnings.append("the file is shorter than its program headers say")
        self.sections = self._sections()
        self.regions = self._regions()
        if not self.regions:
            raise ScanError(f"{name}: no code in the file")
        self._region_starts = [r.address for r in self.regions]
        self.symbols: list[Symbol] = []
        self.mapping: list[tuple[int, str]] = []    # ARM: address, a, t, x or d
        self.states: dict[int, str] = {}            # of ARM functions: a, t
        self.objects: list[tuple[int, int]] = []    # data in code: start, end
        self._read_symbols()
        self._symbol_starts = [s.address for s in self.symbols]
        self._mapping_starts = [address for address, _ in self.mapping]

    @classmethod
    def load(cls, path: str) -> Program:
        """Read a file.  Raises ScanError."""
        try:
            with open(path, "rb") as file:
                return cls(file.read(), path)
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or "too large"
            raise ScanError(f"{path}: {reason}") from None

    # -- memory as the file initialises it ---------------------------------------------------

    def read(self, address: int, size: int) -> bytes:
        """Up to `size` initial bytes at an address; fewer or none where the file has none."""
        for s in self.image.segments:
            if s.vaddr <= address < s.vaddr + s.memsz:
                start = address - s.vaddr
                size = min(size, s.memsz - start)
                inside = max(min(size, s.filesz - start), 0)
                found = self.data[s.offset + start:s.offset + start + inside]
                return found if inside else bytes(min(size, 64))
        return b""

    def word(self, address: int, size: int) -> int | None:
        """A little-endian number of `size` bytes, or None outside of the file."""
        data = self.read(address, size)
        return int.from_bytes(data, "little") if len(data) == size else None

    def segment(self, kind: int) -> tuple[int, int] | None:
        """Address and size in the file of the first program header of a type, or None."""
        form, size = ("<IIQQQQQQ", 56) if self.bits == 64 else ("<IIIIIIII", 32)
        offset = int.from_bytes(self.data[32:40] if self.bits == 64 else self.data[28:32],
                                "little")
        for i in range(self.image.phnum):
            header = self.data[offset + i * size:offset + (i + 1) * size]
            if len(header) == size:
                fields = struct.unpack(form, header)
                if fields[0] == kind:
                    return (fields[3], fields[5]) if self.bits == 64 else (fields[2], fields[4])
        return None

    # -- code --------------------------------------------------------------------------------

    def region(self, address: int) -> Region | None:
        """The region an address is in."""
        i = bisect_right(self._region_starts, address) - 1
        if i >= 0 and address < self.regions[i].end:
            return self.regions[i]
        return None

    def state(self, address: int) -> str | None:
        """By ARM's mapping symbols: `a` (ARM), `t` (Thumb), `x` (AArch64), `d` (data)."""
        i = bisect_right(self._mapping_starts, address) - 1
        if i < 0:
            return None
        start, state = self.mapping[i]
        region = self.region(address)
        return state if region is not None and start >= region.address else None

    def is_data(self, address: int) -> bool:
        """Whether symbols say that an address is data."""
        i = bisect_right(self.objects, (address, 1 << 64)) - 1
        return i >= 0 and address < self.objects[i][1]

    def symbol(self, address: int) -> tuple[str, int] | None:
        """Name of the function an address is in, and how far into it."""
        i = bisect_right(self._symbol_starts, address) - 1
        if i < 0:
            return None
        symbol = self.symbols[i]
        region = self.region(address)
        if region is None or symbol.address < region.address or \
                (symbol.size and address >= symbol.address + symbol.size):
            return None
        return symbol.name, address - symbol.address

    # -- reading the headers -----------------------------------------------------------------

    def _sections(self) -> list[Section]:
        data = self.data
        if self.bits == 64:
            offset, = struct.unpack_from("<Q", data, 40)
            entry, number, names = struct.unpack_from("<HHH", data, 58)
            form = struct.Struct("<IIQQQQII16x")
        else:
            offset, = struct.unpack_from("<I", data, 32)
            entry, number, names = struct.unpack_from("<HHH", data, 46)
            form = struct.Struct("<IIIIIIII8x")
        if not offset or not number:
            return []
        if entry != form.size or offset + entry * number > len(data) or names >= number:
            self.warnings.append("the section headers are damaged; scanning whole segments")
            return []
        rows = [form.unpack_from(data, offset + i * entry) for i in range(number)]
        base, size = rows[names][4], rows[names][5]
        text = data[base:base + size]
        found = []
        for name, kind, flags, address, start, length, link, _info in rows:
            end = text.find(b"\0", name)
            label = text[name:end if end >= 0 else None].decode("utf-8", "replace")
            if kind not in (0, SHT_NOBITS) and start + length > len(data):
                self.warnings.append(f"section {label or '?'!s} reaches past the end of the file")
                length = max(len(data) - start, 0)
            found.append(Section(label, kind, flags, address, start, length, link))
        return found

    def section(self, name: str) -> Section | None:
        """The first section of a name."""
        return next((s for s in self.sections if s.name == name), None)

    def contents(self, section: Section) -> bytes:
        """The bytes of a section."""
        if section.type == SHT_NOBITS:
            return b""
        return self.data[section.offset:section.offset + section.size]

    def _regions(self) -> list[Region]:
        """Executable segments, or the executable sections in them if there are any."""
        found = []
        for segment in self.image.segments:
            if not segment.flags & PF_X:
                continue
            end = segment.vaddr + segment.filesz
            inside = [s for s in self.sections
                      if s.flags & SHF_EXECINSTR and s.flags & SHF_ALLOC
                      and s.type != SHT_NOBITS and s.size
                      and segment.vaddr <= s.address and s.address + s.size <= end
                      and s.offset - segment.offset == s.address - segment.vaddr]
            if inside:
                found += [Region(s.address, self.contents(s)) for s in inside]
            else:
                found.append(Region(segment.vaddr,
                                    self.data[segment.offset:segment.offset + segment.filesz]))
        return sorted(r for r in found if r.data)

    # -- symbols -----------------------------------------------------------------------------

    def _raw_symbols(self) -> Iterator[tuple[int, int, int, int, str]]:
        """Address, size, info byte, section index and name of each symbol in .symtab, .dynsym."""
        form = struct.Struct("<IBBHQQ") if self.bits == 64 else struct.Struct("<IIIBBH")
        for table in self.sections:
            if table.type not in (SHT_SYMTAB, SHT_DYNSYM) or table.link >= len(self.sections):
                continue
            names = self.contents(self.sections[table.link])
            rows = self.contents(table)
            rows = rows[:len(rows) // form.size * form.size]
            for row in form.iter_unpack(rows):
                if self.bits == 64:
                    name, info, _, index, address, size = row
                else:
                    name, address, size, info, _, index = row
                if not index or index == SHN_ABS or not name:
                    continue
                end = names.find(b"\0", name, name + NAME_MAX)
                text = names[name:end if end >= 0 else name + NAME_MAX]
                yield address, size, info, index, text.decode("utf-8", "backslashreplace")

    def _read_symbols(self) -> None:
        arm = self.abi == "arm"
        mapped = arm or self.abi == "aarch64"
        best: dict[int, tuple[tuple[int, ...], Symbol]] = {}
        mapping: dict[int, str] = {}
        if arm:
            self.states[self.entry & ~1] = "t" if self.entry & 1 else "a"
        for address, size, info, _, name in self._raw_symbols():
            kind, bind = info & 15, info >> 4
            if mapped and kind == STT_NOTYPE and name[:1] == "$":
                if name[1:2] in ("a", "t", "x", "d") and name[2:3] in ("", "."):
                    mapping[address] = name[1]
                continue
            function = kind in (STT_FUNC, STT_GNU_IFUNC)
            if function and arm:
                self.states[address & ~1] = "t" if address & 1 else "a"
                address &= ~1
            if self.region(address) is None:
                continue
            if kind == STT_OBJECT and size:
                self.objects.append((address, address + size))
            elif function or (kind == STT_NOTYPE and name[:2] not in (".L", "")):
                rank = (function, bind != STB_LOCAL, -(len(name) - len(name.lstrip("_"))),
                        -len(name))
                old = best.get(address)
                if old is None or rank > old[0]:
                    if old is not None:
                        size = size or old[1].size
                    best[address] = rank, Symbol(address, size, name, function)
        self.symbols = [symbol for _, (_, symbol) in sorted(best.items())]
        self.mapping = sorted(mapping.items())
        self.objects.sort()

    def add_symbols(self, symbols: Iterable[Symbol]) -> None:
        """Names from other places than the symbol tables, for addresses that have none."""
        known = set(self._symbol_starts)
        self.symbols = sorted([*self.symbols, *(s for s in symbols if s.address not in known)])
        self._symbol_starts = [s.address for s in self.symbols]
