"""The vDSOs, looked up as libcs do and run on the CPU model."""
from __future__ import annotations

from io import BytesIO
from struct import unpack_from
from typing import Any

import pytest
import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import arm64_const, arm_const, x86_const

from loader import vdso
from loader.layout import SPACES

ABIS = ("x86_64", "i386", "arm", "aarch64")
K = {name: vdso.PRIVATE + number for number, name in enumerate(vdso.PRIVATE_CALLS)}

EXPORTS: dict[str, dict[str, dict[str, int | None]]] = {
    "x86_64": {"LINUX_2.6": {"__vdso_clock_gettime": K["clock_gettime"],
                             "__vdso_gettimeofday": K["gettimeofday"],
                             "__vdso_time": K["time"],
                             "__vdso_clock_getres": K["clock_getres"],
                             "__vdso_getcpu": K["getcpu"],
                             "clock_gettime": K["clock_gettime"], "time": K["time"],
                             "gettimeofday": K["gettimeofday"], "getcpu": K["getcpu"],
                             "clock_getres": K["clock_getres"]}},
    "i386": {"LINUX_2.6": {"__vdso_clock_gettime": K["clock_gettime"],
                           "__vdso_clock_gettime64": K["clock_gettime64"],
                           "__vdso_gettimeofday": K["gettimeofday"],
                           "__vdso_time": K["time"],
                           "__vdso_clock_getres": K["clock_getres"],
                           "__vdso_getcpu": K["getcpu"],
                           "clock_gettime": K["clock_gettime"], "time": K["time"],
                           "clock_gettime64": K["clock_gettime64"],
                           "gettimeofday": K["gettimeofday"],
                           "clock_getres": K["clock_getres"]},
             "LINUX_2.5": {"__kernel_vsyscall": None, "__kernel_sigreturn": 119,
                           "__kernel_rt_sigreturn": 173}},
    "arm": {"LINUX_2.6": {"__vdso_clock_gettime": K["clock_gettime"],
                          "__vdso_gettimeofday": K["gettimeofday"],
                          "__vdso_clock_getres": K["clock_getres"],
                          "__vdso_clock_gettime64": K["clock_gettime64"]}},
    "aarch64": {"LINUX_2.6.39": {"__kernel_clock_gettime": K["clock_gettime"],
                                 "__kernel_gettimeofday": K["gettimeofday"],
                                 "__kernel_clock_getres": K["clock_getres"],
                                 "__kernel_rt_sigreturn": 139}},
}
SONAMES = {abi: "linux-gate.so.1" if abi == "i386" else "linux-vdso.so.1" for abi in ABIS}

CODE, STACK = 0x400000, 0x800000
RETURN = CODE + 0xF00


def elf_hash(name: str) -> int:
    value = 0
    for char in name.encode():
        value = (value << 4) + char
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high & 0xFFFFFFFF
    return value


def gnu_hash(name: str) -> int:
    value = 5381
    for char in name.encode():
        value = (value * 33 + char) & 0xFFFFFFFF
    return value


