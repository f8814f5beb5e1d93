from __future__ import annotations

from struct import calcsize, unpack_from

import build_elf
import pytest
from build_elf import program

from loader import auxv as at
from loader.elf import parse
from loader.layout import SPACES, plan
from loader.stack import Stack, arguments_fit, build_stack

ABIS = ("x86_64", "i386", "arm", "aarch64")
RANDOM = bytes(range(0x40, 0x50))


def build(abi: str, argv: list[bytes], envp: list[bytes], execfn: bytes = b"/bin/prog",
          **options: int) -> Stack:
    data = program(abi)
    image = parse(build_elf.reader(data), len(data), "prog")
    return build_stack(image, plan(image), argv, envp, execfn, RANDOM, **options)  # type: ignore[arg-type]


class Reader:
    """Reads the stack as a program's start-up code does."""

    def __init__(self, abi: str, stack: Stack) -> None:
        self.stack = stack
        self.word = "<Q" if SPACES[abi].word == 8 else "<I"
        self.at = stack.sp

    def next(self) -> int:
        value: int = unpack_from(self.word, self.stack.data, self.at - self.stack.sp)[0]
        self.at += calcsize(self.word)
        return value

    def string(self, address: int) -> bytes:
        start = address - self.stack.sp
        assert start >= 0
        return self.stack.data[start:self.stack.data.index(0, start)]

    def strings(self) -> list[bytes]:
        found = []
        while (address := self.next()):
            found.append(self.string(address))
        return found

    def auxv(self) -> list[tuple[int, int]]:
        found = []
        while (key := self.next()):
            found.append((key, self.next()))
        assert self.next() == 0
        return found


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("count", range(6))
def test_what_a_program_finds(abi: str, count: int) -> None:
    argv = [b"prog", b"", b"two words", b"x" * 5000][:max(count, 1)]
    envp = [b"A=1", b"PATH=/bin", b"\xff=\xfe"][:count]
    stack = build(abi, argv, envp, uid=1, euid=2, gid=3, egid=4, secure=True, sysinfo=0x500)
    assert stack.sp % 16 == 0
    assert stack.sp + len(stack.data) == SPACES[abi].stack_top
    reader = Reader(abi, stack)
    assert reader.next() == len(argv)
    assert reader.strings() == argv
    assert reader.strings() == envp
    auxv = reader.auxv()
    assert auxv == stack.auxv
    value = dict(auxv)
    data = program(abi)
    layout = plan(parse(build_elf.reader(data), len(data), "prog"))
    assert [value[key] for key in (at.AT_UID, at.AT_EUID, at.AT_GID, at.AT_EGID)] == [1, 2, 3, 4]
    assert value[at.AT_SECURE] == 1
    assert reader.string(value[at.AT_EXECFN]) == b"/bin/prog"
    assert reader.string(value[at.AT_PLATFORM]) == at.CPUS[abi].platform
    offset = value[at.AT_RANDOM] - stack.sp
    assert stack.data[offset:offset + 16] == RANDOM
    # Nothing of the table reaches into the random bytes, nor those into the strings.
    assert reader.at <= value[at.AT_RANDOM] < value[at.AT_PLATFORM] < stack.arg_start
    assert value[at.AT_PHDR] == layout.phdr
    assert value[at.AT_PHNUM] == 4
    assert value[at.AT_ENTRY] == 0x10100
    assert value[at.AT_SYSINFO_EHDR] == layout.vdso.start
    assert value.get(at.AT_SYSINFO) == (layout.vdso.start + 0x500 if abi == "i386" else None)
    text = stack.data[stack.arg_start - stack.sp:]
    assert text[:stack.arg_end - stack.arg_start] == b"".join(s + b"\0" for s in argv)
    assert stack.env_start == stack.arg_end
    assert text[stack.env_start - stack.arg_start:stack.env_end - stack.arg_start] == b"".join(
        s + b"\0" for s in envp)
    assert stack.data.endswith(b"/bin/prog\0" + bytes(SPACES[abi].kernel_word))
    assert stack.base % 4096 == 0
    assert stack.base <= stack.sp


