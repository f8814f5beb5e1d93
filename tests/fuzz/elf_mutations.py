"""Mutated ELF files, headers and code, of the four ABIs; see harness.py for what must hold.

    python -m tests.fuzz.elf_mutations --count 5000 --seed 1 [--jobs 2]

The files that are mutated are small programs built here, and every executable below samples/
(or below the directory that FUZZ_CORPUS names).
"""
from __future__ import annotations

import os
import struct
import sys
from functools import cache
from pathlib import Path
from random import Random

from sysnames import table
from tests.fuzz.harness import Maker, Program, command
from tests.fuzz.programs import ABIS, DATA, TEXT, Result, calls_of, elf, program

LARGEST = 3 << 20
INTERESTING = (0, 1, 2, 3, 4, 7, 8, 31, 32, 40, 52, 56, 62, 64, 127, 128, 183, 255, 256, 4095, 4096,
               4097, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x10000, 1 << 20, (1 << 31) - 1, 1 << 31,
               (1 << 32) - 4096, (1 << 32) - 1, 1 << 32, 1 << 40, (1 << 47) - 4096, 1 << 47,
               (1 << 63) - 1, 1 << 63, (1 << 64) - 4096, (1 << 64) - 1)
SEGMENTS = (0, 1, 2, 3, 4, 6, 7, 0x6474E550, 0x6474E551, 0x6474E552, 0x6474E553, 0x70000001)
# e_ident excepted: offset and size of each field of the file header and of a program header.
HEADER = {
    32: ((16, 2), (18, 2), (20, 4), (24, 4), (28, 4), (32, 4), (36, 4), (40, 2), (42, 2), (44, 2),
         (46, 2), (48, 2), (50, 2)),
    64: ((16, 2), (18, 2), (20, 4), (24, 8), (32, 8), (40, 8), (48, 4), (52, 2), (54, 2), (56, 2),
         (58, 2), (60, 2), (62, 2)),
}
PROGRAM_HEADER = {
    32: tuple((at, 4) for at in range(0, 32, 4)),
    64: ((0, 4), (4, 4), *((at, 8) for at in range(8, 56, 8))),
}


def _small(abi: str) -> bytes:
    """A program with some memory and file calls."""
    names = {name: number for number, name in table(calls_of(abi)).items()}
    mmap = names.get("mmap2", names["mmap"])
    wanted: list[tuple[int, list[int | Result]]] = [
        (names["write"], [1, DATA, 6]), (names["openat"], [-100, DATA + 8, 0, 0]),
        (names["read"], [Result(1), DATA + 0x100, 0x2000]), (names["close"], [Result(1)]),
        (mmap, [0, 0x10000, 3, 0x22, -1, 0]), (names["munmap"], [Result(4), 0x8000]),
        (names["brk"], [0]), (names["uname"], [DATA + 0x200]), (names["exit_group"], [3])]
    return program(abi, wanted, b"hello\n\0\0file\0")


@cache
def corpus() -> tuple[tuple[str, bytes], ...]:
    """Names and bytes of the files to mutate."""
    found = [(abi, _small(abi)) for abi in ABIS]
    top = os.environ.get("FUZZ_CORPUS") or str(Path(__file__).parents[2] / "samples")
    for path in sorted(Path(top).rglob("*")):
        if path.is_file() and not path.is_symlink() and 52 < path.stat().st_size < LARGEST:
            data = path.read_bytes()
            if data[:4] == b"\x7fELF" and data[4] in (1, 2) and data[5] == 1:
                found.append((str(path.relative_to(top)), data))
    return tuple(found)