class Library:
    """Symbol look-up in an image by PT_DYNAMIC alone, as in ld.so, musl and Go."""

    def __init__(self, image: bytes) -> None:
        self.image = image
        self.elf = ELFFile(BytesIO(image))
        self.wide = self.elf.elfclass == 64
        dynamic: Any
        [dynamic] = [s for s in self.elf.iter_segments() if s["p_type"] == "PT_DYNAMIC"]
        self.tags = {tag.entry.d_tag: tag.entry.d_val for tag in dynamic.iter_tags()}

    def string(self, offset: int) -> str:
        start = self.tags["DT_STRTAB"] + offset
        return self.image[start:self.image.index(0, start)].decode()

    def symbol(self, index: int) -> tuple[str, int, int, int]:
        """name, value, section index, version index"""
        at = self.tags["DT_SYMTAB"] + index * self.tags["DT_SYMENT"]
        if self.wide:
            name, _, _, section, value = unpack_from("<IBBHQ", self.image, at)
        else:
            name, value, _, _, _, section = unpack_from("<IIIBBH", self.image, at)
        [version] = unpack_from("<H", self.image, self.tags["DT_VERSYM"] + 2 * index)
        return self.string(name), value, section, version & 0x7FFF

    def versions(self) -> dict[int, str]:
        found = {}
        at = self.tags["DT_VERDEF"]
        for _ in range(self.tags["DT_VERDEFNUM"]):
            _, flags, index, _, hashed, aux, following = unpack_from("<HHHHIII", self.image, at)
            [name] = unpack_from("<I", self.image, at + aux)
            assert hashed == elf_hash(self.string(name))
            if not flags & 1:       # the file's own name
                found[index] = self.string(name)
            at += following
        return found

    def lookup_sysv(self, name: str) -> int | None:
        at = self.tags["DT_HASH"]
        index: int
        buckets, _ = unpack_from("<II", self.image, at)
        [index] = unpack_from("<I", self.image, at + 8 + 4 * (elf_hash(name) % buckets))
        while index:
            if self.symbol(index)[0] == name:
                return index
            [index] = unpack_from("<I", self.image, at + 8 + 4 * (buckets + index))
        return None

    def lookup_gnu(self, name: str) -> int | None:
        at = self.tags["DT_GNU_HASH"]
        index: int
        buckets, first, bloom, shift = unpack_from("<IIII", self.image, at)
        word = 8 if self.wide else 4
        hashed = gnu_hash(name)
        filter_at = at + 16 + hashed // (8 * word) % bloom * word
        filtered = int.from_bytes(self.image[filter_at:filter_at + word], "little")
        if not (filtered >> hashed % (8 * word) & filtered >> (hashed >> shift) % (8 * word) & 1):
            return None
        chains = at + 16 + bloom * word + 4 * buckets
        [index] = unpack_from("<I", self.image, chains - 4 * buckets + 4 * (hashed % buckets))
        while index >= first:
            [link] = unpack_from("<I", self.image, chains + 4 * (index - first))
            if link | 1 == hashed | 1 and self.symbol(index)[0] == name:
                return index
            if link & 1:
                break
            index += 1
        return None


@pytest.mark.parametrize("abi", ABIS)
def test_container(abi: str) -> None:
    image = vdso.image(abi)
    library = Library(image)
    assert library.elf["e_type"] == "ET_DYN"
    assert library.elf.little_endian
    loads = [s for s in library.elf.iter_segments() if s["p_type"] == "PT_LOAD"]
    size = library.elf["e_shoff"]       # the section headers stand behind the segment
    assert [(s["p_offset"], s["p_vaddr"], s["p_filesz"], s["p_memsz"], s["p_flags"])
            for s in loads] == [(0, 0, size, size, 5)]
    assert len(image) <= SPACES[abi].vdso
    assert library.string(library.tags["DT_SONAME"]) == SONAMES[abi]
    # No relocations: nobody would apply them.
    assert not {tag for tag in library.tags if "REL" in str(tag)}


@pytest.mark.parametrize("abi", ABIS)
def test_lookup(abi: str) -> None:
    library = Library(vdso.image(abi))
    versions = library.versions()
    found: dict[str, set[str]] = {name: set() for name in versions.values()}
    count = unpack_from("<II", library.image, library.tags["DT_HASH"])[1]
    for index in range(1, count):
        name, value, section, version = library.symbol(index)
        if name in versions.values():
            continue                # an absolute symbol per version
        found[versions[version]].add(name)
        assert section != 0
        assert value == vdso.symbols(abi)[name]
        assert library.lookup_sysv(name) == library.lookup_gnu(name) == index
    assert found == {version: set(names) for version, names in EXPORTS[abi].items()}
    assert library.lookup_sysv("__vdso_nothing") is None
    assert library.lookup_gnu("__vdso_nothing") is None