KERNEL_ORDER = [
    at.AT_SYSINFO, at.AT_SYSINFO_EHDR, at.AT_MINSIGSTKSZ, at.AT_HWCAP, at.AT_PAGESZ, at.AT_CLKTCK,
    at.AT_PHDR, at.AT_PHENT, at.AT_PHNUM, at.AT_BASE, at.AT_FLAGS, at.AT_ENTRY, at.AT_UID,
    at.AT_EUID, at.AT_GID, at.AT_EGID, at.AT_SECURE, at.AT_RANDOM, at.AT_HWCAP2, at.AT_EXECFN,
    at.AT_PLATFORM, at.AT_RSEQ_FEATURE_SIZE, at.AT_RSEQ_ALIGN]


@pytest.mark.parametrize("abi", ABIS)
def test_order_of_the_vector(abi: str) -> None:
    absent = {"x86_64": {at.AT_SYSINFO}, "i386": set[int](), "aarch64": {at.AT_SYSINFO},
              "arm": {at.AT_SYSINFO, at.AT_MINSIGSTKSZ}}[abi]
    assert [key for key, _ in build(abi, [b"a"], []).auxv] == [
        key for key in KERNEL_ORDER if key not in absent]
    keys = [key for key, _ in build(abi, [b"a"], [], vdso=False).auxv]
    assert at.AT_SYSINFO_EHDR not in keys
    assert at.AT_SYSINFO not in keys


# Stack pointer and addresses of a program started on Linux with these strings and
# randomization off; its vectors had as many entries as ours.
@pytest.mark.parametrize(("abi", "sp", "random", "platform", "execfn", "arg_start"), [
    ("x86_64", 0x7FFFFFFFEDC0, 0x7FFFFFFFEF69, 0x7FFFFFFFEF79, 0x7FFFFFFFEFC8, 140737488351119),
    ("i386", 0xFFFFDE90, 0xFFFFDF7B, 0xFFFFDF8B, 0xFFFFDFCA, 4294958993),
])
def test_addresses_of_a_real_kernel(abi: str, sp: int, random: int, platform: int, execfn: int,
                                    arg_start: int) -> None:
    path = b"/" + b"p" * {"x86_64": 46, "i386": 44}[abi]    # as long as the path was there
    stack = build(abi, [b"abc", b"x" * 33], [b"A=1", b"BB=hello world"], path)
    value = dict(stack.auxv)
    assert (stack.sp, value[at.AT_RANDOM], value[at.AT_PLATFORM], value[at.AT_EXECFN]) == (
        sp, random, platform, execfn)
    assert stack.arg_start == arg_start
    assert stack.base == SPACES[abi].stack_top - 0x21000


def test_empty_argv_becomes_an_empty_string() -> None:
    reader = Reader("x86_64", build("x86_64", [], []))
    assert reader.next() == 1
    assert reader.strings() == [b""]


def test_stack_limit_bounds_what_is_mapped() -> None:
    stack = build("x86_64", [b"a"], [], stack_limit=0x8000)
    assert stack.base == SPACES["x86_64"].stack_top - 0x8000


def test_limits_of_arguments() -> None:
    eight = 8 << 20
    assert arguments_fit("x86_64", [b"a"], [], b"a", eight)
    assert arguments_fit("x86_64", [b"a" * 131071], [], b"a", eight)
    assert not arguments_fit("x86_64", [b"a" * 131072], [], b"a", eight)
    # A quarter of the stack, pointers of the kernel's size included.
    limit = (eight // 4 - len(b"f\0")) // (100 + 8)
    assert arguments_fit("i386", [b"a" * 99] * limit, [], b"f", eight)
    assert not arguments_fit("i386", [b"a" * 99] * (limit + 1), [], b"f", eight)
    assert arguments_fit("arm", [b"a" * 99] * limit, [], b"f", eight)
    assert arguments_fit("x86_64", [], [b"a" * 60000], b"f", 4096)
    assert not arguments_fit("x86_64", [], [b"a" * 100000] * 63, b"f", None)
