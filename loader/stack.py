"""The initial stack: strings, auxiliary vector, environment, arguments.

Laid out as Linux's create_elf_tables() and copy_strings() do (6.12, fs/binfmt_elf.c and
fs/exec.c), from the top down: one empty word of the kernel, the path executed, the
environment's strings, the arguments' strings; platform string, 16 random bytes; then,
16-byte aligned, argc, argv, NULL, envp, NULL, auxiliary vector.
"""
from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING, NamedTuple

from loader import auxv as at
from loader.elf import PAGE_SIZE
from loader.layout import SPACES, STACK_MAPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loader.elf import ElfImage
    from loader.layout import Layout

ARG_MAX = 131072                    # strings always allowed, also with a small stack
MAX_ARG_STRLEN = 32 * PAGE_SIZE     # of one string with its NUL
MAX_ARG_STRINGS = 0x7FFFFFFF
STACK_LIMIT_DEFAULT = 8 << 20       # _STK_LIM


class Stack(NamedTuple):
    """data lies at [sp, top of the stack); base is the lowest address mapped at first.

    The other addresses are those of /proc/PID/stat; execfn is the address of the path
    executed; auxv is without AT_NULL.
    """

    data: bytes
    sp: int
    base: int
    arg_start: int
    arg_end: int
    env_start: int
    env_end: int
    execfn: int
    auxv: list[tuple[int, int]]


def arguments_fit(abi: str, argv: Sequence[bytes], envp: Sequence[bytes], execfn: bytes,
                  stack_limit: int | None) -> bool:
    """Whether execve takes these strings (without NULs); otherwise it fails with E2BIG.

    stack_limit is RLIMIT_STACK's current value in bytes, None for RLIM_INFINITY.
    """
    limit = STACK_LIMIT_DEFAULT // 4 * 3
    if stack_limit is not None:
        limit = min(limit, stack_limit // 4)
    limit = max(limit, ARG_MAX)
    limit -= SPACES[abi].kernel_word * (max(len(argv), 1) + len(envp))
    strings = [execfn, *envp, *argv]
    return all(len(text) < MAX_ARG_STRLEN for text in strings) \
        and limit > 0 and sum(map(len, strings)) + len(strings) <= limit


def build_stack(image: ElfImage, layout: Layout, argv: Sequence[bytes], envp: Sequence[bytes],
                execfn: bytes, random16: bytes, *, uid: int = 0, euid: int = 0, gid: int = 0,
                egid: int = 0, secure: bool = False, vdso: bool = True, sysinfo: int = 0,
                stack_limit: int | None = STACK_LIMIT_DEFAULT) -> Stack:
    """The stack of a new program.

    Strings are bytes without NUL; an empty argv becomes one empty string, as since Linux
    5.18.  random16: the 16 bytes of AT_RANDOM.  secure: AT_SECURE.  vdso: whether
    layout.vdso is mapped; sysinfo: offset of __kernel_vsyscall in it (i386).  stack_limit:
    RLIMIT_STACK's current value in bytes, None for RLIM_INFINITY.
    """
    space = SPACES[image.abi]
    cpu = at.CPUS[image.abi]
    argv = argv or [b""]
    top = layout.stack_top

    strings = b"".join([text + b"\0" for text in (*argv, *envp, execfn)])
    tail = strings + bytes(space.kernel_word)
    arg_start = top - len(tail)
    arg_end = arg_start + sum(map(len, argv)) + len(argv)
    env_end = arg_end + sum(map(len, envp)) + len(envp)

    pos = arg_start if image.abi == "arm" else arg_start & -16     # arch_align_stack()
    platform = cpu.platform + b"\0"
    platform_at = pos - len(platform)
    random_at = platform_at - 16
    middle = random16[:16].ljust(16, b"\0") + platform + bytes(arg_start - pos)

    auxv: list[tuple[int, int]] = []
    if vdso:
        if image.abi == "i386":
            auxv.append((at.AT_SYSINFO, layout.vdso.start + sysinfo))
        auxv.append((at.AT_SYSINFO_EHDR, layout.vdso.start))
    if cpu.minsigstksz is not None:
        auxv.append((at.AT_MINSIGSTKSZ, cpu.minsigstksz))
    auxv += [
        (at.AT_HWCAP, cpu.hwcap),
        (at.AT_PAGESZ, PAGE_SIZE),
        (at.AT_CLKTCK, at.CLOCKS_PER_SECOND),
        (at.AT_PHDR, layout.phdr),
        (at.AT_PHENT, image.phentsize),
        (at.AT_PHNUM, image.phnum),
        (at.AT_BASE, layout.interp_base),
        (at.AT_FLAGS, 0),
        (at.AT_ENTRY, layout.entry),
        (at.AT_UID, uid),
        (at.AT_EUID, euid),
        (at.AT_GID, gid),
        (at.AT_EGID, egid),
        (at.AT_SECURE, int(secure)),
        (at.AT_RANDOM, random_at),
        (at.AT_HWCAP2, cpu.hwcap2),
        (at.AT_EXECFN, env_end),
        (at.AT_PLATFORM, platform_at),
        (at.AT_RSEQ_FEATURE_SIZE, at.RSEQ_FEATURE_SIZE),
        (at.AT_RSEQ_ALIGN, at.RSEQ_ALIGN),
    ]

    words = [len(argv), *_addresses(arg_start, argv), 0, *_addresses(arg_end, envp), 0]
    for pair in auxv:
        words += pair
    words += (at.AT_NULL, 0)
    mask = (1 << 8 * space.word) - 1
    code = "Q" if space.word == 8 else "I"
    table = pack(f"<{len(words)}{code}", *[word & mask for word in words])
    # sp is rounded down, the padding lies between the vector and the random bytes.
    sp = (random_at - len(table)) & -16
    padding = bytes(random_at - sp - len(table))
    mapped = -(-len(tail) // PAGE_SIZE) * PAGE_SIZE + STACK_MAPPED
    if stack_limit is not None:
        mapped = min(mapped, stack_limit & -PAGE_SIZE)
    base = min(top - mapped, sp & -PAGE_SIZE)
    return Stack(table + padding + middle + tail, sp, base, arg_start, arg_end, arg_end, env_end,
                 env_end, auxv)


def _addresses(start: int, strings: Sequence[bytes]) -> list[int]:
    found = []
    for text in strings:
        found.append(start)
        start += len(text) + 1
    return found
