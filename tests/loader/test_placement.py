from __future__ import annotations

import errno

import pytest
from build_elf import PT_LOAD, RW, RX, elf, phdr, program, reader

from loader.elf import ElfImage, parse, parse_interpreter
from loader.errors import ElfError
from loader.layout import INTERPRETER, PROGRAM, Area, Layout, Mapping, mmap_base, plan

ABIS = ("x86_64", "i386", "arm", "aarch64")
GIB = 1 << 30


def load(data: bytes) -> ElfImage:
    return parse(reader(data), len(data), "prog")


def interpreter(data: bytes, main: ElfImage) -> ElfImage:
    return parse_interpreter(reader(data), len(data), "ld", main)


def fails(image: ElfImage, other: ElfImage | None = None) -> int:
    with pytest.raises(ElfError) as caught:
        plan(image, other)
    assert caught.value.fatal
    return caught.value.errno


def load64(vaddr: int, memsz: int, *, flags: int = RW, offset: int = 0, filesz: int = 0,
           abi: str = "x86_64", e_type: int = 2) -> ElfImage:
    bits = 64 if abi in ("x86_64", "aarch64") else 32
    return load(elf(abi, [phdr(bits, PT_LOAD, flags, offset, vaddr, filesz, memsz)],
                    e_type=e_type))


@pytest.mark.parametrize("abi", ABIS)
def test_fixed_program(abi: str) -> None:
    layout = plan(load(program(abi)))
    assert layout.mappings == [
        Mapping(0x10000, 0x1000, 5, PROGRAM, 0, None, True),
        Mapping(0x21000, 0x1000, 3, PROGRAM, 0x1000, (0x21800, 0x800), False),
        Mapping(0x22000, 0x5000, 3, None, 0, None, False),
    ]
    assert layout.load_bias == layout.interp_base == 0
    assert layout.start == layout.entry == 0x10100
    assert layout.code == (0x10000, 0x11000)
    assert layout.data == (0x21000, 0x21800)
    assert layout.brk == 0x27000


# As `setarch -R` shows them in /proc/PID/maps (and in real logs' mmap results).
@pytest.mark.parametrize(("abi", "stack_top", "base", "sigpage", "vvar", "vdso"), [
    ("x86_64", 0x7FFFFFFFF000, 0x7FFFF7FFF000, 0, 0x7FFFF7FF7000, 0x7FFFF7FFD000),
    ("i386", 0xFFFFE000, 0xF7FFE000, 0, 0xF7FF6000, 0xF7FFC000),
    ("arm", 0xBF000000, 0xB7000000, 0xB6FFD000, 0xB6FFE000, 0xB6FFF000),
    ("aarch64", 0x1000000000000, 0xFFFFF8000000, 0, 0xFFFFF7FFD000, 0xFFFFF7FFF000),
])
def test_kernel_pages(abi: str, stack_top: int, base: int, sigpage: int, vvar: int,
                      vdso: int) -> None:
    layout = plan(load(program(abi)))
    assert (layout.stack_top, layout.mmap_base, layout.topdown) == (stack_top, base, True)
    assert (layout.vvar.start, layout.vdso.start) == (vvar, vdso)
    assert layout.vdso.start + layout.vdso.length == base
    if sigpage:
        assert layout.sigpage == Area(sigpage, 0x1000)
    else:
        assert layout.sigpage.length == 0


@pytest.mark.parametrize(("abi", "first", "brk"), [
    ("x86_64", 0x7FFFF7FFF000, 0x555555555000),
    ("i386", 0xF7FFE000, 0x56555000),
    ("arm", 0xB7000000, 0x400000),
    ("aarch64", 0xFFFFF8000000, 0xAAAAAAAAB000),
])
def test_static_pie_goes_below_mmap_base(abi: str, first: int, brk: int) -> None:
    layout = plan(load(program(abi, e_type=3, base=0)))
    base = first - 0x17000
    assert layout.load_bias == base
    assert layout.start == layout.entry == base + 0x100
    assert layout.brk == brk
    # The hole between text and data is free again, and the highest free place.
    assert layout.vdso.start + layout.vdso.length == base + 0x11000


@pytest.mark.parametrize(("abi", "bias"), [
    ("x86_64", 0x555555554000), ("i386", 0x56555000), ("arm", 0x400000),
    ("aarch64", 0xAAAAAAAAA000)])
