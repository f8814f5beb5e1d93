from __future__ import annotations

import errno
import random

import pytest
from build_elf import (
    PT_GNU_PROPERTY,
    PT_INTERP,
    PT_LOAD,
    RW,
    RX,
    R,
    elf,
    phdr,
    program,
    reader,
)

from loader.elf import ElfImage, parse, parse_interpreter
from loader.errors import ElfError
from loader.layout import plan

ABIS = ("x86_64", "i386", "arm", "aarch64")


def load(data: bytes) -> ElfImage:
    return parse(reader(data), len(data), "prog")


def refused(data: bytes) -> ElfError:
    with pytest.raises(ElfError) as caught:
        load(data)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("prog: ")
    assert not caught.value.fatal
    return caught.value


@pytest.mark.parametrize("abi", ABIS)
def test_fields(abi: str) -> None:
    image = load(program(abi, interp=b"/lib/ld.so\0"))
    assert image.abi == abi
    assert not image.is_dyn
    assert image.entry == 0x10100
    assert image.interp == b"/lib/ld.so"
    assert [(s.vaddr, s.memsz, s.offset, s.filesz, s.flags) for s in image.segments] == [
        (0x10000, 0x1000, 0, 0x1000, RX), (0x21000, 0x5800, 0x1000, 0x800, RW)]
    bits64 = abi in ("x86_64", "aarch64")
    assert image.phdr_vaddr == 0x10000 + (64 if bits64 else 52)
    assert (image.phentsize, image.phnum) == (56 if bits64 else 32, 5)
    assert image.tls is not None
    assert (image.tls.vaddr, image.tls.filesz, image.tls.memsz, image.tls.align) == (
        0x21000, 0x10, 0x20, 8)
    assert image.exec_stack is False
    assert not image.stack_executable
    assert image.alignment == 4096
    assert not image.truncated


@pytest.mark.parametrize("abi", ABIS)
def test_stack_flags(abi: str) -> None:
    assert load(program(abi, stack=RW | 1)).stack_executable
    assert not load(program(abi, stack=RW | 1)).read_implies_exec
    absent = load(program(abi, stack=None))
    assert absent.read_implies_exec == absent.stack_executable == (abi in ("i386", "arm"))


def test_headers_outside_the_segments() -> None:
    data = elf("x86_64", [phdr(64, PT_LOAD, RX, 0x1000, 0x10000, 0x1000, 0x1000)])
    assert load(data).phdr_vaddr == 0


def test_class_and_section_headers_do_not_matter() -> None:
    data = bytearray(program("x86_64"))
    data[4] = 7                                 # EI_CLASS
    data[40:48] = b"\xff" * 8                   # e_shoff
    data[58:64] = b"\xff" * 6
    assert load(bytes(data)).abi == "x86_64"


def test_largest_power_of_two_alignment() -> None:
    phdrs = [phdr(64, PT_LOAD, RX, 0, 0x10000, 16, 16, align=align) for align in (3, 0x10000, 16)]
    assert load(elf("aarch64", phdrs)).alignment == 0x10000
    assert load(elf("aarch64", [phdr(64, PT_LOAD, RX, 0, 0x10000, 16, 16, align=0)])).alignment == 0


def test_segment_past_the_end_is_loaded() -> None:
    assert load(program("x86_64")[:0x1400]).truncated


@pytest.mark.parametrize(("data", "message"), [
    (b"", "empty file"),
    (b"hello world\n", "not an ELF file"),
    (b"\x7fELF", "for another machine (NONE)"),
    (elf("i386", [], machine=8), "for another machine (MIPS)"),
    (elf("i386", [], machine=0xABCD), "for another machine (number 43981)"),
    (b"\x7fELF\x01\x02\x01".ljust(16, b"\0") + b"\0\2\0\x08".ljust(48, b"\0"),
     "big-endian ELF file (machine MIPS)"),
    (elf("x86_64", [], e_type=1), "no executable: a relocatable object file"),
    (elf("x86_64", [], e_type=4), "no executable: a core dump"),
    (elf("x86_64", [], e_type=0xFE00), "no executable: of type 0xfe00"),
    (elf("x86_64", []), "no program headers"),
    (elf("x86_64", [], phnum=74), "too many program headers (74)"),
    (elf("x86_64", [], phnum=0xFFFF), "too many program headers (65535)"),
    (elf("x86_64", [], phnum=2, phoff=0x1FF0),
     "truncated: program headers at 0x1ff0, past the end of the file (8192 bytes)"),
    (elf("x86_64", [], phnum=2, phoff=1 << 63),
     "truncated: program headers at 0x8000000000000000, past the end of the file (8192 bytes)"),
    (elf("x86_64", [])[:54], "program headers of 0 bytes, not 56"),
    (b"\x7fELF\x01\x01\x01".ljust(16, b"\0") + b"\2\0\x3e\0".ljust(38, b"\0") + b"\x20",
     "a 32-bit file with a 64-bit machine"),
    (elf("arm", [b""], entry=0x10002), "misaligned entry point 0x10002"),
    (elf("arm", [b""], flags=8), "for 26-bit ARM processors"),
    (elf("arm", [b""], osabi=65), "an FDPIC executable"),
    (elf("x86_64", [phdr(64, PT_INTERP, filesz=1)]), "interpreter path of 1 bytes"),
    (elf("x86_64", [phdr(64, PT_INTERP, filesz=4097)]), "interpreter path of 4097 bytes"),
    (elf("x86_64", [phdr(64, PT_INTERP, filesz=1 << 60)]),
     "interpreter path of 1152921504606846976 bytes"),
    (elf("x86_64", [phdr(64, PT_INTERP, filesz=8, offset=0x100)]),
     "interpreter path without a terminating NUL"),
])
def test_not_executable(data: bytes, message: str) -> None:
    error = refused(data)
    assert error.errno == errno.ENOEXEC
    assert error.message == message