ARGUMENTS = (0x11, 0x22, 0x33)
RESULT = 0x1234567
# Registers: result, number, arguments, those that a function must keep.
X86 = x86_const
REGISTERS = {
    "x86_64": (X86.UC_X86_REG_RAX, X86.UC_X86_REG_RAX,
               (X86.UC_X86_REG_RDI, X86.UC_X86_REG_RSI, X86.UC_X86_REG_RDX),
               (X86.UC_X86_REG_RBX, X86.UC_X86_REG_RBP, X86.UC_X86_REG_R12, X86.UC_X86_REG_RSP)),
    "i386": (X86.UC_X86_REG_EAX, X86.UC_X86_REG_EAX,
             (X86.UC_X86_REG_EBX, X86.UC_X86_REG_ECX, X86.UC_X86_REG_EDX),
             (X86.UC_X86_REG_EBX, X86.UC_X86_REG_EBP, X86.UC_X86_REG_ESI, X86.UC_X86_REG_EDI)),
    "arm": (arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R7,
            (arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1, arm_const.UC_ARM_REG_R2),
            (arm_const.UC_ARM_REG_R4, arm_const.UC_ARM_REG_R7, arm_const.UC_ARM_REG_SP)),
    "aarch64": (arm64_const.UC_ARM64_REG_X0, arm64_const.UC_ARM64_REG_X8,
                (arm64_const.UC_ARM64_REG_X0, arm64_const.UC_ARM64_REG_X1,
                 arm64_const.UC_ARM64_REG_X2),
                (arm64_const.UC_ARM64_REG_X19, arm64_const.UC_ARM64_REG_X29,
                 arm64_const.UC_ARM64_REG_SP)),
}


def new_cpu(architecture: int, mode: int) -> Any:
    return unicorn.Uc(architecture, mode)  # type: ignore[attr-defined, no-untyped-call, unused-ignore]