def test_dynamic_program_and_interpreter(abi: str, bias: int) -> None:
    main = load(program(abi, e_type=3, base=0, interp=b"/ld\0"))
    layout = plan(main, interpreter(program(abi, e_type=3, base=0), main))
    assert layout.load_bias == bias
    assert layout.entry == bias + 0x100
    assert layout.phdr == bias + main.phdr_vaddr
    assert layout.brk == bias + 0x17000
    assert layout.interp_base == layout.mmap_base - 0x17000
    assert layout.start == layout.interp_base + 0x100
    assert [m.source for m in layout.mappings] == [
        PROGRAM, PROGRAM, None, INTERPRETER, INTERPRETER, None]
    assert layout.mappings[3].start == layout.interp_base
    assert layout.vdso.start + layout.vdso.length == layout.interp_base + 0x11000


def test_alignment_of_position_independent_programs() -> None:
    phdrs = [phdr(64, PT_LOAD, RX, 0, 0, 0x1000, 0x1000, align=0x10000)]
    layout = plan(load(elf("aarch64", phdrs, e_type=3)))
    assert layout.load_bias == 0xFFFFF7FF0000
    layout = plan(load(elf("aarch64", phdrs, e_type=3)), load(program("aarch64", e_type=3, base=0)))
    assert layout.load_bias == 0xAAAAAAAA0000


def test_interpreter_at_its_own_address_when_that_is_free() -> None:
    main = load(program("i386", interp=b"/ld\0"))
    assert plan(main, interpreter(program("i386", e_type=3, base=0x400000), main)).interp_base == 0
    taken = plan(main, interpreter(program("i386", e_type=3, base=0x10000), main))
    assert taken.interp_base + 0x10000 == taken.mmap_base - 0x17000


def test_no_execute_only_where_asked_for() -> None:
    old = plan(load(program("arm", stack=None)))
    assert [m.prot for m in old.mappings] == [5, 7, 7]
    assert old.stack_executable
    assert [m.prot for m in plan(load(program("x86_64", stack=None))).mappings] == [5, 3, 3]


def test_mmap_base_follows_the_stack_limit() -> None:
    assert mmap_base("x86_64", 1 << 20) == mmap_base("x86_64", 8 << 20) == (0x7FFFF7FFF000, True)
    assert mmap_base("x86_64", GIB) == (0x7FFFFFFFF000 - GIB - (1 << 20), True)
    gap = 0x7FFFFFFFF000 // 6 * 5
    assert mmap_base("x86_64", None) == (-(-(0x7FFFFFFFF000 - gap) // 4096) * 4096, True)
    assert mmap_base("arm", None) == (0x40000000, False)
    assert mmap_base("aarch64", None) == (1 << 46, False)


def test_upwards_layout() -> None:
    layout = plan(load(program("arm", e_type=3, base=0)), stack_limit=None)
    assert layout.load_bias == 0x40000000
    assert layout.sigpage.start == 0x40000000 + 0x1000


def ranges(layout: Layout) -> list[tuple[int, int]]:
    return [(m.start, m.start + m.length) for m in layout.mappings]


def test_huge_bss_costs_nothing() -> None:
    layout = plan(load64(0x10000, 1 << 46))
    assert ranges(layout) == [(0x10000, 0x10000 + (1 << 46))]


@pytest.mark.parametrize(("image", "expected"), [
    (load64(0x10000, 1 << 47), errno.ENOMEM),
    (load64(0x10000, (1 << 64) - 1), errno.EINVAL),
    (load64(1 << 63, 0x1000), errno.EINVAL),
    (load64(0x10800, 0x1000, filesz=0x1000), errno.EINVAL),
    (load64(0x10000, 0x1000, filesz=0x2000), errno.EINVAL),
    (load64(0x7FFFFFFFF000, 0x1000, filesz=0x1000), errno.ENOMEM),
    (load64(0x10000, 0x1000, filesz=0x1000, offset=(1 << 63) - 0x1000), errno.EOVERFLOW),
    (load64(0x10000, 0x2000, filesz=0x800, offset=0x2000), errno.EFAULT),
    (load64(0, 0, e_type=3), errno.EINVAL),
    (load64(0, 1 << 47, e_type=3), errno.ENOMEM),
    (load64(0xC0000000, 0x1000, abi="arm"), errno.EINVAL),
    (load(elf("x86_64", [phdr(64, PT_LOAD, RX, 0, 0x10000, 0x1000, 0x1000)], entry=1 << 47)),
     errno.EINVAL),
])
def test_outside_the_address_space(image: ElfImage, expected: int) -> None:
    assert fails(image) == expected


def test_bad_interpreters() -> None:
    main = load(program("x86_64", interp=b"/ld\0"))
    assert fails(main, interpreter(program("x86_64", e_type=1), main)) == errno.EPERM
    empty = elf("x86_64", [phdr(64, 2)], e_type=3)
    assert fails(main, interpreter(empty, main)) == errno.EINVAL