@pytest.mark.parametrize("offset", [0x1FFF, 1 << 40, (1 << 64) - 1])
def test_interpreter_path_cut_off(offset: int) -> None:
    assert refused(elf("x86_64", [phdr(64, PT_INTERP, filesz=8, offset=offset)])).errno == errno.EIO


def test_first_interpreter_counts_and_ends_at_its_nul() -> None:
    data = elf("i386", [phdr(32, PT_INTERP, offset=0x200, filesz=8),
                        phdr(32, PT_INTERP, offset=0x300, filesz=1)],
               contents={0x200: b"/a\0bcd\0\0"})
    assert load(data).interp == b"/a"


@pytest.mark.parametrize(("abi", "note", "expected"), [
    ("aarch64", b"\4\0\0\0\x10\0\0\0\5\0\0\0GNU\0\0\0\0\xc0\4\0\0\0\3\0\0\0\0\0\0\0", None),
    ("aarch64", b"\4\0\0\0\x10\0\0\0\5\0\0\0GNU\0\0\0\0\xc0\5\0\0\0\3\0\0\0\0\0\0\0",
     errno.ENOEXEC),
    ("aarch64", b"\4\0\0\0\xff\0\0\0\5\0\0\0GNU\0", errno.ENOEXEC),
    ("aarch64", b"\4\0\0\0\0\0\0\0\5\0\0\0GNU\0", None),
    ("aarch64", b"\4\0\0\0\0\0\0\0\5\0\0\0GN", errno.EIO),
    ("x86_64", b"garbage", None),
])
def test_property_note(abi: str, note: bytes, expected: int | None) -> None:
    data = elf(abi, [phdr(64, PT_GNU_PROPERTY, R, 0x400, 0, len(note)),
                     phdr(64, PT_LOAD, RX, 0, 0x10000, 16, 16)], contents={0x400: note})
    if expected is None:
        assert load(data).segments
    else:
        assert refused(data).errno == expected


def test_interpreter_errors() -> None:
    main = load(program("aarch64", interp=b"/ld\0"))

    def interpreter(data: bytes) -> int:
        with pytest.raises(ElfError) as caught:
            parse_interpreter(reader(data), len(data), "ld", main)
        return caught.value.errno

    assert interpreter(b"\x7fELF") == errno.EIO
    assert interpreter(b"#!/bin/sh\n".ljust(100)) == errno.ELIBBAD
    assert interpreter(program("x86_64")) == errno.ELIBBAD
    assert interpreter(elf("aarch64", [])) == errno.ELIBBAD
    good = program("aarch64", e_type=3, base=0, interp=b"/ignored\0")
    image = parse_interpreter(reader(good), len(good), "ld", main)
    assert image.interp is None


def test_mutated_headers_never_raise_anything_else() -> None:
    """Every result is an image with a finite plan, or one ElfError."""
    rng = random.Random(20260101)
    interesting = (0, 1, 2, 0x7F, 0x80, 0xFF)
    accepted = 0
    refusals = []
    for number in range(2400):
        abi = ABIS[number % 4]
        data = bytearray(program(abi, e_type=rng.choice((2, 3)),
                                 interp=rng.choice((None, b"/lib/ld.so\0"))))
        for _ in range(rng.choice((1, 1, 2, 5))):
            at = rng.randrange(0x180 if rng.random() < 0.9 else len(data))
            width = rng.choice((1, 1, 2, 4, 8))
            value = bytes(rng.choice(interesting) if rng.random() < 0.5 else rng.randrange(256)
                          for _ in range(width))
            data[at:at + width] = value
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)):]
        try:
            image = load(bytes(data))
            other = None
            if image.interp is not None:
                mutated = bytes(data)
                other = parse_interpreter(reader(mutated), len(mutated), "ld", image)
            layout = plan(image, other)
        except ElfError as error:
            refusals.append(error)
            continue
        accepted += 1
        for mapping in layout.mappings:
            assert mapping.start % 4096 == mapping.length % 4096 == mapping.offset % 4096 == 0
            assert mapping.length > 0
            assert mapping.start + mapping.length <= 1 << 48
        assert len(layout.mappings) <= 2 * (image.phnum + (other.phnum if other else 0))
    assert 200 < accepted < 2200
    assert all(error.errno > 0 and error.message for error in refusals)
    assert not any("damaged header" in error.message for error in refusals)