class Mutator:
    """Changes one file."""

    def __init__(self, rng: Random, data: bytes) -> None:
        self.rng = rng
        self.data = bytearray(data)
        self.bits = 64 if data[4] == 2 else 32
        entry, phoff = struct.unpack_from("<QQ" if self.bits == 64 else "<II", data, 24)
        phentsize, phnum = struct.unpack_from("<HH", data, 54 if self.bits == 64 else 42)
        self.headers = [phoff + i * phentsize for i in range(min(phnum, 32))
                        if phoff + (i + 1) * phentsize <= len(data)]
        self.code: list[tuple[int, int]] = []       # places of executable segments in the file
        self.entry = 0                              # place of the first instruction
        for at in self.headers:
            kind, flags, offset, vaddr, filesz = self._load(at)
            if kind == 1 and flags & 1 and filesz:
                self.code.append((offset, min(offset + filesz, len(data))))
                if vaddr <= entry < vaddr + filesz:
                    self.entry = offset + (entry & ~1) - vaddr

    def _load(self, at: int) -> tuple[int, int, int, int, int]:
        if self.bits == 64:
            kind, flags, offset, vaddr, _, filesz = struct.unpack_from("<IIQQQQ", self.data, at)
        else:
            kind, offset, vaddr, _, filesz, _, flags = struct.unpack_from("<IIIIIII", self.data, at)
        return kind, flags, offset, vaddr, filesz

    def _value(self, old: int, size: int) -> int:
        rng = self.rng
        value = rng.choice((
            lambda: rng.choice(INTERESTING), lambda: old + rng.choice((-1, 1, -4096, 4096, 2, 8)),
            lambda: old ^ 1 << rng.randrange(8 * size), lambda: rng.getrandbits(8 * size),
            lambda: rng.choice(INTERESTING)))()
        return value & (1 << 8 * size) - 1

    def _field(self, at: int, size: int, values: tuple[int, ...] = ()) -> None:
        old = int.from_bytes(self.data[at:at + size], "little")
        value = self.rng.choice(values) if values else self._value(old, size)
        self.data[at:at + size] = value.to_bytes(size, "little")

    def header(self) -> None:
        """One field of the file header, or of e_ident."""
        if self.rng.random() < .15:
            self._field(self.rng.randrange(16), 1)
        else:
            self._field(*self.rng.choice(HEADER[self.bits]))

    def program_header(self) -> None:
        """One field of a program header."""
        if not self.headers:
            return self.header()
        at = self.rng.choice(self.headers)
        if self.rng.random() < .15:
            return self._field(at, 4, SEGMENTS)
        offset, size = self.rng.choice(PROGRAM_HEADER[self.bits])
        self._field(at + offset, size)

    def interpreter(self) -> None:
        """A segment becomes a PT_INTERP with a path somewhere in the file."""
        if not self.headers:
            return
        at = self.rng.choice(self.headers)
        path = self.rng.choice((b"/work/prog\0", b"/work/file\0", b"/nothing\0", b"/work\0", b"\0",
                                b"/dev/zero\0", b"x" * 5000 + b"\0", b"no end"))
        self._field(at, 4, (3,))
        where = len(self.data)
        self.data += path
        word = self.bits // 8
        offset, filesz = (8, 32) if word == 8 else (4, 16)
        self._field(at + offset, word, (where,))
        self._field(at + filesz, word, (len(path),))

    def start(self) -> None:
        """Some bytes among the headers."""
        for _ in range(self.rng.randrange(1, 6)):
            self.data[self.rng.randrange(min(len(self.data), 0x200))] = self.rng.randrange(256)

    def length(self) -> None:
        """The file is cut off, or longer."""
        rng = self.rng
        if rng.random() < .7:
            del self.data[rng.randrange(rng.choice((16, 64, 0x200, len(self.data))) + 1):]
        else:
            self.data += rng.randbytes(rng.randrange(10000))

    def _place(self) -> tuple[int, int]:
        start, end = self.rng.choice(self.code) if self.code else (0, len(self.data))
        if self.entry and self.rng.random() < .6:
            start, end = self.entry, min(self.entry + self.rng.choice((16, 64, 512, 4096)), end)
        start = min(start, max(0, len(self.data) - 1))
        return start, max(start + 1, min(end, len(self.data)))

    def instructions(self) -> None:
        """Some bytes or words of code."""
        rng = self.rng
        for _ in range(rng.choice((1, 2, 5, 20))):
            start, end = self._place()
            at = rng.randrange(start, end)
            if rng.random() < .5:
                self.data[at:at + 1] = bytes((self.data[at] ^ 1 << rng.randrange(8),)) \
                    if at < len(self.data) else b""
            else:
                at &= -4
                size = len(self.data)
                self.data[at:at + 4] = rng.randbytes(4)
                del self.data[size:]

    def random_code(self) -> None:
        """The first instructions become others by chance."""
        if self.entry:
            size = len(self.data)
            code = self.rng.randbytes(self.rng.choice((16, 64, 512, 2048)))
            self.data[self.entry:self.entry + len(code)] = code
            del self.data[size:]

    def mutate(self) -> bytes:
        """One or more changes."""
        ways = (self.header, self.program_header, self.program_header, self.instructions,
                self.instructions, self.instructions, self.random_code, self.start, self.length,
                self.interpreter)
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            self.rng.choice(ways)()
            if len(self.data) < 64:
                break
        return bytes(self.data)


def _no_elf(rng: Random) -> bytes:
    """What is not ELF at all."""
    return rng.choice((
        lambda: b"", lambda: b"#!", lambda: b"#!\n", lambda: b"#! /work/prog\n",
        lambda: b"#!" + b"/" * 300 + b"\n", lambda: b"#!/work/file a b\n",
        lambda: b"\x7fELF", lambda: b"\x7fELF" + rng.randbytes(rng.randrange(3000)),
        lambda: b"MZ" + bytes(100), lambda: rng.randbytes(500), lambda: b"#!/work/prog\0x\n",
        lambda: elf("arm", [], TEXT), lambda: b"\x7fELF\2\1\1" + bytes(100)))()


def maker(seed: int) -> Maker:
    """Files of a seed."""
    def make(index: int) -> Program:
        rng = Random(f"{seed}:{index}")
        if rng.random() < .03:
            return Program(_no_elf(rng), (), "no ELF")
        files = corpus()
        name, data = rng.choice(files[:len(ABIS)] if rng.random() < .3 else files)
        return Program(Mutator(rng, data).mutate(), (), name)

    return make


if __name__ == "__main__":
    sys.exit(command("elf_mutations", maker))