def machine(abi: str, image: bytes) -> Any:
    if abi in ("x86_64", "i386"):
        mode = unicorn.UC_MODE_64 if abi == "x86_64" else unicorn.UC_MODE_32
        uc = new_cpu(unicorn.UC_ARCH_X86, mode)
    elif abi == "arm":
        uc = new_cpu(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM)
        uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_MAX)
    else:
        uc = new_cpu(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
    uc.mem_map(CODE, 0x1000)
    uc.mem_map(STACK - 0x1000, 0x1000)
    uc.mem_write(CODE, image)
    return uc


def call(abi: str, function: str) -> list[tuple[int, ...]]:
    """Calls a function of the vDSO by the C convention; gives (number, arguments) of its
    system calls, having checked its result and that it keeps the registers it must."""
    uc = machine(abi, vdso.image(abi))
    result, number, arguments, kept = REGISTERS[abi]
    calls: list[tuple[int, ...]] = []

    def trap(uc: Any, *_: object) -> None:
        calls.append((uc.reg_read(number), *(uc.reg_read(register) for register in arguments)))
        uc.reg_write(result, RESULT)

    if abi == "x86_64":
        uc.hook_add(unicorn.UC_HOOK_INSN, trap, aux1=x86_const.UC_X86_INS_SYSCALL)
    else:
        uc.hook_add(unicorn.UC_HOOK_INTR, trap)
    for value, register in enumerate(kept):
        uc.reg_write(register, 0xA0 + value)
    top = STACK - 0x100
    if abi in ("x86_64", "i386"):
        word = 8 if abi == "x86_64" else 4
        frame = (RETURN, *ARGUMENTS)
        uc.mem_write(top, b"".join(value.to_bytes(word, "little") for value in frame))
        uc.reg_write(X86.UC_X86_REG_RSP if word == 8 else X86.UC_X86_REG_ESP, top)
    elif abi == "arm":
        uc.reg_write(arm_const.UC_ARM_REG_LR, RETURN)
        uc.reg_write(arm_const.UC_ARM_REG_SP, top)
    else:
        uc.reg_write(arm64_const.UC_ARM64_REG_LR, RETURN)
        uc.reg_write(arm64_const.UC_ARM64_REG_SP, top)
    if abi != "i386":
        for register, value in zip(arguments, ARGUMENTS, strict=True):
            uc.reg_write(register, value)
    before = [uc.reg_read(register) for register in kept]
    uc.emu_start(CODE + vdso.symbols(abi)[function], RETURN, count=100)
    after = [uc.reg_read(register) for register in kept]
    if abi == "x86_64":
        before[-1] += 8             # the return address
    assert after == before
    assert uc.reg_read(result) == RESULT
    return calls


@pytest.mark.parametrize(("abi", "function", "number"), [
    (abi, function, number) for abi, versions in EXPORTS.items()
    for names in versions.values() for function, number in names.items()
    if not function.endswith(("_vsyscall", "sigreturn"))])
def test_functions(abi: str, function: str, number: int) -> None:
    assert call(abi, function) == [(number, *ARGUMENTS)]


def test_sysenter() -> None:
    """__kernel_vsyscall enters with esp in ebp, and goes on at the landing pad."""
    uc = machine("i386", vdso.image("i386"))
    symbols = vdso.symbols("i386")
    seen = []

    def trap(uc: Any, _: object) -> None:
        ebp = uc.reg_read(X86.UC_X86_REG_EBP)
        seen.append((uc.reg_read(X86.UC_X86_REG_EAX), bytes(uc.mem_read(ebp, 4))))
        uc.reg_write(X86.UC_X86_REG_ECX, 0)
        uc.reg_write(X86.UC_X86_REG_EDX, 0)
        uc.reg_write(X86.UC_X86_REG_ESP, ebp)
        # Unicorn adds the length of the instruction to what the hook leaves in eip.
        uc.reg_write(X86.UC_X86_REG_EIP, CODE + symbols["int80_landing_pad"] - 2)

    uc.hook_add(unicorn.UC_HOOK_INSN, trap, aux1=x86_const.UC_X86_INS_SYSENTER)
    top = STACK - 0x100
    uc.mem_write(top, RETURN.to_bytes(4, "little"))
    registers = {X86.UC_X86_REG_ESP: top, X86.UC_X86_REG_EAX: 20, X86.UC_X86_REG_ECX: 2,
                 X86.UC_X86_REG_EDX: 3, X86.UC_X86_REG_EBP: 6}
    for register, value in registers.items():
        uc.reg_write(register, value)
    uc.emu_start(CODE + symbols["__kernel_vsyscall"], RETURN, count=100)
    assert seen == [(20, b"\6\0\0\0")]
    registers[X86.UC_X86_REG_ESP] += 4
    assert {register: uc.reg_read(register) for register in registers} == registers


@pytest.mark.parametrize(("abi", "function", "code"), [
    ("i386", "__kernel_sigreturn", "58b877000000cd80"),
    ("i386", "__kernel_rt_sigreturn", "b8ad000000cd80"),
    ("aarch64", "__kernel_rt_sigreturn", "681180d2010000d4"),
])
def test_signal_returns_are_those_that_unwinders_know(abi: str, function: str, code: str) -> None:
    at = vdso.symbols(abi)[function]
    assert vdso.image(abi)[at:].startswith(bytes.fromhex(code))


@pytest.mark.parametrize(("offset", "code"), [
    (vdso.SIGRETURN_ARM, "7770a0e3000000ef"), (vdso.SIGRETURN_THUMB, "772700df"),
    (vdso.RT_SIGRETURN_ARM, "ad70a0e3000000ef"), (vdso.RT_SIGRETURN_THUMB, "ad2700df")])
def test_sigpage(offset: int, code: str) -> None:
    page = vdso.sigpage()
    assert len(page) == 4096
    assert page[offset:].startswith(bytes.fromhex(code))
    assert page.startswith(vdso.POISON)
    assert page.endswith(vdso.POISON)


@pytest.mark.parametrize(("offset", "name"), [(0, "gettimeofday"), (0x400, "time"),
                                              (0x800, "getcpu")])
def test_vsyscall_page(offset: int, name: str) -> None:
    page = vdso.vsyscall_page()
    assert len(page) == 4096
    uc = machine("x86_64", page)
    numbers = []
    uc.hook_add(unicorn.UC_HOOK_INSN,
                lambda uc, _: numbers.append(uc.reg_read(X86.UC_X86_REG_RAX)),
                aux1=x86_const.UC_X86_INS_SYSCALL)
    uc.mem_write(STACK - 0x100, RETURN.to_bytes(8, "little"))
    uc.reg_write(X86.UC_X86_REG_RSP, STACK - 0x100)
    uc.emu_start(CODE + offset, RETURN, count=10)
    assert numbers == [K[name]]


class Kuser:
    """ARM's kuser page at its place, called as programs do."""

    def __init__(self) -> None:
        self.uc = machine("arm", b"")
        self.uc.mem_map(0xFFFF0000, 0x1000)
        self.uc.mem_write(0xFFFF0000, vdso.kuser_page())
        self.uc.reg_write(arm_const.UC_ARM_REG_CPSR, 0x10)
        self.uc.reg_write(arm_const.UC_ARM_REG_SP, STACK)

    def call(self, address: int, *arguments: int) -> tuple[int, int]:
        """r0 and the carry flag."""
        registers = (arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1, arm_const.UC_ARM_REG_R2)
        for register, value in zip(registers, arguments, strict=False):
            self.uc.reg_write(register, value)
        self.uc.reg_write(arm_const.UC_ARM_REG_LR, RETURN)
        self.uc.emu_start(address, RETURN, count=100)
        assert self.uc.reg_read(arm_const.UC_ARM_REG_SP) == STACK
        carry = self.uc.reg_read(arm_const.UC_ARM_REG_CPSR) >> 29 & 1
        return self.uc.reg_read(arm_const.UC_ARM_REG_R0), carry


def test_kuser_helpers() -> None:
    kuser = Kuser()
    assert vdso.kuser_page()[0xFFC:] == b"\5\0\0\0"
    word = STACK - 0x100
    old, new = word + 8, word + 16
    kuser.uc.mem_write(word, b"\7\0\0\0\1\0\0\0")
    kuser.uc.mem_write(old, b"\7\0\0\0\1\0\0\0")
    kuser.uc.mem_write(new, b"\n\0\0\0\v\0\0\0")

    assert kuser.call(0xFFFF0FC0, 6, 9, word)[1] == 0
    assert kuser.uc.mem_read(word, 4) == b"\7\0\0\0"
    assert kuser.call(0xFFFF0FC0, 7, 7, word) == (0, 1)
    assert kuser.call(0xFFFF0F60, old, new, word) == (0, 1)
    assert kuser.uc.mem_read(word, 8) == b"\n\0\0\0\v\0\0\0"
    assert kuser.call(0xFFFF0F60, old, new, word)[1] == 0
    kuser.call(0xFFFF0FA0)
    kuser.uc.reg_write(arm_const.UC_ARM_REG_C13_C0_3, 0x12345678)
    assert kuser.call(0xFFFF0FE0)[0] == 0x12345678


def test_committed_images_are_what_the_sources_give() -> None:
    ziglang = pytest.importorskip("ziglang")
    from importlib.metadata import version

    from loader.vdso import build
    assert ziglang
    if version("ziglang") != build.ZIG:
        pytest.skip(f"made with ziglang {build.ZIG}")
    for name, text in build.modules().items():
        assert (build.HERE / name).read_text() == text, name
